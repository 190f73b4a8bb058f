"""Deposit requests: all of them wait in the queue, whatever is in them."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.deposits import build_deposit_request
from tests.helpers.genesis import execution_credentials
from tests.helpers.keys import public_key
from tests.helpers.requests import bls_credentials
from tests.helpers.running import run_operation
from tests.helpers.solo import ETH, depart

HANDLER = "deposit_request"

pytestmark = pytest.mark.vectors(runner="operations", handler=HANDLER, forks=["fulu", "poolbonds"])

INDEX = 3
SLOT = 5
FIRST = 77
"""The number of the request."""


def _queue(spec: Any, state: Any, vector: Recorder, request: Any) -> None:
    """The request goes to the end of the queue as it is; nothing else changes."""
    state.slot = SLOT
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
    assert spec.hash_tree_root(state) == spec.hash_tree_root(expected)


@pytest.mark.parametrize("amount", [0, 1, ETH, 32 * ETH, 2048 * ETH + 1])
def test_amount(spec: Any, state: Any, vector: Recorder, amount: int) -> None:
    """For a key that nobody has."""
    key = len(state.validators)
    request = build_deposit_request(spec, key, execution_credentials(key), amount, FIRST)
    _queue(spec, state, vector, request)


@pytest.mark.parametrize("credentials", ["key", "execution", "compounding", "unknown"])
def test_credentials(spec: Any, state: Any, vector: Recorder, credentials: str) -> None:
    key = len(state.validators)
    prefixes = {"execution": b"\x01", "compounding": b"\x02", "unknown": b"\x55"}
    if credentials == "key":
        chosen = bls_credentials(spec, key)
    else:
        chosen = execution_credentials(key, prefixes[credentials])
    request = build_deposit_request(spec, key, chosen, 32 * ETH, FIRST)
    _queue(spec, state, vector, request)


@pytest.mark.parametrize("start_index", [0, 70, 2**64 - 1])
def test_start_of_requests(spec: Any, state: Any, vector: Recorder, start_index: int) -> None:
    """Where the former bridge stopped is nobody's business any more; it stays as it is."""
    state.deposit_requests_start_index = start_index
    key = len(state.validators)
    request = build_deposit_request(spec, key, execution_credentials(key), ETH, FIRST)
    _queue(spec, state, vector, request)


def test_top_up(spec: Any, state: Any, vector: Recorder) -> None:
    """One for a validator waits as well, and its balance stays for now."""
    request = build_deposit_request(spec, INDEX, execution_credentials(INDEX), ETH, FIRST)
    _queue(spec, state, vector, request)


def test_top_up_of_the_exited(spec: Any, state: Any, vector: Recorder) -> None:
    depart(state, INDEX, 0, 0)
    request = build_deposit_request(spec, INDEX, execution_credentials(INDEX), ETH, FIRST)
    _queue(spec, state, vector, request)


def test_second_of_one_key(spec: Any, state: Any, vector: Recorder) -> None:
    """Deposits for one key are not put together."""
    key = len(state.validators)
    request = build_deposit_request(spec, key, execution_credentials(key), ETH, FIRST)
    spec.process_deposit_request(state, request)
    _queue(spec, state, vector, request)
    assert len(state.pending_deposits) == 2


@pytest.mark.bls
def test_bad_signature(spec: Any, state: Any, vector: Recorder) -> None:
    """The signature is looked at when the deposit gets its turn."""
    key = len(state.validators)
    request = build_deposit_request(spec, key, execution_credentials(key), ETH, FIRST)
    request.amount = 2 * ETH
    _queue(spec, state, vector, request)


@pytest.mark.bls
def test_bad_key(spec: Any, state: Any, vector: Recorder) -> None:
    """Bytes that are no point of the curve."""
    key = len(state.validators)
    request = build_deposit_request(spec, key, execution_credentials(key), ETH, FIRST)
    request.pubkey = spec.BLSPubkey(public_key(key)[:-1] + b"\xff")
    request.signature = spec.BLSSignature(b"\x00" * 96)
    _queue(spec, state, vector, request)
