"""Stories of people who want more than their own, each told to the end."""

from collections.abc import Iterator
from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.attestations import everyone
from tests.helpers.deposits import build_deposit_request
from tests.helpers.epoch_end import weights
from tests.helpers.genesis import execution_address
from tests.helpers.invariants import watched
from tests.helpers.keys import POOL_KEYS
from tests.helpers.ledger import Ledger
from tests.helpers.pools import (
    ETH,
    SEAT,
    SEAT_BOND,
    add_pool,
    add_waiting,
    build_bond_request,
    build_lock_request,
    build_unbonding_request,
    make_pooled,
    operator_address,
    pooled_credentials,
)
from tests.helpers.requests import build_withdrawal_request
from tests.helpers.scenarios import FAR, Chain, in_line, seats
from tests.helpers.slashings import build_attester_slashing

pytestmark = pytest.mark.vectors(
    runner="sanity", handler="blocks", forks=["poolbonds"], presets=["minimal"]
)

SHORT = {"SHARD_COMMITTEE_PERIOD": 4, "MIN_VALIDATOR_WITHDRAWABILITY_DELAY": 8}
"""Delays of hours and days, in epochs, so that a story ends within a case."""

STRANGER = 2**18
"""The number of an address that nobody else has."""

FIRST = 64
"""The first index after the validators of genesis."""

INITIAL = SEAT // 4096


@pytest.fixture(autouse=True)
def ledger(spec: Any) -> Iterator[Ledger]:
    """Everything is checked while it runs."""
    with watched(spec) as ledger:
        yield ledger


def _settled(spec: Any, state: Any, *pools: tuple[int, range], commission: int = 0) -> Chain:
    """A chain with pools, each of a bond and some of the validators of genesis, that finalizes."""
    for bond, members in pools:
        pool = add_pool(spec, state, bond=bond, commission=commission)
        make_pooled(spec, state, pool, members)
    chain = Chain(spec, state)
    chain.epochs(4)
    return chain


# Numbers (I10)


def test_numbers_as_large_as_they_get(spec: Any, state: Any, vector: Recorder) -> None:
    """A bond near 2**64 and requests for all of it: everything saturates, and blocks go on."""
    chain = _settled(spec, state, (40 * ETH, range(2)))
    chain.begin(vector)
    room = FAR - int(state.pools[0].bond)
    chain.block(deposits=[build_bond_request(spec, 0, room)])
    assert state.pools[0].bond == FAR
    chain.epochs(1)
    requests = [
        build_unbonding_request(spec, state, 0, FAR),
        build_withdrawal_request(spec, state, 0, FAR),
        build_withdrawal_request(spec, state, 40, FAR),
    ]
    chain.block(withdrawals=requests)
    assert state.pools[0].unbonding_amount == state.pools[0].bond - 32 * ETH
    chain.epochs(2)
    assert seats(state, 0) == 2
    chain.end(vector)


# Strangers and keys (I3)


def test_strangers_validator(spec: Any, state: Any, vector: Recorder) -> None:
    """Locked into a pool that does not want it, it has no weight, earns nothing, costs nothing."""
    chain = _settled(spec, state, (40 * ETH, range(2)))
    chain.begin(vector)
    bond = int(state.pools[0].bond)
    chain.block(deposits=[build_lock_request(spec, 0, FIRST)])
    chain.until(lambda state: len(state.validators) == FIRST + 1)
    chain.epochs(4)
    assert weights(state, [FIRST]) == [0]
    assert state.validators[FIRST].activation_epoch == FAR
    assert (state.balances[FIRST], state.pools[0].bond) == (SEAT, bond)
    chain.end(vector)


def test_key_of_a_pool_and_of_a_validator(spec: Any, state: Any, vector: Recorder) -> None:
    """One request of amount 0 does in each registry what its own address may do there."""
    chain = _settled(spec, state, (40 * ETH, range(2)))
    key = POOL_KEYS
    request = build_deposit_request(spec, key, pooled_credentials(0, STRANGER), SEAT)
    chain.begin(vector)
    chain.block(deposits=[request])
    chain.until(lambda state: len(state.validators) == FIRST + 1)
    assert state.validators[FIRST].pubkey == state.pools[0].pubkey
    chain.admit([FIRST])
    chain.block(withdrawals=[build_withdrawal_request(spec, state, FIRST)])
    assert state.validators[FIRST].exit_epoch == chain.epoch + 5
    assert state.pools[0].unbonding_amount == 0
    chain.block(withdrawals=[build_unbonding_request(spec, state, 0)])
    assert state.pools[0].unbonding_amount == FAR
    chain.end(vector)


@pytest.mark.parametrize("commission", [0, 10_000], ids=["none", "all"])
def test_commission(spec: Any, state: Any, vector: Recorder, commission: int) -> None:
    """At 0 the bond never grows, at 100 percent the balances never do."""
    chain = _settled(spec, state, (40 * ETH, range(8)), commission=commission)
    balances = [int(state.balances[index]) for index in range(8)]
    bond = int(state.pools[0].bond)
    chain.begin(vector)
    chain.epochs(2)
    chain.end(vector)
    paid = chain.paid()
    sums = [int(state.balances[i]) + paid.get(execution_address(i), 0) for i in range(8)]
    if commission:
        assert sums == balances
        assert state.pools[0].bond > bond
    else:
        assert all(after > before for after, before in zip(sums, balances, strict=True))
        assert state.pools[0].bond == bond


# Bond that wants to go (I6)


@pytest.mark.config(**SHORT)
def test_unbonding_ahead_of_a_slashing(spec: Any, state: Any, vector: Recorder) -> None:
    """The operator takes out what it can, then its validators are slashed: the money is there.

    It stays until the correlation penalty has fallen, 32 epochs after the evidence.
    """
    chain = _settled(spec, state, (60 * ETH, range(4)))
    chain.begin(vector)
    chain.block(withdrawals=[build_unbonding_request(spec, state, 0, FAR)])
    asked = chain.epoch
    assert state.pools[0].unbonding_amount == 28 * ETH
    assert state.pools[0].withdrawable_epoch == asked + 1 + 8
    chain.epochs(1)
    chain.block(attester_slashings=[build_attester_slashing(spec, state, range(4))])
    slashed = chain.epoch
    assert state.pools[0].bond <= 60 * ETH - 4 * INITIAL + 10**7
    assert state.pools[0].withdrawable_epoch == slashed + 32 + 1
    chain.sparse_until(slashed + 32)
    assert len(state.pending_payouts) == 0
    assert state.pools[0].bond > 59 * ETH
    chain.until(lambda state: operator_address(0) in chain.paid())
    # Three times 4 of 60 or so, of 32 ETH each: the operator pays before it is paid
    assert state.pools[0].bond < 60 * ETH - 28 * ETH - 4 * 3 * 4 * SEAT // 64
    assert chain.paid()[operator_address(0)] == 28 * ETH
    chain.end(vector)


def test_slashed_after_losing_the_seats(spec: Any, state: Any, vector: Recorder) -> None:
    """The seats are gone with most of the bond; the evidence costs as much as with them."""
    chain = _settled(spec, state, (SEAT_BOND, range(4)))
    assert weights(state, range(4)) == [32, 0, 0, 0]
    bond = int(state.pools[0].bond)
    chain.begin(vector)
    chain.signs = lambda _index: True
    chain.block(attester_slashings=[build_attester_slashing(spec, state, range(1, 4))])
    assert abs(bond - 3 * INITIAL - state.pools[0].bond) < 10**6
    assert sum(state.slashings) == 0
    assert len(state.pending_pool_penalties) == 3
    chain.end(vector)


@pytest.mark.config(**SHORT)
def test_slashed_to_be_held_back(spec: Any, state: Any, vector: Recorder) -> None:
    """A pool slashes one that stays and one that leaves: neither waits longer than for an exit."""
    chain = _settled(spec, state, (40 * ETH, range(4)))
    chain.begin(vector)
    chain.leave(0)
    chain.block(attester_slashings=[build_attester_slashing(spec, state, [0, 1])])
    epoch = chain.epoch
    assert [v.exit_epoch for v in state.validators][:3] == [epoch + 5, epoch + 5, FAR]
    assert [v.withdrawable_epoch for v in state.validators][:2] == [epoch + 13] * 2
    chain.sparse_until(epoch + 13)
    chain.epochs(2)
    paid = chain.paid()
    assert min(paid[execution_address(index)] for index in (0, 1)) >= SEAT
    chain.end(vector)


# The line (I5)


@pytest.mark.config(MIN_POOL_BOND=2 * SEAT_BOND, **SHORT)
def test_flapping_pool_cannot_starve_another(spec: Any, state: Any, vector: Recorder) -> None:
    """A pool gives its places up and takes them again: it goes to the end of the line.

    It is the first pool, with the lower indices. While the chain does not finalize, nobody sits
    down; the bond that its places need is unbonded, and made up for an epoch later.
    """
    a_little = ETH // 50
    first = (4 * SEAT_BOND + a_little, range(2))
    chain = _settled(spec, state, first, (40 * ETH, range(2, 4)))
    flapping = add_waiting(spec, state, 0, 2)
    patient = add_waiting(spec, state, 1, 2)
    chain.begin(vector)
    chain.voters = None
    chain.epochs(1)
    assert in_line(state) == [*flapping, *patient]
    chain.block(withdrawals=[build_unbonding_request(spec, state, 0, FAR)])
    chain.epochs(1)
    assert in_line(state) == patient
    chain.block(deposits=[build_bond_request(spec, 0, 2 * SEAT_BOND + a_little)])
    chain.epochs(1)
    assert in_line(state) == [*patient, *flapping]
    chain.voters = everyone
    chain.until(lambda state: seats(state, 0) + seats(state, 1) > 4)
    assert weights(state, patient) == [32, 32]
    assert weights(state, flapping) == [0, 0]
    chain.until(lambda state: weights(state, flapping) == [32, 32])
    chain.end(vector)


@pytest.mark.config(MIN_POOL_BOND=4 * SEAT_BOND, **SHORT)
def test_lost_place_in_line(spec: Any, state: Any, vector: Recorder) -> None:
    """A bond that no longer covers its places loses them, and has to join the line again.

    Four seats are kept with the least bond; two more places need what is being unbonded.
    """
    a_little = ETH // 50
    chain = _settled(spec, state, (6 * SEAT_BOND + a_little, range(4)))
    flapping = add_waiting(spec, state, 0, 2)
    chain.voters = None
    chain.epochs(1)
    assert in_line(state) == flapping
    chain.begin(vector)
    chain.block(withdrawals=[build_unbonding_request(spec, state, 0, FAR)])
    chain.epochs(1)
    assert in_line(state) == []
    chain.block(deposits=[build_bond_request(spec, 0, 2 * SEAT_BOND + a_little)])
    chain.epochs(1)
    assert in_line(state) == flapping
    joined = [int(state.validators[index].activation_eligibility_epoch) for index in flapping]
    assert joined == [chain.epoch, chain.epoch]
    chain.end(vector)


def test_seats_at_the_threshold(spec: Any, state: Any, vector: Recorder) -> None:
    """With a bond a little below its seats, votes missed in turn do not cost any of them."""
    chain = _settled(spec, state, (4 * SEAT_BOND - 10**7, range(4)))
    chain.begin(vector)
    for epoch in range(4):
        chain.voters = (lambda members: [i for i in members if i > 3]) if epoch % 2 else None
        chain.epochs(1)
        assert seats(state, 0) == 4
    assert state.pools[0].bond < 4 * SEAT_BOND - 10**7
    chain.end(vector)


# Closed pools


@pytest.mark.config(**SHORT)
def test_closed_pool_and_what_still_comes(spec: Any, state: Any, vector: Recorder) -> None:
    """Top-ups come back, stakes that name it come back, and so does what it earns after its end."""
    chain = _settled(spec, state, (40 * ETH, range(2)), commission=10_000)
    chain.block(withdrawals=[build_unbonding_request(spec, state, 0)])
    closing = int(state.pools[0].unbonding_epoch)
    chain.begin(vector)
    chain.block(deposits=[build_lock_request(spec, 0, FIRST)])
    chain.blocks_until(closing)
    assert seats(state, 0) == 0
    late = build_lock_request(spec, 0, FIRST + 1)
    chain.block(deposits=[late, build_bond_request(spec, 0, 3 * ETH, 10_000)])
    chain.until(lambda state: not state.pending_deposits)
    assert len(state.validators) == FIRST + 1
    chain.until(lambda state: state.pools[0].bond == 0)
    chain.until(lambda state: not state.pending_payouts)
    chain.leave(FIRST)
    chain.end(vector)
    paid = chain.paid()
    assert paid[execution_address(FIRST + 1)] == SEAT
    assert paid[operator_address(0)] >= 43 * ETH
    assert state.validators[FIRST].exit_epoch != FAR
