"""Fast functions that draw validators in proportion to effective balance.

The random value of a draw does not depend on its candidate, and most values are too high for every
candidate there is. Only the draws that somebody could win are shuffled, some at a time, for the
proposers of all slots of an epoch together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import islice
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from poolspec.runtime.fast.accessors import index_list
from poolspec.runtime.fast.columns import UINT64_MAX, Column, Mask
from poolspec.runtime.fast.contract import Function
from poolspec.runtime.fast.shuffling import permutation, shuffled_places
from poolspec.runtime.fast.state import columns_of

__all__ = [
    "make_compute_proposer_index",
    "make_compute_proposer_indices",
    "make_get_next_sync_committee_indices",
]

DRAWS_PER_DIGEST = 16
# Draws made at a time: multiples of DRAWS_PER_DIGEST.
FIRST_BATCH, LARGEST_BATCH = 2**7, 2**14
# Places shuffled at a time for each seed.
FIRST_WIDTH, LARGEST_WIDTH = 2, 2**8
MAX_RANDOM_VALUE = 2**16 - 1


def _drawn(seed: bytes, first: int, count: int) -> npt.NDArray[np.uint64]:
    """Return the random values of draws; ``first`` and ``count`` are multiples of 16."""
    digests = range(first // DRAWS_PER_DIGEST, (first + count) // DRAWS_PER_DIGEST)
    data = b"".join([sha256(seed + each.to_bytes(8, "little")).digest() for each in digests])
    return np.frombuffer(data, "<u2").astype(np.uint64)


class Sampler:
    """Draws from the candidates at some indices of the registry."""

    def __init__(self, spec: ModuleType, effective_balance: Column, indices: Sequence[int]) -> None:
        # In a fork with pools, weight zero is never drawn, unless there is no weight at all.
        self._skips_weightless = hasattr(spec, "POOLED_WITHDRAWAL_PREFIX")
        self.indices = np.asarray(indices, dtype=np.int64)
        self.count = int(self.indices.size)
        self._rounds = int(spec.SHUFFLE_ROUND_COUNT)
        self._balances = effective_balance
        self._scale = np.uint64(int(spec.MAX_EFFECTIVE_BALANCE_ELECTRA))

    def has_room(self) -> bool:
        """Whether no product of a draw can leave 64 bits."""
        most = int(self._balances.max()) if self._balances.size else 0
        return max(most, int(self._scale)) * MAX_RANDOM_VALUE <= UINT64_MAX

    def taken(self, candidates: npt.NDArray[np.int64], drawn: Column) -> Mask:
        """Return which candidates their draws take."""
        balances = self._balances[candidates]
        mask: Mask = balances * np.uint64(MAX_RANDOM_VALUE) >= self._scale * drawn
        return mask & (balances > 0) if self._skips_weightless else mask

    def _is_weightless(self) -> bool:
        return self._skips_weightless and not self._balances[self.indices].any()

    def one_each(self, seeds: Sequence[bytes]) -> list[int]:
        """Return the first candidate that each seed takes."""
        if self._is_weightless():
            return [self._first(seed) for seed in seeds]
        draws = [self._possible_draws(seed) for seed in seeds]
        found: dict[int, int] = {}
        width = FIRST_WIDTH
        while len(found) < len(seeds):
            rows = [row for row in range(len(seeds)) if row not in found]
            batch = [(row, *draw) for row in rows for draw in islice(draws[row], width)]
            row_of, number, drawn = (np.array(each, np.int64) for each in zip(*batch, strict=True))
            places = shuffled_places(number % self.count, row_of, self.count, seeds, self._rounds)
            candidates = self.indices[places]
            for won in np.flatnonzero(self.taken(candidates, drawn.astype(np.uint64))).tolist():
                found.setdefault(int(row_of[won]), int(candidates[won]))
            width = min(2 * width, LARGEST_WIDTH)
        return [found[row] for row in range(len(seeds))]

    def _first(self, seed: bytes) -> int:
        """Return the candidate of a seed's first draw."""
        row = np.zeros(1, np.int64)
        place = shuffled_places(row, row, self.count, [seed], self._rounds)
        return int(self.indices[place[0]])

    def _possible_draws(self, seed: bytes) -> Iterator[tuple[int, int]]:
        """Yield (number, random value) of the draws that the largest balance would win."""
        most = int(self._balances[self.indices].max())
        highest = most * MAX_RANDOM_VALUE // int(self._scale)
        first, batch = 0, FIRST_BATCH
        while True:
            values = _drawn(seed, first, batch)
            for position in np.flatnonzero(values <= highest).tolist():
                yield first + position, int(values[position])
            first, batch = first + batch, min(2 * batch, LARGEST_BATCH)

    def many(self, seed: bytes, wanted: int) -> list[int]:
        """Return the first ``wanted`` candidates that one seed takes, with repetition."""
        order = self.indices[permutation(self.count, seed, self._rounds)]
        if self._is_weightless():
            return [int(order[draw % self.count]) for draw in range(wanted)]
        members: list[int] = []
        first, batch = 0, FIRST_BATCH
        while len(members) < wanted:
            candidates = order[np.arange(first, first + batch, dtype=np.int64) % self.count]
            members += candidates[self.taken(candidates, _drawn(seed, first, batch))].tolist()
            first, batch = first + batch, min(2 * batch, LARGEST_BATCH)
        return members[:wanted]


def make_compute_proposer_index(spec: ModuleType, plain: Function) -> Function:
    columns = columns_of(spec)

    def compute_proposer_index(state: Any, indices: Sequence[int], seed: bytes) -> Any:
        balances = columns.registry(state).effective_balance
        sampler = _sampler_for(spec, balances, indices)
        if sampler is None:
            return plain(state, indices, seed)
        return spec.ValidatorIndex(sampler.one_each([bytes(seed)])[0])

    return compute_proposer_index


def _sampler_for(spec: ModuleType, balances: Column, indices: Sequence[int]) -> Sampler | None:
    """Return a sampler; ``None`` where the plain function must decide what is wrong."""
    if len(indices) == 0 or not 0 <= min(indices) <= max(indices) < balances.size:
        return None
    sampler = Sampler(spec, balances, indices)
    return sampler if sampler.has_room() else None


def make_compute_proposer_indices(spec: ModuleType, plain: Function) -> Function:
    columns = columns_of(spec)

    def compute_proposer_indices(
        state: Any, epoch: int, seed: bytes, indices: Sequence[int]
    ) -> list[Any]:
        sampler = _sampler_for(spec, columns.registry(state).effective_balance, indices)
        if sampler is None:
            return list(plain(state, epoch, seed, indices))
        first = int(spec.compute_start_slot_at_epoch(epoch))
        slots = [spec.Slot(slot) for slot in range(first, first + int(spec.SLOTS_PER_EPOCH))]
        seeds = [sha256(seed + spec.uint_to_bytes(slot)).digest() for slot in slots]
        return [spec.ValidatorIndex(index) for index in sampler.one_each(seeds)]

    return compute_proposer_indices


def make_get_next_sync_committee_indices(spec: ModuleType, plain: Function) -> Function:
    columns = columns_of(spec)

    def get_next_sync_committee_indices(state: Any) -> list[Any]:
        epoch = spec.Epoch(spec.get_current_epoch(state) + 1)
        registry = columns.registry(state)
        active = registry.active_indices(int(epoch))
        sampler = Sampler(spec, registry.effective_balance, active.tolist())
        if sampler.count == 0 or not sampler.has_room():
            return list(plain(state))
        seed = bytes(spec.get_seed(state, epoch, spec.DOMAIN_SYNC_COMMITTEE))
        members = sampler.many(seed, int(spec.SYNC_COMMITTEE_SIZE))
        return index_list(spec, np.array(members), registry.count)

    return get_next_sync_committee_indices
