"""Rewards and penalties while the chain does not finalize."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.deltas import (
    ABSENT,
    EVERYTHING,
    FIRST_WITH_LEAK,
    LAST_WITHOUT_LEAK,
    expect_deltas,
    reach_epoch,
)
from tests.helpers.solo import ETH, depart, make_compounding

pytestmark = pytest.mark.vectors(runner="rewards", handler="leak", forks=["fulu", "poolbonds"])


@pytest.mark.parametrize(
    "finalized", [LAST_WITHOUT_LEAK, FIRST_WITH_LEAK, 0], ids=["not_yet", "begins", "for_long"]
)
@pytest.mark.parametrize("voting", ["everybody", "half", "nobody"])
def test_leak(spec: Any, state: Any, vector: Recorder, voting: str, finalized: int) -> None:
    """Nobody is rewarded; the penalties stay."""
    reach_epoch(spec, state, finalized=finalized)
    every = {"everybody": 1, "half": 2, "nobody": 2**10}[voting]
    count = len(state.validators)
    flags = [EVERYTHING if index % every == every - 1 else ABSENT for index in range(count)]
    for index in range(count):
        state.inactivity_scores[index] = 4 * index
    expect_deltas(spec, state, vector, flags)


def test_flags(spec: Any, state: Any, vector: Recorder) -> None:
    """Every combination of flags, slashed validators among them."""
    reach_epoch(spec, state, finalized=FIRST_WITH_LEAK)
    for index in range(0, len(state.validators), 5):
        state.validators[index].slashed = True
    for index in range(len(state.validators)):
        state.inactivity_scores[index] = 1000
    expect_deltas(spec, state, vector, [index % 8 for index in range(len(state.validators))])


def test_unequal_stake(spec: Any, state: Any, vector: Recorder) -> None:
    reach_epoch(spec, state, finalized=FIRST_WITH_LEAK)
    for index in range(8):
        make_compounding(spec, state, index, (2048 - 250 * index) * ETH)
        state.inactivity_scores[index] = 2**16 + index
    expect_deltas(spec, state, vector, [ABSENT] * len(state.validators))


def test_gone(spec: Any, state: Any, vector: Recorder) -> None:
    """Who has left pays no more, but for the slashed."""
    reach_epoch(spec, state, finalized=FIRST_WITH_LEAK)
    for index in range(4):
        state.inactivity_scores[index] = 2**16
        depart(state, index, 5, 10 + index)
        state.validators[index].slashed = index % 2 == 1
    expect_deltas(spec, state, vector, [ABSENT] * len(state.validators))
