"""The table of fast functions.

A row is written for the function of one document tree, and relies on what other functions there do:
its ``relies_on`` names those whose meaning is built into it. It is bound only where all of them are
still the ones it was written for; a fork that modifies one of them gets the plain function, or the
fast one of a row of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType

from poolspec.runtime.fast import accessors, blocks, committees, epoch, rewards, sampling
from poolspec.runtime.fast.types import Factory

__all__ = ["TABLE", "Row", "documents_of"]

FULU = "specs/fulu/"


@dataclass(frozen=True)
class Row:
    """A fast function, what it relies on, and the documents that must define all of it."""

    name: str
    factory: Factory
    relies_on: tuple[str, ...] = ()
    documents: str = FULU

    def fits(self, documents: Mapping[str, str]) -> bool:
        """Whether a module, given by the document of each name, has what the row was made for."""
        return all(
            documents.get(name, "").startswith(self.documents)
            for name in (self.name, *self.relies_on)
        )


def documents_of(module: ModuleType) -> dict[str, str]:
    """Return which document each definition of a compiled module comes from."""
    entries: Iterable[tuple[str, str]] = getattr(module, "SOURCE_MAP", ())
    return {entry[0]: entry[1] for entry in entries}


BALANCES = ("increase_balance", "decrease_balance", "saturating_sub")
ACTIVE = ("Validator", "is_active_validator")
PARTICIPANTS = (*ACTIVE, "has_flag", "get_unslashed_participating_indices", "get_total_balance")
FLAG_DELTAS = (*PARTICIPANTS, "get_eligible_validator_indices")
SHUFFLING = ("compute_shuffled_index",)
SAMPLING = (*SHUFFLING, "is_sampled_by_balance", "compute_proposer_index")

TABLE: tuple[Row, ...] = (
    Row("get_active_validator_indices", accessors.make_get_active_validator_indices, ACTIVE),
    Row(
        "get_committee_count_per_slot",
        accessors.make_get_committee_count_per_slot,
        (*ACTIVE, "get_active_validator_indices"),
    ),
    Row("get_total_balance", accessors.make_get_total_balance, ("Validator",)),
    Row(
        "get_total_active_balance",
        accessors.make_get_total_active_balance,
        (*ACTIVE, "get_active_validator_indices", "get_total_balance"),
    ),
    Row(
        "get_unslashed_participating_indices",
        accessors.make_get_unslashed_participating_indices,
        (*ACTIVE, "has_flag"),
    ),
    Row("get_eligible_validator_indices", accessors.make_get_eligible_validator_indices, ACTIVE),
    Row(
        "get_validator_index_by_pubkey",
        accessors.make_get_validator_index_by_pubkey,
        ("Validator",),
    ),
    Row(
        "get_current_sync_committee_indices",
        accessors.make_get_current_sync_committee_indices,
        ("Validator",),
    ),
    Row("compute_shuffled_index", committees.make_compute_shuffled_index),
    Row("compute_committee", committees.make_compute_committee, SHUFFLING),
    Row(
        "get_beacon_committee",
        committees.make_get_beacon_committee,
        (*ACTIVE, *SHUFFLING, "compute_committee", "get_active_validator_indices"),
    ),
    Row("get_attesting_indices", committees.make_get_attesting_indices),
    Row(
        "is_valid_indexed_attestation",
        committees.make_is_valid_indexed_attestation,
        ("Validator",),
    ),
    Row("compute_proposer_index", sampling.make_compute_proposer_index, SAMPLING[:-1]),
    Row("compute_proposer_indices", sampling.make_compute_proposer_indices, SAMPLING),
    Row(
        "get_next_sync_committee_indices",
        sampling.make_get_next_sync_committee_indices,
        (*ACTIVE, *SAMPLING[:-1], "get_active_validator_indices"),
    ),
    Row("get_flag_index_deltas", rewards.make_get_flag_index_deltas, FLAG_DELTAS),
    Row(
        "get_inactivity_penalty_deltas",
        rewards.make_get_inactivity_penalty_deltas,
        FLAG_DELTAS,
    ),
    Row(
        "process_rewards_and_penalties",
        rewards.make_process_rewards_and_penalties,
        (
            *FLAG_DELTAS,
            *BALANCES,
            "get_flag_index_deltas",
            "get_inactivity_penalty_deltas",
            "apply_reward",
            "apply_penalty",
        ),
    ),
    Row(
        "process_inactivity_updates",
        rewards.make_process_inactivity_updates,
        FLAG_DELTAS,
    ),
    Row(
        "process_justification_and_finalization",
        rewards.make_process_justification_and_finalization,
        (*PARTICIPANTS, "get_active_validator_indices", "get_total_active_balance"),
    ),
    Row(
        "process_registry_updates",
        epoch.make_process_registry_updates,
        (
            *ACTIVE,
            "is_eligible_for_activation_queue",
            "is_to_be_ejected",
            "is_eligible_for_activation",
            "initiate_validator_exit",
        ),
    ),
    Row(
        "get_slashing_penalty_per_increment",
        epoch.make_get_slashing_penalty_per_increment,
    ),
    Row(
        "process_slashings",
        epoch.make_process_slashings,
        ("Validator", "is_slashing_penalty_due"),
    ),
    Row(
        "process_effective_balance_updates",
        epoch.make_process_effective_balance_updates,
        ("Validator",),
    ),
    Row(
        "process_participation_flag_updates",
        epoch.make_process_participation_flag_updates,
    ),
    Row(
        "add_participation_flags",
        blocks.make_add_participation_flags,
        ("Validator", "add_flag", "has_flag", "get_base_reward"),
    ),
    Row(
        "process_sync_aggregate",
        blocks.make_process_sync_aggregate,
        (*BALANCES, "apply_reward", "apply_penalty"),
    ),
    Row(
        "get_validators_sweep_withdrawals",
        blocks.make_get_validators_sweep_withdrawals,
        (
            "Validator",
            "get_balance_after_withdrawals",
            "get_max_effective_balance",
            "has_compounding_withdrawal_credential",
            "has_eth1_withdrawal_credential",
            "has_execution_withdrawal_credential",
            "is_compounding_withdrawal_credential",
            "is_fully_withdrawable_validator",
            "is_partially_withdrawable_validator",
        ),
    ),
)
