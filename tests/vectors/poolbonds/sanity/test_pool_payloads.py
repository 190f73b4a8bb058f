"""Payouts in payloads: a block must pay what is due, to whom it is due, as what it is."""

from collections.abc import Iterator
from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.blocks import build_empty_block_for_next_slot
from tests.helpers.execution import payload_hash
from tests.helpers.genesis import execution_address
from tests.helpers.invariants import watched
from tests.helpers.ledger import Ledger
from tests.helpers.pools import ETH, add_pool
from tests.helpers.queues import POOL_INDEX_FLAG, REFUND_INDEX
from tests.helpers.running import run_blocks
from tests.helpers.scenarios import Chain

pytestmark = pytest.mark.vectors(runner="sanity", handler="blocks", forks=["poolbonds"])


@pytest.fixture(autouse=True)
def ledger(spec: Any) -> Iterator[Ledger]:
    """Everything is checked while it runs."""
    with watched(spec) as ledger:
        yield ledger


def _payouts(spec: Any, state: Any) -> None:
    """A refund and a pool's payout wait."""
    add_pool(spec, state, bond=40 * ETH)
    for source, number, amount in ((REFUND_INDEX, 7, ETH), (POOL_INDEX_FLAG, 8, 5 * ETH)):
        state.pending_payouts.append(
            spec.Payout(
                source=source,
                address=spec.ExecutionAddress(execution_address(number)),
                amount=amount,
            )
        )


def _with_withdrawals(spec: Any, state: Any, change: Any) -> Any:
    block = build_empty_block_for_next_slot(spec, state)
    payload = block.body.execution_payload
    payload.withdrawals = spec.Withdrawals(change(list(payload.withdrawals)))
    payload.block_hash = payload_hash(spec, payload)
    return block


def test_payouts_are_paid(spec: Any, state: Any, vector: Recorder) -> None:
    """In order; so many in a payload that others have their places."""
    _payouts(spec, state)
    chain = Chain(spec, state)
    chain.begin(vector)
    signed = chain.block()
    chain.end(vector)
    withdrawals = signed.message.body.execution_payload.withdrawals
    most = int(spec.MAX_PAYOUTS_PER_PAYLOAD)
    paid = [(int(w.validator_index), int(w.amount)) for w in withdrawals]
    assert paid == [(REFUND_INDEX, ETH), (POOL_INDEX_FLAG, 5 * ETH)][:most]
    assert len(state.pending_payouts) == max(2 - most, 0)
    assert state.next_withdrawal_index == len(paid)


def test_payout_left_out(spec: Any, state: Any, vector: Recorder) -> None:
    _payouts(spec, state)
    block = _with_withdrawals(spec, state, lambda withdrawals: withdrawals[1:])
    reason = "the payload does not pay the payout that is due"
    run_blocks(spec, state, vector, [block], valid=False, reason=reason)


def test_payout_to_another_address(spec: Any, state: Any, vector: Recorder) -> None:
    _payouts(spec, state)

    def divert(withdrawals: list[Any]) -> list[Any]:
        withdrawals[0].address = spec.ExecutionAddress(execution_address(99))
        return withdrawals

    block = _with_withdrawals(spec, state, divert)
    reason = "the payout goes to another address"
    run_blocks(spec, state, vector, [block], valid=False, reason=reason)


def test_payout_without_its_source(spec: Any, state: Any, vector: Recorder) -> None:
    """The flagged index is part of what the payload must carry."""
    _payouts(spec, state)

    def rename(withdrawals: list[Any]) -> list[Any]:
        withdrawals[0].validator_index = 0
        return withdrawals

    block = _with_withdrawals(spec, state, rename)
    reason = "the payout names another source"
    run_blocks(spec, state, vector, [block], valid=False, reason=reason)
