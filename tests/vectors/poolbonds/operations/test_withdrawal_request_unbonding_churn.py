"""Withdrawal requests for pools: bond that carries seats leaves after churn.

What a bond carries is a hundred times as much, with a quarter of a seat (8 ETH) of slack, in whole
seats of 32 ETH. A pool's `seated_balance` stands here without validators that make it up: only
the sum counts until the epoch's end.
"""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.pools import ETH, SEAT, add_pool, build_unbonding_request
from tests.helpers.queues import least_churn
from tests.helpers.running import run_operation

HANDLER = "withdrawal_request"

pytestmark = pytest.mark.vectors(runner="operations", handler=HANDLER, forks=["poolbonds"])

MOST = 2**64 - 1
EPOCH = 10
DELAY = 256

FIRST = EPOCH + 5
"""The first epoch that churn is booked in."""


def _pool(spec: Any, state: Any, bond: int, seats: int) -> int:
    state.slot = EPOCH * spec.SLOTS_PER_EPOCH
    pool = add_pool(spec, state, bond=bond)
    state.pools[pool].seated_balance = seats * SEAT
    return pool


def _ask(spec: Any, state: Any, vector: Recorder, pool: int, amount: int) -> None:
    request = build_unbonding_request(spec, state, pool, amount)
    run_operation(spec, state, vector, HANDLER, request)


def _check(
    spec: Any, state: Any, pool: int, *, epoch: int, queue: tuple[int, int] = (0, 0)
) -> None:
    """The pool's epochs, and the queue's last epoch with the room in it; exits have their own."""
    assert state.pools[pool].unbonding_epoch == epoch
    assert state.pools[pool].withdrawable_epoch == epoch + DELAY
    assert (state.earliest_unbonding_epoch, state.unbonding_balance_to_consume) == queue
    assert (state.earliest_exit_epoch, state.exit_balance_to_consume) == (EXITS, 1)


EXITS = 77


@pytest.fixture
def state(state: Any) -> Any:
    """The exit queue is longer than all that is booked here, and nothing depends on it."""
    state.earliest_exit_epoch = EXITS
    state.exit_balance_to_consume = 1
    return state


def _seats_an_epoch(spec: Any) -> int:
    """2 under the minimal preset, 4 on mainnet."""
    return least_churn(spec) // SEAT


# Closing


@pytest.mark.parametrize("below", [0, 1], ids=["all_room", "less"])
def test_close_with_an_epochs_churn(spec: Any, state: Any, vector: Recorder, below: int) -> None:
    seats = _seats_an_epoch(spec) - below
    pool = _pool(spec, state, 40 * ETH, seats)
    _ask(spec, state, vector, pool, 0)
    _check(spec, state, pool, epoch=FIRST, queue=(FIRST, below * SEAT))


def test_close_with_more_than_an_epochs_churn(spec: Any, state: Any, vector: Recorder) -> None:
    """All of it goes in the last epoch that the seats reach into."""
    seats = _seats_an_epoch(spec) + 1
    pool = _pool(spec, state, 40 * ETH, seats)
    _ask(spec, state, vector, pool, 0)
    _check(spec, state, pool, epoch=FIRST + 1, queue=(FIRST + 1, least_churn(spec) - SEAT))


def test_close_after_another_pool(spec: Any, state: Any, vector: Recorder) -> None:
    """Two pools share the queue: the first took all room of an epoch but a Gwei."""
    pool = _pool(spec, state, 40 * ETH, 1)
    state.earliest_unbonding_epoch = FIRST + 3
    state.unbonding_balance_to_consume = SEAT - 1
    _ask(spec, state, vector, pool, 0)
    _check(spec, state, pool, epoch=FIRST + 4, queue=(FIRST + 4, least_churn(spec) - 1))


@pytest.mark.parametrize("ahead", [0, 3])
def test_close_with_room_left(spec: Any, state: Any, vector: Recorder, ahead: int) -> None:
    """Just enough is left in the last epoch that is booked."""
    pool = _pool(spec, state, 40 * ETH, 1)
    state.earliest_unbonding_epoch = FIRST + ahead
    state.unbonding_balance_to_consume = SEAT
    _ask(spec, state, vector, pool, 0)
    _check(spec, state, pool, epoch=FIRST + ahead, queue=(FIRST + ahead, 0))


def test_close_after_an_old_queue(spec: Any, state: Any, vector: Recorder) -> None:
    """What was left in an epoch that cannot be booked any more is gone."""
    pool = _pool(spec, state, 40 * ETH, 1)
    state.earliest_unbonding_epoch = FIRST - 1
    state.unbonding_balance_to_consume = 1000 * ETH
    _ask(spec, state, vector, pool, 0)
    _check(spec, state, pool, epoch=FIRST, queue=(FIRST, least_churn(spec) - SEAT))


def test_close_without_seats(spec: Any, state: Any, vector: Recorder) -> None:
    """Nothing to charge: the queue is not waited for."""
    pool = _pool(spec, state, 40 * ETH, 0)
    state.earliest_unbonding_epoch = FIRST + 3
    state.unbonding_balance_to_consume = 5
    _ask(spec, state, vector, pool, 0)
    _check(spec, state, pool, epoch=EPOCH + 1, queue=(FIRST + 3, 5))


@pytest.mark.parametrize(
    ("bond", "lost_seats"),
    [(0, 0), (24 * ETH // 100 - 1, 0), (24 * ETH // 100, 1), (56 * ETH // 100, 2)],
    ids=["none", "not_one", "one", "two"],
)
def test_close_charges_what_the_bond_still_carries(
    spec: Any, state: Any, vector: Recorder, bond: int, lost_seats: int
) -> None:
    """Two seats, but penalties since have eaten the bond: some would stand up in any case.

    A seat is carried from 0.24 ETH on (24 ETH and 8 ETH of slack).
    """
    pool = _pool(spec, state, bond, 2)
    _ask(spec, state, vector, pool, 0)
    if lost_seats == 0:
        _check(spec, state, pool, epoch=EPOCH + 1)
    else:
        room = least_churn(spec) - lost_seats * SEAT
        _check(spec, state, pool, epoch=FIRST, queue=(FIRST, room))


def test_close_the_largest_bond(spec: Any, state: Any, vector: Recorder) -> None:
    """A hundred times as much does not fit into 64 bits and is clamped."""
    pool = _pool(spec, state, MOST, 1)
    _ask(spec, state, vector, pool, 0)
    _check(spec, state, pool, epoch=FIRST, queue=(FIRST, least_churn(spec) - SEAT))


@pytest.mark.config(POOL_LEVERAGE=1)
def test_close_without_leverage(spec: Any, state: Any, vector: Recorder) -> None:
    """40 ETH of bond carry one seat (48 ETH with the slack); the second stands up anyway."""
    pool = _pool(spec, state, 40 * ETH, 2)
    _ask(spec, state, vector, pool, 0)
    _check(spec, state, pool, epoch=FIRST, queue=(FIRST, least_churn(spec) - SEAT))


# A part. 34 ETH carry 106 seats (3,408 ETH with the slack), 33 ETH carry 103 (3,308)


@pytest.mark.parametrize(
    ("seats", "lost_seats"), [(104, 1), (105, 2)], ids=["one_lost", "two_lost"]
)
def test_unbond_charges_lost_seats(
    spec: Any, state: Any, vector: Recorder, seats: int, lost_seats: int
) -> None:
    pool = _pool(spec, state, 34 * ETH, seats)
    _ask(spec, state, vector, pool, ETH)
    room = least_churn(spec) - lost_seats * SEAT
    _check(spec, state, pool, epoch=FIRST, queue=(FIRST, room))
    assert state.pools[pool].unbonding_amount == ETH
    assert state.pools[pool].bond == 34 * ETH
    assert state.pools[pool].seated_balance == seats * SEAT


@pytest.mark.parametrize("seats", [1, 102, 103])
def test_unbond_loses_no_seat(spec: Any, state: Any, vector: Recorder, seats: int) -> None:
    pool = _pool(spec, state, 34 * ETH, seats)
    _ask(spec, state, vector, pool, ETH)
    _check(spec, state, pool, epoch=EPOCH + 1)


def test_unbond_charges_no_seat_that_goes_anyway(spec: Any, state: Any, vector: Recorder) -> None:
    """Of 110 seats 34 ETH carry 106, so four stand up for penalties and three for the request.

    96 ETH are an epoch's churn and a half under the minimal preset.
    """
    pool = _pool(spec, state, 34 * ETH, 110)
    _ask(spec, state, vector, pool, ETH)
    epoch = {"minimal": FIRST + 1, "mainnet": FIRST}[spec.preset]
    _check(spec, state, pool, epoch=epoch, queue=(epoch, 32 * ETH))


@pytest.mark.parametrize(
    ("left", "lost_seats"),
    [(3288 * ETH // 100, 0), (3288 * ETH // 100 - 1, 1)],
    ids=["with_all_slack", "one_gwei_less"],
)
def test_unbond_down_to_the_slack(
    spec: Any, state: Any, vector: Recorder, left: int, lost_seats: int
) -> None:
    """32.88 ETH carry 3,288 ETH: 102.75 seats, which is just enough for 103."""
    pool = _pool(spec, state, 34 * ETH, 103)
    _ask(spec, state, vector, pool, 34 * ETH - left)
    if lost_seats:
        _check(spec, state, pool, epoch=FIRST, queue=(FIRST, least_churn(spec) - SEAT))
    else:
        _check(spec, state, pool, epoch=EPOCH + 1)


# Closing what unbonds already


def test_close_charges_no_seat_twice(spec: Any, state: Any, vector: Recorder) -> None:
    """The part of 1 ETH has been charged for three of 106 seats; closing is for the other 103.

    They are 3,296 ETH: 51.5 epochs of 64 ETH, or 25.75 of 128 ETH.
    """
    pool = _pool(spec, state, 34 * ETH, 106)
    state.pools[pool].unbonding_amount = ETH
    state.pools[pool].unbonding_epoch = FIRST
    state.pools[pool].withdrawable_epoch = FIRST + DELAY
    _ask(spec, state, vector, pool, 0)
    epoch = {"minimal": FIRST + 51, "mainnet": FIRST + 25}[spec.preset]
    _check(spec, state, pool, epoch=epoch, queue=(epoch, 32 * ETH))
    assert state.pools[pool].unbonding_amount == MOST


def test_close_what_unbonds_later(spec: Any, state: Any, vector: Recorder) -> None:
    """There is room before the epoch that runs already, but it is not moved forward."""
    pool = _pool(spec, state, 34 * ETH, 1)
    state.pools[pool].unbonding_amount = ETH
    state.pools[pool].unbonding_epoch = FIRST + 30
    state.pools[pool].withdrawable_epoch = FIRST + 30 + DELAY
    _ask(spec, state, vector, pool, 0)
    _check(spec, state, pool, epoch=FIRST + 30, queue=(FIRST, least_churn(spec) - SEAT))


def test_close_after_more_unbonds_than_there_is(spec: Any, state: Any, vector: Recorder) -> None:
    """Penalties have left less than the part that unbonds; nothing is carried apart from it."""
    pool = _pool(spec, state, ETH, 2)
    state.pools[pool].unbonding_amount = 8 * ETH
    state.pools[pool].unbonding_epoch = 9
    state.pools[pool].withdrawable_epoch = 265
    _ask(spec, state, vector, pool, 0)
    _check(spec, state, pool, epoch=EPOCH + 1)


# Several pools and epochs


def test_close_three_pools(spec: Any, state: Any, vector: Recorder) -> None:
    """The third of three pools finds the room that the others have left.

    Each has all seats of an epoch but one. Under the minimal preset these are one seat of two, so
    the third is alone in the second epoch; on mainnet three of four, so that the second reaches
    into the second epoch and the third into the third.
    """
    seats = _seats_an_epoch(spec) - 1
    pools = [_pool(spec, state, 40 * ETH, seats) for _ in range(3)]
    for pool in pools[:2]:
        spec.process_withdrawal_request(state, build_unbonding_request(spec, state, pool))
    _ask(spec, state, vector, pools[2], 0)
    epochs = {"minimal": [0, 0, 1], "mainnet": [0, 1, 2]}[spec.preset]
    assert [pool.unbonding_epoch for pool in state.pools] == [FIRST + each for each in epochs]
    room = {"minimal": 1, "mainnet": 3}[spec.preset] * SEAT
    _check(spec, state, pools[2], epoch=FIRST + epochs[2], queue=(FIRST + epochs[2], room))


def test_close_an_epoch_later(spec: Any, state: Any, vector: Recorder) -> None:
    """By then the first epoch to be booked has moved on, and its churn is fresh."""
    first, second = (_pool(spec, state, 40 * ETH, 1) for _ in range(2))
    spec.process_withdrawal_request(state, build_unbonding_request(spec, state, first))
    state.slot += spec.SLOTS_PER_EPOCH
    _ask(spec, state, vector, second, 0)
    room = least_churn(spec) - SEAT
    _check(spec, state, second, epoch=FIRST + 1, queue=(FIRST + 1, room))
