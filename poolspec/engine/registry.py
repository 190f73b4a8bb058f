"""Tables of columns: the validators with all that is kept by validator index, and the pools.

A table owns arrays with room to grow; its attributes are views of the rows in use. Views stay valid
until rows are appended.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from poolspec.engine.numbers import Column, Mask

__all__ = ["Pools", "Registry", "Table"]

Bytes = NDArray[np.uint8]


class Table:
    """Columns of equal length. `LAYOUT` gives each column's dtype and the width of its rows."""

    LAYOUT: ClassVar[Mapping[str, tuple[type[Any], int]]] = {}

    def __init__(self, count: int = 0) -> None:
        self._count = count
        self._buffers: dict[str, NDArray[Any]] = {
            name: np.zeros((count, width) if width > 1 else count, dtype)
            for name, (dtype, width) in self.LAYOUT.items()
        }
        self._refresh()

    def __len__(self) -> int:
        return self._count

    def _refresh(self) -> None:
        """Point the attributes at the rows in use."""
        for name, buffer in self._buffers.items():
            object.__setattr__(self, name, buffer[: self._count])

    def __setattr__(self, name: str, value: Any) -> None:
        """Assigning to a column replaces its contents; the length must fit."""
        if name in self.LAYOUT:
            self._buffers[name][: self._count] = value
        else:
            object.__setattr__(self, name, value)

    def adopt(self, columns: Mapping[str, NDArray[Any]]) -> None:
        """Take arrays over as columns, without copying; all are to have this table's length."""
        for name, values in columns.items():
            dtype, width = self.LAYOUT[name]
            shape = (self._count, width) if width > 1 else (self._count,)
            if values.shape != shape or values.dtype != dtype:
                raise ValueError(f"{name}: {values.dtype} {values.shape}, expected {dtype} {shape}")
            self._buffers[name] = values
        self._refresh()

    def swap(self, one: str, other: str) -> None:
        """Exchange two columns without moving a value."""
        buffers = self._buffers
        buffers[one], buffers[other] = buffers[other], buffers[one]
        self._refresh()

    def extend(self, count: int) -> slice:
        """Append rows of zeros and return where they are."""
        first, self._count = self._count, self._count + count
        for name, buffer in self._buffers.items():
            if len(buffer) < self._count:
                room = max(self._count, len(buffer) + len(buffer) // 8 + 16)
                grown = np.zeros((room, *buffer.shape[1:]), buffer.dtype)
                grown[:first] = buffer[:first]
                self._buffers[name] = grown
        self._refresh()
        return slice(first, self._count)

    def copy(self) -> Self:
        """Return an independent table with the same rows."""
        other = type(self)()
        other._count = self._count
        other._buffers = {name: getattr(self, name).copy() for name in self.LAYOUT}
        other._refresh()
        return other


class Registry(Table):
    """By validator index: the validators' fields and the lists parallel to them.

    `pubkeys` (n, 48) and `credentials` (n, 32) are bytes; `prefix` repeats the credentials' first
    byte, so write credentials with `set_credentials`. Balances are Gwei, epochs that are not set
    `2**64 - 1`, participation bytes have one bit for each timely vote. `pool` is the index of the
    pool that admitted the validator or `2**64 - 1`, also under Fulu, where it is not encoded.
    """

    LAYOUT: ClassVar[Mapping[str, tuple[type[Any], int]]] = {
        "pubkeys": (np.uint8, 48),
        "credentials": (np.uint8, 32),
        "prefix": (np.uint8, 1),
        "effective_balance": (np.uint64, 1),
        "slashed": (np.bool_, 1),
        "activation_eligibility_epoch": (np.uint64, 1),
        "activation_epoch": (np.uint64, 1),
        "exit_epoch": (np.uint64, 1),
        "withdrawable_epoch": (np.uint64, 1),
        "balances": (np.uint64, 1),
        "previous_participation": (np.uint8, 1),
        "current_participation": (np.uint8, 1),
        "inactivity_scores": (np.uint64, 1),
        "pool": (np.uint64, 1),
    }

    pubkeys: Bytes
    credentials: Bytes
    prefix: Bytes
    effective_balance: Column
    slashed: Mask
    activation_eligibility_epoch: Column
    activation_epoch: Column
    exit_epoch: Column
    withdrawable_epoch: Column
    balances: Column
    previous_participation: Bytes
    current_participation: Bytes
    inactivity_scores: Column
    pool: Column

    def set_credentials(self, index: int, credentials: bytes) -> None:
        """Give a validator other withdrawal credentials."""
        self.credentials[index] = np.frombuffer(credentials, np.uint8)
        self.prefix[index] = credentials[0]

    def pubkey(self, index: int) -> bytes:
        """Return a validator's key."""
        return bytes(self.pubkeys[index])

    def withdrawal_credentials(self, index: int) -> bytes:
        """Return a validator's withdrawal credentials."""
        return bytes(self.credentials[index])


class Pools(Table):
    """By pool index: `pubkeys` (n, 48) and `addresses` (n, 20) are bytes, amounts are Gwei."""

    LAYOUT: ClassVar[Mapping[str, tuple[type[Any], int]]] = {
        "pubkeys": (np.uint8, 48),
        "addresses": (np.uint8, 20),
        "commission": (np.uint64, 1),
        "bond": (np.uint64, 1),
        "seated_balance": (np.uint64, 1),
        "unbonding_amount": (np.uint64, 1),
        "unbonding_epoch": (np.uint64, 1),
        "withdrawable_epoch": (np.uint64, 1),
    }

    pubkeys: Bytes
    addresses: Bytes
    commission: Column
    bond: Column
    seated_balance: Column
    unbonding_amount: Column
    unbonding_epoch: Column
    withdrawable_epoch: Column
