"""Seats: who keeps one, who lines up for one, and who sits down."""

from collections import Counter

import numpy as np

from poolspec.engine.errors import check
from poolspec.engine.numbers import (
    U64_MAX,
    Column,
    Indices,
    Mask,
    add_saturating,
    checked,
    multiply_saturating,
    subtract_saturating,
)
from poolspec.engine.poolbonds.rewards import PoolRewards
from poolspec.engine.state import State

__all__ = ["Seats", "first_in_group"]

_FAR = np.uint64(U64_MAX)


def first_in_group(groups: Indices, limits: Column, keys: Column | None = None) -> Mask:
    """Return which rows are among the first `limits[group]` of their group.

    Rows count in the order of their keys, if there are any, and then of their places. Only groups
    that have more rows than places are sorted.
    """
    counts = np.bincount(groups, minlength=len(limits)).astype(np.uint64)
    firsts: Mask = np.ones(len(groups), np.bool_)
    if not (counts > limits).any():
        return firsts
    is_crowded = (counts > limits)[groups]
    firsts[is_crowded] = False
    crowded = np.flatnonzero(is_crowded & (limits > 0)[groups])
    if len(crowded):
        group = groups[crowded]
        order = np.lexsort((group,) if keys is None else (keys[crowded], group))
        starts = np.searchsorted(group[order], np.arange(len(limits)))
        ranks = np.arange(len(order)) - starts[group[order]]
        firsts[crowded[order]] = ranks.view(np.uint64) < limits[group[order]]
    return firsts


class Seats(PoolRewards):
    """The four steps by which weight leaves at once and comes with churn."""

    def process_pool_seats(self, state: State) -> None:
        """Take seats that bonds no longer carry, and give new ones to the head of the line."""
        seat = int(self.p.MIN_ACTIVATION_BALANCE)
        seats_to_serve = self.activation_exit_churn_limit(state) // seat
        admitted = self.admitted_mask(state)
        self._process_unadmitted(state, admitted)
        forfeit = self._forfeit_balances(state)
        self._keep_seats(state, admitted)
        waiting = np.flatnonzero(admitted & (state.registry.effective_balance == 0))
        self._line_up(state, waiting, forfeit)
        if not self.is_leaking(state):
            self._sit_down(state, waiting, seats_to_serve)
        state.memo.total_active_balance.clear()

    def _process_unadmitted(self, state: State, admitted: Mask) -> None:
        """Take weight and line from pooled validators that no pool answers for."""
        registry, next_epoch = state.registry, np.uint64(self.current_epoch(state) + 1)
        rows = np.flatnonzero(self.pooled_mask(state) & ~admitted)
        is_staying = registry.exit_epoch[rows] > next_epoch
        is_absent = registry.inactivity_scores[rows] >= np.uint64(self.p.SEAT_INACTIVITY_LIMIT)
        has_weight = registry.effective_balance[rows] > 0
        loses = has_weight & is_staying & (~registry.slashed[rows] | is_absent)
        registry.effective_balance[rows[loses]] = 0
        leaves = loses | (~has_weight & is_staying)
        registry.activation_eligibility_epoch[rows[leaves]] = _FAR

    def _forfeit_balances(self, state: State) -> Column:
        """Return how much bond (Gwei) pending penalties may take at most, by pool."""
        seat = int(self.p.MIN_ACTIVATION_BALANCE)
        forfeit = np.zeros(len(state.pools), np.uint64)
        counts = Counter(pending.pool_index for pending in state.pending_pool_penalties)
        for pool, count in counts.items():
            check(pool < len(forfeit), "a pending penalty's pool does not exist")
            forfeit[pool] = checked(count * seat)
        return forfeit

    def _backed_balances(self, bonds: Column) -> Column:
        """Return the effective balances that bonds carry (Gwei)."""
        return multiply_saturating(bonds, int(self.p.POOL_LEVERAGE))

    def _keep_seats(self, state: State, admitted: Mask) -> None:
        """Let those stand up whose seats the bonds carry no more, the last of each pool first."""
        registry, pools = state.registry, state.pools
        next_epoch, seat = self.current_epoch(state) + 1, np.uint64(self.p.MIN_ACTIVATION_BALANCE)
        has_come = pools.unbonding_epoch <= np.uint64(next_epoch)
        leaving = np.where(has_come, pools.unbonding_amount, np.uint64(0))
        backed = self._backed_balances(subtract_saturating(pools.bond, leaving))
        slack = int(self.p.MIN_ACTIVATION_BALANCE // self.p.HYSTERESIS_QUOTIENT)
        capacity = add_saturating(backed, slack) // seat

        is_here = admitted & (registry.effective_balance > 0)
        is_here &= registry.exit_epoch > np.uint64(next_epoch)
        is_absent = registry.inactivity_scores >= np.uint64(self.p.SEAT_INACTIVITY_LIMIT)
        present = np.flatnonzero(is_here & ~is_absent & ~registry.slashed)
        groups = registry.pool[present].view(np.int64)
        is_kept = first_in_group(groups, capacity)
        counts = np.bincount(groups, minlength=len(pools)).astype(np.uint64)
        pools.seated_balance = np.minimum(counts, capacity) * seat
        for rows in (present[~is_kept], np.flatnonzero(is_here & is_absent)):
            registry.effective_balance[rows] = 0
            registry.activation_eligibility_epoch[rows] = _FAR

    def _line_up(self, state: State, waiting: Indices, forfeit: Column) -> None:
        """Let as many of each pool's waiting validators be in line as its free bond carries."""
        registry, pools = state.registry, state.pools
        seat = np.uint64(self.p.MIN_ACTIVATION_BALANCE)
        reserved = add_saturating(pools.unbonding_amount, forfeit)
        backed = self._backed_balances(subtract_saturating(pools.bond, reserved))
        free_seats = subtract_saturating(backed, pools.seated_balance) // seat

        eligibility = registry.activation_eligibility_epoch[waiting]
        able = ~registry.slashed[waiting] & (registry.exit_epoch[waiting] == _FAR)
        able &= registry.balances[waiting] >= seat
        able &= registry.inactivity_scores[waiting] < np.uint64(self.p.SEAT_INACTIVITY_LIMIT)
        covered = np.zeros(len(waiting), np.bool_)
        groups = registry.pool[waiting[able]].view(np.int64)
        covered[able] = first_in_group(groups, free_seats, eligibility[able])
        in_line = eligibility != _FAR
        next_epoch = checked(self.current_epoch(state) + 1)
        registry.activation_eligibility_epoch[waiting[in_line & ~covered]] = _FAR
        registry.activation_eligibility_epoch[waiting[covered & ~in_line]] = next_epoch

    def _sit_down(self, state: State, waiting: Indices, count: int) -> None:
        """Give weight to the head of the line of all pools, as far as it is finalized."""
        registry = state.registry
        eligibility = registry.activation_eligibility_epoch[waiting]
        finalized = np.uint64(state.finalized_checkpoint.epoch)
        line = np.flatnonzero((eligibility <= finalized) & (eligibility != _FAR))
        rows = waiting[line[self._smallest(eligibility[line], count)]]
        seat = int(self.p.MIN_ACTIVATION_BALANCE)
        registry.effective_balance[rows] = seat
        new = rows[registry.activation_epoch[rows] == _FAR]
        if len(new):
            epoch = self.activation_exit_epoch(self.current_epoch(state))
            registry.activation_epoch[new] = epoch
        for pool in registry.pool[rows].tolist():
            seated = checked(int(state.pools.seated_balance[pool]) + seat)
            state.pools.seated_balance[pool] = seated

    def _smallest(self, keys: Column, count: int) -> Indices:
        """Return the places of the `count` smallest keys, of equal ones the first, in order."""
        if 0 < count < len(keys):
            candidates = np.flatnonzero(keys <= np.partition(keys, count - 1)[count - 1])
        else:
            candidates = np.arange(len(keys))
        return candidates[np.argsort(keys[candidates], kind="stable")][:count]
