"""The index of vectors: which cases reach which of a fork's own functions, as a file.

To find out takes minutes, so the index is committed beside the fillers and renewed by
`python -m poolspec.specdiff.reached`. Whoever reads it checks that it fits the documents.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from poolspec.vectors.errors import VectorError
from poolspec.vectors.parts import read_mapping

PLACE = "tests/vectors/poolbonds/reached.yaml"
RENEW = "make reached VECTORS=<folder>"

HEADING = f"""\
# Which vectors of the minimal preset reach which New and Modified functions of this fork: by runner
# and handler the number of cases, and the names of those that reach most of the function.
# Written by `{RENEW}`; docs/diff.md says when to renew it.
"""


@dataclass(frozen=True)
class Group:
    """The cases of one runner and handler that reach a function; `examples` are some of them."""

    handler: str
    cases: int
    examples: tuple[str, ...]


Index = Mapping[str, tuple[Group, ...]]
"""By function the groups that reach it, the largest first; no group if no case does."""


def shown_index(index: Index) -> str:
    """The text of the file: a line for each group, so that changes can be reviewed."""
    lines = [HEADING]
    for name, groups in index.items():
        lines.append(f"{name}:{'' if groups else ' {}'}\n")
        for group in groups:
            # A list of names in JSON is one in YAML too.
            examples = json.dumps(group.examples)
            lines.append(f"  {group.handler}: {{cases: {group.cases}, examples: {examples}}}\n")
    return "".join(lines)


def read_index(path: Path) -> Index:
    """Read the file; raises `VectorError` if it is not what `shown_index` writes."""
    return {name: _groups(path, name, value) for name, value in read_mapping(path).items()}


def _groups(path: Path, name: str, value: Any) -> tuple[Group, ...]:
    if not isinstance(value, dict):
        raise VectorError(path, f"'{name}' must be a mapping of handlers")
    return tuple(
        _group(path, f"{name}: {handler}", handler, each) for handler, each in value.items()
    )


def _group(path: Path, place: str, handler: Any, value: Any) -> Group:
    if not isinstance(value, dict) or set(value) != {"cases", "examples"}:
        raise VectorError(path, f"'{place}' needs 'cases' and 'examples'")
    cases, examples = value["cases"], value["examples"]
    if not isinstance(cases, int) or cases < 1:
        raise VectorError(path, f"'{place}': 'cases' must be a positive number")
    if not isinstance(examples, list) or not all(isinstance(each, str) for each in examples):
        raise VectorError(path, f"'{place}': 'examples' must be a list of names")
    return Group(str(handler), cases, tuple(examples))


def check_index(path: Path, index: Index, functions: Iterable[str]) -> None:
    """Raise `VectorError` unless the index has exactly these functions."""
    wanted = list(functions)
    missing = [name for name in wanted if name not in index]
    surplus = [name for name in index if name not in set(wanted)]
    if missing or surplus:
        parts = [
            f"{what} {', '.join(names)}"
            for what, names in (("it lacks", missing), ("it has, but the fork has not,", surplus))
            if names
        ]
        raise VectorError(path, f"{'; '.join(parts)}: renew it with `{RENEW}`")
