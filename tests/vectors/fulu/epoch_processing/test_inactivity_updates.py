"""Inactivity scores: up while absent, down while present, quickly down without a leak."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.epoch_end import EPOCH, FINALIZED, stand_at_epoch_end
from tests.helpers.epochs import set_participation, transition_to_last_slot_of_epoch
from tests.helpers.running import run_epoch_step
from tests.helpers.solo import depart

STEP = "process_inactivity_updates"

pytestmark = pytest.mark.vectors(
    runner="epoch_processing", handler="inactivity_updates", forks=["fulu", "poolbonds"]
)

LAST_WITHOUT_LEAK, FIRST_WITH_LEAK = EPOCH - 1 - 4, EPOCH - 1 - 5
"""Finalized epochs: the previous one may be four ahead, and not five."""

INDEX = 3


def _run(spec: Any, state: Any, vector: Recorder, expected: dict[int, int]) -> None:
    """The scores of these validators after the step; all others stay at 0."""
    run_epoch_step(spec, state, vector, STEP)
    scores = dict.fromkeys(range(len(state.validators)), 0) | expected
    assert [int(score) for score in state.inactivity_scores] == list(scores.values())


@pytest.mark.parametrize(
    ("present", "leaking", "before", "after"),
    [
        (True, False, 100, 83),
        (False, False, 100, 88),
        (True, True, 100, 99),
        (False, True, 100, 104),
        (True, False, 17, 0),
        (True, False, 18, 1),
        (False, False, 12, 0),
        (False, False, 13, 1),
        (True, True, 0, 0),
        (True, True, 1, 0),
        (False, True, 0, 4),
        (False, False, 0, 0),
    ],
)
def test_score(
    spec: Any,
    state: Any,
    vector: Recorder,
    present: bool,
    leaking: bool,
    before: int,
    after: int,
) -> None:
    """Less 1 or plus 4, then less 16 without a leak, and never below 0."""
    finalized = FIRST_WITH_LEAK if leaking else LAST_WITHOUT_LEAK
    stand_at_epoch_end(spec, state, finalized)
    state.inactivity_scores[INDEX] = before
    if not present:
        state.previous_epoch_participation[INDEX] = 0b101
    _run(spec, state, vector, {INDEX: after})


def test_only_the_target_counts(spec: Any, state: Any, vector: Recorder) -> None:
    """A vote for source and head, and votes of the epoch that ends, do not help."""
    stand_at_epoch_end(spec, state, FIRST_WITH_LEAK)
    for index, flags in ((1, 0b010), (2, 0b101), (3, 0b000)):
        state.previous_epoch_participation[index] = flags
        state.inactivity_scores[index] = 10
    _run(spec, state, vector, {1: 9, 2: 14, 3: 14})


def test_slashed(spec: Any, state: Any, vector: Recorder) -> None:
    """Whatever it votes, a slashed validator is absent."""
    stand_at_epoch_end(spec, state, FIRST_WITH_LEAK)
    state.inactivity_scores[INDEX] = 10
    state.validators[INDEX].slashed = True
    _run(spec, state, vector, {INDEX: 14})


@pytest.mark.parametrize(
    ("withdrawable_epoch", "after"), [(EPOCH + 1, 14), (EPOCH, 10)], ids=["waiting", "withdrawable"]
)
def test_slashed_and_exited(
    spec: Any, state: Any, vector: Recorder, withdrawable_epoch: int, after: int
) -> None:
    """Its score rises until the last epoch before it is withdrawable."""
    stand_at_epoch_end(spec, state, FIRST_WITH_LEAK)
    state.inactivity_scores[INDEX] = 10
    state.validators[INDEX].slashed = True
    depart(state, INDEX, 5, withdrawable_epoch)
    _run(spec, state, vector, {INDEX: after})


@pytest.mark.parametrize(
    ("activation", "exit_epoch", "after"),
    [(EPOCH, None, 10), (EPOCH - 1, None, 14), (0, EPOCH - 1, 10), (0, EPOCH, 14)],
    ids=["activated_since", "activated_before", "exited_before", "exited_since"],
)
def test_active_in_the_previous_epoch(
    spec: Any,
    state: Any,
    vector: Recorder,
    activation: int,
    exit_epoch: int | None,
    after: int,
) -> None:
    """Only the duties of the previous epoch are looked at."""
    stand_at_epoch_end(spec, state, FIRST_WITH_LEAK)
    state.inactivity_scores[INDEX] = 10
    state.previous_epoch_participation[INDEX] = 0
    state.validators[INDEX].activation_epoch = activation
    if exit_epoch is not None:
        depart(state, INDEX, exit_epoch)
    _run(spec, state, vector, {INDEX: after})


def test_finality_at_this_very_epochs_end(spec: Any, state: Any, vector: Recorder) -> None:
    """Justification comes first: what it makes final ends the leak for this step."""
    stand_at_epoch_end(spec, state, FINALIZED)
    state.finalized_checkpoint = spec.Checkpoint(epoch=FIRST_WITH_LEAK)
    state.current_justified_checkpoint = spec.Checkpoint(epoch=EPOCH - 1)
    state.inactivity_scores[INDEX] = 100
    _run(spec, state, vector, {INDEX: 83})
    assert state.finalized_checkpoint.epoch == EPOCH - 1


@pytest.mark.parametrize("epoch", [0, 1])
def test_first_epochs(spec: Any, state: Any, vector: Recorder, epoch: int) -> None:
    """The first epoch has none before it; its votes count at the end of the second."""
    state.slot = epoch * int(spec.SLOTS_PER_EPOCH)
    set_participation(spec, state)
    state.previous_epoch_participation[INDEX] = 0
    for index in range(len(state.validators)):
        state.inactivity_scores[index] = 50
    transition_to_last_slot_of_epoch(spec, state)
    run_epoch_step(spec, state, vector, STEP)
    expected = [50 if epoch == 0 else 33] * len(state.validators)
    expected[INDEX] = 50 if epoch == 0 else 38
    assert [int(score) for score in state.inactivity_scores] == expected
