"""A consolidation of a validator with itself: its rewards begin to compound."""

from collections.abc import Callable
from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.genesis import execution_address, execution_credentials
from tests.helpers.requests import build_consolidation_request
from tests.helpers.running import run_operation
from tests.helpers.solo import COMPOUNDING_PREFIX, ETH, depart, make_compounding, make_keyed
from tests.helpers.verdicts import run_ignored

HANDLER = "consolidation_request"

pytestmark = pytest.mark.vectors(runner="operations", handler=HANDLER, forks=["fulu", "poolbonds"])

INDEX = 3
EPOCH = 10

NOBODY = b"\xc0" + bytes(95)
"""The signature in a deposit that needs none."""


def _switch(spec: Any, state: Any, vector: Recorder, excess: int = 0) -> None:
    """Credentials change, and what is above 32 ETH has to pay the churn of a deposit."""
    expected = state.copy()
    credentials = spec.Bytes32(execution_credentials(INDEX, COMPOUNDING_PREFIX))
    expected.validators[INDEX].withdrawal_credentials = credentials
    if excess:
        expected.balances[INDEX] = 32 * ETH
        expected.pending_deposits.append(
            spec.PendingDeposit(
                pubkey=state.validators[INDEX].pubkey,
                withdrawal_credentials=credentials,
                amount=excess,
                signature=spec.BLSSignature(NOBODY),
                slot=0,
            )
        )
    request = build_consolidation_request(spec, state, INDEX, INDEX)
    run_operation(spec, state, vector, HANDLER, request)
    assert spec.hash_tree_root(state) == spec.hash_tree_root(expected)


def _stand(spec: Any, state: Any) -> None:
    state.slot = EPOCH * int(spec.SLOTS_PER_EPOCH)


@pytest.mark.parametrize("excess", [0, 1, 9 * ETH])
def test_switch(spec: Any, state: Any, vector: Recorder, excess: int) -> None:
    """Neither time of service nor churn for consolidations is needed: there is none here."""
    _stand(spec, state)
    state.balances[INDEX] = 32 * ETH + excess
    _switch(spec, state, vector, excess)


@pytest.mark.parametrize("balance", [0, 32 * ETH - 1])
def test_switch_below_32_eth(spec: Any, state: Any, vector: Recorder, balance: int) -> None:
    _stand(spec, state)
    state.balances[INDEX] = balance
    _switch(spec, state, vector)


def test_switch_behind_other_deposits(spec: Any, state: Any, vector: Recorder) -> None:
    _stand(spec, state)
    state.pending_deposits.append(spec.PendingDeposit(amount=1, slot=3))
    state.balances[INDEX] = 33 * ETH
    _switch(spec, state, vector, ETH)


def test_switch_when_just_activated(spec: Any, state: Any, vector: Recorder) -> None:
    _stand(spec, state)
    state.validators[INDEX].activation_epoch = EPOCH
    _switch(spec, state, vector)


def test_switch_while_a_withdrawal_waits(spec: Any, state: Any, vector: Recorder) -> None:
    """Nor does a partial withdrawal stand in the way."""
    _stand(spec, state)
    pending = spec.PendingPartialWithdrawal(validator_index=INDEX, amount=1)
    state.pending_partial_withdrawals.append(pending)
    _switch(spec, state, vector)


@pytest.mark.vectors(presets=["minimal"])
def test_switch_with_a_full_queue(spec: Any, state: Any, vector: Recorder) -> None:
    _stand(spec, state)
    for _ in range(64):
        pending = spec.PendingConsolidation(source_index=20, target_index=21)
        state.pending_consolidations.append(pending)
    _switch(spec, state, vector)


def _other_address(spec: Any, state: Any, request: Any) -> None:
    request.source_address = spec.ExecutionAddress(execution_address(INDEX + 1))


def _compounding_already(spec: Any, state: Any, request: Any) -> None:
    make_compounding(spec, state, INDEX)


def _without_address(spec: Any, state: Any, request: Any) -> None:
    make_keyed(spec, state, INDEX)
    credentials = bytes(state.validators[INDEX].withdrawal_credentials)
    request.source_address = spec.ExecutionAddress(credentials[12:])


def _not_active_yet(spec: Any, state: Any, request: Any) -> None:
    state.validators[INDEX].activation_epoch = EPOCH + 1


def _leaving(spec: Any, state: Any, request: Any) -> None:
    depart(state, INDEX, EPOCH + 1)


def _left(spec: Any, state: Any, request: Any) -> None:
    depart(state, INDEX, EPOCH)


INAPPLICABLE: dict[str, Callable[[Any, Any, Any], None]] = {
    "another_address": _other_address,
    "compounding_already": _compounding_already,
    "without_address": _without_address,
    "not_active_yet": _not_active_yet,
    "leaving": _leaving,
    "left": _left,
}


@pytest.mark.parametrize("why", INAPPLICABLE)
def test_switch_ignored(spec: Any, state: Any, vector: Recorder, why: str) -> None:
    """Of one who has 33 ETH, so that a switch would show."""
    _stand(spec, state)
    state.balances[INDEX] = 33 * ETH
    request = build_consolidation_request(spec, state, INDEX, INDEX)
    INAPPLICABLE[why](spec, state, request)
    run_ignored(spec, state, vector, HANDLER, request)
