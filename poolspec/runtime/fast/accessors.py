"""Fast functions that read the registry: active sets, balances, keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from poolspec.runtime.fast.columns import UINT64_MAX, exact_sum
from poolspec.runtime.fast.contract import Function
from poolspec.runtime.fast.state import columns_of

__all__ = [
    "index_list",
    "make_get_active_validator_indices",
    "make_get_committee_count_per_slot",
    "make_get_current_sync_committee_indices",
    "make_get_eligible_validator_indices",
    "make_get_total_active_balance",
    "make_get_total_balance",
    "make_get_unslashed_participating_indices",
    "make_get_validator_index_by_pubkey",
]


class IndexTable:
    """One object for each validator index, so that lists of them are only references."""

    def __init__(self, index_type: Any) -> None:
        self._type = index_type
        self._objects: list[Any] = []

    def objects(self, indices: Iterable[int], count: int) -> list[Any]:
        """Return validator indices below ``count`` as the documents' type."""
        table = self._objects
        if len(table) < count:
            table.extend(self._type(index) for index in range(len(table), count))
        return [table[index] for index in indices]


_tables: dict[Any, IndexTable] = {}


def index_list(spec: ModuleType, indices: Any, count: int) -> list[Any]:
    """Return an array of indices, all below ``count``, as a list of ``ValidatorIndex``."""
    index_type = spec.ValidatorIndex
    if index_type not in _tables:
        _tables[index_type] = IndexTable(index_type)
    return _tables[index_type].objects(indices.tolist(), count)


def make_get_active_validator_indices(spec: ModuleType, plain: Function) -> Function:
    columns = columns_of(spec)

    def get_active_validator_indices(state: Any, epoch: int) -> Sequence[Any]:
        registry = columns.registry(state)
        return index_list(spec, registry.active_indices(int(epoch)), registry.count)

    return get_active_validator_indices


def make_get_committee_count_per_slot(spec: ModuleType, plain: Function) -> Function:
    columns = columns_of(spec)

    def get_committee_count_per_slot(state: Any, epoch: int) -> Any:
        active = columns.registry(state).active_indices(int(epoch)).size
        wanted = active // spec.SLOTS_PER_EPOCH // spec.TARGET_COMMITTEE_SIZE
        return spec.Uint64(max(1, min(spec.MAX_COMMITTEES_PER_SLOT, wanted)))

    return get_committee_count_per_slot


def make_get_total_balance(spec: ModuleType, plain: Function) -> Function:
    columns = columns_of(spec)

    def get_total_balance(state: Any, indices: Iterable[int]) -> Any:
        listed = list(indices)
        balances = columns.registry(state).effective_balance
        if listed and not 0 <= min(listed) <= max(listed) < balances.size:
            return plain(state, listed)
        total = exact_sum(balances[np.array(listed, np.intp)])
        return plain(state, listed) if total > UINT64_MAX else _floored(spec, total)

    return get_total_balance


def _floored(spec: ModuleType, total: int) -> Any:
    return spec.Gwei(max(total, int(spec.EFFECTIVE_BALANCE_INCREMENT)))


def make_get_total_active_balance(spec: ModuleType, plain: Function) -> Function:
    columns = columns_of(spec)

    def get_total_active_balance(state: Any) -> Any:
        total = columns.registry(state).active_balance(int(spec.get_current_epoch(state)))
        return plain(state) if total > UINT64_MAX else _floored(spec, total)

    return get_total_active_balance


def make_get_unslashed_participating_indices(spec: ModuleType, plain: Function) -> Function:
    columns = columns_of(spec)

    def get_unslashed_participating_indices(state: Any, flag_index: int, epoch: int) -> set[Any]:
        if epoch == spec.get_current_epoch(state):
            field = "current_epoch_participation"
        elif epoch == spec.get_previous_epoch(state):
            field = "previous_epoch_participation"
        else:
            return set(plain(state, flag_index, epoch))
        mask = columns.participating(state, int(flag_index), field, int(epoch))
        if mask is None:
            return set(plain(state, flag_index, epoch))
        return set(index_list(spec, np.flatnonzero(mask), mask.size))

    return get_unslashed_participating_indices


def make_get_eligible_validator_indices(spec: ModuleType, plain: Function) -> Function:
    columns = columns_of(spec)

    def get_eligible_validator_indices(state: Any) -> Sequence[Any]:
        registry = columns.registry(state)
        mask = registry.eligible(int(spec.get_previous_epoch(state)))
        return index_list(spec, np.flatnonzero(mask), registry.count)

    return get_eligible_validator_indices


def make_get_validator_index_by_pubkey(spec: ModuleType, plain: Function) -> Function:
    columns = columns_of(spec)

    def get_validator_index_by_pubkey(state: Any, pubkey: bytes) -> Any:
        position = columns.registry(state).keys.positions.get(bytes(pubkey))
        return None if position is None else spec.ValidatorIndex(position)

    return get_validator_index_by_pubkey


def make_get_current_sync_committee_indices(spec: ModuleType, plain: Function) -> Function:
    columns = columns_of(spec)

    def get_current_sync_committee_indices(state: Any) -> Sequence[Any]:
        keys = columns.registry(state).keys
        if not keys.are_distinct:
            return list(plain(state))
        positions = keys.positions
        members = [positions[bytes(pubkey)] for pubkey in state.current_sync_committee.pubkeys]
        return index_list(spec, np.array(members), len(keys.pubkeys))

    return get_current_sync_committee_indices
