"""Reads the YAML files of presets and configurations, with the line of every key."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from pysetup.errors import Problems, Span
from pysetup.values import Value, ValueProblem, is_bytes

# A scalar as it stands in the file, or lists and mappings of such: `0x00` is a number or bytes,
# which only the type in the table can tell.
Raw = str | list["Raw"] | dict[str, "Raw"]


@dataclass(frozen=True)
class Entry:
    """A key of the file with its value."""

    span: Span
    raw: Raw


def read_entries(path: str, text: str, problems: Problems) -> dict[str, Entry]:
    """Return the entries of a YAML file by key; report what is not a mapping of unique keys."""
    whole = Span(path, 1, 1)
    try:
        node = _yaml().compose(text)
    except MarkedYAMLError as error:
        mark: Any = error.problem_mark or error.context_mark
        here = whole.line(mark.line) if mark else whole
        problems.add(here, f"not YAML: {error.problem or error}")
        return {}
    except YAMLError as error:
        problems.add(whole, f"not YAML: {error}")
        return {}
    if node is None:
        return {}
    if not isinstance(node, MappingNode):
        problems.add(whole, "the file must be a mapping of names to values")
        return {}
    entries: dict[str, Entry] = {}
    for key, value in node.value:
        span = whole.line(key.start_mark.line)
        if not isinstance(key, ScalarNode):
            problems.add(span, "a key must be a name")
        elif key.value in entries:
            problems.add(span, f"duplicate key `{key.value}`, also at {entries[key.value].span}")
        else:
            entries[key.value] = Entry(span, _raw(value))
    return entries


@cache
def _yaml() -> YAML:
    # The pure reader gives nodes with marks and the text of scalars; the C reader does not.
    return YAML(typ="safe", pure=True)


def _raw(node: Node) -> Raw:
    """Return what a node holds, scalars as text."""
    match node:
        case SequenceNode():
            return [_raw(item) for item in node.value]
        case MappingNode():
            return {str(key.value): _raw(value) for key, value in node.value}
        case _:
            return str(node.value)


def typed(raw: Raw, root: str) -> Value:
    """Return a raw value as the root type reads it; raise ValueProblem if it cannot."""
    match raw:
        case list():
            return [typed(item, "") for item in raw]
        case dict():
            return {key: typed(item, "") for key, item in raw.items()}
    if root == "str":
        return raw
    try:
        if is_bytes(root):
            return bytes.fromhex(raw.removeprefix("0x"))
        return int(raw, 0)
    except ValueError:
        if root:
            raise ValueProblem(f"{raw!r} is not a value of the type {root}") from None
        return raw
