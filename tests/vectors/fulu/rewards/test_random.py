"""Rewards and penalties of random states."""

from random import Random
from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.deltas import EPOCH, expect_deltas, reach_epoch
from tests.helpers.solo import ETH, add_solo, depart, make_compounding, set_stake

pytestmark = pytest.mark.vectors(runner="rewards", handler="random", forks=["fulu", "poolbonds"])


def _disturb(spec: Any, state: Any, random: Random) -> None:
    """Give some validators another stake, and let some be slashed, leaving, gone or new."""
    for index in range(len(state.validators)):
        fate = random.randrange(8)
        if fate == 0:
            make_compounding(spec, state, index, random.randrange(1, 2048 * ETH))
        elif fate == 1:
            set_stake(spec, state, index, random.randrange(40 * ETH))
        elif fate == 2:
            depart(state, index, random.randrange(EPOCH - 3, EPOCH + 3))
        elif fate == 3:
            depart(state, index, 3, random.randrange(EPOCH - 3, EPOCH + 3))
            state.validators[index].slashed = True
        elif fate == 4:
            state.validators[index].activation_epoch = random.randrange(EPOCH - 3, EPOCH + 3)
    add_solo(spec, state, 32 * ETH)


@pytest.mark.parametrize("leaking", [False, True], ids=["no_leak", "leak"])
@pytest.mark.parametrize("seed", range(3))
def test_random(spec: Any, state: Any, vector: Recorder, seed: int, leaking: bool) -> None:
    random = Random(f"{seed} {leaking}")
    reach_epoch(spec, state, finalized=1 if leaking else EPOCH - 2)
    _disturb(spec, state, random)
    for index in range(len(state.validators)):
        state.inactivity_scores[index] = random.choice([0, random.randrange(10**4)])
    expect_deltas(spec, state, vector, [random.randrange(8) for _ in state.validators])
