"""Rewards and penalties by participation flag, and what pools get and pay of them."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.epoch_end import (
    flag_penalties,
    flag_rewards,
    slash_at,
    stand_at_epoch_end,
)
from tests.helpers.pools import ETH, SEAT, add_pool, add_waiting, make_pooled, pooled_credentials
from tests.helpers.running import run_rewards

pytestmark = pytest.mark.vectors(runner="rewards", handler="basic", forks=["poolbonds"])

LEAK = pytest.mark.vectors(handler="leak")
FLAGS = ("source_deltas", "target_deltas", "head_deltas")
FIRST, SECOND = [3, 7, 9], [4, 8]


def _two_pools(spec: Any, state: Any) -> int:
    """Commissions of 0.01% and a half; gives the total effective balance in ETH."""
    for commission, members in ((1, FIRST), (5000, SECOND)):
        make_pooled(spec, state, add_pool(spec, state, bond=ETH, commission=commission), members)
    return 32 * len(state.validators)


def test_pools_everybody_votes(spec: Any, state: Any, vector: Recorder) -> None:
    """Validators' rewards are whole here; a pool's part of them is in its own columns."""
    total = _two_pools(spec, state)
    stand_at_epoch_end(spec, state)
    computed = run_rewards(spec, state, vector)
    rewards = flag_rewards(total, total)
    for part, reward in zip(FLAGS, rewards, strict=True):
        assert set(computed[part][0]) == {reward}
        assert set(computed[part][1]) == {0}
    commissions, penalties = computed["pool_deltas"]
    assert commissions == [3 * (sum(rewards) // 10_000), 2 * (sum(rewards) // 2)]
    assert penalties == [0, 0]


def test_pools_nobody_votes(spec: Any, state: Any, vector: Recorder) -> None:
    total = _two_pools(spec, state)
    stand_at_epoch_end(spec, state)
    state.previous_epoch_participation = spec.EpochParticipation([0] * len(state.validators))
    computed = run_rewards(spec, state, vector)
    for part, penalty in zip(FLAGS, [*flag_penalties(total), 0], strict=True):
        assert set(computed[part][0]) == {0}
        assert set(computed[part][1]) == {penalty}
    owed = sum(flag_penalties(total))
    assert computed["pool_deltas"] == ([0, 0], [3 * owed, 2 * owed])


def test_pools_some_vote(spec: Any, state: Any, vector: Recorder) -> None:
    """One of the first pool is absent, one of the second has been slashed."""
    total = _two_pools(spec, state)
    slash_at(spec, state, 8, 12)
    stand_at_epoch_end(spec, state)
    state.previous_epoch_participation[7] = 0
    computed = run_rewards(spec, state, vector)
    earned, owed = sum(flag_rewards(total, total - 64)), sum(flag_penalties(total))
    assert computed["pool_deltas"] == ([2 * (earned // 10_000), earned // 2], [owed, owed])


def test_without_weight_and_without_consent(spec: Any, state: Any, vector: Recorder) -> None:
    """The waiting have no deltas; those of the unadmitted are computed and belong to no pool."""
    _two_pools(spec, state)
    make_pooled(spec, state, 0, [20], seated=False)
    new = add_waiting(spec, state, 1)
    state.validators[30].withdrawal_credentials = spec.Bytes32(pooled_credentials(1, 30))
    stand_at_epoch_end(spec, state)
    computed = run_rewards(spec, state, vector)
    total = 32 * (len(state.validators) - 2)
    rewards = flag_rewards(total, total)
    for part, reward in zip(FLAGS, rewards, strict=True):
        column = computed[part][0]
        assert [column[index] for index in (20, *new, 30, 31)] == [0, 0, reward, reward]
    assert computed["pool_deltas"][0] == [3 * (sum(rewards) // 10_000), 2 * (sum(rewards) // 2)]


def test_pool_without_validators(spec: Any, state: Any, vector: Recorder) -> None:
    """It has its places in the columns."""
    add_pool(spec, state, bond=ETH, commission=5000)
    stand_at_epoch_end(spec, state)
    assert run_rewards(spec, state, vector)["pool_deltas"] == ([0], [0])


def _leaking(spec: Any, state: Any, vector: Recorder) -> dict[str, Any]:
    """The scores of an absent pooled and an absent solo validator are 123,456."""
    _two_pools(spec, state)
    for index in (7, 8, 30, 31):
        state.inactivity_scores[index] = 123_456
    stand_at_epoch_end(spec, state, finalized=2)
    for index in (7, 30):
        state.previous_epoch_participation[index] = 0
    return run_rewards(spec, state, vector)


@LEAK
def test_pools_leak(spec: Any, state: Any, vector: Recorder) -> None:
    """32 ETH * 123,456 / 2**26 are 58,868,408 Gwei; a bond pays a hundredth, and nobody earns."""
    computed = _leaking(spec, state, vector)
    leaked = computed["inactivity_penalty_deltas"][1]
    assert SEAT * 123_456 // 2**26 == 58_868_408
    assert [leaked[index] for index in (7, 8, 30, 31)] == [588_684, 0, 58_868_408, 0]
    owed = sum(flag_penalties(32 * len(state.validators))) + 588_684
    assert computed["pool_deltas"] == ([0, 0], [owed, 0])


@LEAK
@pytest.mark.config(POOL_INACTIVITY_PENALTY_DIVISOR=1)
def test_pools_leak_without_divisor(spec: Any, state: Any, vector: Recorder) -> None:
    computed = _leaking(spec, state, vector)
    leaked = computed["inactivity_penalty_deltas"][1]
    assert [leaked[index] for index in (7, 8, 30, 31)] == [58_868_408, 0, 58_868_408, 0]


@LEAK
def test_leak_of_the_unadmitted(spec: Any, state: Any, vector: Recorder) -> None:
    """The divisor is for what bonds pay; who pays nothing is computed like a solo validator."""
    _two_pools(spec, state)
    state.validators[30].withdrawal_credentials = spec.Bytes32(pooled_credentials(1, 30))
    state.inactivity_scores[30] = 123_456
    stand_at_epoch_end(spec, state, finalized=2)
    state.previous_epoch_participation[30] = 0
    computed = run_rewards(spec, state, vector)
    assert computed["inactivity_penalty_deltas"][1][30] == 58_868_408
    assert computed["pool_deltas"] == ([0, 0], [0, 0])
