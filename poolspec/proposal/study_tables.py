"""Tables of the studies that the proposal shows: row for row as the studies left them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from poolspec.proposal.document import Proposal
from pysetup.errors import Problems
from pysetup.markdown import Table, parse

__all__ = ["StudyTable", "check_study_tables", "load_tables", "rewrite_study_tables", "shown_lines"]

Header = tuple[str, ...]


@dataclass(frozen=True)
class StudyTable:
    """A table and the lines of its file."""

    path: str
    table: Table
    lines: Sequence[str]


def load_tables(root: Path) -> Mapping[Header, StudyTable]:
    """Return the studies' tables by their headers, by which the proposal's are known."""
    found: dict[Header, StudyTable] = {}
    for path in sorted((root / "eip" / "assets").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        name = str(path.relative_to(root))
        for node in parse(name, text, Problems()).nodes:
            if isinstance(node, Table):
                found[node.header] = StudyTable(name, node, text.split("\n"))
    return found


def _shown(
    proposal: Proposal, tables: Mapping[Header, StudyTable]
) -> Iterator[tuple[Table, StudyTable]]:
    for table in proposal.tables:
        if table.header in tables:
            yield table, tables[table.header]


def shown_lines(proposal: Proposal, tables: Mapping[Header, StudyTable]) -> set[int]:
    """Return the lines of the proposal's tables that are the studies'."""
    return {
        line
        for table, _ in _shown(proposal, tables)
        for line in range(table.span.first, table.span.last + 1)
    }


def check_study_tables(
    proposal: Proposal, tables: Mapping[Header, StudyTable], problems: Problems
) -> None:
    """Report rows that are not as the study left them."""
    for table, study in _shown(proposal, tables):
        expected = [row.cells for row in study.table.rows]
        for position, row in enumerate(table.rows):
            if position >= len(expected) or row.cells != expected[position]:
                problems.add(row.span, f"this row is not in {study.path}, or not in this place")
        if len(table.rows) < len(expected):
            problems.add(table.span, f"{study.path} has more rows")


def rewrite_study_tables(proposal: Proposal, tables: Mapping[Header, StudyTable]) -> str:
    """Return the proposal's text with the studies' tables as they are now."""
    lines = list(proposal.lines)
    for table, study in reversed(list(_shown(proposal, tables))):
        source = study.lines[study.table.span.first - 1 : study.table.span.last]
        lines[table.span.first - 1 : table.span.last] = source
    return "\n".join(lines)
