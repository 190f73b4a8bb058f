"""Attestations, each an aggregate over the committees of one slot."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tests.helpers.blocks import head_root
from tests.helpers.keys import sign_together

Voters = Callable[[Sequence[int]], Iterable[int]]
"""Chooses from the members of a committee those that vote."""


def everyone(members: Sequence[int]) -> Iterable[int]:
    """All members."""
    return members


def fraction(numerator: int, denominator: int) -> Voters:
    """The first members of each committee, rounded down, but one at least."""
    return lambda members: members[: max(len(members) * numerator // denominator, 1)]


def build_attestation_data(spec: Any, state: Any, slot: Any) -> Any:
    """An honest vote cast in `slot`, at or before the state's, as seen by the state."""

    def root_at(at: Any) -> Any:
        return spec.get_block_root_at_slot(state, at) if at < state.slot else head_root(spec, state)

    epoch = spec.compute_epoch_at_slot(slot)
    is_current = epoch == spec.get_current_epoch(state)
    return spec.AttestationData(
        slot=slot,
        index=0,
        beacon_block_root=root_at(slot),
        source=state.current_justified_checkpoint
        if is_current
        else state.previous_justified_checkpoint,
        target=spec.Checkpoint(epoch=epoch, root=root_at(spec.compute_start_slot_at_epoch(epoch))),
    )


def build_attestation(
    spec: Any,
    state: Any,
    slot: Any = None,
    committees: Iterable[int] | None = None,
    voters: Voters = everyone,
    signed: bool = True,
) -> Any:
    """The votes of some committees of a slot (all of them, and the state's slot, by default)."""
    slot = spec.Slot(state.slot if slot is None else slot)
    count = int(spec.get_committee_count_per_slot(state, spec.compute_epoch_at_slot(slot)))
    chosen = sorted(range(count) if committees is None else committees)
    bits: list[bool] = []
    for index in chosen:
        members = [
            int(i) for i in spec.get_beacon_committee(state, slot, spec.CommitteeIndex(index))
        ]
        voting = set(voters(members))
        bits += [member in voting for member in members]
    attestation = spec.Attestation(
        aggregation_bits=spec.AggregationBits(bits),
        data=build_attestation_data(spec, state, slot),
        committee_bits=spec.CommitteeBits(
            [index in chosen for index in range(int(spec.MAX_COMMITTEES_PER_SLOT))]
        ),
    )
    if signed:
        sign_attestation(spec, state, attestation)
    return attestation


def sign_attestation(spec: Any, state: Any, attestation: Any) -> None:
    """Put the aggregate of the voters' signatures into the attestation."""
    indices = sorted(spec.get_attesting_indices(state, attestation))
    attestation.signature = sign_vote(spec, state, attestation.data, indices)


def sign_vote(spec: Any, state: Any, data: Any, indices: Iterable[int]) -> Any:
    """The aggregate signature of these validators over a vote."""
    domain = spec.get_domain(state, spec.DOMAIN_BEACON_ATTESTER, data.target.epoch)
    pubkeys = [state.validators[index].pubkey for index in indices]
    return sign_together(spec, pubkeys, data, domain)
