"""What a scenario of the right form can still have wrong: names, dates, numbers that do not fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import poolspec
from poolspec.runtime.configuration import ConfigurationError
from poolspec.simulator import timing
from poolspec.simulator.events import Aimed, Convert, Deposit, Event, Partition, TopUp, Unbond
from poolspec.simulator.scenario import Scenario

__all__ = ["ALL", "ALL_POOLS", "ALL_SOLO", "Path", "faults"]

Path = tuple[str | int, ...]
"""Where something stands in a scenario: keys and places in lists."""

Fault = tuple[Path, str]

ALL, ALL_POOLS, ALL_SOLO = "all", "all-pools", "all-solo"
_MOST_SIMULATED = 4_000_000
_MOST_EPOCHS = 10_000_000
_SEAT = 32 * 10**9


def faults(scenario: Scenario) -> list[Fault]:
    """Return everything that is wrong, with its place."""
    return [
        *_config(scenario),
        *_names(scenario),
        *_sizes(scenario),
        *(
            fault
            for number, event in enumerate(scenario.events)
            for fault in _event(scenario, event, ("events", number))
        ),
        *_partitions(scenario),
        *_expectations(scenario),
    ]


def _config(scenario: Scenario) -> Iterator[Fault]:
    shared = poolspec.load("poolbonds", scenario.preset)
    known = shared.__dict__["config"]._asdict()
    for name, value in scenario.config.items():
        place = ("config", name)
        if name not in known:
            yield place, f"there is no configuration value {name}"
        elif not isinstance(known[name], int):
            yield place, f"{name} is no number"
        elif value == 0 and name.endswith(("_DIVISOR", "_LEVERAGE", "_QUOTIENT")):
            yield place, f"{name} must not be 0"
        else:
            try:
                type(known[name])(value)
            except (ConfigurationError, ValueError) as error:
                yield place, f"{name}: {error}"


def _names(scenario: Scenario) -> Iterator[Fault]:
    counts = Counter(group.name for group in scenario.groups())
    for kind in ("solo", "pools"):
        for number, group in enumerate(getattr(scenario.registry, kind)):
            place = ("registry", kind, number, "name")
            if group.name in (ALL, ALL_POOLS, ALL_SOLO):
                yield place, f"'{group.name}' stands for several groups and cannot name one"
            elif counts[group.name] > 1:
                yield place, f"the name '{group.name}' is used {counts[group.name]} times"
    twice = Counter(variant.name for variant in scenario.variants)
    for number, variant in enumerate(scenario.variants):
        if twice[variant.name] > 1:
            yield ("variants", number, "name"), f"the name '{variant.name}' is used twice"


def _sizes(scenario: Scenario) -> Iterator[Fault]:
    scale, total = scenario.scale, 0
    for number, solo in enumerate(scenario.registry.solo):
        total += solo.validators
        if solo.validators % scale:
            place: Path = ("registry", "solo", number, "validators")
            yield place, f"{solo.validators} validators cannot be divided by the scale of {scale}"
        if solo.balance % 10**9 or solo.balance > 2048 * 10**9:
            place = ("registry", "solo", number, "balance")
            yield place, "a balance is a whole number of ETH, at most 2048 ETH"
    for number, pool in enumerate(scenario.registry.pools):
        place = ("registry", "pools", number)
        total += pool.pools * pool.members
        if pool.members % scale:
            message = f"{pool.members} members cannot be divided by the scale of {scale}"
            yield (*place, "members"), message
        if (pool.bond is None) == (pool.backing is None):
            yield place, f"the pools '{pool.name}' need either 'bond' or 'backing'"
        if pool.pools > _MOST_SIMULATED // 100:
            yield (*place, "pools"), f"{pool.pools} pools are too many"
    if total // scale > _MOST_SIMULATED:
        message = f"{total} validators at a scale of {scale} are too many; "
        yield ("registry",), message + f"at most {_MOST_SIMULATED} can be simulated"
    elif total == 0:
        yield ("registry",), "there is no validator at the start"
    lasts = timing.duration(scenario)
    if not 1 <= lasts <= _MOST_EPOCHS:
        yield ("duration",), f"a scenario lasts from 1 to {_MOST_EPOCHS} epochs, not {lasts}"


def _event(scenario: Scenario, event: Event, place: Path) -> Iterator[Fault]:
    end, begins = timing.duration(scenario), timing.epochs(scenario, event.at)
    if begins >= end:
        yield (*place, "at"), f"the event is at {event.at}, and the scenario ends at {end} epochs"
    for name in ("lasts", "over"):
        span = getattr(event, name, None)
        if span is not None and begins < end < begins + timing.epochs(scenario, span):
            yield (*place, name), f"{span} from {event.at} on are past the scenario's end"
    if not isinstance(event, Aimed):
        return
    pools = {group.name for group in scenario.registry.pools}
    solo = {group.name for group in scenario.registry.solo}
    known = pools | solo | {ALL, ALL_POOLS, ALL_SOLO}
    for name in event.who:
        if name not in known:
            yield (*place, "who"), f"there is no group '{name}'"
        elif isinstance(event, Unbond | TopUp) and name in solo | {ALL_SOLO}:
            yield (*place, "who"), f"'{name}' are solo validators and have no bond"
        elif isinstance(event, Convert) and name in pools | {ALL, ALL_POOLS}:
            yield (*place, "who"), f"'{name}' are not solo validators"
    if event.validators is not None and event.validators % scenario.scale:
        message = f"{event.validators} cannot be divided by the scale of {scenario.scale}"
        yield (*place, "validators"), message
    if isinstance(event, Deposit) and event.share != 1:
        yield (*place, "share"), "a deposit goes to every pool of its groups; leave 'share' out"
    if isinstance(event, Convert):
        yield from _convert(scenario, event, place, pools)


def _convert(scenario: Scenario, event: Convert, place: Path, pools: set[str]) -> Iterator[Fault]:
    if event.into not in pools:
        yield (*place, "into"), f"there is no group of pools '{event.into}'"
    if event.staker % scenario.scale:
        message = f"{event.staker} cannot be divided by the scale of {scenario.scale}"
        yield (*place, "staker"), message
    if event.bond > (event.staker - 1) * _SEAT:
        yield (*place, "bond"), "the stakers have not enough for the bond and one member"


def _partitions(scenario: Scenario) -> Iterator[Fault]:
    spans = sorted(
        (timing.epochs(scenario, event.at), timing.epochs(scenario, event.lasts), number)
        for number, event in enumerate(scenario.events)
        if isinstance(event, Partition)
    )
    for (begins, lasts, _), (following, _, number) in pairwise(spans):
        if following < begins + lasts:
            yield ("events", number, "at"), "the partition before this one is not over yet"


def _expectations(scenario: Scenario) -> Iterator[Fault]:
    end = timing.duration(scenario)
    for number, expectation in enumerate(scenario.expect):
        if timing.epochs(scenario, expectation.at) > end:
            message = f"the scenario ends at {end} epochs"
            yield ("expect", number, "at"), message
