"""What time alone does to pools: slots without blocks over the end of an epoch, or of several."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.epoch_end import FINALIZED, line, stand_at_epoch_end, weights
from tests.helpers.invariants import watched
from tests.helpers.pools import (
    ETH,
    SEAT,
    SEAT_BOND,
    add_pool,
    add_waiting,
    make_pooled,
    operator_address,
    put_in_line,
)
from tests.helpers.queues import POOL_INDEX_FLAG, payouts, pending_bond, pending_lock, refund_of
from tests.helpers.running import run_slots
from tests.helpers.scenarios import FAR, seats

pytestmark = pytest.mark.vectors(runner="sanity", handler="slots", forks=["poolbonds"])


def _pass(spec: Any, state: Any, vector: Recorder, count: int = 1) -> None:
    """Slots as a case, with everything checked."""
    with watched(spec):
        run_slots(spec, state, vector, count)


def test_slot_within_an_epoch(spec: Any, state: Any, vector: Recorder) -> None:
    """Nothing happens to pools between the ends of epochs."""
    make_pooled(spec, state, add_pool(spec, state, bond=0), [3])
    _pass(spec, state, vector)
    assert weights(state, [3]) == [32]


def test_seats_at_an_epochs_end(spec: Any, state: Any, vector: Recorder) -> None:
    """One pool keeps its seats, one loses one, one has a validator that sits down."""
    kept, losing, gaining = (add_pool(spec, state, bond=SEAT_BOND) for _ in range(3))
    make_pooled(spec, state, kept, [5])
    make_pooled(spec, state, losing, [3, 4])
    (waiting,) = add_waiting(spec, state, gaining)
    put_in_line(state, waiting, FINALIZED)
    stand_at_epoch_end(spec, state)
    _pass(spec, state, vector)
    assert weights(state, [5, 3, 4, waiting]) == [32, 32, 0, 32]
    assert [seats(state, pool) for pool in (kept, losing, gaining)] == [1, 1, 1]


def test_bond_and_refund_at_an_epochs_end(spec: Any, state: Any, vector: Recorder) -> None:
    """A pool is founded and locked in, a deposit comes back, a closed pool's bond goes out."""
    closed = add_pool(spec, state, bond=33 * ETH)
    state.pools[closed].unbonding_amount = FAR
    stand_at_epoch_end(spec, state)
    next_epoch = int(spec.get_current_epoch(state)) + 1
    state.pools[closed].unbonding_epoch = 1
    state.pools[closed].withdrawable_epoch = next_epoch
    misfit = pending_lock(spec, 9, 901, SEAT)
    for deposit in (pending_bond(spec, 1, 32 * ETH), pending_lock(spec, 1, 900, SEAT), misfit):
        state.pending_deposits.append(deposit)
    count = len(state.validators)
    _pass(spec, state, vector)
    assert [pool.bond for pool in state.pools] == [0, 32 * ETH]
    assert len(state.validators) == count + 1
    paid = (POOL_INDEX_FLAG | closed, operator_address(closed), 33 * ETH)
    assert payouts(state) == [refund_of(misfit), paid]


def test_penalty_and_seats_at_an_epochs_end(spec: Any, state: Any, vector: Recorder) -> None:
    """The penalty that empties the bond takes the seats in the same step."""
    pool = add_pool(spec, state, bond=10 * ETH)
    make_pooled(spec, state, pool, [3, 4])
    stand_at_epoch_end(spec, state)
    epoch = int(spec.get_current_epoch(state))
    state.slashings[0] = spec.get_total_active_balance(state)
    state.pools[pool].withdrawable_epoch = epoch + 1
    state.pending_pool_penalties.append(
        spec.PendingPoolPenalty(pool_index=pool, penalty_epoch=epoch)
    )
    _pass(spec, state, vector)
    assert state.pools[pool].bond == 0
    assert weights(state, [3, 4]) == [0, 0]
    assert len(state.pending_pool_penalties) == 0


def test_line_waits_for_finality(spec: Any, state: Any, vector: Recorder) -> None:
    """Three epochs without votes: who is able lines up at the first end, and stands there."""
    pool = add_pool(spec, state, bond=3 * SEAT_BOND)
    waiting = add_waiting(spec, state, pool, 2)
    _pass(spec, state, vector, 3 * int(spec.SLOTS_PER_EPOCH))
    assert weights(state, waiting) == [0, 0]
    assert line(spec, state, waiting) == [1, 1]


@pytest.mark.vectors(presets=["minimal"])
def test_a_long_leak(spec: Any, state: Any, vector: Recorder) -> None:
    """40 epochs without votes: from the inactivity limit on, no seat is left, whatever the bond.

    The score rises by 4 an epoch once the chain leaks, and by nothing before that.
    """
    pool = add_pool(spec, state, bond=50 * ETH)
    make_pooled(spec, state, pool, [3, 4])
    _pass(spec, state, vector, 40 * int(spec.SLOTS_PER_EPOCH))
    assert state.inactivity_scores[3] >= spec.config.SEAT_INACTIVITY_LIMIT
    assert weights(state, [3, 4]) == [0, 0]
    assert state.pools[pool].bond > 40 * ETH
    assert state.balances[3] == SEAT
    assert state.balances[5] < SEAT


@pytest.mark.vectors(presets=["minimal"])
def test_all_weight_gone(spec: Any, state: Any, vector: Recorder) -> None:
    """Every validator is pooled, and no bond carries any: the chain goes on, without finality."""
    pool = add_pool(spec, state, bond=0)
    make_pooled(spec, state, pool, range(len(state.validators)))
    _pass(spec, state, vector, 3 * int(spec.SLOTS_PER_EPOCH))
    assert not any(weights(state, range(len(state.validators))))
    assert state.current_justified_checkpoint.epoch == 0
    assert state.finalized_checkpoint.epoch == 0
