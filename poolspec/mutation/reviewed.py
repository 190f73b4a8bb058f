"""The reviewed list: what vectors cannot reach or tell apart, and why, in `reviewed.yaml`.

An entry that no longer applies is an error, so that the list never excuses more than was reviewed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from poolspec.mutation.functions import Place
from poolspec.mutation.killing import Fate, Judged
from poolspec.mutation.mutants import MutantKey
from poolspec.mutation.points import Point
from poolspec.vectors.errors import VectorError
from poolspec.vectors.parts import read_mapping

PointKey = tuple[str, str]

SECTIONS = ("excluded documents", "excluded functions", "unreachable", "equivalent")


@dataclass
class Reviewed:
    """Reasons: by document, function, point (function, text) and mutant."""

    path: Path
    documents: Mapping[str, str] = field(default_factory=dict)
    functions: Mapping[str, str] = field(default_factory=dict)
    unreachable: Mapping[PointKey, str] = field(default_factory=dict)
    equivalent: Mapping[MutantKey, str] = field(default_factory=dict)

    def judged(self, places: Sequence[Place]) -> list[Place]:
        """The functions that vectors must reach."""
        return [
            place
            for place in places
            if place.document not in self.documents and place.name not in self.functions
        ]

    def unlisted(self, misses: Iterable[Point]) -> list[Point]:
        """The points without an excuse."""
        return [point for point in misses if point_key(point) not in self.unreachable]

    def stale_exclusions(self, places: Sequence[Place], reached: Iterable[Point]) -> list[str]:
        """Excluded documents and functions that are not there, or that vectors reach after all."""
        documents = {place.document for place in places}
        names = {place.name: place.document for place in places}
        entered = {point.function for point in reached}
        problems = [f"no functions in {name}" for name in self.documents if name not in documents]
        problems += [f"no function {name}" for name in self.functions if name not in names]
        problems += [
            f"{place.name} is excluded, but vectors reach it"
            for place in places
            if place.name in entered and place not in self.judged([place])
        ]
        return self._shown(problems)

    def stale_points(self, points: Iterable[Point], misses: Iterable[Point]) -> list[str]:
        """Points that are not there, or not missed any more."""
        known = {point_key(point) for point in points}
        missed = {point_key(point) for point in misses}
        return self._shown(
            f"{function}: {'reached by now' if (function, text) in known else 'no such point'}: "
            f"{text}"
            for function, text in self.unreachable
            if (function, text) not in missed
        )

    def stale_mutants(
        self, judged: Sequence[Judged], functions: Iterable[str], *, all_mutants: bool
    ) -> list[str]:
        """Mutants of these functions that are not there, or do not survive any more.

        In a sample, nothing can be said of those that were not made.
        """
        fates = {each.mutant.key: each.fate for each in judged}
        names = set(functions)
        problems = []
        for key in self.equivalent:
            fate = fates.get(key)
            if fate is None and (all_mutants and key[0] in names):
                problems.append(f"{_shown_mutant(key)}: no such mutant")
            elif fate is not None and fate not in (Fate.SURVIVED, Fate.NOT_REACHED):
                problems.append(f"{_shown_mutant(key)}: {fate.value} by now")
        return self._shown(problems)

    def unknown_functions(self, places: Sequence[Place]) -> list[str]:
        """Entries on functions that are not under judgement."""
        names = {place.name for place in self.judged(places)}
        used = dict.fromkeys([key[0] for key in (*self.unreachable, *self.equivalent)])
        return self._shown(f"no function {name}" for name in used if name not in names)

    def _shown(self, problems: Iterable[str]) -> list[str]:
        return [f"{self.path}: {problem}" for problem in problems]


def point_key(point: Point) -> PointKey:
    """What a point is known by in the list."""
    return (point.function, str(point))


def _shown_mutant(key: MutantKey) -> str:
    function, before, after, occurrence = key
    return f"{function}: {before} → {after}" + (f" ({occurrence})" if occurrence > 1 else "")


def read_reviewed(path: Path) -> Reviewed:
    """Read the list; raises `VectorError` if it is not what it should be."""
    content = read_mapping(path)
    if unknown := sorted(set(content) - set(SECTIONS)):
        raise VectorError(path, f"unknown section '{unknown[0]}'")
    points = _grouped(path, content, "unreachable", "points")
    mutants = _grouped(path, content, "equivalent", "mutants")
    return Reviewed(
        path,
        _reasons(path, content, "excluded documents"),
        _reasons(path, content, "excluded functions"),
        _unique(path, [(_point(path, entry), reason) for entry, reason in points]),
        _unique(path, [(_mutant(path, entry), reason) for entry, reason in mutants]),
    )


def _reasons(path: Path, content: Mapping[str, Any], section: str) -> dict[str, str]:
    values = content.get(section) or {}
    if not isinstance(values, dict) or not all(isinstance(v, str) and v for v in values.values()):
        raise VectorError(path, f"'{section}' must be a mapping of names to reasons")
    return values


def _grouped(
    path: Path, content: Mapping[str, Any], section: str, entries: str
) -> list[tuple[dict[str, Any], str]]:
    """The entries of a list of groups, each with the group's reason."""
    found = []
    for group in content.get(section) or []:
        if not isinstance(group, dict) or set(group) != {"reason", entries}:
            raise VectorError(path, f"each entry of '{section}' needs 'reason' and '{entries}'")
        if not isinstance(group["reason"], str) or not isinstance(group[entries], list):
            raise VectorError(path, f"'{section}': a reason is a text, '{entries}' a list")
        found += [(entry, " ".join(group["reason"].split())) for entry in group[entries]]
    return found


def _texts(path: Path, entry: Any, *names: str) -> list[str]:
    """The values of an entry with exactly these names, all of them text."""
    if not isinstance(entry, dict) or set(entry) - {"occurrence"} != set(names):
        raise VectorError(path, f"an entry needs {', '.join(names)}, and is {entry!r}")
    values = [entry[name] for name in names]
    if not all(isinstance(value, str) for value in values):
        raise VectorError(path, f"an entry must be text: {entry!r}")
    return values


def _point(path: Path, entry: Any) -> PointKey:
    function, text = _texts(path, entry, "function", "point")
    return (function, text)


def _mutant(path: Path, entry: Any) -> MutantKey:
    function, before, after = _texts(path, entry, "function", "before", "after")
    occurrence = entry.get("occurrence", 1)
    if not isinstance(occurrence, int):
        raise VectorError(path, f"'occurrence' must be a number: {entry!r}")
    return (function, before, after, occurrence)


def _unique(path: Path, entries: list[tuple[Any, str]]) -> dict[Any, str]:
    found: dict[Any, str] = {}
    for key, reason in entries:
        if key in found:
            raise VectorError(path, f"listed twice: {key}")
        found[key] = reason
    return found
