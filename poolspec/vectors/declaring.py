"""What a filler declares about its cases, and the case that a test item stands for.

A module says `pytestmark = pytest.mark.vectors(runner=…, handler=…, forks=[…])`. A mark on a
function or on a single `pytest.param` adds to it or replaces parts of it. The name of a case is
that of the function, with the parameters other than the fork and preset.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from poolspec.vectors.layout import CaseId

MARK = "vectors"
DEFAULT_SUITE = "pyspec_tests"
DEFAULT_PRESETS = ("minimal", "mainnet")

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_]+")
_KNOWN = {"runner", "handler", "suite", "case", "forks", "presets"}


class DeclarationError(Exception):
    """A mark that does not say what is needed."""


@dataclass(frozen=True)
class SpecKey:
    """A fork and a preset: what `spec` is parametrised by."""

    fork: str
    preset: str

    def __str__(self) -> str:
        return f"{self.fork}-{self.preset}"


@dataclass(frozen=True)
class Declaration:
    """The sum of the marks on a test."""

    runner: str
    handler: str
    forks: tuple[str, ...]
    presets: tuple[str, ...] = DEFAULT_PRESETS
    suite: str = DEFAULT_SUITE
    case: str | None = None

    def spec_keys(self) -> list[SpecKey]:
        """All pairs of the declared forks and presets."""
        return [SpecKey(fork, preset) for fork in self.forks for preset in self.presets]


def declare(marks: Iterable[Mapping[str, Any]], place: str) -> Declaration | None:
    """The declaration that marks add up to, nearest first; None if there are none.

    The handler may still be open (""), where each parameter brings its own.
    """
    merged: dict[str, Any] = {}
    for mark in marks:
        if unknown := sorted(set(mark) - _KNOWN):
            raise DeclarationError(f"{place}: mark '{MARK}' does not know {', '.join(unknown)}")
        merged = {**mark, **merged}
    if not merged:
        return None
    if missing := sorted({"runner", "forks"} - set(merged)):
        raise DeclarationError(f"{place}: mark '{MARK}' needs {', '.join(missing)}")
    for name in ("forks", "presets"):
        if isinstance(merged.get(name, []), str):
            raise DeclarationError(f"{place}: '{name}' must be a list")
        if name in merged:
            merged[name] = tuple(merged[name])
    return Declaration(**{"handler": "", **merged})


def case_name(function: str, parameters: str, key: SpecKey) -> str:
    """The case of a test function with these parameters, as pytest joins them with hyphens."""
    others = f"-{parameters}-".replace(f"-{key}-", "-", 1).strip("-")
    name = function.removeprefix("test_") + (f"__{others}" if others else "")
    return _NOT_IN_NAMES.sub("_", name)


def case_id(declaration: Declaration, key: SpecKey, function: str, parameters: str) -> CaseId:
    """The case that one run of a test function records."""
    if not declaration.handler:
        raise DeclarationError(f"{function}: mark '{MARK}' needs handler")
    return CaseId(
        key.preset,
        key.fork,
        declaration.runner,
        declaration.handler,
        declaration.suite,
        declaration.case or case_name(function, parameters, key),
    )
