"""Deposits that cannot take effect exactly as written go back in full to the address they name."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.deposits import build_pending_deposit, sign_deposit
from tests.helpers.genesis import execution_credentials
from tests.helpers.keys import POOL_KEYS, public_key, secret_of
from tests.helpers.pools import (
    ETH,
    add_pool,
    bond_credentials,
    make_pooled,
    operator_address,
    pooled_credentials,
)
from tests.helpers.queues import (
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


def _refunded(spec: Any, state: Any, vector: Recorder, deposit: Any) -> None:
    """The deposit, alone in the queue, becomes a payout, and nothing else changes."""
    queue_deposits(state, deposit)
    run = run_deposits(spec, state, vector)
    expected = run.pre.copy()
    expected.pending_deposits.pop()
    source, address, amount = refund_of(deposit)
    expected.pending_payouts.append(spec.Payout(source=source, address=address, amount=amount))
    assert payouts(state) == [refund_of(deposit)]
    assert spec.hash_tree_root(run.post) == spec.hash_tree_root(expected)


def _close(state: Any, pool_index: int) -> None:
    state.pools[pool_index].unbonding_amount = MOST
    state.pools[pool_index].unbonding_epoch = 1
    state.pools[pool_index].withdrawable_epoch = 257


# Founding a pool


@pytest.mark.parametrize("commission", [10_001, 32_768, 65_535], ids=str)
def test_commission_above_all(spec: Any, state: Any, vector: Recorder, commission: int) -> None:
    _refunded(spec, state, vector, pending_bond(spec, 0, 32 * ETH, commission))


@pytest.mark.parametrize("position", range(3, 12))
def test_padding_of_bond(spec: Any, state: Any, vector: Recorder, position: int) -> None:
    credentials = bytearray(bond_credentials(0))
    credentials[position] = 1
    deposit = build_pending_deposit(spec, POOL_KEYS, bytes(credentials), 32 * ETH)
    _refunded(spec, state, vector, deposit)


@pytest.mark.parametrize("amount", [0, 1, 32 * ETH - 1], ids=["nothing", "one", "almost"])
def test_too_little_for_a_pool(spec: Any, state: Any, vector: Recorder, amount: int) -> None:
    _refunded(spec, state, vector, pending_bond(spec, 0, amount))


@pytest.mark.bls
def test_unsigned_bond(spec: Any, state: Any, vector: Recorder) -> None:
    """Who founds a pool proves to hold its key."""
    _refunded(spec, state, vector, pending_bond(spec, 0, 32 * ETH, signed=False))


FOUNDING = {"pubkey": public_key(POOL_KEYS), "credentials": bond_credentials(0), "amount": 32 * ETH}


@pytest.mark.bls
@pytest.mark.parametrize(
    "other",
    [
        {"pubkey": public_key(POOL_KEYS + 1)},
        {"credentials": bond_credentials(0, 1)},
        {"amount": 32 * ETH + 1},
    ],
    ids=["key", "credentials", "amount"],
)
def test_bond_signed_for_something_else(
    spec: Any, state: Any, vector: Recorder, other: dict[str, Any]
) -> None:
    """The right key has signed a message that differs from the deposit in one thing."""
    deposit = pending_bond(spec, 0, 32 * ETH)
    secret = secret_of(public_key(POOL_KEYS))
    deposit.signature = sign_deposit(spec, **{**FOUNDING, **other}, secret=secret)
    _refunded(spec, state, vector, deposit)


# Topping a bond up


@pytest.mark.parametrize("commission", [0, 499, 10_000], ids=str)
def test_top_up_with_other_commission(
    spec: Any, state: Any, vector: Recorder, commission: int
) -> None:
    """It would found a pool if the key were new; a pool's commission is fixed for life."""
    add_pool(spec, state, bond=32 * ETH, commission=500)
    _refunded(spec, state, vector, pending_bond(spec, 0, 32 * ETH, commission))


def test_top_up_with_other_address(spec: Any, state: Any, vector: Recorder) -> None:
    """It goes back to the address in the deposit, which is not the pool's."""
    add_pool(spec, state, bond=32 * ETH)
    add_pool(spec, state, bond=32 * ETH)
    deposit = build_pending_deposit(spec, POOL_KEYS + 1, bond_credentials(0), 32 * ETH)
    _refunded(spec, state, vector, deposit)
    assert payouts(state)[0][1] == operator_address(0)


@pytest.mark.parametrize("position", [3, 11])
def test_top_up_with_padding(spec: Any, state: Any, vector: Recorder, position: int) -> None:
    add_pool(spec, state, bond=32 * ETH)
    credentials = bytearray(bond_credentials(0))
    credentials[position] = 1
    deposit = build_pending_deposit(spec, POOL_KEYS, bytes(credentials), 32 * ETH)
    _refunded(spec, state, vector, deposit)


@pytest.mark.parametrize("bond", [0, 40 * ETH], ids=["empty", "full"])
def test_top_up_of_a_closing_pool(spec: Any, state: Any, vector: Recorder, bond: int) -> None:
    """Neither a top-up nor a new pool: a key is used up with its pool."""
    add_pool(spec, state, bond=bond)
    _close(state, 0)
    _refunded(spec, state, vector, pending_bond(spec, 0, 32 * ETH))


@pytest.mark.parametrize("bond", [MOST, MOST - ETH + 1], ids=["full", "almost"])
def test_top_up_above_the_largest_bond(spec: Any, state: Any, vector: Recorder, bond: int) -> None:
    add_pool(spec, state, bond=bond)
    _refunded(spec, state, vector, pending_bond(spec, 0, ETH))


def test_top_up_that_overflows_is_never_a_matter_of_churn(
    spec: Any, state: Any, vector: Recorder
) -> None:
    """The largest amount there is goes back at once."""
    add_pool(spec, state, bond=1)
    _refunded(spec, state, vector, pending_bond(spec, 0, MOST))


# Locking


@pytest.mark.parametrize("amount", [0, 1, 32 * ETH - 1], ids=["nothing", "one", "almost"])
def test_too_little_for_a_validator(spec: Any, state: Any, vector: Recorder, amount: int) -> None:
    add_pool(spec, state, bond=32 * ETH)
    _refunded(spec, state, vector, pending_lock(spec, 0, len(state.validators), amount))


@pytest.mark.parametrize("position", [9, 10, 11])
def test_padding_of_lock(spec: Any, state: Any, vector: Recorder, position: int) -> None:
    add_pool(spec, state, bond=32 * ETH)
    key = len(state.validators)
    credentials = bytearray(pooled_credentials(0, key))
    credentials[position] = 0x80
    deposit = build_pending_deposit(spec, key, bytes(credentials), 32 * ETH)
    _refunded(spec, state, vector, deposit)


@pytest.mark.parametrize(
    "pool_index",
    [2, 256, 2**56, 2**63, MOST],
    ids=["next", "second_byte", "big_endian", "sign", "largest"],
)
def test_lock_in_an_unknown_pool(spec: Any, state: Any, vector: Recorder, pool_index: int) -> None:
    """All eight bytes of the index count, the lowest first."""
    for _ in range(2):
        add_pool(spec, state, bond=32 * ETH)
    _refunded(spec, state, vector, pending_lock(spec, pool_index, len(state.validators), 32 * ETH))


def test_lock_without_any_pool(spec: Any, state: Any, vector: Recorder) -> None:
    _refunded(spec, state, vector, pending_lock(spec, 0, len(state.validators), 32 * ETH))


def _lock_in_closing_pool(spec: Any, state: Any, slot: int, unbonding_epoch: int) -> Any:
    """A deposit of that slot, final by now, for a pool that is about to pay out as of epoch 258."""
    state.slot = 2 * spec.SLOTS_PER_EPOCH
    state.finalized_checkpoint.epoch = 1
    add_pool(spec, state, bond=40 * ETH)
    state.pools[0].unbonding_amount = MOST
    state.pools[0].unbonding_epoch = unbonding_epoch
    state.pools[0].withdrawable_epoch = 258
    deposit = pending_lock(spec, 0, len(state.validators), 32 * ETH)
    deposit.slot = slot
    return deposit


@pytest.mark.parametrize(("epoch", "unbonding_epoch"), [(0, 0), (1, 0), (1, 1)])
def test_lock_in_a_closed_pool(
    spec: Any, state: Any, vector: Recorder, epoch: int, unbonding_epoch: int
) -> None:
    """The pool was closed by the epoch of the deposit's block."""
    slot = epoch * spec.SLOTS_PER_EPOCH
    _refunded(spec, state, vector, _lock_in_closing_pool(spec, state, slot, unbonding_epoch))


@pytest.mark.parametrize(("back", "unbonding_epoch"), [(0, 2), (1, 1), (0, 9)])
def test_lock_in_a_closing_pool(
    spec: Any, state: Any, vector: Recorder, back: int, unbonding_epoch: int
) -> None:
    """Not closed yet by the epoch of the deposit's block, though it may be closed by now.

    The index of a validator must not depend on a closing that can still be reverted.
    """
    slot = int(spec.SLOTS_PER_EPOCH) - back
    index = len(state.validators)
    queue_deposits(state, _lock_in_closing_pool(spec, state, slot, unbonding_epoch))
    run_deposits(spec, state, vector)
    assert len(state.validators) == index + 1
    assert state.validator_pools[index] == MOST
    assert payouts(state) == []


def test_lock_after_a_part_has_unbonded(spec: Any, state: Any, vector: Recorder) -> None:
    """An epoch that has come closes only a pool that closes."""
    deposit = _lock_in_closing_pool(spec, state, 0, 0)
    state.pools[0].unbonding_amount = MOST - 1
    queue_deposits(state, deposit)
    run_deposits(spec, state, vector)
    assert payouts(state) == []


def test_lock_before_its_pool(spec: Any, state: Any, vector: Recorder) -> None:
    """The order in the queue decides: one place later the pool would have been there."""
    key = len(state.validators)
    lock = pending_lock(spec, 0, key, 32 * ETH)
    queue_deposits(state, lock, pending_bond(spec, 0, 32 * ETH))
    run_deposits(spec, state, vector)
    assert len(state.pools) == 1
    assert len(state.validators) == key
    assert payouts(state) == [refund_of(lock)]


@pytest.mark.bls
def test_unsigned_lock(spec: Any, state: Any, vector: Recorder) -> None:
    """Under Fulu the money would be lost."""
    add_pool(spec, state, bond=32 * ETH)
    key = len(state.validators)
    deposit = build_pending_deposit(spec, key, pooled_credentials(0, key), 32 * ETH, signed=False)
    _refunded(spec, state, vector, deposit)


@pytest.mark.bls
def test_unsigned_solo_deposit_is_lost(spec: Any, state: Any, vector: Recorder) -> None:
    """For deposits that are no business of pools nothing has changed."""
    key = len(state.validators)
    credentials = execution_credentials(key)
    queue_deposits(state, build_pending_deposit(spec, key, credentials, 32 * ETH, signed=False))
    run_deposits(spec, state, vector, lost=32 * ETH)
    assert len(state.validators) == key
    assert payouts(state) == []


# Topping up what is locked


def test_top_up_above_the_largest_balance(spec: Any, state: Any, vector: Recorder) -> None:
    """Clamped it would burn money; it names an address, so it goes back."""
    add_pool(spec, state, bond=32 * ETH)
    make_pooled(spec, state, 0, [5], seated=False)
    state.balances[5] = MOST - ETH + 1
    _refunded(spec, state, vector, pending_lock(spec, 0, 5, ETH))


def test_top_up_with_other_padding(spec: Any, state: Any, vector: Recorder) -> None:
    add_pool(spec, state, bond=32 * ETH)
    make_pooled(spec, state, 0, [5])
    credentials = bytearray(pooled_credentials(0, 5))
    credentials[10] = 1
    _refunded(spec, state, vector, build_pending_deposit(spec, 5, bytes(credentials), ETH))
