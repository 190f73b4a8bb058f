"""Seats: who keeps one, who lines up for one, and who sits down."""

from collections import Counter
from dataclasses import dataclass

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

__all__ = ["Seats", "rank_in_group"]

_FAR = np.uint64(U64_MAX)


def rank_in_group(groups: Indices, order: Indices) -> Indices:
    """Return each row's place within its group, rows being taken in the given order.

    `order` must bring the rows of a group together.
    """
    sorted_groups = groups[order]
    starts = np.flatnonzero(np.r_[True, sorted_groups[1:] != sorted_groups[:-1]])
    sizes = np.diff(np.r_[starts, len(order)])
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order)) - np.repeat(starts, sizes)
    return ranks


def first_in_group(rows: Mask, groups: Indices, limits: Column, keys: Column | None) -> Mask:
    """Return which of the chosen rows are among the first `limits[group]` of their group.

    Rows come in order of their keys, if there are any, and then of their places. Only groups that
    have more rows than places are sorted.
    """
    chosen = np.flatnonzero(rows)
    counts = np.bincount(groups[chosen], minlength=len(limits)).astype(np.uint64)
    is_crowded = (counts > limits) & (limits > 0)
    firsts = rows & (limits > 0)[groups]
    crowded = chosen[is_crowded[groups[chosen]]]
    if len(crowded):
        group = groups[crowded]
        sorting = (group,) if keys is None else (keys[crowded], group)
        ranks = rank_in_group(group, np.lexsort(sorting))
        firsts[crowded] = ranks.view(np.uint64) < limits[group]
    return firsts


@dataclass
class _Members:
    """The admitted validators, ascending, with copies of what seats depend on."""

    rows: Indices
    pools: Indices
    effective_balance: Column
    eligibility: Column
    exit_epoch: Column
    slashed: Mask
    is_absent: Mask


class Seats(PoolRewards):
    """The four steps by which weight leaves at once and comes with churn."""

    def process_pool_seats(self, state: State) -> None:
        """Take seats that bonds no longer carry, and give new ones to the head of the line."""
        seat = int(self.p.MIN_ACTIVATION_BALANCE)
        seats_to_serve = self.activation_exit_churn_limit(state) // seat
        self._process_unadmitted(state)
        forfeit = self._forfeit_balances(state)
        members = self._load_members(state)
        self._keep_seats(state, members)
        self._line_up(state, members, forfeit)
        if not self.is_leaking(state):
            self._sit_down(state, members, seats_to_serve)
        state.memo.total_active_balance.clear()

    def _load_members(self, state: State) -> _Members:
        registry = state.registry
        rows, pools = self.members(state)
        limit = np.uint64(self.p.SEAT_INACTIVITY_LIMIT)
        return _Members(
            rows,
            pools,
            registry.effective_balance[rows],
            registry.activation_eligibility_epoch[rows],
            registry.exit_epoch[rows],
            registry.slashed[rows],
            registry.inactivity_scores[rows] >= limit,
        )

    def _process_unadmitted(self, state: State) -> None:
        """Take weight and line from pooled validators that no pool answers for."""
        registry, next_epoch = state.registry, np.uint64(self.current_epoch(state) + 1)
        rows = np.flatnonzero(self.pooled_mask(state) & ~self.admitted_mask(state))
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

    def _keep_seats(self, state: State, members: _Members) -> None:
        """Let those stand up whose seats the bonds carry no more, the last of each pool first."""
        pools, seat = state.pools, np.uint64(self.p.MIN_ACTIVATION_BALANCE)
        next_epoch = np.uint64(self.current_epoch(state) + 1)
        has_come = pools.unbonding_epoch <= next_epoch
        leaving = np.where(has_come, pools.unbonding_amount, np.uint64(0))
        backed = self._backed_balances(subtract_saturating(pools.bond, leaving))
        slack = int(self.p.MIN_ACTIVATION_BALANCE // self.p.HYSTERESIS_QUOTIENT)
        capacity = add_saturating(backed, slack) // seat

        is_here = (members.effective_balance > 0) & (members.exit_epoch > next_epoch)
        present = is_here & ~members.slashed & ~members.is_absent
        kept = first_in_group(present, members.pools, capacity, None)
        stands_up = is_here & ~kept & (~members.slashed | members.is_absent)
        counts = np.bincount(members.pools[kept], minlength=len(pools)).astype(np.uint64)
        pools.seated_balance = counts * seat

        members.effective_balance[stands_up] = 0
        members.eligibility[stands_up] = _FAR
        rows = members.rows[stands_up]
        state.registry.effective_balance[rows] = 0
        state.registry.activation_eligibility_epoch[rows] = _FAR

    def _line_up(self, state: State, members: _Members, forfeit: Column) -> None:
        """Let as many of each pool's waiting validators be in line as its free bond carries."""
        pools, seat = state.pools, np.uint64(self.p.MIN_ACTIVATION_BALANCE)
        reserved = add_saturating(pools.unbonding_amount, forfeit)
        backed = self._backed_balances(subtract_saturating(pools.bond, reserved))
        free_seats = subtract_saturating(backed, pools.seated_balance) // seat

        is_waiting = members.effective_balance == 0
        able = is_waiting & ~members.slashed & (members.exit_epoch == _FAR) & ~members.is_absent
        able &= state.registry.balances[members.rows] >= seat
        covered = first_in_group(able, members.pools, free_seats, members.eligibility)
        in_line = is_waiting & (members.eligibility != _FAR)
        next_epoch = checked(self.current_epoch(state) + 1)
        for changes, epoch in ((in_line & ~covered, U64_MAX), (covered & ~in_line, next_epoch)):
            members.eligibility[changes] = epoch
            state.registry.activation_eligibility_epoch[members.rows[changes]] = epoch

    def _sit_down(self, state: State, members: _Members, count: int) -> None:
        """Give weight to the head of the line of all pools, as far as it is finalized."""
        finalized = np.uint64(state.finalized_checkpoint.epoch)
        may_sit = (members.effective_balance == 0) & (members.eligibility <= finalized)
        waiting = np.flatnonzero(may_sit & (members.eligibility != _FAR))
        head = waiting[self._smallest(members.eligibility[waiting], count)]
        rows, seat = members.rows[head], int(self.p.MIN_ACTIVATION_BALANCE)
        state.registry.effective_balance[rows] = seat
        new = rows[state.registry.activation_epoch[rows] == _FAR]
        if len(new):
            epoch = self.activation_exit_epoch(self.current_epoch(state))
            state.registry.activation_epoch[new] = epoch
        for pool in members.pools[head].tolist():
            seated = checked(int(state.pools.seated_balance[pool]) + seat)
            state.pools.seated_balance[pool] = seated

    def _smallest(self, keys: Column, count: int) -> Indices:
        """Return the places of the `count` smallest keys, of equal ones the first, in order."""
        if 0 < count < len(keys):
            candidates = np.flatnonzero(keys <= np.partition(keys, count - 1)[count - 1])
        else:
            candidates = np.arange(len(keys))
        return candidates[np.argsort(keys[candidates], kind="stable")][:count]
