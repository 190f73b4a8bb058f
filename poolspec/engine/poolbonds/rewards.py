"""Rewards and penalties of a PoolBonds epoch: a pool's are summed up and settled once."""

import numpy as np

from poolspec.engine.errors import check
from poolspec.engine.fulu.attendance import OTHER, Attendance
from poolspec.engine.fulu.rewards import InactivityPenalties, Tables
from poolspec.engine.numbers import (
    U64_MAX,
    Column,
    Indices,
    Mask,
    add_saturating,
    largest,
    multiply,
    sum_by_group,
)
from poolspec.engine.poolbonds.mutators import PoolMutators
from poolspec.engine.state import State

__all__ = ["PoolRewards"]

_DENSE = 2
"""How many more groups there may be than members before only those that occur are counted."""


class _Groups:
    """Members of the same pool and the same group of an `Attendance`, reckoned with together.

    By such group: `pools`, `groups` of the `Attendance`, and how many `members` there are.
    `of_member` gives each member's.
    """

    def __init__(self, attendance: Attendance, members: Indices, pools: Indices) -> None:
        count = len(attendance.keys)
        pairs = pools * count
        pairs += attendance.group[members]
        size = (int(pools.max()) + 1) * count
        if size <= _DENSE * len(members):
            self.members = np.bincount(pairs, minlength=size)
            present, self.of_member = np.arange(size), pairs
        else:
            present, self.of_member, self.members = np.unique(
                pairs, return_inverse=True, return_counts=True
            )
        self.pools, self.groups = np.divmod(present, count)

    def sums(self, amounts: Column, pool_count: int) -> list[int]:
        """Return by pool the exact sum of an amount that is given by group."""
        if largest(amounts) * int(self.members.sum()) < 2**53:
            amounts = amounts * self.members.view(np.uint64)
            return sum_by_group(amounts, self.pools, pool_count)
        sums = [0] * pool_count
        for group in np.flatnonzero(self.members).tolist():
            sums[int(self.pools[group])] += int(amounts[group]) * int(self.members[group])
        return sums


class PoolRewards(PoolMutators):
    """A fact is added to those of Fulu's `Attendance`: who is no solo validator."""

    def admitted_mask(self, state: State) -> Mask:
        """Return who was admitted by a pool, (n,); every pool named must exist."""
        pool, count = state.registry.pool, np.uint64(len(state.pools))
        admitted: Mask = pool != np.uint64(U64_MAX)
        is_known = np.count_nonzero(pool < count) == np.count_nonzero(admitted)
        check(is_known, "a validator's pool does not exist")
        return admitted

    def other_fact(self, state: State) -> Mask | None:
        """Return who is pooled or admitted."""
        return self.pooled_mask(state) | self.admitted_mask(state)

    def credit(self, balances: Column, amounts: Column) -> Column:
        """Return balances with amounts added to them, as far as they can hold them (Gwei)."""
        return add_saturating(balances, amounts)

    def inactivity_penalties(self, state: State, attendance: Attendance) -> InactivityPenalties:
        """Return what the absent pay; of a bond, only a part is asked."""
        indices, amounts = super().inactivity_penalties(state, attendance)
        is_member = state.registry.pool[indices] != np.uint64(U64_MAX)
        amounts[is_member] //= np.uint64(self.p.POOL_INACTIVITY_PENALTY_DIVISOR)
        return InactivityPenalties(indices, amounts)

    def settle(
        self,
        state: State,
        attendance: Attendance,
        tables: Tables,
        inactivity: InactivityPenalties,
    ) -> None:
        """Settle pools in sums and solo validators source by source."""
        self._settle_pools(state, attendance, tables, inactivity)
        others = np.flatnonzero(attendance.keys & OTHER)
        for table in (*tables.rewards, *tables.penalties):
            table[others] = 0
        is_solo = (attendance.facts[inactivity.indices] & np.uint8(OTHER)) == 0
        solo = InactivityPenalties(inactivity.indices[is_solo], inactivity.amounts[is_solo])
        super().settle(state, attendance, tables, solo)

    def _settle_pools(
        self,
        state: State,
        attendance: Attendance,
        tables: Tables,
        inactivity: InactivityPenalties,
    ) -> None:
        """Pay members their rewards less the commissions, and let bonds earn and pay the rest."""
        registry = state.registry
        members = np.flatnonzero(self.admitted_mask(state))
        if not len(members):
            return
        groups = _Groups(attendance, members, registry.pool[members].view(np.int64))
        earned_by_group, owed_by_group = tables.totals()
        rewards, penalties = earned_by_group[groups.groups], owed_by_group[groups.groups]
        rates = state.pools.commission[groups.pools]
        commissions = multiply(rewards, rates) // np.uint64(self.p.BASIS_POINTS)
        check(not np.any(commissions > rewards), "a commission is more than the reward")
        net = (rewards - commissions)[groups.of_member]
        registry.balances[members] = self.credit(registry.balances[members], net)

        is_member = registry.pool[inactivity.indices] != np.uint64(U64_MAX)
        payers = registry.pool[inactivity.indices[is_member]].view(np.int64)
        leaked = sum_by_group(inactivity.amounts[is_member], payers, len(state.pools))
        owed = groups.sums(penalties, len(state.pools))
        losses = [one + other for one, other in zip(owed, leaked, strict=True)]
        earned = groups.sums(commissions, len(state.pools))
        self.settle_bonds(state.pools.bond, earned, losses)
