"""A proposal's file taken apart: its preamble, and what stands in its markdown at which line."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from poolspec.anchors import anchors_of
from pysetup.errors import Problems, Span
from pysetup.markdown import Fence, Heading, Table, parse

__all__ = [
    "Code",
    "Field",
    "Html",
    "Link",
    "Proposal",
    "Section",
    "Text",
    "anchors",
    "read",
]

_FENCE = "---"


@dataclass(frozen=True)
class Field:
    """A line of the preamble; `value` is what follows the colon, as it stands."""

    name: str
    value: str
    line: int


@dataclass(frozen=True)
class Link:
    """A link, an image, or a URL in angle brackets."""

    text: str
    target: str
    line: int


@dataclass(frozen=True)
class Text:
    """A piece of text within a line; `target` is that of the link around it, if there is one."""

    content: str
    line: int
    target: str | None


@dataclass(frozen=True)
class Code:
    """Code within a line of text, without its backticks."""

    content: str
    line: int


@dataclass(frozen=True)
class Html:
    """Raw HTML, comments included."""

    content: str
    line: int


Piece = Link | Text | Code | Html


@dataclass(frozen=True)
class Section:
    """A heading with the line after the last of what it heads, deeper headings included."""

    heading: Heading
    end: int

    @property
    def first(self) -> int:
        """Return the line of the heading."""
        return self.heading.span.first


@dataclass(frozen=True)
class Proposal:
    """A proposal; `path` is how messages call it, `lines` all of the file."""

    path: str
    lines: Sequence[str]
    body_start: int
    fields: Sequence[Field]
    headings: Sequence[Heading]
    fences: Sequence[Fence]
    tables: Sequence[Table]
    pieces: Sequence[Piece]

    def span(self, line: int) -> Span:
        """Return a line as a place for messages."""
        return Span(self.path, line, line)

    def field(self, name: str) -> Field | None:
        """Return the first field of this name."""
        return next((each for each in self.fields if each.name == name), None)

    @cached_property
    def sections(self) -> Sequence[Section]:
        """Return every heading with the end of its section, in order."""
        found = []
        for position, heading in enumerate(self.headings):
            later = (each for each in self.headings[position + 1 :] if each.level <= heading.level)
            following = next(later, None)
            end = len(self.lines) + 1 if following is None else following.span.first
            found.append(Section(heading, end))
        return found

    def section(self, name: str) -> Section | None:
        """Return the section of the second level that has this name."""
        return next(
            (
                each
                for each in self.sections
                if each.heading.text == name and each.heading.level == 2
            ),
            None,
        )

    def heading_above(self, line: int) -> str:
        """Return the text of the nearest heading above a line."""
        above = [each.text for each in self.headings if each.span.first < line]
        return above[-1] if above else ""

    def links(self) -> Iterator[Link]:
        """Return the links in order."""
        return (piece for piece in self.pieces if isinstance(piece, Link))


def anchors(text: str) -> set[str]:
    """Return the anchors of a markdown document's headings."""
    nodes = parse("", text, Problems()).nodes
    return set(anchors_of(node.text for node in nodes if isinstance(node, Heading)))


def read(path: Path, name: str, problems: Problems) -> Proposal:
    """Read a proposal, which messages call `name`.

    Raises OSError if there is no such file, UnicodeDecodeError if it is no text in UTF-8.
    """
    text = path.read_text(encoding="utf-8").replace("\r\n", "\n")
    lines = text.split("\n")
    fields, body_start = _preamble(name, lines, problems)
    # Empty lines in place of the preamble, so that lines keep their numbers
    body = "\n".join([""] * (body_start - 1) + lines[body_start - 1 :])
    nodes = parse(name, body, problems).nodes
    return Proposal(
        path=name,
        lines=lines,
        body_start=body_start,
        fields=fields,
        headings=[node for node in nodes if isinstance(node, Heading)],
        fences=[node for node in nodes if isinstance(node, Fence)],
        tables=[node for node in nodes if isinstance(node, Table)],
        pieces=list(_pieces(body)),
    )


def _preamble(name: str, lines: Sequence[str], problems: Problems) -> tuple[Sequence[Field], int]:
    """Return the fields of the preamble and the first line (from 1) after it."""
    if lines[0] != _FENCE:
        problems.add(Span(name, 1, 1), "a preamble is missing: the first line must be '---'")
        return [], 1
    if _FENCE not in lines[1:]:
        problems.add(Span(name, 1, 1), "the preamble is not closed: a second line '---' is missing")
        return [], 1
    end = lines.index(_FENCE, 1)
    fields = []
    for number, line in enumerate(lines[1:end], start=2):
        field_name, colon, value = line.partition(":")
        if colon:
            fields.append(Field(field_name, value, number))
        else:
            problems.add(Span(name, number, number), "the preamble has only lines 'name: value'")
    return fields, end + 2


def _pieces(body: str) -> Iterator[Piece]:
    """Return what stands in a document's lines of text, in order."""
    lines = body.split("\n")
    for token in MarkdownIt("commonmark").enable("table").parse(body):
        if token.map is None:
            continue
        if token.type == "html_block":
            yield Html(token.content, token.map[0] + 1)
        if token.type == "inline":
            yield from _inline(token.children or [], token.map[0] + 1, lines)


def _inline(children: Sequence[Token], line: int, lines: Sequence[str]) -> Iterator[Piece]:
    """Return the pieces of a paragraph, heading or cell that starts at `line`."""
    target: str | None = None
    label: list[str] = []
    opened = line
    for child in children:
        if child.type in ("softbreak", "hardbreak"):
            line += 1
            label.append(" ")
        elif child.type == "link_open":
            target, label, opened = str(child.attrs["href"]), [], line
        elif child.type == "link_close":
            yield Link("".join(label), target or "", opened)
            target = None
        elif child.type == "image":
            yield Link(child.content, str(child.attrs["src"]), line)
        elif child.type == "html_inline":
            yield Html(child.content, line)
        elif child.type == "code_inline":
            if child.content not in lines[line - 1] and " " in child.content:
                line += 1  # The code is broken between two lines
            label.append(f"`{child.content}`")
            yield Code(child.content, line)
        elif child.type == "text" and child.content:
            label.append(child.content)
            yield Text(child.content, line, target)
