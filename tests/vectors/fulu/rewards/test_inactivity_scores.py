"""Penalties by score, with and without a leak."""

from random import Random
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
from tests.helpers.solo import ETH, make_compounding

pytestmark = pytest.mark.vectors(
    runner="rewards", handler="inactivity_scores", forks=["fulu", "poolbonds"]
)

SMALLEST = 2**21
"""The score at which an ETH of stake costs 1/32 ETH in an epoch: 2^21 of 2^26."""


@pytest.mark.parametrize("finalized", [LAST_WITHOUT_LEAK, FIRST_WITH_LEAK], ids=["no_leak", "leak"])
@pytest.mark.parametrize("score", [0, 1, 2, 4, 100, SMALLEST])
def test_score(spec: Any, state: Any, vector: Recorder, score: int, finalized: int) -> None:
    """Only who misses the target pays by its score, leak or no leak."""
    reach_epoch(spec, state, finalized=finalized)
    count = len(state.validators)
    for index in range(count):
        state.inactivity_scores[index] = score
    flags = [(EVERYTHING, 0b101, 0b010, ABSENT)[index % 4] for index in range(count)]
    computed = expect_deltas(spec, state, vector, flags)
    penalties = computed["inactivity_penalty_deltas"][1]
    assert list(penalties[:4]) == [0, 32 * ETH * score // 2**26, 0, 32 * ETH * score // 2**26]


@pytest.mark.parametrize("seed", range(2))
def test_random_scores(spec: Any, state: Any, vector: Recorder, seed: int) -> None:
    random = Random(seed)
    reach_epoch(spec, state, finalized=FIRST_WITH_LEAK if seed else LAST_WITHOUT_LEAK)
    for index in range(len(state.validators)):
        if index % 7 == 0:
            make_compounding(spec, state, index, random.randrange(32, 2048) * ETH)
        state.validators[index].slashed = random.random() < 0.1
        state.inactivity_scores[index] = random.randrange(2**17)
    flags = [random.randrange(8) for _ in state.validators]
    expect_deltas(spec, state, vector, flags)
