"""What a result depends on, as one digest: parameters, code, and the protocol's values."""

import ast
import hashlib
import json
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from poolspec.studies.protocol import specification
from poolspec.studies.study import Point, Study

__all__ = ["code_digest", "point_key"]

PACKAGE = Path(__file__).parents[1]
VALUES_OF = ("fulu", "poolbonds")
"""Whose constants, presets and configuration every study may use."""


def _files(sources: Iterable[str]) -> list[Path]:
    """Return the source files among some paths of the package, in order and each once."""
    found: set[Path] = set()
    for source in sources:
        path = PACKAGE / source
        if path.is_dir():
            found.update(path.rglob("*.py"))
        elif path.is_file():
            found.add(path)
        else:
            raise FileNotFoundError(f"{source}: a study depends on it, but it is not there")
    return sorted(found)


@cache
def _values() -> str:
    """Return the protocol's values as text."""
    text = []
    for fork in VALUES_OF:
        module = specification(fork)
        values: dict[str, Any] = {
            name: value for name, value in vars(module).items() if name.isupper()
        }
        values.update(module.config._asdict())
        text += [
            f"{fork}.{name}={value!s}"
            for name, value in sorted(values.items())
            if isinstance(value, int | bytes | tuple) and name != "SOURCE_MAP"
        ]
    return "\n".join(text)


def _code(path: Path, presenters: frozenset[str] = frozenset()) -> str:
    """Return a module without what changes no result: comments, docstrings, layout, presenters."""
    tree = ast.parse(path.read_bytes())
    tree.body = [each for each in tree.body if getattr(each, "name", None) not in presenters]
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [  # type: ignore[attr-defined]
                each
                for each in body
                if not (
                    isinstance(each, ast.Expr)
                    and isinstance(each.value, ast.Constant)
                    and isinstance(each.value.value, str)
                )
            ]
    return ast.dump(tree)


@cache
def _digest(module: str, presenters: frozenset[str], sources: tuple[str, ...]) -> str:
    found = find_spec(module)
    if found is None or found.origin is None:
        raise FileNotFoundError(f"{module}: a study is written in it, but it is not there")
    total = hashlib.sha256(_values().encode())
    total.update(_code(Path(found.origin), presenters).encode())
    for path in _files(sources):
        total.update(f"\0{path.name}\0".encode())
        total.update(_code(path).encode())
    return total.hexdigest()


def code_digest(study: Study) -> str:
    """Return a digest of the code and of the protocol's values that a study's results rest on.

    What the study makes of its results is no part of it, nor is the function that lists the points,
    as each point is in the key.
    """
    made_of_results = (study.numbers, study.tables, study.figure, study.check)
    presenters = frozenset({"points", *(each.__name__ for each in made_of_results)})
    return _digest(study.module, presenters, tuple(study.sources))


def point_key(study: Study, point: Point) -> str:
    """Return the name under which a point's result is kept: other content, other name."""
    text = json.dumps([study.name, dict(point), code_digest(study)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
