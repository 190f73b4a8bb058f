"""Justification where a part of the votes, or all of them, have no weight."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.epoch_end import EPOCH, FINALIZED, stand_at_epoch_end
from tests.helpers.pools import ETH, SEAT, add_pool, make_pooled
from tests.helpers.running import run_epoch_step

pytestmark = pytest.mark.vectors(
    runner="epoch_processing", handler="justification_and_finalization", forks=["poolbonds"]
)

# Where few have weight, drawing proposers at the epoch's end takes long under the mainnet preset
FEW_WITH_WEIGHT = pytest.mark.vectors(presets=["minimal"])

STEP = "process_justification_and_finalization"


def _votes(spec: Any, state: Any, previous: int, current: int) -> None:
    """Let the first validators vote, so many of them in each of the two epochs."""
    count = len(state.validators)
    for column, voters in (
        ("previous_epoch_participation", previous),
        ("current_epoch_participation", current),
    ):
        flags = [7] * voters + [0] * (count - voters)
        setattr(state, column, spec.EpochParticipation(flags))


def _justified(state: Any) -> list[bool]:
    return [bool(bit) for bit in state.justification_bits][:2]


def _weigh(state: Any, first: int, others: int) -> None:
    """Give the first half of the validators one weight, the second another, in Gwei."""
    half = len(state.validators) // 2
    for index in range(len(state.validators)):
        weight = first if index < half else others
        state.validators[index].effective_balance = weight
        state.balances[index] = weight


@pytest.mark.parametrize("votes", [True, False], ids=["all_vote", "nobody_votes"])
def test_no_weight_at_all(spec: Any, state: Any, vector: Recorder, votes: bool) -> None:
    """Votes of no weight justify nothing, nor does their absence."""
    pool = add_pool(spec, state, bond=0)
    make_pooled(spec, state, pool, range(len(state.validators)), seated=False)
    stand_at_epoch_end(spec, state)
    if not votes:
        _votes(spec, state, 0, 0)
    run_epoch_step(spec, state, vector, STEP)
    assert _justified(state) == [False, False]
    assert state.current_justified_checkpoint.epoch == FINALIZED
    assert state.finalized_checkpoint.epoch == FINALIZED


@FEW_WITH_WEIGHT
def test_only_the_weightless_vote(spec: Any, state: Any, vector: Recorder) -> None:
    """All but one are waiting and vote; the one with weight does not."""
    pool = add_pool(spec, state, bond=0)
    count = len(state.validators)
    make_pooled(spec, state, pool, range(count - 1), seated=False)
    stand_at_epoch_end(spec, state)
    _votes(spec, state, count - 1, count - 1)
    run_epoch_step(spec, state, vector, STEP)
    assert _justified(state) == [False, False]
    assert state.current_justified_checkpoint.epoch == FINALIZED


@FEW_WITH_WEIGHT
def test_only_one_with_weight_votes(spec: Any, state: Any, vector: Recorder) -> None:
    """A seat outweighs any number of waiting validators, and justifies alone."""
    pool = add_pool(spec, state, bond=SEAT)
    count = len(state.validators)
    make_pooled(spec, state, pool, [0])
    make_pooled(spec, state, pool, range(1, count), seated=False)
    stand_at_epoch_end(spec, state)
    _votes(spec, state, 1, 1)
    run_epoch_step(spec, state, vector, STEP)
    assert _justified(state) == [True, True]
    assert state.current_justified_checkpoint.epoch == EPOCH


@FEW_WITH_WEIGHT
def test_slashed_weight_counts_in_the_total(spec: Any, state: Any, vector: Recorder) -> None:
    """Of 3 with weight one is slashed: its votes do not count, and two thirds are just enough."""
    pool = add_pool(spec, state, bond=SEAT)
    make_pooled(spec, state, pool, [0, 1, 2])
    make_pooled(spec, state, pool, range(3, len(state.validators)), seated=False)
    state.validators[1].slashed = True
    state.validators[1].exit_epoch = EPOCH + 5
    state.validators[1].withdrawable_epoch = EPOCH + 261
    stand_at_epoch_end(spec, state)
    run_epoch_step(spec, state, vector, STEP)
    assert _justified(state) == [True, True]


@pytest.mark.parametrize(
    ("previous_short", "current_short"),
    [(0, 1), (1, 0), (1, 1), (0, 0)],
    ids=["previous", "current", "neither", "both"],
)
def test_two_thirds_of_unequal_weights(
    spec: Any, state: Any, vector: Recorder, previous_short: int, current_short: int
) -> None:
    """The half with two thirds of the weight justifies; with 1 ETH less it does not."""
    _weigh(state, 2 * ETH, ETH)
    half = len(state.validators) // 2
    stand_at_epoch_end(spec, state)
    _votes(spec, state, half, half)
    # Falling short, one with 1 ETH votes in place of one with 2 ETH
    if previous_short:
        state.previous_epoch_participation[0] = 0
        state.previous_epoch_participation[half] = 7
    if current_short:
        state.current_epoch_participation[0] = 0
        state.current_epoch_participation[half] = 7
    run_epoch_step(spec, state, vector, STEP)
    assert _justified(state) == [current_short == 0, previous_short == 0]
    expected = EPOCH if not current_short else EPOCH - 1 if not previous_short else FINALIZED
    assert state.current_justified_checkpoint.epoch == expected


@pytest.mark.parametrize(("epoch", "justified"), [(0, False), (1, False), (2, True)])
def test_first_epochs(spec: Any, state: Any, vector: Recorder, epoch: int, justified: bool) -> None:
    """Nothing is decided before the end of the third epoch."""
    stand_at_epoch_end(spec, state, finalized=0, epoch=epoch)
    run_epoch_step(spec, state, vector, STEP)
    assert _justified(state) == [justified, justified]
    assert state.current_justified_checkpoint.epoch == (epoch if justified else 0)


@pytest.mark.parametrize("flags", [1, 4, 5], ids=["source", "head", "source_and_head"])
def test_other_flags_do_not_count(spec: Any, state: Any, vector: Recorder, flags: int) -> None:
    stand_at_epoch_end(spec, state)
    column = spec.EpochParticipation([flags] * len(state.validators))
    state.previous_epoch_participation = column
    state.current_epoch_participation = column
    run_epoch_step(spec, state, vector, STEP)
    assert _justified(state) == [False, False]
