"""The changes as one page for the browser, which holds its styles and its script."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from poolspec.anchors import anchor_of
from poolspec.specdiff.colours import Token, coloured, line_html
from poolspec.specdiff.fields import FieldChange, FieldRow
from poolspec.specdiff.objects import Change, Entry
from poolspec.specdiff.report import TITLES, Links, Report, part_title
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
from pysetup.errors import Span
from pysetup.model import Definition, Kind

FOLDER = Path(__file__).parent / "web"

FEW = 3
"""Handlers that are named beside a function."""

SOME = 14
"""Users that are named beside a definition before the others are folded away."""

SHORT_RUN = 3
"""Unchanged fields in a row that are not folded away."""

INDENTATION = 4
DEEPEST = 6
"""Steps of indentation that the styles know."""

# Private characters stand for the tags of marked words until the Markdown has become HTML.
_OPEN, _CLOSE = "\ue000", "\ue001"


def html_page(report: Report) -> str:
    """The whole page."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    builder = _Builder(report)
    page = environment.get_template("page.html.jinja").render(
        title=report.title,
        home=report.places.target.home,
        before=report.diff.parent.fork.title,
        after=report.diff.fork.fork.title,
        counts=builder.counts(),
        chapters=list(builder.chapters()),
        Change=Change,
        FieldChange=FieldChange,
        style=Markup((FOLDER / "page.css").read_text(encoding="utf-8")),
        script=Markup((FOLDER / "page.js").read_text(encoding="utf-8")),
    )
    return page.rstrip() + "\n"


@dataclass(frozen=True)
class Cell:
    """A line of code on one side: its number in the document and what it holds."""

    number: int
    depth: int
    """Steps of indentation, so that what is wrapped can be indented as deep."""
    html: Markup


@dataclass(frozen=True)
class CodeBlock:
    """Lines of both sides, None where one has a gap."""

    is_same: bool
    before: tuple[Cell | None, ...]
    after: tuple[Cell | None, ...]


class _Builder:
    """Turns entries into what the template shows."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._anchors = {entry.name: f"#{entry.name}" for entry in report.diff.entries}
        self._links = Links(report, self._anchors)
        self._markdown = MarkdownIt("commonmark", {"html": False}).enable("table")

    def counts(self) -> list[tuple[Change, int]]:
        """How many entries there are of each change that there is."""
        changes = [entry.change for entry in self._report.diff.entries]
        return [(change, changes.count(change)) for change in Change if change in changes]

    def chapters(self) -> Iterator[dict[str, Any]]:
        for kind, parts in self._report.diff.chapters():
            yield {
                "title": TITLES[kind],
                "anchor": anchor_of(TITLES[kind]),
                "parts": [self._part(kind, change, entries) for change, entries in parts],
            }

    def _part(self, kind: Kind, change: Change, entries: Sequence[Entry]) -> dict[str, Any]:
        title = part_title(kind, change)
        shown = self._row if is_row(entries[0]) else self._definition
        return {
            "title": title,
            "anchor": anchor_of(title),
            "change": change,
            "columns": row_columns(kind) if is_row(entries[0]) else [],
            "documents": [
                (PurePosixPath(path).stem, [shown(entry) for entry in group])
                for path, group in groupby(entries, lambda each: each.span.path)
            ],
        }

    def _common(self, entry: Entry) -> dict[str, Any]:
        words, sections = self._report.sections(entry)
        users = self._links.users(entry)
        return {
            "name": entry.name,
            "change": entry.change,
            "place": self._place(entry.span),
            "before_place": self._place(entry.before.span) if entry.before else None,
            "used_by": used_by(entry),
            "users": users[:SOME],
            "more_users": users[SOME:],
            "sections_words": words,
            "sections": sections,
        }

    def _place(self, span: Span) -> dict[str, str]:
        return {"text": str(span), "link": self._report.places.span(span)}

    def _row(self, entry: Entry) -> dict[str, Any]:
        description = Markup(self._markdown.renderInline(self._links.prose(entry.definition)))
        return {**self._common(entry), "cells": row_cells(entry), "description": description}

    def _definition(self, entry: Entry) -> dict[str, Any]:
        is_container = entry.kind is Kind.CONTAINER
        return {
            **self._common(entry),
            "reached": self._reached(entry),
            "prose": self._prose(entry),
            "docstring": docstring_of(entry.definition) if is_container else "",
            "has_comments": is_container and any(row.field.comment for row in field_rows(entry)),
            "fields": _field_runs(field_rows(entry)) if is_container else [],
            "blocks": [] if is_container else self._code(entry),
        }

    def _reached(self, entry: Entry) -> dict[str, Any] | None:
        reached = self._report.reached(entry)
        if reached is None:
            return None
        groups = [(group, self._report.format_of(group.handler)) for group in reached.groups]
        return {
            "cases": reached.cases,
            "reason": reached.reason,
            "groups": groups,
            "first": groups[:FEW],
            "others": len(groups[FEW:]),
        }

    def _prose(self, entry: Entry) -> dict[str, Any]:
        prose = prose_of(entry, self._links)
        is_pair = prose.change in (ProseChange.MARKED, ProseChange.REPLACED)
        return {
            "is_pair": is_pair,
            "is_marked": prose.change is ProseChange.MARKED,
            "is_parents": prose.change is ProseChange.ONLY_BEFORE,
            "before": self._prose_html(prose.before, "del"),
            "after": self._prose_html(prose.after, "ins"),
        }

    def _prose_html(self, pieces: Sequence[Piece], element: str) -> Markup:
        text = "".join(
            f"{_OPEN}{each.text}{_CLOSE}" if each.is_changed else each.text for each in pieces
        )
        html = self._markdown.render(text)
        return Markup(html.replace(_OPEN, f"<{element}>").replace(_CLOSE, f"</{element}>"))

    def _code(self, entry: Entry) -> list[CodeBlock]:
        before, after = (self._side(each) for each in (entry.before, entry.after))
        if entry.change is Change.MODIFIED:
            blocks = compare_lines(source_lines(entry.before), source_lines(entry.after))
        else:
            # All there is, on one side; nothing stands beside it.
            sides = (
                [Line(number) for number in range(len(side.tokens))] for side in (before, after)
            )
            blocks = [Block(False, *map(tuple, sides))]
        return [
            CodeBlock(
                block.is_same,
                tuple(before.cell(line) if line else None for line in block.before),
                tuple(after.cell(line) if line else None for line in block.after),
            )
            for block in blocks
        ]

    def _side(self, definition: Definition | None) -> "_Side":
        if definition is None:
            return _Side([], 0, {})
        # A definition does not link to itself.
        links = {name: link for name, link in self._anchors.items() if name != definition.name}
        return _Side(coloured(source_lines(definition)), definition.span.first, links)


@dataclass(frozen=True)
class _Side:
    """The code of one side, coloured; `first` is its first line's number in the document."""

    tokens: list[list[Token]]
    first: int
    links: Mapping[str, str]

    def cell(self, line: Line) -> Cell:
        tokens = self.tokens[line.number]
        html = line_html(tokens, line.marks, self.links)
        text = "".join(token.text for token in tokens)
        depth = (len(text) - len(text.lstrip(" "))) // INDENTATION
        return Cell(self.first + line.number, min(depth, DEEPEST), html)


def _field_runs(rows: Sequence[FieldRow]) -> list[tuple[bool, list[FieldRow]]]:
    """Fields in order, in runs that are folded away or not."""
    runs = []
    for is_same, group in groupby(rows, lambda row: row.change is FieldChange.SAME):
        run = list(group)
        runs.append((is_same and len(run) > SHORT_RUN, run))
    return runs
