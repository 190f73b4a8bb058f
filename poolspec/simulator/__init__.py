"""Scenarios of stakers, pools and the chain, run on the engine at the size of mainnet."""

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
