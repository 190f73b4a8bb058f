"""The sums of what was slashed: that of the coming epoch starts from nothing."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.running import run_epoch_step

pytestmark = pytest.mark.vectors(
    runner="epoch_processing", handler="slashings_reset", forks=["fulu", "poolbonds"]
)


@pytest.mark.parametrize("wraps", [False, True], ids=["within", "goes_round"])
def test_reset(spec: Any, state: Any, vector: Recorder, wraps: bool) -> None:
    """Only the place of the next epoch is emptied; after the last place comes the first."""
    length = int(spec.EPOCHS_PER_SLASHINGS_VECTOR)
    epoch = length - 1 if wraps else 2
    state.slot = (epoch + 1) * int(spec.SLOTS_PER_EPOCH) - 1
    state.finalized_checkpoint.epoch = epoch - 1
    state.slashings = spec.Slashings([place + 1 for place in range(length)])
    run_epoch_step(spec, state, vector, "process_slashings_reset")
    emptied = 0 if wraps else 3
    assert [int(amount) for amount in state.slashings] == [
        0 if place == emptied else place + 1 for place in range(length)
    ]
