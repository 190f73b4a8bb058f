"""What a study is: points, a function from a point to numbers, and what is made of them."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Number", "Point", "Row", "Study", "Table", "grid", "select"]

Value = int | float | str | bool | None

Point = Mapping[str, Value]
"""Parameters by name: all that distinguishes one point of a sweep from another."""

Row = dict[str, Any]
"""A point's parameters together with its results: numbers, texts, or lists of numbers (series)."""


@dataclass(frozen=True)
class Number:
    """A result that the text may quote, under a key that stays."""

    key: str
    value: float | int
    unit: str
    about: str


@dataclass(frozen=True)
class Table:
    """A table as readers see it, cells being texts that are ready for print."""

    name: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Study:
    """A question, and how to answer it.

    `run` must be a function of a module, for it travels to other processes by name. It gets one
    point and gives its results; it holds what it finds against closed forms and raises CheckError
    where they disagree. `check` does so for all points together. `sources` are the files and
    folders of the package that results depend on beside the study's own module.
    """

    name: str
    question: str
    assumptions: Sequence[str]
    points: Sequence[Point]
    run: Callable[[Point], Row]
    numbers: Callable[[Sequence[Row]], Sequence[Number]]
    tables: Callable[[Sequence[Row]], Sequence[Table]]
    figure: "Callable[[Sequence[Row]], Figure]"
    check: Callable[[Sequence[Row]], None] = field(default=lambda rows: None)
    sources: Sequence[str] = ("studies/protocol.py",)

    @property
    def module(self) -> str:
        """The name of the module that the study is written in."""
        return self.run.__module__


def grid(**axes: Sequence[Value]) -> list[Point]:
    """Return all combinations of the axes' values, the last axis running fastest."""
    return [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]


def select(rows: Sequence[Row], **values: Value) -> list[Row]:
    """Return the rows in which all these parameters have these values, in their order."""
    return [row for row in rows if all(row[name] == value for name, value in values.items())]
