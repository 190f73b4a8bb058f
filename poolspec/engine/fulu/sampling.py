"""Drawing proposers and sync committees in proportion to effective balance.

Candidates come in shuffled order, which is dear to reckon, and each is weighed against a random
number, which is cheap. So the numbers are looked at first: a draw that not even the largest
effective balance would win is passed over without asking whose it is.
"""

from collections.abc import Iterator
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from poolspec.engine.errors import check
from poolspec.engine.fulu.accessors import Accessors
from poolspec.engine.numbers import Indices, checked, largest, total
from poolspec.engine.shuffling import shuffle, shuffled_places
from poolspec.engine.state import State, SyncCommittee

__all__ = ["Sampling"]

_DRAWS_PER_DIGEST = 16
_DRAWN_MAX = 2**16 - 1
_FEW = 2**14
_BATCHES = 3
_LARGEST_BATCH = 64


class _Draws:
    """The draws of one seed that can be won with some effective balance at most, in order."""

    def __init__(self, seed: bytes, limit: int) -> None:
        self._seed = seed
        self._limit = limit
        self._stream = self._generate()

    def _generate(self) -> Iterator[tuple[int, int]]:
        """Yield (number of the draw, number drawn)."""
        block = 0
        while True:
            digest = sha256(self._seed + block.to_bytes(8, "little")).digest()
            for position in range(_DRAWS_PER_DIGEST):
                drawn = int.from_bytes(digest[2 * position : 2 * position + 2], "little")
                if drawn <= self._limit:
                    yield block * _DRAWS_PER_DIGEST + position, drawn
            block += 1

    def take(self, count: int) -> NDArray[np.int64]:
        """Return the next draws and their numbers as rows (2, count)."""
        return np.array([next(self._stream) for _ in range(count)], np.int64).T


class Sampling(Accessors):
    """Proposers and sync committees."""

    def draw_limit(self, effective_balance: int) -> int:
        """Return the largest number drawn with which an effective balance (Gwei) is taken.

        Below 0: it is never taken.
        """
        scaled = checked(effective_balance * _DRAWN_MAX)
        return min(scaled // int(self.p.MAX_EFFECTIVE_BALANCE_ELECTRA), _DRAWN_MAX)

    def draw_limits(self, effective_balances: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return `draw_limit` of each of some effective balances."""
        values, places = np.unique(effective_balances, return_inverse=True)
        limits = [self.draw_limit(int(value)) for value in values]
        return np.array(limits, np.int64)[places.reshape(effective_balances.shape)]

    def _batch_size(self, balances: NDArray[np.uint64], top: int) -> int:
        """Return how many draws to judge together: a part of what one success may take."""
        expected = top * len(balances) // max(total(balances), 1)
        return min(max(expected // _BATCHES, 1), _LARGEST_BATCH)

    def proposers(self, state: State, epoch: int) -> list[int]:
        """Draw the proposers of an epoch's slots, each slot with a seed of its own."""
        active = self.active_indices(state, epoch)
        check(len(active) > 0, "no validator is active")
        epoch_seed = self.seed(state, epoch, self.p.DOMAIN_BEACON_PROPOSER)
        first = self.start_slot(epoch)
        seeds = [
            sha256(epoch_seed + slot.to_bytes(8, "little")).digest()
            for slot in range(first, first + int(self.p.SLOTS_PER_EPOCH))
        ]
        return self.draw_one_each(state, active, seeds)

    def draw_one_each(self, state: State, active: Indices, seeds: list[bytes]) -> list[int]:
        """Return the first candidate that is taken for each seed."""
        balances = state.registry.effective_balance[active]
        top = largest(balances)
        batch = self._batch_size(balances, top)
        draws = [_Draws(seed, self.draw_limit(top)) for seed in seeds]
        winners = [-1] * len(seeds)
        open_rows = list(range(len(seeds)))
        while open_rows:
            taken = np.stack([draws[row].take(batch) for row in open_rows])
            places = shuffled_places(
                taken[:, 0] % len(active),
                len(active),
                [seeds[row] for row in open_rows],
                self.p.SHUFFLE_ROUND_COUNT,
            )
            wins = taken[:, 1] <= self.draw_limits(balances[places])
            for row, won, candidates in zip(open_rows, wins, places, strict=True):
                if won.any():
                    winners[row] = int(active[candidates[int(won.argmax())]])
            open_rows = [row for row in open_rows if winners[row] < 0]
        return winners

    def sync_committee_members(self, state: State) -> list[int]:
        """Draw the members of the sync committee after the next, seat by seat."""
        epoch = self.current_epoch(state) + 1
        active = self.active_indices(state, epoch)
        check(len(active) > 0, "no validator is active")
        return self.draw_many(state, active, self.seed(state, epoch, self.p.DOMAIN_SYNC_COMMITTEE))

    def draw_many(self, state: State, active: Indices, seed: bytes) -> list[int]:
        """Return the candidates that are taken for one seed, as many as the committee has seats."""
        wanted = int(self.p.SYNC_COMMITTEE_SIZE)
        balances = state.registry.effective_balance[active]
        top = largest(balances)
        batch = wanted * max(top * len(balances) // max(total(balances), 1), 1)
        # The whole list where the draws would ask for most of its digests anyway
        in_order = None
        if len(active) < _FEW or batch * 256 > len(active):
            in_order = shuffle(np.arange(len(active)), seed, self.p.SHUFFLE_ROUND_COUNT)
        draws = _Draws(seed, self.draw_limit(top))
        members: list[int] = []
        while len(members) < wanted:
            numbers, drawn = draws.take(batch)
            places = numbers % len(active)
            if in_order is not None:
                places = in_order[places].astype(np.int64)
            else:
                rounds = self.p.SHUFFLE_ROUND_COUNT
                places = shuffled_places(places[None], len(active), [seed], rounds)[0]
            won = places[drawn <= self.draw_limits(balances[places])]
            members += active[won].tolist()
        return members[:wanted]

    def next_sync_committee(self, state: State) -> SyncCommittee:
        """Draw the sync committee that follows, with its keys and their sum."""
        pubkeys = state.registry.pubkeys[self.sync_committee_members(state)]
        return SyncCommittee(pubkeys, self.aggregate_pubkeys([row.tobytes() for row in pubkeys]))

    def aggregate_pubkeys(self, pubkeys: list[bytes]) -> bytes:
        """Return the sum of keys, each of which must be a valid one."""
        check(all(self.bls.KeyValidate(key) for key in pubkeys), "a public key is not valid")
        return bytes(self.bls.AggregatePKs(pubkeys))
