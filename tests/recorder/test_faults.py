"""An invalid case has one fault, and whoever forgets its rule finds nothing else wrong."""

from typing import Any

import pytest

from tests.helpers.faults import Leniency, check_faults, run_leniently


def _exit(spec: Any, state: Any, index: int, epoch: int = 0) -> Leniency:
    message = spec.VoluntaryExit(epoch=epoch, validator_index=index)
    signed = spec.SignedVoluntaryExit(message=message)
    after = state.copy()

    def process(lenient: Any) -> Any:
        lenient.process_voluntary_exit(after, signed)
        return after

    return run_leniently(spec, process)


def test_one_fault(spec: Any, state: Any) -> None:
    """A validator that is active since genesis may not leave in epoch 0."""
    leniency = _exit(spec, state, 3)
    (fault,) = leniency.faults
    assert fault.startswith("process_voluntary_exit: assert ")
    assert leniency.result.validators[3].exit_epoch == spec.MAX_SEED_LOOKAHEAD + 1
    check_faults(leniency, 1)


def test_two_faults(spec: Any, state: Any) -> None:
    """Nor does its exit count before the epoch that it names."""
    leniency = _exit(spec, state, 3, epoch=1)
    assert len(leniency.faults) == 2
    with pytest.raises(AssertionError, match="2 faults instead of 1: process_voluntary_exit"):
        check_faults(leniency, 1)


def test_a_crash_is_a_fault_too(spec: Any, state: Any) -> None:
    leniency = run_leniently(spec, lambda lenient: lenient.decrease_balance(state, 64, 1))
    assert not leniency.faults
    assert isinstance(leniency.crash, IndexError)
    check_faults(leniency, 1)


def test_what_is_right_has_no_fault(spec: Any, state: Any) -> None:
    leniency = run_leniently(spec, lambda lenient: lenient.get_current_epoch(state))
    assert leniency == Leniency([], 0, None)
    with pytest.raises(AssertionError, match="0 faults instead of 1"):
        check_faults(leniency, 1)


def test_nothing_stays_lenient(spec: Any, state: Any) -> None:
    first, second = _exit(spec, state, 3), _exit(spec, state, 3)
    assert first.faults == second.faults != []
