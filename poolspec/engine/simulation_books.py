"""Books beside a simulation: who earned, paid, put in and took out what, to the Gwei.

Every step that makes or destroys money is reckoned here from the state before it, in plain sums and
apart from the code that carries it out. At each epoch's end the money of the whole state must be
what the books say (invariant I8).
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from poolspec.engine.fulu.attendance import Attendance
from poolspec.engine.fulu.rewards import InactivityPenalties, Tables
from poolspec.engine.numbers import U64_MAX, Column, Indices, total
from poolspec.engine.state import State

__all__ = ["Amounts", "Books", "ConservationError"]

Amounts = NDArray[np.int64]
"""Gwei by validator or by pool."""


class ConservationError(Exception):
    """Money has appeared or vanished: a defect of the engine or of the rules."""


def money(state: State) -> int:
    """Return all Gwei in balances, bonds, and the queues of payouts and deposits."""
    return (
        total(state.registry.balances)
        + total(state.pools.bond)
        + sum(payout.amount for payout in state.pending_payouts)
        + sum(deposit.amount for deposit in state.pending_deposits)
    )


class Books:
    """What has flowed since the books were opened.

    Chain: `issued`, `burned`, `deposited`, `withdrawn`, and what of it was `refunded`. By pool:
    `commissions` earned, `bond_losses` to penalties, `put_in` and `taken_out`. By validator:
    `losses` of its own balance to penalties, and `paid_out` from it. All are Gwei.
    """

    def __init__(self, state: State) -> None:
        self.issued = self.burned = self.deposited = self.withdrawn = 0
        self.refunded = 0
        self._opening = money(state)
        self.commissions, self.bond_losses, self.put_in, self.taken_out = (
            np.zeros(len(state.pools), np.int64) for _ in range(4)
        )
        self.losses, self.paid_out = (np.zeros(len(state.registry), np.int64) for _ in range(2))

    def copy(self) -> Books:
        """Return independent books with the same entries."""
        return deepcopy(self)

    def check(self, state: State) -> None:
        """Compare the money of a state with the books; raises ConservationError."""
        flows = self.issued - self.burned + self.deposited - self.withdrawn
        difference = money(state) - self._opening - flows
        if difference:
            raise ConservationError(
                f"at slot {state.slot} the state holds {difference} Gwei more than the books say"
            )

    def make_room(self, state: State) -> None:
        """Give accounts to the validators and pools that have come since."""
        for names, count in (
            (("commissions", "bond_losses", "put_in", "taken_out"), len(state.pools)),
            (("losses", "paid_out"), len(state.registry)),
        ):
            for name in names:
                account = getattr(self, name)
                if len(account) < count:
                    added = np.zeros(count - len(account), np.int64)
                    setattr(self, name, np.concatenate([account, added]))

    # Flows over the border

    def deposit(self, amount: int) -> None:
        """Note Gwei that came into the queue of deposits."""
        self.deposited += amount

    def bond(self, state: State, pool: int, amount: int) -> None:
        """Note Gwei that came into a bond."""
        self.make_room(state)
        self.deposited += amount
        self.put_in[pool] += amount

    def withdrawal(self, state: State, source: int, amount: int, pool_flag: int) -> None:
        """Note Gwei that left for an address; pools and refunds have sources from `pool_flag` up.

        `pool_flag` is 0 in a fork without pools.
        """
        self.make_room(state)
        self.withdrawn += amount
        if not pool_flag or source < pool_flag:
            self.paid_out[source] += amount
        elif source < 2 * pool_flag:
            self.taken_out[source - pool_flag] += amount
        else:
            self.refunded += amount

    def sweep(self, state: State, rows: Indices, amounts: Column) -> None:
        """Note what the sweep paid to some validators (Gwei)."""
        self.make_room(state)
        self.withdrawn += total(amounts)
        self.paid_out[rows] += amounts.view(np.int64)

    # Rewards and penalties

    def reward(self, pool: int | None, amount: int, commission: int) -> None:
        """Note the reward for a single duty."""
        self.issued += amount
        if pool is not None:
            self.commissions[pool] += commission

    def penalty(self, state: State, pool: int | None, index: int, amount: int) -> None:
        """Note a single penalty, as far as the bond or the balance can pay it."""
        self.make_room(state)
        if pool is None:
            paid = min(int(state.registry.balances[index]), amount)
            self.losses[index] += paid
        else:
            paid = min(int(state.pools.bond[pool]), amount)
            self.bond_losses[pool] += paid
        self.burned += paid

    def settlement(
        self,
        state: State,
        is_outsider: Any,
        attendance: Attendance,
        tables: Tables,
        inactivity: InactivityPenalties,
    ) -> None:
        """Note what an epoch's votes bring and cost; outsiders are pooled and not admitted."""
        self.make_room(state)
        pool, group = state.registry.pool, attendance.group
        is_member = pool != np.uint64(U64_MAX)
        leak = np.zeros(len(pool), np.int64)
        leak[inactivity.indices] = inactivity.amounts.view(np.int64)
        earned, owed = (each.view(np.int64) for each in tables.totals())

        members = np.flatnonzero(is_member)
        if len(members):
            pools = pool[members].view(np.int64)
            rewards = earned[group[members]]
            commissions = rewards * state.pools.commission.view(np.int64)[pools] // 10_000
            penalties = owed[group[members]] + leak[members]
            self._settle_bonds(state, pools, commissions, penalties)
            self.issued += int(rewards.sum())

        solo = np.flatnonzero(~is_member & ~is_outsider)
        balances = state.registry.balances[solo].astype(np.int64)
        paid = np.zeros(len(solo), np.int64)
        # A balance pays for each flag in turn, and what it cannot pay it does not owe.
        for reward, penalty in zip(tables.rewards, tables.penalties, strict=True):
            gained = reward.view(np.int64)[group[solo]]
            taken = np.minimum(balances + gained - paid, penalty.view(np.int64)[group[solo]])
            balances, paid = balances + gained, paid + taken
        paid += np.minimum(balances - paid, leak[solo])
        self.losses[solo] += paid
        self.burned += int(paid.sum())
        self.issued += int(earned[group[solo]].sum())

    def _settle_bonds(
        self, state: State, pools: Indices, commissions: Amounts, penalties: Amounts
    ) -> None:
        """Note what members bring and cost their pools, each bond paying what it has."""
        count = len(state.pools)
        earned, owed = (np.zeros(count, np.int64) for _ in range(2))
        np.add.at(earned, pools, commissions)
        np.add.at(owed, pools, penalties)
        paid = np.minimum(state.pools.bond.astype(np.int64) + earned, owed)
        self.commissions += earned
        self.bond_losses += paid
        self.burned += int(paid.sum())
