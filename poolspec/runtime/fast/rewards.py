"""Fast functions of the epoch's rewards, penalties and inactivity scores.

Each computes on whole columns where no intermediate value can leave 64 bits, and leaves the state
to the plain function where one could, which then raises as the documents say.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from poolspec.runtime.fast.columns import UINT64_MAX, Column, Mask, exact_sum
from poolspec.runtime.fast.contract import Function
from poolspec.runtime.fast.registry import Registry
from poolspec.runtime.fast.state import StateColumns, columns_of

__all__ = [
    "Deltas",
    "all_deltas",
    "as_lists",
    "inactivity_deltas",
    "largest",
    "make_get_flag_index_deltas",
    "make_get_inactivity_penalty_deltas",
    "make_process_inactivity_updates",
    "make_process_justification_and_finalization",
    "make_process_rewards_and_penalties",
]

Deltas = tuple[Column, Column]

PREVIOUS = "previous_epoch_participation"
CURRENT = "current_epoch_participation"


def largest(column: Column) -> int:
    """Return the largest value of a column, 0 if it is empty."""
    return int(column.max()) if column.size else 0


def _weight(registry: Registry, mask: Mask) -> int:
    """Return the effective balance (Gwei) of those in the mask."""
    return exact_sum(registry.effective_balance[mask])


def _balance_of(spec: ModuleType, registry: Registry, mask: Mask) -> int:
    """Return the same, at least one increment."""
    return max(_weight(registry, mask), int(spec.EFFECTIVE_BALANCE_INCREMENT))


def _flag_deltas(
    spec: ModuleType, columns: StateColumns, state: Any, flag_index: int
) -> Deltas | None:
    """Return rewards and penalties for a flag; ``None`` if a value could leave 64 bits."""
    registry = columns.registry(state)
    epoch = int(spec.get_previous_epoch(state))
    present = _previous_participants(spec, columns, state, flag_index)
    if present is None:
        return None
    increment = int(spec.EFFECTIVE_BALANCE_INCREMENT)
    present_balance = _balance_of(spec, registry, present)
    active_balance = int(spec.get_total_active_balance(state))
    per_increment = int(spec.get_base_reward_per_increment(state))
    weight = int(spec.PARTICIPATION_FLAG_WEIGHTS[flag_index])
    denominator = int(spec.WEIGHT_DENOMINATOR)
    eligible = registry.eligible(epoch)
    increments = registry.effective_balance // np.uint64(increment)
    present_increments = present_balance // increment
    divisor = active_balance // increment * denominator
    most = largest(increments) * per_increment * weight
    if max(most * max(1, present_increments), present_balance, divisor) > UINT64_MAX:
        return None
    weighted = increments * np.uint64(per_increment * weight)
    nothing = np.zeros_like(weighted)
    rewards = penalties = nothing
    if not spec.is_in_inactivity_leak(state):
        earned = weighted * np.uint64(present_increments) // np.uint64(divisor)
        rewards = np.where(eligible & present, earned, nothing)
    if flag_index != spec.TIMELY_HEAD_FLAG_INDEX:
        penalties = np.where(eligible & ~present, weighted // np.uint64(denominator), nothing)
    return rewards, penalties


def _previous_participants(
    spec: ModuleType, columns: StateColumns, state: Any, flag_index: int
) -> Mask | None:
    """Return who took part in the previous epoch; at genesis, that is the current one."""
    epoch = spec.get_previous_epoch(state)
    field = CURRENT if epoch == spec.get_current_epoch(state) else PREVIOUS
    return columns.participating(state, flag_index, field, int(epoch))


def inactivity_deltas(spec: ModuleType, columns: StateColumns, state: Any) -> Deltas | None:
    """Return the inactivity penalties; ``None`` if a value could leave 64 bits."""
    registry = columns.registry(state)
    present = _previous_participants(spec, columns, state, int(spec.TIMELY_TARGET_FLAG_INDEX))
    scores = columns.read(state, "inactivity_scores")
    if present is None or scores.size != registry.count:
        return None
    absent = registry.eligible(int(spec.get_previous_epoch(state))) & ~present
    balances = np.where(absent, registry.effective_balance, np.uint64(0))
    if largest(balances) * largest(scores) > UINT64_MAX:
        return None
    divisor = spec.config.INACTIVITY_SCORE_BIAS * spec.INACTIVITY_PENALTY_QUOTIENT_BELLATRIX
    return np.zeros_like(balances), balances * scores // np.uint64(divisor)


def as_lists(spec: ModuleType, deltas: Deltas) -> tuple[list[Any], list[Any]]:
    """Return rewards and penalties as the documents' functions do."""
    gwei = spec.Gwei
    rewards, penalties = deltas
    return [gwei(each) for each in rewards.tolist()], [gwei(each) for each in penalties.tolist()]


def make_get_flag_index_deltas(spec: ModuleType, plain: Function) -> Function:
    columns = columns_of(spec)

    def get_flag_index_deltas(state: Any, flag_index: int) -> Any:
        deltas = None
        if 0 <= flag_index < len(spec.PARTICIPATION_FLAG_WEIGHTS):
            deltas = _flag_deltas(spec, columns, state, int(flag_index))
        return plain(state, flag_index) if deltas is None else as_lists(spec, deltas)

    return get_flag_index_deltas


def make_get_inactivity_penalty_deltas(spec: ModuleType, plain: Function) -> Function:
    columns = columns_of(spec)

    def get_inactivity_penalty_deltas(state: Any) -> Any:
        deltas = inactivity_deltas(spec, columns, state)
        return plain(state) if deltas is None else as_lists(spec, deltas)

    return get_inactivity_penalty_deltas


def all_deltas(
    spec: ModuleType,
    columns: StateColumns,
    state: Any,
    inactivity: Callable[[ModuleType, StateColumns, Any], Deltas | None] = inactivity_deltas,
) -> list[Deltas] | None:
    """Return the deltas of all sources, in the order in which they are applied."""
    found: list[Deltas] = []
    for flag_index in range(len(spec.PARTICIPATION_FLAG_WEIGHTS)):
        deltas = _flag_deltas(spec, columns, state, flag_index)
        if deltas is None:
            return None
        found.append(deltas)
    deltas = inactivity(spec, columns, state)
    return None if deltas is None else [*found, deltas]


def make_process_rewards_and_penalties(spec: ModuleType, plain: Function) -> Function:
    columns = columns_of(spec)

    def process_rewards_and_penalties(state: Any) -> None:
        if spec.get_current_epoch(state) == spec.GENESIS_EPOCH:
            return
        balances = columns.read(state, "balances")
        deltas = all_deltas(spec, columns, state)
        if deltas is None or balances.size != columns.registry(state).count:
            plain(state)
            return
        most = largest(balances) + sum(largest(rewards) for rewards, _ in deltas)
        if most > UINT64_MAX:
            plain(state)
            return
        for rewards, penalties in deltas:
            balances = balances + rewards
            balances -= np.minimum(balances, penalties)
        columns.write(state, "balances", balances)

    return process_rewards_and_penalties


def make_process_inactivity_updates(spec: ModuleType, plain: Function) -> Function:
    columns = columns_of(spec)

    def process_inactivity_updates(state: Any) -> None:
        if spec.get_current_epoch(state) == spec.GENESIS_EPOCH:
            return
        registry = columns.registry(state)
        scores = columns.read(state, "inactivity_scores")
        present = _previous_participants(spec, columns, state, int(spec.TIMELY_TARGET_FLAG_INDEX))
        bias = int(spec.config.INACTIVITY_SCORE_BIAS)
        if present is None or scores.size != registry.count or largest(scores) + bias > UINT64_MAX:
            plain(state)
            return
        eligible = registry.eligible(int(spec.get_previous_epoch(state)))
        updated = np.where(
            present, scores - np.minimum(scores, np.uint64(1)), scores + np.uint64(bias)
        )
        if not spec.is_in_inactivity_leak(state):
            recovery = np.uint64(int(spec.config.INACTIVITY_SCORE_RECOVERY_RATE))
            updated -= np.minimum(updated, recovery)
        columns.write(state, "inactivity_scores", np.where(eligible, updated, scores))

    return process_inactivity_updates


def make_process_justification_and_finalization(
    spec: ModuleType, plain: Function, has_floor: bool = True
) -> Function:
    """``has_floor``: votes weigh at least one increment, even if there are none."""
    columns = columns_of(spec)

    def process_justification_and_finalization(state: Any) -> None:
        current = int(spec.get_current_epoch(state))
        if current <= spec.GENESIS_EPOCH + 1:
            return
        registry = columns.registry(state)
        flag = int(spec.TIMELY_TARGET_FLAG_INDEX)
        totals = [_balance_of(spec, registry, registry.active(current))]
        for field, epoch in ((PREVIOUS, current - 1), (CURRENT, current)):
            present = columns.participating(state, flag, field, epoch)
            if present is None:
                plain(state)
                return
            weight = _weight(registry, present)
            totals.append(_balance_of(spec, registry, present) if has_floor else weight)
        if max(totals) > UINT64_MAX:
            plain(state)
            return
        spec.weigh_justification_and_finalization(state, *[spec.Gwei(each) for each in totals])

    return process_justification_and_finalization
