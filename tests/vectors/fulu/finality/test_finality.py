"""Justification and finality over epochs of blocks."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.epochs import next_epoch, next_epoch_with_attestations

pytestmark = pytest.mark.vectors(
    runner="finality", handler="finality", forks=["fulu", "poolbonds"], presets=["minimal"]
)


def test_two_epochs_of_full_votes(spec: Any, state: Any, vector: Recorder) -> None:
    """Epochs 1 and 2 are justified one after the other; the second makes the first final."""
    next_epoch(spec, state)
    vector.pre(state)
    blocks = []
    for _ in range(3):
        blocks += next_epoch_with_attestations(spec, state)
    vector.blocks(blocks)
    vector.post(state)
    assert spec.get_current_epoch(state) == 4
    assert state.current_justified_checkpoint.epoch == 3
    assert state.finalized_checkpoint.epoch == 2
