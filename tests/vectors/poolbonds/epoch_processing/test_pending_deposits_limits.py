"""How many deposits leave the queue in an epoch: churn, count, finality, and room for refunds."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.deposits import build_pending_deposit
from tests.helpers.genesis import execution_credentials
from tests.helpers.keys import public_key
from tests.helpers.pools import ETH, add_pool, bond_credentials, make_pooled, pooled_credentials
from tests.helpers.queues import (
    fill_payouts,
    least_churn,
    payouts,
    pending_bond,
    pending_lock,
    queue_deposits,
    refund_of,
    run_deposits,
)

pytestmark = pytest.mark.vectors(
    runner="epoch_processing", handler="pending_deposits", forks=["poolbonds"]
)

MOST = 2**64 - 1
AN_EPOCH = 16
"""Deposits that may leave the queue in an epoch."""


def _pool(spec: Any, state: Any, bond: int = 32 * ETH) -> None:
    add_pool(spec, state, bond=bond)


# Churn


@pytest.mark.parametrize("saved", [0, 1, 10 * ETH], ids=["nothing", "one", "more"])
def test_bond_within_churn(spec: Any, state: Any, vector: Recorder, saved: int) -> None:
    """Bond pays churn like stake. What was saved counts, and nothing is saved for others."""
    _pool(spec, state)
    limit = least_churn(spec) + saved
    state.deposit_balance_to_consume = saved
    queue_deposits(state, pending_bond(spec, 0, limit))
    run_deposits(spec, state, vector)
    assert state.pools[0].bond == 32 * ETH + limit
    assert state.deposit_balance_to_consume == 0


@pytest.mark.parametrize("saved", [0, 1, 10 * ETH], ids=["nothing", "one", "more"])
def test_bond_above_churn(spec: Any, state: Any, vector: Recorder, saved: int) -> None:
    """It stays at the head and saves for itself."""
    _pool(spec, state)
    limit = least_churn(spec) + saved
    state.deposit_balance_to_consume = saved
    queue_deposits(state, pending_bond(spec, 0, limit + 1), pending_bond(spec, 0, 1))
    run_deposits(spec, state, vector)
    assert state.pools[0].bond == 32 * ETH
    assert len(state.pending_deposits) == 2
    assert state.deposit_balance_to_consume == limit


def test_new_pool_pays_churn(spec: Any, state: Any, vector: Recorder) -> None:
    """What the first leaves of the limit is too little for the second."""
    limit = least_churn(spec)
    queue_deposits(
        state, pending_bond(spec, 0, limit - 32 * ETH + 1), pending_bond(spec, 1, 32 * ETH)
    )
    run_deposits(spec, state, vector)
    assert len(state.pools) == 1
    assert len(state.pending_deposits) == 1
    assert state.deposit_balance_to_consume == 32 * ETH - 1


@pytest.mark.parametrize("above", [0, 1])
def test_lock_pays_churn(spec: Any, state: Any, vector: Recorder, above: int) -> None:
    _pool(spec, state)
    key, limit = len(state.validators), least_churn(spec)
    queue_deposits(state, pending_lock(spec, 0, key, limit + above))
    run_deposits(spec, state, vector)
    assert len(state.validators) == key + 1 - above
    assert state.deposit_balance_to_consume == limit * above


def test_all_kinds_share_the_churn(spec: Any, state: Any, vector: Recorder) -> None:
    """Bond, stake of a pool and solo stake fill the limit together, and 1 Gwei is too much."""
    _pool(spec, state)
    make_pooled(spec, state, 0, [5])
    key, limit = len(state.validators), least_churn(spec)
    queue_deposits(
        state,
        pending_bond(spec, 0, 10 * ETH),
        build_pending_deposit(spec, key, execution_credentials(key), 20 * ETH),
        pending_lock(spec, 0, 5, limit - 30 * ETH),
        pending_bond(spec, 0, 1),
    )
    run_deposits(spec, state, vector)
    assert state.pools[0].bond == 42 * ETH
    assert state.balances[key] == 20 * ETH
    assert state.balances[5] == limit + 2 * ETH
    assert len(state.pending_deposits) == 1
    assert state.deposit_balance_to_consume == 0


def test_savings_near_the_largest_value(spec: Any, state: Any, vector: Recorder) -> None:
    """They are clamped with the limit added; the epoch never fails for it."""
    _pool(spec, state)
    add_pool(spec, state, bond=0)
    state.deposit_balance_to_consume = MOST - least_churn(spec) + 1
    queue_deposits(state, pending_bond(spec, 0, ETH), pending_bond(spec, 1, MOST))
    run_deposits(spec, state, vector)
    assert [pool.bond for pool in state.pools] == [33 * ETH, 0]
    assert state.deposit_balance_to_consume == MOST - ETH


@pytest.mark.parametrize("above", [0, 1])
def test_bond_for_a_withdrawn_validators_key(
    spec: Any, state: Any, vector: Recorder, above: int
) -> None:
    """What goes to a validator that has left is free; bond under its key goes to the pool."""
    _pool(spec, state)
    state.pools[0].pubkey = spec.BLSPubkey(public_key(3))
    state.validators[3].exit_epoch = 0
    state.validators[3].withdrawable_epoch = 0
    limit = least_churn(spec)
    queue_deposits(state, build_pending_deposit(spec, 3, bond_credentials(0), limit + above))
    run_deposits(spec, state, vector)
    assert state.pools[0].bond == 32 * ETH + limit * (1 - above)
    assert len(state.pending_deposits) == above


# Validators on the way out. Epoch 0 ends, so the next epoch is 1


def _leaving(spec: Any, state: Any, withdrawable_epoch: int) -> int:
    _pool(spec, state)
    make_pooled(spec, state, 0, [5])
    state.validators[5].exit_epoch = 0
    state.validators[5].withdrawable_epoch = withdrawable_epoch
    return 5


@pytest.mark.parametrize("withdrawable_epoch", [1, 2, 300])
def test_top_up_of_an_exiting_validator(
    spec: Any, state: Any, vector: Recorder, withdrawable_epoch: int
) -> None:
    """It moves to the end of the queue, pays no churn, and lets the next one through."""
    index = _leaving(spec, state, withdrawable_epoch)
    top_up = pending_lock(spec, 0, index, least_churn(spec) + 1)
    queue_deposits(state, top_up, pending_bond(spec, 0, least_churn(spec)))
    run_deposits(spec, state, vector)
    assert list(state.pending_deposits) == [top_up]
    assert state.balances[index] == 32 * ETH
    assert state.pools[0].bond == 32 * ETH + least_churn(spec)
    assert state.deposit_balance_to_consume == 0


def test_top_up_of_a_validator_that_has_left(spec: Any, state: Any, vector: Recorder) -> None:
    """It is free, because it goes back with the next sweep."""
    index = _leaving(spec, state, 0)
    amount = least_churn(spec) + 1
    queue_deposits(
        state, pending_lock(spec, 0, index, amount), pending_bond(spec, 0, least_churn(spec))
    )
    run_deposits(spec, state, vector)
    assert state.balances[index] == 32 * ETH + amount
    assert state.pools[0].bond == 32 * ETH + least_churn(spec)
    assert len(state.pending_deposits) == 0


def test_refund_is_not_postponed(spec: Any, state: Any, vector: Recorder) -> None:
    """Other credentials for the key of an exiting validator: there is nothing to wait for."""
    index = _leaving(spec, state, 300)
    stolen = build_pending_deposit(spec, index, execution_credentials(9), ETH)
    queue_deposits(state, stolen)
    run_deposits(spec, state, vector)
    assert len(state.pending_deposits) == 0
    assert payouts(state) == [refund_of(stolen)]


def test_addressless_top_up_is_postponed(spec: Any, state: Any, vector: Recorder) -> None:
    """It is an ordinary top-up, so it also waits like one."""
    index = _leaving(spec, state, 300)
    gift = build_pending_deposit(spec, index, execution_credentials(9, b"\x00"), ETH)
    queue_deposits(state, gift)
    run_deposits(spec, state, vector)
    assert list(state.pending_deposits) == [gift]
    assert payouts(state) == []


def test_postponed_may_overflow_later(spec: Any, state: Any, vector: Recorder) -> None:
    """What does not fit now is refunded now, though the validator's balance would leave soon."""
    index = _leaving(spec, state, 300)
    state.balances[index] = MOST
    top_up = pending_lock(spec, 0, index, ETH)
    queue_deposits(state, top_up)
    run_deposits(spec, state, vector)
    assert payouts(state) == [refund_of(top_up)]


# Count


def _refundable(spec: Any, count: int) -> list[Any]:
    """Locks in a pool that does not exist, all different."""
    return [pending_lock(spec, 9, 5_000, ETH + number) for number in range(count)]


def test_refunds_use_no_churn(spec: Any, state: Any, vector: Recorder) -> None:
    _pool(spec, state)
    limit = least_churn(spec)
    huge = pending_lock(spec, 9, 5_000, 10**6 * ETH)
    queue_deposits(state, huge, pending_bond(spec, 0, limit), pending_lock(spec, 9, 5_000, MOST))
    run_deposits(spec, state, vector)
    assert state.pools[0].bond == 32 * ETH + limit
    assert [amount for _, _, amount in payouts(state)] == [10**6 * ETH, MOST]
    assert state.deposit_balance_to_consume == 0


def test_refunds_count(spec: Any, state: Any, vector: Recorder) -> None:
    """One deposit more than an epoch may take: the last refund has to wait."""
    deposits = _refundable(spec, AN_EPOCH + 1)
    queue_deposits(state, *deposits)
    run_deposits(spec, state, vector)
    assert payouts(state) == [refund_of(deposit) for deposit in deposits[:AN_EPOCH]]
    assert list(state.pending_deposits) == deposits[AN_EPOCH:]


@pytest.mark.parametrize("refunds", [AN_EPOCH - 1, AN_EPOCH])
def test_refunds_count_with_the_others(
    spec: Any, state: Any, vector: Recorder, refunds: int
) -> None:
    """Bond behind 15 refunds is the 16th deposit and gets through; behind 16 it waits."""
    _pool(spec, state)
    queue_deposits(state, *_refundable(spec, refunds), pending_bond(spec, 0, ETH))
    run_deposits(spec, state, vector)
    left = refunds + 1 - AN_EPOCH
    assert len(payouts(state)) == refunds
    assert len(state.pending_deposits) == left
    assert state.pools[0].bond == (33 - left) * ETH


def test_postponed_count(spec: Any, state: Any, vector: Recorder) -> None:
    """They go behind what was not reached."""
    index = _leaving(spec, state, 300)
    waiting = [pending_lock(spec, 0, index, ETH + number) for number in range(AN_EPOCH)]
    last = pending_bond(spec, 0, ETH)
    queue_deposits(state, *waiting, last)
    run_deposits(spec, state, vector)
    assert list(state.pending_deposits) == [last, *waiting]
    assert state.pools[0].bond == 32 * ETH


# Finality


@pytest.mark.parametrize("late", [0, 1])
def test_refund_is_final(spec: Any, state: Any, vector: Recorder, late: int) -> None:
    """A refund waits for finality like any deposit: its block may still go away."""
    state.slot = 2 * spec.SLOTS_PER_EPOCH
    state.finalized_checkpoint.epoch = 1
    (deposit,) = _refundable(spec, 1)
    deposit.slot = spec.SLOTS_PER_EPOCH + late
    queue_deposits(state, deposit)
    run_deposits(spec, state, vector)
    assert len(payouts(state)) == 1 - late
    assert len(state.pending_deposits) == late


def test_bond_does_not_wait_for_the_former_bridge(spec: Any, state: Any, vector: Recorder) -> None:
    state.slot = 2 * spec.SLOTS_PER_EPOCH
    state.finalized_checkpoint.epoch = 1
    state.deposit_requests_start_index = state.eth1_deposit_index + 1
    deposit = pending_bond(spec, 0, 32 * ETH)
    deposit.slot = 1
    queue_deposits(state, deposit)
    run_deposits(spec, state, vector)
    assert [int(pool.bond) for pool in state.pools] == [32 * ETH]
    assert len(state.pending_deposits) == 0


# Limits that only the minimal preset can reach

only_minimal = pytest.mark.vectors(presets=["minimal"])
PAYOUTS = 32
POOLS = 64


@only_minimal
@pytest.mark.parametrize("room", [0, 1])
def test_no_room_for_a_refund(spec: Any, state: Any, vector: Recorder, room: int) -> None:
    """The queue stops at the refund that finds no room, and nobody overtakes it."""
    _pool(spec, state)
    fill_payouts(spec, state, PAYOUTS - room)
    state.deposit_balance_to_consume = 5
    refunds = _refundable(spec, 2)
    bond = pending_bond(spec, 0, ETH)
    queue_deposits(state, *refunds, bond)
    run_deposits(spec, state, vector)
    assert len(state.pending_payouts) == PAYOUTS
    assert payouts(state)[PAYOUTS - room :] == [refund_of(deposit) for deposit in refunds[:room]]
    assert list(state.pending_deposits) == [*refunds[room:], bond]
    assert state.pools[0].bond == 32 * ETH
    assert state.deposit_balance_to_consume == 0


@only_minimal
def test_others_need_no_room(spec: Any, state: Any, vector: Recorder) -> None:
    """Deposits before the refund take effect, the one postponed before it goes to the end."""
    index = _leaving(spec, state, 300)
    fill_payouts(spec, state, PAYOUTS)
    postponed = pending_lock(spec, 0, index, ETH)
    (refund,) = _refundable(spec, 1)
    queue_deposits(state, pending_bond(spec, 0, ETH), postponed, refund)
    run_deposits(spec, state, vector)
    assert state.pools[0].bond == 33 * ETH
    assert list(state.pending_deposits) == [refund, postponed]


@only_minimal
@pytest.mark.parametrize("room", [0, 1])
def test_registry_full(spec: Any, state: Any, vector: Recorder, room: int) -> None:
    """Closed pools keep their places too. The last place is given, the next deposit refunded."""
    for number in range(POOLS - room):
        add_pool(spec, state, bond=0)
        state.pools[number].unbonding_amount = MOST
        state.pools[number].unbonding_epoch = 1
        state.pools[number].withdrawable_epoch = 1
    state.pools[0].unbonding_amount = 0
    deposits = [pending_bond(spec, POOLS + number, 32 * ETH) for number in range(room + 1)]
    queue_deposits(state, *deposits, pending_bond(spec, 0, ETH))
    state.deposit_balance_to_consume = 64 * ETH
    run_deposits(spec, state, vector)
    assert len(state.pools) == POOLS
    assert payouts(state) == [refund_of(deposits[room])]
    assert state.pools[0].bond == ETH
    assert [pool.bond for pool in state.pools][POOLS - room :] == [32 * ETH] * room


@only_minimal
def test_lock_in_the_last_pool(spec: Any, state: Any, vector: Recorder) -> None:
    for _ in range(POOLS):
        add_pool(spec, state, bond=32 * ETH)
    key = len(state.validators)
    queue_deposits(state, pending_lock(spec, POOLS - 1, key, 32 * ETH))
    run_deposits(spec, state, vector)
    credentials = pooled_credentials(POOLS - 1, key)
    assert state.validators[key].withdrawal_credentials == credentials
