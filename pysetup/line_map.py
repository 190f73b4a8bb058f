"""Turns messages about compiled modules into messages about the documents.

A filter for the output of mypy, ruff, pytest and the like: `path.py:12:5` and
`File "path.py", line 12` become the place in the markdown, if `path.py` is a compiled module.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from pysetup.build import MARK

_PLACE = re.compile(r"(?P<path>[^\s:\"']+\.py):(?P<line>\d+)(?P<column>:\d+)?")
_FRAME = re.compile(r'File "(?P<path>[^"]+\.py)", line (?P<line>\d+)')

# (first line of the module, last line, document, first line there, last line there)
_Entry = tuple[int, int, str, int, int]


def map_lines(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines with every place in a compiled module replaced."""
    for line in lines:
        yield _FRAME.sub(_frame, _PLACE.sub(_place, line))


def source_place(path: Path, line: int) -> tuple[str, int] | None:
    """Return document and line that a line of a compiled module comes from, if it has one."""
    for first, last, document, first_there, last_there in _entries(path):
        if first <= line <= last:
            return document, min(first_there + line - first, last_there)
    return None


def _place(match: re.Match[str]) -> str:
    found = source_place(Path(match["path"]), int(match["line"]))
    if found is None:
        return match[0]
    return f"{found[0]}:{found[1]}{match['column'] or ''}"


def _frame(match: re.Match[str]) -> str:
    found = source_place(Path(match["path"]), int(match["line"]))
    return match[0] if found is None else f'File "{found[0]}", line {found[1]}'


@cache
def _entries(path: Path) -> tuple[_Entry, ...]:
    """Return the source map of a compiled module; any other file has an empty one."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ()
    if not text.startswith(MARK):
        return ()
    for node in reversed(ast.parse(text).body):
        match node:
            case ast.Assign(targets=[ast.Name(id="SOURCE_MAP")], value=value):
                return tuple(
                    (first, last, document, first_there, last_there)
                    for _, document, first_there, last_there, first, last in ast.literal_eval(value)
                )
    return ()
