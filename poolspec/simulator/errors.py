"""What can be wrong with a scenario, all of it at once and with its places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Problem", "ScenarioError"]


class Problem(NamedTuple):
    """One thing that is wrong; `place` is a file with a line, or an option of the command."""

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: error: {self.message}"


def _row(problem: Problem) -> int:
    """Return the line of a problem, 0 if it has none."""
    number = problem.place.rpartition(":")[2]
    return int(number) if number.isdecimal() else 0


class ScenarioError(Exception):
    """A scenario that cannot be run; its problems are in the order of their lines."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        problems = sorted(problems, key=_row)
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)

    def __reduce__(self) -> tuple[type[ScenarioError], tuple[tuple[Problem, ...]]]:
        """Errors cross process boundaries, so they are rebuilt from their problems."""
        return (type(self), (self.problems,))
