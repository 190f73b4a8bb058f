"""Rewards and penalties by participation flag."""

from collections.abc import Callable
from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.deltas import ABSENT, EVERYTHING, expect_deltas, reach_epoch
from tests.helpers.epochs import set_participation
from tests.helpers.solo import ETH, add_solo, depart, make_compounding, set_stake

pytestmark = pytest.mark.vectors(runner="rewards", handler="basic", forks=["fulu", "poolbonds"])


def _flags(state: Any, choose: Callable[[int], int]) -> list[int]:
    return [choose(index) for index in range(len(state.validators))]


CHOICES: dict[str, Callable[[int], int]] = {
    "everybody": lambda index: EVERYTHING,
    "nobody": lambda index: ABSENT,
    "half": lambda index: EVERYTHING if index % 2 else ABSENT,
    "one": lambda index: EVERYTHING if index == 5 else ABSENT,
    "all_but_one": lambda index: ABSENT if index == 5 else EVERYTHING,
    "source_only": lambda index: 0b001,
    "no_head": lambda index: 0b011,
    "target_without_source": lambda index: 0b010,
    "head_only": lambda index: 0b100,
    "every_combination": lambda index: index % 8,
}


@pytest.mark.parametrize("choice", CHOICES)
def test_participation(spec: Any, state: Any, vector: Recorder, choice: str) -> None:
    """14, 26 and 14 of 64 parts of the base reward, scaled by who has the flag too."""
    reach_epoch(spec, state)
    expect_deltas(spec, state, vector, _flags(state, CHOICES[choice]))


def test_second_epoch(spec: Any, state: Any, vector: Recorder) -> None:
    """The first in which anything is paid."""
    reach_epoch(spec, state, 1)
    expect_deltas(spec, state, vector, _flags(state, CHOICES["half"]))


def test_votes_of_the_current_epoch(spec: Any, state: Any, vector: Recorder) -> None:
    """They have their turn an epoch later."""
    reach_epoch(spec, state)
    set_participation(spec, state, previous=False)
    expect_deltas(spec, state, vector, _flags(state, CHOICES["nobody"]))


@pytest.mark.parametrize("choice", ["everybody", "half", "nobody"])
def test_slashed(spec: Any, state: Any, vector: Recorder, choice: str) -> None:
    """They pay as if absent, and their stake is not among that which has the flags."""
    reach_epoch(spec, state)
    for index in range(0, len(state.validators), 3):
        state.validators[index].slashed = True
    expect_deltas(spec, state, vector, _flags(state, CHOICES[choice]))


@pytest.mark.parametrize("choice", ["everybody", "every_combination"])
def test_unequal_stake(spec: Any, state: Any, vector: Recorder, choice: str) -> None:
    """From nothing to 2,048 ETH; what a balance holds beyond the effective one does not count."""
    reach_epoch(spec, state)
    for index in range(8):
        make_compounding(spec, state, index, (2048 - 250 * index) * ETH)
    for index in range(8, 40):
        set_stake(spec, state, index, (index - 8) * ETH)
        state.balances[index] += 3 * ETH
    expect_deltas(spec, state, vector, _flags(state, CHOICES[choice]))


def test_stages_of_life(spec: Any, state: Any, vector: Recorder) -> None:
    """Only who was active in the previous epoch, and the slashed before they are withdrawable."""
    reach_epoch(spec, state)
    epoch = 10
    add_solo(spec, state, 32 * ETH)
    state.validators[1].activation_epoch = epoch
    state.validators[2].activation_epoch = epoch - 1
    depart(state, 3, epoch - 1)
    depart(state, 4, epoch)
    for index, withdrawable in ((5, epoch), (6, epoch + 1)):
        depart(state, index, 5, withdrawable)
        state.validators[index].slashed = True
    expect_deltas(spec, state, vector, _flags(state, CHOICES["everybody"]))


@pytest.mark.parametrize("effective", [0, 1])
def test_hardly_any_stake(spec: Any, state: Any, vector: Recorder, effective: int) -> None:
    """All of it is lost but for one validator's: sums count as one ETH at least."""
    reach_epoch(spec, state)
    for index in range(len(state.validators)):
        state.validators[index].effective_balance = 0
    state.validators[5].effective_balance = effective * ETH
    expect_deltas(spec, state, vector, _flags(state, CHOICES["every_combination"]))
