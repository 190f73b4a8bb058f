"""When a vote is included: which flags it gets, and from when until when it is accepted."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.attestations import build_attestation, sign_attestation
from tests.helpers.blocks import propose
from tests.helpers.epochs import next_epoch, next_slots, transition_to
from tests.helpers.running import run_operation
from tests.helpers.verdicts import run_rejected

HANDLER = "attestation"

pytestmark = pytest.mark.vectors(runner="operations", handler=HANDLER, forks=["fulu", "poolbonds"])

SOURCE, TARGET, HEAD = 0b001, 0b010, 0b100

WRONG = b"\x01" * 32

ROOT_OF_EPOCH_LENGTH = {"minimal": 2, "mainnet": 5}
"""Square roots, rounded down, of 8 and 32 slots: so long a source is timely."""


def _vote(spec: Any, state: Any, wrong: str = "") -> Any:
    """A vote of epoch 1 whose head, target and source are all different blocks."""
    next_epoch(spec, state)
    for _ in range(2):
        propose(spec, state)
    attestation = build_attestation(spec, state, signed=False)
    if "target" in wrong:
        attestation.data.target.root = spec.Root(WRONG)
    if "head" in wrong:
        attestation.data.beacon_block_root = spec.Root(WRONG)
    sign_attestation(spec, state, attestation)
    return attestation


def _delay(spec: Any, name: str) -> int:
    root = ROOT_OF_EPOCH_LENGTH[spec.preset]
    delays = {"next": 1, "second": 2, "root": root, "root_and_one": root + 1}
    return {**delays, "epoch": int(spec.SLOTS_PER_EPOCH)}[name]


@pytest.mark.parametrize(
    ("wrong", "delay", "expected"),
    [
        ("", "next", SOURCE | TARGET | HEAD),
        ("", "second", SOURCE | TARGET),
        ("", "root", SOURCE | TARGET),
        ("", "root_and_one", TARGET),
        ("", "epoch", TARGET),
        ("head", "next", SOURCE | TARGET),
        ("head", "root", SOURCE | TARGET),
        ("head", "root_and_one", TARGET),
        ("head", "epoch", TARGET),
        ("target", "next", SOURCE),
        ("target", "root", SOURCE),
        ("target", "root_and_one", 0),
        ("target", "epoch", 0),
        ("target_and_head", "next", SOURCE),
        ("target_and_head", "root", SOURCE),
        ("target_and_head", "epoch", 0),
    ],
)
def test_flags(
    spec: Any, state: Any, vector: Recorder, wrong: str, delay: str, expected: int
) -> None:
    """A right head counts in the next slot and a right source for a while, a target always."""
    attestation = _vote(spec, state, wrong)
    voters = spec.get_attesting_indices(state, attestation)
    next_slots(spec, state, _delay(spec, delay))
    run_operation(spec, state, vector, HANDLER, attestation)
    # The vote is of the third slot of an epoch, so the longest delay leads into the next one.
    late, early = state.previous_epoch_participation, state.current_epoch_participation
    column = late if delay == "epoch" else early
    assert {int(column[index]) for index in voters} == {expected}
    assert sum(1 for flags in [*late, *early] if flags) == (len(voters) if expected else 0)


def test_last_slot_for_a_target(spec: Any, state: Any, vector: Recorder) -> None:
    """The last slot of the epoch after the target's."""
    attestation = _vote(spec, state)
    voters = spec.get_attesting_indices(state, attestation)
    transition_to(spec, state, 3 * int(spec.SLOTS_PER_EPOCH) - 1)
    run_operation(spec, state, vector, HANDLER, attestation)
    assert {int(state.previous_epoch_participation[index]) for index in voters} == {TARGET}


def test_too_late(spec: Any, state: Any, vector: Recorder) -> None:
    attestation = _vote(spec, state)
    transition_to(spec, state, 3 * int(spec.SLOTS_PER_EPOCH))
    reason = "the target is older than the previous epoch"
    run_rejected(spec, state, vector, HANDLER, attestation, reason)


def test_in_its_own_slot(spec: Any, state: Any, vector: Recorder) -> None:
    attestation = _vote(spec, state)
    reason = "included before the inclusion delay"
    # The state does not know the root of its own slot either, which the vote is compared with.
    run_rejected(spec, state, vector, HANDLER, attestation, reason, faults=2)


def test_of_a_slot_to_come(spec: Any, state: Any, vector: Recorder) -> None:
    next_slots(spec, state, 3)
    ahead = state.copy()
    next_slots(spec, ahead)
    attestation = build_attestation(spec, ahead)
    run_rejected(spec, state, vector, HANDLER, attestation, "a vote of the next slot")


def test_last_slot_of_an_epoch(spec: Any, state: Any, vector: Recorder) -> None:
    """The next slot is of the next epoch, and the vote gets all flags there."""
    transition_to(spec, state, 2 * int(spec.SLOTS_PER_EPOCH) - 1)
    attestation = build_attestation(spec, state)
    voters = spec.get_attesting_indices(state, attestation)
    next_slots(spec, state)
    run_operation(spec, state, vector, HANDLER, attestation)
    everything = SOURCE | TARGET | HEAD
    assert {int(state.previous_epoch_participation[index]) for index in voters} == {everything}


@pytest.mark.parametrize("vote_epoch", ["previous", "current"])
def test_target_of_another_epoch_than_the_slot(
    spec: Any, state: Any, vector: Recorder, vote_epoch: str
) -> None:
    """Slot and target are each recent enough, but not of one epoch."""
    next_epoch(spec, state)
    propose(spec, state)
    if vote_epoch == "previous":
        next_epoch(spec, state)
        attestation = build_attestation(spec, state, int(state.slot) - 1, signed=False)
        attestation.data.target.epoch += 1
    else:
        attestation = build_attestation(spec, state, signed=False)
        attestation.data.target.epoch -= 1
    sign_attestation(spec, state, attestation)
    next_slots(spec, state)
    reason = "the target is not of the slot's epoch"
    run_rejected(spec, state, vector, HANDLER, attestation, reason)


def _justify(spec: Any, state: Any) -> None:
    """Stand in epoch 5 with different checkpoints justified in this epoch and before it."""
    next_epoch(spec, state, 5)
    next_slots(spec, state)
    state.previous_justified_checkpoint = spec.Checkpoint(epoch=2, root=spec.Root(b"\x02" * 32))
    state.current_justified_checkpoint = spec.Checkpoint(epoch=3, root=spec.Root(b"\x03" * 32))


@pytest.mark.parametrize("vote_epoch", ["previous", "current"])
def test_source(spec: Any, state: Any, vector: Recorder, vote_epoch: str) -> None:
    """Votes start from what was justified when their epoch began."""
    _justify(spec, state)
    is_current = vote_epoch == "current"
    attestation = build_attestation(spec, state, int(state.slot) - (1 if is_current else 2))
    assert attestation.data.source.epoch == (3 if is_current else 2)
    voters = spec.get_attesting_indices(state, attestation)
    run_operation(spec, state, vector, HANDLER, attestation)
    column = state.current_epoch_participation if is_current else state.previous_epoch_participation
    assert all(column[index] & SOURCE for index in voters)


@pytest.mark.parametrize("vote_epoch", ["previous", "current"])
def test_source_of_the_other_epoch(
    spec: Any, state: Any, vector: Recorder, vote_epoch: str
) -> None:
    _justify(spec, state)
    is_current = vote_epoch == "current"
    slot = int(state.slot) - (1 if is_current else 2)
    attestation = build_attestation(spec, state, slot, signed=False)
    attestation.data.source = (
        state.previous_justified_checkpoint if is_current else state.current_justified_checkpoint
    )
    sign_attestation(spec, state, attestation)
    reason = "the source is the checkpoint of another epoch's votes"
    run_rejected(spec, state, vector, HANDLER, attestation, reason)
