"""Numbers in the text that are held against what they come from, so that they cannot drift.

`quoted.yaml`, beside the proposal, is a list of entries. Each has `text`, which must stand in the
proposal, and says where the numbers in it come from, one after the other:

- `study`: keys of `assets/studies.json` and `scenarios.json`, or whole numbers as they stand (what
  a study assumes);
- `spec`: expressions over the values of the mainnet preset;
- `document`: the path of a document, and `says`, what stands there, with the same numbers in it;
- `given`: in words, why the numbers are no results (what a scenario assumes, a year, a name).

`times` multiplies a result before it is compared (100 for a percentage), and `step` says to what
it is rounded where that is coarser than its last digit (100 for "about 4,500"), for all numbers or
for each. Every number in *Security Considerations* must be in some entry's text.
"""

import ast
import json
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from poolspec.proposal.document import Proposal
from pysetup.errors import Problems, Span

__all__ = ["Sources", "check_quotes", "evaluate", "load_numbers"]

SECTION = "Security Considerations"

_SOURCES = ("study", "spec", "document", "given")
_FURTHER = ("text", "times", "step", "says")
_NUMBER = re.compile(r"(?<![\w.,#/-])\d+(?:,\d{3})*(?:\.\d+)?(?!\w)")
# Code, targets of links, and names of other proposals hold no numbers that could drift
_OPAQUE = re.compile(r"`[^`]*`|\]\([^)]*\)|\b(?:EIP|ERC|RFC)[- ]\d+")
_OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Pow: operator.pow,
}


@dataclass(frozen=True)
class Sources:
    """What numbers may come from: studies' results by key, the spec's values, the checkout."""

    numbers: Mapping[str, float]
    values: Mapping[str, int | bytes]
    root: Path


class QuoteError(Exception):
    """An entry that cannot be understood or does not hold; the text says why."""


def load_numbers(path: Path) -> Mapping[str, float]:
    """Return the results of all studies by key; none if the file is not there."""
    if not path.is_file():
        return {}
    content = json.loads(path.read_text(encoding="utf-8"))
    return dict(_results(content, ""))


def _results(node: Any, prefix: str) -> Iterator[tuple[str, float]]:
    """Return every value below a node that has a number under `value`."""
    if not isinstance(node, Mapping):
        return
    value = node.get("value")
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield prefix, float(value)
        return
    for key, child in node.items():
        yield from _results(child, prefix if key == "numbers" else f"{prefix}.{key}".strip("."))


def check_quotes(
    proposal: Proposal, path: Path, sources: Sources, sourced: set[int], problems: Problems
) -> None:
    """Report quotes that are not in the text, that do not hold, and numbers that nothing holds.

    Numbers in the lines `sourced` are held by something else.
    """
    name = str(path.relative_to(sources.root) if path.is_relative_to(sources.root) else path)
    text = _Text(proposal)
    for line, entry in _entries(path, name, problems):
        try:
            for start, end in text.find(_required_text(entry)):
                text.cover(start, end)
            _check_entry(entry, sources)
        except QuoteError as error:
            problems.add(Span(name, line, line), str(error))
    for number, line in text.uncovered():
        if line in sourced:
            continue
        message = f"{number} comes from nowhere: tie it to its source in {path.name}"
        problems.add(proposal.span(line), message)


def _entries(path: Path, name: str, problems: Problems) -> Sequence[tuple[int, Mapping[str, Any]]]:
    """Return the entries with their lines."""
    if not path.is_file():
        return []
    try:
        content = YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 1
        problems.add(Span(name, line, line), f"no YAML: {error.problem}")
        return []
    if not isinstance(content, list):
        problems.add(Span(name, 1, 1), "this must be a list of entries")
        return []
    found = []
    for position, entry in enumerate(content):
        line = int(content.lc.item(position)[0]) + 1  # type: ignore[attr-defined]
        if isinstance(entry, Mapping):
            found.append((line, entry))
        else:
            problems.add(Span(name, line, line), "an entry must have 'text' and a source")
    return found


def _required_text(entry: Mapping[str, Any]) -> str:
    text = entry.get("text")
    if not isinstance(text, str):
        raise QuoteError("'text' is missing, what stands in the proposal")
    return " ".join(text.split())


def _check_entry(entry: Mapping[str, Any], sources: Sources) -> None:
    """Raise QuoteError if an entry's numbers are not what its source gives."""
    unknown = [key for key in entry if key not in (*_SOURCES, *_FURTHER)]
    if unknown:
        raise QuoteError(f"unknown key '{unknown[0]}'")
    kinds = [key for key in _SOURCES if key in entry]
    if len(kinds) != 1:
        raise QuoteError(f"an entry has exactly one of: {', '.join(_SOURCES)}")
    kind, text = kinds[0], _required_text(entry)
    if kind == "given":
        return
    if kind == "document":
        says = str(entry.get("says", ""))
        _check_document(str(entry["document"]), says, sources.root)
        foreign = [number for number in _numbers(text) if number not in _numbers(says)]
        if foreign:
            raise QuoteError(f"{foreign[0]} is not in what {entry['document']} says")
        return
    shown = [number.replace(",", "") for number in _numbers(text)]
    wanted = entry[kind] if isinstance(entry[kind], list) else [entry[kind]]
    if len(shown) != len(wanted):
        raise QuoteError(f"'{text}' has {len(shown)} numbers, and '{kind}' {len(wanted)}")
    step = entry.get("step")
    steps = step if isinstance(step, list) else [step] * len(shown)
    if len(steps) != len(shown):
        raise QuoteError(f"'{text}' has {len(shown)} numbers, and 'step' {len(steps)}")
    for number, source, unit in zip(shown, wanted, steps, strict=True):
        value = _value(kind, str(source), sources) * float(entry.get("times", 1))
        _compare(number, value, unit, str(source))


def _check_document(path: str, says: str, root: Path) -> None:
    file = root / path
    if not file.is_file():
        raise QuoteError(f"there is no document {path}")
    text = " ".join(file.read_text(encoding="utf-8").split())
    if not says or " ".join(says.split()) not in text:
        raise QuoteError(f"{path} does not say '{says}'")


def _value(kind: str, source: str, sources: Sources) -> float:
    if kind == "study" and not source.isdecimal():
        if source not in sources.numbers:
            raise QuoteError(f"no study gives '{source}'")
        return sources.numbers[source]
    return evaluate(source, sources.values)


def _compare(shown: str, value: float, step: object, source: str) -> None:
    """Raise QuoteError unless `shown` is the value, rounded to the digits that are shown."""
    digits = len(shown.partition(".")[2])
    unit = float(str(step)) if step is not None else 10.0**-digits
    if abs(float(shown) - value) > unit / 2 * (1 + 1e-9):
        raise QuoteError(f"{shown} is not {source}, which is {value:,.10g}")


def evaluate(expression: str, values: Mapping[str, int | bytes]) -> float:
    """Return what an expression of numbers and names of values comes to.

    Raises QuoteError if it holds anything else.
    """
    try:
        tree = ast.parse(expression, mode="eval")
    except SyntaxError as error:
        raise QuoteError(f"'{expression}' is no expression") from error

    def reckon(node: ast.expr) -> float:
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            return float(_OPERATORS[type(node.op)](reckon(node.left), reckon(node.right)))
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            return node.value
        if isinstance(node, ast.Name):
            value = values.get(node.id)
            if isinstance(value, int):
                return value
            raise QuoteError(f"'{node.id}' is no number of the specification")
        raise QuoteError(f"'{expression}' holds more than numbers, names and + - * / // **")

    return reckon(tree.body)


def _numbers(text: str) -> list[str]:
    """Return the numbers of a text, leaving out what is opaque."""
    return [match[0] for match in _NUMBER.finditer(_blank(text))]


def _blank(text: str) -> str:
    """Return a text with blanks in place of code, targets of links and names of proposals."""
    return _OPAQUE.sub(lambda match: " " * len(match[0]), text)


class _Text:
    """A proposal's text on one line, with the places of its lines and of what quotes cover."""

    def __init__(self, proposal: Proposal) -> None:
        words: list[str] = []
        self._starts: list[tuple[int, int]] = []
        length = 0
        for number, line in enumerate(proposal.lines, start=1):
            shown = " ".join(line.split())
            if shown:
                self._starts.append((length, number))
                words.append(shown)
                length += len(shown) + 1
        self._text = " ".join(words)
        self._covered: list[tuple[int, int]] = []
        section = proposal.section(SECTION)
        self._lines = range(section.first, section.end) if section is not None else range(0)

    def find(self, quote: str) -> Sequence[tuple[int, int]]:
        """Return where a quote stands; raise QuoteError if nowhere."""
        found = [
            (match.start(), match.end()) for match in re.finditer(re.escape(quote), self._text)
        ]
        if not found:
            raise QuoteError(f"the proposal does not say '{quote}'")
        return found

    def cover(self, start: int, end: int) -> None:
        """Take the numbers in a part of the text for sourced."""
        self._covered.append((start, end))

    def uncovered(self) -> Iterator[tuple[str, int]]:
        """Return the numbers of the section that no quote covers, with their lines."""
        for match in _NUMBER.finditer(_blank(self._text)):
            line = max(number for start, number in self._starts if start <= match.start())
            is_covered = any(
                start <= match.start() and match.end() <= end for start, end in self._covered
            )
            if line in self._lines and not is_covered and not self._is_list_number(match):
                yield match[0], line

    def _is_list_number(self, match: re.Match[str]) -> bool:
        """Decide whether a number is that of an item in a list."""
        is_first = any(start == match.start() for start, _ in self._starts)
        return is_first and self._text[match.end() : match.end() + 2] == ". "
