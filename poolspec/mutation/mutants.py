"""All mutants of a function: each is the whole function with one mistake in it."""

import ast
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from poolspec.mutation.functions import shown
from poolspec.mutation.operators import Mistakes
from poolspec.mutation.points import instrument, is_docstring

MutantKey = tuple[str, str, str, int]
DROPPED = "(dropped)"
MAX_TEXT = 88
"""A statement longer than this is shown in part."""

UNTOUCHED = ("annotation", "returns", "decorator_list", "args", "msg")
"""Parts of functions that do nothing when the function runs; a call's arguments are `args` too."""


@dataclass(frozen=True)
class Mutant:
    """A mistake: the function, the statement's line and point, its text before and after.

    `occurrence` tells equal mistakes in one function apart. `source` is the function with it.
    """

    function: str
    document: str
    line: int
    point: int
    before: str
    after: str
    occurrence: int
    source: str

    @property
    def key(self) -> MutantKey:
        """What a mutant is known by in the reviewed list."""
        return (self.function, self.before, self.after, self.occurrence)


@dataclass(frozen=True)
class _Slot:
    """A place in a tree where a node stands: `above` has its statement and what is between."""

    parent: ast.AST
    name: str
    index: int | None
    above: tuple[Any, ...]

    def get(self) -> Any:
        value = getattr(self.parent, self.name)
        return value if self.index is None else value[self.index]

    def set(self, node: ast.AST) -> None:
        if self.index is None:
            setattr(self.parent, self.name, node)
        else:
            getattr(self.parent, self.name)[self.index] = node


def _slots(parent: ast.AST, above: tuple[ast.AST, ...]) -> Iterator[_Slot]:
    """Every place below a node, in the order of the text."""
    for name, value in ast.iter_fields(parent):
        if name in UNTOUCHED and not isinstance(parent, ast.Call):
            continue
        nodes = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
        for index, node in nodes:
            if not isinstance(node, ast.AST) or isinstance(node, ast.expr_context):
                continue
            if isinstance(node, ast.stmt):
                if not is_docstring(node):
                    yield _Slot(parent, name, index, (node,))
                    yield from _slots(node, (node,))
            else:
                yield _Slot(parent, name, index, above)
                yield from _slots(node, (*above, node))


def _texts(slot: _Slot, other: ast.AST) -> tuple[str, str]:
    """What stands in the document and what instead: the statement, or a part if that is long."""
    original = slot.get()
    if original is slot.above[0]:
        return shown(original), DROPPED if isinstance(other, ast.Pass) else shown(other)
    unit = next((node for node in slot.above if len(shown(node)) <= MAX_TEXT), None)
    if unit is None or unit is original:
        return shown(original), shown(other)
    before = shown(unit)
    slot.set(other)
    after = shown(unit)
    slot.set(original)
    return before, after


def _with(slot: _Slot, other: ast.AST, function: ast.FunctionDef) -> str:
    """The function with another node in a place."""
    original = slot.get()
    slot.set(other)
    source = ast.unparse(function)
    slot.set(original)
    return source


def mutants_of(
    function: ast.FunctionDef, document: str, module: Any, first_point: int
) -> list[Mutant]:
    """All mutants of a function whose points are numbered from `first_point`."""
    points = instrument(deepcopy(function), first_point).statements
    positions = {id(node): position for position, node in enumerate(ast.walk(function))}
    mistakes = Mistakes(function, module)
    original = ast.unparse(function)
    sources = {original}
    texts: Counter[tuple[str, str]] = Counter()
    found: list[Mutant] = []
    for slot in list(_slots(function, ())):
        node = slot.get()
        point = points[positions[id(slot.above[0])]]
        for other in mistakes.instead_of(node):
            source = _with(slot, other, function)
            if source in sources:
                continue  # the same mistake in another way
            sources.add(source)
            before, after = _texts(slot, other)
            texts[before, after] += 1
            line = getattr(node, "lineno", 0) or slot.above[0].lineno
            occurrence = texts[before, after]
            found.append(
                Mutant(function.name, document, line, point, before, after, occurrence, source)
            )
    return found
