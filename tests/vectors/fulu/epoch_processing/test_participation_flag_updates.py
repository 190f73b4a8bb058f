"""Participation: what was current becomes previous."""

from random import Random
from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.running import run_epoch_step
from tests.helpers.solo import ETH, add_solo, depart

pytestmark = pytest.mark.vectors(
    runner="epoch_processing", handler="participation_flag_updates", forks=["fulu", "poolbonds"]
)


def _run(spec: Any, state: Any, vector: Recorder, current: list[int], previous: list[int]) -> None:
    state.current_epoch_participation = spec.EpochParticipation(current)
    state.previous_epoch_participation = spec.EpochParticipation(previous)
    run_epoch_step(spec, state, vector, "process_participation_flag_updates")
    assert [int(flags) for flags in state.previous_epoch_participation] == current
    assert [int(flags) for flags in state.current_epoch_participation] == [0] * len(current)


@pytest.mark.parametrize(
    ("current", "previous"),
    [(0, 0), (7, 0), (0, 7), (7, 7)],
    ids=["none", "current", "previous", "both"],
)
def test_all_the_same(spec: Any, state: Any, vector: Recorder, current: int, previous: int) -> None:
    count = len(state.validators)
    _run(spec, state, vector, [current] * count, [previous] * count)


@pytest.mark.parametrize("seed", range(2))
def test_random_flags(spec: Any, state: Any, vector: Recorder, seed: int) -> None:
    """Of everybody, whether active, slashed, gone or not."""
    random = Random(seed)
    add_solo(spec, state, 32 * ETH)
    depart(state, 1, 0, 0)
    state.validators[2].slashed = True
    count = len(state.validators)
    current, previous = ([random.randrange(8) for _ in range(count)] for _ in range(2))
    _run(spec, state, vector, current, previous)
