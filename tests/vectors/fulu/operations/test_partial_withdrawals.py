"""Withdrawals of parts that were asked for: they come before the sweep and leave room for it."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.execution import build_empty_payload
from tests.helpers.running import run_operation
from tests.helpers.solo import ETH, depart, make_compounding
from tests.helpers.verdicts import run_rejected

HANDLER = "withdrawals"

pytestmark = pytest.mark.vectors(runner="operations", handler=HANDLER, forks=["fulu", "poolbonds"])

EPOCH = 10

PARTS = {"minimal": 2, "mainnet": 8}
"""Most parts of a payload."""

MOST = {"minimal": 4, "mainnet": 16}
"""Most withdrawals of a payload."""

FIRST = 3
"""The first of the validators that ask for parts; they have 40 ETH each."""


def _stand(spec: Any, state: Any, owners: int = 1) -> None:
    state.slot = EPOCH * int(spec.SLOTS_PER_EPOCH)
    for index in range(FIRST, FIRST + owners):
        make_compounding(spec, state, index, 40 * ETH)


def _ask(spec: Any, state: Any, index: int, amount: int, withdrawable_epoch: int = EPOCH) -> None:
    state.pending_partial_withdrawals.append(
        spec.PendingPartialWithdrawal(
            validator_index=index, amount=amount, withdrawable_epoch=withdrawable_epoch
        )
    )


def _run(
    spec: Any, state: Any, vector: Recorder, paid: list[tuple[int, int]], left: int = 0
) -> None:
    """The payload pays these amounts (validator, Gwei), and `left` entries stay in the queue."""
    waiting = list(state.pending_partial_withdrawals)
    balances = [int(balance) for balance in state.balances]
    payload = build_empty_payload(spec, state)
    entries = [(int(each.validator_index), int(each.amount)) for each in payload.withdrawals]
    assert entries == paid
    assert [int(each.index) for each in payload.withdrawals] == list(range(len(paid)))
    run_operation(spec, state, vector, HANDLER, payload)
    for index, amount in paid:
        balances[index] -= amount
    assert [int(balance) for balance in state.balances] == balances
    assert list(state.pending_partial_withdrawals) == waiting[len(waiting) - left :]
    assert state.next_withdrawal_index == len(paid)


def test_part(spec: Any, state: Any, vector: Recorder) -> None:
    _stand(spec, state)
    _ask(spec, state, FIRST, 5 * ETH)
    _run(spec, state, vector, [(FIRST, 5 * ETH)])


@pytest.mark.parametrize(
    ("balance", "paid"),
    [(37 * ETH + 1, 5 * ETH), (37 * ETH, 5 * ETH), (37 * ETH - 1, 5 * ETH - 1), (32 * ETH + 1, 1)],
    ids=["more", "just_enough", "less", "one"],
)
def test_down_to_32_eth(spec: Any, state: Any, vector: Recorder, balance: int, paid: int) -> None:
    """Less than what was asked for, if penalties have taken of it since."""
    _stand(spec, state)
    state.balances[FIRST] = balance
    _ask(spec, state, FIRST, 5 * ETH)
    _run(spec, state, vector, [(FIRST, paid)])


@pytest.mark.parametrize("why", ["no_excess", "low_stake", "leaving"])
def test_not_paid(spec: Any, state: Any, vector: Recorder, why: str) -> None:
    """The entry is used up all the same, and the next one has its turn."""
    _stand(spec, state, owners=2)
    if why == "no_excess":
        state.balances[FIRST] = 32 * ETH
    elif why == "low_stake":
        state.validators[FIRST].effective_balance = 31 * ETH
    else:
        depart(state, FIRST, EPOCH + 5)
    _ask(spec, state, FIRST, ETH)
    _ask(spec, state, FIRST + 1, ETH)
    _run(spec, state, vector, [(FIRST + 1, ETH)])


def test_stake_of_just_32_eth(spec: Any, state: Any, vector: Recorder) -> None:
    _stand(spec, state)
    state.validators[FIRST].effective_balance = 32 * ETH
    _ask(spec, state, FIRST, ETH)
    _run(spec, state, vector, [(FIRST, ETH)])


@pytest.mark.parametrize("epoch", [EPOCH, EPOCH + 1], ids=["due", "an_epoch_early"])
def test_when_due(spec: Any, state: Any, vector: Recorder, epoch: int) -> None:
    """One that is not due holds up those behind it."""
    _stand(spec, state, owners=2)
    _ask(spec, state, FIRST, ETH, epoch)
    _ask(spec, state, FIRST + 1, 2 * ETH)
    if epoch > EPOCH:
        _run(spec, state, vector, [], left=2)
    else:
        _run(spec, state, vector, [(FIRST, ETH), (FIRST + 1, 2 * ETH)])


def test_one_validator_twice(spec: Any, state: Any, vector: Recorder) -> None:
    """The second part comes out of what the first has left."""
    _stand(spec, state)
    _ask(spec, state, FIRST, 5 * ETH)
    _ask(spec, state, FIRST, 5 * ETH)
    _run(spec, state, vector, [(FIRST, 5 * ETH), (FIRST, 3 * ETH)])


def test_nothing_left_for_the_second(spec: Any, state: Any, vector: Recorder) -> None:
    _stand(spec, state)
    _ask(spec, state, FIRST, 8 * ETH)
    _ask(spec, state, FIRST, ETH)
    _run(spec, state, vector, [(FIRST, 8 * ETH)])


def test_most_parts_of_a_payload(spec: Any, state: Any, vector: Recorder) -> None:
    parts = PARTS[spec.preset]
    _stand(spec, state, owners=parts + 1)
    owners = range(FIRST, FIRST + parts + 1)
    for index in owners:
        _ask(spec, state, index, index)
    _run(spec, state, vector, [(index, index) for index in owners[:-1]], left=1)


def test_unpaid_ones_take_no_place(spec: Any, state: Any, vector: Recorder) -> None:
    """The limit is on withdrawals, not on entries."""
    parts = PARTS[spec.preset]
    _stand(spec, state, owners=parts + 3)
    owners = list(range(FIRST, FIRST + parts + 3))
    for index in owners[:2]:
        state.balances[index] = 32 * ETH
    for index in owners:
        _ask(spec, state, index, index)
    _run(spec, state, vector, [(index, index) for index in owners[2:-1]], left=1)


def test_sweep_comes_after(spec: Any, state: Any, vector: Recorder) -> None:
    """Its places are those that are left, and lower indices do not come first."""
    parts, most = PARTS[spec.preset], MOST[spec.preset]
    _stand(spec, state, owners=parts)
    owners = list(range(FIRST, FIRST + parts))
    for index in owners:
        _ask(spec, state, index, ETH)
    swept = [0, *range(FIRST + parts, FIRST + parts + most - parts)]
    for index in swept:
        state.balances[index] = 32 * ETH + 1
    paid = [(index, ETH) for index in owners] + [(index, 1) for index in swept[: most - parts]]
    _run(spec, state, vector, paid)
    assert state.next_withdrawal_validator_index == swept[most - parts - 1] + 1


def test_sweep_sees_what_is_left(spec: Any, state: Any, vector: Recorder) -> None:
    """One at the most that compounds: the part that was asked for, then the rest of the excess."""
    _stand(spec, state)
    make_compounding(spec, state, FIRST, 2048 * ETH + 5)
    _ask(spec, state, FIRST, 3)
    _run(spec, state, vector, [(FIRST, 3), (FIRST, 2)])


def test_no_excess_left_for_the_sweep(spec: Any, state: Any, vector: Recorder) -> None:
    _stand(spec, state)
    make_compounding(spec, state, FIRST, 2048 * ETH + 5)
    _ask(spec, state, FIRST, 5)
    _run(spec, state, vector, [(FIRST, 5)])


def test_one_who_no_longer_compounds(spec: Any, state: Any, vector: Recorder) -> None:
    """The entry is paid whatever the credentials are; here the sweep then pays the rest."""
    _stand(spec, state)
    credentials = b"\x01" + bytes(state.validators[FIRST].withdrawal_credentials)[1:]
    state.validators[FIRST].withdrawal_credentials = spec.Bytes32(credentials)
    state.validators[FIRST].effective_balance = 32 * ETH
    _ask(spec, state, FIRST, 5 * ETH)
    _run(spec, state, vector, [(FIRST, 5 * ETH), (FIRST, 3 * ETH)])


def test_left_out(spec: Any, state: Any, vector: Recorder) -> None:
    _stand(spec, state)
    _ask(spec, state, FIRST, ETH)
    payload = build_empty_payload(spec, state)
    payload.withdrawals = spec.Withdrawals()
    reason = "the payload does not pay the part that is due"
    run_rejected(spec, state, vector, HANDLER, payload, reason)


def test_after_the_sweep(spec: Any, state: Any, vector: Recorder) -> None:
    _stand(spec, state)
    _ask(spec, state, FIRST, ETH)
    state.balances[0] = 32 * ETH + 1
    payload = build_empty_payload(spec, state)
    part, swept = payload.withdrawals
    part.index, swept.index = swept.index, part.index
    payload.withdrawals = spec.Withdrawals([swept, part])
    reason = "the sweep comes before the part that is due"
    run_rejected(spec, state, vector, HANDLER, payload, reason)
