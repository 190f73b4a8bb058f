"""Rows of the four tables that are compiled."""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass

from pysetup.errors import Problems, Span
from pysetup.forks import PRESETS
from pysetup.markdown import Row, Table
from pysetup.model import Expression, Kind, Names, RowDefinition, Status
from pysetup.names import names_of_expression

_PER_PRESET = ("Type", *(preset.capitalize() for preset in PRESETS))
# First column of a table → what its rows define and the further columns.
_TABLES: Mapping[str, tuple[Kind, tuple[str, ...]]] = {
    "Type": (Kind.TYPE, ("SSZ equivalent",)),
    "Constant": (Kind.CONSTANT, ("Type", "Value")),
    "Preset value": (Kind.PRESET, _PER_PRESET),
    "Configuration value": (Kind.CONFIGURATION, _PER_PRESET),
}
# What is longer, or nested as deeply as that allows, is not meant for readers.
_MAX_EXPRESSION = 200
_CODE = re.compile(r"`([^`]+)`|``\s?(.+?)\s?``")


@dataclass(frozen=True)
class TableRow:
    """A row that was understood."""

    kind: Kind
    fork: str
    span: Span
    name: str
    expressions: tuple[Expression, ...]
    description: str

    def definition(self, status: Status) -> RowDefinition:
        """Return what the row defines."""
        type_, *values = self.expressions
        if self.kind is Kind.CONSTANT:
            values = values * len(PRESETS)
        found = [names_of_expression(each.tree).defining for each in self.expressions]
        return RowDefinition(
            name=self.name,
            kind=self.kind,
            status=status,
            fork=self.fork,
            span=self.span,
            prose=self.description,
            names=Names(defining=dict.fromkeys(sorted(set().union(*found)), 0)),
            type=type_,
            values=dict(zip(PRESETS, values, strict=True)) if values else {},
        )


def rows_of(table: Table, fork: str, problems: Problems) -> list[TableRow]:
    """Return the rows of a table that were understood; report the others and unknown tables."""
    kind, columns = _TABLES.get(table.header[0], (None, ()))
    if kind is None:
        known = ", ".join(_TABLES)
        problems.add(
            table.span,
            f"unknown table {table.header[0]!r}: its first column must be one of {known}, "
            "or <!-- informative --> must stand above it",
        )
        return []
    wanted = (table.header[0], *columns)
    if table.header not in (wanted, (*wanted, "Description")):
        problems.add(table.span, f"the columns must be {', '.join(wanted)} and Description")
        return []
    if table.nested:
        problems.add(table.span, "a compiled table must not be nested in a list or quote")
        return []
    found = [_row(kind, row, fork, len(wanted), problems) for row in table.rows]
    return [row for row in found if row is not None]


def _row(kind: Kind, row: Row, fork: str, columns: int, problems: Problems) -> TableRow | None:
    """Return a row with its cells parsed, or report why it is not understood."""
    try:
        name, *sources = [_code(cell) for cell in row.cells[:columns]]
        if not name.isidentifier():
            raise ValueError(f"{name!r} is not a name")
        expressions = tuple(_expression(source) for source in sources)
    except ValueError as error:
        problems.add(row.span, f"table row not understood: {error}")
        return None
    description = row.cells[columns] if len(row.cells) > columns else ""
    return TableRow(kind, fork, row.span, name, expressions, description)


def _code(cell: str) -> str:
    """Return what stands between the backticks of a cell."""
    match = _CODE.fullmatch(cell)
    if match is None:
        raise ValueError(f"the cell {cell!r} must be in backticks")
    return (match[1] or match[2]).strip()


def _expression(source: str) -> Expression:
    """Parse the Python expression of a cell."""
    if len(source) > _MAX_EXPRESSION:
        raise ValueError(f"an expression has at most {_MAX_EXPRESSION} characters")
    try:
        tree = ast.parse(source, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"`{source}` is not an expression") from error
    return Expression(source, tree)
