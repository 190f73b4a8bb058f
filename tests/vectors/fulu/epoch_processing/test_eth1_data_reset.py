"""Votes on the deposit bridge's data: dropped when a voting period ends."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.running import run_epoch_step

pytestmark = pytest.mark.vectors(
    runner="epoch_processing", handler="eth1_data_reset", forks=["fulu", "poolbonds"]
)

PERIOD = {"minimal": 4, "mainnet": 64}
"""Epochs of a vote."""


@pytest.mark.parametrize(
    ("from_end", "dropped"), [(-1, False), (0, True), (1, False)], ids=["before", "end", "after"]
)
def test_end_of_a_period(
    spec: Any, state: Any, vector: Recorder, from_end: int, dropped: bool
) -> None:
    """At the end of a period's last epoch, and of no other."""
    epoch = 2 * PERIOD[spec.preset] - 1 + from_end
    state.slot = (epoch + 1) * int(spec.SLOTS_PER_EPOCH) - 1
    state.finalized_checkpoint.epoch = epoch - 1
    data = state.eth1_data.copy()
    for count in range(3):
        state.eth1_data_votes.append(spec.Eth1Data(deposit_count=count))
    votes = list(state.eth1_data_votes)
    run_epoch_step(spec, state, vector, "process_eth1_data_reset")
    assert list(state.eth1_data_votes) == ([] if dropped else votes)
    assert state.eth1_data == data
