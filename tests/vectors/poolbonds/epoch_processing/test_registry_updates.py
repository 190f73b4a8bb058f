"""The activation queue and ejection: for solo validators as ever, for pooled ones never."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.epoch_end import (
    EPOCH,
    FINALIZED,
    NEXT_EPOCH,
    run_at_epoch_end,
    stand_at_epoch_end,
)
from tests.helpers.genesis import execution_credentials
from tests.helpers.pools import ETH, SEAT, add_pool, pooled_credentials
from tests.helpers.running import run_epoch_step

pytestmark = pytest.mark.vectors(
    runner="epoch_processing", handler="registry_updates", forks=["poolbonds"]
)

STEP = "process_registry_updates"
KINDS = ["solo", "bond_prefix", "admitted", "unadmitted"]
INDEX = 7


def _set_kind(spec: Any, state: Any, kind: str) -> bool:
    """Give the validator its credentials; gives whether Fulu's rules are for it."""
    if kind in ("solo", "bond_prefix"):
        credentials = execution_credentials(INDEX, b"\x01" if kind == "solo" else b"\xb5")
    else:
        pool = add_pool(spec, state, bond=100 * ETH)
        credentials = pooled_credentials(pool, INDEX)
        if kind == "admitted":
            state.validator_pools[INDEX] = pool
    state.validators[INDEX].withdrawal_credentials = spec.Bytes32(credentials)
    return kind in ("solo", "bond_prefix")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("missing", [0, 1])
def test_activation_queue(spec: Any, state: Any, vector: Recorder, kind: str, missing: int) -> None:
    """32 ETH of effective balance line a new solo validator up; a pooled one lines up for seats."""
    is_solo = _set_kind(spec, state, kind)
    validator = state.validators[INDEX]
    validator.activation_epoch = spec.FAR_FUTURE_EPOCH
    validator.activation_eligibility_epoch = spec.FAR_FUTURE_EPOCH
    validator.effective_balance = SEAT - missing * ETH
    state.balances[INDEX] = SEAT - missing * ETH
    run_at_epoch_end(spec, state, vector, STEP)
    expected = NEXT_EPOCH if is_solo and missing == 0 else spec.FAR_FUTURE_EPOCH
    assert state.validators[INDEX].activation_eligibility_epoch == expected
    assert state.validators[INDEX].activation_epoch == spec.FAR_FUTURE_EPOCH


def test_in_the_queue_already(spec: Any, state: Any, vector: Recorder) -> None:
    """The place in the queue is not given anew."""
    state.validators[INDEX].activation_epoch = spec.FAR_FUTURE_EPOCH
    state.validators[INDEX].activation_eligibility_epoch = FINALIZED + 1
    run_at_epoch_end(spec, state, vector, STEP)
    assert state.validators[INDEX].activation_eligibility_epoch == FINALIZED + 1
    assert state.validators[INDEX].activation_epoch == spec.FAR_FUTURE_EPOCH


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("eligibility", [FINALIZED, FINALIZED + 1])
@pytest.mark.parametrize("weight", [SEAT, 0], ids=["with_weight", "without"])
def test_activation(
    spec: Any, state: Any, vector: Recorder, kind: str, eligibility: int, weight: int
) -> None:
    """A final place activates a solo validator; a pooled one is activated by sitting down."""
    is_solo = _set_kind(spec, state, kind)
    validator = state.validators[INDEX]
    validator.activation_epoch = spec.FAR_FUTURE_EPOCH
    validator.activation_eligibility_epoch = eligibility
    validator.effective_balance = weight
    run_at_epoch_end(spec, state, vector, STEP)
    is_activated = is_solo and eligibility == FINALIZED
    expected = EPOCH + 5 if is_activated else spec.FAR_FUTURE_EPOCH
    assert state.validators[INDEX].activation_epoch == expected
    assert state.validators[INDEX].activation_eligibility_epoch == eligibility


@pytest.mark.parametrize("eligibility", [7, 8])
def test_activation_needs_finality(
    spec: Any, state: Any, vector: Recorder, eligibility: int
) -> None:
    """Epoch 8 is justified, before and after this epoch's votes, and epoch 6 is final."""
    state.validators[INDEX].activation_epoch = spec.FAR_FUTURE_EPOCH
    state.validators[INDEX].activation_eligibility_epoch = eligibility
    stand_at_epoch_end(spec, state, finalized=6, justified=8)
    run_epoch_step(spec, state, vector, STEP)
    assert state.previous_justified_checkpoint.epoch == 8
    assert state.finalized_checkpoint.epoch == 6
    assert state.validators[INDEX].activation_epoch == spec.FAR_FUTURE_EPOCH


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("effective_eth", [0, 16, 17])
def test_ejection(spec: Any, state: Any, vector: Recorder, kind: str, effective_eth: int) -> None:
    """16 ETH or less eject a solo validator; a pooled one stays, whatever its weight."""
    is_solo = _set_kind(spec, state, kind)
    state.validators[INDEX].effective_balance = effective_eth * ETH
    state.balances[INDEX] = effective_eth * ETH
    run_at_epoch_end(spec, state, vector, STEP)
    is_ejected = is_solo and effective_eth <= 16
    expected = EPOCH + 5 if is_ejected else spec.FAR_FUTURE_EPOCH
    assert state.validators[INDEX].exit_epoch == expected


@pytest.mark.parametrize(
    ("activation", "exit_epoch", "ejected"),
    [(EPOCH, None, True), (EPOCH + 1, None, False), (0, EPOCH, False)],
    ids=["just_active", "not_yet_active", "gone"],
)
def test_ejection_of_the_active_only(
    spec: Any,
    state: Any,
    vector: Recorder,
    activation: int,
    exit_epoch: int | None,
    ejected: bool,
) -> None:
    validator = state.validators[INDEX]
    validator.effective_balance = 16 * ETH
    validator.activation_epoch = activation
    before = spec.FAR_FUTURE_EPOCH if exit_epoch is None else spec.Epoch(exit_epoch)
    validator.exit_epoch = before
    run_at_epoch_end(spec, state, vector, STEP)
    assert state.validators[INDEX].exit_epoch == (EPOCH + 5 if ejected else before)
