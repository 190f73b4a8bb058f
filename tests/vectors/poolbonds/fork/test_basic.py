"""The upgrade of a Fulu state that knows nothing of pools."""

from typing import Any

import pytest

from poolspec.vectors.forking import parent_of
from poolspec.vectors.recorder import Recorder
from tests.helpers.epochs import next_epoch, next_epoch_with_attestations
from tests.helpers.genesis import genesis_state
from tests.helpers.running import run_fork

pytestmark = pytest.mark.vectors(runner="fork", handler="fork", forks=["poolbonds"])

NEW_FIELDS = 6


def _check(spec: Any, before: Any, after: Any) -> None:
    """All fields but the fork are as they were, and the new ones are empty."""
    fields = list(after.fields())
    assert len(fields) == len(before.fields()) + NEW_FIELDS
    for name in before.fields():
        if name != "fork":
            assert getattr(after, name).hash_tree_root() == getattr(before, name).hash_tree_root()
    assert after.fork.previous_version == before.fork.current_version
    assert after.fork.current_version == spec.config.POOLBONDS_FORK_VERSION
    assert after.fork.epoch == spec.get_current_epoch(after)
    assert len(after.pools) == len(after.pending_payouts) == len(after.pending_pool_penalties) == 0
    assert list(after.validator_pools) == [2**64 - 1] * len(before.validators)


def test_at_genesis(spec: Any, vector: Recorder) -> None:
    before = genesis_state(parent_of(spec))
    _check(spec, before, run_fork(spec, before, vector))


def test_after_empty_epochs(spec: Any, vector: Recorder) -> None:
    parent = parent_of(spec)
    before = genesis_state(parent)
    next_epoch(parent, before, 3)
    _check(spec, before, run_fork(spec, before, vector))


@pytest.mark.vectors(presets=["minimal"])
def test_after_votes(spec: Any, vector: Recorder) -> None:
    """Participation and justified checkpoints survive."""
    parent = parent_of(spec)
    before = genesis_state(parent)
    next_epoch(parent, before)
    for _ in range(2):
        next_epoch_with_attestations(parent, before)
    assert before.current_justified_checkpoint.epoch == 2
    _check(spec, before, run_fork(spec, before, vector))
