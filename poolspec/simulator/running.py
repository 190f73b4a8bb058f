"""Run a scenario: its chain of pools, the twin under Fulu, and both sides of a partition."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import poolspec
from poolspec.simulator import timing
from poolspec.simulator.acting import Agenda, describe
from poolspec.simulator.errors import Problem, ScenarioError
from poolspec.simulator.events import Partition
from poolspec.simulator.recording import Recorder, Series
from poolspec.simulator.scenario import Expectation, PoolGroup, Scenario
from poolspec.simulator.world import START, World

__all__ = ["Check", "Progress", "Result", "Twins", "run", "work"]

Progress = Callable[[int], None]
"""Called with the number of epochs that have passed since the last call."""


@dataclass(frozen=True)
class Check:
    """An expectation, and what was found."""

    expectation: Expectation
    found: int

    @property
    def holds(self) -> bool:
        """Whether the value is as near as it should be."""
        return abs(self.found - self.expectation.value) <= self.expectation.within


@dataclass(frozen=True)
class Result:
    """What a run gave.

    `pools` is the chain of the scenario; `solo` its twin under Fulu, None if nothing is compared.
    Where the network was cut in two, these are side A, and `other_sides` has side B of each.
    """

    scenario: Scenario
    pools: Series
    solo: Series | None
    other_sides: Mapping[str, Series]
    checks: tuple[Check, ...] = ()

    def __getitem__(self, name: str) -> NDArray[np.int64]:
        return self.pools[name]

    def chains(self) -> Iterator[tuple[str, str, Series]]:
        """Give all series with the chain (`pools` or `solo`) and the side (`a` or `b`)."""
        for chain, series in (("pools", self.pools), ("solo", self.solo)):
            if series is not None:
                yield chain, "a", series
            if chain in self.other_sides:
                yield chain, "b", self.other_sides[chain]


def work(scenario: Scenario) -> int:
    """Return how many epochs a run takes in all."""
    per_chain = timing.duration(scenario)
    for event in scenario.events:
        if isinstance(event, Partition):
            per_chain += timing.epochs(scenario, event.lasts)
    return per_chain * (2 if scenario.compare == "solo" else 1)


def run(scenario: Scenario, progress: Progress | None = None) -> Result:
    """Run a scenario without its variants.

    The same scenario gives the same result, to the Gwei. Raises ScenarioError if it has variants,
    and ConservationError if money appears or vanishes, which would be a defect.
    """
    return Twins().run(scenario, progress)


class Twins:
    """Runs scenarios, and runs a twin that several of them have in common only once."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Series, Series | None]] = {}

    def run(self, scenario: Scenario, progress: Progress | None = None) -> Result:
        """Do what the function `run` does."""
        if scenario.variants:
            problem = Problem(scenario.name, "a scenario is run one variant at a time")
            raise ScenarioError([problem])
        tell = progress or (lambda _: None)
        pools = _Run(scenario, solo=False, progress=tell)
        pools.go()
        others = {"pools": pools.other_side}
        solo = None
        if scenario.compare == "solo":
            solo, others["solo"] = self._twin(scenario, tell)
        return Result(
            scenario,
            pools.recorder.series(),
            solo,
            {chain: side for chain, side in others.items() if side is not None},
            tuple(pools.checks),
        )

    def _twin(self, scenario: Scenario, tell: Progress) -> tuple[Series, Series | None]:
        """Return the twin's series of both sides."""
        key = _twin_key(scenario)
        if key in self._known:
            tell(work(scenario) // 2)
        else:
            twin = _Run(scenario, solo=True, progress=tell)
            twin.go()
            self._known[key] = (twin.recorder.series(), twin.other_side)
        return self._known[key]


def _twin_key(scenario: Scenario) -> str:
    """Return all that a twin depends on: nothing of bonds and commissions."""
    fulu: Any = poolspec.load("fulu", scenario.preset)
    fields = scenario.model_dump(mode="json", exclude={"expect", "variants"})
    known = fulu.config._fields
    fields["config"] = {name: value for name, value in fields["config"].items() if name in known}
    for group in fields["registry"]["pools"]:
        for name in ("bond", "backing", "commission"):
            del group[name]
    return json.dumps(fields, sort_keys=True)


class _Run:
    """One chain from the start to the end, with a second one while there is a partition."""

    def __init__(self, scenario: Scenario, *, solo: bool, progress: Progress) -> None:
        self.scenario, self._tell = scenario, progress
        self.world, self.agenda = World(scenario, solo=solo), Agenda(scenario)
        self.recorder = Recorder(scenario)
        self.checks: list[Check] = []
        self.other_side: Series | None = None
        self._every = timing.sample_interval(scenario)
        self._partitions = {
            timing.epochs(scenario, event.at): event
            for event in scenario.events
            if isinstance(event, Partition)
        }
        self._expected: dict[int, list[Expectation]] = {}
        if not solo:
            for each in scenario.expect:
                self._expected.setdefault(timing.epochs(scenario, each.at), []).append(each)
        for event in scenario.events:
            at = timing.epochs(scenario, event.at)
            self.recorder.note(at, "event", describe(event))

    def go(self) -> None:
        """Run to the end."""
        end = timing.duration(self.scenario)
        self._look(self.world, self.recorder)
        while self.world.epoch < end:
            event = self._partitions.pop(self.world.epoch, None)
            if event is not None:
                self._divided(event)
            else:
                self._pass(self.world, self.agenda, self.recorder)
        self.recorder.sample(self.world)
        self.recorder.milestones.sort()

    def _pass(self, world: World, agenda: Agenda, recorder: Recorder) -> None:
        """Let an epoch pass on one side."""
        agenda.act(world)
        world.step()
        self._tell(1)
        recorder.watch(world)
        self._look(world, recorder)

    def _look(self, world: World, recorder: Recorder) -> None:
        """Sample when it is time, and compare with what is expected."""
        if world.epoch % self._every == 0:
            recorder.sample(world)
        for expected in self._expected.get(world.epoch, []) if world is self.world else []:
            recorder.sample(world)
            row = recorder.rows[-1]
            if expected.column not in row:
                known = ", ".join(row)
                message = f"expect: there is no column '{expected.column}', only {known}"
                raise ScenarioError([Problem(self.scenario.name, message)])
            self.checks.append(Check(expected, row[expected.column]))

    # Partitions

    def _divided(self, event: Partition) -> None:
        """Run both sides until the network is whole again, and go on with the one that wins."""
        world, lasts = self.world, timing.epochs(self.scenario, event.lasts)
        other = world.split(_side_a(world, event))
        recorder, agenda = Recorder(self.scenario), self.agenda.copy()
        self._side(other, agenda, recorder, lasts)
        self._side(world, self.agenda, self.recorder, lasts)
        self.other_side = recorder.series()
        final = [each.chain.finalized_epoch for each in (world, other)]
        begun = world.epoch - lasts
        if min(final) - START >= begun:
            self.recorder.note(world.epoch, "conflict", "both sides finalized blocks of their own")
        world.heal()
        self.recorder.note(world.epoch, "healed", "the sides hear each other again")

    def _side(self, world: World, agenda: Agenda, recorder: Recorder, lasts: int) -> None:
        """Run one side of a partition."""
        recorder.sample(world)
        begun = world.epoch
        has_finalized = False
        while world.epoch < begun + lasts:
            self._pass(world, agenda, recorder)
            if not has_finalized and world.chain.finalized_epoch >= begun + START:
                has_finalized = True
                recorder.note(world.epoch, "side finalizes", "this side finalizes alone")
        recorder.sample(world)


def _side_a(world: World, event: Partition) -> NDArray[np.bool_]:
    """Return who is on side A: of each group's pools every so many, and of solo validators."""
    top, bottom = event.share.numerator, event.share.denominator
    is_on_a = np.zeros(len(world.group), np.bool_)

    def is_chosen(places: NDArray[np.int64]) -> NDArray[np.bool_]:
        chosen: NDArray[np.bool_] = (places + 1) * top // bottom > places * top // bottom
        return chosen

    for number, group in enumerate(world.scenario.groups()):
        if isinstance(group, PoolGroup):
            pools = np.array(world.pools_of(number), np.int64)
            for pool in pools[is_chosen(np.arange(len(pools)))].tolist():
                is_on_a[world.members(pool)] = True
        else:
            rows = world.rows(number)
            is_on_a[rows] = is_chosen(np.arange(len(rows)))
    return is_on_a
