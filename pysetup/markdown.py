"""Phase 1, parse: markdown to headings, fenced blocks and tables, each with its span.

markdown-it-py finds the blocks and their lines. The cells of a table are split here, from the
source, because a markdown renderer drops surplus cells and pads missing ones in silence.
"""

import re
from dataclasses import dataclass
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from pysetup.errors import Problems, Span

INFORMATIVE = "<!-- informative -->"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_PIPE = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True)
class Heading:
    """A heading; `text` is its markdown source without the number signs."""

    span: Span
    level: int
    text: str


@dataclass(frozen=True)
class Fence:
    """A fenced code block; `span` covers the code without its fences."""

    span: Span
    info: str
    source: str
    nested: bool


@dataclass(frozen=True)
class Row:
    """A row of a table, cells stripped of white space."""

    span: Span
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table; `informative` if a comment above it says that it is for readers only."""

    span: Span
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    informative: bool
    nested: bool


@dataclass(frozen=True)
class Prose:
    """Anything else: paragraphs, lists, quotes, comments."""

    span: Span
    text: str


Node = Heading | Fence | Table | Prose


@dataclass(frozen=True)
class Document:
    """A parsed document: its nodes in order."""

    path: str
    nodes: tuple[Node, ...]


@cache
def _parser() -> MarkdownIt:
    """Return a parser of blocks; inline markup is not looked at."""
    parser = MarkdownIt("commonmark").enable("table")
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser


def parse(path: str, text: str, problems: Problems) -> Document:
    """Parse the document `text`, which messages call `path`."""
    lines = text.replace("\r\n", "\n").split("\n")
    for number, line in enumerate(lines, start=1):
        # Python would take some of them for the end of a comment, or of the whole module
        if found := _CONTROL.search(line):
            problems.add(Span(path, number, number), f"the control character {found[0]!a}")
    tokens = _parser().parse("\n".join(lines))
    nodes: list[Node] = []
    depth_end = 0  # the line (from 0) where the outermost block that is being walked ends
    informative: Span | None = None
    for position, token in enumerate(tokens):
        if token.map is None or token.type in ("inline", "tr_open", "thead_open", "tbody_open"):
            continue
        node = _node(path, lines, tokens, position, informative is not None, problems)
        if node is None:
            continue
        outermost = token.map[0] >= depth_end
        if not outermost and isinstance(node, Prose):
            continue
        depth_end = max(depth_end, token.map[1])
        if informative is not None and not isinstance(node, Table):
            problems.add(informative, f"no table follows the comment {INFORMATIVE}")
        is_comment = isinstance(node, Prose) and node.text.strip() == INFORMATIVE
        informative = node.span if is_comment else None
        if not is_comment:
            nodes.append(node)
    if informative is not None:
        problems.add(informative, f"no table follows the comment {INFORMATIVE}")
    return Document(path, tuple(nodes))


def _node(
    path: str,
    lines: list[str],
    tokens: list[Token],
    position: int,
    informative: bool,
    problems: Problems,
) -> Node | None:
    """Return the node that starts at a token, if one does."""
    token = tokens[position]
    assert token.map is not None
    first, end = token.map
    span = Span(path, first + 1, max(first + 1, end))
    if token.type == "heading_open":
        return Heading(span, int(token.tag[1:]), tokens[position + 1].content.strip())
    if token.type == "fence":
        return _fence(span, token, lines, problems)
    if token.type == "table_open":
        return _table(span, tokens, position, lines, informative, problems)
    if token.type == "paragraph_open":
        _check_paragraph(span, lines, problems)
    text = "\n".join(lines[first:end]).rstrip()
    return Prose(Span(path, first + 1, first + 1 + text.count("\n")), text)


def _fence(span: Span, token: Token, lines: list[str], problems: Problems) -> Fence:
    """Return a code block; one that is not closed swallows the rest of the document."""
    count = token.content.count("\n")
    closing = lines[span.first + count] if span.first + count < len(lines) else ""
    if not closing.strip(" >").startswith(token.markup):
        problems.add(span, "the code block is not closed")
    inner = Span(span.path, span.first + 1, span.first + max(count, 1))
    return Fence(inner, token.info.strip(), token.content, nested=token.level > 0)


def _check_paragraph(span: Span, lines: list[str], problems: Problems) -> None:
    """Report a table that the parser takes for text, as when its second line has another width."""
    for number in range(span.first, span.last + 1):
        if lines[number - 1].lstrip().startswith("|"):
            here = Span(span.path, number, number)
            problems.add(here, "this looks like a table but is not one: check its first two lines")
            return


def _table(
    span: Span,
    tokens: list[Token],
    position: int,
    lines: list[str],
    informative: bool,
    problems: Problems,
) -> Table:
    """Return a table with the cells of its rows; rows of another width are reported."""
    numbers: list[int] = []
    for token in tokens[position:]:
        if token.type == "table_close":
            break
        if token.type == "tr_open" and token.map is not None:
            numbers.append(token.map[0])
    header = _cells(lines[numbers[0]])
    rows = []
    for number in numbers[1:]:
        row = Row(Span(span.path, number + 1, number + 1), _cells(lines[number]))
        if len(row.cells) == len(header):
            rows.append(row)
        elif not informative:
            widths = f"it has {len(row.cells)} cells, the header has {len(header)}"
            problems.add(row.span, f"table row not understood: {widths}")
    nested = tokens[position].level > 0
    return Table(span, header, tuple(rows), informative, nested)


def _cells(line: str) -> tuple[str, ...]:
    """Split a line of a table at its unescaped pipes."""
    inner = line.strip().removeprefix("|")
    if inner.endswith("|") and not inner.endswith("\\|"):
        inner = inner[:-1]
    return tuple(cell.strip().replace("\\|", "|") for cell in _PIPE.split(inner))
