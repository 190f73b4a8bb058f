"""The validator registry as columns, and what follows from it: active sets, keys, indices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from remerkleable.tree import Node

from poolspec.runtime.codec import list_length
from poolspec.runtime.fast.columns import Column, Flags, Mask, NodeCache, exact_sum
from poolspec.runtime.fast.tree import changed_leaves, leaf_getter
from poolspec.runtime.nodes import leaves

__all__ = ["Registries", "Registry"]

NUMBERS = (
    "effective_balance",
    "slashed",
    "activation_eligibility_epoch",
    "activation_epoch",
    "exit_epoch",
    "withdrawable_epoch",
)


class Registry:
    """Columns of one registry: one entry per validator, in index order."""

    effective_balance: Column
    slashed: Mask
    activation_eligibility_epoch: Column
    activation_epoch: Column
    exit_epoch: Column
    withdrawable_epoch: Column
    credentials_prefix: Flags

    def __init__(self, columns: dict[str, npt.NDArray[Any]], pubkeys: Keys) -> None:
        for column in columns.values():
            column.flags.writeable = False
        self.columns = columns
        self.keys = pubkeys
        self.__dict__.update(columns)
        self.slashed = columns["slashed"] != 0
        self.count = int(self.effective_balance.size)
        self._active: dict[int, tuple[Mask, npt.NDArray[np.int64]]] = {}
        self._active_balance: dict[int, int] = {}

    def active(self, epoch: int) -> Mask:
        """Return who has duties in an epoch."""
        return self._active_in(epoch)[0]

    def active_indices(self, epoch: int) -> npt.NDArray[np.int64]:
        """Return the indices of those who have duties in an epoch."""
        return self._active_in(epoch)[1]

    def _active_in(self, epoch: int) -> tuple[Mask, npt.NDArray[np.int64]]:
        found = self._active.get(epoch)
        if found is None:
            mask = (self.activation_epoch <= epoch) & (self.exit_epoch > epoch)
            found = self._active[epoch] = mask, np.flatnonzero(mask)
        return found

    def eligible(self, previous_epoch: int) -> Mask:
        """Return whose votes of the previous epoch are settled: the active, and the slashed."""
        still_slashed = self.slashed & (self.withdrawable_epoch > previous_epoch + 1)
        return self.active(previous_epoch) | still_slashed

    def active_balance(self, epoch: int) -> int:
        """Return the effective balance (Gwei) that is active in an epoch, without a floor."""
        balance = self._active_balance.get(epoch)
        if balance is None:
            balance = exact_sum(self.effective_balance[self.active(epoch)])
            self._active_balance[epoch] = balance
        return balance


class Keys:
    """The public keys of a registry; the same object for registries with the same keys."""

    def __init__(self, pubkeys: Sequence[bytes]) -> None:
        self.pubkeys = list(pubkeys)
        self._positions: dict[bytes, int] | None = None

    @property
    def positions(self) -> dict[bytes, int]:
        """Where each key stands; of several places, the first."""
        if self._positions is None:
            self._positions = {}
            for position, pubkey in enumerate(self.pubkeys):
                self._positions.setdefault(pubkey, position)
        return self._positions

    @property
    def are_distinct(self) -> bool:
        """Whether no key stands twice."""
        return len(self.positions) == len(self.pubkeys)

    def followed_by(self, changes: dict[int, bytes], count: int) -> Keys:
        """Return the keys after the changes, this object if there are none."""
        known = len(self.pubkeys)
        changed = any(i >= known or self.pubkeys[i] != key for i, key in changes.items())
        if not changed and count == known:
            return self
        pubkeys = self.pubkeys[:count]
        pubkeys.extend([b""] * (count - known))
        for position, pubkey in changes.items():
            pubkeys[position] = pubkey
        result = Keys(pubkeys)
        only_new = count >= known and all(i >= known for i in changes)
        if only_new and self._positions is not None:
            result._positions = dict(self._positions)
            for position in range(known, count):
                result._positions.setdefault(pubkeys[position], position)
        return result


class Registries:
    """Registries by the node of their list."""

    def __init__(self, list_type: Any, size: int = 6) -> None:
        validator = list_type.element_cls()
        self._depth: int = list_type.contents_depth()
        self._numbers = {name: leaf_getter(validator, name) for name in NUMBERS}
        self._credentials = leaf_getter(validator, "withdrawal_credentials")
        position = validator._field_indices["pubkey"]
        assert position == 0, "the key is the first field of a validator"
        self._key_depth: int = validator.tree_depth()
        self._cache: NodeCache[Registry] = NodeCache(size)

    def of(self, node: Node) -> Registry:
        """Return the columns of the registry behind ``node``."""
        registry = self._cache.get(node)
        if registry is None:
            registry = self._follow(node) or self._extract(node)
            self._cache.put(node, registry)
        return registry

    def _read(self, validators: Sequence[Node]) -> dict[str, npt.NDArray[Any]]:
        columns: dict[str, npt.NDArray[Any]] = {}
        for name, root_of in self._numbers.items():
            data = b"".join([root_of(node) for node in validators])
            columns[name] = np.frombuffer(data, "<u8")[::4].copy()
        data = b"".join([self._credentials(node) for node in validators])
        columns["credentials_prefix"] = np.frombuffer(data, np.uint8)[::32].copy()
        return columns

    def _key(self, validator: Any) -> bytes:
        for _ in range(self._key_depth):
            validator = validator.left
        root: bytes = validator.left._root + validator.right._root[:16]
        return root

    def _extract(self, node: Node) -> Registry:
        validators = leaves(node.get_left(), self._depth, list_length(node))
        return Registry(self._read(validators), Keys([self._key(each) for each in validators]))

    def _follow(self, node: Node) -> Registry | None:
        """Make the columns from the last ones, unless too much has changed."""
        latest = self._cache.latest()
        if latest is None:
            return None
        before = latest[1]
        count = list_length(node)
        if count < before.count:
            return None
        changes = changed_leaves(
            latest[0].get_left(), node.get_left(), self._depth, count, count // 8 + 4
        )
        if changes is None:
            return None
        positions = np.array([position for position, _ in changes], np.intp)
        patches = self._read([validator for _, validator in changes])
        columns = {
            name: _patched(before.columns[name], positions, patch, count)
            for name, patch in patches.items()
        }
        keys = {position: self._key(validator) for position, validator in changes}
        return Registry(columns, before.keys.followed_by(keys, count))


def _patched(
    column: npt.NDArray[Any], positions: npt.NDArray[np.intp], patch: npt.NDArray[Any], count: int
) -> npt.NDArray[Any]:
    """Return the column with some entries replaced; itself if that changes nothing."""
    if count == column.size:
        if np.array_equal(column[positions], patch):
            return column
        result = column.copy()
    else:
        result = np.zeros(count, column.dtype)
        result[: column.size] = column
    result[positions] = patch
    return result
