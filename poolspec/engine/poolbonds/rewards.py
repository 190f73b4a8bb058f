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
    multiply,
    sum_by_group,
)
from poolspec.engine.poolbonds.mutators import PoolMutators
from poolspec.engine.state import State

__all__ = ["PoolRewards"]


class PoolRewards(PoolMutators):
    """A fact is added to those of Fulu's `Attendance`: who is no solo validator."""

    def admitted_mask(self, state: State) -> Mask:
        """Return who was admitted by a pool, (n,)."""
        mask: Mask = state.registry.pool != np.uint64(U64_MAX)
        return mask

    def members(self, state: State) -> tuple[Indices, Indices]:
        """Return the admitted validators, ascending, and their pools."""
        members = np.flatnonzero(self.admitted_mask(state))
        pools = state.registry.pool[members]
        is_known = not len(pools) or int(pools.max()) < len(state.pools)
        check(is_known, "a validator's pool does not exist")
        return members, pools.view(np.int64)

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
        others = attendance.keys[(attendance.keys & OTHER) != 0]
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
        members, pools = self.members(state)
        if not len(members):
            return
        registry, key = state.registry, attendance.key[members]
        rewards = np.sum(tables.rewards, axis=0, dtype=np.uint64)[key]
        rates = state.pools.commission[pools]
        commissions = multiply(rewards, rates) // np.uint64(self.p.BASIS_POINTS)
        check(not np.any(commissions > rewards), "a commission is more than the reward")
        registry.balances[members] = self.credit(registry.balances[members], rewards - commissions)

        penalties = np.sum(tables.penalties, axis=0, dtype=np.uint64)[key]
        earned = sum_by_group(commissions, pools, len(state.pools))
        owed = sum_by_group(penalties, pools, len(state.pools))
        is_member = registry.pool[inactivity.indices] != np.uint64(U64_MAX)
        payers = registry.pool[inactivity.indices[is_member]].view(np.int64)
        leaked = sum_by_group(inactivity.amounts[is_member], payers, len(state.pools))
        losses = [one + other for one, other in zip(owed, leaked, strict=True)]
        self.settle_bonds(state.pools.bond, earned, losses)
