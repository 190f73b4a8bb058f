"""Look for mistakes of sense in a scenario that has mistakes of form, to tell all of them at once.

What cannot be read is left out, or stands for something harmless where it is needed, and what is
then found about it or around it does not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from pydantic import ValidationError

from poolspec.simulator import checking
from poolspec.simulator.scenario import Scenario

__all__ = ["further_faults"]

_HARMLESS = {
    "amount": "1 ETH",
    "at": "0 epochs",
    "bond": "32 ETH",
    "duration": "36000 days",
    "lasts": "0 epochs",
    "name": "unnamed",
    "share": "0%",
    "title": "untitled",
    "value": 0,
    "who": "all",
}
"""Values for keys that are needed."""


def further_faults(document: Any, broken: Sequence[checking.Path]) -> list[tuple[Any, str]]:
    """Return what else is wrong, given the places that cannot be read."""
    repaired = deepcopy(document)
    for path in broken:
        _remove(repaired, path)
    try:
        scenario = Scenario.model_validate(repaired)
    except ValidationError as error:
        for each in error.errors():
            _fill(repaired, each["loc"])
        try:
            scenario = Scenario.model_validate(repaired)
        except ValidationError:
            return []
    return [
        (place, message)
        for place, message in checking.faults(scenario)
        if not any(_touch(place, path) for path in broken)
    ]


def _touch(one: checking.Path, other: checking.Path) -> bool:
    """Decide whether one of two places lies within the other."""
    return all(a == b for a, b in zip(one, other, strict=False))


def _remove(document: Any, path: checking.Path) -> None:
    """Take a key away; entries of lists stay, so that the others keep their places."""
    try:
        node = document
        for step in path[:-1]:
            node = node[step]
        if path and isinstance(node, dict):
            node.pop(path[-1], None)
    except (KeyError, IndexError, TypeError):
        pass


def _fill(document: Any, location: Sequence[str | int]) -> None:
    """Put something harmless where a key is missing."""
    node = document
    for step in location[:-1]:
        try:
            node = node[step]
        except (KeyError, IndexError, TypeError):
            continue  # pydantic names the kind of event between the keys
    key = str(location[-1])
    if isinstance(node, dict) and key in _HARMLESS:
        node[key] = _HARMLESS[key]
