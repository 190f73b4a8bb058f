"""Containers field by field."""

import ast
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import Enum

from pysetup.model import CodeDefinition


class FieldChange(Enum):
    """What becomes of a field; one that moves is removed and added, as its index changes."""

    SAME = "unchanged"
    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True)
class Field:
    """A field, its type, and the comment above it without the marks of the fork."""

    name: str
    type: str
    comment: str


@dataclass(frozen=True)
class FieldRow:
    """A field beside what it was before."""

    change: FieldChange
    before: Field | None
    after: Field | None

    @property
    def field(self) -> Field:
        """The field as it is now, or as it was before it was removed."""
        field = self.after or self.before
        assert field is not None, "a row has at least one side"
        return field


def fields_of(container: CodeDefinition) -> list[Field]:
    """The fields of a container in order."""
    statement = container.tree.body[0]
    if not isinstance(statement, ast.ClassDef):
        return []
    lines = container.source.splitlines()
    return [
        Field(line.target.id, ast.unparse(line.annotation), _comment_above(lines, line.lineno - 1))
        for line in statement.body
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
    ]


def _comment_above(lines: list[str], position: int) -> str:
    """The comment right above a line; marks such as `[New in PoolBonds]` say what the diff says."""
    comment: list[str] = []
    while position and (text := lines[position - 1].strip()).startswith("#"):
        position -= 1
        words = text.lstrip("# ")
        comment.insert(0, words.partition("]")[2].strip() if words.startswith("[") else words)
    return " ".join(filter(None, comment))


def compare_fields(before: list[Field], after: list[Field]) -> list[FieldRow]:
    """All fields of both sides; removed ones stand where they were."""
    names = [field.name for field in before], [field.name for field in after]
    rows: list[FieldRow] = []
    matcher = SequenceMatcher(None, *names, autojunk=False)
    for what, first, last, new_first, new_last in matcher.get_opcodes():
        if what == "equal":
            pairs = zip(before[first:last], after[new_first:new_last], strict=True)
            rows += [FieldRow(_change(old, new), old, new) for old, new in pairs]
        else:
            rows += [FieldRow(FieldChange.REMOVED, old, None) for old in before[first:last]]
            rows += [FieldRow(FieldChange.ADDED, None, new) for new in after[new_first:new_last]]
    return rows


def _change(before: Field, after: Field) -> FieldChange:
    return FieldChange.SAME if before.type == after.type else FieldChange.CHANGED
