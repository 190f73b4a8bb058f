"""Execution payloads: what one must agree with, and what is remembered of it."""

from collections.abc import Callable
from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.blocks import build_block_at_slot, propose
from tests.helpers.epochs import next_slots
from tests.helpers.execution import payload_hash
from tests.helpers.genesis import GENESIS_TIME
from tests.helpers.running import run_operation
from tests.helpers.verdicts import run_rejected

HANDLER = "execution_payload"

pytestmark = pytest.mark.vectors(runner="operations", handler=HANDLER, forks=["fulu", "poolbonds"])

BLOBS_BEFORE_THE_SCHEDULE = 9

SECONDS = {"minimal": 6, "mainnet": 12}
"""Length of a slot."""

MIX = b"\x2a" * 32
"""The current epoch's randomness; that of all other epochs is another."""


def _body(spec: Any, state: Any, change: Callable[[Any], None] | None = None) -> Any:
    """A body whose payload is changed before its hash is made."""
    state.randao_mixes[spec.get_current_epoch(state) % spec.EPOCHS_PER_HISTORICAL_VECTOR] = MIX
    body = build_block_at_slot(spec, state).body
    if change is not None:
        change(body)
        body.execution_payload.block_hash = payload_hash(spec, body.execution_payload)
    return body


def _accept(spec: Any, state: Any, vector: Recorder, body: Any) -> None:
    """The header keeps the payload field by field, with the roots of its lists."""
    run_operation(spec, state, vector, HANDLER, body)
    header, payload = state.latest_execution_payload_header, body.execution_payload
    assert header.transactions_root == spec.hash_tree_root(payload.transactions)
    assert header.withdrawals_root == spec.hash_tree_root(payload.withdrawals)
    for name in payload.fields():
        if name not in ("transactions", "withdrawals"):
            assert getattr(header, name) == getattr(payload, name)


def test_first_payload(spec: Any, state: Any, vector: Recorder) -> None:
    next_slots(spec, state)
    body = _body(spec, state)
    _accept(spec, state, vector, body)
    assert body.execution_payload.timestamp == GENESIS_TIME + SECONDS[spec.preset]


def test_second_payload(spec: Any, state: Any, vector: Recorder) -> None:
    propose(spec, state)
    next_slots(spec, state, 2)
    _accept(spec, state, vector, _body(spec, state))


def _fill(spec: Any, body: Any) -> None:
    """Give every field that the consensus layer only keeps a value of its own."""
    payload = body.execution_payload
    payload.fee_recipient = spec.ExecutionAddress(b"\x01" * 20)
    payload.state_root = spec.Bytes32(b"\x02" * 32)
    payload.receipts_root = spec.Bytes32(b"\x03" * 32)
    payload.logs_bloom = spec.LogsBloom([4] * int(spec.BYTES_PER_LOGS_BLOOM))
    payload.block_number = 5
    payload.gas_limit = 6
    payload.gas_used = 7
    payload.extra_data = spec.ExtraData(b"\x08" * int(spec.MAX_EXTRA_DATA_BYTES))
    payload.base_fee_per_gas = 2**200
    payload.blob_gas_used = 9
    payload.excess_blob_gas = 10
    payload.transactions.append(spec.Transaction(b"\x0b" * 100))
    payload.transactions.append(spec.Transaction(b"\x0c"))


def test_every_field(spec: Any, state: Any, vector: Recorder) -> None:
    """More gas used than there is, and other things that are for the engine to judge."""
    next_slots(spec, state)
    _accept(spec, state, vector, _body(spec, state, lambda body: _fill(spec, body)))


def test_withdrawals_are_not_looked_at(spec: Any, state: Any, vector: Recorder) -> None:
    """They have been by now; here their root is kept."""

    def change(body: Any) -> None:
        withdrawal = spec.Withdrawal(index=1, validator_index=2, amount=3)
        body.execution_payload.withdrawals.append(withdrawal)

    next_slots(spec, state)
    _accept(spec, state, vector, _body(spec, state, change))


def test_engine_says_no(spec: Any, state: Any, vector: Recorder) -> None:
    next_slots(spec, state)
    run_operation(
        spec,
        state,
        vector,
        HANDLER,
        _body(spec, state),
        valid=False,
        reason="the execution engine finds the payload invalid",
        execution_valid=False,
    )


def _other_parent(spec: Any, payload: Any) -> None:
    payload.parent_hash = spec.Hash32(b"\x01" * 32)


def _other_randomness(spec: Any, payload: Any) -> None:
    payload.prev_randao = spec.Bytes32(b"\x01" * 32)


def _earlier(spec: Any, payload: Any) -> None:
    payload.timestamp -= 1


def _later(spec: Any, payload: Any) -> None:
    payload.timestamp += 1


FAULTS: dict[str, tuple[Callable[[Any, Any], None], str]] = {
    "parent_hash": (_other_parent, "the payload's parent is not the latest payload"),
    "prev_randao": (_other_randomness, "the randomness is not the state's"),
    "second_early": (_earlier, "the timestamp is before the slot's start"),
    "second_late": (_later, "the timestamp is after the slot's start"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_wrong(spec: Any, state: Any, vector: Recorder, fault: str) -> None:
    propose(spec, state)
    next_slots(spec, state)
    change, reason = FAULTS[fault]
    body = _body(spec, state, lambda body: change(spec, body.execution_payload))
    run_rejected(spec, state, vector, HANDLER, body, reason)


def _body_with_blobs(spec: Any, state: Any, count: int) -> Any:
    commitments = [spec.KZGCommitment(bytes([0xC0, number]) + bytes(46)) for number in range(count)]

    def change(body: Any) -> None:
        body.blob_kzg_commitments = spec.BlobKZGCommitments(commitments)

    return _body(spec, state, change)


@pytest.mark.parametrize("blobs", [1, BLOBS_BEFORE_THE_SCHEDULE])
def test_blobs(spec: Any, state: Any, vector: Recorder, blobs: int) -> None:
    next_slots(spec, state)
    _accept(spec, state, vector, _body_with_blobs(spec, state, blobs))


def test_one_blob_too_many(spec: Any, state: Any, vector: Recorder) -> None:
    next_slots(spec, state)
    body = _body_with_blobs(spec, state, BLOBS_BEFORE_THE_SCHEDULE + 1)
    run_rejected(spec, state, vector, HANDLER, body, "more blobs than the limit")


SCHEDULE = [(412671, 9), (412672, 15), (419071, 15), (419072, 21)]
"""Mainnet's limit around the epochs at which it changes."""


@pytest.mark.vectors(presets=["mainnet"])
@pytest.mark.parametrize(("epoch", "limit"), SCHEDULE)
def test_blob_schedule(spec: Any, state: Any, vector: Recorder, epoch: int, limit: int) -> None:
    state.slot = epoch * 32
    _accept(spec, state, vector, _body_with_blobs(spec, state, limit))


@pytest.mark.vectors(presets=["mainnet"])
@pytest.mark.parametrize(("epoch", "limit"), SCHEDULE)
def test_one_blob_above_the_schedule(
    spec: Any, state: Any, vector: Recorder, epoch: int, limit: int
) -> None:
    state.slot = epoch * 32
    body = _body_with_blobs(spec, state, limit + 1)
    run_rejected(spec, state, vector, HANDLER, body, "more blobs than the limit")
