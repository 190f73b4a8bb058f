"""The tables of the specification's values, fields and functions: checked, and written anew."""

import re
from collections.abc import Iterator, Mapping, Sequence

from poolspec.proposal.document import Code, Proposal
from poolspec.proposal.facts import Facts, Row
from pysetup.errors import Problems
from pysetup.markdown import Table

__all__ = ["check_facts", "rewrite_tables"]

_FIRST_COLUMNS = (
    "Constant",
    "Preset value",
    "Configuration value",
    "Type",
    "Container",
    "Function",
)
_SECOND_FOR_TYPE = "SSZ equivalent"
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WITH_VALUE = re.compile(r"`([A-Z][A-Z0-9_]+)` \(([0-9][0-9,]*(?:\.[0-9]+)?)( ETH)?\)")
_ETH = 10**9


def check_facts(
    proposal: Proposal, facts: Facts, other_names: frozenset[str], problems: Problems
) -> None:
    """Report every place where the proposal and the specification differ.

    `other_names` may be used in backticks though the specification does not define them.
    """
    _check_tables(proposal, facts, problems)
    for line, text in enumerate(proposal.lines, start=1):
        _check_values(proposal, facts, line, text, problems)
    for piece in proposal.pieces:
        if not isinstance(piece, Code) or not _IDENTIFIER.fullmatch(piece.content):
            continue
        if piece.content not in facts.names and piece.content not in other_names:
            message = f"`{piece.content}` is no name of the specification"
            problems.add(proposal.span(piece.line), message)


def _check_tables(proposal: Proposal, facts: Facts, problems: Problems) -> None:
    found: set[tuple[str, str]] = set()
    for table, key in _tables(proposal):
        if key not in facts.tables:
            where = f" under '{key[1]}'" if key[1] else ""
            problems.add(table.span, f"a table of {key[0].lower()}s{where} is not expected")
        elif key in found:
            problems.add(table.span, f"this table of {key[0].lower()}s stands twice")
        else:
            found.add(key)
            _check_table(table, facts.tables[key], problems)
    for key in facts.tables:
        if key not in found and facts.tables[key]:
            where = f" under the heading '{key[1]}'" if key[1] else ""
            problems.add(proposal.span(1), f"the table '{key[0]}'{where} is missing")


def _tables(proposal: Proposal) -> Iterator[tuple[Table, tuple[str, str]]]:
    """Return the tables that repeat the specification, each with its key among the facts."""
    for table in proposal.tables:
        first = table.header[0]
        if first not in _FIRST_COLUMNS or (
            first == "Type" and _SECOND_FOR_TYPE not in table.header
        ):
            continue
        heading = proposal.heading_above(table.span.first) if first == "Function" else ""
        yield table, (first, heading)


def _check_table(table: Table, rows: Sequence[Row], problems: Problems) -> None:
    """Report rows that are wrong, missing, too many or out of their place."""
    columns = list(rows[0].cells) if rows else []
    missing = [column for column in columns if column not in table.header]
    if missing:
        problems.add(table.span, f"the column '{missing[0]}' is missing")
        return
    expected = {row.key: row for row in rows}
    seen: list[tuple[str, ...]] = []
    for row in table.rows:
        cells = dict(zip(table.header, row.cells, strict=True))
        key = _key(cells, columns)
        name = ".".join(key)
        if key not in expected:
            problems.add(row.span, f"{name} is not in the specification")
        elif key in seen:
            problems.add(row.span, f"{name} stands twice")
        else:
            for column in columns:
                if cells[column] != expected[key].cells[column]:
                    message = (
                        f"{name}: {column} is {expected[key].cells[column]}, not {cells[column]}"
                    )
                    problems.add(row.span, message)
        if any(not cell for column, cell in cells.items() if column != "Description"):
            problems.add(row.span, f"{name}: a cell is empty")
        seen.append(key)
    for key in expected:
        if key not in seen:
            problems.add(table.span, f"the row of {'.'.join(key)} is missing")
    in_order = [key for key in expected if key in seen]
    if [key for key in seen if key in expected] != in_order and len(set(seen)) == len(seen):
        problems.add(table.span, "the rows are not in the order of the specification")


def _key(cells: Mapping[str, str], columns: Sequence[str]) -> tuple[str, ...]:
    """Return what tells a row from others, as `Row.key` does; a function goes by its name."""
    return Row({column: cells[column] for column in columns}, "").key


def _check_values(
    proposal: Proposal, facts: Facts, line: int, text: str, problems: Problems
) -> None:
    """Report a name that is followed by a value in brackets which it has not, on mainnet."""
    for name, shown, unit in _WITH_VALUE.findall(text):
        value = facts.values.get(name)
        if not isinstance(value, int):
            problems.add(proposal.span(line), f"`{name}` has no value that is a number")
            continue
        number = float(shown.replace(",", "")) * (_ETH if unit else 1)
        if number != value:
            actual = f"{value / _ETH:g} ETH" if unit else f"{value:,}"
            problems.add(proposal.span(line), f"`{name}` is {actual}, not {shown}{unit}")


def rewrite_tables(proposal: Proposal, facts: Facts) -> str:
    """Return the proposal's text with the tables as they must be.

    Cells of columns that the specification does not give are kept; those of new rows get the
    specification's own description, or a question mark.
    """
    lines = list(proposal.lines)
    for table, key in reversed(list(_tables(proposal))):
        rows = facts.tables.get(key, ())
        if rows:
            lines[table.span.first - 1 : table.span.last] = _write(table, rows)
    return "\n".join(lines)


def _write(table: Table, rows: Sequence[Row]) -> Sequence[str]:
    """Return the lines of a table."""
    columns = list(rows[0].cells)
    kept: dict[tuple[str, ...], Mapping[str, str]] = {}
    for row in table.rows:
        cells = dict(zip(table.header, row.cells, strict=True))
        kept[_key(cells, columns)] = cells
    written = [" | ".join(table.header), " | ".join("---" for _ in table.header)]
    for fact in rows:
        old = kept.get(fact.key, {"Description": fact.prose})
        cells = {column: old.get(column, "?") for column in table.header} | dict(fact.cells)
        row_text = (cells[column].replace("|", "\\|") for column in table.header)
        written.append(" | ".join(row_text))
    return [f"| {line} |".replace("|  |", "| |") for line in written]
