"""A scenario's times in epochs of its preset."""

from __future__ import annotations

from typing import Any

import poolspec
from poolspec.simulator.scenario import Scenario
from poolspec.simulator.units import Duration

__all__ = ["duration", "epochs", "sample_interval", "seconds_per_epoch"]

_ROWS = 500


def seconds_per_epoch(preset: str) -> int:
    """Return how long an epoch lasts."""
    spec: Any = poolspec.load("poolbonds", preset)
    return int(spec.SLOTS_PER_EPOCH) * int(spec.config.SLOT_DURATION_MS) // 1000


def epochs(scenario: Scenario, time: Duration) -> int:
    """Return a length of time in epochs, rounded up."""
    return time.in_epochs(seconds_per_epoch(scenario.preset))


def duration(scenario: Scenario) -> int:
    """Return how many epochs a scenario lasts."""
    return epochs(scenario, scenario.duration)


def sample_interval(scenario: Scenario) -> int:
    """Return how many epochs there are from one row to the next, at least one."""
    if scenario.sample_every is not None:
        return max(epochs(scenario, scenario.sample_every), 1)
    return max(duration(scenario) // _ROWS, 1)
