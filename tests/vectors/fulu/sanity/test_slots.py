"""Slots without blocks."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.running import run_slots

pytestmark = pytest.mark.vectors(runner="sanity", handler="slots", forks=["fulu", "poolbonds"])


def test_one_slot(spec: Any, state: Any, vector: Recorder) -> None:
    """The root of the state is noted under its slot."""
    root = spec.hash_tree_root(state)
    run_slots(spec, state, vector, 1)
    assert state.slot == 1
    assert state.state_roots[0] == root
    assert state.latest_block_header.state_root == root


def test_into_the_next_epoch(spec: Any, state: Any, vector: Recorder) -> None:
    run_slots(spec, state, vector, int(spec.SLOTS_PER_EPOCH))
    assert spec.get_current_epoch(state) == 1
