"""Scenarios of stakers, pools and the chain, run on the engine at the size of mainnet.

Names are looked up when they are first used, so that the `poolspec` command can list what it offers
where the libraries of simulations are not installed.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from poolspec.simulator.errors import Problem, ScenarioError
    from poolspec.simulator.reading import (
        built_in,
        built_in_names,
        read_scenario,
        variants,
        with_overrides,
    )
    from poolspec.simulator.recording import Milestone, Series
    from poolspec.simulator.running import Check, Result, run, work
    from poolspec.simulator.scenario import Scenario

__all__ = [
    "Check",
    "Milestone",
    "Problem",
    "Result",
    "Scenario",
    "ScenarioError",
    "Series",
    "built_in",
    "built_in_names",
    "read_scenario",
    "run",
    "variants",
    "with_overrides",
    "work",
]

_HOMES = {
    "errors": ("Problem", "ScenarioError"),
    "reading": ("built_in", "built_in_names", "read_scenario", "variants", "with_overrides"),
    "recording": ("Milestone", "Series"),
    "running": ("Check", "Result", "run", "work"),
    "scenario": ("Scenario",),
}


def __getattr__(name: str) -> Any:
    """Import what is asked for."""
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"poolspec.simulator.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
