"""Voluntary exits: who may leave, when, and with whose signature."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.keys import secret_key, sign
from tests.helpers.queues import least_churn
from tests.helpers.requests import build_voluntary_exit
from tests.helpers.running import run_operation
from tests.helpers.solo import ETH, depart, let_all_serve, make_compounding, make_keyed
from tests.helpers.verdicts import run_rejected

HANDLER = "voluntary_exit"

pytestmark = pytest.mark.vectors(runner="operations", handler=HANDLER, forks=["fulu", "poolbonds"])

INDEX = 3

SERVICE = {"minimal": 64, "mainnet": 256}
"""Epochs that everybody has served, and that an exit needs."""


def _first_exit_epoch(spec: Any) -> int:
    """The first epoch after the lookahead: the current one, 4 of delay, and one more."""
    return SERVICE[spec.preset] + 1 + 4


def test_exit(spec: Any, state: Any, vector: Recorder) -> None:
    """One alone leaves after the lookahead, and takes its part of the epoch's churn."""
    let_all_serve(spec, state)
    run_operation(spec, state, vector, HANDLER, build_voluntary_exit(spec, state, INDEX))
    exit_epoch = _first_exit_epoch(spec)
    assert state.validators[INDEX].exit_epoch == exit_epoch
    assert state.validators[INDEX].withdrawable_epoch == exit_epoch + 256
    assert state.validators[INDEX + 1].exit_epoch == spec.FAR_FUTURE_EPOCH
    assert state.earliest_exit_epoch == exit_epoch
    assert state.exit_balance_to_consume == least_churn(spec) - 32 * ETH


def test_exit_of_an_earlier_epoch(spec: Any, state: Any, vector: Recorder) -> None:
    """An exit holds from the epoch it names on."""
    let_all_serve(spec, state)
    signed_exit = build_voluntary_exit(spec, state, INDEX, epoch=spec.Epoch(0))
    run_operation(spec, state, vector, HANDLER, signed_exit)
    assert state.validators[INDEX].exit_epoch == _first_exit_epoch(spec)


@pytest.mark.parametrize(
    ("ahead", "room", "epochs", "left"),
    [
        (0, 32 * ETH, 0, 0),
        (0, 32 * ETH - 1, 1, -1),
        (0, 0, 1, -32 * ETH),
        (7, 33 * ETH, 7, ETH),
        (7, ETH, 8, -31 * ETH),
    ],
    ids=["just_room", "no_room", "nothing_left", "later_epoch", "after_a_later_epoch"],
)
def test_queue(
    spec: Any, state: Any, vector: Recorder, ahead: int, room: int, epochs: int, left: int
) -> None:
    """Others are in the queue: `room` is left in an epoch `ahead` of the first possible one.

    The exit is `epochs` after the first possible, which has what is left of the room, or of a new
    limit.
    """
    let_all_serve(spec, state)
    first = _first_exit_epoch(spec)
    state.earliest_exit_epoch, state.exit_balance_to_consume = first + ahead, room
    run_operation(spec, state, vector, HANDLER, build_voluntary_exit(spec, state, INDEX))
    assert state.validators[INDEX].exit_epoch == first + epochs
    assert state.validators[INDEX].withdrawable_epoch == first + epochs + 256
    assert state.earliest_exit_epoch == first + epochs
    expected = left if epochs == ahead else least_churn(spec) + left
    assert state.exit_balance_to_consume == expected


LIMIT_WITH_A_LARGE_ONE = {"minimal": 69, "mainnet": 128}
"""ETH. Minimal: with 3 * 69 ETH beside 63 * 32, a 32nd of the total is 69.5."""


@pytest.mark.parametrize("more", [0, 1], ids=["whole_epochs", "one_increment_more"])
def test_large_validator(spec: Any, state: Any, vector: Recorder, more: int) -> None:
    """One that is larger than the churn of an epoch leaves in the last of those that it fills."""
    let_all_serve(spec, state)
    limit = LIMIT_WITH_A_LARGE_ONE[spec.preset] * ETH
    make_compounding(spec, state, INDEX, 3 * limit + more * ETH)
    run_operation(spec, state, vector, HANDLER, build_voluntary_exit(spec, state, INDEX))
    exit_epoch = _first_exit_epoch(spec) + 2 + more
    assert state.validators[INDEX].exit_epoch == exit_epoch
    assert state.earliest_exit_epoch == exit_epoch
    assert state.exit_balance_to_consume == (limit - ETH if more else 0)


def test_without_an_address(spec: Any, state: Any, vector: Recorder) -> None:
    """An exit needs no place for the money to go to."""
    let_all_serve(spec, state)
    make_keyed(spec, state, INDEX)
    run_operation(spec, state, vector, HANDLER, build_voluntary_exit(spec, state, INDEX))
    assert state.validators[INDEX].exit_epoch == _first_exit_epoch(spec)


def test_withdrawals_of_another(spec: Any, state: Any, vector: Recorder) -> None:
    let_all_serve(spec, state)
    pending = spec.PendingPartialWithdrawal(validator_index=INDEX + 1, amount=1)
    state.pending_partial_withdrawals.append(pending)
    run_operation(spec, state, vector, HANDLER, build_voluntary_exit(spec, state, INDEX))
    assert state.validators[INDEX].exit_epoch == _first_exit_epoch(spec)


def test_one_epoch_too_young(spec: Any, state: Any, vector: Recorder) -> None:
    let_all_serve(spec, state)
    state.slot -= 1
    signed_exit = build_voluntary_exit(spec, state, INDEX)
    reason = "active for less than SHARD_COMMITTEE_PERIOD epochs"
    run_rejected(spec, state, vector, HANDLER, signed_exit, reason)


def test_activated_an_epoch_later(spec: Any, state: Any, vector: Recorder) -> None:
    """The time of service is reckoned from the validator's own activation."""
    let_all_serve(spec, state)
    state.validators[INDEX].activation_epoch = 1
    signed_exit = build_voluntary_exit(spec, state, INDEX)
    reason = "active for less than SHARD_COMMITTEE_PERIOD epochs"
    run_rejected(spec, state, vector, HANDLER, signed_exit, reason)


def test_never_active(spec: Any, state: Any, vector: Recorder) -> None:
    let_all_serve(spec, state)
    state.validators[INDEX].activation_epoch = spec.FAR_FUTURE_EPOCH
    signed_exit = build_voluntary_exit(spec, state, INDEX)
    run_rejected(spec, state, vector, HANDLER, signed_exit, "the validator is not active")


@pytest.mark.parametrize("exit_in", [5, 0], ids=["still_active", "gone"])
def test_leaving_already(spec: Any, state: Any, vector: Recorder, exit_in: int) -> None:
    let_all_serve(spec, state)
    depart(state, INDEX, SERVICE[spec.preset] + exit_in)
    signed_exit = build_voluntary_exit(spec, state, INDEX)
    run_rejected(spec, state, vector, HANDLER, signed_exit, "the validator is exiting already")


def test_exit_of_the_next_epoch(spec: Any, state: Any, vector: Recorder) -> None:
    let_all_serve(spec, state)
    epoch = spec.Epoch(spec.get_current_epoch(state) + 1)
    signed_exit = build_voluntary_exit(spec, state, INDEX, epoch=epoch)
    run_rejected(spec, state, vector, HANDLER, signed_exit, "the exit's epoch has not come")


def test_index_outside_the_registry(spec: Any, state: Any, vector: Recorder) -> None:
    let_all_serve(spec, state)
    signed_exit = build_voluntary_exit(spec, state, INDEX)
    signed_exit.message.validator_index = len(state.validators)
    run_rejected(spec, state, vector, HANDLER, signed_exit, "there is no such validator")


def test_pending_partial_withdrawal(spec: Any, state: Any, vector: Recorder) -> None:
    let_all_serve(spec, state)
    pending = spec.PendingPartialWithdrawal(validator_index=INDEX, amount=1)
    state.pending_partial_withdrawals.append(pending)
    signed_exit = build_voluntary_exit(spec, state, INDEX)
    reason = "a partial withdrawal of the validator is pending"
    run_rejected(spec, state, vector, HANDLER, signed_exit, reason)


@pytest.mark.bls
def test_signed_by_another(spec: Any, state: Any, vector: Recorder) -> None:
    let_all_serve(spec, state)
    signed_exit = build_voluntary_exit(spec, state, INDEX)
    domain = spec.compute_domain(
        spec.DOMAIN_VOLUNTARY_EXIT, spec.config.CAPELLA_FORK_VERSION, state.genesis_validators_root
    )
    signed_exit.signature = sign(spec, secret_key(INDEX + 1), signed_exit.message, domain)
    run_rejected(spec, state, vector, HANDLER, signed_exit, "not signed by the validator")


@pytest.mark.bls
@pytest.mark.parametrize("version", ["current", "DENEB", "BELLATRIX", "GENESIS"])
def test_signed_under_another_fork(spec: Any, state: Any, vector: Recorder, version: str) -> None:
    """Exits are signed under Capella's version for ever, and under no other."""
    let_all_serve(spec, state)
    signed_exit = build_voluntary_exit(spec, state, INDEX)
    if version == "current":
        chosen = state.fork.current_version
    else:
        chosen = getattr(spec.config, f"{version}_FORK_VERSION")
    domain = spec.compute_domain(spec.DOMAIN_VOLUNTARY_EXIT, chosen, state.genesis_validators_root)
    signed_exit.signature = sign(spec, secret_key(INDEX), signed_exit.message, domain)
    run_rejected(spec, state, vector, HANDLER, signed_exit, "signed under another fork's version")
