"""The changes as Markdown that reads well in a code-review site.

Nothing but tables, `diff` fences and the few elements that such sites let through: `details`,
`summary`, `pre`, `ins` and `del`.
"""

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from poolspec.anchors import anchor_of
from poolspec.specdiff.fields import FieldChange, FieldRow
from poolspec.specdiff.objects import Change, Entry
from poolspec.specdiff.report import TITLES, Links, Reached, Reference, Report, part_title
from poolspec.specdiff.sides import (
    ProseChange,
    docstring_of,
    field_rows,
    is_row,
    prose_of,
    row_cells,
    row_columns,
    source_lines,
    used_by,
)
from poolspec.specdiff.words import Block, Line, Piece, compare_lines
from pysetup.model import Kind

FEW = 4
"""Handlers that are named beside a function; the others are folded away."""

MANY = 30
"""Users of a definition up to which all are named beside it."""

SIGNS = {
    FieldChange.ADDED: "**+**",
    FieldChange.CHANGED: "**±**",
    FieldChange.REMOVED: "**-**",
    FieldChange.SAME: "",
}


def markdown_page(report: Report) -> str:
    """The whole page."""
    return "\n\n".join(_Writer(report).page()) + "\n"


class _Writer:
    """Writes the page in pieces that an empty line parts."""

    def __init__(self, report: Report) -> None:
        self._report = report
        anchors = {entry.name: "#" + anchor_of(_heading_of(entry)) for entry in report.diff.entries}
        self._links = Links(report, anchors)

    def page(self) -> Iterator[str]:
        yield f"# {self._report.title}"
        yield (
            "What the fork changes, definition by definition, as the compiler reads the documents. "
            "Written by `make diff`, which writes the same as a page for the browser, "
            "[poolbonds.html](poolbonds.html)."
        )
        yield self._summary()
        for kind, parts in self._report.diff.chapters():
            yield f"## {TITLES[kind]}"
            for change, entries in parts:
                yield f"### {part_title(kind, change)}"
                if is_row(entries[0]):
                    yield self._rows(kind, entries)
                    continue
                for entry in entries:
                    yield from self._definition(entry)

    def _summary(self) -> str:
        rows = []
        for kind, _ in self._report.diff.chapters():
            cells = [f"[{TITLES[kind]}](#{anchor_of(TITLES[kind])})"]
            for change in Change:
                count = len(self._report.diff.of(kind, change))
                anchor = anchor_of(part_title(kind, change))
                cells.append(f"[{count}](#{anchor})" if count else "")
            rows.append(cells)
        return _table(["", *(change.value for change in Change)], rows)

    def _rows(self, kind: Kind, entries: Sequence[Entry]) -> str:
        """A table of constants, values or types."""
        rows = [
            [
                _code(entry.name),
                *(_changed(*cells) for cells in row_cells(entry)),
                self._links.prose(entry.definition).replace("|", "\\|"),
                _references(self._links.users(entry)),
                self._sections(entry, "Stated in"),
            ]
            for entry in entries
        ]
        return _table(["Name", *row_columns(kind), "Description", "Used by", "Proposal"], rows)

    def _definition(self, entry: Entry) -> Iterator[str]:
        yield f"#### `{entry.name}`"
        yield "\n".join(f"- {fact}" for fact in self._facts(entry))
        users = self._links.users(entry)
        if len(users) > MANY:
            yield _folded(f"{used_by(entry)} {len(users)} definitions", _references(users))
        reached = self._report.reached(entry)
        if reached is not None and len(reached.groups) > FEW:
            yield self._all_groups(reached)
        yield from self._prose(entry)
        if entry.kind is Kind.CONTAINER:
            yield docstring_of(entry.definition)
            yield _fields(field_rows(entry))
        elif entry.change is Change.MODIFIED:
            yield from _code_diff(source_lines(entry.before), source_lines(entry.after))
        else:
            source = "\n".join(source_lines(entry.definition))
            yield _folded("The code", f"```python\n{source}\n```")

    def _facts(self, entry: Entry) -> Iterator[str]:
        """Where it stands, who uses it, which section states it, which vectors reach it."""
        places = self._report.places
        fact = f"{entry.change.value} in [{entry.span}]({places.span(entry.span)})"
        if entry.before is not None:
            span = entry.before.span
            fact += f", was [{span}]({places.span(span)})"
        yield fact
        users = self._links.users(entry)
        if len(users) <= MANY:
            yield (
                f"{used_by(entry)}: {_references(users)}" if users else f"{used_by(entry)} nothing"
            )
        yield self._sections(entry)
        reached = self._report.reached(entry)
        if reached is not None:
            yield _vectors(reached)

    def _sections(self, entry: Entry, understood: str = "") -> str:
        """The sections of the proposal; the words before them if they are not understood."""
        words, sections = self._report.sections(entry)
        links = ", ".join(f"[{each.name}]({each.link})" for each in sections)
        if not sections:
            return words
        return links if words == understood else f"{words}: {links}"

    def _all_groups(self, reached: Reached) -> str:
        groups = [
            f"[{group.handler}]({self._report.format_of(group.handler)}) {group.cases}"
            for group in reached.groups
        ]
        summary = f"All {len(groups)} handlers with the numbers of their cases"
        return _folded(summary, ", ".join(groups))

    def _prose(self, entry: Entry) -> Iterator[str]:
        prose = prose_of(entry, self._links)
        before, after = _marked(prose.before, "del"), _marked(prose.after, "ins")
        match prose.change:
            case ProseChange.ONLY_AFTER | ProseChange.SAME:
                yield after
            case ProseChange.REMOVED:
                yield before
            case ProseChange.ONLY_BEFORE:
                yield f"{self._report.diff.parent.fork.title} says, and the fork adds nothing:"
                yield _quoted(before)
            case ProseChange.MARKED | ProseChange.REPLACED:
                yield "The text was:"
                yield _quoted(before)
                yield "It is:"
                yield _quoted(after)


def _heading_of(entry: Entry) -> str:
    """The heading that an entry stands under: its own, or that of its table."""
    return part_title(entry.kind, entry.change) if is_row(entry) else entry.name


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _folded(summary: str, content: str) -> str:
    return f"<details>\n<summary>{summary}</summary>\n\n{content}\n\n</details>"


def _code(text: str) -> str:
    """A code span that may stand in a table."""
    return f"`{text}`".replace("|", "\\|")


def _changed(before: str, after: str) -> str:
    """A cell that may have changed."""
    shown = [_code(text) for text in dict.fromkeys((before, after)) if text]
    return " → ".join(shown)


def _references(references: Iterable[Reference]) -> str:
    return ", ".join(f"[`{each.name}`]({each.link})" for each in references)


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def _marked(pieces: Iterable[Piece], element: str) -> str:
    return "".join(
        f"<{element}>{each.text}</{element}>" if each.is_changed else each.text for each in pieces
    )


def _vectors(reached: Reached) -> str:
    if not reached.groups:
        return f"No vectors: {reached.reason}" if reached.reason else "No vectors"
    groups = [
        f"{group.handler} ({group.cases}: {', '.join(map(_code, group.examples[:1]))}"
        f"{', …' if group.cases > 1 else ''})"
        for group in reached.groups[:FEW]
    ]
    more = len(reached.groups) - FEW
    return (
        f"Vectors: {reached.cases} case{'s' if reached.cases > 1 else ''}, in "
        f"{', '.join(groups)}{f' and {more} more' if more > 0 else ''}"
    )


def _fields(rows: Sequence[FieldRow]) -> str:
    """Fields that changed, and how many did not."""
    same = sum(row.change is FieldChange.SAME for row in rows)
    cells = []
    for row in rows:
        if row.change is FieldChange.SAME:
            continue
        types = _changed(row.before.type if row.before else "", row.after.type if row.after else "")
        comment = row.field.comment.replace("|", "\\|")
        cells.append([SIGNS[row.change], _code(row.field.name), types, comment])
    if same:
        cells.append(["", f"{same} fields unchanged", "", ""])
    return _table(["", "Field", "Type", ""], cells)


def _code_diff(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    """The whole text as a unified diff; folded below it the words that differ, where any do."""
    blocks = compare_lines(before, after)
    lines = [
        f"{sign}{side[line.number]}".rstrip()
        for block in blocks
        for sign, side, line in _unified(block, before, after)
    ]
    yield "```diff\n" + "\n".join(lines) + "\n```"
    if any(line and line.marks for block in blocks for line in (*block.before, *block.after)):
        marked = [
            _marked_line(sign, side[line.number], line)
            for block in blocks
            if not block.is_same
            for sign, side, line in _unified(block, before, after)
        ]
        yield _folded("Changed lines, word by word", "<pre>\n" + "\n".join(marked) + "\n</pre>")


def _unified(
    block: Block, before: Sequence[str], after: Sequence[str]
) -> Iterator[tuple[str, Sequence[str], Line]]:
    """The lines of a block one below the other, each with its sign and its text's side."""
    if not block.is_same:
        yield from (("-", before, line) for line in block.before if line)
    sign = " " if block.is_same else "+"
    yield from ((sign, after, line) for line in block.after if line)


def _marked_line(sign: str, text: str, line: Line) -> str:
    element = "del" if sign == "-" else "ins"
    parts = [sign]
    end = 0
    for first, last in line.marks:
        parts.append(escape(text[end:first]))
        parts.append(f"<{element}>{escape(text[first:last])}</{element}>")
        end = last
    return "".join([*parts, escape(text[end:])])
