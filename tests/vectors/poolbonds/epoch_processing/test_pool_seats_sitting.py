"""Sitting down: the line of all pools, its order, its churn, and finality."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.epoch_end import (
    EPOCH,
    FINALIZED,
    MIN_SEATS_SERVED,
    NEXT_EPOCH,
    line,
    run_at_epoch_end,
    stand_at_epoch_end,
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
from tests.helpers.running import run_epoch_step

pytestmark = pytest.mark.vectors(
    runner="epoch_processing", handler="pool_seats", forks=["poolbonds"]
)

STEP = "process_pool_seats"
ACTIVATION_EPOCH = EPOCH + 1 + 4
"""Of whoever sits down for the first time: committees are known 4 epochs ahead."""


def _line_up(spec: Any, state: Any, bond: int, epochs: dict[int, int]) -> int:
    """A pool whose waiting validators have been in line since these epochs."""
    pool = add_pool(spec, state, bond=bond)
    make_pooled(spec, state, pool, epochs, seated=False)
    for index, epoch in epochs.items():
        put_in_line(state, index, epoch)
    return pool


@pytest.mark.parametrize(
    ("joined", "weight"), [(FINALIZED, 32), (FINALIZED + 1, 0)], ids=["final", "not_yet"]
)
def test_sit_when_final(spec: Any, state: Any, vector: Recorder, joined: int, weight: int) -> None:
    """The epoch for which it joined the line must be finalized; one that returns stays active."""
    pool = _line_up(spec, state, SEAT_BOND, {7: joined})
    run_at_epoch_end(spec, state, vector, STEP)
    assert weights(state, [7]) == [weight]
    assert line(spec, state, [7]) == [joined]
    assert state.validators[7].activation_epoch == 0
    assert state.pools[pool].seated_balance == weight * 10**9


def test_justified_is_not_final(spec: Any, state: Any, vector: Recorder) -> None:
    """Epoch 8 is justified, before and after this epoch's votes, and epoch 6 is final."""
    _line_up(spec, state, 3 * SEAT_BOND, {7: 8, 8: 7, 9: 6})
    stand_at_epoch_end(spec, state, finalized=6, justified=8)
    run_epoch_step(spec, state, vector, STEP)
    assert state.previous_justified_checkpoint.epoch == 8
    assert weights(state, [7, 8, 9]) == [0, 0, 32]


def test_sit_for_the_first_time(spec: Any, state: Any, vector: Recorder) -> None:
    """It is activated as far ahead as any activation; the seat counts at once."""
    pool = add_pool(spec, state, bond=2 * SEAT_BOND)
    make_pooled(spec, state, pool, [3])
    (new,) = add_waiting(spec, state, pool)
    put_in_line(state, new, FINALIZED - 1)
    run_at_epoch_end(spec, state, vector, STEP)
    assert weights(state, [new]) == [32]
    assert state.validators[new].activation_epoch == ACTIVATION_EPOCH
    assert line(spec, state, [new]) == [FINALIZED - 1]
    assert state.pools[pool].seated_balance == 2 * SEAT


def test_sit_before_the_activation_has_come(spec: Any, state: Any, vector: Recorder) -> None:
    """Who stood up between sitting down and activation keeps the first activation epoch."""
    pool = add_pool(spec, state, bond=SEAT_BOND)
    (new,) = add_waiting(spec, state, pool)
    state.validators[new].activation_epoch = EPOCH + 2
    put_in_line(state, new, FINALIZED)
    run_at_epoch_end(spec, state, vector, STEP)
    assert weights(state, [new]) == [32]
    assert state.validators[new].activation_epoch == EPOCH + 2


def test_sit_as_many_as_the_churn_limit_serves(spec: Any, state: Any, vector: Recorder) -> None:
    """64 ETH make two seats an epoch, 128 ETH four. The rest keeps its place."""
    served = MIN_SEATS_SERVED[spec.preset]
    waiting = list(range(7, 13))
    pool = _line_up(spec, state, 6 * SEAT_BOND, dict.fromkeys(waiting, FINALIZED))
    run_at_epoch_end(spec, state, vector, STEP)
    assert weights(state, waiting) == [32] * served + [0] * (6 - served)
    assert line(spec, state, waiting) == [FINALIZED] * 6
    assert state.pools[pool].seated_balance == served * SEAT


@pytest.mark.config(CHURN_LIMIT_QUOTIENT=1)
def test_sit_up_to_the_largest_churn_limit(spec: Any, state: Any, vector: Recorder) -> None:
    """However much is active, the limit is 128 ETH under the minimal preset, 256 ETH on mainnet."""
    served = {"minimal": 4, "mainnet": 8}[spec.preset]
    waiting = list(range(7, 17))
    _line_up(spec, state, 10 * SEAT_BOND, dict.fromkeys(waiting, FINALIZED))
    run_at_epoch_end(spec, state, vector, STEP)
    assert weights(state, waiting) == [32] * served + [0] * (10 - served)


@pytest.mark.config(MIN_PER_EPOCH_CHURN_LIMIT_ELECTRA=95 * 10**9)
def test_sit_in_whole_seats(spec: Any, state: Any, vector: Recorder) -> None:
    """A limit of 95 ETH makes two seats and leaves nothing over for the next epoch."""
    waiting = list(range(7, 13))
    _line_up(spec, state, 6 * SEAT_BOND, dict.fromkeys(waiting, FINALIZED))
    run_at_epoch_end(spec, state, vector, STEP)
    assert weights(state, waiting) == [32, 32, 0, 0, 0, 0]


def test_sit_in_the_order_of_the_line(spec: Any, state: Any, vector: Recorder) -> None:
    """Over all pools together, by the epoch of joining and then by index."""
    _line_up(spec, state, 3 * SEAT_BOND, {3: 7, 12: 6, 30: 5})
    _line_up(spec, state, 3 * SEAT_BOND, {2: 8, 5: 6, 9: 5})
    order = [9, 30, 5, 12, 3, 2]
    served = MIN_SEATS_SERVED[spec.preset]
    run_at_epoch_end(spec, state, vector, STEP)
    assert weights(state, order) == [32] * served + [0] * (6 - served)
    assert line(spec, state, order) == [5, 5, 6, 6, 7, 8]


def test_sit_only_if_still_covered(spec: Any, state: Any, vector: Recorder) -> None:
    """The bond has shrunk to one seat: of the two whose turn it is, the second leaves the line."""
    pool = _line_up(spec, state, 2 * SEAT_BOND - 1, {7: FINALIZED, 8: FINALIZED})
    run_at_epoch_end(spec, state, vector, STEP)
    assert weights(state, [7, 8]) == [32, 0]
    assert line(spec, state, [7, 8]) == [FINALIZED, None]
    assert state.pools[pool].seated_balance == SEAT


def test_pool_that_flaps_does_not_starve_others(spec: Any, state: Any, vector: Recorder) -> None:
    """Many validators stand first in line without bond; they make nobody wait."""
    flapping = list(range(2, 14))
    pool = _line_up(spec, state, 0, dict.fromkeys(flapping, 4))
    _line_up(spec, state, 2 * SEAT_BOND, {40: 8, 41: 8})
    run_at_epoch_end(spec, state, vector, STEP)
    assert weights(state, [40, 41]) == [32, 32]
    assert weights(state, flapping) == [0] * 12
    assert line(spec, state, flapping) == [None] * 12
    assert state.pools[pool].seated_balance == 0


def test_pool_that_flaps_joins_at_the_end(spec: Any, state: Any, vector: Recorder) -> None:
    """With its bond back it has to stand behind all who were in line meanwhile."""
    flapping = list(range(2, 14))
    pool = add_pool(spec, state, bond=12 * SEAT_BOND)
    make_pooled(spec, state, pool, flapping, seated=False)
    others = list(range(40, 46))
    _line_up(spec, state, 6 * SEAT_BOND, dict.fromkeys(others, FINALIZED))
    served = MIN_SEATS_SERVED[spec.preset]
    run_at_epoch_end(spec, state, vector, STEP)
    assert weights(state, others) == [32] * served + [0] * (6 - served)
    assert weights(state, flapping) == [0] * 12
    assert line(spec, state, flapping) == [NEXT_EPOCH] * 12
    assert line(spec, state, others) == [FINALIZED] * 6


@pytest.mark.parametrize(("finalized", "weight"), [(5, 32), (4, 0)], ids=["last_epoch", "leak"])
def test_sit_until_a_leak_begins(
    spec: Any, state: Any, vector: Recorder, finalized: int, weight: int
) -> None:
    """With the fifth epoch before the previous one as the last final one, the line stands still."""
    _line_up(spec, state, 2 * SEAT_BOND, {7: 2, 8: 9})
    run_at_epoch_end(spec, state, vector, STEP, finalized)
    assert weights(state, [7, 8]) == [weight, 0]
    assert line(spec, state, [7, 8]) == [2, 9]


def test_seats_are_lost_in_a_leak(spec: Any, state: Any, vector: Recorder) -> None:
    """Others stand up, line up and fall out of the line while nobody sits down."""
    _line_up(spec, state, 3 * SEAT_BOND, {7: 2, 8: 3, 9: spec.FAR_FUTURE_EPOCH})
    loser = add_pool(spec, state, bond=SEAT_BOND)
    make_pooled(spec, state, loser, [30, 31])
    make_pooled(spec, state, loser, [32], seated=False)
    put_in_line(state, 32, 2)
    run_at_epoch_end(spec, state, vector, STEP, finalized=3)
    assert weights(state, [7, 8, 9, 30, 31, 32]) == [0, 0, 0, 32, 0, 0]
    assert line(spec, state, [7, 8, 9, 30, 31, 32]) == [2, 3, NEXT_EPOCH, 0, None, None]
    assert state.pools[loser].seated_balance == SEAT


def test_sit_with_the_finality_of_this_epoch(spec: Any, state: Any, vector: Recorder) -> None:
    """The votes that close the epoch finalize the one before it, and the line follows at once."""
    _line_up(spec, state, 2 * SEAT_BOND, {7: EPOCH - 1, 8: EPOCH})
    stand_at_epoch_end(spec, state)
    state.current_justified_checkpoint.epoch = EPOCH - 1
    run_epoch_step(spec, state, vector, STEP)
    assert state.finalized_checkpoint.epoch == EPOCH - 1
    assert weights(state, [7, 8]) == [32, 0]


def test_freed_weight_does_not_sit_again(spec: Any, state: Any, vector: Recorder) -> None:
    """Two pools swap weight: who stands up does so at once, who comes pays the churn."""
    loser = add_pool(spec, state, bond=0)
    leaving = make_pooled(spec, state, loser, range(20, 28))
    coming = list(range(30, 38))
    winner = _line_up(spec, state, 8 * SEAT_BOND, dict.fromkeys(coming, FINALIZED))
    served = MIN_SEATS_SERVED[spec.preset]
    run_at_epoch_end(spec, state, vector, STEP)
    assert weights(state, leaving) == [0] * 8
    assert weights(state, coming) == [32] * served + [0] * (8 - served)
    assert state.pools[loser].seated_balance == 0
    assert state.pools[winner].seated_balance == served * SEAT


def _new_in_line(spec: Any, state: Any, count: int) -> list[int]:
    """Validators that were never active, so that all others are as active as before."""
    pool = add_pool(spec, state, bond=count * SEAT_BOND)
    waiting = add_waiting(spec, state, pool, count)
    for index in waiting:
        put_in_line(state, index, FINALIZED)
    return waiting


@pytest.mark.vectors(presets=["minimal"])
@pytest.mark.config(CHURN_LIMIT_QUOTIENT=21)
def test_limit_by_weight_before_standing_up(spec: Any, state: Any, vector: Recorder) -> None:
    """2048 ETH / 21 are 97, three seats; without the ten that stand up, 1728 / 21 = 82, are two."""
    waiting = _new_in_line(spec, state, 4)
    loser = add_pool(spec, state, bond=0)
    leaving = make_pooled(spec, state, loser, range(10))
    run_at_epoch_end(spec, state, vector, STEP)
    assert weights(state, leaving) == [0] * 10
    assert weights(state, waiting) == [32, 32, 32, 0]


@pytest.mark.vectors(presets=["minimal"])
@pytest.mark.config(CHURN_LIMIT_QUOTIENT=21)
def test_limit_by_balances_before_their_update(spec: Any, state: Any, vector: Recorder) -> None:
    """Solo stake that falls to 20 ETH in this epoch counts with 32 ETH for the seats of it."""
    waiting = _new_in_line(spec, state, 4)
    for index in range(30):
        state.balances[index] = 20 * 10**9
    around = run_at_epoch_end(spec, state, vector, STEP)
    assert weights(state, waiting) == [32, 32, 32, 0]
    assert weights(around.post_epoch, range(30)) == [20] * 30


@pytest.mark.vectors(presets=["minimal"])
@pytest.mark.config(CHURN_LIMIT_QUOTIENT=21)
def test_limit_by_weight_before_others_sit(spec: Any, state: Any, vector: Recorder) -> None:
    """With 62 of 64 active, 1984 / 21 = 94 make two seats, and those who sit do not add to it."""
    waiting = _new_in_line(spec, state, 4)
    for index in (50, 51):
        state.validators[index].exit_epoch = EPOCH
        state.validators[index].withdrawable_epoch = EPOCH + 256
    run_at_epoch_end(spec, state, vector, STEP)
    assert weights(state, waiting) == [32, 32, 0, 0]
