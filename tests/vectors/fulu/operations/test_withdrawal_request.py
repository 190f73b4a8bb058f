"""Withdrawal requests: a full exit, or a part of what is above 32 ETH, for who owns the address."""

from collections.abc import Callable
from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.genesis import execution_address
from tests.helpers.keys import public_key
from tests.helpers.queues import least_churn
from tests.helpers.requests import build_withdrawal_request
from tests.helpers.running import run_operation
from tests.helpers.solo import (
    ETH,
    depart,
    exit_churn,
    let_all_serve,
    make_compounding,
    make_keyed,
)
from tests.helpers.verdicts import run_ignored

HANDLER = "withdrawal_request"

pytestmark = pytest.mark.vectors(runner="operations", handler=HANDLER, forks=["fulu", "poolbonds"])

INDEX = 3

SERVICE = {"minimal": 64, "mainnet": 256}
"""Epochs that everybody has served, and that leaving needs."""

QUEUE_LIMIT = 64
"""Most partial withdrawals that may wait, under the minimal preset."""


def _first_exit_epoch(spec: Any) -> int:
    return SERVICE[spec.preset] + 1 + 4


def _wait(spec: Any, state: Any, index: int, amount: int) -> None:
    """Let a partial withdrawal wait that was asked for earlier."""
    state.pending_partial_withdrawals.append(
        spec.PendingPartialWithdrawal(validator_index=index, amount=amount, withdrawable_epoch=1000)
    )


@pytest.mark.parametrize("kind", ["execution", "compounding"])
def test_full_exit(spec: Any, state: Any, vector: Recorder, kind: str) -> None:
    let_all_serve(spec, state)
    if kind == "compounding":
        make_compounding(spec, state, INDEX, 40 * ETH)
    stake = int(state.validators[INDEX].effective_balance)
    run_operation(spec, state, vector, HANDLER, build_withdrawal_request(spec, state, INDEX))
    exit_epoch = _first_exit_epoch(spec)
    assert state.validators[INDEX].exit_epoch == exit_epoch
    assert state.validators[INDEX].withdrawable_epoch == exit_epoch + 256
    assert state.exit_balance_to_consume == least_churn(spec) - stake
    assert len(state.pending_partial_withdrawals) == 0


def _other_key(spec: Any, state: Any, request: Any) -> None:
    request.validator_pubkey = spec.BLSPubkey(public_key(len(state.validators)))


def _other_address(spec: Any, state: Any, request: Any) -> None:
    request.source_address = spec.ExecutionAddress(execution_address(INDEX + 1))


def _no_address(spec: Any, state: Any, request: Any) -> None:
    """The request is from what would be the address, if the credentials named one."""
    make_keyed(spec, state, INDEX)
    credentials = bytes(state.validators[INDEX].withdrawal_credentials)
    request.source_address = spec.ExecutionAddress(credentials[12:])


def _not_active(spec: Any, state: Any, request: Any) -> None:
    state.validators[INDEX].activation_epoch = spec.FAR_FUTURE_EPOCH


def _leaving(spec: Any, state: Any, request: Any) -> None:
    depart(state, INDEX, 1000)


def _too_young(spec: Any, state: Any, request: Any) -> None:
    state.validators[INDEX].activation_epoch = 1


INAPPLICABLE: dict[str, Callable[[Any, Any, Any], None]] = {
    "unknown_key": _other_key,
    "another_address": _other_address,
    "no_address": _no_address,
    "not_active": _not_active,
    "leaving": _leaving,
    "too_young": _too_young,
}


@pytest.mark.parametrize("amount", [0, ETH], ids=["exit", "part"])
@pytest.mark.parametrize("why", INAPPLICABLE)
def test_ignored(spec: Any, state: Any, vector: Recorder, why: str, amount: int) -> None:
    """Both kinds of request: with 40 ETH that compound, either would be granted."""
    let_all_serve(spec, state)
    make_compounding(spec, state, INDEX, 40 * ETH)
    request = build_withdrawal_request(spec, state, INDEX, amount)
    INAPPLICABLE[why](spec, state, request)
    run_ignored(spec, state, vector, HANDLER, request)


def test_exit_while_a_part_waits(spec: Any, state: Any, vector: Recorder) -> None:
    let_all_serve(spec, state)
    make_compounding(spec, state, INDEX, 40 * ETH)
    _wait(spec, state, INDEX, 1)
    run_ignored(spec, state, vector, HANDLER, build_withdrawal_request(spec, state, INDEX))


def test_exit_while_anothers_part_waits(spec: Any, state: Any, vector: Recorder) -> None:
    let_all_serve(spec, state)
    _wait(spec, state, INDEX + 1, 1)
    run_operation(spec, state, vector, HANDLER, build_withdrawal_request(spec, state, INDEX))
    assert state.validators[INDEX].exit_epoch == _first_exit_epoch(spec)


def _ask(
    spec: Any, state: Any, vector: Recorder, amount: int, granted: int, exit_in: int = 0
) -> None:
    """A part is granted that can go `exit_in` epochs after the first possible, and a delay."""
    before = state.copy()
    request = build_withdrawal_request(spec, state, INDEX, amount)
    run_operation(spec, state, vector, HANDLER, request)
    withdrawable_epoch = _first_exit_epoch(spec) + exit_in + 256
    assert list(state.pending_partial_withdrawals) == [
        *before.pending_partial_withdrawals,
        spec.PendingPartialWithdrawal(
            validator_index=INDEX, amount=granted, withdrawable_epoch=withdrawable_epoch
        ),
    ]
    assert state.earliest_exit_epoch == _first_exit_epoch(spec) + exit_in
    assert list(state.validators) == list(before.validators)
    assert list(state.balances) == list(before.balances)


@pytest.mark.parametrize(
    ("balance", "amount", "granted"),
    [
        (40 * ETH, 3 * ETH, 3 * ETH),
        (40 * ETH, 8 * ETH, 8 * ETH),
        (40 * ETH, 8 * ETH + 1, 8 * ETH),
        (40 * ETH + 5, 8 * ETH + 7, 8 * ETH + 5),
        (40 * ETH, 1, 1),
        (32 * ETH + 1, ETH, 1),
        (40 * ETH, 2**53, 8 * ETH),
    ],
    ids=["part", "all", "more_than_all", "with_rewards", "one", "one_is_left", "most"],
)
def test_part(
    spec: Any, state: Any, vector: Recorder, balance: int, amount: int, granted: int
) -> None:
    """At most what is above 32 ETH."""
    let_all_serve(spec, state)
    make_compounding(spec, state, INDEX, balance)
    _ask(spec, state, vector, amount, granted)
    assert state.exit_balance_to_consume == least_churn(spec) - granted


@pytest.mark.parametrize(
    ("waiting", "granted"), [(ETH, 7 * ETH), (8 * ETH - 1, 1)], ids=["some", "nearly_all"]
)
def test_after_an_earlier_part(
    spec: Any, state: Any, vector: Recorder, waiting: int, granted: int
) -> None:
    """What waits already is spoken for; what waits for others is not."""
    let_all_serve(spec, state)
    make_compounding(spec, state, INDEX, 40 * ETH)
    _wait(spec, state, INDEX + 1, 100 * ETH)
    _wait(spec, state, INDEX, waiting)
    _ask(spec, state, vector, 10 * ETH, granted)


@pytest.mark.parametrize("case", ["execution", "all_waits", "no_excess", "low_stake"])
def test_nothing_to_grant(spec: Any, state: Any, vector: Recorder, case: str) -> None:
    let_all_serve(spec, state)
    make_compounding(spec, state, INDEX, 40 * ETH)
    if case == "execution":
        credentials = b"\x01" + bytes(state.validators[INDEX].withdrawal_credentials)[1:]
        state.validators[INDEX].withdrawal_credentials = spec.Bytes32(credentials)
    elif case == "all_waits":
        _wait(spec, state, INDEX, 8 * ETH)
    elif case == "no_excess":
        make_compounding(spec, state, INDEX, 32 * ETH)
    else:
        state.validators[INDEX].effective_balance = 31 * ETH
    run_ignored(spec, state, vector, HANDLER, build_withdrawal_request(spec, state, INDEX, ETH))


def test_stake_of_just_32_eth(spec: Any, state: Any, vector: Recorder) -> None:
    """An excess that is not yet stake can be withdrawn."""
    let_all_serve(spec, state)
    make_compounding(spec, state, INDEX, 40 * ETH)
    state.validators[INDEX].effective_balance = 32 * ETH
    _ask(spec, state, vector, ETH, ETH)


@pytest.mark.vectors(presets=["minimal"])
@pytest.mark.parametrize("amount", [0, ETH], ids=["exit", "part"])
def test_full_queue(spec: Any, state: Any, vector: Recorder, amount: int) -> None:
    """It has no room for a part, and an exit needs none."""
    let_all_serve(spec, state)
    make_compounding(spec, state, INDEX, 40 * ETH)
    for _ in range(QUEUE_LIMIT):
        _wait(spec, state, INDEX + 1, 1)
    request = build_withdrawal_request(spec, state, INDEX, amount)
    if amount:
        run_ignored(spec, state, vector, HANDLER, request)
        return
    run_operation(spec, state, vector, HANDLER, request)
    assert state.validators[INDEX].exit_epoch == _first_exit_epoch(spec)


@pytest.mark.vectors(presets=["minimal"])
def test_last_place_of_the_queue(spec: Any, state: Any, vector: Recorder) -> None:
    let_all_serve(spec, state)
    make_compounding(spec, state, INDEX, 40 * ETH)
    for _ in range(QUEUE_LIMIT - 1):
        _wait(spec, state, INDEX + 1, 1)
    _ask(spec, state, vector, ETH, ETH)
    assert len(state.pending_partial_withdrawals) == QUEUE_LIMIT


@pytest.mark.parametrize(
    ("room", "epochs", "left"), [(ETH, 0, 0), (ETH - 1, 1, -1)], ids=["just_room", "no_room"]
)
def test_part_pays_the_churn(
    spec: Any, state: Any, vector: Recorder, room: int, epochs: int, left: int
) -> None:
    """The churn takes what is withdrawn, to the Gwei, not the validator's stake."""
    let_all_serve(spec, state)
    make_compounding(spec, state, INDEX, 40 * ETH)
    state.earliest_exit_epoch = _first_exit_epoch(spec)
    state.exit_balance_to_consume = room
    _ask(spec, state, vector, ETH, ETH, exit_in=epochs)
    assert state.exit_balance_to_consume == (least_churn(spec) if epochs else 0) + left


def test_part_larger_than_an_epochs_churn(spec: Any, state: Any, vector: Recorder) -> None:
    let_all_serve(spec, state)
    make_compounding(spec, state, INDEX, 2048 * ETH)
    limit = exit_churn(spec, state)
    _ask(spec, state, vector, 2 * limit + 1, 2 * limit + 1, exit_in=2)
    assert state.exit_balance_to_consume == limit - 1
