"""The fast step that takes and gives seats: all pools at once on columns, then the few changes."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from poolspec.runtime.fast.columns import Column, Mask
from poolspec.runtime.fast.contract import Function
from poolspec.runtime.fast.pools import pools_of
from poolspec.runtime.fast.state import StateColumns, columns_of

__all__ = ["make_process_pool_seats"]

Positions = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Members:
    """Admitted validators in index order; each array has an entry for each of them."""

    index: Positions
    pool: Positions
    weight: Column
    joined: Column
    is_slashed: Mask
    exit_epoch: Column
    balance: Column
    is_absent: Mask


def _lists_fit(columns: StateColumns, state: Any) -> bool:
    """Whether each validator has a balance and a score."""
    sizes = {columns.read(state, name).size for name in ("balances", "inactivity_scores")}
    return sizes == {columns.registry(state).count}


def _members(
    spec: ModuleType, columns: StateColumns, state: Any, pools: Column, admitted: Mask
) -> Members:
    """Read the columns of those who have a pool."""
    registry = columns.registry(state)
    index = np.flatnonzero(admitted)
    scores = columns.read(state, "inactivity_scores")[index]
    return Members(
        index=index,
        pool=pools[index].astype(np.intp),
        weight=registry.effective_balance[index],
        joined=registry.activation_eligibility_epoch[index],
        is_slashed=registry.slashed[index],
        exit_epoch=registry.exit_epoch[index],
        balance=columns.read(state, "balances")[index],
        is_absent=scores >= np.uint64(int(spec.config.SEAT_INACTIVITY_LIMIT)),
    )


def _ranks(groups: Positions) -> Positions:
    """Return for each element how many of its group stand before it."""
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    ranks = np.empty(groups.size, np.intp)
    ranks[order] = np.arange(groups.size) - np.searchsorted(ordered, ordered)
    return ranks


def _in_first(groups: Positions, places: Column) -> Mask:
    """Return which elements are among the first of their group, of which ``places`` has room."""
    mask: Mask = _ranks(groups).astype(np.uint64) < places[groups]
    return mask


def _kept_seats(spec: ModuleType, pools: list[Any], next_epoch: int) -> Column:
    """Return how many seats each pool's bond lets stay."""
    kept = []
    for pool in pools:
        leaving = int(pool.unbonding_amount) if pool.unbonding_epoch <= next_epoch else 0
        bond = spec.Gwei(max(0, int(pool.bond) - leaving))
        kept.append(int(spec.compute_kept_balance(bond)) // int(spec.MIN_ACTIVATION_BALANCE))
    return np.array(kept, np.uint64)


def _free_seats(
    spec: ModuleType, pools: list[Any], forfeit: list[Any], seated: list[int]
) -> Column:
    """Return how many seats more than those in use each pool's bond carries."""
    free = []
    for pool, lost, used in zip(pools, forfeit, seated, strict=True):
        left = max(0, int(pool.bond) - int(pool.unbonding_amount) - int(lost))
        backed = int(spec.compute_backed_balance(spec.Gwei(left)))
        free.append(max(0, backed - used) // int(spec.MIN_ACTIVATION_BALANCE))
    return np.array(free, np.uint64)


def _who_stays(members: Members, kept: Column, next_epoch: int) -> tuple[Mask, Mask]:
    """Return whose seats are kept, and who loses its weight."""
    is_weighty = (members.weight > 0) & (members.exit_epoch > np.uint64(next_epoch))
    seated = is_weighty & ~members.is_slashed
    present = np.flatnonzero(seated & ~members.is_absent)
    keeps = np.zeros(members.index.size, np.bool_)
    keeps[present] = _in_first(members.pool[present], kept)
    is_dead = is_weighty & members.is_slashed & members.is_absent
    return keeps, is_dead | (seated & ~keeps)


def _who_is_covered(members: Members, able: Mask, joined: Column, free: Column) -> Mask:
    """Return who may be in line: those in line first, in its order, then the others."""
    candidates = np.flatnonzero(able)
    candidates = candidates[np.argsort(joined[candidates], kind="stable")]
    covered = np.zeros(members.index.size, np.bool_)
    covered[candidates] = _in_first(members.pool[candidates], free)
    return covered


def _keep_and_line_up(spec: ModuleType, state: Any, members: Members, forfeit: list[Any]) -> None:
    """Do for all pools what `keep_seats` and `line_up` do for one."""
    seat = int(spec.MIN_ACTIVATION_BALANCE)
    unset = np.uint64(int(spec.FAR_FUTURE_EPOCH))
    next_epoch = int(spec.get_current_epoch(state)) + 1
    pools = list(state.pools)
    keeps, stands = _who_stays(members, _kept_seats(spec, pools, next_epoch), next_epoch)
    counts = np.bincount(members.pool[keeps], minlength=len(pools)).tolist()
    seated = [count * seat for count in counts]

    is_waiting = stands | (members.weight == 0)
    joined = np.where(stands, unset, members.joined)
    able = (
        is_waiting
        & ~members.is_slashed
        & (members.exit_epoch == unset)
        & (members.balance >= np.uint64(seat))
        & ~members.is_absent
    )
    covered = _who_is_covered(members, able, joined, _free_seats(spec, pools, forfeit, seated))
    in_line = is_waiting & (joined != unset)

    for index in _indices(spec, members, stands):
        spec.stand_up(state, index)
    for index in _indices(spec, members, in_line & ~covered):
        spec.leave_line(state, index)
    for index in _indices(spec, members, covered & ~in_line):
        state.validators[index].activation_eligibility_epoch = spec.Epoch(next_epoch)
    for pool, balance in zip(pools, seated, strict=True):
        if pool.seated_balance != balance:
            pool.seated_balance = spec.Gwei(balance)


def _indices(spec: ModuleType, members: Members, mask: Mask) -> list[Any]:
    return [spec.ValidatorIndex(index) for index in members.index[mask].tolist()]


def make_process_pool_seats(spec: ModuleType, plain: Function) -> Function:
    columns = columns_of(spec)

    def process_pool_seats(state: Any) -> None:
        found = pools_of(spec, columns, state)
        if found is None or not _lists_fit(columns, state):
            plain(state)
            return
        churn = spec.get_activation_exit_churn_limit(state)
        spec.process_unadmitted_validators(state)
        members = _members(spec, columns, state, *found)
        _keep_and_line_up(spec, state, members, list(spec.get_forfeit_balances(state)))
        if not spec.is_in_inactivity_leak(state):
            for index in spec.get_seat_line(state)[: churn // spec.MIN_ACTIVATION_BALANCE]:
                spec.sit_down(state, index)

    return process_pool_seats
