"""Proposers whose weight is right at the boundary of what a random value lets through.

A weight of `n` ETH passes the values up to `n * 65,535 / 2048`, which is a little less than
`32 * n`: so `32 * n` is the smallest value that it does not pass, and a rule with 65,536ths would
let it through.
"""

from collections.abc import Callable
from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.epoch_end import EPOCH, stand_at_epoch_end
from tests.helpers.pools import ETH
from tests.helpers.running import run_epoch_step
from tests.helpers.sampling import (
    accepted,
    draw_value,
    first_candidates,
    make_heavy,
    proposer_seeds,
)

pytestmark = pytest.mark.vectors(
    runner="epoch_processing", handler="proposer_lookahead", forks=["poolbonds"]
)

STEP = "process_proposer_lookahead"
DRAWN_EPOCH = EPOCH + 2
LEAST_WEIGHT = 17
"""In ETH; whoever has less is ejected before."""


def _first_seed(spec: Any, mix: bytes) -> bytes:
    """The seed of the first slot whose proposer is drawn."""
    return proposer_seeds(spec, mix, DRAWN_EPOCH)[0]


def _mix_with(spec: Any, fits: Callable[[int], bool]) -> bytes:
    """A mix under which the slot's first random value is such a one."""
    mixes = (number.to_bytes(32, "big") for number in range(50_000))
    return next(mix for mix in mixes if fits(draw_value(_first_seed(spec, mix), 0)))


# With a weight of more than half the maximum, 65,534ths would make a difference too.
VALUES: dict[str, tuple[Callable[[int], bool], bool]] = {
    "just_too_large": (lambda value: value % 32 == 0 and value >= 32 * LEAST_WEIGHT, False),
    "largest_that_passes": (lambda value: value % 32 == 31 and value > 32 * 1024, True),
}


@pytest.mark.parametrize("kind", VALUES)
def test_boundary(spec: Any, state: Any, vector: Recorder, kind: str) -> None:
    """Everybody else passes every value, so the slot is the first candidate's or the second's."""
    fits, passes = VALUES[kind]
    everybody = list(range(len(state.validators)))
    make_heavy(spec, state, everybody)
    mix = _mix_with(spec, fits)
    seed = _first_seed(spec, mix)
    first, second = first_candidates(spec, seed, everybody, 2)
    value = draw_value(seed, 0)
    weight = (value + 31) // 32 * ETH
    assert weight * 65_535 // (2048 * ETH) == value - (0 if passes else 1)
    state.validators[first].effective_balance = state.balances[first] = weight
    state.randao_mixes[EPOCH] = mix
    stand_at_epoch_end(spec, state)
    run_epoch_step(spec, state, vector, STEP)
    assert state.validators[first].effective_balance == weight
    drawn = state.proposer_lookahead[int(spec.SLOTS_PER_EPOCH)]
    assert drawn == (first if passes else second)
    assert [drawn] == accepted(spec, state, seed, everybody, 1)
