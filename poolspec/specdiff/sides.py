"""Both sides of an entry, in the shapes that both pages write: cells, fields, lines, prose."""

import ast
from dataclasses import dataclass
from enum import Enum

from poolspec.specdiff.fields import FieldRow, compare_fields, fields_of
from poolspec.specdiff.objects import Change, Entry
from poolspec.specdiff.report import Links
from poolspec.specdiff.words import Piece, compare_prose
from pysetup.forks import PRESETS
from pysetup.model import CodeDefinition, Definition, Kind, RowDefinition


def is_row(entry: Entry) -> bool:
    """Whether an entry is the row of a table."""
    return isinstance(entry.definition, RowDefinition)


def used_by(entry: Entry) -> str:
    """How to say who uses an entry."""
    return "Called by" if entry.kind is Kind.FUNCTION else "Used by"


def row_columns(kind: Kind) -> list[str]:
    """The columns of a table between the names and the descriptions."""
    if kind is Kind.TYPE:
        return ["SSZ equivalent"]
    return ["Type", *(["Value"] if kind is Kind.CONSTANT else map(str.capitalize, PRESETS))]


def row_cells(entry: Entry) -> list[tuple[str, str]]:
    """The cells of these columns before and after; what is not there is empty."""
    empty = [""] * len(row_columns(entry.kind))
    before, after = (_cells(each) or empty for each in (entry.before, entry.after))
    return list(zip(before, after, strict=True))


def _cells(definition: Definition | None) -> list[str]:
    if not isinstance(definition, RowDefinition):
        return []
    values = [value.source for value in definition.values.values()]
    # A constant has the same value for all presets.
    return [definition.type.source, *(values[:1] if definition.kind is Kind.CONSTANT else values)]


def source_lines(definition: Definition | None) -> list[str]:
    """The lines of a definition's code; none on a side that is not there."""
    return definition.source.splitlines() if isinstance(definition, CodeDefinition) else []


def docstring_of(definition: Definition) -> str:
    """What a block says of itself in one paragraph; nothing if it says nothing."""
    if not isinstance(definition, CodeDefinition):
        return ""
    statement = definition.tree.body[0]
    if not isinstance(statement, ast.ClassDef | ast.FunctionDef):
        return ""
    return ast.get_docstring(statement) or ""


def field_rows(entry: Entry) -> list[FieldRow]:
    """The fields of a container, before beside after."""
    before, after = (
        fields_of(each) if isinstance(each, CodeDefinition) else []
        for each in (entry.before, entry.after)
    )
    return compare_fields(before, after)


class ProseChange(Enum):
    """What a fork does to the prose of a definition."""

    NONE = "none"
    ONLY_AFTER = "only after"
    ONLY_BEFORE = "only before"
    """An overlay repeats no prose that still holds, so this is no removal."""
    REMOVED = "removed"
    SAME = "same"
    MARKED = "marked"
    REPLACED = "replaced"


@dataclass(frozen=True)
class Prose:
    """The prose of both sides, in pieces of which some are marked."""

    change: ProseChange
    before: tuple[Piece, ...]
    after: tuple[Piece, ...]


def prose_of(entry: Entry, links: Links) -> Prose:
    """Compare the prose of both sides."""
    before, after = (
        links.prose(each).strip() if each is not None else ""
        for each in (entry.before, entry.after)
    )
    whole = tuple((Piece(text, False),) if text else () for text in (before, after))
    if before and after:
        if before == after:
            return Prose(ProseChange.SAME, *whole)
        pieces = compare_prose(before, after)
        if pieces is None:
            return Prose(ProseChange.REPLACED, *whole)
        return Prose(ProseChange.MARKED, tuple(pieces[0]), tuple(pieces[1]))
    if after:
        return Prose(ProseChange.ONLY_AFTER, *whole)
    if before:
        removed = entry.change is Change.REMOVED
        return Prose(ProseChange.REMOVED if removed else ProseChange.ONLY_BEFORE, *whole)
    return Prose(ProseChange.NONE, (), ())
