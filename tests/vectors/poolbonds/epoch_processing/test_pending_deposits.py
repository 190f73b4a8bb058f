"""Deposits that take effect when they leave the queue: pools, bond, and stake that is locked."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.deposits import build_pending_deposit
from tests.helpers.genesis import execution_credentials
from tests.helpers.keys import POOL_KEYS, pool_public_key, public_key
from tests.helpers.pools import (
    ETH,
    add_pool,
    add_waiting,
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
NEVER = 2**64 - 1
NO_POOL = 2**64 - 1


def _bonds(state: Any) -> list[int]:
    return [int(pool.bond) for pool in state.pools]


# Pools


@pytest.mark.bls
@pytest.mark.parametrize("commission", [0, 1, 4660, 9_999, 10_000], ids=str)
def test_found_pool(spec: Any, state: Any, vector: Recorder, commission: int) -> None:
    """The least bond founds a pool; nothing about it is set but what the deposit says."""
    validators = spec.hash_tree_root(state.validators)
    queue_deposits(state, pending_bond(spec, 0, 32 * ETH, commission))
    run_deposits(spec, state, vector)
    (pool,) = state.pools
    assert pool.pubkey == pool_public_key(0)
    assert pool.execution_address == operator_address(0)
    assert pool.commission == commission
    assert pool.bond == 32 * ETH
    assert pool.seated_balance == 0
    assert pool.unbonding_amount == 0
    assert pool.unbonding_epoch == NEVER
    assert pool.withdrawable_epoch == 0
    assert spec.hash_tree_root(state.validators) == validators
    assert len(state.pending_deposits) == 0
    assert payouts(state) == []


def test_found_two_pools(spec: Any, state: Any, vector: Recorder) -> None:
    """Pools are numbered in the order in which their deposits leave the queue."""
    queue_deposits(state, pending_bond(spec, 1, 32 * ETH), pending_bond(spec, 0, 32 * ETH))
    run_deposits(spec, state, vector)
    assert [pool.pubkey for pool in state.pools] == [pool_public_key(1), pool_public_key(0)]


def test_two_pools_of_one_operator(spec: Any, state: Any, vector: Recorder) -> None:
    """An address may stand behind several pools; only keys are unique."""
    same = [
        build_pending_deposit(spec, POOL_KEYS + number, bond_credentials(0), 32 * ETH)
        for number in range(2)
    ]
    queue_deposits(state, *same)
    run_deposits(spec, state, vector)
    assert [pool.execution_address for pool in state.pools] == [operator_address(0)] * 2


def test_found_and_top_up(spec: Any, state: Any, vector: Recorder) -> None:
    """What was two first deposits when it was queued becomes a pool and a top-up."""
    queue_deposits(state, pending_bond(spec, 0, 32 * ETH, 7), pending_bond(spec, 0, ETH, 7))
    run_deposits(spec, state, vector)
    assert _bonds(state) == [33 * ETH]
    assert payouts(state) == []


def test_found_after_a_refund(spec: Any, state: Any, vector: Recorder) -> None:
    """A deposit that came back has left no trace: its key is still free."""
    too_little = pending_bond(spec, 0, 32 * ETH - 1)
    queue_deposits(state, too_little, pending_bond(spec, 0, 32 * ETH, 3))
    run_deposits(spec, state, vector)
    assert _bonds(state) == [32 * ETH]
    assert state.pools[0].commission == 3
    assert payouts(state) == [refund_of(too_little)]


def test_found_pool_with_key_of_a_validator(spec: Any, state: Any, vector: Recorder) -> None:
    """Validators' keys do not matter to pools: a solo validator cannot block its own pool."""
    queue_deposits(state, build_pending_deposit(spec, 3, bond_credentials(0), 32 * ETH))
    run_deposits(spec, state, vector)
    assert state.pools[0].pubkey == public_key(3)
    assert _bonds(state) == [32 * ETH]
    assert state.balances[3] == 32 * ETH


@pytest.mark.parametrize("amount", [0, 1, 20 * ETH], ids=["nothing", "one", "more"])
def test_top_up_pool(spec: Any, state: Any, vector: Recorder, amount: int) -> None:
    """A top-up that was queued, because the pool did not exist yet then, needs no minimum."""
    add_pool(spec, state, bond=33 * ETH)
    add_pool(spec, state, bond=34 * ETH, commission=500)
    queue_deposits(state, pending_bond(spec, 1, amount, 500))
    run_deposits(spec, state, vector)
    assert _bonds(state) == [33 * ETH, 34 * ETH + amount]
    assert payouts(state) == []


@pytest.mark.bls
def test_top_up_pool_without_signature(spec: Any, state: Any, vector: Recorder) -> None:
    add_pool(spec, state, bond=32 * ETH)
    queue_deposits(state, pending_bond(spec, 0, ETH, signed=False))
    run_deposits(spec, state, vector)
    assert _bonds(state) == [33 * ETH]


def test_top_up_pool_while_a_part_unbonds(spec: Any, state: Any, vector: Recorder) -> None:
    add_pool(spec, state, bond=40 * ETH)
    state.pools[0].unbonding_amount = 8 * ETH
    state.pools[0].unbonding_epoch = 9
    state.pools[0].withdrawable_epoch = 265
    queue_deposits(state, pending_bond(spec, 0, ETH))
    run_deposits(spec, state, vector)
    assert _bonds(state) == [41 * ETH]
    assert state.pools[0].unbonding_amount == 8 * ETH


def test_top_up_pool_to_the_largest_bond(spec: Any, state: Any, vector: Recorder) -> None:
    add_pool(spec, state, bond=MOST - ETH)
    queue_deposits(state, pending_bond(spec, 0, ETH))
    run_deposits(spec, state, vector)
    assert _bonds(state) == [MOST]
    assert payouts(state) == []


def test_bond_for_an_exiting_validators_key(spec: Any, state: Any, vector: Recorder) -> None:
    """Bond waits for no validator: one with the pool's key is on its way out."""
    add_pool(spec, state, bond=32 * ETH)
    state.pools[0].pubkey = spec.BLSPubkey(public_key(3))
    state.validators[3].exit_epoch = 5
    state.validators[3].withdrawable_epoch = 261
    queue_deposits(state, build_pending_deposit(spec, 3, bond_credentials(0), ETH))
    run_deposits(spec, state, vector)
    assert _bonds(state) == [33 * ETH]
    assert len(state.pending_deposits) == 0


# The least bond is its own parameter, though it equals the price of a seat by default


@pytest.mark.config(MIN_POOL_BOND=40 * ETH)
@pytest.mark.parametrize("missing", [0, 1])
def test_other_least_bond(spec: Any, state: Any, vector: Recorder, missing: int) -> None:
    deposit = pending_bond(spec, 0, 40 * ETH - missing)
    queue_deposits(state, deposit)
    run_deposits(spec, state, vector)
    assert _bonds(state) == [40 * ETH] * (1 - missing)
    assert payouts(state) == [refund_of(deposit)] * missing


@pytest.mark.config(MIN_POOL_BOND=40 * ETH)
def test_lock_does_not_need_the_least_bond(spec: Any, state: Any, vector: Recorder) -> None:
    add_pool(spec, state, bond=40 * ETH)
    key = len(state.validators)
    queue_deposits(state, pending_lock(spec, 0, key, 32 * ETH))
    run_deposits(spec, state, vector)
    assert state.balances[key] == 32 * ETH


# Locking


@pytest.mark.bls
@pytest.mark.parametrize("amount", [32 * ETH, 40 * ETH + 1], ids=["least", "more"])
def test_lock(spec: Any, state: Any, vector: Recorder, amount: int) -> None:
    """It makes a validator that waits, with its entry in every parallel list."""
    add_pool(spec, state, bond=32 * ETH)
    index = len(state.validators)
    queue_deposits(state, pending_lock(spec, 0, index, amount))
    run_deposits(spec, state, vector)
    assert len(state.validators) == index + 1
    validator = state.validators[index]
    assert validator.pubkey == public_key(index)
    assert validator.withdrawal_credentials == pooled_credentials(0, index)
    assert validator.effective_balance == 0
    assert not validator.slashed
    assert validator.activation_eligibility_epoch == NEVER
    assert validator.activation_epoch == NEVER
    assert validator.exit_epoch == NEVER
    assert validator.withdrawable_epoch == NEVER
    assert list(state.balances)[index:] == [amount]
    assert list(state.previous_epoch_participation)[index:] == [0]
    assert list(state.current_epoch_participation)[index:] == [0]
    assert list(state.inactivity_scores)[index:] == [0]
    assert list(state.validator_pools)[index:] == [NO_POOL]
    assert _bonds(state) == [32 * ETH]
    assert payouts(state) == []


def test_solo_deposit_keeps_the_lists_parallel(spec: Any, state: Any, vector: Recorder) -> None:
    """A new solo validator has an entry in `validator_pools` too, and its weight from the start."""
    index = len(state.validators)
    deposit = build_pending_deposit(spec, index, execution_credentials(index), 33 * ETH + 5)
    small = build_pending_deposit(spec, index + 1, execution_credentials(index + 1), 3 * ETH + 5)
    queue_deposits(state, deposit, small)
    run_deposits(spec, state, vector)
    assert list(state.validator_pools)[index:] == [NO_POOL, NO_POOL]
    assert state.validators[index].effective_balance == 32 * ETH
    assert state.validators[index + 1].effective_balance == 3 * ETH


@pytest.mark.parametrize("prefix", [b"\xb3", b"\xb6", b"\xff"], ids=bytes.hex)
def test_prefix_beside_the_new_ones(spec: Any, state: Any, vector: Recorder, prefix: bytes) -> None:
    """Only two prefixes are the pools'; any other makes a solo validator, as under Fulu."""
    add_pool(spec, state, bond=32 * ETH)
    index = len(state.validators)
    credentials = execution_credentials(index, prefix)
    queue_deposits(state, build_pending_deposit(spec, index, credentials, 32 * ETH))
    run_deposits(spec, state, vector)
    assert state.validators[index].withdrawal_credentials == credentials
    assert state.validators[index].effective_balance == 32 * ETH


def test_lock_in_the_second_pool(spec: Any, state: Any, vector: Recorder) -> None:
    for _ in range(2):
        add_pool(spec, state, bond=32 * ETH)
    index = len(state.validators)
    queue_deposits(state, pending_lock(spec, 1, index, 32 * ETH))
    run_deposits(spec, state, vector)
    assert state.validators[index].withdrawal_credentials == pooled_credentials(1, index)


def test_lock_right_after_founding(spec: Any, state: Any, vector: Recorder) -> None:
    """The pool exists as soon as its deposit has left the queue."""
    index = len(state.validators)
    queue_deposits(state, pending_bond(spec, 0, 32 * ETH), pending_lock(spec, 0, index, 32 * ETH))
    run_deposits(spec, state, vector)
    assert _bonds(state) == [32 * ETH]
    assert len(state.validators) == index + 1
    assert payouts(state) == []


def test_lock_with_key_of_the_pool(spec: Any, state: Any, vector: Recorder) -> None:
    """Pools' keys do not matter to validators."""
    add_pool(spec, state, bond=32 * ETH)
    index = len(state.validators)
    deposit = build_pending_deposit(spec, POOL_KEYS, pooled_credentials(0, index), 32 * ETH)
    queue_deposits(state, deposit)
    run_deposits(spec, state, vector)
    assert state.validators[index].pubkey == pool_public_key(0)
    assert _bonds(state) == [32 * ETH]


def test_lock_while_a_part_unbonds(spec: Any, state: Any, vector: Recorder) -> None:
    add_pool(spec, state, bond=40 * ETH)
    state.pools[0].unbonding_amount = 8 * ETH
    state.pools[0].unbonding_epoch = 9
    state.pools[0].withdrawable_epoch = 265
    index = len(state.validators)
    queue_deposits(state, pending_lock(spec, 0, index, 32 * ETH))
    run_deposits(spec, state, vector)
    assert len(state.validators) == index + 1


# Topping up what is locked


@pytest.mark.bls
@pytest.mark.parametrize("kind", ["seated", "waiting", "unadmitted"])
def test_top_up_validator(spec: Any, state: Any, vector: Recorder, kind: str) -> None:
    """Anybody may add to a pooled validator, with its own credentials; its weight does not change.

    There is no minimum and no signature to check.
    """
    add_pool(spec, state, bond=32 * ETH)
    if kind == "unadmitted":
        (index,) = add_waiting(spec, state, 0, admitted=False)
    else:
        (index,) = make_pooled(spec, state, 0, [5], seated=kind == "seated")
    validators = spec.hash_tree_root(state.validators)
    credentials = pooled_credentials(0, index)
    queue_deposits(state, build_pending_deposit(spec, index, credentials, 1, signed=False))
    run_deposits(spec, state, vector)
    assert state.balances[index] == 32 * ETH + 1
    assert spec.hash_tree_root(state.validators) == validators
    assert payouts(state) == []


def test_lock_and_top_up(spec: Any, state: Any, vector: Recorder) -> None:
    """The second of two deposits for a new key is a top-up, so it may be small."""
    add_pool(spec, state, bond=32 * ETH)
    index = len(state.validators)
    queue_deposits(state, pending_lock(spec, 0, index, 32 * ETH), pending_lock(spec, 0, index, ETH))
    run_deposits(spec, state, vector)
    assert list(state.balances)[index:] == [33 * ETH]


def test_top_up_validator_of_a_closing_pool(spec: Any, state: Any, vector: Recorder) -> None:
    """It is the staker's money on the staker's validator, whatever becomes of the pool."""
    add_pool(spec, state, bond=32 * ETH)
    (index,) = make_pooled(spec, state, 0, [5], seated=False)
    state.pools[0].unbonding_amount = MOST
    state.pools[0].unbonding_epoch = 1
    state.pools[0].withdrawable_epoch = 257
    queue_deposits(state, pending_lock(spec, 0, index, ETH))
    run_deposits(spec, state, vector)
    assert state.balances[index] == 33 * ETH


def test_top_up_validator_that_names_no_pool(spec: Any, state: Any, vector: Recorder) -> None:
    """Left over from before the fork, when any credentials were taken."""
    add_pool(spec, state, bond=32 * ETH)
    state.validators[5].withdrawal_credentials = spec.Bytes32(pooled_credentials(9, 5))
    queue_deposits(state, pending_lock(spec, 9, 5, ETH))
    run_deposits(spec, state, vector)
    assert state.balances[5] == 33 * ETH


def test_top_up_validator_to_the_largest_balance(spec: Any, state: Any, vector: Recorder) -> None:
    add_pool(spec, state, bond=32 * ETH)
    (index,) = make_pooled(spec, state, 0, [5], seated=False)
    state.balances[index] = MOST - ETH
    queue_deposits(state, pending_lock(spec, 0, index, ETH))
    run_deposits(spec, state, vector)
    assert state.balances[index] == MOST
    assert payouts(state) == []


def test_addressless_top_up_is_clamped(spec: Any, state: Any, vector: Recorder) -> None:
    """It cannot be sent back, so what does not fit is lost; it never makes the epoch fail."""
    add_pool(spec, state, bond=32 * ETH)
    (index,) = make_pooled(spec, state, 0, [5], seated=False)
    state.balances[index] = MOST - ETH
    credentials = execution_credentials(index, b"\x00")
    queue_deposits(state, build_pending_deposit(spec, index, credentials, ETH + 3))
    run_deposits(spec, state, vector, lost=3)
    assert state.balances[index] == MOST
    assert payouts(state) == []
