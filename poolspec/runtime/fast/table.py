"""The table of fast functions.

A row is bound only where all that it relies on is still defined by the documents it was written
for. A fork that modifies one of those definitions gets the plain function, or a row of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from types import ModuleType

from poolspec.runtime.fast import (
    accessors,
    blocks,
    committees,
    epoch,
    pools,
    rewards,
    sampling,
    seats,
)
from poolspec.runtime.fast.contract import Factory, Row
from poolspec.runtime.fast.ledger import PoolLedger

__all__ = ["TABLE", "documents_of"]


def documents_of(module: ModuleType) -> dict[str, str]:
    """Return which document each definition of a compiled module comes from."""
    entries: Iterable[tuple[str, str]] = getattr(module, "SOURCE_MAP", ())
    return {entry[0]: entry[1] for entry in entries}


def _fulu(name: str, factory: Factory, *relies_on: str) -> Row:
    """A row that is made of Fulu's definitions alone."""
    return Row(name, factory, fulu=(name, *relies_on))


BALANCES = ("increase_balance", "decrease_balance", "saturating_sub")
ACTIVE = ("Validator", "is_active_validator")
ACTIVE_SET = (*ACTIVE, "get_active_validator_indices")
PARTICIPANTS = (*ACTIVE_SET, "has_flag", "get_unslashed_participating_indices")
FLAG_DELTAS = (*PARTICIPANTS, "get_eligible_validator_indices", "get_total_balance")
SHUFFLING = ("compute_shuffled_index",)
SAMPLING = ("is_sampled_by_balance", "compute_proposer_index")
STATUS = ("is_eligible_for_activation_queue", "is_to_be_ejected", "is_eligible_for_activation")
CREDENTIALS = (
    "get_max_effective_balance",
    "has_compounding_withdrawal_credential",
    "has_eth1_withdrawal_credential",
    "has_execution_withdrawal_credential",
    "is_compounding_withdrawal_credential",
)
WITHDRAWABLE = ("is_fully_withdrawable_validator", "is_partially_withdrawable_validator")
DELTAS = ("get_flag_index_deltas", "get_inactivity_penalty_deltas")
APPLY = ("apply_reward", "apply_penalty")
POOLED = ("has_pooled_withdrawal_credential", "is_pooled_credentials")
BONDS = ("is_admitted", "get_commission", "increase_balance")

FULU_ROWS: tuple[Row, ...] = (
    _fulu("get_active_validator_indices", accessors.make_get_active_validator_indices, *ACTIVE),
    _fulu("get_committee_count_per_slot", accessors.make_get_committee_count_per_slot, *ACTIVE_SET),
    _fulu("get_total_balance", accessors.make_get_total_balance, "Validator"),
    _fulu(
        "get_total_active_balance",
        accessors.make_get_total_active_balance,
        *ACTIVE_SET,
        "get_total_balance",
    ),
    _fulu(
        "get_unslashed_participating_indices",
        accessors.make_get_unslashed_participating_indices,
        *ACTIVE,
        "has_flag",
    ),
    _fulu("get_eligible_validator_indices", accessors.make_get_eligible_validator_indices, *ACTIVE),
    _fulu(
        "get_validator_index_by_pubkey",
        accessors.make_get_validator_index_by_pubkey,
        "Validator",
    ),
    _fulu(
        "get_current_sync_committee_indices",
        accessors.make_get_current_sync_committee_indices,
        "Validator",
    ),
    _fulu("compute_shuffled_index", committees.make_compute_shuffled_index),
    _fulu("compute_committee", committees.make_compute_committee, *SHUFFLING),
    _fulu(
        "get_beacon_committee",
        committees.make_get_beacon_committee,
        *ACTIVE_SET,
        *SHUFFLING,
        "compute_committee",
    ),
    _fulu("get_attesting_indices", committees.make_get_attesting_indices),
    _fulu(
        "is_valid_indexed_attestation",
        committees.make_is_valid_indexed_attestation,
        "Validator",
    ),
    _fulu(
        "compute_proposer_index", sampling.make_compute_proposer_index, *SHUFFLING, *SAMPLING[:1]
    ),
    _fulu(
        "compute_proposer_indices", sampling.make_compute_proposer_indices, *SHUFFLING, *SAMPLING
    ),
    _fulu(
        "get_next_sync_committee_indices",
        sampling.make_get_next_sync_committee_indices,
        *ACTIVE_SET,
        *SHUFFLING,
        *SAMPLING[:1],
    ),
    _fulu("get_flag_index_deltas", rewards.make_get_flag_index_deltas, *FLAG_DELTAS),
    _fulu(
        "get_inactivity_penalty_deltas",
        rewards.make_get_inactivity_penalty_deltas,
        *FLAG_DELTAS,
    ),
    _fulu(
        "process_rewards_and_penalties",
        rewards.make_process_rewards_and_penalties,
        *FLAG_DELTAS,
        *DELTAS,
        *APPLY,
        *BALANCES,
    ),
    _fulu(
        "process_inactivity_updates",
        rewards.make_process_inactivity_updates,
        *FLAG_DELTAS,
    ),
    _fulu(
        "process_justification_and_finalization",
        rewards.make_process_justification_and_finalization,
        *PARTICIPANTS,
        "get_total_balance",
        "get_total_active_balance",
    ),
    _fulu(
        "process_registry_updates",
        epoch.make_process_registry_updates,
        *ACTIVE,
        *STATUS,
        "initiate_validator_exit",
    ),
    _fulu(
        "get_slashing_penalty_per_increment",
        epoch.make_get_slashing_penalty_per_increment,
    ),
    _fulu(
        "process_slashings",
        epoch.make_process_slashings,
        "Validator",
        "is_slashing_penalty_due",
    ),
    _fulu(
        "process_effective_balance_updates",
        epoch.make_process_effective_balance_updates,
        "Validator",
    ),
    _fulu(
        "process_participation_flag_updates",
        epoch.make_process_participation_flag_updates,
    ),
    _fulu(
        "add_participation_flags",
        blocks.make_add_participation_flags,
        "Validator",
        "add_flag",
        "has_flag",
        "get_base_reward",
    ),
    _fulu("process_sync_aggregate", blocks.make_process_sync_aggregate, *BALANCES, *APPLY),
    _fulu(
        "get_validators_sweep_withdrawals",
        blocks.make_get_validators_sweep_withdrawals,
        "Validator",
        "get_balance_after_withdrawals",
        *CREDENTIALS,
        *WITHDRAWABLE,
    ),
)

POOLBONDS_ROWS: tuple[Row, ...] = (
    Row(
        "compute_proposer_index",
        sampling.make_compute_proposer_index,
        fulu=SHUFFLING,
        poolbonds=(*SAMPLING, "has_weight"),
    ),
    Row(
        "compute_proposer_indices",
        sampling.make_compute_proposer_indices,
        fulu=("compute_proposer_indices", *SHUFFLING),
        poolbonds=(*SAMPLING, "has_weight"),
    ),
    Row(
        "get_next_sync_committee_indices",
        sampling.make_get_next_sync_committee_indices,
        fulu=(*ACTIVE_SET, *SHUFFLING),
        poolbonds=("get_next_sync_committee_indices", *SAMPLING[:1], "has_weight"),
    ),
    Row(
        "process_justification_and_finalization",
        partial(rewards.make_process_justification_and_finalization, has_floor=False),
        fulu=(*PARTICIPANTS, "get_total_balance", "get_total_active_balance"),
        poolbonds=("process_justification_and_finalization", "get_target_weight"),
    ),
    Row(
        "get_inactivity_penalty_deltas",
        pools.make_get_inactivity_penalty_deltas,
        fulu=FLAG_DELTAS,
        poolbonds=("get_inactivity_penalty_deltas", "is_admitted"),
    ),
    Row(
        "process_rewards_and_penalties",
        pools.make_process_rewards_and_penalties,
        fulu=(*FLAG_DELTAS, DELTAS[0], *BALANCES[1:]),
        poolbonds=(
            "process_rewards_and_penalties",
            "get_attestation_deltas",
            "get_pool_deltas",
            DELTAS[1],
            *APPLY,
            *BONDS,
            *POOLED,
        ),
    ),
    Row(
        "process_registry_updates",
        epoch.make_process_registry_updates,
        fulu=(*ACTIVE, "process_registry_updates"),
        poolbonds=(*STATUS, *POOLED, "initiate_validator_exit"),
    ),
    Row(
        "process_slashings",
        epoch.make_process_slashings,
        fulu=("Validator", "process_slashings"),
        poolbonds=("is_slashing_penalty_due",),
    ),
    Row(
        "process_effective_balance_updates",
        epoch.make_process_effective_balance_updates,
        fulu=("Validator",),
        poolbonds=("process_effective_balance_updates", *POOLED),
    ),
    Row(
        "process_sync_aggregate",
        partial(blocks.make_process_sync_aggregate, ledger_type=PoolLedger),
        fulu=("process_sync_aggregate", *BALANCES[1:]),
        poolbonds=(*APPLY, *BONDS, *POOLED, "charge_bond"),
    ),
    Row(
        "get_validators_sweep_withdrawals",
        blocks.make_get_validators_sweep_withdrawals,
        fulu=(
            "Validator",
            "get_validators_sweep_withdrawals",
            "get_balance_after_withdrawals",
            *CREDENTIALS,
        ),
        poolbonds=(*WITHDRAWABLE, *POOLED),
    ),
    Row(
        "get_pool_members",
        pools.make_get_pool_members,
        poolbonds=("get_pool_members",),
    ),
    Row(
        "get_seat_line",
        pools.make_get_seat_line,
        fulu=("Validator",),
        poolbonds=("get_seat_line", "is_admitted", "is_in_line"),
    ),
    Row(
        "process_unadmitted_validators",
        pools.make_process_unadmitted_validators,
        fulu=("Validator",),
        poolbonds=("process_unadmitted_validators", "is_admitted", *POOLED),
    ),
    Row(
        "process_pool_seats",
        seats.make_process_pool_seats,
        fulu=("Validator", "saturating_sub"),
        poolbonds=(
            "process_pool_seats",
            "keep_seats",
            "line_up",
            "get_pool_members",
            "is_seated",
            "is_dead_weight",
            "is_absent",
            "is_in_line",
            "is_able_to_sit",
            "saturating_add",
        ),
    ),
)

TABLE: tuple[Row, ...] = FULU_ROWS + POOLBONDS_ROWS
