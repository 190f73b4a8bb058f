"""The second penalty of the slashed: by how much was slashed around the same time."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.epoch_end import stand_at_epoch_end
from tests.helpers.running import run_epoch_step
from tests.helpers.solo import ETH, depart, make_compounding, set_stake, total_eth

STEP = "process_slashings"

pytestmark = pytest.mark.vectors(
    runner="epoch_processing", handler="slashings", forks=["fulu", "poolbonds"]
)

EPOCH = 10

HALF_PERIOD = {"minimal": 32, "mainnet": 4096}
"""Epochs between the penalty and the first in which the money may go."""

INDEX = 3


def _slash(spec: Any, state: Any, index: int, due_in: int = 0) -> None:
    """Let a validator have been slashed whose penalty is due at the end of a later epoch."""
    state.validators[index].slashed = True
    depart(state, index, 5, EPOCH + HALF_PERIOD[spec.preset] + due_in)


def _run(spec: Any, state: Any, vector: Recorder, slashed_eth: int) -> list[int]:
    """The penalties, in Gwei, where so much was slashed in the period."""
    stand_at_epoch_end(spec, state)
    state.slashings[1] = slashed_eth * ETH - ETH
    state.slashings[int(spec.EPOCHS_PER_SLASHINGS_VECTOR) - 1] = ETH
    run = run_epoch_step(spec, state, vector, STEP)
    balances = zip(run.pre.balances, run.post.balances, strict=True)
    return [int(before) - int(after) for before, after in balances]


def _active_eth(state: Any, gone: int = 1) -> int:
    """All stake but that of so many who have exited, with 32 ETH each."""
    return total_eth(state) - 32 * gone


def _penalty(slashed_eth: int, active_eth: int, increments: int = 32) -> int:
    """Three times what was slashed, at most all, for each active ETH; then by the ETH at stake."""
    return min(3 * slashed_eth, active_eth) * ETH // active_eth * increments


@pytest.mark.parametrize("slashed", [1, 32, 320])
def test_penalty(spec: Any, state: Any, vector: Recorder, slashed: int) -> None:
    """Rounded for each ETH of stake, not for the whole of it."""
    _slash(spec, state, INDEX)
    penalties = _run(spec, state, vector, slashed)
    expected = _penalty(slashed, _active_eth(state))
    assert expected % 32 == 0
    assert penalties[INDEX] == expected > 0
    assert sum(penalties) == expected


@pytest.mark.parametrize("due_in", [-1, 1], ids=["epoch_ago", "next_epoch"])
def test_not_due(spec: Any, state: Any, vector: Recorder, due_in: int) -> None:
    _slash(spec, state, INDEX, due_in)
    assert not any(_run(spec, state, vector, 320))


def test_exited_but_not_slashed(spec: Any, state: Any, vector: Recorder) -> None:
    depart(state, INDEX, 5, EPOCH + HALF_PERIOD[spec.preset])
    assert not any(_run(spec, state, vector, 320))


def test_nothing_slashed_in_the_period(spec: Any, state: Any, vector: Recorder) -> None:
    """A period of which all entries have been emptied since."""
    _slash(spec, state, INDEX)
    stand_at_epoch_end(spec, state)
    run = run_epoch_step(spec, state, vector, STEP)
    assert list(run.pre.balances) == list(run.post.balances)


@pytest.mark.parametrize("more", [-1, 0, 1], ids=["below", "third", "above"])
@pytest.mark.balances(*[32 * ETH] * 49)
def test_a_third_is_everything(spec: Any, state: Any, vector: Recorder, more: int) -> None:
    """Where a third of the 1,536 ETH was slashed, the slashed lose all their stake."""
    _slash(spec, state, INDEX)
    state.balances[INDEX] = 33 * ETH
    penalties = _run(spec, state, vector, 512 + more)
    expected = 32 * ETH if more >= 0 else (1533 * ETH // 1536) * 32
    assert penalties[INDEX] == expected


def test_balance_below_the_penalty(spec: Any, state: Any, vector: Recorder) -> None:
    _slash(spec, state, INDEX)
    state.balances[INDEX] = 20 * ETH
    _run(spec, state, vector, total_eth(state))
    assert state.balances[INDEX] == 0


def test_penalty_goes_by_effective_balance(spec: Any, state: Any, vector: Recorder) -> None:
    for index in (INDEX, INDEX + 1, INDEX + 2):
        _slash(spec, state, index)
    set_stake(spec, state, INDEX, 17 * ETH + 5)
    make_compounding(spec, state, INDEX + 1, 100 * ETH)
    state.balances[INDEX + 2] = 50 * ETH
    active = total_eth(state) - 17 - 100 - 32
    penalties = _run(spec, state, vector, 320)
    assert penalties[INDEX : INDEX + 3] == [
        _penalty(320, active, increments) for increments in (17, 100, 32)
    ]


def test_still_active(spec: Any, state: Any, vector: Recorder) -> None:
    """One who waits in a long queue of exits weighs in the total too."""
    _slash(spec, state, INDEX)
    state.validators[INDEX].exit_epoch = EPOCH + 9
    penalties = _run(spec, state, vector, 320)
    assert penalties[INDEX] == _penalty(320, _active_eth(state, gone=0))
