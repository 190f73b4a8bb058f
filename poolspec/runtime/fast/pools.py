"""Fast functions of the pool-bonds fork: rewards with bonds, and the seats' bookkeeping."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from poolspec.runtime.fast.accessors import index_list
from poolspec.runtime.fast.columns import UINT64_MAX, Column, Mask
from poolspec.runtime.fast.contract import Function
from poolspec.runtime.fast.rewards import (
    Deltas,
    all_deltas,
    as_lists,
    inactivity_deltas,
    largest,
)
from poolspec.runtime.fast.state import StateColumns, columns_of

__all__ = [
    "make_get_inactivity_penalty_deltas",
    "make_get_pool_members",
    "make_get_seat_line",
    "make_process_rewards_and_penalties",
    "make_process_unadmitted_validators",
    "pools_of",
]


def _is_pooled(spec: ModuleType, columns: StateColumns, state: Any) -> Mask:
    prefix = columns.registry(state).credentials_prefix
    mask: Mask = prefix == spec.POOLED_WITHDRAWAL_PREFIX[0]
    return mask


def pools_of(spec: ModuleType, columns: StateColumns, state: Any) -> tuple[Column, Mask] | None:
    """Return each validator's pool and whether it has one; ``None`` if the lists do not fit."""
    pools = columns.read(state, "validator_pools")
    if pools.size != columns.registry(state).count:
        return None
    admitted = pools != np.uint64(int(spec.NO_POOL))
    if largest(pools[admitted]) >= len(state.pools) and admitted.any():
        return None
    return pools, admitted


def _pool_inactivity_deltas(spec: ModuleType, columns: StateColumns, state: Any) -> Deltas | None:
    deltas, pools = inactivity_deltas(spec, columns, state), pools_of(spec, columns, state)
    divisor = int(spec.config.POOL_INACTIVITY_PENALTY_DIVISOR)
    if deltas is None or pools is None or not 0 < divisor <= UINT64_MAX:
        return None
    rewards, penalties = deltas
    return rewards, np.where(pools[1], penalties // np.uint64(divisor), penalties)


def make_get_inactivity_penalty_deltas(spec: ModuleType, plain: Function) -> Function:
    columns = columns_of(spec)

    def get_inactivity_penalty_deltas(state: Any) -> Any:
        deltas = _pool_inactivity_deltas(spec, columns, state)
        return plain(state) if deltas is None else as_lists(spec, deltas)

    return get_inactivity_penalty_deltas


def _commissions(spec: ModuleType, state: Any, of_pool: npt.NDArray[np.intp]) -> Column | None:
    """Return the commission (basis points) of the pool of each validator in ``of_pool``."""
    if not of_pool.size:
        return np.zeros(0, np.uint64)
    rates = [int(pool.commission) for pool in state.pools]
    if max(rates, default=0) > spec.BASIS_POINTS:
        return None
    return np.array(rates, np.uint64)[of_pool]


def _saturating_add(left: Column, right: Column) -> Column:
    total: Column = left + right
    return np.where(total < left, np.uint64(UINT64_MAX), total)


def _have_room(deltas: Sequence[Deltas], count: int) -> bool:
    """Whether even the sums over all of ``count`` validators would fit 64 bits."""
    rewards = sum(largest(each) for each, _ in deltas)
    penalties = sum(largest(each) for _, each in deltas)
    return max(rewards, penalties) * max(1, count) <= UINT64_MAX


def _settled_solo(balances: Column, deltas: Sequence[Deltas]) -> Column:
    """Settle source by source, as for validators without a pool."""
    for rewards, penalties in deltas:
        balances = _saturating_add(balances, rewards)
        balances = balances - np.minimum(balances, penalties)
    return balances


def _sums(deltas: Sequence[Deltas], members: npt.NDArray[np.intp]) -> Deltas:
    """Return the rewards and the penalties of some validators, over all sources."""
    rewards = np.stack([each for each, _ in deltas])[:, members].sum(axis=0, dtype=np.uint64)
    penalties = np.stack([each for _, each in deltas])[:, members].sum(axis=0, dtype=np.uint64)
    return rewards, penalties


def make_process_rewards_and_penalties(spec: ModuleType, plain: Function) -> Function:
    columns = columns_of(spec)
    basis = np.uint64(int(spec.BASIS_POINTS))

    def process_rewards_and_penalties(state: Any) -> None:
        if spec.get_current_epoch(state) == spec.GENESIS_EPOCH:
            return
        balances = columns.read(state, "balances")
        pools = pools_of(spec, columns, state)
        deltas = all_deltas(spec, columns, state, _pool_inactivity_deltas)
        if pools is None or deltas is None or balances.size != pools[0].size:
            plain(state)
            return
        members = np.flatnonzero(pools[1])
        of_pool = pools[0][members].astype(np.intp)
        rates = _commissions(spec, state, of_pool)
        if rates is None or not _have_room(deltas, balances.size):
            plain(state)
            return
        is_solo = ~pools[1] & ~_is_pooled(spec, columns, state)
        updated = np.where(is_solo, _settled_solo(balances, deltas), balances)
        rewards, penalties = _sums(deltas, members)
        # In two parts, as the product may not fit into 64 bits
        commissions = rewards // basis * rates + rewards % basis * rates // basis
        updated[members] = _saturating_add(balances[members], rewards - commissions)
        columns.write(state, "balances", updated)
        settle_bonds(state, of_pool, commissions, penalties)

    def settle_bonds(
        state: Any, of_pool: npt.NDArray[np.intp], commissions: Column, penalties: Column
    ) -> None:
        earned, owed = (np.zeros(len(state.pools), np.uint64) for _ in range(2))
        np.add.at(earned, of_pool, commissions)
        np.add.at(owed, of_pool, penalties)
        for position in np.flatnonzero((earned != 0) | (owed != 0)).tolist():
            index = spec.PoolIndex(position)
            spec.settle_bond(state, index, int(earned[position]), int(owed[position]))

    return process_rewards_and_penalties


def make_get_pool_members(spec: ModuleType, plain: Function) -> Function:
    columns = columns_of(spec)

    def get_pool_members(state: Any) -> Sequence[Sequence[Any]]:
        found = pools_of(spec, columns, state)
        if found is None:
            return list(plain(state))
        pools, admitted = found
        positions = np.flatnonzero(admitted)
        members: list[list[Any]] = [[] for _ in range(len(state.pools))]
        indices = index_list(spec, positions, pools.size)
        for index, pool in zip(indices, pools[positions].tolist(), strict=True):
            members[pool].append(index)
        return members

    return get_pool_members


def make_get_seat_line(spec: ModuleType, plain: Function) -> Function:
    columns = columns_of(spec)

    def get_seat_line(state: Any) -> Sequence[Any]:
        found = pools_of(spec, columns, state)
        if found is None:
            return list(plain(state))
        registry = columns.registry(state)
        joined = registry.activation_eligibility_epoch
        may_sit = (
            found[1]
            & (registry.effective_balance == 0)
            & (joined != np.uint64(int(spec.FAR_FUTURE_EPOCH)))
            & (joined <= int(state.finalized_checkpoint.epoch))
        )
        positions = np.flatnonzero(may_sit)
        order = np.argsort(joined[positions], kind="stable")
        return index_list(spec, positions[order], registry.count)

    return get_seat_line


def make_process_unadmitted_validators(spec: ModuleType, plain: Function) -> Function:
    columns = columns_of(spec)

    def process_unadmitted_validators(state: Any) -> None:
        pools = columns.read(state, "validator_pools")
        if pools.size != columns.registry(state).count:
            plain(state)
            return
        unanswered = pools == np.uint64(int(spec.NO_POOL))
        next_epoch = spec.Epoch(spec.get_current_epoch(state) + 1)
        for position in np.flatnonzero(_is_pooled(spec, columns, state) & unanswered).tolist():
            index = spec.ValidatorIndex(position)
            validator = state.validators[index]
            is_weighty = spec.is_seated(validator, next_epoch)
            if is_weighty or spec.is_dead_weight(state, index, next_epoch):
                spec.stand_up(state, index)
            elif spec.is_in_line(validator) and next_epoch < validator.exit_epoch:
                spec.leave_line(state, index)

    return process_unadmitted_validators
