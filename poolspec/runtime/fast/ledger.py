"""Rewards and penalties one by one, on numbers instead of trees, written back together."""

from __future__ import annotations

from types import ModuleType
from typing import Any, Protocol

import numpy as np

from poolspec.runtime.fast.columns import UINT64_MAX
from poolspec.runtime.fast.state import StateColumns

__all__ = ["FuluLedger", "Ledger", "LedgerError", "PoolLedger"]


class LedgerError(Exception):
    """The plain function must decide: a number leaves its range, or an index its list."""


class Ledger(Protocol):
    """What ``apply_reward`` and ``apply_penalty`` do, put off until ``commit``."""

    def __init__(self, spec: ModuleType, columns: StateColumns, state: Any) -> None:
        """Begin with what the state holds."""

    def reward(self, index: int, amount: int) -> None:
        """Credit a validator with ``amount`` Gwei."""

    def penalty(self, index: int, amount: int) -> None:
        """Charge a validator ``amount`` Gwei."""

    def commit(self) -> None:
        """Write everything into the state."""


class FuluLedger:
    """Balances that overflow are an error; ones that run out stay at 0."""

    def __init__(self, spec: ModuleType, columns: StateColumns, state: Any) -> None:
        self._state = state
        self._columns = columns
        self._before = columns.read(state, "balances")
        self._balances: dict[int, int] = {}

    def _balance(self, index: int) -> int:
        balance = self._balances.get(index)
        if balance is None:
            if index >= self._before.size:
                raise LedgerError
            balance = self._balances[index] = int(self._before[index])
        return balance

    def reward(self, index: int, amount: int) -> None:
        balance = self._balance(index) + amount
        if balance > UINT64_MAX:
            raise LedgerError
        self._balances[index] = balance

    def penalty(self, index: int, amount: int) -> None:
        self._balances[index] = max(0, self._balance(index) - amount)

    def commit(self) -> None:
        if not self._balances:
            return
        updated = self._before.copy()
        updated[list(self._balances)] = np.array(list(self._balances.values()), np.uint64)
        self._columns.write(self._state, "balances", updated)


class PoolLedger(FuluLedger):
    """An admitted validator's pool takes the commission and pays the penalties.

    Other pooled validators neither earn nor pay. Sums that would overflow stop at the largest
    value.
    """

    def __init__(self, spec: ModuleType, columns: StateColumns, state: Any) -> None:
        super().__init__(spec, columns, state)
        self._spec = spec
        self._registry = columns.registry(state)
        self._pools = columns.read(state, "validator_pools")
        self._bonds: dict[int, int] = {}
        self._commissions: dict[int, int] = {}
        if self._pools.size != self._registry.count:
            raise LedgerError

    def _pool_of(self, index: int) -> int | None:
        """Return the pool that answers for a validator, with its bond at hand."""
        if index >= self._registry.count:
            raise LedgerError
        pool = int(self._pools[index])
        if pool == self._spec.NO_POOL:
            return None
        if pool not in self._bonds:
            if pool >= len(self._state.pools):
                raise LedgerError
            record = self._state.pools[pool]
            self._bonds[pool] = int(record.bond)
            self._commissions[pool] = int(record.commission)
            if record.commission > self._spec.BASIS_POINTS:
                raise LedgerError
        return pool

    def _is_pooled(self, index: int) -> bool:
        prefix = int(self._registry.credentials_prefix[index])
        return prefix == int(self._spec.POOLED_WITHDRAWAL_PREFIX[0])

    def _increase(self, index: int, amount: int) -> None:
        self._balances[index] = min(self._balance(index) + amount, UINT64_MAX)

    def reward(self, index: int, amount: int) -> None:
        pool = self._pool_of(index)
        if pool is not None:
            commission = amount * self._commissions[pool] // int(self._spec.BASIS_POINTS)
            self._bonds[pool] = min(self._bonds[pool] + commission, UINT64_MAX)
            self._increase(index, amount - commission)
        elif not self._is_pooled(index):
            self._increase(index, amount)

    def penalty(self, index: int, amount: int) -> None:
        pool = self._pool_of(index)
        if pool is not None:
            self._bonds[pool] = max(0, self._bonds[pool] - amount)
        elif not self._is_pooled(index):
            super().penalty(index, amount)

    def commit(self) -> None:
        super().commit()
        for pool, bond in self._bonds.items():
            self._state.pools[pool].bond = self._spec.Gwei(bond)
