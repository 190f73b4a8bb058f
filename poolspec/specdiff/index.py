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

PLACE = "tests/vectors/poolbonds/reached.json"
RENEW = "make reached VECTORS=<folder>"


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
    return "{\n" + ",\n".join(_shown(*each) for each in index.items()) + "\n}\n"


def _shown(name: str, groups: tuple[Group, ...]) -> str:
    lines = [
        f"    {json.dumps(group.handler)}: "
        + json.dumps({"cases": group.cases, "examples": group.examples})
        for group in groups
    ]
    return f"  {json.dumps(name)}: " + ("{\n" + ",\n".join(lines) + "\n  }" if lines else "{}")


def read_index(path: Path) -> Index:
    """Read the file; raises `VectorError` if it is not what `shown_index` writes."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise VectorError(path, error.strerror or str(error)) from error
    except (ValueError, RecursionError) as error:
        raise VectorError(path, f"damaged JSON: {error}") from error
    if not isinstance(content, dict):
        raise VectorError(path, "must be a mapping of functions")
    return {name: _groups(path, name, value) for name, value in content.items()}


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
