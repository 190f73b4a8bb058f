"""What can stand in one block, and in what order it counts."""

from collections.abc import Iterator
from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.blocks import build_empty_block_for_next_slot
from tests.helpers.deposits import build_deposit_request
from tests.helpers.epoch_end import weights
from tests.helpers.epochs import transition_to
from tests.helpers.genesis import execution_credentials
from tests.helpers.invariants import watched
from tests.helpers.ledger import Ledger
from tests.helpers.pools import (
    ETH,
    SEAT,
    SEAT_BOND,
    add_pool,
    add_waiting,
    build_bond_request,
    build_lock_request,
    build_pool_admission,
    build_unbonding_request,
    make_pooled,
)
from tests.helpers.requests import (
    build_consolidation_request,
    build_voluntary_exit,
    build_withdrawal_request,
)
from tests.helpers.running import run_blocks
from tests.helpers.scenarios import FAR, Chain
from tests.helpers.slashings import build_attester_slashing, build_proposer_slashing

pytestmark = pytest.mark.vectors(runner="sanity", handler="blocks", forks=["poolbonds"])

INITIAL = SEAT // 4096
"""Gwei charged at once for a slashed seat."""


@pytest.fixture(autouse=True)
def ledger(spec: Any) -> Iterator[Ledger]:
    """Everything is checked while it runs."""
    with watched(spec) as ledger:
        yield ledger


def _one_pool(spec: Any, state: Any, members: int = 2, waiting: int = 1) -> list[int]:
    """A pool with seated members and one that waits, not admitted; gives that one's index."""
    pool = add_pool(spec, state, bond=40 * ETH, commission=500)
    make_pooled(spec, state, pool, range(members))
    return add_waiting(spec, state, pool, waiting, admitted=False)


def _block(chain: Chain, vector: Recorder, **body: Any) -> Any:
    """A case of one block."""
    chain.begin(vector)
    signed = chain.block(**body)
    chain.end(vector)
    return signed


def _invalid(
    spec: Any, state: Any, vector: Recorder, reason: str, faults: int = 1, **body: Any
) -> None:
    """A block with these operations must be rejected."""
    block = build_empty_block_for_next_slot(spec, state)
    for name, operations in body.items():
        for operation in operations:
            getattr(block.body, name).append(operation)
    run_blocks(spec, state, vector, [block], valid=False, reason=reason, faults=faults)


def test_everything_at_once(spec: Any, state: Any, vector: Recorder) -> None:
    """Two pools, stakers, strangers and solo validators, in one block."""
    (waiting,) = _one_pool(spec, state)
    other = add_pool(spec, state, bond=50 * ETH)
    make_pooled(spec, state, other, [10, 11])
    (second,) = add_waiting(spec, state, other, admitted=False)
    # Exits are allowed after some epochs of service
    state.slot = int(spec.config.SHARD_COMMITTEE_PERIOD) * int(spec.SLOTS_PER_EPOCH)
    chain = Chain(spec, state)
    chain.voters = None
    bonds = [int(pool.bond) for pool in state.pools]
    offenders = [i for i in (0, 1, 10, 30) if i != _next_proposer(spec, state)]
    signed = _block(
        chain,
        vector,
        proposer_slashings=[build_proposer_slashing(spec, state, 20)],
        attester_slashings=[build_attester_slashing(spec, state, offenders)],
        voluntary_exits=[build_voluntary_exit(spec, state, 40)],
        pool_admissions=[build_pool_admission(spec, state, i) for i in (second, waiting)],
        deposits=[
            build_bond_request(spec, 0, 3 * ETH, 500),
            build_bond_request(spec, 2, 32 * ETH),
            build_lock_request(spec, 1, second + 1),
            build_deposit_request(spec, 50, execution_credentials(50), ETH),
        ],
        withdrawals=[
            build_withdrawal_request(spec, state, 11),
            build_unbonding_request(spec, state, 1, 5 * ETH),
            build_withdrawal_request(spec, state, waiting),
            build_withdrawal_request(spec, state, 45),
        ],
        consolidations=[build_consolidation_request(spec, state, 46, 47)],
    )
    assert signed.message.proposer_index not in offenders
    in_pool = [sum(index in offenders for index in pool) for pool in ((0, 1), (10, 11))]
    assert state.pools[0].bond >= bonds[0] + 3 * ETH - in_pool[0] * INITIAL
    assert state.pools[1].bond >= bonds[1] - (in_pool[1] + 1) * INITIAL
    assert state.pools[1].unbonding_amount == 5 * ETH
    assert [state.validator_pools[i] for i in (waiting, second)] == [0, 1]
    exiting = [i for i, v in enumerate(state.validators) if v.exit_epoch != FAR]
    assert exiting == sorted({*offenders, 11, 20, 40, 45, waiting})
    assert len(state.pending_deposits) == 3


def _next_proposer(spec: Any, state: Any) -> int:
    advanced = state.copy()
    transition_to(spec, advanced, int(state.slot) + 1)
    return int(spec.get_beacon_proposer_index(advanced))


# Admissions


def test_most_admissions(spec: Any, state: Any, vector: Recorder) -> None:
    """As many as fit, for two pools in turn."""
    first = _one_pool(spec, state, waiting=8)
    other = add_pool(spec, state, bond=50 * ETH)
    second = add_waiting(spec, state, other, 8, admitted=False)
    order = [index for pair in zip(second, first, strict=True) for index in pair]
    admissions = [build_pool_admission(spec, state, index) for index in order]
    _block(Chain(spec, state), vector, pool_admissions=admissions)
    assert [state.validator_pools[i] for i in (*first, *second)] == [0] * 8 + [1] * 8


def test_admission_twice_in_a_block(spec: Any, state: Any, vector: Recorder) -> None:
    (waiting,) = _one_pool(spec, state)
    signed = build_pool_admission(spec, state, waiting)
    reason = "the validator is admitted by the block's first admission already"
    _invalid(spec, state, vector, reason, pool_admissions=[signed, signed])


def test_admission_again_in_the_next_block(spec: Any, state: Any, vector: Recorder) -> None:
    (waiting,) = _one_pool(spec, state)
    signed = build_pool_admission(spec, state, waiting)

    def with_admission(before: Any) -> Any:
        block = build_empty_block_for_next_slot(spec, before)
        block.body.pool_admissions.append(signed)
        return block

    run_blocks(
        spec,
        state,
        vector,
        [with_admission, with_admission],
        valid=False,
        reason="the validator has been admitted in the block before",
    )


@pytest.mark.bls
def test_admission_by_another_pool(spec: Any, state: Any, vector: Recorder) -> None:
    """The credentials name a pool; no other one can admit the validator, to itself or to that."""
    (waiting,) = _one_pool(spec, state)
    add_pool(spec, state, bond=50 * ETH)
    theirs = build_pool_admission(spec, state, *add_waiting(spec, state, 1, admitted=False))
    signed = build_pool_admission(spec, state, waiting)
    signed.signature = theirs.signature
    _invalid(spec, state, vector, "another pool has signed", pool_admissions=[signed])


@pytest.mark.bls
def test_admission_by_the_validator(spec: Any, state: Any, vector: Recorder) -> None:
    """Whoever locked it cannot attach it to the bond."""
    (waiting,) = _one_pool(spec, state)
    signed = build_pool_admission(spec, state, waiting, secret=waiting + 1)
    _invalid(spec, state, vector, "the validator's own key has signed", pool_admissions=[signed])


def test_admission_and_exit(spec: Any, state: Any, vector: Recorder) -> None:
    """Requests of the execution layer come last, so both count."""
    (waiting,) = _one_pool(spec, state)
    signed = build_pool_admission(spec, state, waiting)
    request = build_withdrawal_request(spec, state, waiting)
    _block(Chain(spec, state), vector, pool_admissions=[signed], withdrawals=[request])
    assert state.validator_pools[waiting] == 0
    assert state.validators[waiting].exit_epoch == 5


def test_admission_and_closing(spec: Any, state: Any, vector: Recorder) -> None:
    """The pool is still open when it admits, and closes after that."""
    (waiting,) = _one_pool(spec, state)
    signed = build_pool_admission(spec, state, waiting)
    closing = build_unbonding_request(spec, state, 0)
    _block(Chain(spec, state), vector, pool_admissions=[signed], withdrawals=[closing])
    assert state.validator_pools[waiting] == 0
    assert state.pools[0].unbonding_amount == FAR


def test_admission_after_closing(spec: Any, state: Any, vector: Recorder) -> None:
    (waiting,) = _one_pool(spec, state)
    signed = build_pool_admission(spec, state, waiting)
    closing = build_unbonding_request(spec, state, 0)

    def close(before: Any) -> Any:
        block = build_empty_block_for_next_slot(spec, before)
        block.body.execution_requests.withdrawals.append(closing)
        return block

    def admit(before: Any) -> Any:
        block = build_empty_block_for_next_slot(spec, before)
        block.body.pool_admissions.append(signed)
        return block

    reason = "the pool has been closing since the block before"
    run_blocks(spec, state, vector, [close, admit], valid=False, reason=reason)


def test_admission_of_one_slashed_in_the_block(spec: Any, state: Any, vector: Recorder) -> None:
    """Slashings come first. The validator is one from before the fork, still active."""
    _one_pool(spec, state)
    make_pooled(spec, state, 0, [30])
    state.pools[0].seated_balance -= SEAT
    state.validator_pools[30] = FAR
    _invalid(
        spec,
        state,
        vector,
        "the validator is slashed, and so exiting, by the time of its admission",
        faults=2,
        proposer_slashings=[build_proposer_slashing(spec, state, 30)],
        pool_admissions=[build_pool_admission(spec, state, 30)],
    )


def test_voluntary_exit_of_a_pooled_validator(spec: Any, state: Any, vector: Recorder) -> None:
    """The operator holds the key; it must not be able to send anybody away."""
    _one_pool(spec, state)
    state.slot = int(spec.config.SHARD_COMMITTEE_PERIOD) * int(spec.SLOTS_PER_EPOCH)
    signed = build_voluntary_exit(spec, state, 1)
    _invalid(spec, state, vector, "the validator is pooled", voluntary_exits=[signed])


# Bond


def test_top_up_then_unbonding(spec: Any, state: Any, vector: Recorder) -> None:
    """Deposits come before withdrawals: what is added can be asked back at once."""
    _one_pool(spec, state)
    requests = [build_unbonding_request(spec, state, 0, FAR)]
    _block(
        Chain(spec, state),
        vector,
        deposits=[build_bond_request(spec, 0, 2 * ETH, 500)],
        withdrawals=requests,
    )
    pool = state.pools[0]
    assert pool.unbonding_amount >= 42 * ETH - 32 * ETH
    assert pool.bond >= 42 * ETH


def test_closing_twice(spec: Any, state: Any, vector: Recorder) -> None:
    """The second request in the block is ignored, so it cannot put off the epoch."""
    _one_pool(spec, state)
    closing = build_unbonding_request(spec, state, 0)
    _block(Chain(spec, state), vector, withdrawals=[closing, closing])
    pool = state.pools[0]
    assert (pool.unbonding_amount, pool.unbonding_epoch) == (FAR, 5)
    assert state.earliest_unbonding_epoch == 5


def test_closing_replaces_a_part(spec: Any, state: Any, vector: Recorder) -> None:
    _one_pool(spec, state)
    part, closing = (build_unbonding_request(spec, state, 0, amount) for amount in (ETH, 0))
    _block(Chain(spec, state), vector, withdrawals=[part, closing, part])
    assert state.pools[0].unbonding_amount == FAR


def test_two_pools_founded_and_locked_in(spec: Any, state: Any, vector: Recorder) -> None:
    """Bond for an unknown key waits like a stake, whatever order they come in."""
    requests = [
        build_lock_request(spec, 0, 900),
        build_bond_request(spec, 0, 32 * ETH),
        build_bond_request(spec, 1, 32 * ETH),
    ]
    _block(Chain(spec, state), vector, deposits=requests)
    assert len(state.pools) == 0
    assert len(state.pending_deposits) == 3


# Slashings


def test_slashing_of_two_pools(spec: Any, state: Any, vector: Recorder) -> None:
    """Each pool pays for its own, for a waiting one as well; rewards and sums go by weight."""
    _one_pool(spec, state)
    other = add_pool(spec, state, bond=50 * ETH)
    proposer = _next_proposer(spec, state)
    chosen = [i for i in range(20, 26) if i != proposer]
    make_pooled(spec, state, other, chosen[:2])
    make_pooled(spec, state, other, chosen[2:3], seated=False)
    mine = [i for i in (0, 1) if i != proposer]
    chain = Chain(spec, state)
    chain.signs = lambda _index: True
    evidence = build_attester_slashing(spec, state, [*mine, *chosen[:3]])
    bonds = [int(pool.bond) for pool in state.pools]
    _block(chain, vector, attester_slashings=[evidence])
    duties = 10**6
    for pool, count in ((0, len(mine)), (1, 3)):
        change = int(state.pools[pool].bond) - bonds[pool] + count * INITIAL
        assert 0 <= change < duties
    assert sum(state.slashings) == (len(mine) + 2) * SEAT
    assert [int(p.pool_index) for p in state.pending_pool_penalties] == [0] * len(mine) + [1] * 3


def test_slashing_with_an_empty_bond(spec: Any, state: Any, vector: Recorder) -> None:
    """Nothing is there to pay with, so nothing is paid for the evidence."""
    pool = add_pool(spec, state, bond=0)
    proposer = _next_proposer(spec, state)
    offender = (proposer + 1) % 20
    make_pooled(spec, state, pool, [offender])
    balance = int(state.balances[proposer])
    chain = Chain(spec, state)
    chain.signs = lambda _index: False
    chain.voters = None
    evidence = build_proposer_slashing(spec, state, offender)
    _block(chain, vector, proposer_slashings=[evidence])
    assert state.pools[pool].bond == 0
    assert state.balances[proposer] <= balance
    assert state.validators[offender].slashed


def test_pooled_proposer(spec: Any, state: Any, vector: Recorder) -> None:
    """What it earns for a block with votes and evidence is split; all of it at 100 percent."""
    transition_to(spec, state, 1)
    proposer = _next_proposer(spec, state)
    pool = add_pool(spec, state, bond=40 * ETH, commission=10_000)
    make_pooled(spec, state, pool, [proposer])
    offender = (proposer + 5) % 40
    _block(
        Chain(spec, state),
        vector,
        proposer_slashings=[build_proposer_slashing(spec, state, offender)],
    )
    assert state.balances[proposer] == SEAT
    assert state.pools[pool].bond > 40 * ETH + SEAT // 4096


def test_waiting_proposer(spec: Any, state: Any, vector: Recorder) -> None:
    """A proposer drawn before it lost its weight may propose, and is paid."""
    proposer = _next_proposer(spec, state)
    pool = add_pool(spec, state, bond=40 * ETH)
    make_pooled(spec, state, pool, [proposer], seated=False)
    transition_to(spec, state, 0)
    signed = _block(Chain(spec, state), vector)
    assert signed.message.proposer_index == proposer
    assert weights(state, [proposer]) == [0]
    assert state.balances[proposer] > SEAT


def test_votes_of_waiting_validators(spec: Any, state: Any, vector: Recorder) -> None:
    """Their votes count nothing, and bring their proposer nothing."""
    pool = add_pool(spec, state, bond=SEAT_BOND)
    make_pooled(spec, state, pool, range(len(state.validators)), seated=False)
    transition_to(spec, state, 1)
    chain = Chain(spec, state)
    chain.signs = lambda _index: False
    before = list(state.balances)
    _block(chain, vector)
    assert any(state.current_epoch_participation)
    assert list(state.balances) == before
