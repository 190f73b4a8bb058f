"""Let slots and epochs pass, with and without blocks."""

from typing import Any

from tests.helpers.attestations import Voters, build_attestation, everyone
from tests.helpers.blocks import propose


def transition_to(spec: Any, state: Any, slot: int) -> None:
    """Let empty slots pass up to `slot`; nothing happens if the state is there already."""
    if state.slot < slot:
        spec.process_slots(state, spec.Slot(slot))


def next_slots(spec: Any, state: Any, count: int = 1) -> None:
    """Let empty slots pass."""
    transition_to(spec, state, int(state.slot) + count)


def next_epoch(spec: Any, state: Any, count: int = 1) -> None:
    """Let empty slots pass until an epoch begins: the next, or the `count`-th from here."""
    epoch = int(spec.get_current_epoch(state)) + count
    transition_to(spec, state, epoch * int(spec.SLOTS_PER_EPOCH))


def transition_to_last_slot_of_epoch(spec: Any, state: Any) -> None:
    """Let empty slots pass up to the one at whose end the epoch is processed."""
    epoch_length = int(spec.SLOTS_PER_EPOCH)
    transition_to(spec, state, (int(state.slot) // epoch_length + 1) * epoch_length - 1)


def next_slots_with_attestations(
    spec: Any,
    state: Any,
    count: int,
    *,
    current: bool = True,
    previous: bool = False,
    voters: Voters = everyone,
) -> list[Any]:
    """Advance by `count` blocks and give them.

    With `current`, a block holds the votes of the slot before it if that is in the same epoch; with
    `previous`, those of the slot one epoch before it.
    """
    return [
        propose(spec, state, _with_votes(spec, state, current, previous, voters))
        for _ in range(count)
    ]


def next_epoch_with_attestations(
    spec: Any,
    state: Any,
    *,
    current: bool = True,
    previous: bool = False,
    voters: Voters = everyone,
) -> list[Any]:
    """Advance by as many blocks as an epoch has slots, with votes as above."""
    return next_slots_with_attestations(
        spec,
        state,
        int(spec.SLOTS_PER_EPOCH),
        current=current,
        previous=previous,
        voters=voters,
    )


def _with_votes(spec: Any, state: Any, current: bool, previous: bool, voters: Voters) -> Any:
    """A change that puts votes into a block. It runs when the state stands at the block's slot."""

    def change(block: Any) -> None:
        slots = []
        latest = int(state.slot) - int(spec.MIN_ATTESTATION_INCLUSION_DELAY)
        if current and latest // spec.SLOTS_PER_EPOCH == spec.get_current_epoch(state):
            slots.append(latest)
        if previous and state.slot >= spec.SLOTS_PER_EPOCH:
            slots.append(int(state.slot) - int(spec.SLOTS_PER_EPOCH))
        for slot in slots:
            block.body.attestations.append(build_attestation(spec, state, slot, voters=voters))

    return change


def set_participation(
    spec: Any, state: Any, *, previous: bool = True, current: bool = True
) -> None:
    """Mark every validator as having voted timely for source, target and head."""
    flags = spec.ParticipationFlags((1 << len(spec.PARTICIPATION_FLAG_WEIGHTS)) - 1)
    column = spec.EpochParticipation([flags] * len(state.validators))
    if previous:
        state.previous_epoch_participation = column
    if current:
        state.current_epoch_participation = column
