"""Whole lives in blocks: of a pool, of its validators, and of the money in them."""

from collections.abc import Iterator
from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.epoch_end import reward_per_increment, weights
from tests.helpers.genesis import execution_address
from tests.helpers.invariants import watched
from tests.helpers.ledger import Ledger
from tests.helpers.pools import (
    ETH,
    SEAT,
    build_bond_request,
    build_lock_request,
    build_unbonding_request,
    operator_address,
)
from tests.helpers.scenarios import FAR, Chain, everyone_but, in_line, seats
from tests.helpers.slashings import build_attester_slashing

pytestmark = pytest.mark.vectors(
    runner="sanity", handler="blocks", forks=["poolbonds"], presets=["minimal"]
)

SHORT = {"SHARD_COMMITTEE_PERIOD": 4, "MIN_VALIDATOR_WITHDRAWABILITY_DELAY": 8}
"""Delays of hours and days, in epochs, so that a life ends within a case."""

FIRST = 64
"""The first index after the solo validators of genesis."""

COMMISSION = 500
"""Basis points."""


@pytest.fixture(autouse=True)
def ledger(spec: Any) -> Iterator[Ledger]:
    """Everything is checked while it runs."""
    with watched(spec) as ledger:
        yield ledger


def _found(spec: Any, state: Any, stakers: int, pools: int = 1) -> Chain:
    """A chain whose first block deposits for pools, and then for stakers in turn."""
    chain = Chain(spec, state)
    requests = [build_bond_request(spec, pool, 32 * ETH, COMMISSION) for pool in range(pools)]
    requests += [build_lock_request(spec, n % pools, FIRST + n) for n in range(stakers)]
    chain.block(deposits=requests)
    return chain


def _joined(spec: Any, state: Any, stakers: int, pools: int = 1) -> Chain:
    """The same, when all have come in from the queue."""
    chain = _found(spec, state, stakers, pools)
    chain.until(lambda state: len(state.validators) == FIRST + stakers)
    return chain


def _seated(spec: Any, state: Any, stakers: int, pools: int = 1) -> Chain:
    """The same, when all have been admitted and are active in their seats."""
    chain = _joined(spec, state, stakers, pools)
    chain.admit(range(FIRST, FIRST + stakers))
    last = FIRST + stakers - 1
    chain.until(lambda state: state.validators[last].activation_epoch <= chain.epoch)
    return chain


def test_founding_and_locking(spec: Any, state: Any, vector: Recorder) -> None:
    """Bond and stakes wait in one queue until they are final, and then go under the churn.

    The first block's epoch is final at the end of epoch 3. The limit is 64 ETH an epoch.
    """
    chain = Chain(spec, state)
    chain.begin(vector)
    chain.blocks.extend(_found(spec, state, 3).blocks)
    chain.blocks_until(4)
    assert [(pool.bond, pool.commission) for pool in state.pools] == [(32 * ETH, COMMISSION)]
    assert len(state.validators) == FIRST + 1
    chain.blocks_until(5)
    assert len(state.validators) == FIRST + 3
    assert list(state.balances)[FIRST:] == [SEAT] * 3
    assert list(state.validator_pools)[FIRST:] == [FAR] * 3
    assert weights(state, range(FIRST, FIRST + 3)) == [0, 0, 0]
    chain.end(vector)


def test_admission_and_seating(spec: Any, state: Any, vector: Recorder) -> None:
    """Who is admitted lines up at the epoch's end, and sits when that epoch is final.

    Joined in epoch 5, eligible in 6, which is final at the end of 7; two seats an epoch; an
    activation takes effect five epochs after the epoch at whose end it is made.
    """
    chain = _joined(spec, state, 3)
    assert chain.epoch == 5
    chain.begin(vector)
    chain.admit([FIRST + 2, FIRST, FIRST + 1])
    chain.blocks_until(6)
    assert in_line(state) == [FIRST, FIRST + 1, FIRST + 2]
    chain.blocks_until(8)
    assert weights(state, range(FIRST, FIRST + 3)) == [32, 32, 0]
    chain.blocks_until(9)
    assert weights(state, range(FIRST, FIRST + 3)) == [32, 32, 32]
    activations = [int(validator.activation_epoch) for validator in state.validators][FIRST:]
    assert activations == [12, 12, 13]
    chain.end(vector)


def test_earning_with_commission(spec: Any, state: Any, vector: Recorder) -> None:
    """An epoch of full votes: each has the whole of its rewards but 5 percent for the bond.

    Which is what it proposes and signs in the sync committee apart.
    """
    chain = _seated(spec, state, 3)
    chain.epochs(2)
    before = state.copy()
    chain.begin(vector)
    chain.epochs()
    chain.end(vector)
    base = 32 * reward_per_increment((FIRST + 3) * 32)
    reward = sum(base * weight // 64 for weight in (14, 26, 14))
    commission = reward * COMMISSION // 10_000
    proposers = {int(signed.message.proposer_index) for signed in chain.blocks}
    members = set(spec.get_current_sync_committee_indices(state))
    quiet = [i for i in range(FIRST, FIRST + 3) if i not in proposers | members]
    assert quiet
    for index in quiet:
        assert state.balances[index] - before.balances[index] == reward - commission
    assert state.pools[0].bond - before.pools[0].bond >= 3 * commission


@pytest.mark.config(**SHORT)
def test_stakers_leave_from_everywhere(spec: Any, state: Any, vector: Recorder) -> None:
    """Two in seats, one in line, one never admitted: each has its ETH back.

    Those without weight take no room in the exit queue, where two seats are one epoch's churn.
    """
    chain = _seated(spec, state, 2)
    requests = [build_lock_request(spec, 0, FIRST + n) for n in (2, 3)]
    chain.block(deposits=requests)
    chain.until(lambda state: len(state.validators) == FIRST + 4)
    chain.admit([FIRST + 2])
    chain.epochs()
    assert in_line(state) == [FIRST + 2]
    leaving = range(FIRST, FIRST + 4)
    chain.begin(vector)
    chain.leave(*leaving)
    asked = chain.epoch
    assert [validator.exit_epoch for validator in state.validators][FIRST:] == [asked + 5] * 4
    chain.until(lambda state: not any(list(state.balances)[FIRST:]))
    chain.end(vector)
    paid = chain.paid()
    assert all(paid[execution_address(index)] >= SEAT for index in leaving)
    assert [paid[execution_address(index)] for index in leaving[2:]] == [SEAT, SEAT]
    assert seats(state, 0) == 0


@pytest.mark.config(**SHORT)
def test_pool_closes(spec: Any, state: Any, vector: Recorder) -> None:
    """The bond carries its seats to the end of the churn's queue, and is paid out after the delay.

    Two seats are 64 ETH, one epoch's churn, so they end five epochs after the request. The stakers
    wait for as long as they like, and then leave by the short way, without an exit queue.
    """
    chain = _seated(spec, state, 2)
    chain.epochs(4)
    chain.begin(vector)
    asked = chain.epoch
    chain.block(withdrawals=[build_unbonding_request(spec, state, 0)])
    pool = state.pools[0]
    assert (pool.unbonding_amount, pool.unbonding_epoch) == (FAR, asked + 5)
    assert pool.withdrawable_epoch == asked + 5 + 8
    chain.blocks_until(asked + 4)
    assert seats(state, 0) == 2
    chain.blocks_until(asked + 5)
    assert seats(state, 0) == 0
    assert weights(state, [FIRST, FIRST + 1]) == [0, 0]
    chain.leave(FIRST, FIRST + 1)
    assert state.validators[FIRST].exit_epoch == asked + 5 + 5
    chain.blocks_until(asked + 5 + 8 - 1)
    assert pool.bond >= 32 * ETH
    bond = int(pool.bond)
    chain.until(lambda state: not any(list(state.balances)[FIRST:]))
    assert state.pools[0].bond == 0
    chain.end(vector)
    paid = chain.paid()
    assert paid[operator_address(0)] >= bond
    assert min(paid[execution_address(index)] for index in (FIRST, FIRST + 1)) >= SEAT


@pytest.mark.config(**SHORT)
def test_slashed_for_its_operator(spec: Any, state: Any, vector: Recorder) -> None:
    """The pool pays, at once and half a slashings vector later; the staker is paid in full soon.

    One of 66 validators is slashed: three times that is a 22nd of the stake, so the correlation
    penalty is 32 times that part of 1 ETH, on the weight that there is then.
    """
    chain = _seated(spec, state, 2)
    chain.begin(vector)
    bond = int(state.pools[0].bond)
    slashed = chain.epoch
    evidence = build_attester_slashing(spec, state, [FIRST])
    chain.block(attester_slashings=[evidence])
    assert state.pools[0].bond >= bond - SEAT // 4096
    assert [(int(p.pool_index), int(p.penalty_epoch)) for p in state.pending_pool_penalties] == [
        (0, slashed + 32)
    ]
    validator = state.validators[FIRST]
    assert validator.exit_epoch == slashed + 5
    assert validator.withdrawable_epoch == slashed + 5 + 8
    chain.sparse_until(slashed + 5 + 8)
    chain.epochs(2)
    assert chain.paid()[execution_address(FIRST)] >= SEAT
    chain.sparse_until(slashed + 32)
    before = int(state.pools[0].bond)
    chain.sparse_until(slashed + 33)
    chain.end(vector)
    assert not state.pending_pool_penalties
    total = (FIRST + 1) * 32
    penalty = 32 * (3 * SEAT // total)
    duties = 10**7
    assert abs(before - penalty - state.pools[0].bond) < duties


def test_two_pools_in_one_line(spec: Any, state: Any, vector: Recorder) -> None:
    """Served by the epoch of joining and then by index, whosever validators they are."""
    chain = _joined(spec, state, 6, pools=2)
    first, second = [FIRST + n for n in (0, 2, 4)], [FIRST + n for n in (1, 3, 5)]
    chain.begin(vector)
    chain.admit(second[:2])
    chain.epochs()
    chain.admit([*first, second[2]])
    chain.epochs()
    assert in_line(state) == [*second[:2], FIRST, FIRST + 2, FIRST + 4, FIRST + 5]
    orders = []
    seated: set[int] = set()
    while len(seated) < 6:
        chain.epochs()
        now = {index for index in range(FIRST, FIRST + 6) if weights(state, [index]) == [32]}
        orders.append(sorted(now - seated))
        seated = now
    chain.end(vector)
    assert [order for order in orders if order] == [
        [FIRST + 1, FIRST + 3],
        [FIRST, FIRST + 2],
        [FIRST + 4, FIRST + 5],
    ]


LEAST = 241 * ETH // 1000


@pytest.mark.config(MIN_POOL_BOND=LEAST, **SHORT)
def test_rescue_by_a_top_up(spec: Any, state: Any, vector: Recorder) -> None:
    """A seat that a little of the slack still holds is lost offline, and comes back with a top-up.

    The bond of one seat is 0.32 ETH, its last quarter is slack. The operator takes out what leaves
    0.241. Two votes missed cost more than the 0.001 above the edge. What is sent to the rescue is
    credited in its block; the validator keeps its activation and its committees.
    """
    chain = Chain(spec, state)
    bond = SEAT // 100
    requests = [build_bond_request(spec, 0, bond), build_lock_request(spec, 0, FIRST)]
    chain.block(deposits=requests)
    chain.until(lambda state: len(state.validators) == FIRST + 1)
    chain.admit([FIRST])
    chain.until(lambda state: state.validators[FIRST].activation_epoch <= chain.epoch)
    activation = int(state.validators[FIRST].activation_epoch)
    chain.block(withdrawals=[build_unbonding_request(spec, state, 0, 10 * ETH)])
    assert state.pools[0].unbonding_amount == bond - LEAST
    chain.until(lambda state: state.pools[0].unbonding_amount == 0)
    assert LEAST - 10**6 < state.pools[0].bond <= LEAST
    assert seats(state, 0) == 1

    chain.begin(vector)
    chain.voters = everyone_but([FIRST])
    chain.signs = lambda index: index != FIRST
    chain.until(lambda state: seats(state, 0) == 0)
    assert state.pools[0].bond < bond * 3 // 4
    assert weights(state, [FIRST]) == [0]
    chain.voters = everyone_but([])
    missing = bond - int(state.pools[0].bond)
    chain.block(deposits=[build_bond_request(spec, 0, missing)])
    assert state.pools[0].bond == bond
    chain.until(lambda state: seats(state, 0) == 1)
    assert state.validators[FIRST].activation_epoch == activation
    chain.end(vector)
