"""What there is to reach in a function, and the probes that record it.

A point is a statement, one outcome of a condition, or a loop that is entered or skipped. Conditions
are the operands of tests and of `and`, `or` and `not`, every comparison, and what a function
returns that is annotated `bool`. An assertion must be seen to hold and to fail.
"""

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from poolspec.mutation.functions import shown

REACHED, OUTCOME, LOOP = "__reached__", "__outcome__", "__loop__"


@dataclass(frozen=True)
class Point:
    """Something to be reached: `what` is "line", "true", "false", "entered" or "skipped"."""

    function: str
    line: int
    what: str
    text: str

    @property
    def is_branch(self) -> bool:
        """Whether it is an outcome rather than a statement."""
        return self.what != "line"

    def __str__(self) -> str:
        return f"{self.what}: {self.text}" if self.is_branch else self.text


class Hits:
    """The record of one run: a byte for each point."""

    def __init__(self, size: int = 0) -> None:
        self.flags = bytearray(size)

    def clear(self) -> None:
        """Forget everything."""
        self.flags[:] = bytes(len(self.flags))

    def reached(self) -> frozenset[int]:
        """The points that have been reached."""
        return frozenset(index for index, flag in enumerate(self.flags) if flag)

    def probes(self) -> dict[str, Callable[..., Any]]:
        """The functions that instrumented code calls, by name."""
        flags = self.flags

        def reached(index: int) -> None:
            flags[index] = 1

        def outcome(index: int, value: Any) -> Any:
            flags[index if value else index + 1] = 1
            return value

        def loop(index: int, values: Iterable[Any]) -> Iterator[Any]:
            is_empty = True
            for value in values:
                is_empty = False
                flags[index] = 1
                yield value
            if is_empty:
                flags[index + 1] = 1

        return {REACHED: reached, OUTCOME: outcome, LOOP: loop}


def is_docstring(statement: ast.stmt) -> bool:
    """Whether a statement is only a string."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


class _Instrumenter(ast.NodeTransformer):
    """Puts probes into a function, and lists the points that they record."""

    def __init__(self, function: ast.FunctionDef, first: int) -> None:
        self.points: list[Point] = []
        self.statements: dict[int, int] = {}
        self._function = function
        self._first = first
        self._returns_bool = (
            isinstance(function.returns, ast.Name) and function.returns.id == "bool"
        )

    def block(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        """Put a probe before each statement."""
        probed: list[ast.stmt] = []
        for statement in statements:
            if not is_docstring(statement):
                index = self._add(statement, "line")
                self.statements[id(statement)] = index
                probed.append(ast.Expr(_call(REACHED, index)))
            probed.append(self.visit(statement))
        return probed

    def generic_visit(self, node: ast.AST) -> ast.AST:
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "decorator_list", "args") and isinstance(
                node, ast.FunctionDef | ast.AnnAssign | ast.arg
            ):
                continue
            if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                setattr(node, name, self.block(value))
            elif isinstance(value, list):
                value[:] = [
                    self.visit(each) if isinstance(each, ast.AST) else each for each in value
                ]
            elif isinstance(value, ast.AST):
                setattr(node, name, self.visit(value))
        return node

    def _visited(self, value: Any) -> Any:
        return self.visit(value) if isinstance(value, ast.AST) else value

    def _add(self, node: ast.AST, *kinds: str) -> int:
        line = getattr(node, "lineno", self._function.lineno)
        first = self._first + len(self.points)
        self.points += [Point(self._function.name, line, kind, shown(node)) for kind in kinds]
        return first

    def condition(self, node: ast.expr) -> ast.expr:
        """Record the outcomes of a condition, or of its operands."""
        if isinstance(node, ast.Constant):
            return node
        if isinstance(node, ast.BoolOp):
            node.values = [self.condition(value) for value in node.values]
            return node
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            node.operand = self.condition(node.operand)
            return node
        index = self._add(node, "true", "false")
        return _call(OUTCOME, index, self.generic_visit(node))

    def _test(self, node: Any) -> Any:
        node.test = self.condition(node.test)
        for name in ("body", "orelse", "msg"):
            value = getattr(node, name, None)
            if isinstance(value, list):
                setattr(node, name, self.block(value))
            elif value is not None:
                setattr(node, name, self.visit(value))
        return node

    visit_If = visit_While = visit_IfExp = visit_Assert = _test

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        return self.condition(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        return self.condition(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        return self.condition(node) if isinstance(node.op, ast.Not) else self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> ast.AST:
        if self._returns_bool and node.value is not None:
            node.value = self.condition(node.value)
            return node
        return self.generic_visit(node)

    def visit_For(self, node: ast.For) -> ast.AST:
        index = self._add(node, "entered", "skipped")
        node.iter = _call(LOOP, index, self.visit(node.iter))
        node.body, node.orelse = self.block(node.body), self.block(node.orelse)
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        index = self._add(node.iter, "entered", "skipped")
        node.iter = _call(LOOP, index, self.visit(node.iter))
        node.ifs = [self.condition(test) for test in node.ifs]
        return node


def _call(name: str, index: int, *arguments: Any) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), [ast.Constant(index), *arguments], [])


@dataclass(frozen=True)
class Instrumented:
    """A function with probes, and its points.

    `statements` has the point of each statement by its position in a walk of the original tree.
    """

    tree: ast.FunctionDef
    points: tuple[Point, ...]
    statements: Mapping[int, int]


def instrument(function: ast.FunctionDef, first: int) -> Instrumented:
    """Put probes into a function, whose tree is used up; its points are numbered from `first`."""
    positions = {id(node): position for position, node in enumerate(ast.walk(function))}
    instrumenter = _Instrumenter(function, first)
    function.body = instrumenter.block(function.body)
    statements = {positions[key]: index for key, index in instrumenter.statements.items()}
    return Instrumented(function, tuple(instrumenter.points), statements)
