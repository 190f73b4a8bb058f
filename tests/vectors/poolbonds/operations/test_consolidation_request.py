"""Consolidations: pooled validators take no part in them, on either end."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.genesis import execution_credentials
from tests.helpers.pools import ETH, add_pool, make_pooled
from tests.helpers.requests import build_consolidation_request
from tests.helpers.running import run_operation

HANDLER = "consolidation_request"

# With this quotient there is so much churn that consolidations get a part of it, in spite of the
# little stake: 128 ETH an epoch under the minimal preset, 768 ETH on mainnet.
pytestmark = [
    pytest.mark.vectors(runner="operations", handler=HANDLER, forks=["poolbonds"]),
    pytest.mark.config(CHURN_LIMIT_QUOTIENT=8),
]

SOURCE = 3
TARGET = 9
NEVER = 2**64 - 1


def _pool(spec: Any, state: Any) -> Any:
    """A consolidation that would take place between these two solo validators, next to a pool."""
    state.slot = spec.Slot(spec.config.SHARD_COMMITTEE_PERIOD * spec.SLOTS_PER_EPOCH)
    add_pool(spec, state, bond=40 * ETH)
    credentials = execution_credentials(TARGET, b"\x02")
    state.validators[TARGET].withdrawal_credentials = spec.Bytes32(credentials)


def _ignored(spec: Any, state: Any, vector: Recorder, source: int, target: int) -> None:
    before = spec.hash_tree_root(state)
    request = build_consolidation_request(spec, state, source, target)
    run_operation(spec, state, vector, HANDLER, request)
    assert spec.hash_tree_root(state) == before


def test_neither_is_pooled(spec: Any, state: Any, vector: Recorder) -> None:
    """The same request as in the other cases does take place."""
    _pool(spec, state)
    request = build_consolidation_request(spec, state, SOURCE, TARGET)
    run_operation(spec, state, vector, HANDLER, request)
    (consolidation,) = state.pending_consolidations
    assert (consolidation.source_index, consolidation.target_index) == (SOURCE, TARGET)
    assert state.validators[SOURCE].exit_epoch == spec.config.SHARD_COMMITTEE_PERIOD + 5


@pytest.mark.parametrize("seated", [True, False], ids=["seated", "waiting"])
def test_pooled_source(spec: Any, state: Any, vector: Recorder, seated: bool) -> None:
    """The staker's money would leave the pool's answer for it behind."""
    _pool(spec, state)
    make_pooled(spec, state, 0, [SOURCE], seated=seated)
    _ignored(spec, state, vector, SOURCE, TARGET)


@pytest.mark.parametrize("seated", [True, False], ids=["seated", "waiting"])
def test_pooled_target(spec: Any, state: Any, vector: Recorder, seated: bool) -> None:
    """A seat is 32 ETH; it does not compound."""
    _pool(spec, state)
    make_pooled(spec, state, 0, [TARGET], seated=seated)
    _ignored(spec, state, vector, SOURCE, TARGET)


def test_both_are_pooled(spec: Any, state: Any, vector: Recorder) -> None:
    _pool(spec, state)
    make_pooled(spec, state, 0, [SOURCE, TARGET])
    _ignored(spec, state, vector, SOURCE, TARGET)


@pytest.mark.parametrize("seated", [True, False], ids=["seated", "waiting"])
def test_switch_of_pooled(spec: Any, state: Any, vector: Recorder, seated: bool) -> None:
    """New credentials would take the validator out of its pool."""
    _pool(spec, state)
    make_pooled(spec, state, 0, [SOURCE], seated=seated)
    _ignored(spec, state, vector, SOURCE, SOURCE)


def test_switch_of_solo(spec: Any, state: Any, vector: Recorder) -> None:
    _pool(spec, state)
    request = build_consolidation_request(spec, state, SOURCE, SOURCE)
    run_operation(spec, state, vector, HANDLER, request)
    credentials = execution_credentials(SOURCE, b"\x02")
    assert state.validators[SOURCE].withdrawal_credentials == credentials
    assert state.validators[SOURCE].exit_epoch == NEVER
