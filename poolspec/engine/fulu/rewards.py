"""Inactivity scores, rewards and penalties at the end of a Fulu epoch, column by column."""

from typing import NamedTuple

import numpy as np

from poolspec.engine.fulu.attendance import ELIGIBLE, Attendance
from poolspec.engine.fulu.mutators import Mutators
from poolspec.engine.numbers import (
    U64_MAX,
    Column,
    Indices,
    Mask,
    add,
    checked,
    column,
    largest,
    multiply,
    subtract_saturating,
)
from poolspec.engine.state import State

__all__ = ["InactivityPenalties", "Rewards", "Tables"]


class Tables(NamedTuple):
    """By participation flag: what each group of an `Attendance` earns and owes (Gwei)."""

    rewards: tuple[Column, ...]
    penalties: tuple[Column, ...]

    def totals(self) -> tuple[Column, Column]:
        """Return what each group earns and owes for all flags together, which fits 64 bits."""
        nothing = np.zeros_like(self.rewards[0])
        return sum(self.rewards, nothing), sum(self.penalties, nothing)


class InactivityPenalties(NamedTuple):
    """Who pays for a leak, ascending, and how much (Gwei)."""

    indices: Indices
    amounts: Column


class Rewards(Mutators):
    """All that depends on the votes of an epoch, except finality."""

    def attendance(self, state: State) -> Attendance:
        """Return who took part in the ending epoch."""
        return Attendance(
            state.registry,
            self.previous_epoch(state),
            self.current_epoch(state),
            self.p.EFFECTIVE_BALANCE_INCREMENT,
            self.other_fact(state),
        )

    def other_fact(self, state: State) -> Mask | None:
        """Return a further fact that a fork's rules need about every validator."""
        return None

    # Inactivity scores

    def process_inactivity_updates(self, state: State, present: Attendance | None = None) -> None:
        """Update the scores; those of the present that are zero stay so and are not visited."""
        if self.current_epoch(state) == self.p.GENESIS_EPOCH:
            return
        attendance = present or self.attendance(state)
        recovery = 0 if self.is_leaking(state) else self.p.INACTIVITY_SCORE_RECOVERY_RATE
        scores, absent = state.registry.inactivity_scores, attendance.absent
        touched = np.flatnonzero(absent | (attendance.eligible & (scores != 0)))
        old = scores[touched]
        is_absent = absent[touched]
        risen = add(old[is_absent], int(self.p.INACTIVITY_SCORE_BIAS))
        new = subtract_saturating(old, 1)
        new[is_absent] = risen
        scores[touched] = subtract_saturating(new, int(recovery))

    # Tables

    def flag_tables(self, state: State, attendance: Attendance) -> Tables:
        """Return the rewards and penalties for all flags by group."""
        base = self.base_reward_per_increment(state)
        eligible = np.flatnonzero(attendance.keys & ELIGIBLE)
        keys, increments = attendance.keys[eligible], attendance.increments()[eligible]
        active = self.total_active_balance(state) // self.p.EFFECTIVE_BALANCE_INCREMENT
        is_leaking = self.is_leaking(state)
        rewards, penalties = [], []
        for flag, weight in enumerate(self.p.PARTICIPATION_FLAG_WEIGHTS):
            reward, penalty = column(len(attendance.keys)), column(len(attendance.keys))
            weighted = multiply(multiply(increments, base), weight)
            has_flag = (keys & (1 << flag)) != 0
            if flag != self.p.TIMELY_HEAD_FLAG_INDEX:
                owed = weighted // np.uint64(self.p.WEIGHT_DENOMINATOR)
                penalty[eligible[~has_flag]] = owed[~has_flag]
            if not is_leaking:
                share = self._participating(attendance, flag)
                divisor = np.uint64(checked(active * self.p.WEIGHT_DENOMINATOR))
                reward[eligible[has_flag]] = multiply(weighted[has_flag], share) // divisor
            rewards.append(reward)
            penalties.append(penalty)
        return Tables(tuple(rewards), tuple(penalties))

    def _participating(self, attendance: Attendance, flag: int) -> int:
        """Return how many increments voted in time, at least one."""
        increment = int(self.p.EFFECTIVE_BALANCE_INCREMENT)
        return max(checked(attendance.weight(1 << flag)), increment) // increment

    def inactivity_penalties(self, state: State, attendance: Attendance) -> InactivityPenalties:
        """Return what the absent pay for their inactivity scores."""
        registry = state.registry
        divisor = checked(
            self.p.INACTIVITY_SCORE_BIAS * self.p.INACTIVITY_PENALTY_QUOTIENT_BELLATRIX
        )
        indices = np.flatnonzero(attendance.absent & (registry.inactivity_scores != 0))
        scores = registry.inactivity_scores[indices]
        amounts = multiply(registry.effective_balance[indices], scores) // np.uint64(divisor)
        return InactivityPenalties(indices, amounts)

    # Settlement

    def process_rewards_and_penalties(
        self, state: State, present: Attendance | None = None
    ) -> None:
        """Pay and charge all validators for their votes of the previous epoch."""
        if self.current_epoch(state) == self.p.GENESIS_EPOCH:
            return
        attendance = present or self.attendance(state)
        tables = self.flag_tables(state, attendance)
        self.settle(state, attendance, tables, self.inactivity_penalties(state, attendance))

    def settle(
        self,
        state: State,
        attendance: Attendance,
        tables: Tables,
        inactivity: InactivityPenalties,
    ) -> None:
        """Apply what the tables and the leak say to the balances."""
        self.settle_balances(state.registry.balances, attendance.group, tables, inactivity)

    def settle_balances(
        self, balances: Column, group: Indices, tables: Tables, inactivity: InactivityPenalties
    ) -> None:
        """Apply rewards and penalties to balances, source by source where it makes a difference.

        Where a balance covers all its penalties, the order of the sources does not matter and their
        sum is applied. The others are few and are done one source at a time.
        """
        earned, owed = tables.totals()
        most = sum(map(largest, tables.penalties)) + largest(inactivity.amounts)
        if largest(balances) + sum(map(largest, tables.rewards)) > U64_MAX or most > U64_MAX:
            low = np.arange(len(balances))
        else:
            low = np.flatnonzero(balances < np.uint64(most))
        before = balances[low]
        # Differences wrap around here and back; what stays wrong is overwritten below.
        balances += (earned - owed)[group]
        balances[inactivity.indices] -= inactivity.amounts
        balances[low] = self._settle_in_order(before, low, group[low], tables, inactivity)

    def _settle_in_order(
        self,
        balances: Column,
        rows: Indices,
        group: Indices,
        tables: Tables,
        inactivity: InactivityPenalties,
    ) -> Column:
        """Return some balances after each source in its turn; `rows` says whose they are."""
        for rewards, penalties in zip(tables.rewards, tables.penalties, strict=True):
            balances = self.credit(balances, rewards[group])
            balances = subtract_saturating(balances, penalties[group])
        leaking = column(len(rows))
        places = np.searchsorted(inactivity.indices, rows)
        places = np.minimum(places, max(len(inactivity.indices) - 1, 0))
        if len(inactivity.indices):
            found = inactivity.indices[places] == rows
            leaking[found] = inactivity.amounts[places[found]]
        return subtract_saturating(balances, leaking)

    def credit(self, balances: Column, amounts: Column) -> Column:
        """Return balances with amounts added to them (Gwei)."""
        return add(balances, amounts)

    # For test vectors

    def get_flag_index_deltas(self, state: State, flag_index: int) -> tuple[Column, Column]:
        """Return (rewards, penalties) of all validators for one flag."""
        attendance = self.attendance(state)
        tables = self.flag_tables(state, attendance)
        group = attendance.group
        return tables.rewards[flag_index][group], tables.penalties[flag_index][group]

    def get_inactivity_penalty_deltas(self, state: State) -> tuple[Column, Column]:
        """Return (rewards, penalties) of all validators for the inactivity leak."""
        penalties = column(len(state.registry))
        leak = self.inactivity_penalties(state, self.attendance(state))
        penalties[leak.indices] = leak.amounts
        return column(len(state.registry)), penalties
