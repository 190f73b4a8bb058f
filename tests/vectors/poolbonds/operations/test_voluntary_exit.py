"""Voluntary exits: the operator's key cannot end what the staker owns."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.genesis import execution_credentials
from tests.helpers.pools import ETH, add_pool, make_pooled
from tests.helpers.requests import build_voluntary_exit
from tests.helpers.running import run_operation

HANDLER = "voluntary_exit"

pytestmark = pytest.mark.vectors(runner="operations", handler=HANDLER, forks=["poolbonds"])

INDEX = 3
NO_POOL = 2**64 - 1


def _pool(spec: Any, state: Any) -> None:
    """A pool; genesis validators are just old enough to leave."""
    state.slot = spec.Slot(spec.config.SHARD_COMMITTEE_PERIOD * spec.SLOTS_PER_EPOCH)
    add_pool(spec, state, bond=40 * ETH)


@pytest.mark.bls
@pytest.mark.parametrize("admitted", [True, False], ids=["admitted", "not_admitted"])
@pytest.mark.parametrize("seated", [True, False], ids=["seated", "waiting"])
def test_pooled(spec: Any, state: Any, vector: Recorder, seated: bool, admitted: bool) -> None:
    """Active, old enough and well signed: everything but the credentials would do."""
    _pool(spec, state)
    make_pooled(spec, state, 0, [INDEX], seated=seated)
    if not admitted:
        state.validator_pools[INDEX] = NO_POOL
    run_operation(
        spec,
        state,
        vector,
        HANDLER,
        build_voluntary_exit(spec, state, INDEX),
        valid=False,
        reason="the validator is pooled",
    )


@pytest.mark.bls
@pytest.mark.parametrize("prefix", [b"\x00", b"\x02", b"\xb5"], ids=bytes.hex)
def test_solo_beside_a_pool(spec: Any, state: Any, vector: Recorder, prefix: bytes) -> None:
    """Credentials of a pool's kind make no pooled validator; it leaves through the exit queue."""
    _pool(spec, state)
    credentials = execution_credentials(INDEX, prefix)
    state.validators[INDEX].withdrawal_credentials = spec.Bytes32(credentials)
    run_operation(spec, state, vector, HANDLER, build_voluntary_exit(spec, state, INDEX))
    exit_epoch = spec.config.SHARD_COMMITTEE_PERIOD + 5
    assert state.validators[INDEX].exit_epoch == exit_epoch
    assert state.earliest_exit_epoch == exit_epoch
    churn = spec.config.MIN_PER_EPOCH_CHURN_LIMIT_ELECTRA
    assert state.exit_balance_to_consume == churn - 32 * ETH


def test_last_validator(spec: Any, state: Any, vector: Recorder) -> None:
    """The registry's last index still names a validator."""
    _pool(spec, state)
    index = len(state.validators) - 1
    run_operation(spec, state, vector, HANDLER, build_voluntary_exit(spec, state, index))
    assert state.validators[index].exit_epoch == spec.config.SHARD_COMMITTEE_PERIOD + 5
