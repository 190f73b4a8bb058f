"""Places in files, and the problems found there."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Span:
    """Lines `first` to `last` (from 1, both included) of the file `path`, relative to the root."""

    path: str
    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.path}:{self.first}"

    def line(self, offset: int) -> "Span":
        """Return the single line `offset` lines below the first one."""
        return Span(self.path, self.first + offset, self.first + offset)


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong, at one line.

    `draft` marks problems that are natural while documents are still being written (a missing
    document, a function that is not there yet); a draft compilation goes on in spite of them.
    """

    path: str
    line: int
    message: str
    draft: bool = False

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: error: {self.message}"


class Problems:
    """Collects the problems of a run, so that all of them can be reported at once."""

    def __init__(self) -> None:
        self._found: set[Problem] = set()

    def add(self, span: Span, message: str, *, draft: bool = False) -> None:
        """Record a problem at the first line of `span`."""
        self._found.add(Problem(span.path, span.first, message, draft))

    def sorted(self) -> list[Problem]:
        """Return what was found in the order of files and lines, each problem once."""
        return sorted(self._found)


class CompileError(Exception):
    """The documents or values cannot be compiled; `problems` says why, all at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))
