"""The mistakes: for a node of a function's tree, what could have been written instead."""

import ast
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from poolspec.mutation.fields import Containers

BOUNDARIES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}
OPPOSITES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE,
    ast.LtE: ast.Gt,
    ast.Gt: ast.LtE,
    ast.GtE: ast.Lt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
FURTHER: dict[type[ast.cmpop], type[ast.operator]] = {
    ast.Lt: ast.Sub,
    ast.GtE: ast.Sub,
    ast.LtE: ast.Add,
    ast.Gt: ast.Add,
}
"""How a bound is moved by one so that it does not come to the same as the other comparison."""

ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
}
SWAPPED_FUNCTIONS = {"min": "max", "max": "min", "any": "all", "all": "any"}
ANY_ORDER = ("min", "max", "saturating_add", "saturating_mul")
"""Functions whose arguments can be given in any order."""


class Mistakes:
    """What could be written in place of the nodes of one function."""

    def __init__(self, function: ast.FunctionDef, module: Any) -> None:
        self._module = module
        self._containers = Containers(function, module)
        self._returns_bool = (
            isinstance(function.returns, ast.Name) and function.returns.id == "bool"
        )
        self._assigned = _first_assignments(function)

    def instead_of(self, node: ast.AST) -> Iterator[ast.AST]:
        """All alternatives to a node. Parts that stay are shared with the original."""
        handler: Callable[[Any], Iterator[ast.AST]] | None = getattr(
            self, f"_{type(node).__name__}", None
        )
        if handler is not None:
            yield from handler(node)
        if isinstance(node, ast.stmt):
            yield from self._statement(node)

    def _statement(self, node: ast.stmt) -> Iterator[ast.AST]:
        """Drop it; but not where that would only leave a variable without a value."""
        if isinstance(node, ast.Expr | ast.Assert | ast.AugAssign | ast.For | ast.Break):
            yield ast.Pass()
        elif isinstance(node, ast.Continue):
            yield ast.Pass()
            yield ast.Break()
        elif isinstance(node, ast.Assign) and id(node) not in self._assigned:
            yield ast.Pass()

    def _Compare(self, node: ast.Compare) -> Iterator[ast.AST]:
        (operator, *others), (right, *_) = node.ops, node.comparators
        if others:
            return
        kind = type(operator)
        if kind in BOUNDARIES:
            yield ast.Compare(node.left, [BOUNDARIES[kind]()], [right])
            last = right.right if isinstance(right, ast.BinOp) else right
            if not isinstance(last, ast.Constant):  # whose neighbours are mistakes of their own
                moved = ast.BinOp(right, FURTHER[kind](), ast.Constant(1))
                yield ast.Compare(node.left, [operator], [moved])
        yield ast.Compare(node.left, [OPPOSITES[kind]()], [right])

    def _BinOp(self, node: ast.BinOp) -> Iterator[ast.AST]:
        if type(node.op) in ARITHMETIC:
            yield ast.BinOp(node.left, ARITHMETIC[type(node.op)](), node.right)

    def _AugAssign(self, node: ast.AugAssign) -> Iterator[ast.AST]:
        if type(node.op) in ARITHMETIC:
            yield ast.AugAssign(node.target, ARITHMETIC[type(node.op)](), node.value)

    def _BoolOp(self, node: ast.BoolOp) -> Iterator[ast.AST]:
        """The other operator, or one operand forgotten."""
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
        for position in range(len(node.values)):
            rest = node.values[:position] + node.values[position + 1 :]
            yield rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)

    def _UnaryOp(self, node: ast.UnaryOp) -> Iterator[ast.AST]:
        if isinstance(node.op, ast.Not):
            yield node.operand

    def _If(self, node: Any) -> Iterator[ast.AST]:
        """Negate the condition; comparisons and negations are taken care of on their own."""
        if not isinstance(node.test, ast.Compare | ast.UnaryOp | ast.Constant):
            values = {name: getattr(node, name) for name in node._fields if name != "test"}
            yield type(node)(test=ast.UnaryOp(ast.Not(), node.test), **values)

    _While = _IfExp = _Assert = _If

    def _comprehension(self, node: ast.comprehension) -> Iterator[ast.AST]:
        """Forget a condition, or negate it."""
        for position, test in enumerate(node.ifs):
            before, after = node.ifs[:position], node.ifs[position + 1 :]
            yield ast.comprehension(node.target, node.iter, before + after, node.is_async)
            if not isinstance(test, ast.Compare | ast.UnaryOp):
                tests = [*before, ast.UnaryOp(ast.Not(), test), *after]
                yield ast.comprehension(node.target, node.iter, tests, node.is_async)

    def _Return(self, node: ast.Return) -> Iterator[ast.AST]:
        plain = ast.Compare | ast.UnaryOp | ast.Constant
        if self._returns_bool and node.value is not None and not isinstance(node.value, plain):
            yield ast.Return(ast.UnaryOp(ast.Not(), node.value))

    def _Constant(self, node: ast.Constant) -> Iterator[ast.AST]:
        value = node.value
        if isinstance(value, bool):
            yield ast.Constant(not value)
        elif isinstance(value, int):
            yield ast.Constant(value + 1)
            if value > 0:
                yield ast.Constant(value - 1)
        elif isinstance(value, bytes) and value:
            yield ast.Constant(bytes([value[0] ^ 1]) + value[1:])

    def _Name(self, node: ast.Name) -> Iterator[ast.AST]:
        if isinstance(node.ctx, ast.Load) and node.id.isupper():
            yield from _other_value(node, vars(self._module), node.id)

    def _Attribute(self, node: ast.Attribute) -> Iterator[ast.AST]:
        if isinstance(node.value, ast.Name) and node.value.id == "config":
            values = self._module.config._asdict()
            for other in _other_value(node, values, node.attr):
                yield (
                    ast.Attribute(node.value, other.id, node.ctx)
                    if isinstance(other, ast.Name)
                    else other
                )
            return
        for name in self._containers.other_fields(node)[:1]:
            yield ast.Attribute(node.value, name, node.ctx)

    def _Call(self, node: ast.Call) -> Iterator[ast.AST]:
        """Arguments exchanged with their neighbours, or the opposite function.

        The state is left in its place: nothing else is of its type.
        """
        name = ast.unparse(node.func)
        if name in SWAPPED_FUNCTIONS:
            yield ast.Call(ast.Name(SWAPPED_FUNCTIONS[name], ast.Load()), node.args, node.keywords)
        if name not in ANY_ORDER:
            for position, (first, second) in enumerate(pairwise(node.args)):
                if "state" not in (ast.unparse(first), ast.unparse(second)):
                    rest = node.args[position + 2 :]
                    swapped = [*node.args[:position], second, first, *rest]
                    yield ast.Call(node.func, swapped, node.keywords)
        for position, (one, other) in enumerate(pairwise(node.keywords)):
            if ast.dump(one.value) != ast.dump(other.value):
                exchanged = [ast.keyword(one.arg, other.value), ast.keyword(other.arg, one.value)]
                keywords = [*node.keywords[:position], *exchanged, *node.keywords[position + 2 :]]
                yield ast.Call(node.func, node.args, keywords)


def _other_value(node: ast.expr, values: Any, name: str) -> Iterator[ast.expr]:
    """A named number with one more, or less if it is the largest; another constant of the type."""
    value = values.get(name)
    if isinstance(value, int):
        operator = ast.Sub() if value == 2**64 - 1 else ast.Add()
        yield ast.BinOp(node, operator, ast.Constant(1))
    elif isinstance(value, bytes):
        others = [
            other
            for other, each in values.items()
            if other.isupper() and type(each) is type(value) and each != value
        ]
        if others:
            following = [other for other in sorted(others) if other > name]
            yield ast.Name((following or sorted(others))[0], ast.Load())


def _first_assignments(function: ast.FunctionDef) -> set[int]:
    """The assignments by which variables get their first value."""
    seen: set[str] = set()
    first: set[int] = set()
    for node in sorted(ast.walk(function), key=lambda each: getattr(each, "lineno", 0)):
        if isinstance(node, ast.Assign):
            names = {
                ast.unparse(target)
                for target in node.targets
                if isinstance(target, ast.Name | ast.Tuple)
            }
            if names and not names <= seen:
                first.add(id(node))
            seen |= names
    return first


def _is_variable(target: ast.expr) -> bool:
    """Whether an assignment is to variables, not to a field or an element."""
    return isinstance(target, ast.Name | ast.Tuple)
