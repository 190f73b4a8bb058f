"""Bond that has waited long enough moves to the payouts, at the end of the epoch before."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.epoch_end import EPOCH, NEXT_EPOCH, run_at_epoch_end
from tests.helpers.genesis import execution_address
from tests.helpers.pools import (
    ETH,
    SEAT,
    SEAT_BOND,
    add_pool,
    make_pooled,
    operator_address,
)

pytestmark = pytest.mark.vectors(
    runner="epoch_processing", handler="pool_unbonding", forks=["poolbonds"]
)

STEP = "process_pool_unbonding"
CLOSING = 2**64 - 1
POOL_FLAG = 2**41
REFUND = 2**42


def _unbonding(
    spec: Any, state: Any, bond: int, amount: int, withdrawable: int = NEXT_EPOCH
) -> int:
    """A pool that unbonds; its epoch has long come."""
    pool = add_pool(spec, state, bond=bond)
    state.pools[pool].unbonding_amount = amount
    state.pools[pool].unbonding_epoch = 3
    state.pools[pool].withdrawable_epoch = withdrawable
    return pool


def _payouts(state: Any) -> list[tuple[int, bytes, int]]:
    return [(int(p.source), bytes(p.address), int(p.amount)) for p in state.pending_payouts]


def _payout(pool: int, amount: int) -> tuple[int, bytes, int]:
    return POOL_FLAG + pool, operator_address(pool), amount


def _refunds(spec: Any, state: Any, count: int) -> list[tuple[int, bytes, int]]:
    """Payouts that are in the queue already."""
    for number in range(count):
        state.pending_payouts.append(
            spec.Payout(
                source=REFUND,
                address=spec.ExecutionAddress(execution_address(number)),
                amount=ETH + number,
            )
        )
    return _payouts(state)


@pytest.mark.parametrize("withdrawable", [NEXT_EPOCH, EPOCH, 0])
def test_part_is_paid(spec: Any, state: Any, vector: Recorder, withdrawable: int) -> None:
    """It joins the queue at its end, and the pool may unbond again."""
    add_pool(spec, state, bond=SEAT)
    pool = _unbonding(spec, state, SEAT + 5 * ETH, 3 * ETH, withdrawable)
    before = _refunds(spec, state, 2)
    run_at_epoch_end(spec, state, vector, STEP)
    assert _payouts(state) == [*before, _payout(pool, 3 * ETH)]
    assert state.pools[pool].bond == SEAT + 2 * ETH
    assert state.pools[pool].unbonding_amount == 0
    assert state.pools[pool].unbonding_epoch == spec.FAR_FUTURE_EPOCH
    assert state.pools[pool].withdrawable_epoch == withdrawable
    assert state.pools[0].bond == SEAT


def test_part_of_one_gwei(spec: Any, state: Any, vector: Recorder) -> None:
    """The smallest part is paid like any other."""
    pool = _unbonding(spec, state, SEAT + 1, 1)
    run_at_epoch_end(spec, state, vector, STEP)
    assert _payouts(state) == [_payout(pool, 1)]
    assert state.pools[pool].bond == SEAT
    assert state.pools[pool].unbonding_amount == 0


@pytest.mark.parametrize("amount", [3 * ETH, CLOSING], ids=["part", "closing"])
def test_one_epoch_too_early(spec: Any, state: Any, vector: Recorder, amount: int) -> None:
    pool = _unbonding(spec, state, SEAT + 5 * ETH, amount, NEXT_EPOCH + 1)
    run_at_epoch_end(spec, state, vector, STEP)
    assert _payouts(state) == []
    assert state.pools[pool].bond == SEAT + 5 * ETH
    assert state.pools[pool].unbonding_amount == amount
    assert state.pools[pool].unbonding_epoch == 3


def test_nothing_is_unbonding(spec: Any, state: Any, vector: Recorder) -> None:
    """A pool that has been through it keeps its bond."""
    pool = add_pool(spec, state, bond=2 * SEAT)
    state.pools[pool].withdrawable_epoch = EPOCH - 2
    run_at_epoch_end(spec, state, vector, STEP)
    assert _payouts(state) == []
    assert state.pools[pool].bond == 2 * SEAT


@pytest.mark.parametrize(
    ("bond", "paid"),
    [(3 * ETH + 1, 3 * ETH), (3 * ETH, 3 * ETH), (3 * ETH - 1, 3 * ETH - 1), (1, 1)],
    ids=["bond_larger", "equal", "bond_smaller", "last_gwei"],
)
def test_part_of_what_is_left(
    spec: Any, state: Any, vector: Recorder, bond: int, paid: int
) -> None:
    """Penalties have eaten into it: the pool gets what there is, and owes nothing."""
    pool = _unbonding(spec, state, bond, 3 * ETH)
    run_at_epoch_end(spec, state, vector, STEP)
    assert _payouts(state) == [_payout(pool, paid)]
    assert state.pools[pool].bond == bond - paid
    assert state.pools[pool].unbonding_amount == 0
    assert state.pools[pool].unbonding_epoch == spec.FAR_FUTURE_EPOCH


def test_part_of_an_empty_bond(spec: Any, state: Any, vector: Recorder) -> None:
    """No payout of nothing; the pool may unbond again."""
    pool = _unbonding(spec, state, 0, 3 * ETH)
    run_at_epoch_end(spec, state, vector, STEP)
    assert _payouts(state) == []
    assert state.pools[pool].unbonding_amount == 0
    assert state.pools[pool].unbonding_epoch == spec.FAR_FUTURE_EPOCH


@pytest.mark.parametrize("bond", [SEAT + 1, 1, 0], ids=["bond", "one_gwei", "empty"])
def test_closing(spec: Any, state: Any, vector: Recorder, bond: int) -> None:
    """Everything is paid, and the pool stays closed for ever."""
    pool = _unbonding(spec, state, bond, CLOSING)
    run_at_epoch_end(spec, state, vector, STEP)
    assert _payouts(state) == ([_payout(pool, bond)] if bond else [])
    assert state.pools[pool].bond == 0
    assert state.pools[pool].unbonding_amount == CLOSING
    assert state.pools[pool].unbonding_epoch == 3
    assert state.pools[pool].withdrawable_epoch == NEXT_EPOCH


def test_closed_pool_pays_later_commissions(spec: Any, state: Any, vector: Recorder) -> None:
    """Its last validator has a vote of its last seat settled; the pool gets all of the reward."""
    pool = _unbonding(spec, state, 0, CLOSING, 5)
    state.pools[pool].commission = 10_000
    make_pooled(spec, state, pool, [3])
    around = run_at_epoch_end(spec, state, vector, STEP)
    commission = int(around.pre.pools[pool].bond)
    assert around.pre_epoch.pools[pool].bond == 0 < commission
    assert _payouts(state) == [_payout(pool, commission)]
    assert state.pools[pool].bond == 0
    assert state.balances[3] == SEAT


def test_order_of_pools(spec: Any, state: Any, vector: Recorder) -> None:
    """In registry order; those between that are not due are passed over."""
    first = _unbonding(spec, state, 2 * SEAT, 5 * ETH)
    early = _unbonding(spec, state, 2 * SEAT, 6 * ETH, NEXT_EPOCH + 1)
    idle = add_pool(spec, state, bond=2 * SEAT)
    last = _unbonding(spec, state, 2 * SEAT, CLOSING)
    run_at_epoch_end(spec, state, vector, STEP)
    assert _payouts(state) == [_payout(first, 5 * ETH), _payout(last, 2 * SEAT)]
    bonds = [state.pools[pool].bond for pool in (first, early, idle, last)]
    assert bonds == [2 * SEAT - 5 * ETH, 2 * SEAT, 2 * SEAT, 0]
    assert [state.pools[pool].unbonding_amount for pool in (first, early)] == [0, 6 * ETH]


@pytest.mark.vectors(presets=["minimal"])
@pytest.mark.parametrize(("queued", "paid"), [(31, 1), (32, 0)], ids=["one_place", "full"])
def test_queue_is_full(spec: Any, state: Any, vector: Recorder, queued: int, paid: int) -> None:
    """Where there is no place the bond stays; a pool that gets nothing needs no place."""
    pools = [
        _unbonding(spec, state, SEAT + 5 * ETH, 5 * ETH),
        _unbonding(spec, state, SEAT, CLOSING),
        _unbonding(spec, state, 0, 7 * ETH),
    ]
    before = _refunds(spec, state, queued)
    run_at_epoch_end(spec, state, vector, STEP)
    assert _payouts(state) == [*before, *[_payout(pools[0], 5 * ETH)] * paid]
    assert state.pools[0].bond == SEAT + (1 - paid) * 5 * ETH
    assert state.pools[0].unbonding_amount == (1 - paid) * 5 * ETH
    assert state.pools[1].bond == SEAT
    assert state.pools[1].unbonding_amount == CLOSING
    assert state.pools[2].unbonding_amount == 0


def test_after_the_penalties_of_the_epoch(spec: Any, state: Any, vector: Recorder) -> None:
    """A correlation penalty that falls in the same epoch comes first; the rest is paid."""
    pool = _unbonding(spec, state, 5 * ETH, CLOSING)
    state.pending_pool_penalties.append(
        spec.PendingPoolPenalty(pool_index=pool, penalty_epoch=EPOCH)
    )
    # Three times a 64th of the stake is 1.5 ETH of 32
    state.slashings[4] = 32 * len(state.validators) * ETH // 64
    run_at_epoch_end(spec, state, vector, STEP)
    assert _payouts(state) == [_payout(pool, 3_500_000_000)]
    assert state.pools[pool].bond == 0


def test_before_the_seats_of_the_epoch(spec: Any, state: Any, vector: Recorder) -> None:
    """With the payout the unbonding is over, and what stays behind backs seats again."""
    pool = _unbonding(spec, state, 3 * SEAT_BOND, SEAT_BOND)
    make_pooled(spec, state, pool, [3])
    make_pooled(spec, state, pool, [7, 8], seated=False)
    around = run_at_epoch_end(spec, state, vector, STEP)
    assert _payouts(state) == [_payout(pool, SEAT_BOND)]
    joined = [around.post_epoch.validators[i].activation_eligibility_epoch for i in (7, 8)]
    assert joined == [NEXT_EPOCH, spec.FAR_FUTURE_EPOCH]
