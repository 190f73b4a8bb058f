"""The end of a PoolBonds epoch."""

import numpy as np

from poolspec.engine.errors import check
from poolspec.engine.fulu.attendance import CURRENT_TARGET, TARGET, Attendance
from poolspec.engine.numbers import (
    U64_MAX,
    Column,
    Indices,
    Mask,
    checked,
    subtract_saturating,
)
from poolspec.engine.poolbonds.sampling import WeightedSampling
from poolspec.engine.poolbonds.seats import Seats
from poolspec.engine.state import State

__all__ = ["PoolEpochProcessing"]


class PoolEpochProcessing(Seats, WeightedSampling):
    """Fulu's steps with those of pools between them."""

    def process_epoch(self, state: State) -> None:
        """Apply all steps. Who took part is found out once, and stands until the epoch is over."""
        attendance = self.attendance(state)
        self.process_justification_and_finalization(state, attendance)
        self.process_inactivity_updates(state, attendance)
        self.process_rewards_and_penalties(state, attendance)
        self.process_registry_updates(state)
        self.process_slashings(state)
        self.process_pending_pool_penalties(state)
        self.process_eth1_data_reset(state)
        self.process_pending_deposits(state)
        self.process_pending_consolidations(state)
        self.process_pool_unbonding(state)
        self.process_pool_seats(state)
        self.process_effective_balance_updates(state)
        self.finish_epoch(state)

    def target_weights(self, attendance: Attendance) -> tuple[int, int]:
        """Return the weights (Gwei) behind the two targets, which may be nothing."""
        return checked(attendance.weight(TARGET)), checked(attendance.weight(CURRENT_TARGET))

    # Solo validators only

    def registry_candidates(self, state: State) -> Indices:
        """Return the solo validators to whom something may happen in the registry."""
        rows = super().registry_candidates(state)
        return rows[~self.pooled_mask(state)[rows]]

    def slashings_due(self, state: State) -> Indices:
        """Return which solo validators pay the correlation penalty now."""
        due = super().slashings_due(state)
        return due[~self.pooled_mask(state)[due]]

    def effective_balance_changes(self, state: State) -> Indices:
        """Return which solo validators' effective balance must follow the balance."""
        rows = super().effective_balance_changes(state)
        return rows[~self.pooled_mask(state)[rows]]

    def is_beyond(self, balances: Column, effective: Column, down: int, up: int) -> Mask:
        """Return the same as under Fulu, but no balance is too large to be compared."""
        fell = subtract_saturating(effective, balances) > down
        rose = subtract_saturating(balances, effective) > up
        mask: Mask = fell | rose
        return mask

    # Pools

    def process_pending_pool_penalties(self, state: State) -> None:
        """Charge the correlation penalties that are due to the bonds."""
        seat = int(self.p.MIN_ACTIVATION_BALANCE)
        increments = seat // self.p.EFFECTIVE_BALANCE_INCREMENT
        correlation = checked(self.slashing_penalty_per_increment(state) * increments)
        penalty = min(correlation, seat - self.initial_penalty(seat))
        done = 0
        for pending in state.pending_pool_penalties:
            if pending.penalty_epoch > self.current_epoch(state):
                break
            check(pending.pool_index < len(state.pools), "a penalty's pool does not exist")
            self.charge(state, pending.pool_index, penalty)
            done += 1
        state.pending_pool_penalties = state.pending_pool_penalties[done:]

    def process_pool_unbonding(self, state: State) -> None:
        """Move bond that has waited long enough to the payouts."""
        pools, next_epoch = state.pools, np.uint64(self.current_epoch(state) + 1)
        due = (pools.unbonding_amount > 0) & (pools.withdrawable_epoch <= next_epoch)
        for pool in np.flatnonzero(due).tolist():
            bond = int(pools.bond[pool])
            amount = min(int(pools.unbonding_amount[pool]), bond)
            if amount > 0:
                if not self.has_room_for_payout(state):
                    continue
                source = self.p.POOL_INDEX_FLAG | pool
                self.pay_out(state, source, pools.addresses[pool].tobytes(), amount)
                pools.bond[pool] = bond - amount
            if self.is_open(state, pool):
                pools.unbonding_amount[pool] = 0
                pools.unbonding_epoch[pool] = U64_MAX
