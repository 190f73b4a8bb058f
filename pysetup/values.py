"""What the expressions of tables amount to, so that they can be compared with the YAML files."""

import ast
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from pysetup.model import Definition, Expression, Kind, RowDefinition

# Whole numbers, bytes, text, and lists and mappings of these.
Value = int | str | bytes | list["Value"] | dict[str, "Value"]

_HEX = re.compile(r"0x(?:[0-9a-fA-F]{2})*")
_OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
    ast.BitXor: operator.xor,
}
# No table needs more; a slip such as 10**10**10 must not hang the compiler.
_MAX_EXPONENT = 1024


class ValueProblem(Exception):
    """A value that the compiler cannot work out or that its type cannot hold."""


def root_type(type_: Expression, definitions: Mapping[str, Definition]) -> str:
    """Return the type that a named type stands for in the end, as it is written."""
    seen: set[str] = set()
    source = type_.source
    while source in definitions and source not in seen:
        seen.add(source)
        definition = definitions[source]
        if not isinstance(definition, RowDefinition) or definition.kind is not Kind.TYPE:
            break
        source = definition.type.source
    return source


def is_bytes(root: str) -> bool:
    """Tell whether values of a root type are bytes, which tables and YAML write in hex."""
    return re.fullmatch(r"Bytes\d+|Byte(Vector|List)\[.*\]", root) is not None


def is_callable(root: str) -> bool:
    """Tell whether a type converts a value when it is called, as `Uint64(1)` does."""
    return root.isidentifier()


def check(value: Value, root: str) -> None:
    """Raise ValueProblem if a root type cannot hold a value."""
    if number := re.fullmatch(r"Uint(\d+)", root):
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueProblem(f"{shown(value)} is not a number")
        if not 0 <= value < 2 ** int(number[1]):
            raise ValueProblem(f"{shown(value)} is out of the range of {root}")
    elif size := re.fullmatch(r"Bytes(\d+)", root):
        if not isinstance(value, bytes) or len(value) != int(size[1]):
            raise ValueProblem(f"{shown(value)} is not {size[1]} bytes in hex")
    elif root in ("str", "int") and not isinstance(value, str if root == "str" else int):
        raise ValueProblem(f"{shown(value)} is not of the type {root}")


def shown(value: Value) -> str:
    """Return a value as a message writes it."""
    if isinstance(value, int) and value.bit_length() > 512:
        return f"a number of {value.bit_length()} bits"
    return "0x" + value.hex() if isinstance(value, bytes) else repr(value)


class Evaluator:
    """Works out the values of the tables of one fork for one preset."""

    def __init__(self, definitions: Mapping[str, Definition], preset: str) -> None:
        self._definitions = definitions
        self._preset = preset
        self._known: dict[str, Value] = {}
        self._open: set[str] = set()

    def value(self, row: RowDefinition) -> Value:
        """Return the value of a row; raise ValueProblem if it has none."""
        if row.name not in self._known:
            if row.name in self._open:
                raise ValueProblem(f"`{row.name}` needs itself")
            self._open.add(row.name)
            try:
                self._known[row.name] = self._value(row)
            finally:
                self._open.discard(row.name)
        return self._known[row.name]

    def _value(self, row: RowDefinition) -> Value:
        expression = row.values[self._preset]
        root = root_type(row.type, self._definitions)
        if is_bytes(root) and (text := hex_literal(expression)) is not None:
            value: Value = bytes.fromhex(text.removeprefix("0x"))
        else:
            value = self._evaluate(expression.tree)
        check(value, root)
        return value

    def _evaluate(self, tree: ast.expr) -> Value:
        match tree:
            case ast.Constant(value=int() | str() | bytes() as literal):
                return literal
            case ast.Name(id=name):
                return self._named(name)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self._binary(ast.Sub(), 0, self._evaluate(operand))
            case ast.BinOp(left=left, op=op, right=right):
                return self._binary(op, self._evaluate(left), self._evaluate(right))
            case ast.List(elts=items) | ast.Tuple(elts=items):
                return [self._evaluate(item) for item in items]
            case ast.Dict(keys=keys, values=values):
                return {
                    str(self._evaluate(key)): self._evaluate(value)
                    for key, value in zip(keys, values, strict=True)
                    if key is not None
                }
            case ast.Call(func=ast.Name(), args=[argument], keywords=[]):
                return self._evaluate(argument)
        raise ValueProblem(f"the value `{ast.unparse(tree)}` is not understood")

    def _named(self, name: str) -> Value:
        definition = self._definitions.get(name)
        if not isinstance(definition, RowDefinition) or not definition.values:
            raise ValueProblem(f"`{name}` has no value")
        return self.value(definition)

    def _binary(self, operation: ast.operator, left: Value, right: Value) -> Value:
        function = _OPERATORS.get(type(operation))
        if function is None:
            raise ValueProblem("use // for division: values are whole numbers")
        power = isinstance(operation, ast.Pow | ast.LShift)
        if power and not (isinstance(right, int) and 0 <= right <= _MAX_EXPONENT):
            raise ValueProblem(f"the exponent must be at most {_MAX_EXPONENT}")
        try:
            result: Value = function(left, right)
        except (TypeError, ArithmeticError, ValueError) as error:
            raise ValueProblem(str(error)) from error
        return result


def hex_literal(expression: Expression) -> str | None:
    """Return the text of bytes in hex, bare or in quotes, or None if it is something else."""
    tree, text = expression.tree, expression.source
    if isinstance(tree, ast.Constant) and isinstance(tree.value, str):
        text = tree.value
    return text if _HEX.fullmatch(text) else None
