"""Seats that are kept: who stays seated as the bond changes, and who loses its weight."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.epoch_end import (
    EPOCH,
    NEXT_EPOCH,
    leave_at,
    let_score_become,
    line,
    run_at_epoch_end,
    slash_at,
    weights,
)
from tests.helpers.pools import ETH, SEAT, SEAT_BOND, add_pool, make_pooled

pytestmark = pytest.mark.vectors(
    runner="epoch_processing", handler="pool_seats", forks=["poolbonds"]
)

STEP = "process_pool_seats"
MEMBERS = [3, 7, 20]
QUARTER = SEAT_BOND // 4
LARGEST = 2**64 - 1
"""Of an unsigned integer of 64 bits."""


def _three_seated(spec: Any, state: Any, bond: int) -> int:
    pool = add_pool(spec, state, bond=bond)
    make_pooled(spec, state, pool, MEMBERS)
    state.pools[pool].seated_balance = 7 * SEAT
    return pool


@pytest.mark.parametrize(
    ("bond", "seats"),
    [
        (3 * SEAT_BOND, 3),
        (3 * SEAT_BOND - QUARTER, 3),
        (3 * SEAT_BOND - QUARTER - 1, 2),
        (2 * SEAT_BOND, 2),
        (SEAT_BOND - QUARTER, 1),
        (SEAT_BOND - QUARTER - 1, 0),
        (0, 0),
        (1000 * SEAT_BOND, 3),
    ],
    ids=["exact", "slack", "slack_less", "two", "last_slack", "last_less", "empty", "plenty"],
)
def test_keep_what_is_covered(
    spec: Any, state: Any, vector: Recorder, bond: int, seats: int
) -> None:
    """A quarter of a seat may be missing behind the last one; the highest index stands up first."""
    pool = _three_seated(spec, state, bond)
    run_at_epoch_end(spec, state, vector, STEP)
    assert weights(state, MEMBERS) == [32] * seats + [0] * (3 - seats)
    assert line(spec, state, MEMBERS) == [0] * seats + [None] * (3 - seats)
    assert state.pools[pool].seated_balance == seats * SEAT
    assert all(state.validators[index].activation_epoch == 0 for index in MEMBERS)
    assert all(state.validators[index].exit_epoch == spec.FAR_FUTURE_EPOCH for index in MEMBERS)
    assert weights(state, [2, 4]) == [32, 32]


@pytest.mark.config(POOL_LEVERAGE=50)
@pytest.mark.parametrize(("missing", "seats"), [(0, 2), (1, 1)], ids=["slack", "slack_less"])
def test_keep_at_half_the_leverage(
    spec: Any, state: Any, vector: Recorder, missing: int, seats: int
) -> None:
    """A seat then takes 0.64 ETH of bond, and a quarter of that may be missing."""
    pool = _three_seated(spec, state, 4 * SEAT_BOND - 2 * QUARTER - missing)
    run_at_epoch_end(spec, state, vector, STEP)
    assert weights(state, MEMBERS) == [32] * seats + [0] * (3 - seats)
    assert state.pools[pool].seated_balance == seats * SEAT


def test_keep_in_each_pool_by_its_own_bond(spec: Any, state: Any, vector: Recorder) -> None:
    """Two pools whose validators alternate in the registry, and one without any."""
    first = add_pool(spec, state, bond=2 * SEAT_BOND)
    empty = add_pool(spec, state, bond=100 * SEAT_BOND)
    second = add_pool(spec, state, bond=SEAT_BOND)
    make_pooled(spec, state, first, [3, 9, 20])
    make_pooled(spec, state, second, [2, 8, 21])
    run_at_epoch_end(spec, state, vector, STEP)
    assert weights(state, [3, 9, 20]) == [32, 32, 0]
    assert weights(state, [2, 8, 21]) == [32, 0, 0]
    seated = [state.pools[pool].seated_balance for pool in (first, empty, second)]
    assert seated == [2 * SEAT, 0, SEAT]


@pytest.mark.parametrize(
    ("exit_epoch", "seated", "seated_eth"),
    [(NEXT_EPOCH + 1, [32, 32, 0], 64), (NEXT_EPOCH, [32, 32, 32], 64), (EPOCH - 3, [32] * 3, 64)],
    ids=["last_epoch", "gone", "gone_long_ago"],
)
def test_keep_while_exiting(
    spec: Any,
    state: Any,
    vector: Recorder,
    exit_epoch: int,
    seated: list[int],
    seated_eth: int,
) -> None:
    """One that exits takes up a seat until its exit epoch; then it keeps its effective balance."""
    pool = _three_seated(spec, state, 2 * SEAT_BOND)
    leave_at(state, MEMBERS[0], exit_epoch)
    run_at_epoch_end(spec, state, vector, STEP)
    assert weights(state, MEMBERS) == seated
    assert state.pools[pool].seated_balance == seated_eth * ETH


def test_stand_up_while_exiting(spec: Any, state: Any, vector: Recorder) -> None:
    """The bond covers two; the third is exiting, and loses its weight like any other."""
    pool = _three_seated(spec, state, 2 * SEAT_BOND)
    leave_at(state, MEMBERS[2], NEXT_EPOCH + 1)
    run_at_epoch_end(spec, state, vector, STEP)
    assert weights(state, MEMBERS) == [32, 32, 0]
    assert state.pools[pool].seated_balance == 2 * SEAT
    assert state.validators[MEMBERS[2]].exit_epoch == NEXT_EPOCH + 1


@pytest.mark.parametrize("missing", [1, 0], ids=["under", "at"])
def test_keep_by_inactivity_score(spec: Any, state: Any, vector: Recorder, missing: int) -> None:
    """At the limit a validator stands up, and the seat is free for the next of its pool."""
    pool = _three_seated(spec, state, 2 * SEAT_BOND)
    limit = int(spec.config.SEAT_INACTIVITY_LIMIT)
    let_score_become(spec, state, MEMBERS[0], limit - missing)
    run_at_epoch_end(spec, state, vector, STEP)
    assert state.inactivity_scores[MEMBERS[0]] == limit - missing
    assert weights(state, MEMBERS) == ([32, 32, 0] if missing else [0, 32, 32])
    assert line(spec, state, MEMBERS) == ([0, 0, None] if missing else [None, 0, 0])
    assert state.pools[pool].seated_balance == 2 * SEAT


def test_keep_far_above_the_inactivity_limit(spec: Any, state: Any, vector: Recorder) -> None:
    """A score far above the limit takes the seat as well, whatever the bond."""
    _three_seated(spec, state, 50 * SEAT_BOND)
    let_score_become(spec, state, MEMBERS[1], 3 * int(spec.config.SEAT_INACTIVITY_LIMIT))
    run_at_epoch_end(spec, state, vector, STEP)
    assert weights(state, MEMBERS) == [32, 0, 32]


def _unbond(state: Any, pool: int, amount: int, epoch: int) -> None:
    state.pools[pool].unbonding_amount = amount
    state.pools[pool].unbonding_epoch = epoch
    state.pools[pool].withdrawable_epoch = epoch + 256


@pytest.mark.parametrize(
    ("amount", "epoch", "seats"),
    [
        (SEAT_BOND, NEXT_EPOCH + 1, 3),
        (SEAT_BOND, NEXT_EPOCH, 2),
        (SEAT_BOND, EPOCH - 4, 2),
        (QUARTER, NEXT_EPOCH, 3),
        (QUARTER + 1, NEXT_EPOCH, 2),
        (3 * SEAT_BOND, NEXT_EPOCH, 0),
        (3 * SEAT_BOND + 1, NEXT_EPOCH, 0),
        (LARGEST, NEXT_EPOCH + 1, 3),
        (LARGEST, NEXT_EPOCH, 0),
    ],
    ids=[
        "ahead",
        "has_come",
        "past",
        "within_slack",
        "beyond_slack",
        "all",
        "more_than_all",
        "closing_ahead",
        "closing_has_come",
    ],
)
def test_keep_while_unbonding(
    spec: Any, state: Any, vector: Recorder, amount: int, epoch: int, seats: int
) -> None:
    """What is unbonding backs seats until its epoch has come."""
    pool = _three_seated(spec, state, 3 * SEAT_BOND)
    _unbond(state, pool, amount, epoch)
    run_at_epoch_end(spec, state, vector, STEP)
    assert weights(state, MEMBERS) == [32] * seats + [0] * (3 - seats)
    assert state.pools[pool].seated_balance == seats * SEAT
    assert state.pools[pool].bond == 3 * SEAT_BOND
    assert state.pools[pool].unbonding_amount == amount


@pytest.mark.parametrize(
    "bond",
    [LARGEST, LARGEST // 100, LARGEST // 100 + 1],
    ids=["largest", "sum_too_large", "product_too_large"],
)
def test_keep_with_a_bond_beyond_all_bounds(
    spec: Any, state: Any, vector: Recorder, bond: int
) -> None:
    """100 times the bond, and a quarter of a seat on top, are clamped to 64 bits."""
    pool = _three_seated(spec, state, bond)
    make_pooled(spec, state, pool, [30], seated=False)
    run_at_epoch_end(spec, state, vector, STEP)
    assert weights(state, [*MEMBERS, 30]) == [32, 32, 32, 0]
    assert line(spec, state, [30]) == [NEXT_EPOCH]


@pytest.mark.parametrize(
    ("exit_epoch", "missing", "weight"),
    [
        (NEXT_EPOCH + 1, 1, 32),
        (NEXT_EPOCH + 1, 0, 0),
        (NEXT_EPOCH, 0, 32),
        (NEXT_EPOCH, -100, 32),
    ],
    ids=["under_the_limit", "at_the_limit", "exited", "exited_far_above"],
)
def test_slashed_weight(
    spec: Any,
    state: Any,
    vector: Recorder,
    exit_epoch: int,
    missing: int,
    weight: int,
) -> None:
    """A slashed validator holds no seat. Its weight stays, but before its exit not at the limit."""
    pool = _three_seated(spec, state, 2 * SEAT_BOND)
    slash_at(spec, state, MEMBERS[0], exit_epoch)
    limit = int(spec.config.SEAT_INACTIVITY_LIMIT)
    let_score_become(spec, state, MEMBERS[0], limit - missing)
    run_at_epoch_end(spec, state, vector, STEP)
    assert state.inactivity_scores[MEMBERS[0]] == limit - missing
    assert weights(state, MEMBERS) == [weight, 32, 32]
    assert line(spec, state, MEMBERS) == [0 if weight else None, 0, 0]
    assert state.pools[pool].seated_balance == 2 * SEAT
    assert state.validators[MEMBERS[0]].slashed


def test_slashed_weight_without_bond(spec: Any, state: Any, vector: Recorder) -> None:
    """An empty bond takes the seats of all but the slashed one, whose weight is dead anyway."""
    pool = _three_seated(spec, state, 0)
    slash_at(spec, state, MEMBERS[1], NEXT_EPOCH + 9)
    run_at_epoch_end(spec, state, vector, STEP)
    assert weights(state, MEMBERS) == [0, 32, 0]
    assert state.pools[pool].seated_balance == 0
