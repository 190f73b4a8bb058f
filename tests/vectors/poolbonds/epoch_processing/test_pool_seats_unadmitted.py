"""Pooled validators that no pool answers for, as the upgrade may leave them behind."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.epoch_end import (
    EPOCH,
    FINALIZED,
    NEXT_EPOCH,
    leave_at,
    let_score_become,
    line,
    run_at_epoch_end,
    slash_at,
    weights,
)
from tests.helpers.genesis import execution_credentials
from tests.helpers.pools import SEAT, SEAT_BOND, add_pool, make_pooled, pooled_credentials

pytestmark = pytest.mark.vectors(
    runner="epoch_processing", handler="pool_seats", forks=["poolbonds"]
)

STEP = "process_pool_seats"
INDEX = 7


def _make_unadmitted(spec: Any, state: Any, index: int, pool: int = 0) -> None:
    """Give an active validator pooled credentials; its weight stays."""
    credentials = spec.Bytes32(pooled_credentials(pool, index))
    state.validators[index].withdrawal_credentials = credentials


def test_unadmitted_with_weight(spec: Any, state: Any, vector: Recorder) -> None:
    """It stands up although no pool exists, and its balance stays."""
    _make_unadmitted(spec, state, INDEX)
    _make_unadmitted(spec, state, INDEX + 1, pool=2**64 - 1)
    run_at_epoch_end(spec, state, vector, STEP)
    assert weights(state, [6, 7, 8, 9]) == [32, 0, 0, 32]
    assert line(spec, state, [6, 7, 8, 9]) == [0, None, None, 0]
    assert state.balances[INDEX] == state.balances[INDEX + 1] == SEAT
    assert state.validators[INDEX].exit_epoch == spec.FAR_FUTURE_EPOCH


def test_unadmitted_beside_a_pool(spec: Any, state: Any, vector: Recorder) -> None:
    """Naming a pool with free bond is not enough for a seat, nor for a place in line."""
    pool = add_pool(spec, state, bond=5 * SEAT_BOND)
    make_pooled(spec, state, pool, [3])
    _make_unadmitted(spec, state, INDEX, pool)
    run_at_epoch_end(spec, state, vector, STEP)
    assert weights(state, [3, INDEX]) == [32, 0]
    assert line(spec, state, [3, INDEX]) == [0, None]
    assert state.pools[pool].seated_balance == SEAT


def test_unadmitted_in_line(spec: Any, state: Any, vector: Recorder) -> None:
    """A validator that was eligible before the upgrade loses its place in line."""
    _make_unadmitted(spec, state, INDEX)
    state.validators[INDEX].effective_balance = 0
    state.validators[INDEX].activation_eligibility_epoch = FINALIZED
    run_at_epoch_end(spec, state, vector, STEP)
    assert weights(state, [INDEX]) == [0]
    assert line(spec, state, [INDEX]) == [None]


@pytest.mark.parametrize(
    ("exit_epoch", "weight"),
    [(NEXT_EPOCH + 1, 0), (NEXT_EPOCH, 32)],
    ids=["last_epoch", "gone"],
)
def test_unadmitted_and_exiting(
    spec: Any, state: Any, vector: Recorder, exit_epoch: int, weight: int
) -> None:
    """After its exit its effective balance stays as it was."""
    _make_unadmitted(spec, state, INDEX)
    leave_at(state, INDEX, exit_epoch)
    run_at_epoch_end(spec, state, vector, STEP)
    assert weights(state, [INDEX]) == [weight]
    assert line(spec, state, [INDEX]) == [0 if weight else None]


@pytest.mark.parametrize(
    ("exit_epoch", "joined"),
    [(NEXT_EPOCH + 1, None), (NEXT_EPOCH, 0)],
    ids=["last_epoch", "gone"],
)
def test_unadmitted_and_exiting_without_weight(
    spec: Any, state: Any, vector: Recorder, exit_epoch: int, joined: int | None
) -> None:
    """The history of one that has left is not rewritten, and does not get it a seat."""
    _make_unadmitted(spec, state, INDEX)
    state.validators[INDEX].effective_balance = 0
    leave_at(state, INDEX, exit_epoch)
    run_at_epoch_end(spec, state, vector, STEP)
    assert weights(state, [INDEX]) == [0]
    assert line(spec, state, [INDEX]) == [joined]


@pytest.mark.parametrize(
    ("exit_epoch", "missing", "weight"),
    [(NEXT_EPOCH + 1, 1, 32), (NEXT_EPOCH + 1, 0, 0), (NEXT_EPOCH, 0, 32)],
    ids=["under_the_limit", "at_the_limit", "exited"],
)
def test_unadmitted_and_slashed(
    spec: Any,
    state: Any,
    vector: Recorder,
    exit_epoch: int,
    missing: int,
    weight: int,
) -> None:
    """A slashed one keeps its weight until its exit, but not at the inactivity limit."""
    _make_unadmitted(spec, state, INDEX)
    slash_at(spec, state, INDEX, exit_epoch)
    limit = int(spec.config.SEAT_INACTIVITY_LIMIT)
    let_score_become(spec, state, INDEX, limit - missing)
    run_at_epoch_end(spec, state, vector, STEP)
    assert state.inactivity_scores[INDEX] == limit - missing
    assert weights(state, [INDEX]) == [weight]
    assert line(spec, state, [INDEX]) == [0 if weight else None]
    assert state.balances[INDEX] == SEAT


@pytest.mark.parametrize(
    "prefix",
    [b"\x00", b"\x01", b"\x02", b"\xb3", b"\xb5"],
    ids=["bls", "execution", "compounding", "unknown", "pool_bond"],
)
def test_other_credentials_are_solo(spec: Any, state: Any, vector: Recorder, prefix: bytes) -> None:
    """Also those that mean bond in a deposit; at the limit or not."""
    credentials = spec.Bytes32(execution_credentials(INDEX, prefix))
    state.validators[INDEX].withdrawal_credentials = credentials
    let_score_become(spec, state, INDEX, int(spec.config.SEAT_INACTIVITY_LIMIT))
    run_at_epoch_end(spec, state, vector, STEP)
    assert weights(state, [INDEX]) == [32]
    assert line(spec, state, [INDEX]) == [0]
    assert state.validators[INDEX].activation_epoch < EPOCH
