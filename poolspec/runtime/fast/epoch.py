"""Fast functions of the registry's part of an epoch: activations, ejections, slashings, balances.

They find, on columns, the few validators for which the plain function does something, and do just
that for each of them with the documents' own functions.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
from remerkleable.tree import RootNode

from poolspec.runtime.codec import list_length
from poolspec.runtime.fast.columns import UINT64_MAX, Mask, exact_sum
from poolspec.runtime.fast.contract import Function
from poolspec.runtime.fast.registry import Registry
from poolspec.runtime.fast.state import columns_of
from poolspec.runtime.fast.tree import replace_many
from poolspec.runtime.nodes import (
    CHUNK_SIZE,
    Pair,
    chunks_to_tree,
    mix_in_length,
    node_at,
    replace_at,
)

__all__ = [
    "make_get_slashing_penalty_per_increment",
    "make_process_effective_balance_updates",
    "make_process_participation_flag_updates",
    "make_process_registry_updates",
    "make_process_slashings",
]


def _indices(spec: ModuleType, mask: Mask) -> list[Any]:
    return [spec.ValidatorIndex(index) for index in np.flatnonzero(mask).tolist()]


def _solo(spec: ModuleType, registry: Registry) -> Mask:
    """Return who is not pooled, in a fork that has pools; elsewhere, everybody."""
    prefix = getattr(spec, "POOLED_WITHDRAWAL_PREFIX", None)
    if prefix is None:
        return np.ones(registry.count, np.bool_)
    mask: Mask = registry.credentials_prefix != prefix[0]
    return mask


def _may_change_status(spec: ModuleType, state: Any, registry: Registry) -> Mask:
    """Return who may line up, be ejected or be activated."""
    unset = np.uint64(int(spec.FAR_FUTURE_EPOCH))
    epoch = int(spec.get_current_epoch(state))
    finalized = int(state.finalized_checkpoint.epoch)
    balances, eligibility = registry.effective_balance, registry.activation_eligibility_epoch
    may_line_up = (eligibility == unset) & (balances >= int(spec.MIN_ACTIVATION_BALANCE))
    too_little = registry.active(epoch) & (balances <= int(spec.config.EJECTION_BALANCE))
    may_start = (registry.activation_epoch == unset) & (eligibility <= finalized)
    candidates: Mask = (may_line_up | too_little | may_start) & _solo(spec, registry)
    return candidates


def make_process_registry_updates(spec: ModuleType, plain: Function) -> Function:
    columns = columns_of(spec)

    def process_registry_updates(state: Any) -> None:
        epoch = spec.get_current_epoch(state)
        for index in _indices(spec, _may_change_status(spec, state, columns.registry(state))):
            validator = state.validators[index]
            if spec.is_eligible_for_activation_queue(validator):
                validator.activation_eligibility_epoch = spec.Epoch(epoch + 1)
            elif spec.is_to_be_ejected(state, index):
                spec.initiate_validator_exit(state, index)
            elif spec.is_eligible_for_activation(state, validator):
                validator.activation_epoch = spec.compute_activation_exit_epoch(epoch)

    return process_registry_updates


def make_get_slashing_penalty_per_increment(spec: ModuleType, plain: Function) -> Function:
    columns = columns_of(spec)

    def get_slashing_penalty_per_increment(state: Any) -> Any:
        slashed = exact_sum(columns.read(state, "slashings"))
        slashed *= int(spec.PROPORTIONAL_SLASHING_MULTIPLIER_BELLATRIX)
        if slashed > UINT64_MAX:
            return plain(state)
        total = int(spec.get_total_active_balance(state))
        return spec.Gwei(min(slashed, total) // (total // int(spec.EFFECTIVE_BALANCE_INCREMENT)))

    return get_slashing_penalty_per_increment


def make_process_slashings(spec: ModuleType, plain: Function) -> Function:
    columns = columns_of(spec)

    def process_slashings(state: Any) -> None:
        epoch = spec.get_current_epoch(state)
        per_increment = spec.get_slashing_penalty_per_increment(state)
        registry = columns.registry(state)
        due_epoch = int(epoch) + int(spec.EPOCHS_PER_SLASHINGS_VECTOR) // 2
        due = registry.slashed & (registry.withdrawable_epoch == due_epoch)
        for index in _indices(spec, due):
            validator = state.validators[index]
            if spec.is_slashing_penalty_due(validator, epoch):
                increments = validator.effective_balance // spec.EFFECTIVE_BALANCE_INCREMENT
                spec.apply_penalty(state, index, spec.Gwei(per_increment * increments))

    return process_slashings


def make_process_effective_balance_updates(spec: ModuleType, plain: Function) -> Function:
    columns = columns_of(spec)
    validators_type = spec.BeaconState.fields()["validators"]
    validator_type = validators_type.element_cls()
    depth = validators_type.contents_depth()
    field_index = validator_type._field_indices["effective_balance"]
    field_depth = validator_type.tree_depth()

    def set_effective_balances(state: Any, updates: dict[int, int]) -> None:
        node = state.validators.get_backing()
        contents = node.get_left()
        changed = []
        for index, balance in updates.items():
            leaf = RootNode(balance.to_bytes(CHUNK_SIZE, "little"))
            validator = node_at(contents, index, depth)
            changed.append(replace_at(validator, field_index, field_depth, leaf))
        contents = replace_many(contents, depth, list(updates), changed)
        state.validators.set_backing(Pair(contents, node.get_right()))

    def process_effective_balance_updates(state: Any) -> None:
        registry = columns.registry(state)
        balances = columns.read(state, "balances")
        effective = registry.effective_balance
        step = int(spec.EFFECTIVE_BALANCE_INCREMENT) // int(spec.HYSTERESIS_QUOTIENT)
        down = step * int(spec.HYSTERESIS_DOWNWARD_MULTIPLIER)
        up = step * int(spec.HYSTERESIS_UPWARD_MULTIPLIER)
        if balances.size < registry.count or (
            registry.count
            and max(int(balances.max()) + down, int(effective.max()) + up) > UINT64_MAX
        ):
            plain(state)
            return
        balances = balances[: registry.count]
        fell = balances + np.uint64(down) < effective
        rose = effective + np.uint64(up) < balances
        increment = int(spec.EFFECTIVE_BALANCE_INCREMENT)
        updates = {}
        moved = (fell | rose) & _solo(spec, registry)
        for index in np.flatnonzero(moved).tolist():
            balance = int(balances[index])
            most = spec.get_max_effective_balance(state.validators[index])
            updates[index] = min(balance - balance % increment, int(most))
        if updates:
            set_effective_balances(state, updates)

    return process_effective_balance_updates


def make_process_participation_flag_updates(spec: ModuleType, plain: Function) -> Function:
    list_type = spec.BeaconState.fields()["current_epoch_participation"]
    depth = list_type.contents_depth()

    def process_participation_flag_updates(state: Any) -> None:
        state.previous_epoch_participation = state.current_epoch_participation
        count = list_length(state.validators.get_backing())
        blank = mix_in_length(chunks_to_tree(bytes(count), depth), count)
        state.current_epoch_participation = list_type.view_from_backing(blank)

    return process_participation_flag_updates
