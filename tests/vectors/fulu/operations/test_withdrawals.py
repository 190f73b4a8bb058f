"""Withdrawals: what the sweep over the registry pays out, and payloads that pay something else."""

from collections.abc import Callable
from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.execution import build_empty_payload
from tests.helpers.genesis import execution_address
from tests.helpers.running import run_operation
from tests.helpers.solo import ETH, depart, make_compounding, make_keyed, set_stake
from tests.helpers.verdicts import run_rejected

HANDLER = "withdrawals"

pytestmark = pytest.mark.vectors(runner="operations", handler=HANDLER, forks=["fulu", "poolbonds"])

EPOCH = 10
NUMBER = 1000
"""Of the first withdrawal of a case."""

MOST = {"minimal": 4, "mainnet": 16}
"""Withdrawals of a payload."""

SWEEP = {"minimal": 16, "mainnet": 2**14}
"""Validators that a sweep visits; mainnet's is longer than the registry of these cases."""

Money = tuple[int, int]
"""A validator and what it is paid, in Gwei."""


def _stand(spec: Any, state: Any, start: int = 0) -> None:
    """Stand in a later epoch, with the sweep to start at a validator."""
    state.slot = EPOCH * int(spec.SLOTS_PER_EPOCH)
    state.next_withdrawal_index = NUMBER
    state.next_withdrawal_validator_index = start


def _leave(spec: Any, state: Any, index: int, balance: int | None = None) -> None:
    """Let a validator be withdrawable since this epoch."""
    depart(state, index, 5, EPOCH)
    if balance is not None:
        state.balances[index] = balance


def _after_sweep(spec: Any, state: Any, start: int = 0) -> int:
    """Where the next sweep starts when the last one was not cut short."""
    return (start + SWEEP[spec.preset]) % len(state.validators)


def _pay(spec: Any, state: Any, vector: Recorder, paid: list[Money], following: int) -> None:
    """The payload must pay just this, to the validators' addresses; the rest stays.

    `following` is where the next sweep starts.
    """
    expected = state.copy()
    for index, amount in paid:
        expected.balances[index] -= amount
    expected.next_withdrawal_index = NUMBER + len(paid)
    expected.next_withdrawal_validator_index = following
    payload = build_empty_payload(spec, state)
    payload.withdrawals = spec.Withdrawals(
        [
            spec.Withdrawal(
                index=NUMBER + place,
                validator_index=index,
                address=spec.ExecutionAddress(execution_address(index)),
                amount=amount,
            )
            for place, (index, amount) in enumerate(paid)
        ]
    )
    run_operation(spec, state, vector, HANDLER, payload)
    assert spec.hash_tree_root(state) == spec.hash_tree_root(expected)


def test_nothing_to_pay(spec: Any, state: Any, vector: Recorder) -> None:
    _stand(spec, state)
    _pay(spec, state, vector, [], _after_sweep(spec, state))


@pytest.mark.parametrize("kind", ["execution", "compounding"])
def test_all_of_a_balance(spec: Any, state: Any, vector: Recorder, kind: str) -> None:
    """Whatever the validator weighs."""
    _stand(spec, state)
    if kind == "compounding":
        make_compounding(spec, state, 3, 40 * ETH)
    _leave(spec, state, 3, 33 * ETH + 7)
    _pay(spec, state, vector, [(3, 33 * ETH + 7)], _after_sweep(spec, state))


def test_all_of_one_gwei(spec: Any, state: Any, vector: Recorder) -> None:
    _stand(spec, state)
    _leave(spec, state, 3, 1)
    _pay(spec, state, vector, [(3, 1)], _after_sweep(spec, state))


@pytest.mark.parametrize("why", ["empty", "an_epoch_early", "no_address", "exited_only"])
def test_nothing_of_a_balance(spec: Any, state: Any, vector: Recorder, why: str) -> None:
    _stand(spec, state)
    _leave(spec, state, 3)
    if why == "empty":
        state.balances[3] = 0
    elif why == "an_epoch_early":
        state.validators[3].withdrawable_epoch = EPOCH + 1
    elif why == "no_address":
        make_keyed(spec, state, 3)
    else:
        depart(state, 3, 5)
    _pay(spec, state, vector, [], _after_sweep(spec, state))


@pytest.mark.parametrize("excess", [1, 9 * ETH])
def test_excess(spec: Any, state: Any, vector: Recorder, excess: int) -> None:
    _stand(spec, state)
    state.balances[3] = 32 * ETH + excess
    _pay(spec, state, vector, [(3, excess)], _after_sweep(spec, state))


def test_excess_of_the_exited(spec: Any, state: Any, vector: Recorder) -> None:
    """Before it is withdrawable, an exited validator is paid its excess like any other."""
    _stand(spec, state)
    depart(state, 3, 5)
    state.balances[3] = 32 * ETH + 5
    _pay(spec, state, vector, [(3, 5)], _after_sweep(spec, state))


def test_excess_of_the_compounding(spec: Any, state: Any, vector: Recorder) -> None:
    _stand(spec, state)
    make_compounding(spec, state, 3, 2048 * ETH + 5)
    make_compounding(spec, state, 4, 2048 * ETH)
    make_compounding(spec, state, 5, 40 * ETH + 5)
    _pay(spec, state, vector, [(3, 5)], _after_sweep(spec, state))


@pytest.mark.parametrize("why", ["none", "stake_is_lower", "compounding_stake", "no_address"])
def test_no_excess(spec: Any, state: Any, vector: Recorder, why: str) -> None:
    """Only who weighs the most that its credentials allow is paid what is above."""
    _stand(spec, state)
    if why == "none":
        state.balances[3] = 32 * ETH
    elif why == "stake_is_lower":
        state.balances[3] = 33 * ETH
        state.validators[3].effective_balance = 31 * ETH
    elif why == "compounding_stake":
        make_compounding(spec, state, 3, 2047 * ETH)
        state.balances[3] = 2049 * ETH
    else:
        state.balances[3] = 33 * ETH
        make_keyed(spec, state, 3)
    _pay(spec, state, vector, [], _after_sweep(spec, state))


def test_both_kinds(spec: Any, state: Any, vector: Recorder) -> None:
    """In the order of the registry."""
    _stand(spec, state)
    state.balances[7] = 32 * ETH + 7
    _leave(spec, state, 5)
    state.balances[3] = 32 * ETH + 3
    paid = [(3, 3), (5, 32 * ETH), (7, 7)]
    _pay(spec, state, vector, paid, _after_sweep(spec, state))


def test_never_active(spec: Any, state: Any, vector: Recorder) -> None:
    """An excess is paid out at any stage of life."""
    _stand(spec, state)
    state.validators[3].activation_epoch = spec.FAR_FUTURE_EPOCH
    state.balances[3] = 32 * ETH + 3
    _pay(spec, state, vector, [(3, 3)], _after_sweep(spec, state))


@pytest.mark.parametrize("more", [-1, 0, 1], ids=["one_less", "just_full", "one_more"])
def test_full_payload(spec: Any, state: Any, vector: Recorder, more: int) -> None:
    """A payload that is full stops the sweep, and the next goes on after the last one paid."""
    _stand(spec, state)
    most = MOST[spec.preset]
    places = [2 * place for place in range(most + more)]
    for index in places:
        state.balances[index] = 32 * ETH + 1
    paid = [(index, 1) for index in places[:most]]
    following = _after_sweep(spec, state) if more < 0 else places[most - 1] + 1
    _pay(spec, state, vector, paid, following)


def test_full_payload_by_the_last_validator(spec: Any, state: Any, vector: Recorder) -> None:
    """After the last validator comes the first."""
    last = len(state.validators) - 1
    start = len(state.validators) - MOST[spec.preset]
    _stand(spec, state, start)
    for index in range(start, last + 1):
        state.balances[index] = 32 * ETH + 1
    _pay(spec, state, vector, [(index, 1) for index in range(start, last + 1)], 0)


def test_sweep_goes_round(spec: Any, state: Any, vector: Recorder) -> None:
    start = len(state.validators) - 2
    _stand(spec, state, start)
    for index in (1, start + 1):
        state.balances[index] = 32 * ETH + index
    paid = [(start + 1, start + 1), (1, 1)]
    _pay(spec, state, vector, paid, _after_sweep(spec, state, start))


@pytest.mark.vectors(presets=["minimal"])
@pytest.mark.parametrize("place", [15, 16], ids=["last_visited", "first_not_visited"])
def test_end_of_the_sweep(spec: Any, state: Any, vector: Recorder, place: int) -> None:
    _stand(spec, state, 7)
    state.balances[7 + place] = 32 * ETH + 1
    _pay(spec, state, vector, [(22, 1)] if place == 15 else [], 7 + 16)


@pytest.mark.balances(*[32 * ETH] * 12)
def test_sweep_longer_than_the_registry(spec: Any, state: Any, vector: Recorder) -> None:
    """Nobody is paid twice; the next sweep starts as if it had gone on in a circle."""
    _stand(spec, state, 5)
    for index in (4, 5):
        state.balances[index] = 32 * ETH + 1
    paid = [(5, 1), (4, 1)]
    _pay(spec, state, vector, paid, {"minimal": 9, "mainnet": (5 + 2**14) % 12}[spec.preset])


def test_after_a_slashing(spec: Any, state: Any, vector: Recorder) -> None:
    """A slashed validator is paid like any other when its time has come."""
    _stand(spec, state)
    _leave(spec, state, 3, 31 * ETH)
    state.validators[3].slashed = True
    set_stake(spec, state, 4, 32 * ETH + 1)
    _pay(spec, state, vector, [(3, 31 * ETH), (4, 1)], _after_sweep(spec, state))


def _one_missing(spec: Any, entries: list[Any]) -> list[Any]:
    return entries[:-1]


def _none(spec: Any, entries: list[Any]) -> list[Any]:
    return []


def _one_more(spec: Any, entries: list[Any]) -> list[Any]:
    address = spec.ExecutionAddress(execution_address(9))
    more = spec.Withdrawal(index=NUMBER + 2, validator_index=9, address=address, amount=1)
    return [*entries, more]


def _twice(spec: Any, entries: list[Any]) -> list[Any]:
    return [*entries, entries[-1]]


def _swapped(spec: Any, entries: list[Any]) -> list[Any]:
    return entries[::-1]


def _field(name: str, change: Callable[[Any], Any]) -> Callable[[Any, list[Any]], list[Any]]:
    def apply(spec: Any, entries: list[Any]) -> list[Any]:
        setattr(entries[-1], name, change(getattr(entries[-1], name)))
        return entries

    return apply


FAULTS: dict[str, tuple[Callable[[Any, list[Any]], list[Any]], str]] = {
    "one_missing": (_one_missing, "an expected withdrawal is missing"),
    "none": (_none, "the expected withdrawals are missing"),
    "one_more": (_one_more, "a withdrawal is not expected"),
    "twice": (_twice, "a withdrawal is there twice"),
    "swapped": (_swapped, "the withdrawals are in another order"),
    "number_below": (_field("index", lambda number: number - 1), "another number"),
    "number_above": (_field("index", lambda number: number + 1), "another number"),
    "validator": (_field("validator_index", lambda index: index + 1), "another validator"),
    "address": (_field("address", lambda address: address[::-1]), "another address"),
    "amount_below": (_field("amount", lambda amount: amount - 1), "less than expected"),
    "amount_above": (_field("amount", lambda amount: amount + 1), "more than expected"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_wrong(spec: Any, state: Any, vector: Recorder, fault: str) -> None:
    """Two withdrawals are expected, and the payload carries others."""
    _stand(spec, state)
    state.balances[3] = 32 * ETH + 3
    state.balances[4] = 32 * ETH + 4
    payload = build_empty_payload(spec, state)
    assert len(payload.withdrawals) == 2
    change, reason = FAULTS[fault]
    payload.withdrawals = spec.Withdrawals(change(spec, list(payload.withdrawals)))
    run_rejected(spec, state, vector, HANDLER, payload, reason)


def test_one_where_none_is_expected(spec: Any, state: Any, vector: Recorder) -> None:
    _stand(spec, state)
    payload = build_empty_payload(spec, state)
    payload.withdrawals = spec.Withdrawals(_one_more(spec, []))
    run_rejected(spec, state, vector, HANDLER, payload, "a withdrawal is not expected")
