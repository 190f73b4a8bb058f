"""Inactivity scores of pooled validators, by which they lose their seats."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.epoch_end import NEXT_EPOCH, slash_at, stand_at_epoch_end, weights
from tests.helpers.pools import ETH, add_pool, add_waiting, make_pooled, pooled_credentials
from tests.helpers.running import run_epoch_step

pytestmark = pytest.mark.vectors(
    runner="epoch_processing", handler="inactivity_updates", forks=["poolbonds"]
)

STEP = "process_inactivity_updates"
SEATED, WAITING, SLASHED, UNADMITTED = 3, 7, 9, 20


def _one_of_each(spec: Any, state: Any) -> list[int]:
    """One in a seat, one waiting, one slashed, one not admitted, and one that never was active."""
    pool = add_pool(spec, state, bond=100 * ETH)
    make_pooled(spec, state, pool, [SEATED, SLASHED])
    make_pooled(spec, state, pool, [WAITING], seated=False)
    slash_at(spec, state, SLASHED, NEXT_EPOCH + 5)
    credentials = spec.Bytes32(pooled_credentials(pool, UNADMITTED))
    state.validators[UNADMITTED].withdrawal_credentials = credentials
    new = add_waiting(spec, state, pool)
    indices = [SEATED, WAITING, SLASHED, UNADMITTED, *new]
    for index in indices:
        state.inactivity_scores[index] = 50
    return indices


@pytest.mark.parametrize(
    ("finalized", "votes", "scores"),
    [
        (8, True, [33, 33, 38, 33, 50]),
        (8, False, [38, 38, 38, 38, 50]),
        (4, True, [49, 49, 54, 49, 50]),
        (4, False, [54, 54, 54, 54, 50]),
    ],
    ids=["final_present", "final_absent", "leak_present", "leak_absent"],
)
def test_scores(
    spec: Any, state: Any, vector: Recorder, finalized: int, votes: bool, scores: list[int]
) -> None:
    """They move by votes alone, with or without weight: by 4 up, 1 down, and 16 to recover."""
    indices = _one_of_each(spec, state)
    stand_at_epoch_end(spec, state, finalized)
    if not votes:
        for index in indices:
            state.previous_epoch_participation[index] = 0
    run_epoch_step(spec, state, vector, STEP)
    assert [state.inactivity_scores[index] for index in indices] == scores


def test_seat_is_lost_by_the_score_of_this_epoch(spec: Any, state: Any, vector: Recorder) -> None:
    """In a leak a score rises to the limit, and the seat is gone at the end of the same epoch."""
    pool = add_pool(spec, state, bond=100 * ETH)
    make_pooled(spec, state, pool, [SEATED, WAITING])
    limit = int(spec.config.SEAT_INACTIVITY_LIMIT)
    state.inactivity_scores[SEATED] = limit - 4
    state.inactivity_scores[WAITING] = limit - 5
    stand_at_epoch_end(spec, state, finalized=4)
    for index in (SEATED, WAITING):
        state.previous_epoch_participation[index] = 0
    around = run_epoch_step(spec, state, vector, STEP)
    assert [state.inactivity_scores[i] for i in (SEATED, WAITING)] == [limit, limit - 1]
    assert weights(around.post_epoch, [SEATED, WAITING]) == [0, 32]
