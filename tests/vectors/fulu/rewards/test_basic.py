"""Rewards and penalties by participation flag."""

from math import isqrt
from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.epochs import next_epoch, set_participation, transition_to_last_slot_of_epoch
from tests.helpers.running import run_rewards

pytestmark = pytest.mark.vectors(runner="rewards", handler="basic", forks=["fulu", "poolbonds"])

ETH = 10**9


def _reach_the_second_epoch(spec: Any, state: Any) -> None:
    next_epoch(spec, state)
    transition_to_last_slot_of_epoch(spec, state)


def _base_reward(validators: int) -> int:
    """32 increments of 10^9 * 64 / isqrt(total stake)."""
    return 32 * (ETH * 64 // isqrt(validators * 32 * ETH))


def test_everybody_votes(spec: Any, state: Any, vector: Recorder) -> None:
    """Each earns 14, 26 and 14 of 64 parts of the base reward, and pays nothing."""
    _reach_the_second_epoch(spec, state)
    set_participation(spec, state)
    base = _base_reward(len(state.validators))
    computed = run_rewards(spec, state, vector)
    for part, weight in (("source_deltas", 14), ("target_deltas", 26), ("head_deltas", 14)):
        rewards, penalties = computed[part]
        assert set(rewards) == {base * weight // 64}
        assert set(penalties) == {0}
    assert set(computed["inactivity_penalty_deltas"][1]) == {0}


def test_nobody_votes(spec: Any, state: Any, vector: Recorder) -> None:
    """A missing head costs nothing; source and target cost what they would have earned."""
    _reach_the_second_epoch(spec, state)
    base = _base_reward(len(state.validators))
    computed = run_rewards(spec, state, vector)
    for part, weight in (("source_deltas", 14), ("target_deltas", 26), ("head_deltas", 0)):
        rewards, penalties = computed[part]
        assert set(rewards) == {0}
        assert set(penalties) == {base * weight // 64}
