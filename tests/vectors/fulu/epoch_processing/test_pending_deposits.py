"""The queue of deposits: what makes a validator, what tops one up, and what has to wait."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.deposits import build_pending_deposit
from tests.helpers.epoch_end import EPOCH, FINALIZED, stand_at_epoch_end
from tests.helpers.genesis import execution_credentials
from tests.helpers.keys import public_key
from tests.helpers.queues import least_churn, queue_deposits
from tests.helpers.requests import bls_credentials
from tests.helpers.running import EpochRun, run_epoch_step
from tests.helpers.solo import ETH, depart

STEP = "process_pending_deposits"

pytestmark = pytest.mark.vectors(
    runner="epoch_processing", handler="pending_deposits", forks=["fulu", "poolbonds"]
)

INDEX = 3

MOST = 16
"""Deposits that an epoch looks at."""


def _deposit(
    spec: Any, key: int, amount: int, slot: int = 0, prefix: bytes = b"\x01", signed: bool = True
) -> Any:
    credentials = execution_credentials(key, prefix)
    return build_pending_deposit(spec, key, credentials, amount, slot, signed)


def _run(
    spec: Any, state: Any, vector: Recorder, credited: dict[int, int], left: int = 0
) -> EpochRun:
    """The step credits these amounts (Gwei by index) and leaves so many deposits in the queue."""
    stand_at_epoch_end(spec, state)
    run = run_epoch_step(spec, state, vector, STEP)
    before = [int(balance) for balance in run.pre.balances]
    before += [0] * (len(run.post.balances) - len(before))
    changes = {
        index: int(after) - before[index]
        for index, after in enumerate(run.post.balances)
        if int(after) != before[index]
    }
    assert changes == credited
    assert len(run.post.pending_deposits) == left
    return run


def test_empty_queue(spec: Any, state: Any, vector: Recorder) -> None:
    """Nothing is saved up for later."""
    state.deposit_balance_to_consume = 5 * ETH
    _run(spec, state, vector, {})
    assert state.deposit_balance_to_consume == 0


@pytest.mark.parametrize("kind", ["key", "execution", "compounding", "unknown"])
@pytest.mark.parametrize("amount", [32 * ETH, 32 * ETH - 1, 50 * ETH, 1])
def test_new_validator(spec: Any, state: Any, vector: Recorder, kind: str, amount: int) -> None:
    """Weighs its whole ETH, up to 32 unless it compounds, once it is active."""
    index = len(state.validators)
    prefixes = {"execution": b"\x01", "compounding": b"\x02", "unknown": b"\x55"}
    credentials = (
        bls_credentials(spec, index)
        if kind == "key"
        else execution_credentials(index, prefixes[kind])
    )
    queue_deposits(state, build_pending_deposit(spec, index, credentials, amount))
    _run(spec, state, vector, {index: amount})
    whole = amount - amount % ETH
    assert state.validators[index] == spec.Validator(
        pubkey=public_key(index),
        withdrawal_credentials=credentials,
        effective_balance=whole if kind == "compounding" else min(whole, 32 * ETH),
        slashed=False,
        activation_eligibility_epoch=spec.FAR_FUTURE_EPOCH,
        activation_epoch=spec.FAR_FUTURE_EPOCH,
        exit_epoch=spec.FAR_FUTURE_EPOCH,
        withdrawable_epoch=spec.FAR_FUTURE_EPOCH,
    )
    count = index + 1
    assert len(state.previous_epoch_participation) == count
    assert len(state.current_epoch_participation) == count
    assert len(state.inactivity_scores) == count


def test_top_up(spec: Any, state: Any, vector: Recorder) -> None:
    """Neither its credentials nor its signature are looked at."""
    deposit = _deposit(spec, INDEX, 5 * ETH + 1, prefix=b"\x02", signed=False)
    deposit.withdrawal_credentials = spec.Bytes32(execution_credentials(INDEX + 1, b"\x02"))
    queue_deposits(state, deposit)
    credentials = state.validators[INDEX].withdrawal_credentials
    _run(spec, state, vector, {INDEX: 5 * ETH + 1})
    assert state.validators[INDEX].withdrawal_credentials == credentials
    assert state.validators[INDEX].effective_balance == 32 * ETH


def test_second_deposit_of_a_key(spec: Any, state: Any, vector: Recorder) -> None:
    """The first makes the validator, the second tops it up in the same epoch."""
    index = len(state.validators)
    queue_deposits(state, _deposit(spec, index, 20 * ETH), _deposit(spec, index, 12 * ETH))
    _run(spec, state, vector, {index: 32 * ETH})
    assert state.validators[index].effective_balance == 20 * ETH


@pytest.mark.bls
@pytest.mark.parametrize("fault", ["amount", "credentials", "key", "bytes", "nobody"])
def test_bad_signature(spec: Any, state: Any, vector: Recorder, fault: str) -> None:
    """The deposit is lost, uses up churn, and does not hold up the next."""
    index = len(state.validators)
    deposit = _deposit(spec, index, 32 * ETH)
    if fault == "amount":
        deposit.amount -= 1
    elif fault == "credentials":
        deposit.withdrawal_credentials = spec.Bytes32(execution_credentials(index, b"\x02"))
    elif fault == "key":
        deposit.pubkey = spec.BLSPubkey(public_key(index + 1))
    elif fault == "bytes":
        deposit.signature = spec.BLSSignature(b"\x11" * 96)
    else:
        deposit.signature = spec.G2_POINT_AT_INFINITY
    lost = int(deposit.amount)
    state.deposit_balance_to_consume = 0
    rest = least_churn(spec) - lost
    queue_deposits(state, deposit, _deposit(spec, INDEX, rest), _deposit(spec, INDEX, 1))
    _run(spec, state, vector, {INDEX: rest}, left=1)
    assert len(state.validators) == index


@pytest.mark.bls
def test_key_that_is_no_point(spec: Any, state: Any, vector: Recorder) -> None:
    deposit = _deposit(spec, 0, 32 * ETH)
    deposit.pubkey = spec.BLSPubkey(b"\x99" * 48)
    queue_deposits(state, deposit)
    count = len(state.validators)
    _run(spec, state, vector, {})
    assert len(state.validators) == count


@pytest.mark.bls
def test_good_signature_after_a_bad_one(spec: Any, state: Any, vector: Recorder) -> None:
    index = len(state.validators)
    bad = _deposit(spec, index, 10 * ETH)
    bad.signature = _deposit(spec, index, 11 * ETH).signature
    queue_deposits(state, bad, _deposit(spec, index, 12 * ETH))
    _run(spec, state, vector, {index: 12 * ETH})


@pytest.mark.parametrize(
    ("saved", "amounts", "credited", "kept"),
    [
        (0, [0], 1, 0),
        (0, [1], 0, 0),
        (0, [-1, 1], 2, 0),
        (0, [-1, 2], 1, 1),
        (0, [-5, 6, 1], 1, 5),
        (7, [7], 1, 0),
        (7, [8], 0, 7),
        (7, [-3, 10, 1], 2, 0),
    ],
    ids=[
        "just_the_limit",
        "above_the_limit",
        "two_just_the_limit",
        "second_above",
        "third_must_wait_too",
        "saved_is_enough",
        "saved_is_too_little",
        "saved_for_two",
    ],
)
def test_churn(
    spec: Any,
    state: Any,
    vector: Recorder,
    saved: int,
    amounts: list[int],
    credited: int,
    kept: int,
) -> None:
    """The limit is on Gwei. The first amount is the limit and so much more, the others are Gwei.

    One that is too large stops the queue, and what is left is saved for it.
    """
    limit = least_churn(spec)
    state.deposit_balance_to_consume = saved
    gwei = [limit + amounts[0], *amounts[1:]]
    queue_deposits(state, *(_deposit(spec, INDEX + i, each) for i, each in enumerate(gwei)))
    expected = {INDEX + i: each for i, each in enumerate(gwei[:credited])}
    left = len(gwei) - credited
    _run(spec, state, vector, expected, left)
    saved_after = kept if credited else limit + kept
    assert state.deposit_balance_to_consume == saved_after


@pytest.mark.parametrize("more", [0, 1, 3], ids=["just_all", "one_too_many", "three_too_many"])
def test_most_of_an_epoch(spec: Any, state: Any, vector: Recorder, more: int) -> None:
    """What the count leaves in the queue saves no churn."""
    queue_deposits(state, *(_deposit(spec, index, index + 1) for index in range(MOST + more)))
    _run(spec, state, vector, {index: index + 1 for index in range(MOST)}, more)
    assert state.deposit_balance_to_consume == 0


def _final_slot(spec: Any) -> int:
    """The first slot of the finalized epoch."""
    return FINALIZED * int(spec.SLOTS_PER_EPOCH)


@pytest.mark.parametrize("late", [False, True], ids=["final", "a_slot_too_late"])
def test_finality(spec: Any, state: Any, vector: Recorder, late: bool) -> None:
    """A deposit is not applied before its slot is final; it holds up those behind it."""
    slot = _final_slot(spec) + late
    queue_deposits(state, _deposit(spec, INDEX, ETH, slot), _deposit(spec, INDEX + 1, ETH))
    if late:
        _run(spec, state, vector, {}, left=2)
    else:
        _run(spec, state, vector, {INDEX: ETH, INDEX + 1: ETH})
    assert state.deposit_balance_to_consume == 0


def test_finality_stops_without_saving(spec: Any, state: Any, vector: Recorder) -> None:
    state.deposit_balance_to_consume = 7 * ETH
    queue_deposits(
        state, _deposit(spec, INDEX, ETH), _deposit(spec, INDEX, ETH, _final_slot(spec) + 1)
    )
    _run(spec, state, vector, {INDEX: ETH}, left=1)
    assert state.deposit_balance_to_consume == 0


@pytest.mark.parametrize("missing", [0, 1], ids=["drained", "one_missing"])
@pytest.mark.parametrize("slot", [0, 1], ids=["of_the_transition", "request"])
def test_former_bridge(spec: Any, state: Any, vector: Recorder, slot: int, missing: int) -> None:
    """Nothing waits for what the bridge may not have delivered."""
    state.deposit_requests_start_index = 1000
    state.eth1_deposit_index = 1000 - missing
    queue_deposits(state, _deposit(spec, INDEX, ETH, slot))
    _run(spec, state, vector, {INDEX: ETH})


NEXT = EPOCH + 1


@pytest.mark.parametrize(
    ("exit_epoch", "withdrawable", "waits"),
    [(NEXT + 4, NEXT + 260, True), (5, NEXT, True), (5, NEXT - 1, False)],
    ids=["leaving", "withdrawable_next", "withdrawable_now"],
)
def test_top_up_of_the_leaving(
    spec: Any,
    state: Any,
    vector: Recorder,
    exit_epoch: int,
    withdrawable: int,
    waits: bool,
) -> None:
    """Until it is withdrawable the deposit goes to the end of the queue, and uses no churn."""
    depart(state, INDEX, exit_epoch, withdrawable)
    limit = least_churn(spec)
    first, second = _deposit(spec, INDEX, 2 * ETH), _deposit(spec, INDEX + 1, limit)
    queue_deposits(state, first, second)
    if waits:
        run = _run(spec, state, vector, {INDEX + 1: limit}, left=1)
        assert list(run.post.pending_deposits) == [first]
    else:
        _run(spec, state, vector, {INDEX: 2 * ETH, INDEX + 1: limit})


def test_postponed_ones_keep_their_order(spec: Any, state: Any, vector: Recorder) -> None:
    """They count among the 16, and stand behind what was not looked at."""
    for index in (0, 1):
        depart(state, index, NEXT + 4)
    deposits = [_deposit(spec, index, index + 1) for index in range(MOST + 2)]
    queue_deposits(state, *deposits)
    credited = {index: index + 1 for index in range(2, MOST)}
    run = _run(spec, state, vector, credited, left=4)
    assert list(run.post.pending_deposits) == [*deposits[MOST:], *deposits[:2]]


def test_postponed_before_the_limit(spec: Any, state: Any, vector: Recorder) -> None:
    """What was too large stays at the head."""
    depart(state, INDEX, NEXT + 4)
    limit = least_churn(spec)
    postponed, large = _deposit(spec, INDEX, 9 * limit), _deposit(spec, INDEX + 1, limit + 1)
    queue_deposits(state, postponed, large)
    run = _run(spec, state, vector, {}, left=2)
    assert list(run.post.pending_deposits) == [large, postponed]
    assert state.deposit_balance_to_consume == limit


def test_withdrawable_ones_use_no_churn(spec: Any, state: Any, vector: Recorder) -> None:
    """However much it is, it goes back with the next sweep."""
    depart(state, INDEX, 5, NEXT - 1)
    limit = least_churn(spec)
    queue_deposits(state, _deposit(spec, INDEX, 5 * limit), _deposit(spec, INDEX + 1, limit + 1))
    _run(spec, state, vector, {INDEX: 5 * limit}, left=1)
    assert state.deposit_balance_to_consume == limit


def test_limit_follows_the_stake(spec: Any, state: Any, vector: Recorder) -> None:
    """A 32nd of 3,200 ETH is more than the least; mainnet's share of it is less."""
    count = len(state.validators)
    for index in range(count):
        state.validators[index].effective_balance = 50 * ETH
        credentials = execution_credentials(index, b"\x02")
        state.validators[index].withdrawal_credentials = spec.Bytes32(credentials)
        state.balances[index] = 50 * ETH
    limit = {"minimal": 100 * ETH, "mainnet": 128 * ETH}[spec.preset]
    queue_deposits(state, _deposit(spec, INDEX, limit), _deposit(spec, INDEX, 1))
    _run(spec, state, vector, {INDEX: limit}, left=1)


@pytest.mark.vectors(presets=["minimal"])
def test_most_churn(spec: Any, state: Any, vector: Recorder) -> None:
    """However much is staked, 128 ETH is the most."""
    for index in range(4):
        credentials = execution_credentials(index, b"\x02")
        state.validators[index].withdrawal_credentials = spec.Bytes32(credentials)
        state.validators[index].effective_balance = 2048 * ETH
        state.balances[index] = 2048 * ETH
    queue_deposits(state, _deposit(spec, 10, 128 * ETH), _deposit(spec, 11, 1))
    _run(spec, state, vector, {10: 128 * ETH}, left=1)
