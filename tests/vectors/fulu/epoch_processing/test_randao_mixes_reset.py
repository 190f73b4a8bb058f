"""Randomness: the coming epoch starts from the mix of the one that ends."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.running import run_epoch_step

pytestmark = pytest.mark.vectors(
    runner="epoch_processing", handler="randao_mixes_reset", forks=["fulu", "poolbonds"]
)

MIX = b"\x2a" * 32


@pytest.mark.parametrize("wraps", [False, True], ids=["within", "goes_round"])
def test_mix_is_handed_on(spec: Any, state: Any, vector: Recorder, wraps: bool) -> None:
    length = int(spec.EPOCHS_PER_HISTORICAL_VECTOR)
    epoch = length - 1 if wraps else 2
    state.slot = (epoch + 1) * int(spec.SLOTS_PER_EPOCH) - 1
    state.finalized_checkpoint.epoch = epoch - 1
    state.randao_mixes[epoch] = MIX
    expected = list(state.randao_mixes)
    expected[0 if wraps else 3] = MIX
    run_epoch_step(spec, state, vector, "process_randao_mixes_reset")
    assert list(state.randao_mixes) == expected
