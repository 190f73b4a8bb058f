"""Effective balances follow balances with hysteresis."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.running import run_epoch_step
from tests.helpers.solo import ETH, add_solo, depart, make_compounding

STEP = "process_effective_balance_updates"

pytestmark = pytest.mark.vectors(
    runner="epoch_processing", handler="effective_balance_updates", forks=["fulu", "poolbonds"]
)

QUARTER = ETH // 4

INDEX = 5

CASES = {
    # name: compounds, effective balance in ETH, balance in Gwei, effective balance after in ETH
    "same": (False, 32, 32 * ETH, 32),
    "down_kept": (False, 32, 32 * ETH - QUARTER, 32),
    "down": (False, 32, 32 * ETH - QUARTER - 1, 31),
    "down_far": (False, 32, 16 * ETH + 7, 16),
    "nothing": (False, 32, 0, 0),
    "less_than_one": (False, 32, ETH - 1, 0),
    "just_below_whole": (False, 32, 29 * ETH - 1, 28),
    "up_kept": (False, 20, 21 * ETH + QUARTER, 20),
    "up": (False, 20, 21 * ETH + QUARTER + 1, 21),
    "up_far": (False, 0, 31 * ETH + 5, 31),
    "up_to_the_most": (False, 31, 32 * ETH + QUARTER + 1, 32),
    "up_beyond": (False, 31, 40 * ETH, 32),
    "at_the_most": (False, 32, 40 * ETH, 32),
    "compounding_same": (True, 32, 33 * ETH + QUARTER, 32),
    "compounding_up": (True, 32, 33 * ETH + QUARTER + 1, 33),
    "compounding_far": (True, 32, 1000 * ETH + 9, 1000),
    "compounding_to_the_most": (True, 32, 2048 * ETH, 2048),
    "compounding_beyond": (True, 2047, 2049 * ETH, 2048),
    "compounding_at_the_most": (True, 2048, 3000 * ETH, 2048),
    "compounding_down_kept": (True, 2048, 2048 * ETH - QUARTER, 2048),
    "compounding_down": (True, 2048, 2048 * ETH - QUARTER - 1, 2047),
    "too_much": (False, 33, 33 * ETH, 33),
    "too_much_falls": (False, 40, 39 * ETH, 32),
}


@pytest.mark.parametrize("case", CASES)
def test_hysteresis(spec: Any, state: Any, vector: Recorder, case: str) -> None:
    """Down by more than a quarter below, up by more than one and a quarter above."""
    compounds, effective, balance, expected = CASES[case]
    if compounds:
        make_compounding(spec, state, INDEX)
    state.validators[INDEX].effective_balance = effective * ETH
    state.balances[INDEX] = balance
    run_epoch_step(spec, state, vector, STEP)
    assert state.validators[INDEX].effective_balance == expected * ETH
    assert state.balances[INDEX] == balance
    assert state.validators[INDEX - 1].effective_balance == 32 * ETH


def test_at_every_stage_of_life(spec: Any, state: Any, vector: Recorder) -> None:
    """Of those that wait, have left or are slashed as well."""
    waiting = add_solo(spec, state, 10 * ETH)
    depart(state, 1, 0, 300)
    state.validators[2].slashed = True
    for index in (waiting, 1, 2):
        state.balances[index] = 20 * ETH
    run_epoch_step(spec, state, vector, STEP)
    for index in (waiting, 1, 2):
        assert state.validators[index].effective_balance == 20 * ETH
