"""Scenarios from YAML files, by name, and with some values changed; errors have their lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from poolspec.simulator import checking
from poolspec.simulator.errors import Problem, ScenarioError
from poolspec.simulator.salvage import further_faults
from poolspec.simulator.scenario import Scenario

__all__ = ["built_in", "built_in_names", "read_scenario", "variants", "with_overrides"]

_MOST_BYTES = 2**20
_MOST_NODES = 100_000
_MOST_BITS = 256
_FOLDER = "scenarios"
_DEEPEST = 50
"""Brackets within each other; the parser's time grows with their square."""

Locate = Callable[[checking.Path], str]
"""Gives the place in the file of a place in the scenario."""


def _always(place: str) -> Locate:
    """Return a locator that knows only one place."""
    return lambda _: place


# From text to a document


def _load(text: str, name: str) -> Any:
    """Parse YAML and keep the lines; raises ScenarioError."""
    depth = 0
    for row, line in enumerate(text.splitlines(), 1):
        depth += line.count("[") + line.count("{") - line.count("]") - line.count("}")
        if depth > _DEEPEST:
            raise ScenarioError([Problem(f"{name}:{row}", "too many open brackets")])
    try:
        return YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        row = mark.line + 1 if mark else 1
        what = (error.problem or error.context or "this is no YAML").split("\n")[0].strip()
        raise ScenarioError([Problem(f"{name}:{row}", what)]) from None
    except (YAMLError, ValueError, RecursionError) as error:
        what = str(error).split("\n")[0] or type(error).__name__
        raise ScenarioError([Problem(f"{name}:1", f"cannot be read as YAML: {what}")]) from None


def _plain(node: Any, budget: list[int]) -> Any:
    """Return ordinary lists, dictionaries and scalars, at most so many."""
    budget[0] -= 1
    if budget[0] < 0:
        raise ValueError(f"more than {_MOST_NODES} values")
    if isinstance(node, int) and node.bit_length() > _MOST_BITS:
        # Python does not even write such numbers out for a message
        raise ValueError(f"a number of {node.bit_length()} bits")
    if isinstance(node, Mapping):
        return {str(key): _plain(value, budget) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [_plain(value, budget) for value in node]
    for kind in (bool, int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node if node is None else str(node)


def _line(document: Any, path: checking.Path) -> int:
    """Return the line of a place; of the nearest one around it where it has none."""
    line, node = 1, document
    for step in path:
        try:
            if isinstance(node, CommentedMap):
                line = node.lc.key(step)[0] + 1
            elif isinstance(node, CommentedSeq):
                line = node.lc.item(step)[0] + 1
            node = node[step]
        except (KeyError, IndexError, TypeError, AttributeError):
            break
    return line


# From a document to a scenario


def _trimmed(document: Any, path: checking.Path) -> checking.Path:
    """Return a place without the names of alternatives that pydantic puts between the keys."""
    steps: list[str | int] = []
    node = document
    for number, step in enumerate(path):
        try:
            node = node[step]
        except (KeyError, IndexError, TypeError):
            if number < len(path) - 1:
                continue
        steps.append(step)
    return tuple(steps)


def _message(error: Any, path: checking.Path) -> str:
    """Say in our words what pydantic found."""
    key = str(path[-1]) if path else ""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return f"unknown key '{key}'"
    if kind == "missing":
        return f"the key '{key}' is missing"
    if kind == "union_tag_not_found":
        return f"the key 'do' is missing: one of {context.get('expected_tags', 'the events')}"
    if kind == "union_tag_invalid":
        return f"there is no event '{context['tag']}', only {context['expected_tags']}"
    if kind == "value_error":
        return f"{key}: {context['error']}"
    if kind in ("model_type", "model_attributes_type", "dict_type", "mapping_type"):
        return f"{key or 'the scenario'} must be a mapping of keys to values"
    if kind in ("tuple_type", "list_type"):
        return f"{key} must be a list"
    if kind == "string_pattern_mismatch":
        return f"'{str(error['input'])[:40]}' is no name: lower-case letters, digits and hyphens"
    shown = str(error["input"])[:40]
    return f"{key}: '{shown}' does not fit: {error['msg'][0].lower()}{error['msg'][1:]}"


def _build(document: Any, locate: Locate) -> Scenario:
    """Return the scenario of a document; raises ScenarioError with all that is wrong."""
    try:
        scenario = Scenario.model_validate(document)
    except ValidationError as error:
        broken = [_trimmed(document, each["loc"]) for each in error.errors()]
        found = [
            (path, _message(each, path)) for each, path in zip(error.errors(), broken, strict=True)
        ]
        found += further_faults(document, broken)
        raise ScenarioError([Problem(locate(path), message) for path, message in found]) from None
    faults = checking.faults(scenario)
    if faults:
        raise ScenarioError([Problem(locate(path), message) for path, message in faults])
    return scenario


def _read(text: str, name: str) -> Scenario:
    raw = _load(text, name)
    if not isinstance(raw, Mapping):
        what = "is empty" if raw is None else "must be a mapping of keys to values"
        raise ScenarioError([Problem(f"{name}:1", f"the scenario {what}")])
    try:
        document = _plain(raw, [_MOST_NODES])
    except (ValueError, RecursionError) as error:
        raise ScenarioError([Problem(f"{name}:1", f"the scenario is too large: {error}")]) from None
    scenario = _build(document, lambda path: f"{name}:{_line(raw, path)}")
    problems: list[Problem] = []
    for number, variant in enumerate(scenario.variants):
        line = _line(raw, ("variants", number, "set"))
        try:
            _changed(scenario, variant.set, _always(f"{name}:{line}"))
        except ScenarioError as error:
            prefix = f"variant '{variant.name}': "
            problems += [Problem(each.place, prefix + each.message) for each in error.problems]
    if problems:
        raise ScenarioError(problems)
    return scenario


def read_scenario(path: Path | str) -> Scenario:
    """Read a YAML file. Raises ScenarioError with every mistake and its line, or OSError."""
    file = Path(path)
    content = file.read_bytes()
    if len(content) > _MOST_BYTES:
        raise ScenarioError([Problem(f"{file}:1", f"the file is larger than {_MOST_BYTES} bytes")])
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ScenarioError([Problem(f"{file}:{line}", "the file is not UTF-8 text")]) from None
    return _read(text, str(file))


def built_in_names() -> list[str]:
    """Return the names of the scenarios that come with the package."""
    folder = resources.files("poolspec.simulator") / _FOLDER
    return sorted(
        entry.name.removesuffix(".yaml")
        for entry in folder.iterdir()
        if entry.name.endswith(".yaml")
    )


def built_in(name: str) -> Scenario:
    """Return a scenario that comes with the package. Raises ScenarioError if there is none."""
    if name not in built_in_names():
        known = ", ".join(built_in_names())
        raise ScenarioError([Problem(name, f"there is no such scenario, only {known}")])
    file = resources.files("poolspec.simulator") / _FOLDER / f"{name}.yaml"
    return _read(file.read_text(encoding="utf-8"), f"{name}.yaml")


# With other values


def _step(node: Any, step: str) -> str | int:
    """Return the key or the place of one step of a path; in lists by number or by name."""
    if isinstance(node, dict):
        return step
    if isinstance(node, list):
        for number, entry in enumerate(node):
            if isinstance(entry, dict) and entry.get("name") == step:
                return number
        if step.isdecimal() and int(step) < len(node):
            return int(step)
    raise KeyError(step)


def _put(document: Any, path: str, value: Any) -> None:
    """Set a value by its path, such as `registry.pools.large.bond`; raises KeyError."""
    node, steps = document, path.split(".")
    for step in steps[:-1]:
        place = _step(node, step)
        if isinstance(node, dict) and place not in node:
            raise KeyError(step)
        node = node[place]
    node[_step(node, steps[-1])] = value


def _changed(scenario: Scenario, values: Mapping[str, Any], locate: Locate) -> Scenario:
    document = json.loads(scenario.model_dump_json(exclude_unset=False, exclude_none=True))
    document.setdefault("config", {})
    for path, value in values.items():
        try:
            if value is None:
                raise KeyError(path)
            _put(document, path, value)
        except (KeyError, IndexError, TypeError):
            message = f"there is no '{path}' in the scenario, or no value for it"
            raise ScenarioError([Problem(locate(()), message)]) from None
        for one, other in (("bond", "backing"), ("backing", "bond")):
            # A pool's bond is given in one of two ways; the new one replaces the other.
            if path.endswith(f".{one}") and path.startswith("registry."):
                _drop(document, path.removesuffix(one) + other)
    return _build(document, locate)


def _drop(document: Any, path: str) -> None:
    node, steps = document, path.split(".")
    for step in steps[:-1]:
        node = node[_step(node, step)]
    node.pop(steps[-1], None)


def with_overrides(scenario: Scenario, settings: Sequence[str]) -> Scenario:
    """Return a scenario with values changed, each given as `path=value`; raises ScenarioError.

    A path goes through keys, and through lists by number or by an entry's name, such as
    `registry.pools.large.bond=400 ETH`, `config.POOL_LEVERAGE=50` or `events.0.share=40%`.
    """
    values: dict[str, Any] = {}
    for setting in settings:
        path, sign, text = setting.partition("=")
        if not sign or not path.strip():
            raise ScenarioError([Problem(f"--set {setting}", "write it as key=value")])
        try:
            values[path.strip()] = _plain(_load(text, f"--set {setting}"), [_MOST_NODES])
        except (ValueError, RecursionError) as error:
            message = f"the value is too large: {error}"
            raise ScenarioError([Problem(f"--set {path}", message)]) from None

    def locate(path: checking.Path) -> str:
        """Name the setting that is most likely meant."""
        ends = f"{path[-1]}=" if path else ""
        fitting = [each for each in settings if ends and ends in each]
        return "--set " + (fitting or list(settings) or ["…"])[0]

    return _changed(scenario, values, locate) if values else scenario


def variants(scenario: Scenario) -> list[tuple[str, Scenario]]:
    """Return what a scenario runs: its variants by name, or itself under its own name."""
    alone = scenario.model_copy(update={"variants": ()})
    if not scenario.variants:
        return [(scenario.name, alone)]
    return [
        (each.name, _changed(alone, each.set, _always(f"variant '{each.name}'")))
        for each in scenario.variants
    ]
