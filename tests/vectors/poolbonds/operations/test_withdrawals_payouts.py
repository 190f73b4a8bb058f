"""Withdrawals of the queue of payouts: refunds and bond, before everything else in a payload."""

from collections.abc import Sequence
from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.execution import build_empty_payload
from tests.helpers.genesis import execution_address, execution_credentials
from tests.helpers.pools import ETH, add_pool, make_pooled, operator_address
from tests.helpers.queues import POOL_INDEX_FLAG, REFUND_INDEX
from tests.helpers.running import run_operation

HANDLER = "withdrawals"

pytestmark = pytest.mark.vectors(runner="operations", handler=HANDLER, forks=["poolbonds"])

NEXT = 7
"""The number of the next withdrawal."""

STRANGER = 900
"""The number of an address that is no validator's."""

CAP = {"minimal": 1, "mainnet": 4}
"""Places of a payload that payouts may take."""

PARTIALS = {"minimal": 2, "mainnet": 8}
"""Places that partial withdrawals may take."""

PLACES = {"minimal": 4, "mainnet": 16}
"""All places of a payload."""

SWEEP = {"minimal": 16, "mainnet": 16384}
"""Validators that the sweep visits."""

Entry = tuple[int, bytes, int]
"""The validator index of a withdrawal, or a payout's source; address; Gwei."""


def _refund(number: int) -> Entry:
    return REFUND_INDEX, execution_address(STRANGER + number), ETH + number


def _bond(pool_index: int, amount: int = 3 * ETH) -> Entry:
    return POOL_INDEX_FLAG + pool_index, operator_address(pool_index), amount


def _queue(spec: Any, state: Any, entries: Sequence[Entry]) -> None:
    state.next_withdrawal_index = NEXT
    for source, address, amount in entries:
        state.pending_payouts.append(
            spec.Payout(source=source, address=spec.ExecutionAddress(address), amount=amount)
        )


def _payload(spec: Any, state: Any, entries: Sequence[Entry]) -> Any:
    """A payload with these withdrawals, numbered as they come."""
    payload = build_empty_payload(spec, state)
    payload.withdrawals = [
        spec.Withdrawal(
            index=NEXT + number,
            validator_index=source,
            address=spec.ExecutionAddress(address),
            amount=amount,
        )
        for number, (source, address, amount) in enumerate(entries)
    ]
    return payload


def _left(state: Any) -> list[Entry]:
    return [
        (int(payout.source), bytes(payout.address), int(payout.amount))
        for payout in state.pending_payouts
    ]


def _pays(spec: Any, state: Any, vector: Recorder, entries: Sequence[Entry]) -> None:
    run_operation(spec, state, vector, HANDLER, _payload(spec, state, entries))
    assert state.next_withdrawal_index == NEXT + len(entries)


def _rejects(
    spec: Any, state: Any, vector: Recorder, entries: Sequence[Entry], reason: str
) -> None:
    payload = _payload(spec, state, entries)
    run_operation(spec, state, vector, HANDLER, payload, valid=False, reason=reason)


# One payout


@pytest.mark.parametrize(
    "entry", [_refund(0), _bond(0), _bond(1), _bond(2**40 - 1)], ids=lambda each: hex(each[0])
)
def test_payout(spec: Any, state: Any, vector: Recorder, entry: Entry) -> None:
    """It takes from no balance, as its money has left the bond or the deposit queue before."""
    add_pool(spec, state, bond=40 * ETH)
    _queue(spec, state, [entry])
    expected = state.copy()
    expected.pending_payouts.pop()
    expected.next_withdrawal_index = NEXT + 1
    count = len(state.validators)
    expected.next_withdrawal_validator_index = SWEEP[spec.preset] % count
    _pays(spec, state, vector, [entry])
    assert _left(state) == []
    assert spec.hash_tree_root(state) == spec.hash_tree_root(expected)


@pytest.mark.parametrize("amount", [0, 2**64 - 1], ids=["nothing", "most"])
def test_payout_of_any_amount(spec: Any, state: Any, vector: Recorder, amount: int) -> None:
    """The queue is paid out as it stands: even an empty deposit is sent back."""
    entry = (REFUND_INDEX, execution_address(STRANGER), amount)
    _queue(spec, state, [entry])
    _pays(spec, state, vector, [entry])
    assert _left(state) == []


def test_no_payout(spec: Any, state: Any, vector: Recorder) -> None:
    add_pool(spec, state, bond=40 * ETH)
    _queue(spec, state, [])
    _pays(spec, state, vector, [])


def test_payout_to_a_validators_address(spec: Any, state: Any, vector: Recorder) -> None:
    """Same address, other source: the validator's own excess is paid besides, and no less."""
    entry = (REFUND_INDEX, execution_address(5), 9 * ETH)
    state.balances[5] = 33 * ETH
    _queue(spec, state, [entry])
    _pays(spec, state, vector, [entry, (5, execution_address(5), ETH)])
    assert state.balances[5] == 32 * ETH


# Several, up to the cap


@pytest.mark.parametrize(
    "more", [-1, 0, 1, 3], ids=["one_less", "just_as_many", "one_more", "three_more"]
)
def test_payouts_around_the_cap(spec: Any, state: Any, vector: Recorder, more: int) -> None:
    """In the order of the queue; the rest of it stays in that order."""
    cap = CAP[spec.preset]
    entries = [_refund(number) if number % 2 else _bond(number) for number in range(cap + more)]
    _queue(spec, state, entries)
    _pays(spec, state, vector, entries[:cap])
    assert _left(state) == entries[cap:]


def test_payouts_leave_places_to_the_sweep(spec: Any, state: Any, vector: Recorder) -> None:
    """Places that payouts may not take go to the sweep, though more of them wait."""
    cap, places = CAP[spec.preset], PLACES[spec.preset]
    refunds = [_refund(number) for number in range(cap + 1)]
    for index in range(2, 2 + places):
        state.balances[index] = 33 * ETH
    _queue(spec, state, refunds)
    swept = [(index, execution_address(index), ETH) for index in range(2, 2 + places - cap)]
    _pays(spec, state, vector, [*refunds[:cap], *swept])
    assert _left(state) == refunds[cap:]
    # The last withdrawal is the sweep's, which goes on behind it
    assert state.next_withdrawal_validator_index == 2 + places - cap


def _queue_partials(spec: Any, state: Any, count: int, withdrawable_epoch: int = 0) -> list[Entry]:
    """Partial withdrawals of 2 ETH from the compounding validators 20, 21, … with 40 ETH."""
    for index in range(20, 20 + count):
        credentials = execution_credentials(index, b"\x02")
        state.validators[index].withdrawal_credentials = spec.Bytes32(credentials)
        state.balances[index] = 40 * ETH
        state.pending_partial_withdrawals.append(
            spec.PendingPartialWithdrawal(
                validator_index=index, amount=2 * ETH, withdrawable_epoch=withdrawable_epoch
            )
        )
    return [(index, execution_address(index), 2 * ETH) for index in range(20, 20 + count)]


def test_all_three_kinds(spec: Any, state: Any, vector: Recorder) -> None:
    """Payouts, partial withdrawals, the sweep, each with more waiting than it may take."""
    cap, partial_cap, places = CAP[spec.preset], PARTIALS[spec.preset], PLACES[spec.preset]
    refunds = [_refund(number) for number in range(cap + 2)]
    _queue(spec, state, refunds)
    partials = _queue_partials(spec, state, partial_cap + 2)
    add_pool(spec, state, bond=40 * ETH)
    pooled = make_pooled(spec, state, 0, range(1, 9), seated=False)
    for index in pooled:
        state.balances[index] = 33 * ETH
    count = places - cap - partial_cap
    swept = [(index, execution_address(index), ETH) for index in pooled[:count]]
    _pays(spec, state, vector, [*refunds[:cap], *partials[:partial_cap], *swept])
    assert _left(state) == refunds[cap:]
    assert len(state.pending_partial_withdrawals) == 2
    assert state.pending_partial_withdrawals[0].validator_index == 20 + partial_cap
    assert state.balances[20] == 38 * ETH
    assert state.next_withdrawal_validator_index == pooled[count - 1] + 1


def test_partial_withdrawals_without_payouts(spec: Any, state: Any, vector: Recorder) -> None:
    """The places of payouts that do not exist are the sweep's, not the partial withdrawals'."""
    partial_cap, places = PARTIALS[spec.preset], PLACES[spec.preset]
    _queue(spec, state, [])
    partials = _queue_partials(spec, state, partial_cap + 1)
    for index in range(2, 2 + places):
        state.balances[index] = 33 * ETH
    swept = [(index, execution_address(index), ETH) for index in range(2, 2 + places - partial_cap)]
    _pays(spec, state, vector, [*partials[:partial_cap], *swept])


def test_partial_withdrawal_not_due(spec: Any, state: Any, vector: Recorder) -> None:
    """Payouts wait for nothing; a partial withdrawal waits for its epoch."""
    _queue(spec, state, [_bond(0)])
    _queue_partials(spec, state, 1, withdrawable_epoch=1)
    _pays(spec, state, vector, [_bond(0)])
    assert len(state.pending_partial_withdrawals) == 1


def test_payouts_and_a_sweep_that_finds_little(spec: Any, state: Any, vector: Recorder) -> None:
    """The payload has room, so the sweep went its whole stretch and goes on behind it."""
    state.next_withdrawal_validator_index = 60
    state.balances[61] = 33 * ETH
    _queue(spec, state, [_refund(0)])
    _pays(spec, state, vector, [_refund(0), (61, execution_address(61), ETH)])
    count = len(state.validators)
    assert state.next_withdrawal_validator_index == (60 + SWEEP[spec.preset]) % count


# Payloads that carry something else


def test_payout_missing(spec: Any, state: Any, vector: Recorder) -> None:
    _queue(spec, state, [_refund(0)])
    _rejects(spec, state, vector, [], "a payout is missing")


def test_payout_too_many(spec: Any, state: Any, vector: Recorder) -> None:
    cap = CAP[spec.preset]
    entries = [_refund(number) for number in range(cap + 1)]
    _queue(spec, state, entries)
    _rejects(spec, state, vector, entries, "more payouts than a payload may carry")


def test_payout_too_few(spec: Any, state: Any, vector: Recorder) -> None:
    cap = CAP[spec.preset]
    entries = [_refund(number) for number in range(cap)]
    _queue(spec, state, entries)
    _rejects(spec, state, vector, entries[:-1], "fewer payouts than a payload has places for")


def test_payout_made_up(spec: Any, state: Any, vector: Recorder) -> None:
    add_pool(spec, state, bond=40 * ETH)
    _queue(spec, state, [])
    _rejects(spec, state, vector, [_bond(0)], "no payout is pending")


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ((REFUND_INDEX, execution_address(STRANGER), ETH + 1), "another amount"),
        ((REFUND_INDEX, execution_address(STRANGER + 1), ETH), "another address"),
        ((POOL_INDEX_FLAG, execution_address(STRANGER), ETH), "the source is a pool's"),
        ((0, execution_address(STRANGER), ETH), "the source is a validator"),
        ((REFUND_INDEX + 1, execution_address(STRANGER), ETH), "the source does not exist"),
    ],
    ids=["amount", "address", "pool", "validator", "source"],
)
def test_payout_differs(spec: Any, state: Any, vector: Recorder, entry: Entry, reason: str) -> None:
    _queue(spec, state, [_refund(0)])
    _rejects(spec, state, vector, [entry], reason)


def test_payout_of_another_pool(spec: Any, state: Any, vector: Recorder) -> None:
    _queue(spec, state, [_bond(1)])
    _, address, amount = _bond(1)
    entry = (POOL_INDEX_FLAG + 2, address, amount)
    _rejects(spec, state, vector, [entry], "the source is another pool")


def test_payout_with_another_number(spec: Any, state: Any, vector: Recorder) -> None:
    _queue(spec, state, [_refund(0)])
    payload = _payload(spec, state, [_refund(0)])
    payload.withdrawals[0].index = NEXT + 1
    run_operation(spec, state, vector, HANDLER, payload, valid=False, reason="a number is left out")


def test_payout_behind_the_sweep(spec: Any, state: Any, vector: Recorder) -> None:
    state.balances[5] = 33 * ETH
    _queue(spec, state, [_refund(0)])
    entries = [(5, execution_address(5), ETH), _refund(0)]
    _rejects(spec, state, vector, entries, "the sweep comes before the payout")


def test_payout_behind_a_partial_withdrawal(spec: Any, state: Any, vector: Recorder) -> None:
    _queue(spec, state, [_refund(0)])
    entries = [*_queue_partials(spec, state, 1), _refund(0)]
    _rejects(spec, state, vector, entries, "a partial withdrawal comes before the payout")


def test_payout_out_of_turn(spec: Any, state: Any, vector: Recorder) -> None:
    _queue(spec, state, [_refund(number) for number in range(CAP[spec.preset] + 1)])
    entries = [_refund(number + 1) for number in range(CAP[spec.preset])]
    _rejects(spec, state, vector, entries, "the head of the queue was passed over")
