"""Slashing pooled proposers, and rewards for a reporter other than the proposer."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.epoch_end import leave_at
from tests.helpers.offences import (
    EPOCH,
    EXIT_EPOCH,
    INITIAL_PENALTY,
    PROPOSER,
    owed,
    penalty_epoch,
    slashed_weight,
    stand_in_epoch,
)
from tests.helpers.pools import ETH, SEAT, add_pool, add_waiting, make_pooled, pooled_credentials
from tests.helpers.running import run_operation
from tests.helpers.slashings import build_proposer_slashing

HANDLER = "proposer_slashing"

pytestmark = pytest.mark.vectors(runner="operations", handler=HANDLER, forks=["poolbonds"])

BOND = 100 * ETH
INDEX, REPORTER = 3, 60
NOT_SLASHABLE = "the proposer is not slashable"


def _slash(spec: Any, state: Any, vector: Recorder, index: int) -> None:
    stand_in_epoch(spec, state)
    evidence = build_proposer_slashing(spec, state, index)
    run_operation(spec, state, vector, HANDLER, evidence)


def _reject(spec: Any, state: Any, vector: Recorder, index: int) -> None:
    stand_in_epoch(spec, state)
    evidence = build_proposer_slashing(spec, state, index)
    run_operation(spec, state, vector, HANDLER, evidence, valid=False, reason=NOT_SLASHABLE)


@pytest.mark.parametrize(
    ("seated", "reward"), [(True, INITIAL_PENALTY), (False, 0)], ids=["seated", "waiting"]
)
def test_pooled(spec: Any, state: Any, vector: Recorder, seated: bool, reward: int) -> None:
    """The bond pays for a whole seat; others feel the actual weight."""
    pool = add_pool(spec, state, bond=BOND)
    make_pooled(spec, state, pool, [INDEX], seated=seated)
    _slash(spec, state, vector, INDEX)
    assert state.pools[pool].bond == BOND - INITIAL_PENALTY
    assert state.balances[INDEX] == SEAT
    assert state.balances[PROPOSER] == SEAT + reward
    assert slashed_weight(spec, state) == (SEAT if seated else 0)
    assert owed(state) == [(pool, penalty_epoch(spec))]
    validator = state.validators[INDEX]
    assert validator.slashed
    assert (validator.exit_epoch, validator.withdrawable_epoch) == (EXIT_EPOCH, EXIT_EPOCH + 256)


def test_unadmitted(spec: Any, state: Any, vector: Recorder) -> None:
    pool = add_pool(spec, state, bond=BOND)
    credentials = spec.Bytes32(pooled_credentials(pool, INDEX))
    state.validators[INDEX].withdrawal_credentials = credentials
    _slash(spec, state, vector, INDEX)
    assert state.pools[pool].bond == BOND
    assert state.balances[INDEX] == state.balances[PROPOSER] == SEAT
    assert slashed_weight(spec, state) == SEAT
    assert owed(state) == []
    assert state.validators[INDEX].withdrawable_epoch == EXIT_EPOCH + 256


def test_solo_beside_a_pool(spec: Any, state: Any, vector: Recorder) -> None:
    pool = add_pool(spec, state, bond=BOND)
    _slash(spec, state, vector, INDEX)
    assert state.pools[pool].bond == BOND
    assert state.balances[INDEX] == SEAT - INITIAL_PENALTY
    assert state.balances[PROPOSER] == SEAT + INITIAL_PENALTY
    assert owed(state) == []


def test_pooled_and_exiting(spec: Any, state: Any, vector: Recorder) -> None:
    pool = add_pool(spec, state, bond=BOND)
    make_pooled(spec, state, pool, [INDEX])
    leave_at(state, INDEX, EPOCH - 1)
    _slash(spec, state, vector, INDEX)
    assert state.validators[INDEX].exit_epoch == EPOCH - 1
    assert state.validators[INDEX].withdrawable_epoch == EPOCH + 255
    assert state.pools[pool].bond == BOND - INITIAL_PENALTY
    assert slashed_weight(spec, state) == SEAT


def test_proposer_reports_itself(spec: Any, state: Any, vector: Recorder) -> None:
    """Its pool pays, and its staker gets the reward, less the commission."""
    pool = add_pool(spec, state, bond=BOND, commission=1000)
    make_pooled(spec, state, pool, [PROPOSER])
    _slash(spec, state, vector, PROPOSER)
    assert state.pools[pool].bond == BOND - INITIAL_PENALTY + INITIAL_PENALTY // 10
    assert state.balances[PROPOSER] == SEAT + INITIAL_PENALTY - INITIAL_PENALTY // 10


def test_never_active(spec: Any, state: Any, vector: Recorder) -> None:
    pool = add_pool(spec, state, bond=BOND)
    (new,) = add_waiting(spec, state, pool)
    _reject(spec, state, vector, new)


def test_pooled_and_withdrawable(spec: Any, state: Any, vector: Recorder) -> None:
    pool = add_pool(spec, state, bond=BOND)
    make_pooled(spec, state, pool, [INDEX])
    leave_at(state, INDEX, 2)
    state.validators[INDEX].withdrawable_epoch = EPOCH
    _reject(spec, state, vector, INDEX)


def test_pooled_and_slashed_already(spec: Any, state: Any, vector: Recorder) -> None:
    pool = add_pool(spec, state, bond=BOND)
    make_pooled(spec, state, pool, [INDEX])
    state.validators[INDEX].slashed = True
    leave_at(state, INDEX, EXIT_EPOCH)
    _reject(spec, state, vector, INDEX)


# No operation names a reporter; the function takes one all the same, as under Fulu


def test_named_reporter(spec: Any, state: Any) -> None:
    """An eighth of the reward is the proposer's, each part is one reward for its commission."""
    pool = add_pool(spec, state, bond=BOND)
    make_pooled(spec, state, pool, [INDEX])
    proposers = add_pool(spec, state, bond=BOND, commission=1)
    make_pooled(spec, state, proposers, [PROPOSER, REPORTER])
    stand_in_epoch(spec, state)
    spec.slash_validator(state, spec.ValidatorIndex(INDEX), spec.ValidatorIndex(REPORTER))
    assert state.pools[pool].bond == BOND - INITIAL_PENALTY
    assert state.balances[PROPOSER] == SEAT + 976_562 - 97
    assert state.balances[REPORTER] == SEAT + 6_835_938 - 683
    assert state.pools[proposers].bond == BOND + 97 + 683


def test_named_reporter_is_the_proposer(spec: Any, state: Any) -> None:
    """Then it is one reward, and its commission is rounded once."""
    proposers = add_pool(spec, state, bond=BOND, commission=1)
    make_pooled(spec, state, proposers, [PROPOSER])
    stand_in_epoch(spec, state)
    spec.slash_validator(state, spec.ValidatorIndex(INDEX), spec.ValidatorIndex(PROPOSER))
    assert state.balances[PROPOSER] == SEAT + INITIAL_PENALTY - 781
    assert state.pools[proposers].bond == BOND + 781


def test_named_reporter_without_a_reward(spec: Any, state: Any) -> None:
    """The bond has paid nothing, so there is nothing to share."""
    pool = add_pool(spec, state, bond=0)
    make_pooled(spec, state, pool, [INDEX])
    stand_in_epoch(spec, state)
    spec.slash_validator(state, spec.ValidatorIndex(INDEX), spec.ValidatorIndex(REPORTER))
    assert state.balances[PROPOSER] == state.balances[REPORTER] == SEAT
