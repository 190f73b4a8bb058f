"""Deposits that want more than their own: each takes effect as written, or comes back in full."""

from collections.abc import Iterator
from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.deposits import build_deposit_request
from tests.helpers.genesis import execution_address, execution_credentials
from tests.helpers.invariants import watched
from tests.helpers.keys import POOL_KEYS
from tests.helpers.ledger import Ledger
from tests.helpers.pools import (
    ETH,
    SEAT,
    add_pool,
    bond_credentials,
    build_lock_request,
    make_pooled,
    pooled_credentials,
)
from tests.helpers.scenarios import FAR, Chain

pytestmark = pytest.mark.vectors(
    runner="sanity", handler="blocks", forks=["poolbonds"], presets=["minimal"]
)

THIEF = 2**18
"""The number of an address of the operator's own."""

FIRST = 64
"""The first index after the validators of genesis."""


@pytest.fixture(autouse=True)
def ledger(spec: Any) -> Iterator[Ledger]:
    """Everything is checked while it runs."""
    with watched(spec) as ledger:
        yield ledger


def _settled(spec: Any, state: Any) -> Chain:
    """A chain that finalizes, with a pool of 40 ETH that has two seats."""
    pool = add_pool(spec, state, bond=40 * ETH)
    make_pooled(spec, state, pool, range(2))
    chain = Chain(spec, state)
    chain.epochs(4)
    return chain


def _run_deposits(chain: Chain, vector: Recorder, *requests: Any) -> dict[bytes, int]:
    """A case: deposits in a block, until they are settled and paid; gives what was paid."""
    chain.begin(vector)
    chain.block(deposits=requests)
    chain.until(lambda state: not state.pending_deposits and not state.pending_payouts)
    chain.end(vector)
    return chain.paid()


# Front-running (I1, I7)


@pytest.mark.parametrize("prefix", [b"\x01", b"\x02"], ids=["eth1", "compounding"])
def test_operator_deposits_first(spec: Any, state: Any, vector: Recorder, prefix: bytes) -> None:
    """It makes the staker's key its own validator with 1 ETH; the staker's 32 ETH come back."""
    chain = _settled(spec, state)
    own = execution_credentials(THIEF, prefix)
    paid = _run_deposits(
        chain,
        vector,
        build_deposit_request(spec, FIRST, own, ETH),
        build_lock_request(spec, 0, FIRST),
    )
    assert state.balances[FIRST] == ETH
    assert paid[execution_address(FIRST)] == SEAT


def test_operator_names_another_staker_first(spec: Any, state: Any, vector: Recorder) -> None:
    """With pooled credentials too: the same pool, but its own address."""
    chain = _settled(spec, state)
    own = pooled_credentials(0, THIEF)
    paid = _run_deposits(
        chain,
        vector,
        build_deposit_request(spec, FIRST, own, SEAT),
        build_lock_request(spec, 0, FIRST),
    )
    assert bytes(state.validators[FIRST].withdrawal_credentials) == own
    assert state.balances[FIRST] == SEAT
    assert paid[execution_address(FIRST)] == SEAT


def test_operator_names_another_pool_first(spec: Any, state: Any, vector: Recorder) -> None:
    """One of its pools takes a hundred percent; the staker has chosen the other one."""
    chain = _settled(spec, state)
    add_pool(spec, state, bond=32 * ETH, commission=10_000)
    greedy = pooled_credentials(1, FIRST)
    paid = _run_deposits(
        chain,
        vector,
        build_deposit_request(spec, FIRST, greedy, SEAT),
        build_lock_request(spec, 0, FIRST),
    )
    assert paid[execution_address(FIRST)] == SEAT


def test_operator_deposits_later(spec: Any, state: Any, vector: Recorder) -> None:
    """What it adds under its own credentials does not change the staker's, and goes back to it."""
    chain = _settled(spec, state)
    own = execution_credentials(THIEF)
    paid = _run_deposits(
        chain,
        vector,
        build_lock_request(spec, 0, FIRST),
        build_deposit_request(spec, FIRST, own, 5 * ETH),
    )
    assert state.balances[FIRST] == SEAT
    assert paid[execution_address(THIEF)] == 5 * ETH


def test_solo_stake_turned_into_pooled(spec: Any, state: Any, vector: Recorder) -> None:
    """Credentials of a solo validator stay as they are, and the deposit for a pool goes back."""
    chain = _settled(spec, state)
    before = bytes(state.validators[30].withdrawal_credentials)
    wrong = pooled_credentials(0, THIEF)
    paid = _run_deposits(chain, vector, build_deposit_request(spec, 30, wrong, SEAT))
    assert bytes(state.validators[30].withdrawal_credentials) == before
    assert paid[execution_address(THIEF)] == SEAT


# Deposits that bounce (I7, I10)


def test_every_deposit_that_comes_back(spec: Any, state: Any, vector: Recorder) -> None:
    """One of each kind, with sums of its own, to addresses of their own."""
    chain = _settled(spec, state)
    closed = add_pool(spec, state, bond=0)
    state.pools[closed].unbonding_amount = FAR
    state.pools[closed].unbonding_epoch = 1
    staker = 1000
    pooled = [
        (pooled_credentials(0, staker), SEAT - 1),
        (pooled_credentials(9, staker + 1), SEAT),
        (pooled_credentials(FAR, staker + 2), SEAT + 1),
        (pooled_credentials(closed, staker + 3), SEAT + 2),
        (
            pooled_credentials(0, staker + 4)[:9]
            + b"\x01"
            + pooled_credentials(0, staker + 4)[10:],
            SEAT,
        ),
        (pooled_credentials(9, staker + 5), FAR),
    ]
    requests = [
        build_deposit_request(spec, 500 + number, credentials, amount)
        for number, (credentials, amount) in enumerate(pooled)
    ]
    bonds = [
        (0, bond_credentials(0, 7), ETH),
        (closed, bond_credentials(closed), 2 * ETH),
        (5, bond_credentials(5), 32 * ETH - 1),
        (6, bond_credentials(6, 10_001), 33 * ETH),
        (0, bond_credentials(0), FAR),
    ]
    requests += [
        build_deposit_request(spec, POOL_KEYS + key, credentials, amount)
        for key, credentials, amount in bonds
    ]
    expected: dict[bytes, int] = {}
    for request in requests:
        address = bytes(request.withdrawal_credentials)[12:]
        expected[address] = expected.get(address, 0) + int(request.amount)
    counts = (len(state.validators), len(state.pools), int(state.pools[0].bond))
    paid = _run_deposits(chain, vector, *requests)
    assert {address: paid[address] for address in expected} == expected
    assert counts == (len(state.validators), len(state.pools), int(state.pools[0].bond))
