"""Two parties deposit for one key: whoever comes second gets the money back, not the other's name.

The first deposit for a key fixes the credentials. An operator knows a validator's key before its
staker has paid, and a stranger can copy the key from the staker's deposit, so both could be first.
"""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.deposits import build_pending_deposit
from tests.helpers.genesis import execution_address, execution_credentials
from tests.helpers.pools import (
    ETH,
    add_pool,
    add_waiting,
    bond_credentials,
    make_pooled,
    pooled_credentials,
)
from tests.helpers.queues import (
    payouts,
    pending_lock,
    queue_deposits,
    refund_of,
    run_deposits,
)

pytestmark = pytest.mark.vectors(
    runner="epoch_processing", handler="pending_deposits", forks=["poolbonds"]
)

THIEF = 4_000
"""The number of the address that the second party hopes to be paid at."""

PREFIXES = {"eth1": b"\x01", "compounding": b"\x02", "unknown": b"\xff", "before_pooled": b"\xb3"}


def _pools(spec: Any, state: Any) -> int:
    """Two pools; gives the index of the validator that comes next."""
    for _ in range(2):
        add_pool(spec, state, bond=32 * ETH)
    return len(state.validators)


def _second_is_refunded(spec: Any, state: Any, vector: Recorder, first: Any, second: Any) -> None:
    """Of two deposits for a new key, the first makes the validator, and the second goes back."""
    index = len(state.validators)
    queue_deposits(state, first, second)
    run_deposits(spec, state, vector)
    assert len(state.validators) == index + 1
    assert state.validators[index].withdrawal_credentials == first.withdrawal_credentials
    assert state.balances[index] == first.amount
    assert payouts(state) == [refund_of(second)]


# Against a validator that exists


@pytest.mark.parametrize("prefix", [b"\x00", b"\x01", b"\x02", b"\xb5"], ids=bytes.hex)
def test_lock_for_the_key_of_a_solo_validator(
    spec: Any, state: Any, vector: Recorder, prefix: bytes
) -> None:
    """The operator was first: the staker gets all of it back, whatever the validator is."""
    _pools(spec, state)
    state.validators[3].withdrawal_credentials = spec.Bytes32(execution_credentials(3, prefix))
    lock = pending_lock(spec, 0, 3, 32 * ETH, staker=77)
    queue_deposits(state, lock)
    run_deposits(spec, state, vector)
    assert state.balances[3] == 32 * ETH
    assert payouts(state) == [(2**42, execution_address(77), 32 * ETH)]


@pytest.mark.parametrize("prefix", PREFIXES.values(), ids=PREFIXES)
@pytest.mark.parametrize("address", [5, THIEF], ids=["same_address", "other_address"])
def test_solo_deposit_for_a_pooled_key(
    spec: Any, state: Any, vector: Recorder, prefix: bytes, address: int
) -> None:
    """Whoever they pay to: the credentials must be the validator's own."""
    _pools(spec, state)
    make_pooled(spec, state, 0, [5])
    deposit = build_pending_deposit(spec, 5, execution_credentials(address, prefix), ETH)
    queue_deposits(state, deposit)
    run_deposits(spec, state, vector)
    assert state.balances[5] == 32 * ETH
    assert payouts(state) == [(2**42, execution_address(address), ETH)]


@pytest.mark.parametrize("seated", [True, False], ids=["seated", "waiting"])
def test_addressless_deposit_for_a_pooled_key(
    spec: Any, state: Any, vector: Recorder, seated: bool
) -> None:
    """Prefix 0x00: there is no address to send it back to, so it is a gift, as under Fulu."""
    _pools(spec, state)
    make_pooled(spec, state, 0, [5], seated=seated)
    deposit = build_pending_deposit(spec, 5, execution_credentials(THIEF, b"\x00"), ETH)
    queue_deposits(state, deposit)
    run_deposits(spec, state, vector)
    assert state.balances[5] == 33 * ETH
    assert payouts(state) == []


@pytest.mark.parametrize(
    "credentials",
    [pooled_credentials(1, 5), pooled_credentials(0, THIEF), pooled_credentials(9, 5)],
    ids=["other_pool", "other_staker", "unknown_pool"],
)
def test_other_pooled_credentials(
    spec: Any, state: Any, vector: Recorder, credentials: bytes
) -> None:
    _pools(spec, state)
    make_pooled(spec, state, 0, [5])
    deposit = build_pending_deposit(spec, 5, credentials, 32 * ETH)
    queue_deposits(state, deposit)
    run_deposits(spec, state, vector)
    assert state.balances[5] == 32 * ETH
    assert payouts(state) == [refund_of(deposit)]


def test_unadmitted_validator(spec: Any, state: Any, vector: Recorder) -> None:
    """The rule is about credentials: it holds before the operator has admitted anybody."""
    _pools(spec, state)
    (index,) = add_waiting(spec, state, 0, admitted=False)
    deposit = build_pending_deposit(spec, index, execution_credentials(THIEF), ETH)
    queue_deposits(state, deposit)
    run_deposits(spec, state, vector)
    assert state.balances[index] == 32 * ETH
    assert payouts(state) == [refund_of(deposit)]


@pytest.mark.parametrize("old", [b"\x00", b"\x01", b"\x02", b"\xb5"], ids=bytes.hex)
@pytest.mark.parametrize("new", [b"\x00", b"\x01", b"\x02"], ids=bytes.hex)
def test_neither_side_is_pooled(
    spec: Any, state: Any, vector: Recorder, old: bytes, new: bytes
) -> None:
    """A top-up whatever it says, as under Fulu."""
    _pools(spec, state)
    state.validators[3].withdrawal_credentials = spec.Bytes32(execution_credentials(3, old))
    queue_deposits(state, build_pending_deposit(spec, 3, execution_credentials(THIEF, new), ETH))
    run_deposits(spec, state, vector)
    assert state.balances[3] == 33 * ETH
    assert payouts(state) == []


def test_bond_for_a_pooled_key(spec: Any, state: Any, vector: Recorder) -> None:
    """It founds a pool with that key, and says nothing about the validator."""
    _pools(spec, state)
    make_pooled(spec, state, 0, [5])
    queue_deposits(state, build_pending_deposit(spec, 5, bond_credentials(2), 32 * ETH))
    run_deposits(spec, state, vector)
    assert state.pools[2].pubkey == state.validators[5].pubkey
    assert state.balances[5] == 32 * ETH
    assert payouts(state) == []


# Through the queue


@pytest.mark.parametrize("prefix", [b"\x00", b"\x01", b"\x02"], ids=bytes.hex)
def test_solo_first(spec: Any, state: Any, vector: Recorder, prefix: bytes) -> None:
    """The operator puts 1 ETH under its own address in front of the staker's 32."""
    key = _pools(spec, state)
    solo = build_pending_deposit(spec, key, execution_credentials(THIEF, prefix), ETH)
    _second_is_refunded(spec, state, vector, solo, pending_lock(spec, 0, key, 32 * ETH))


@pytest.mark.parametrize("prefix", [b"\x01", b"\x02"], ids=bytes.hex)
def test_pooled_first(spec: Any, state: Any, vector: Recorder, prefix: bytes) -> None:
    key = _pools(spec, state)
    solo = build_pending_deposit(spec, key, execution_credentials(THIEF, prefix), ETH)
    _second_is_refunded(spec, state, vector, pending_lock(spec, 0, key, 32 * ETH), solo)


def test_pooled_first_then_addressless(spec: Any, state: Any, vector: Recorder) -> None:
    key = _pools(spec, state)
    gift = build_pending_deposit(spec, key, execution_credentials(THIEF, b"\x00"), ETH)
    queue_deposits(state, pending_lock(spec, 0, key, 32 * ETH), gift)
    run_deposits(spec, state, vector)
    assert state.balances[key] == 33 * ETH
    assert state.validators[key].withdrawal_credentials == pooled_credentials(0, key)


def test_two_pools(spec: Any, state: Any, vector: Recorder) -> None:
    """Another pool's operator cannot take over a validator, and the staker cannot move it."""
    key = _pools(spec, state)
    first, second = pending_lock(spec, 0, key, 32 * ETH), pending_lock(spec, 1, key, 32 * ETH)
    _second_is_refunded(spec, state, vector, first, second)


def test_two_stakers(spec: Any, state: Any, vector: Recorder) -> None:
    """An operator hands one key to two stakers: the second has lost nothing."""
    key = _pools(spec, state)
    first = pending_lock(spec, 0, key, 32 * ETH, staker=77)
    second = pending_lock(spec, 0, key, 32 * ETH, staker=78)
    _second_is_refunded(spec, state, vector, first, second)


def test_first_has_been_refunded(spec: Any, state: Any, vector: Recorder) -> None:
    """A pooled deposit that comes back does not hold the key."""
    key = _pools(spec, state)
    small = pending_lock(spec, 0, key, 32 * ETH - 1, staker=77)
    good = pending_lock(spec, 1, key, 32 * ETH, staker=78)
    queue_deposits(state, small, good)
    run_deposits(spec, state, vector)
    assert state.validators[key].withdrawal_credentials == pooled_credentials(1, 78)
    assert state.balances[key] == 32 * ETH
    assert payouts(state) == [refund_of(small)]


@pytest.mark.bls
def test_first_was_not_signed(spec: Any, state: Any, vector: Recorder) -> None:
    """A thief that does not hold the key makes no validator, and cannot block the staker's."""
    key = _pools(spec, state)
    credentials = execution_credentials(THIEF)
    solo = build_pending_deposit(spec, key, credentials, ETH, signed=False)
    queue_deposits(state, solo, pending_lock(spec, 0, key, 32 * ETH))
    run_deposits(spec, state, vector, lost=ETH)
    assert state.validators[key].withdrawal_credentials == pooled_credentials(0, key)
    assert state.balances[key] == 32 * ETH
    assert payouts(state) == []


@pytest.mark.bls
def test_pooled_was_not_signed(spec: Any, state: Any, vector: Recorder) -> None:
    """A stranger that copies a key cannot sign for it: its own money comes back."""
    key = _pools(spec, state)
    credentials = pooled_credentials(1, THIEF)
    unsigned = build_pending_deposit(spec, key, credentials, 32 * ETH, signed=False)
    queue_deposits(state, unsigned, pending_lock(spec, 0, key, 32 * ETH))
    run_deposits(spec, state, vector)
    assert state.validators[key].withdrawal_credentials == pooled_credentials(0, key)
    assert payouts(state) == [refund_of(unsigned)]
