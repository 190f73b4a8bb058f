"""Rewards and penalties, as they reach the balances."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.epoch_end import EPOCH, reward_per_increment, stand_at_epoch_end
from tests.helpers.epochs import set_participation
from tests.helpers.running import run_epoch_step
from tests.helpers.solo import ETH, depart, total_eth

STEP = "process_rewards_and_penalties"

pytestmark = pytest.mark.vectors(
    runner="epoch_processing", handler="rewards_and_penalties", forks=["fulu", "poolbonds"]
)

LEAK = EPOCH - 1 - 5
"""The latest finalized epoch with which the chain leaks."""

SOURCE, TARGET, HEAD = 14, 26, 14

INDEX = 3


def _base(state: Any, increments: int = 32) -> int:
    return increments * reward_per_increment(total_eth(state))


def _run(spec: Any, state: Any, vector: Recorder) -> list[int]:
    """What the step changes in each balance, in Gwei."""
    run = run_epoch_step(spec, state, vector, STEP)
    balances = zip(run.post.balances, run.pre.balances, strict=True)
    return [int(after) - int(before) for after, before in balances]


def _share(base: int, weight: int, part: tuple[int, int] = (1, 1)) -> int:
    """A reward, where that part of the stake has the flag too."""
    numerator, denominator = part
    return base * weight * numerator // (64 * denominator)


def test_everybody_votes(spec: Any, state: Any, vector: Recorder) -> None:
    stand_at_epoch_end(spec, state)
    base = _base(state)
    earned = _share(base, SOURCE) + _share(base, TARGET) + _share(base, HEAD)
    assert set(_run(spec, state, vector)) == {earned}


def test_nobody_votes(spec: Any, state: Any, vector: Recorder) -> None:
    """A missing head costs nothing."""
    stand_at_epoch_end(spec, state)
    state.previous_epoch_participation = spec.EpochParticipation([0] * len(state.validators))
    base = _base(state)
    assert set(_run(spec, state, vector)) == {-_share(base, SOURCE) - _share(base, TARGET)}


@pytest.mark.parametrize("flags", range(8), ids=["none", "s", "t", "st", "h", "sh", "th", "all"])
def test_flags(spec: Any, state: Any, vector: Recorder, flags: int) -> None:
    """A quarter of the validators has these flags and the rest has all; each flag by itself."""
    stand_at_epoch_end(spec, state)
    count = len(state.validators)
    for index in range(count // 4):
        state.previous_epoch_participation[index] = flags
    base = _base(state)
    few = many = 0
    for place, weight in enumerate((SOURCE, TARGET, HEAD)):
        has_flag = flags >> place & 1
        reward = _share(base, weight, (4, 4) if has_flag else (3, 4))
        many += reward
        if has_flag:
            few += reward
        elif place != 2:
            few -= _share(base, weight)
    changes = _run(spec, state, vector)
    assert set(changes[: count // 4]) == {few}
    assert set(changes[count // 4 :]) == {many}


def test_leak(spec: Any, state: Any, vector: Recorder) -> None:
    """No rewards; the absent also pay by score: 32 ETH * score / (4 * 2^24)."""
    stand_at_epoch_end(spec, state, LEAK)
    for index in (INDEX, INDEX + 1):
        state.previous_epoch_participation[index] = 0
        state.inactivity_scores[index] = 1000
    state.inactivity_scores[INDEX + 2] = 1000
    base = _base(state)
    changes = _run(spec, state, vector)
    # The step before has brought the scores of the absent to 1004.
    absent = _share(base, SOURCE) + _share(base, TARGET) + 32 * ETH * 1004 // (4 * 2**24)
    for index, change in enumerate(changes):
        assert change == (-absent if index in (INDEX, INDEX + 1) else 0)


def test_score_without_a_leak(spec: Any, state: Any, vector: Recorder) -> None:
    """Who is absent pays by its score, as long as it has one."""
    stand_at_epoch_end(spec, state)
    state.previous_epoch_participation[INDEX] = 0
    state.inactivity_scores[INDEX] = 112
    base = _base(state)
    expected = _share(base, SOURCE) + _share(base, TARGET) + 32 * ETH * 100 // (4 * 2**24)
    assert _run(spec, state, vector)[INDEX] == -expected


def test_rewards_go_by_effective_balance(spec: Any, state: Any, vector: Recorder) -> None:
    """Not by the balance."""
    stand_at_epoch_end(spec, state)
    state.balances[INDEX] = 50 * ETH
    state.balances[INDEX + 1] = 17 * ETH + 5
    state.validators[INDEX + 1].effective_balance = 17 * ETH
    per_increment = reward_per_increment(total_eth(state))
    changes = _run(spec, state, vector)
    for index, increments in ((INDEX, 32), (INDEX + 1, 17)):
        base = increments * per_increment
        earned = _share(base, SOURCE) + _share(base, TARGET) + _share(base, HEAD)
        assert changes[index] == earned


@pytest.mark.parametrize("balance", [0, 1, "all"])
def test_penalties_take_what_there_is(
    spec: Any, state: Any, vector: Recorder, balance: int | str
) -> None:
    stand_at_epoch_end(spec, state)
    state.previous_epoch_participation[INDEX] = 0
    base = _base(state)
    owed = _share(base, SOURCE) + _share(base, TARGET)
    state.balances[INDEX] = owed if balance == "all" else balance
    _run(spec, state, vector)
    assert state.balances[INDEX] == 0


def test_flag_after_flag(spec: Any, state: Any, vector: Recorder) -> None:
    """What the missed source cannot take is not taken from what the target earns."""
    stand_at_epoch_end(spec, state)
    state.previous_epoch_participation[INDEX] = 0b110
    state.balances[INDEX] = 5
    base = _base(state)
    _run(spec, state, vector)
    assert state.balances[INDEX] == _share(base, TARGET) + _share(base, HEAD)


def test_slashed(spec: Any, state: Any, vector: Recorder) -> None:
    """One who is slashed pays as if it had not voted, also after its exit."""
    stand_at_epoch_end(spec, state)
    state.validators[INDEX].slashed = True
    state.validators[INDEX + 1].slashed = True
    depart(state, INDEX + 1, 5, EPOCH + 1)
    state.validators[INDEX + 2].slashed = True
    depart(state, INDEX + 2, 5, EPOCH)
    per_increment = reward_per_increment(total_eth(state) - 2 * 32)
    base = 32 * per_increment
    changes = _run(spec, state, vector)
    owed = _share(base, SOURCE) + _share(base, TARGET)
    assert changes[INDEX : INDEX + 3] == [-owed, -owed, 0]


def test_activated_since(spec: Any, state: Any, vector: Recorder) -> None:
    """Who was not active in the previous epoch has nothing to be paid for, flags or not."""
    stand_at_epoch_end(spec, state)
    state.validators[INDEX].activation_epoch = EPOCH
    assert _run(spec, state, vector)[INDEX] == 0


def test_first_epoch(spec: Any, state: Any, vector: Recorder) -> None:
    """Nothing was to be voted on before it."""
    set_participation(spec, state)
    state.previous_epoch_participation[INDEX] = 0
    assert set(_run(spec, state, vector)) == {0}


def test_second_epoch(spec: Any, state: Any, vector: Recorder) -> None:
    state.slot = int(spec.SLOTS_PER_EPOCH)
    set_participation(spec, state, current=False)
    assert min(_run(spec, state, vector)) > 0
