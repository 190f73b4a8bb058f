"""Deposit requests: what adds to a bond at once, and what takes its turn in the queue."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.deposits import build_deposit_request
from tests.helpers.genesis import execution_credentials
from tests.helpers.keys import POOL_KEYS, public_key
from tests.helpers.pools import (
    ETH,
    add_pool,
    bond_credentials,
    build_bond_request,
    build_lock_request,
    make_pooled,
    pooled_credentials,
)
from tests.helpers.running import run_operation

HANDLER = "deposit_request"

pytestmark = pytest.mark.vectors(runner="operations", handler=HANDLER, forks=["poolbonds"])

MOST = 2**64 - 1
COMMISSION = 500
OTHER_COMMISSION = 501
SLOT = 5


def _pools(spec: Any, state: Any) -> None:
    """Two pools of which the second is the one that tests are about; some time has passed."""
    state.slot = SLOT
    add_pool(spec, state, bond=33 * ETH)
    add_pool(spec, state, bond=40 * ETH, commission=COMMISSION)


def _credit(spec: Any, state: Any, vector: Recorder, request: Any, bond: int) -> None:
    """The request makes the bond of pool 1 `bond` Gwei, and changes nothing else."""
    expected = state.copy()
    expected.pools[1].bond = bond
    run_operation(spec, state, vector, HANDLER, request)
    assert state.pools[1].bond == bond
    assert spec.hash_tree_root(state) == spec.hash_tree_root(expected)


def _queue(spec: Any, state: Any, vector: Recorder, request: Any) -> None:
    """The request goes to the end of the queue as it is, and changes nothing else."""
    expected = state.copy()
    expected.pending_deposits.append(
        spec.PendingDeposit(
            pubkey=request.pubkey,
            withdrawal_credentials=request.withdrawal_credentials,
            amount=request.amount,
            signature=request.signature,
            slot=SLOT,
        )
    )
    run_operation(spec, state, vector, HANDLER, request)
    assert len(state.pending_deposits) == 1
    assert spec.hash_tree_root(state) == spec.hash_tree_root(expected)


# At once


@pytest.mark.parametrize("amount", [0, 1, 32 * ETH], ids=["nothing", "one", "more"])
def test_top_up(spec: Any, state: Any, vector: Recorder, amount: int) -> None:
    """There is no minimum for what only adds to a bond."""
    _pools(spec, state)
    request = build_bond_request(spec, 1, amount, COMMISSION)
    _credit(spec, state, vector, request, 40 * ETH + amount)


def test_top_up_of_the_first_pool(spec: Any, state: Any, vector: Recorder) -> None:
    _pools(spec, state)
    run_operation(spec, state, vector, HANDLER, build_bond_request(spec, 0, 2 * ETH))
    assert [pool.bond for pool in state.pools] == [35 * ETH, 40 * ETH]
    assert len(state.pending_deposits) == 0


@pytest.mark.bls
def test_top_up_without_signature(spec: Any, state: Any, vector: Recorder) -> None:
    """Anybody may rescue a bond: who only adds to it has nothing to prove."""
    _pools(spec, state)
    key, credentials = POOL_KEYS + 1, bond_credentials(1, COMMISSION)
    request = build_deposit_request(spec, key, credentials, ETH, signed=False)
    _credit(spec, state, vector, request, 41 * ETH)


def test_top_up_of_an_empty_bond(spec: Any, state: Any, vector: Recorder) -> None:
    """The minimum is for founding: a bond that penalties have eaten can be filled from nothing."""
    _pools(spec, state)
    state.pools[1].bond = 0
    _credit(spec, state, vector, build_bond_request(spec, 1, 1, COMMISSION), 1)


def test_top_up_brings_no_weight(spec: Any, state: Any, vector: Recorder) -> None:
    """Seats are served at the epoch's end, however much bond there is before."""
    _pools(spec, state)
    make_pooled(spec, state, 1, [1, 2])
    make_pooled(spec, state, 1, [3], seated=False)
    _credit(spec, state, vector, build_bond_request(spec, 1, 99 * ETH, COMMISSION), 139 * ETH)
    assert state.validators[3].effective_balance == 0


@pytest.mark.parametrize("amount", [1, MOST - 1], ids=["least", "most"])
def test_top_up_while_a_part_unbonds(spec: Any, state: Any, vector: Recorder, amount: int) -> None:
    _pools(spec, state)
    state.pools[1].unbonding_amount = amount
    state.pools[1].unbonding_epoch = 1
    state.pools[1].withdrawable_epoch = 257
    _credit(spec, state, vector, build_bond_request(spec, 1, ETH, COMMISSION), 41 * ETH)


def test_top_up_to_the_largest_bond(spec: Any, state: Any, vector: Recorder) -> None:
    _pools(spec, state)
    state.pools[1].bond = MOST - ETH
    _credit(spec, state, vector, build_bond_request(spec, 1, ETH, COMMISSION), MOST)


def test_start_of_requests_is_left_as_it_is(spec: Any, state: Any, vector: Recorder) -> None:
    """Nothing is noted about the former bridge, even where no request has been seen yet."""
    _pools(spec, state)
    state.deposit_requests_start_index = MOST
    request = build_bond_request(spec, 1, ETH, COMMISSION, index=7)
    _credit(spec, state, vector, request, 41 * ETH)
    assert state.deposit_requests_start_index == MOST


def test_others_are_waiting(spec: Any, state: Any, vector: Recorder) -> None:
    """A top-up goes around the queue, whatever stands in it."""
    _pools(spec, state)
    spec.process_deposit_request(state, build_lock_request(spec, 1, 900))
    _credit(spec, state, vector, build_bond_request(spec, 1, ETH, COMMISSION), 41 * ETH)
    assert len(state.pending_deposits) == 1


# Into the queue


def test_bond_of_an_unknown_pool(spec: Any, state: Any, vector: Recorder) -> None:
    """A pool is founded at the end of an epoch."""
    _pools(spec, state)
    _queue(spec, state, vector, build_bond_request(spec, 2, 32 * ETH))


@pytest.mark.parametrize("commission", [0, OTHER_COMMISSION, 10_000], ids=str)
def test_other_commission(spec: Any, state: Any, vector: Recorder, commission: int) -> None:
    """What is not a top-up is judged when it leaves the queue, under the rules of that moment."""
    _pools(spec, state)
    _queue(spec, state, vector, build_bond_request(spec, 1, ETH, commission))


@pytest.mark.parametrize("position", [1, 2, 3, 11, 12, 31])
def test_other_byte_of_the_credentials(
    spec: Any, state: Any, vector: Recorder, position: int
) -> None:
    """Commission, padding or address: one byte is enough."""
    _pools(spec, state)
    credentials = bytearray(bond_credentials(1, COMMISSION))
    credentials[position] ^= 0x80
    request = build_deposit_request(spec, POOL_KEYS + 1, bytes(credentials), ETH)
    _queue(spec, state, vector, request)


def test_credentials_of_another_pool(spec: Any, state: Any, vector: Recorder) -> None:
    _pools(spec, state)
    request = build_deposit_request(spec, POOL_KEYS + 1, bond_credentials(0), ETH)
    _queue(spec, state, vector, request)


def test_closing_pool(spec: Any, state: Any, vector: Recorder) -> None:
    _pools(spec, state)
    state.pools[1].unbonding_amount = MOST
    state.pools[1].unbonding_epoch = 1
    state.pools[1].withdrawable_epoch = 257
    _queue(spec, state, vector, build_bond_request(spec, 1, ETH, COMMISSION))


def test_one_more_than_the_largest_bond(spec: Any, state: Any, vector: Recorder) -> None:
    """Clamped it would burn money, so it is queued, and refunded in the end."""
    _pools(spec, state)
    state.pools[1].bond = MOST - ETH
    _queue(spec, state, vector, build_bond_request(spec, 1, ETH + 1, COMMISSION))


def test_largest_amount(spec: Any, state: Any, vector: Recorder) -> None:
    _pools(spec, state)
    _queue(spec, state, vector, build_bond_request(spec, 1, MOST, COMMISSION))


@pytest.mark.parametrize(
    "credentials",
    [
        pooled_credentials(1, 5),
        execution_credentials(5),
        execution_credentials(5, b"\x00"),
        execution_credentials(5, b"\x02"),
        b"\xb4" + bond_credentials(1, COMMISSION)[1:],
    ],
    ids=["pooled", "eth1", "bls", "compounding", "pooled_prefix_alone"],
)
def test_key_of_a_pool_for_a_validator(
    spec: Any, state: Any, vector: Recorder, credentials: bytes
) -> None:
    """The prefix says which registry a deposit is for, not the key."""
    _pools(spec, state)
    request = build_deposit_request(spec, POOL_KEYS + 1, credentials, 32 * ETH)
    _queue(spec, state, vector, request)


def test_bond_for_the_key_of_a_validator(spec: Any, state: Any, vector: Recorder) -> None:
    """A validator's key is no pool's."""
    _pools(spec, state)
    request = build_deposit_request(spec, 3, bond_credentials(1, COMMISSION), 32 * ETH)
    _queue(spec, state, vector, request)


def test_key_of_both_registries(spec: Any, state: Any, vector: Recorder) -> None:
    """The pool is found although a validator with its key comes first in its own registry."""
    _pools(spec, state)
    state.pools[1].pubkey = spec.BLSPubkey(public_key(0))
    request = build_deposit_request(spec, 0, bond_credentials(1, COMMISSION), ETH)
    _credit(spec, state, vector, request, 41 * ETH)


def test_lock(spec: Any, state: Any, vector: Recorder) -> None:
    _pools(spec, state)
    _queue(spec, state, vector, build_lock_request(spec, 1, len(state.validators)))


def test_top_up_of_a_pooled_validator(spec: Any, state: Any, vector: Recorder) -> None:
    """Only bond goes around the queue."""
    _pools(spec, state)
    make_pooled(spec, state, 1, [1])
    _queue(spec, state, vector, build_lock_request(spec, 1, 1, ETH))


def test_solo_deposit(spec: Any, state: Any, vector: Recorder) -> None:
    _pools(spec, state)
    request = build_deposit_request(spec, 900, execution_credentials(900), 32 * ETH)
    _queue(spec, state, vector, request)
