"""The line for seats: whom free bond puts in it, and who falls out of it."""

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
from tests.helpers.pools import (
    SEAT,
    SEAT_BOND,
    add_pool,
    add_waiting,
    make_pooled,
    put_in_line,
)

pytestmark = pytest.mark.vectors(
    runner="epoch_processing", handler="pool_seats", forks=["poolbonds"]
)

STEP = "process_pool_seats"
SEATED = 3
WAITING = [7, 20, 21]
LARGEST = 2**64 - 1


def _one_seated(spec: Any, state: Any, bond: int) -> int:
    """A pool with one validator in a seat and three that wait, all of them active before."""
    pool = add_pool(spec, state, bond=bond)
    make_pooled(spec, state, pool, [SEATED])
    make_pooled(spec, state, pool, WAITING, seated=False)
    return pool


def _joined(count: int) -> list[int | None]:
    """The lowest indices have joined the line, for the next epoch."""
    return [NEXT_EPOCH] * count + [None] * (len(WAITING) - count)


@pytest.mark.parametrize(
    ("bond", "joined"),
    [
        (SEAT_BOND, 0),
        (2 * SEAT_BOND - 1, 0),
        (2 * SEAT_BOND, 1),
        (4 * SEAT_BOND - 1, 2),
        (4 * SEAT_BOND, 3),
        (9 * SEAT_BOND, 3),
    ],
    ids=["none_free", "one_less", "one", "two", "three", "plenty"],
)
def test_line_up_for_free_seats(
    spec: Any, state: Any, vector: Recorder, bond: int, joined: int
) -> None:
    """Whole seats only, without slack; those of the lowest index first."""
    pool = _one_seated(spec, state, bond)
    run_at_epoch_end(spec, state, vector, STEP)
    assert line(spec, state, WAITING) == _joined(joined)
    assert weights(state, [SEATED, *WAITING]) == [32, 0, 0, 0]
    assert line(spec, state, [SEATED]) == [0]
    assert state.pools[pool].seated_balance == SEAT


def test_line_up_who_never_was_active(spec: Any, state: Any, vector: Recorder) -> None:
    """Newly admitted validators join like others; one that is not admitted does not."""
    pool = add_pool(spec, state, bond=2 * SEAT_BOND)
    stranger = add_waiting(spec, state, pool, admitted=False)
    members = add_waiting(spec, state, pool, 3)
    run_at_epoch_end(spec, state, vector, STEP)
    assert line(spec, state, stranger) == [None]
    assert line(spec, state, members) == _joined(2)
    assert all(state.validators[i].activation_epoch == spec.FAR_FUTURE_EPOCH for i in members)


def test_no_free_seat_in_the_slack(spec: Any, state: Any, vector: Recorder) -> None:
    """The slack keeps a seat that is not covered in full, so the free seats are less than none."""
    pool = add_pool(spec, state, bond=2 * SEAT_BOND - SEAT_BOND // 4)
    make_pooled(spec, state, pool, [3, 4])
    make_pooled(spec, state, pool, WAITING, seated=False)
    run_at_epoch_end(spec, state, vector, STEP)
    assert weights(state, [3, 4]) == [32, 32]
    assert line(spec, state, WAITING) == _joined(0)


@pytest.mark.parametrize(
    ("amount", "joined"),
    [(SEAT_BOND, 1), (SEAT_BOND + 1, 0), (2 * SEAT_BOND, 0), (LARGEST, 0)],
    ids=["part", "one_more", "all_free", "closing"],
)
def test_unbonding_backs_no_newcomer(
    spec: Any, state: Any, vector: Recorder, amount: int, joined: int
) -> None:
    """All of the unbonding amount is out of reach, though its epoch is ahead."""
    pool = _one_seated(spec, state, 3 * SEAT_BOND)
    state.pools[pool].unbonding_amount = amount
    state.pools[pool].unbonding_epoch = NEXT_EPOCH + 1
    state.pools[pool].withdrawable_epoch = NEXT_EPOCH + 257
    run_at_epoch_end(spec, state, vector, STEP)
    assert line(spec, state, WAITING) == _joined(joined)
    assert weights(state, [SEATED]) == [32]


def _owe(spec: Any, state: Any, *pools: int) -> None:
    """Correlation penalties that are still to come."""
    for pool in pools:
        state.pending_pool_penalties.append(
            spec.PendingPoolPenalty(pool_index=pool, penalty_epoch=EPOCH + 2)
        )


@pytest.mark.parametrize(
    ("penalties", "bond", "joined"),
    [
        (1, SEAT + 2 * SEAT_BOND, 1),
        (1, SEAT + 2 * SEAT_BOND - 1, 0),
        (3, 3 * SEAT + 2 * SEAT_BOND, 1),
        (3, 3 * SEAT + 2 * SEAT_BOND - 1, 0),
        (1, SEAT, 0),
        (1, SEAT - 1, 0),
    ],
    ids=["one", "one_less", "three", "three_less", "none_left", "owes_more_than_it_has"],
)
def test_forfeit_backs_no_newcomer(
    spec: Any, state: Any, vector: Recorder, penalties: int, bond: int, joined: int
) -> None:
    """32 ETH for each pending penalty of the pool, and none for those of another pool."""
    pool = _one_seated(spec, state, bond)
    other = add_pool(spec, state, bond=64 * SEAT)
    make_pooled(spec, state, other, [30], seated=False)
    _owe(spec, state, other, *[pool] * penalties)
    run_at_epoch_end(spec, state, vector, STEP)
    assert line(spec, state, WAITING) == _joined(joined)
    assert line(spec, state, [30]) == [NEXT_EPOCH]
    assert weights(state, [SEATED]) == [32]


def test_forfeit_and_unbonding_add_up(spec: Any, state: Any, vector: Recorder) -> None:
    """A bond of a forfeit, an unbonding seat, a taken seat and one free one, less 1 Gwei."""
    pool = _one_seated(spec, state, SEAT + 3 * SEAT_BOND - 1)
    _owe(spec, state, pool)
    state.pools[pool].unbonding_amount = SEAT_BOND
    state.pools[pool].unbonding_epoch = EPOCH
    state.pools[pool].withdrawable_epoch = EPOCH + 256
    run_at_epoch_end(spec, state, vector, STEP)
    assert line(spec, state, WAITING) == _joined(0)
    assert weights(state, [SEATED]) == [32]


def test_closing_with_a_forfeit(spec: Any, state: Any, vector: Recorder) -> None:
    """2**64 - 1 and 32 ETH on top are clamped to 64 bits: nobody joins, and nothing fails."""
    pool = _one_seated(spec, state, 40 * SEAT)
    put_in_line(state, WAITING[0], EPOCH - 1)
    _owe(spec, state, pool)
    state.pools[pool].unbonding_amount = LARGEST
    state.pools[pool].unbonding_epoch = NEXT_EPOCH + 1
    state.pools[pool].withdrawable_epoch = NEXT_EPOCH + 257
    run_at_epoch_end(spec, state, vector, STEP)
    assert line(spec, state, WAITING) == _joined(0)
    assert weights(state, [SEATED]) == [32]


@pytest.mark.parametrize(
    ("seats", "expected"),
    [
        (3, [EPOCH, EPOCH - 1, NEXT_EPOCH]),
        (2, [EPOCH, EPOCH - 1, None]),
        (1, [None, EPOCH - 1, None]),
        (0, [None, None, None]),
    ],
    ids=["all", "those_in_line", "the_first_in_line", "none"],
)
def test_line_keeps_its_order(
    spec: Any, state: Any, vector: Recorder, seats: int, expected: list[int | None]
) -> None:
    """Who is in line keeps its place as long as the bond covers it, in line order: 20, then 7."""
    _one_seated(spec, state, (1 + seats) * SEAT_BOND)
    put_in_line(state, 7, EPOCH)
    put_in_line(state, 20, EPOCH - 1)
    run_at_epoch_end(spec, state, vector, STEP)
    assert line(spec, state, WAITING) == expected
    assert weights(state, WAITING) == [0, 0, 0]


def test_line_before_lower_indices(spec: Any, state: Any, vector: Recorder) -> None:
    """The only free seat is for the highest index, which is in line, not for the lowest."""
    _one_seated(spec, state, 2 * SEAT_BOND)
    put_in_line(state, 21, EPOCH)
    run_at_epoch_end(spec, state, vector, STEP)
    assert line(spec, state, WAITING) == [None, None, EPOCH]


def test_line_of_one_epoch_goes_by_index(spec: Any, state: Any, vector: Recorder) -> None:
    _one_seated(spec, state, 3 * SEAT_BOND)
    for index in WAITING:
        put_in_line(state, index, EPOCH - 1)
    run_at_epoch_end(spec, state, vector, STEP)
    assert line(spec, state, WAITING) == [EPOCH - 1, EPOCH - 1, None]


@pytest.mark.parametrize("was_in_line", [False, True], ids=["new", "in_line"])
@pytest.mark.parametrize(
    "hindrance", ["balance", "score", "exiting", "slashed", "slashed_and_exited"]
)
def test_unable_to_line_up(
    spec: Any, state: Any, vector: Recorder, hindrance: str, was_in_line: bool
) -> None:
    """The one that is not able passes its place on, also if it was in line."""
    _one_seated(spec, state, 2 * SEAT_BOND)
    unable = WAITING[0]
    if was_in_line:
        put_in_line(state, unable, EPOCH - 1)
    if hindrance == "balance":
        state.balances[unable] = SEAT - 1
    elif hindrance == "score":
        let_score_become(spec, state, unable, int(spec.config.SEAT_INACTIVITY_LIMIT))
    elif hindrance == "exiting":
        leave_at(state, unable, NEXT_EPOCH + 4)
    else:
        slash_at(spec, state, unable, NEXT_EPOCH + (4 if hindrance == "slashed" else 0))
    run_at_epoch_end(spec, state, vector, STEP)
    assert line(spec, state, WAITING) == [None, NEXT_EPOCH, None]
    assert weights(state, WAITING) == [0, 0, 0]


def test_just_able_to_line_up(spec: Any, state: Any, vector: Recorder) -> None:
    """A score one below the limit, exactly 32 ETH, and more than that."""
    _one_seated(spec, state, 4 * SEAT_BOND)
    let_score_become(spec, state, 7, int(spec.config.SEAT_INACTIVITY_LIMIT) - 1)
    state.balances[20] = SEAT
    state.balances[21] = SEAT + 1
    run_at_epoch_end(spec, state, vector, STEP)
    assert line(spec, state, WAITING) == _joined(3)


def test_seat_of_an_absent_goes_to_the_line(spec: Any, state: Any, vector: Recorder) -> None:
    """The bond of a seat that is lost to the inactivity limit is free in the same epoch."""
    pool = _one_seated(spec, state, SEAT_BOND)
    let_score_become(spec, state, SEATED, int(spec.config.SEAT_INACTIVITY_LIMIT))
    run_at_epoch_end(spec, state, vector, STEP)
    assert weights(state, [SEATED, *WAITING]) == [0, 0, 0, 0]
    assert line(spec, state, [SEATED, *WAITING]) == [None, NEXT_EPOCH, None, None]
    assert state.pools[pool].seated_balance == 0


def test_seat_of_an_exited_goes_to_the_line(spec: Any, state: Any, vector: Recorder) -> None:
    """So is the bond of a seat whose validator has exited, with its effective balance as it was."""
    pool = _one_seated(spec, state, SEAT_BOND)
    leave_at(state, SEATED, NEXT_EPOCH)
    run_at_epoch_end(spec, state, vector, STEP)
    assert weights(state, [SEATED, *WAITING]) == [32, 0, 0, 0]
    assert line(spec, state, [SEATED, *WAITING]) == [0, NEXT_EPOCH, None, None]
    assert state.pools[pool].seated_balance == 0
