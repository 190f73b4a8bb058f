"""Events in their time: what each of them does to a world, at once or little by little."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from itertools import zip_longest
from typing import Any

import numpy as np

from poolspec.engine.numbers import Indices
from poolspec.simulator import timing
from poolspec.simulator.checking import ALL, ALL_POOLS, ALL_SOLO
from poolspec.simulator.events import (
    Aimed,
    Convert,
    Deposit,
    Event,
    Exit,
    Offline,
    Partition,
    Slash,
    TopUp,
    Unbond,
)
from poolspec.simulator.scenario import PoolGroup, Scenario
from poolspec.simulator.units import as_amount, as_share
from poolspec.simulator.world import SEAT, World

__all__ = ["Agenda", "describe"]

Action = Callable[["Agenda", World], None]
"""The agenda is that of the world: each side of a partition has its own."""


class Agenda:
    """What is still to happen in a world, by epoch of the scenario; partitions are not in it."""

    def __init__(self, scenario: Scenario) -> None:
        self._due: dict[int, list[Action]] = {}
        self._waiting: list[_Founder] = []
        for number, event in enumerate(scenario.events):
            if isinstance(event, Partition):
                continue
            begins = timing.epochs(scenario, event.at)
            self.add(begins, self._begin(number, event))

    def copy(self) -> Agenda:
        """Return an independent agenda with the same entries, for another side."""
        other = copy(self)
        other._due = {epoch: list(actions) for epoch, actions in self._due.items()}
        other._waiting = [copy(founder) for founder in self._waiting]
        return other

    def add(self, epoch: int, action: Action) -> None:
        """Put an action on the agenda."""
        self._due.setdefault(epoch, []).append(action)

    def act(self, world: World) -> None:
        """Do what is due in the epoch that begins."""
        while actions := self._due.pop(world.epoch, None):
            for action in actions:
                action(self, world)
        self._waiting = [each for each in self._waiting if not each.is_done(world)]

    # What events put on the agenda when they begin

    def _begin(self, number: int, event: Event) -> Action:
        """Return the action with which an event begins."""

        def begin(agenda: Agenda, world: World) -> None:
            if isinstance(event, Offline):
                agenda._go_offline(world, number, event)
            elif isinstance(event, Slash):
                rows = world.staying(_all(_targets(world, number, event)))
                agenda._spread(world, event.over, rows, lambda _, at, part: at.chain.slash(part))
            elif isinstance(event, Exit):
                rows = world.staying(_all(_targets(world, number, event)))
                agenda._spread(world, event.over, rows, lambda _, at, part: at.chain.exit(part))
            elif isinstance(event, Deposit):
                agenda._deposit(world, event)
            elif isinstance(event, Convert):
                agenda._convert(world, number, event)
            elif not world.is_twin:
                _change_bonds(world, number, event)

        return begin

    def _go_offline(self, world: World, number: int, event: Offline) -> None:
        rows = _all(_targets(world, number, event))
        world.down[rows] += 1

        def come_back(_: Agenda, later: World) -> None:
            later.down[rows] -= 1

        if event.lasts is not None:
            self.add(world.epoch + timing.epochs(world.scenario, event.lasts), come_back)

    def _spread(
        self, world: World, over: Any, targets: Any, deed: Callable[[Agenda, World, Any], object]
    ) -> None:
        """Do something to targets, as many in each of some epochs."""
        span = max(timing.epochs(world.scenario, over), 1)

        def portion(first: int, end: int) -> Action:
            def do(agenda: Agenda, at: World) -> None:
                deed(agenda, at, targets[first:end])

            return do

        for epoch in range(span):
            first, end = len(targets) * epoch // span, len(targets) * (epoch + 1) // span
            if first < end:
                self.add(world.epoch + epoch, portion(first, end))

    def _deposit(self, world: World, event: Deposit) -> None:
        """Let depositors come, to all pools in turn."""
        count = event.validators // world.scenario.scale
        columns: list[list[tuple[int, int | None]]] = []
        for group in _groups(world.scenario, event):
            is_pool = isinstance(world.scenario.groups()[group], PoolGroup)
            homes: list[int | None] = [*world.pools_of(group)] if is_pool else [None]
            columns += [[(group, home)] * count for home in homes]
        places = [place for row in zip_longest(*columns) for place in row]

        def send(_: Agenda, at: World, part: list[tuple[int, int | None]]) -> None:
            for group, home in part:
                at.deposit(group, home, 1)

        self._spread(world, event.over, places, send)

    def _convert(self, world: World, number: int, event: Convert) -> None:
        """Let solo stakers leave, one after the other, to come back with a pool each."""
        if world.is_twin:
            return
        size = event.staker // world.scenario.scale
        rows = world.staying(_all(_targets(world, number, event)))
        stakers = [rows[first : first + size] for first in range(0, len(rows), size)]
        whole = [staker for staker in stakers if len(staker) == size]
        names = [group.name for group in world.scenario.groups()]
        group = names.index(event.into)

        def leave(agenda: Agenda, at: World, part: list[Indices]) -> None:
            for staker in part:
                at.chain.exit(staker)
                agenda._waiting.append(_Founder(staker, group, event.bond))

        self._spread(world, event.over, whole, leave)


class _Founder:
    """A staker that founds a pool once all its validators are paid out."""

    def __init__(self, rows: Indices, group: int, bond: int) -> None:
        self.rows, self.group, self.bond = rows, group, bond

    def is_done(self, world: World) -> bool:
        """Found the pool if the money is there."""
        registry, books = world.chain.state.registry, world.chain.books
        is_over = registry.withdrawable_epoch[self.rows] <= np.uint64(world.chain.epoch)
        if books is None or not is_over.all() or registry.balances[self.rows].any():
            return False
        pools = world.scenario.groups()[self.group]
        assert isinstance(pools, PoolGroup)
        pool = world.found(self.group, self.bond, pools.commission)
        scale = world.scenario.scale
        money = len(self.rows) * SEAT - self.bond // scale
        world.deposit(self.group, pool, money // SEAT)
        return True


def _groups(scenario: Scenario, event: Aimed) -> list[int]:
    """Return the groups that an event names, ascending."""
    chosen = set()
    for number, group in enumerate(scenario.groups()):
        kind = ALL_POOLS if isinstance(group, PoolGroup) else ALL_SOLO
        if {group.name, kind, ALL} & set(event.who):
            chosen.add(number)
    return sorted(chosen)


def _pools(world: World, number: int, event: Aimed) -> list[int]:
    """Return the pools that an event concerns, ascending."""
    return sorted(
        pool
        for group in _groups(world.scenario, event)
        for pool in world.drawn(number, world.pools_of(group), event.share)
    )


def _targets(world: World, number: int, event: Aimed) -> list[Indices]:
    """Return the validators that an event concerns, by pool or solo group."""
    targets = [world.members(pool) for pool in _pools(world, number, event)]
    for group in _groups(world.scenario, event):
        if not isinstance(world.scenario.groups()[group], PoolGroup):
            rows = world.rows(group)
            targets.append(rows[: round(len(rows) * event.share)])
    if event.validators is None:
        return targets
    most = event.validators // world.scenario.scale
    return [world.staying(rows)[:most] for rows in targets]


def _all(targets: list[Indices]) -> Indices:
    """Return targets as one array, those of every pool interleaved evenly."""
    if not targets:
        return np.zeros(0, np.int64)
    rank = np.concatenate([(np.arange(len(rows)) + 0.5) / max(len(rows), 1) for rows in targets])
    rows: Indices = np.concatenate(targets)[np.argsort(rank, kind="stable")]
    return rows


def _change_bonds(world: World, number: int, event: Event) -> None:
    """Add to bonds or ask for parts of them."""
    scale = world.scenario.scale
    if isinstance(event, TopUp):
        world.chain.top_up(_pools(world, number, event), event.amount // scale)
    elif isinstance(event, Unbond):
        amount = 0 if event.amount is None else max(event.amount // scale, 1)
        world.chain.unbond(_pools(world, number, event), amount)


def describe(event: Event) -> str:
    """Say in a few words what happens."""
    if isinstance(event, Partition):
        return f"partition, {as_share(event.share)} on side A, for {event.lasts}"
    share = "" if event.share == 1 else f"{as_share(event.share)} of "
    count = "" if event.validators is None else f"{event.validators:,} validators of "
    text = f"{event.do}: {count}{share}{', '.join(event.who)}"
    amount, lasts = getattr(event, "amount", None), getattr(event, "lasts", None)
    over = getattr(event, "over", None)
    if amount is not None:
        text += f", {as_amount(amount)} each"
    if lasts is not None:
        text += f", for {lasts}"
    if over is not None and over.seconds + over.epochs:
        text += f", over {over}"
    return text
