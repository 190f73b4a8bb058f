"""Withdrawal requests for pools: how much bond may go, and which key and address decide."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.genesis import execution_address
from tests.helpers.keys import public_key
from tests.helpers.pools import (
    ETH,
    add_pool,
    add_waiting,
    build_unbonding_request,
    make_pooled,
    operator_address,
)
from tests.helpers.queues import least_churn
from tests.helpers.running import run_operation

HANDLER = "withdrawal_request"

pytestmark = pytest.mark.vectors(runner="operations", handler=HANDLER, forks=["poolbonds"])

MOST = 2**64 - 1
NEVER = 2**64 - 1
EPOCH = 10
DELAY = 256
LOOKAHEAD = 5


def _pool(spec: Any, state: Any, bond: int = 40 * ETH) -> int:
    """The second of two pools, without seats, as nothing is charged for those; gives its index."""
    state.slot = EPOCH * spec.SLOTS_PER_EPOCH
    add_pool(spec, state, bond=99 * ETH)
    return add_pool(spec, state, bond=bond)


def _unbonds(spec: Any, state: Any, vector: Recorder, request: Any, amount: int) -> None:
    """Pool 1 lets go of `amount` Gwei from the next epoch on, and nothing else changes."""
    expected = state.copy()
    expected.pools[1].unbonding_amount = amount
    expected.pools[1].unbonding_epoch = EPOCH + 1
    expected.pools[1].withdrawable_epoch = EPOCH + 1 + DELAY
    run_operation(spec, state, vector, HANDLER, request)
    assert state.pools[1].unbonding_amount == amount
    assert spec.hash_tree_root(state) == spec.hash_tree_root(expected)


def _ignored(spec: Any, state: Any, vector: Recorder, request: Any) -> None:
    before = spec.hash_tree_root(state)
    run_operation(spec, state, vector, HANDLER, request)
    assert spec.hash_tree_root(state) == before


# A part


@pytest.mark.parametrize(
    ("amount", "unbonded"),
    [
        (1, 1),
        (8 * ETH - 1, 8 * ETH - 1),
        (8 * ETH, 8 * ETH),
        (8 * ETH + 1, 8 * ETH),
        (MOST - 1, 8 * ETH),
        (MOST, 8 * ETH),
    ],
    ids=["one", "almost", "all", "more", "nearly_most", "most"],
)
def test_unbond(spec: Any, state: Any, vector: Recorder, amount: int, unbonded: int) -> None:
    """Of 40 ETH at most 8 may go, as 32 must stay; the largest amount does not mean closing."""
    pool = _pool(spec, state)
    request = build_unbonding_request(spec, state, pool, amount)
    _unbonds(spec, state, vector, request, unbonded)
    assert state.pools[pool].bond == 40 * ETH


def test_unbond_the_last_spare_gwei(spec: Any, state: Any, vector: Recorder) -> None:
    pool = _pool(spec, state, bond=32 * ETH + 1)
    _unbonds(spec, state, vector, build_unbonding_request(spec, state, pool, ETH), 1)


@pytest.mark.parametrize("bond", [32 * ETH, 32 * ETH - 1, 0], ids=["least", "less", "empty"])
def test_unbond_nothing_to_spare(spec: Any, state: Any, vector: Recorder, bond: int) -> None:
    """A bond may have sunk below the minimum by penalties."""
    pool = _pool(spec, state, bond=bond)
    _ignored(spec, state, vector, build_unbonding_request(spec, state, pool, ETH))


def test_unbond_the_largest_bond(spec: Any, state: Any, vector: Recorder) -> None:
    """All sums are clamped; one that is left still carries all seats there may be."""
    pool = _pool(spec, state, bond=MOST)
    make_pooled(spec, state, pool, range(3))
    request = build_unbonding_request(spec, state, pool, MOST)
    run_operation(spec, state, vector, HANDLER, request)
    assert state.pools[pool].unbonding_amount == MOST - 32 * ETH
    assert state.pools[pool].unbonding_epoch == EPOCH + 1


@pytest.mark.config(MIN_POOL_BOND=8 * ETH)
def test_unbond_with_another_minimum(spec: Any, state: Any, vector: Recorder) -> None:
    pool = _pool(spec, state, bond=31 * ETH)
    _unbonds(spec, state, vector, build_unbonding_request(spec, state, pool, MOST), 23 * ETH)


def test_unbond_first_pool(spec: Any, state: Any, vector: Recorder) -> None:
    _pool(spec, state)
    run_operation(spec, state, vector, HANDLER, build_unbonding_request(spec, state, 0, ETH))
    assert [pool.unbonding_amount for pool in state.pools] == [ETH, 0]
    assert [pool.unbonding_epoch for pool in state.pools] == [EPOCH + 1, NEVER]


def test_unbond_twice(spec: Any, state: Any, vector: Recorder) -> None:
    """One unbonding runs at a time, down to the last Gwei of it."""
    pool = _pool(spec, state)
    state.pools[pool].unbonding_amount = 1
    state.pools[pool].unbonding_epoch = 9
    state.pools[pool].withdrawable_epoch = 265
    _ignored(spec, state, vector, build_unbonding_request(spec, state, pool, ETH))


def test_unbond_again_after_paying_out(spec: Any, state: Any, vector: Recorder) -> None:
    """The last unbonding's `withdrawable_epoch` is left over, and moves on."""
    pool = _pool(spec, state)
    state.pools[pool].withdrawable_epoch = 9
    _unbonds(spec, state, vector, build_unbonding_request(spec, state, pool, ETH), ETH)


def test_unbond_full_queue_of_partial_withdrawals(spec: Any, state: Any, vector: Recorder) -> None:
    """That queue is for validators (full at 64 entries under the minimal preset)."""
    pool = _pool(spec, state)
    entry = spec.PendingPartialWithdrawal(validator_index=1, amount=1, withdrawable_epoch=99)
    for _ in range(64):
        state.pending_partial_withdrawals.append(entry)
    _unbonds(spec, state, vector, build_unbonding_request(spec, state, pool, ETH), ETH)


@pytest.mark.parametrize("amount", [0, ETH], ids=["close", "part"])
@pytest.mark.parametrize(
    "address",
    [operator_address(0), execution_address(1), bytes(20), b"\xff" * 20],
    ids=["other_operator", "staker", "nobody", "highest"],
)
def test_unbond_wrong_address(
    spec: Any, state: Any, vector: Recorder, amount: int, address: bytes
) -> None:
    pool = _pool(spec, state)
    make_pooled(spec, state, pool, [1])
    request = build_unbonding_request(spec, state, pool, amount, address=address)
    _ignored(spec, state, vector, request)


# All of it


def test_close(spec: Any, state: Any, vector: Recorder) -> None:
    """Amount 0, which ends a validator, closes a pool."""
    pool = _pool(spec, state)
    _unbonds(spec, state, vector, build_unbonding_request(spec, state, pool), MOST)


@pytest.mark.parametrize("bond", [0, 1, 32 * ETH], ids=["empty", "one", "least"])
def test_close_with_little_bond(spec: Any, state: Any, vector: Recorder, bond: int) -> None:
    """No minimum stays in a pool that closes."""
    pool = _pool(spec, state, bond=bond)
    _unbonds(spec, state, vector, build_unbonding_request(spec, state, pool), MOST)


@pytest.mark.parametrize("amount", [0, 1, MOST], ids=["close", "one", "most"])
def test_unbond_after_closing(spec: Any, state: Any, vector: Recorder, amount: int) -> None:
    """Closing is for good, and asking again changes no epoch."""
    pool = _pool(spec, state)
    state.pools[pool].unbonding_amount = MOST
    state.pools[pool].unbonding_epoch = 2
    state.pools[pool].withdrawable_epoch = 258
    _ignored(spec, state, vector, build_unbonding_request(spec, state, pool, amount))


@pytest.mark.parametrize(
    ("running", "expected"),
    [(9, 11), (11, 11), (12, 12), (40, 40)],
    ids=["past", "same", "later", "much_later"],
)
def test_close_replaces_a_part(
    spec: Any, state: Any, vector: Recorder, running: int, expected: int
) -> None:
    """What runs already goes no earlier than it would have gone."""
    pool = _pool(spec, state)
    state.pools[pool].unbonding_amount = 1
    state.pools[pool].unbonding_epoch = running
    state.pools[pool].withdrawable_epoch = running + DELAY
    request = build_unbonding_request(spec, state, pool)
    run_operation(spec, state, vector, HANDLER, request)
    assert state.pools[pool].unbonding_amount == MOST
    assert state.pools[pool].unbonding_epoch == expected
    assert state.pools[pool].withdrawable_epoch == expected + DELAY


@pytest.mark.parametrize(
    ("held", "expected"),
    [(266, 267), (267, 267), (268, 268), (9_000, 9_000)],
    ids=["earlier", "same", "later", "much_later"],
)
@pytest.mark.parametrize("amount", [0, ETH], ids=["close", "part"])
def test_unbond_never_moves_back(
    spec: Any, state: Any, vector: Recorder, amount: int, held: int, expected: int
) -> None:
    """A slashing holds the bond: only forward from there. 10 + 1 + 256 is the request's own."""
    pool = _pool(spec, state)
    state.pools[pool].withdrawable_epoch = held
    request = build_unbonding_request(spec, state, pool, amount)
    run_operation(spec, state, vector, HANDLER, request)
    assert state.pools[pool].unbonding_epoch == EPOCH + 1
    assert state.pools[pool].withdrawable_epoch == expected


# A key that stands in both registries


def _shared_key(spec: Any, state: Any, *, pooled: bool) -> int:
    """Pool 1 and validator 7, which is old enough to leave, have one key."""
    epoch = int(spec.config.SHARD_COMMITTEE_PERIOD)
    _pool(spec, state)
    state.slot = epoch * spec.SLOTS_PER_EPOCH
    state.pools[1].pubkey = spec.BLSPubkey(public_key(7))
    if pooled:
        make_pooled(spec, state, 0, [7])
    return epoch


def _shared_request(spec: Any, state: Any, vector: Recorder, address: bytes) -> tuple[bool, bool]:
    """Ask for all from an address; gives whether the pool closes and the validator leaves."""
    request = build_unbonding_request(spec, state, 1, address=address)
    run_operation(spec, state, vector, HANDLER, request)
    closes = state.pools[1].unbonding_amount == MOST
    return closes, state.validators[7].exit_epoch != NEVER


@pytest.mark.parametrize("pooled", [False, True], ids=["solo", "pooled"])
def test_shared_key_by_the_operator(spec: Any, state: Any, vector: Recorder, pooled: bool) -> None:
    epoch = _shared_key(spec, state, pooled=pooled)
    assert _shared_request(spec, state, vector, operator_address(1)) == (True, False)
    assert state.pools[1].unbonding_epoch == epoch + 1


@pytest.mark.parametrize("pooled", [False, True], ids=["solo", "pooled"])
def test_shared_key_by_the_owner(spec: Any, state: Any, vector: Recorder, pooled: bool) -> None:
    epoch = _shared_key(spec, state, pooled=pooled)
    assert _shared_request(spec, state, vector, execution_address(7)) == (False, True)
    assert state.validators[7].exit_epoch == epoch + LOOKAHEAD


@pytest.mark.parametrize("pooled", [False, True], ids=["solo", "pooled"])
def test_shared_key_and_address(spec: Any, state: Any, vector: Recorder, pooled: bool) -> None:
    """One request does both, each in its registry, and each pays its own churn."""
    epoch = _shared_key(spec, state, pooled=pooled)
    state.pools[1].execution_address = spec.ExecutionAddress(execution_address(7))
    assert _shared_request(spec, state, vector, execution_address(7)) == (True, True)
    assert state.earliest_exit_epoch == epoch + LOOKAHEAD
    assert state.exit_balance_to_consume == least_churn(spec) - 32 * ETH
    assert state.earliest_unbonding_epoch == 0


def test_shared_key_and_address_part(spec: Any, state: Any, vector: Recorder) -> None:
    """A part is bond to the pool, and nothing to a pooled validator."""
    _shared_key(spec, state, pooled=True)
    state.pools[1].execution_address = spec.ExecutionAddress(execution_address(7))
    request = build_unbonding_request(spec, state, 1, ETH)
    run_operation(spec, state, vector, HANDLER, request)
    assert state.pools[1].unbonding_amount == ETH
    assert state.validators[7].exit_epoch == NEVER


def test_shared_key_after_closing(spec: Any, state: Any, vector: Recorder) -> None:
    """A request that the pool ignores still reaches the validator."""
    _shared_key(spec, state, pooled=True)
    state.pools[1].execution_address = spec.ExecutionAddress(execution_address(7))
    state.pools[1].unbonding_amount = MOST
    state.pools[1].unbonding_epoch = 2
    state.pools[1].withdrawable_epoch = 258
    assert _shared_request(spec, state, vector, execution_address(7)) == (True, True)
    assert state.pools[1].unbonding_epoch == 2


def test_close_own_pool_as_a_staker(spec: Any, state: Any, vector: Recorder) -> None:
    """An operator that is its own staker closes the pool by the pool's key alone."""
    pool = _pool(spec, state)
    (index,) = add_waiting(spec, state, pool)
    credentials = bytes(state.validators[index].withdrawal_credentials)[:12] + operator_address(1)
    state.validators[index].withdrawal_credentials = spec.Bytes32(credentials)
    _unbonds(spec, state, vector, build_unbonding_request(spec, state, pool), MOST)
