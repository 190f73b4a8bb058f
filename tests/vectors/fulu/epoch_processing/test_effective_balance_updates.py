"""Effective balances follow balances with hysteresis."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.running import run_epoch_step

pytestmark = pytest.mark.vectors(
    runner="epoch_processing", handler="effective_balance_updates", forks=["fulu"]
)

ETH = 10**9


@pytest.mark.parametrize(
    ("balance", "expected"),
    [
        (32 * ETH, 32),
        (31 * ETH + 3 * ETH // 4, 32),
        (31 * ETH + 3 * ETH // 4 - 1, 31),
        (33 * ETH + ETH // 4, 32),
        (40 * ETH, 32),
        (16 * ETH + 7, 16),
        (0, 0),
    ],
    ids=["same", "down_kept", "down", "up_kept", "capped", "half", "nothing"],
)
def test_hysteresis(spec: Any, state: Any, vector: Recorder, balance: int, expected: int) -> None:
    """It falls when more than a quarter below, and never rises above the cap of its credentials."""
    state.balances[5] = spec.Gwei(balance)
    run_epoch_step(spec, state, vector, "process_effective_balance_updates")
    assert state.validators[5].effective_balance == expected * ETH
    assert state.validators[4].effective_balance == 32 * ETH
