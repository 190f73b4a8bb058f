"""Columns by the fields of a state, for all fast functions of a fork."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from poolspec.runtime.fast.columns import Column, Flags, Mask, PackedColumns
from poolspec.runtime.fast.registry import Registries, Registry
from poolspec.runtime.fast.tree import field_getter

__all__ = ["StateColumns", "columns_of"]

PACKED = (
    "balances",
    "slashings",
    "previous_epoch_participation",
    "current_epoch_participation",
    "inactivity_scores",
)
PACKED_WITH_POOLS = ("validator_pools",)


class StateColumns:
    """Reads and writes the columns of states of one type."""

    def __init__(self, state_type: Any) -> None:
        self._fields = state_type.fields()
        packed = [name for name in (*PACKED, *PACKED_WITH_POOLS) if name in self._fields]
        self._node_of = {name: field_getter(state_type, name) for name in ("validators", *packed)}
        self._registries = Registries(self._fields["validators"])
        self._packed = {name: PackedColumns(self._fields[name]) for name in packed}
        # One epoch's current participation is the next one's previous: they share a cache.
        current = self._packed["current_epoch_participation"]
        self._packed["previous_epoch_participation"] = current

    def registry(self, state: Any) -> Registry:
        """Return the columns of the validators."""
        return self._registries.of(self._node_of["validators"](state))

    def read(self, state: Any, field: str) -> Column:
        """Return the column of a list of 64-bit integers."""
        column: Column = self._packed[field].read(self._node_of[field](state))
        return column

    def flags(self, state: Any, field: str) -> Flags:
        """Return the column of a list of participation flags."""
        column: Flags = self._packed[field].read(self._node_of[field](state))
        return column

    def write(self, state: Any, field: str, column: Column | Flags) -> None:
        """Put a column of the same length back into the state."""
        node = self._node_of[field](state)
        replacement = self._packed[field].write(node, column)
        if replacement is not node:
            setattr(state, field, self._fields[field].view_from_backing(replacement))

    def participating(self, state: Any, flag_index: int, field: str, epoch: int) -> Mask | None:
        """Return who was active in ``epoch`` with a flag in ``field``, and is not slashed.

        ``None`` if there is no such flag, or the list is not as long as the registry.
        """
        registry = self.registry(state)
        flags = self.flags(state, field)
        if flags.size != registry.count or not 0 <= flag_index < 8:
            return None
        has_flag: Mask = flags & np.uint8(1 << flag_index) != 0
        present: Mask = has_flag & ~registry.slashed & registry.active(epoch)
        return present


_columns: dict[Any, StateColumns] = {}


def columns_of(spec: ModuleType) -> StateColumns:
    """Return the columns of a module's states; copies of a module share its types and these."""
    state_type = spec.BeaconState
    if state_type not in _columns:
        _columns[state_type] = StateColumns(state_type)
    return _columns[state_type]
