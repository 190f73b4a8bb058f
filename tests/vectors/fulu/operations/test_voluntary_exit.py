"""Voluntary exits: who may leave, when, and with whose signature."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.keys import secret_key, sign
from tests.helpers.requests import build_voluntary_exit
from tests.helpers.running import run_operation

HANDLER = "voluntary_exit"

pytestmark = pytest.mark.vectors(runner="operations", handler=HANDLER, forks=["fulu", "poolbonds"])

INDEX = 3


def _let_them_be_old_enough(spec: Any, state: Any) -> None:
    """Everybody has been active for exactly as long as an exit needs."""
    state.slot = spec.Slot(spec.config.SHARD_COMMITTEE_PERIOD * spec.SLOTS_PER_EPOCH)


def test_exit(spec: Any, state: Any, vector: Recorder) -> None:
    """One alone leaves after the lookahead: the current epoch, 4 epochs of delay, and one more."""
    _let_them_be_old_enough(spec, state)
    run_operation(spec, state, vector, HANDLER, build_voluntary_exit(spec, state, INDEX))
    exit_epoch = spec.config.SHARD_COMMITTEE_PERIOD + 1 + 4
    assert state.validators[INDEX].exit_epoch == exit_epoch
    assert state.validators[INDEX].withdrawable_epoch == exit_epoch + 256
    assert state.validators[INDEX + 1].exit_epoch == spec.FAR_FUTURE_EPOCH


def test_exit_of_an_earlier_epoch(spec: Any, state: Any, vector: Recorder) -> None:
    """An exit holds from the epoch it names on."""
    _let_them_be_old_enough(spec, state)
    signed_exit = build_voluntary_exit(spec, state, INDEX, epoch=spec.Epoch(0))
    run_operation(spec, state, vector, HANDLER, signed_exit)
    assert state.validators[INDEX].exit_epoch != spec.FAR_FUTURE_EPOCH


def test_one_epoch_too_young(spec: Any, state: Any, vector: Recorder) -> None:
    _let_them_be_old_enough(spec, state)
    state.slot -= 1
    run_operation(
        spec,
        state,
        vector,
        HANDLER,
        build_voluntary_exit(spec, state, INDEX),
        valid=False,
        reason="active for less than SHARD_COMMITTEE_PERIOD epochs",
    )


def test_exit_of_the_next_epoch(spec: Any, state: Any, vector: Recorder) -> None:
    _let_them_be_old_enough(spec, state)
    epoch = spec.Epoch(spec.get_current_epoch(state) + 1)
    run_operation(
        spec,
        state,
        vector,
        HANDLER,
        build_voluntary_exit(spec, state, INDEX, epoch=epoch),
        valid=False,
        reason="the exit's epoch has not come",
    )


def test_index_outside_the_registry(spec: Any, state: Any, vector: Recorder) -> None:
    _let_them_be_old_enough(spec, state)
    signed_exit = build_voluntary_exit(spec, state, INDEX)
    signed_exit.message.validator_index = len(state.validators)
    run_operation(
        spec, state, vector, HANDLER, signed_exit, valid=False, reason="there is no such validator"
    )


def test_leaving_already(spec: Any, state: Any, vector: Recorder) -> None:
    _let_them_be_old_enough(spec, state)
    spec.initiate_validator_exit(state, spec.ValidatorIndex(INDEX))
    run_operation(
        spec,
        state,
        vector,
        HANDLER,
        build_voluntary_exit(spec, state, INDEX),
        valid=False,
        reason="the validator is exiting already",
    )


def test_pending_partial_withdrawal(spec: Any, state: Any, vector: Recorder) -> None:
    _let_them_be_old_enough(spec, state)
    state.pending_partial_withdrawals.append(
        spec.PendingPartialWithdrawal(validator_index=INDEX, amount=1, withdrawable_epoch=0)
    )
    run_operation(
        spec,
        state,
        vector,
        HANDLER,
        build_voluntary_exit(spec, state, INDEX),
        valid=False,
        reason="a partial withdrawal of the validator is pending",
    )


@pytest.mark.bls
def test_signed_by_another(spec: Any, state: Any, vector: Recorder) -> None:
    _let_them_be_old_enough(spec, state)
    signed_exit = build_voluntary_exit(spec, state, INDEX)
    domain = spec.compute_domain(
        spec.DOMAIN_VOLUNTARY_EXIT, spec.config.CAPELLA_FORK_VERSION, state.genesis_validators_root
    )
    signed_exit.signature = sign(spec, secret_key(INDEX + 1), signed_exit.message, domain)
    run_operation(
        spec, state, vector, HANDLER, signed_exit, valid=False, reason="not signed by the validator"
    )
