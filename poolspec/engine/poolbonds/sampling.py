"""Drawing duties where some validators have no weight."""

import numpy as np

from poolspec.engine.fulu.sampling import Sampling
from poolspec.engine.numbers import Indices
from poolspec.engine.shuffling import shuffled_places
from poolspec.engine.state import State

__all__ = ["WeightedSampling"]


class WeightedSampling(Sampling):
    """Nobody without weight is drawn, unless nobody has any: then the first candidate is taken."""

    def draw_limit(self, effective_balance: int) -> int:
        """Return the largest number drawn with which an effective balance (Gwei) is taken."""
        return super().draw_limit(effective_balance) if effective_balance > 0 else -1

    def _is_weightless(self, state: State, active: Indices) -> bool:
        weighs = state.registry.effective_balance > 0
        return not (weighs.any() and weighs[active].any())

    def draw_one_each(self, state: State, active: Indices, seeds: list[bytes]) -> list[int]:
        """Return the first candidate that is taken for each seed."""
        if not self._is_weightless(state, active):
            return super().draw_one_each(state, active, seeds)
        places = np.zeros((len(seeds), 1), np.int64)
        moved = shuffled_places(places, len(active), seeds, self.p.SHUFFLE_ROUND_COUNT)
        return [int(index) for index in active[moved[:, 0]]]

    def draw_many(self, state: State, active: Indices, seed: bytes) -> list[int]:
        """Return the candidates that are taken for one seed."""
        if not self._is_weightless(state, active):
            return super().draw_many(state, active, seed)
        places = np.arange(self.p.SYNC_COMMITTEE_SIZE)[None] % len(active)
        moved = shuffled_places(places, len(active), [seed], self.p.SHUFFLE_ROUND_COUNT)
        return [int(index) for index in active[moved[0]]]
