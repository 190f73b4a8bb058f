"""Withdrawals: what pooled validators are paid by the sweep, and nothing from anybody else's."""

from collections.abc import Sequence
from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.execution import build_empty_payload
from tests.helpers.genesis import execution_address, execution_credentials
from tests.helpers.pools import ETH, add_pool, add_waiting, make_pooled
from tests.helpers.running import run_operation

HANDLER = "withdrawals"

pytestmark = pytest.mark.vectors(runner="operations", handler=HANDLER, forks=["poolbonds"])

INDEX = 5
NO_POOL = 2**64 - 1
EPOCH = 3
SWEEP = {"minimal": 16, "mainnet": 16384}
"""Validators that a payload's sweep visits."""


def _pays(spec: Any, state: Any, vector: Recorder, paid: Sequence[tuple[int, int]]) -> None:
    """The payload pays these amounts (Gwei) to these validators, who lose just as much."""
    balances = [int(balance) for balance in state.balances]
    start = int(state.next_withdrawal_validator_index)
    payload = build_empty_payload(spec, state)
    payload.withdrawals = [
        spec.Withdrawal(
            index=number, validator_index=index, address=execution_address(index), amount=amount
        )
        for number, (index, amount) in enumerate(paid)
    ]
    for index, amount in paid:
        balances[index] -= amount
    run_operation(spec, state, vector, HANDLER, payload)
    assert [int(balance) for balance in state.balances] == balances
    assert state.next_withdrawal_index == len(paid)
    count = len(state.validators)
    assert state.next_withdrawal_validator_index == (start + SWEEP[spec.preset]) % count


def _pooled(spec: Any, state: Any, kind: str) -> None:
    """Validator 5 is seated, waits, or is pooled without admission, in epoch 3."""
    state.slot = EPOCH * spec.SLOTS_PER_EPOCH
    add_pool(spec, state, bond=40 * ETH)
    make_pooled(spec, state, 0, [INDEX], seated=kind != "waiting")
    if kind == "not_admitted":
        state.validator_pools[INDEX] = NO_POOL


kinds = pytest.mark.parametrize("kind", ["seated", "waiting", "not_admitted"])


@kinds
@pytest.mark.parametrize("above", [0, 1, 8 * ETH], ids=["nothing", "one", "more"])
def test_above_a_seat(spec: Any, state: Any, vector: Recorder, kind: str, above: int) -> None:
    """What exceeds 32 ETH is the staker's at once, also from a validator without weight."""
    _pooled(spec, state, kind)
    state.balances[INDEX] = 32 * ETH + above
    _pays(spec, state, vector, [(INDEX, above)] if above else [])


@kinds
def test_below_a_seat(spec: Any, state: Any, vector: Recorder, kind: str) -> None:
    _pooled(spec, state, kind)
    state.balances[INDEX] = 32 * ETH - 1
    _pays(spec, state, vector, [])


def test_above_a_seat_never_activated(spec: Any, state: Any, vector: Recorder) -> None:
    """More was locked than a seat takes; the last of the registry is the first to be swept here."""
    add_pool(spec, state, bond=40 * ETH)
    (index,) = add_waiting(spec, state, 0)
    state.next_withdrawal_validator_index = index
    state.balances[index] = 33 * ETH
    _pays(spec, state, vector, [(index, ETH)])


@kinds
@pytest.mark.parametrize("balance", [1, 31 * ETH, 40 * ETH], ids=["one", "less", "more"])
@pytest.mark.parametrize("withdrawable_epoch", [EPOCH, EPOCH - 1], ids=["now", "earlier"])
def test_withdrawable(
    spec: Any, state: Any, vector: Recorder, kind: str, balance: int, withdrawable_epoch: int
) -> None:
    """Everything there is goes to the staker, whatever has become of the bond."""
    _pooled(spec, state, kind)
    state.pools[0].bond = 0
    state.balances[INDEX] = balance
    state.validators[INDEX].exit_epoch = 1
    state.validators[INDEX].withdrawable_epoch = withdrawable_epoch
    _pays(spec, state, vector, [(INDEX, balance)])


def test_withdrawable_slashed(spec: Any, state: Any, vector: Recorder) -> None:
    """The staker has done nothing."""
    _pooled(spec, state, "seated")
    state.validators[INDEX].slashed = True
    state.validators[INDEX].exit_epoch = 1
    state.validators[INDEX].withdrawable_epoch = EPOCH
    _pays(spec, state, vector, [(INDEX, 32 * ETH)])


def test_withdrawable_without_balance(spec: Any, state: Any, vector: Recorder) -> None:
    _pooled(spec, state, "waiting")
    state.balances[INDEX] = 0
    state.validators[INDEX].exit_epoch = 1
    state.validators[INDEX].withdrawable_epoch = EPOCH
    _pays(spec, state, vector, [])


@kinds
def test_not_withdrawable_yet(spec: Any, state: Any, vector: Recorder, kind: str) -> None:
    """It has exited, and the next epoch is the one; until then only the excess goes."""
    _pooled(spec, state, kind)
    state.balances[INDEX] = 33 * ETH
    state.validators[INDEX].exit_epoch = 1
    state.validators[INDEX].withdrawable_epoch = EPOCH + 1
    _pays(spec, state, vector, [(INDEX, ETH)])


def test_several_in_order(spec: Any, state: Any, vector: Recorder) -> None:
    """Pooled and solo validators take their turns in one sweep."""
    state.slot = EPOCH * spec.SLOTS_PER_EPOCH
    add_pool(spec, state, bond=40 * ETH)
    make_pooled(spec, state, 0, [5])
    make_pooled(spec, state, 0, [7], seated=False)
    for index, above in ((5, 1), (6, 1), (7, 2)):
        state.balances[index] += above
    _pays(spec, state, vector, [(5, 1), (6, 1), (7, 2)])


# Solo validators, for whom nothing changes


@pytest.mark.parametrize(
    ("prefix", "effective", "balance", "paid"),
    [
        (b"\x01", 32, 33, 1),
        (b"\x01", 31, 33, 0),
        (b"\x01", 0, 33, 0),
        (b"\x01", 32, 32, 0),
        (b"\x02", 33, 33, 0),
        (b"\x02", 2048, 2049, 1),
        (b"\x02", 2047, 2049, 0),
        (b"\x02", 32, 33, 0),
        (b"\x00", 32, 33, 0),
        (b"\xb5", 32, 33, 0),
    ],
)
def test_solo_excess(
    spec: Any,
    state: Any,
    vector: Recorder,
    prefix: bytes,
    effective: int,
    balance: int,
    paid: int,
) -> None:
    """By prefix, effective balance and balance (ETH): only a full effective balance has excess."""
    credentials = execution_credentials(INDEX, prefix)
    state.validators[INDEX].withdrawal_credentials = spec.Bytes32(credentials)
    state.validators[INDEX].effective_balance = effective * ETH
    state.balances[INDEX] = balance * ETH
    _pays(spec, state, vector, [(INDEX, paid * ETH)] if paid else [])


@pytest.mark.parametrize(
    ("prefix", "withdrawable_epoch", "paid"),
    [
        (b"\x01", EPOCH, 31),
        (b"\x01", EPOCH + 1, 0),
        (b"\x02", EPOCH, 31),
        (b"\x00", EPOCH, 0),
        (b"\xb5", EPOCH, 0),
    ],
)
def test_solo_withdrawable(
    spec: Any, state: Any, vector: Recorder, prefix: bytes, withdrawable_epoch: int, paid: int
) -> None:
    """A validator with the credentials of a pool has no address to be paid at."""
    state.slot = EPOCH * spec.SLOTS_PER_EPOCH
    credentials = execution_credentials(INDEX, prefix)
    state.validators[INDEX].withdrawal_credentials = spec.Bytes32(credentials)
    state.validators[INDEX].exit_epoch = 1
    state.validators[INDEX].withdrawable_epoch = withdrawable_epoch
    state.balances[INDEX] = 31 * ETH
    _pays(spec, state, vector, [(INDEX, paid * ETH)] if paid else [])
