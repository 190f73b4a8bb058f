"""Run a chain of any size epoch by epoch, without blocks, and change what happens to it in bulk.

A `Description` says who is there at the start; a `Simulation` holds the state, applies events to
many validators or pools at a time, and steps epochs. Who is online votes for source, target and
head in time; there are no proposers' rewards and no sync aggregates, since there are no blocks.
All columns of the state may be read at any time, and written before `State.forget` is called.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy, deepcopy
from typing import Any

import numpy as np
from numpy.typing import NDArray

import poolspec
from poolspec.engine.numbers import U64_MAX, Column, Indices, Mask
from poolspec.engine.records import PendingDeposit
from poolspec.engine.simulation_books import Books
from poolspec.engine.simulation_rules import PoolBondsSimulated, Simulated
from poolspec.engine.simulation_start import Description, PoolDescription, build_state
from poolspec.engine.state import State

__all__ = ["Description", "PoolDescription", "Simulation"]

Rows = Iterable[int] | NDArray[Any]

_ALL_FLAGS = 0b111


def _rows(rows: Rows) -> Indices:
    """Return validators or pools as an array, ascending and without repetition."""
    values = rows if isinstance(rows, np.ndarray) else np.array(list(rows), np.int64)
    return np.unique(values.astype(np.int64))


class Simulation:
    """A chain at the last slot of an epoch; `step` goes to the next such slot."""

    def __init__(
        self,
        description: Description,
        *,
        fork: str = "poolbonds",
        preset: str = "mainnet",
        config: Mapping[str, Any] | None = None,
        duties: bool = True,
        payouts: bool = False,
        scale: int = 1,
    ) -> None:
        """Start a chain in which all described validators are active and finality is in order.

        Without `duties`, proposers and sync committees stay those of the start, which saves most of
        an epoch's time in a small registry. Only the reward for slashings goes by them here.
        With `payouts`, each epoch pays what its payloads would. With a `scale`, each validator and
        each Gwei that is described stand for so many, and limits of the whole chain are reckoned
        for those: churn, withdrawals, the base reward, and the smallest bond.
        """
        spec = poolspec.load(fork, preset, config=config) if config else poolspec.load(fork, preset)
        rules = {"fulu": Simulated, "poolbonds": PoolBondsSimulated}[fork]
        self.rules: Any = rules(spec)
        self.rules.draws_duties = duties
        self.rules.scale = scale
        self.pays = payouts
        if payouts or scale > 1:
            self.rules.shrink()
        self.state: State = build_state(self.rules, description)
        self._next_key = len(self.state.registry)
        self.offline: Mask = np.zeros(len(self.state.registry), np.bool_)
        """By validator index: who casts no votes. May be written."""

    def open_books(self) -> Books:
        """Account for all money from now on; every later step raises if the books do not close."""
        books = self.rules.books = Books(self.state)
        return books

    @property
    def books(self) -> Books | None:
        """The books, if they are open."""
        books: Books | None = self.rules.books
        return books

    def split(self) -> Simulation:
        """Return a second chain that goes on from here, with books of its own."""
        other = copy(self)
        other.state, other.offline = self.state.copy(), self.offline.copy()
        other.rules = copy(self.rules)
        other.rules.books = deepcopy(self.rules.books)
        return other

    # Reading

    @property
    def epoch(self) -> int:
        """The epoch that the next step ends."""
        return self.rules.current_epoch(self.state)  # type: ignore[no-any-return]

    @property
    def finalized_epoch(self) -> int:
        """The epoch of the finalized checkpoint."""
        return self.state.finalized_checkpoint.epoch

    @property
    def balances(self) -> Column:
        """Balances (Gwei) by validator index."""
        return self.state.registry.balances

    @property
    def effective_balances(self) -> Column:
        """Effective balances (Gwei) by validator index: the weight of those that are active."""
        return self.state.registry.effective_balance

    @property
    def bonds(self) -> Column:
        """Bonds (Gwei) by pool index."""
        return self.state.pools.bond

    @property
    def seats(self) -> Indices:
        """Seats that are taken, by pool index."""
        seat = np.uint64(self.rules.p.MIN_ACTIVATION_BALANCE)
        return (self.state.pools.seated_balance // seat).astype(np.int64)

    def members(self, pool: int) -> Indices:
        """Return the validators that a pool has admitted, ascending."""
        return np.flatnonzero(self.state.registry.pool == np.uint64(pool))

    def solo(self) -> Indices:
        """Return the validators that are not pooled, ascending."""
        return np.flatnonzero(
            self.state.registry.prefix != self.rules.p.POOLED_WITHDRAWAL_PREFIX[0]
        )

    def active_balance(self) -> int:
        """Return the effective balance (Gwei) that is active in the current epoch."""
        return self.rules.total_active_balance(self.state)  # type: ignore[no-any-return]

    # Events

    def set_offline(self, validators: Rows, offline: bool = True) -> None:
        """Let validators cast no votes from the current epoch on, or let them vote again."""
        self._make_room()
        self.offline[_rows(validators)] = offline

    def slash(self, validators: Rows) -> int:
        """Slash those of the validators that can be slashed; return how many they were."""
        state, rules, epoch = self.state, self.rules, self.epoch
        slashed = [
            index for index in _rows(validators).tolist() if rules.is_slashable(state, index, epoch)
        ]
        for index in slashed:
            rules.slash(state, index)
        return len(slashed)

    def top_up(self, pools: Rows, amount: int) -> None:
        """Add Gwei to each of some bonds, if they are open."""
        for pool in _rows(pools).tolist():
            if self.rules.is_open(self.state, pool):
                bond = min(int(self.state.pools.bond[pool]) + amount, U64_MAX)
                if self.books is not None:
                    added = bond - int(self.state.pools.bond[pool])
                    self.books.bond(self.state, pool, added)
                self.state.pools.bond[pool] = bond

    def unbond(self, pools: Rows, amount: int) -> None:
        """Let the operators of some pools ask for Gwei of their bonds; 0 closes the pools."""
        for pool in _rows(pools).tolist():
            address = self.state.pools.addresses[pool].tobytes()
            self.rules.unbond(self.state, pool, address, amount)

    def deposit(
        self,
        count: int,
        amount: int,
        *,
        pool: int | None = None,
        compounding: bool = False,
        address: bytes = b"\x0f" * 20,
    ) -> None:
        """Send so many first deposits of Gwei each, locked in a pool or solo.

        They wait in the queue of pending deposits like any other, from the current slot on. The
        address is their owner's.
        """
        slot, first = self.state.slot, self._next_key
        self._next_key += count
        if pool is not None:
            prefix = bytes(self.rules.p.POOLED_WITHDRAWAL_PREFIX)
            credentials = prefix + pool.to_bytes(8, "little") + bytes(3) + address
        else:
            kind = "COMPOUNDING" if compounding else "ETH1_ADDRESS"
            prefix = bytes(getattr(self.rules.p, f"{kind}_WITHDRAWAL_PREFIX"))
            credentials = prefix + bytes(11) + address
        self.state.pending_deposits += [
            PendingDeposit(_new_key(first + each), credentials, amount, bytes(96), slot)
            for each in range(count)
        ]
        if self.books is not None:
            self.books.deposit(count * amount)

    def found_pool(self, bond: int, commission: int = 0) -> int:
        """Register a pool at once, past the queue of deposits, and return its index."""
        key = _new_key(2**40 + len(self.state.pools))
        index: int = self.rules.add_pool(self.state, key, b"\x0e" * 20, commission, bond)
        if self.books is not None:
            self.books.bond(self.state, index, bond)
        return index

    def admit(self, validators: Rows) -> int:
        """Let the pools admit those of the validators that name them; return how many they were."""
        registry = self.state.registry
        rows = _rows(validators)
        may = (registry.pool[rows] == np.uint64(U64_MAX)) & ~registry.slashed[rows]
        may &= registry.prefix[rows] == self.rules.p.POOLED_WITHDRAWAL_PREFIX[0]
        may &= registry.exit_epoch[rows] == np.uint64(U64_MAX)
        count = 0
        for index in rows[may].tolist():
            credentials = registry.withdrawal_credentials(index)
            pool = self.rules.named_pool(self.state, credentials)
            if pool is not None and self.rules.is_open(self.state, pool):
                registry.pool[index] = pool
                count += 1
        return count

    def exit(self, validators: Rows) -> None:
        """Let the owners of validators ask for their full exit."""
        for index in _rows(validators).tolist():
            address = self.state.registry.withdrawal_credentials(index)[12:]
            self.rules.withdraw(self.state, index, address, 0)

    # Time

    def step(self, epochs: int = 1) -> None:
        """End the current epoch and the next ones: vote, process the epoch, go to the next."""
        for _ in range(epochs):
            self.vote()
            if self.pays:
                self.rules.pay(self.state)
            self.rules.process_epoch(self.state)
            if self.books is not None:
                self.books.check(self.state)
            self.state.slot += int(self.rules.p.SLOTS_PER_EPOCH)

    def vote(self) -> None:
        """Let all who are online and active vote in the current epoch."""
        registry = self.state.registry
        self._make_room()
        voting = self.rules.active_mask(self.state, self.epoch)
        voting &= ~self.offline
        registry.current_participation[:] = voting.view(np.uint8) * np.uint8(_ALL_FLAGS)

    def _make_room(self) -> None:
        """Take those who have come since as online."""
        added = len(self.state.registry) - len(self.offline)
        if added > 0:
            self.offline = np.concatenate([self.offline, np.zeros(added, np.bool_)])


def _new_key(number: int) -> bytes:
    return number.to_bytes(40, "little").rjust(48, b"\xaa")
