"""A slot in which evidence is included, and what a slashing leaves behind."""

from typing import Any

from tests.helpers.pools import SEAT

EPOCH = 10
"""The epoch in which the evidence is included."""

PROPOSER = 50
"""Who includes it: a solo validator unless a test makes it something else."""

EXIT_EPOCH = EPOCH + 5
"""Of whoever leaves without a queue."""

INITIAL_PENALTY = SEAT // 4096
"""7,812,500 Gwei, and so much is the reward for a report as well."""


def stand_in_epoch(spec: Any, state: Any) -> None:
    """Stand in the third slot of the epoch, which `PROPOSER` has."""
    state.slot = spec.Slot(EPOCH * int(spec.SLOTS_PER_EPOCH) + 2)
    state.proposer_lookahead[2] = PROPOSER


def slashed_weight(spec: Any, state: Any) -> int:
    """What has been slashed in this epoch, in Gwei."""
    return int(state.slashings[EPOCH % int(spec.EPOCHS_PER_SLASHINGS_VECTOR)])


def penalty_epoch(spec: Any) -> int:
    """When the correlation penalty falls."""
    return EPOCH + int(spec.EPOCHS_PER_SLASHINGS_VECTOR) // 2


def owed(state: Any) -> list[tuple[int, int]]:
    """The pending penalties, as (pool, epoch)."""
    return [(int(p.pool_index), int(p.penalty_epoch)) for p in state.pending_pool_penalties]
