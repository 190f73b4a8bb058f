"""The registry: lining up for activation, ejection, activation."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.epoch_end import EPOCH, FINALIZED, stand_at_epoch_end
from tests.helpers.queues import least_churn
from tests.helpers.running import run_epoch_step
from tests.helpers.solo import ETH, add_solo, depart, make_compounding

STEP = "process_registry_updates"

pytestmark = pytest.mark.vectors(
    runner="epoch_processing", handler="registry_updates", forks=["fulu", "poolbonds"]
)

FIRST_EPOCH = EPOCH + 1 + 4
"""The first after the lookahead, for who enters and for who leaves."""

INDEX = 3


def _run(spec: Any, state: Any, vector: Recorder) -> None:
    stand_at_epoch_end(spec, state)
    run_epoch_step(spec, state, vector, STEP)


@pytest.mark.parametrize(
    ("balance", "prefix", "lines_up"),
    [
        (32 * ETH, b"\x01", True),
        (32 * ETH - 1, b"\x01", False),
        (32 * ETH, b"\x00", True),
        (100 * ETH, b"\x02", True),
        (32 * ETH - 1, b"\x02", False),
        (0, b"\x01", False),
    ],
    ids=["enough", "too_little", "no_address", "compounding", "compounding_too_little", "nothing"],
)
def test_lining_up(
    spec: Any, state: Any, vector: Recorder, balance: int, prefix: bytes, lines_up: bool
) -> None:
    """With 32 ETH of effective balance; the place in line is that of the next epoch."""
    index = add_solo(spec, state, balance, prefix)
    _run(spec, state, vector)
    expected = EPOCH + 1 if lines_up else spec.FAR_FUTURE_EPOCH
    assert state.validators[index].activation_eligibility_epoch == expected
    assert state.validators[index].activation_epoch == spec.FAR_FUTURE_EPOCH


@pytest.mark.parametrize(
    ("eligibility", "activated"),
    [(FINALIZED, True), (FINALIZED - 1, True), (FINALIZED + 1, False)],
    ids=["final", "long_final", "not_final"],
)
def test_activation(
    spec: Any, state: Any, vector: Recorder, eligibility: int, activated: bool
) -> None:
    """When the epoch of the place in line is final."""
    index = add_solo(spec, state, 32 * ETH)
    state.validators[index].activation_eligibility_epoch = eligibility
    _run(spec, state, vector)
    expected = FIRST_EPOCH if activated else spec.FAR_FUTURE_EPOCH
    assert state.validators[index].activation_epoch == expected
    assert state.validators[index].activation_eligibility_epoch == eligibility


def test_all_at_once(spec: Any, state: Any, vector: Recorder) -> None:
    """The churn was paid with the deposits, so any number is activated."""
    added = [add_solo(spec, state, 32 * ETH) for _ in range(20)]
    for index in added:
        state.validators[index].activation_eligibility_epoch = FINALIZED
    _run(spec, state, vector)
    assert {int(state.validators[index].activation_epoch) for index in added} == {FIRST_EPOCH}


def test_balance_fell_while_in_line(spec: Any, state: Any, vector: Recorder) -> None:
    """The place in line is not lost, nor is one ejected who is not active."""
    index = add_solo(spec, state, 16 * ETH)
    state.validators[index].activation_eligibility_epoch = FINALIZED
    _run(spec, state, vector)
    assert state.validators[index].activation_epoch == FIRST_EPOCH
    assert state.validators[index].exit_epoch == spec.FAR_FUTURE_EPOCH


def test_active_already(spec: Any, state: Any, vector: Recorder) -> None:
    before = list(state.copy().validators)
    _run(spec, state, vector)
    assert list(state.validators) == before


@pytest.mark.parametrize(("effective", "ejected"), [(16, True), (17, False), (0, True)])
def test_ejection(spec: Any, state: Any, vector: Recorder, effective: int, ejected: bool) -> None:
    """At 16 ETH of effective balance; the balance does not matter."""
    state.validators[INDEX].effective_balance = effective * ETH
    _run(spec, state, vector)
    validator = state.validators[INDEX]
    if ejected:
        assert validator.exit_epoch == FIRST_EPOCH
        assert validator.withdrawable_epoch == FIRST_EPOCH + 256
        assert state.exit_balance_to_consume == least_churn(spec) - effective * ETH
    else:
        assert validator.exit_epoch == spec.FAR_FUTURE_EPOCH


def test_ejection_of_the_compounding(spec: Any, state: Any, vector: Recorder) -> None:
    make_compounding(spec, state, INDEX, 16 * ETH)
    _run(spec, state, vector)
    assert state.validators[INDEX].exit_epoch == FIRST_EPOCH


def test_ejection_of_the_leaving(spec: Any, state: Any, vector: Recorder) -> None:
    """Who is on the way out already keeps its place in the queue."""
    state.validators[INDEX].effective_balance = 16 * ETH
    depart(state, INDEX, EPOCH + 9)
    before = int(state.exit_balance_to_consume)
    _run(spec, state, vector)
    assert state.validators[INDEX].exit_epoch == EPOCH + 9
    assert state.exit_balance_to_consume == before


def test_ejections_through_the_churn(spec: Any, state: Any, vector: Recorder) -> None:
    """In the order of the registry, 16 ETH each."""
    ejected = range(2, 21)
    for index in ejected:
        state.validators[index].effective_balance = 16 * ETH
    _run(spec, state, vector)
    in_an_epoch = least_churn(spec) // (16 * ETH)
    assert [int(state.validators[index].exit_epoch) for index in ejected] == [
        FIRST_EPOCH + place // in_an_epoch for place in range(len(ejected))
    ]


@pytest.mark.parametrize(
    ("activation", "ejected"), [(EPOCH, True), (EPOCH + 1, False)], ids=["active", "not_yet"]
)
def test_ejection_of_a_new_one(
    spec: Any, state: Any, vector: Recorder, activation: int, ejected: bool
) -> None:
    state.validators[INDEX].activation_epoch = activation
    state.validators[INDEX].effective_balance = 16 * ETH
    _run(spec, state, vector)
    expected = FIRST_EPOCH if ejected else spec.FAR_FUTURE_EPOCH
    assert state.validators[INDEX].exit_epoch == expected


def test_one_step_at_a_time(spec: Any, state: Any, vector: Recorder) -> None:
    """Lining up comes before everything else: one that could do both only lines up."""
    index = add_solo(spec, state, 32 * ETH)
    state.validators[index].activation_epoch = EPOCH + 2
    _run(spec, state, vector)
    assert state.validators[index].activation_eligibility_epoch == EPOCH + 1
    assert state.validators[index].activation_epoch == EPOCH + 2


def test_all_three(spec: Any, state: Any, vector: Recorder) -> None:
    lined_up, activated = (add_solo(spec, state, 32 * ETH) for _ in range(2))
    state.validators[activated].activation_eligibility_epoch = FINALIZED
    state.validators[INDEX].effective_balance = 16 * ETH
    _run(spec, state, vector)
    assert state.validators[lined_up].activation_eligibility_epoch == EPOCH + 1
    assert state.validators[activated].activation_epoch == FIRST_EPOCH
    assert state.validators[INDEX].exit_epoch == FIRST_EPOCH


def test_withdrawable_epoch_too_large(spec: Any, state: Any, vector: Recorder) -> None:
    """An epoch that does not fit into 64 bits is an error, as everywhere."""
    state.validators[INDEX].effective_balance = 16 * ETH
    state.earliest_exit_epoch = 2**64 - 256
    state.exit_balance_to_consume = 16 * ETH
    stand_at_epoch_end(spec, state)
    reason = "the withdrawable epoch does not fit into 64 bits"
    run_epoch_step(spec, state, vector, STEP, valid=False, reason=reason)
