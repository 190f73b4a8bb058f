"""Code as HTML: coloured by Pygments, with marked ranges, and names as links."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup, escape
from pygments.lexers.python import PythonLexer
from pygments.token import STANDARD_TYPES, _TokenType

from poolspec.specdiff.words import Range

_OPENING = re.compile(r"[(\[]")


@dataclass(frozen=True)
class Token:
    """A piece of a line, and the short name that Pygments has for what it is."""

    style: str
    text: str


def coloured(lines: Sequence[str]) -> list[list[Token]]:
    """The tokens of each line. A text over several lines is one token in each of them."""
    coloured_lines: list[list[Token]] = [[]]
    lexer = PythonLexer(stripnl=False, ensurenl=False)
    for kind, text in lexer.get_tokens("\n".join(lines)):
        for number, part in enumerate(text.split("\n")):
            if number:
                coloured_lines.append([])
            if part:
                coloured_lines[-1].append(Token(_style(kind), part))
    return coloured_lines


def _style(kind: _TokenType) -> str:
    """The style of a token; a kind that has none has that of the kind above."""
    ancestor: _TokenType | None = kind
    while ancestor is not None:
        if ancestor in STANDARD_TYPES:
            return STANDARD_TYPES[ancestor]
        ancestor = ancestor.parent
    return ""


def line_html(tokens: Sequence[Token], marks: Sequence[Range], links: Mapping[str, str]) -> Markup:
    """A line of code. Marked ranges become `mark` elements, names that have a link links."""
    parts = []
    for is_marked, run in _runs(tokens, marks):
        html = Markup("").join(_token_html(token, links) for token in run)
        parts.append(Markup("<mark>{}</mark>").format(html) if is_marked else html)
    return Markup("").join(parts)


def _runs(tokens: Sequence[Token], marks: Sequence[Range]) -> Iterator[tuple[bool, list[Token]]]:
    """The tokens, cut where a range begins or ends, in runs that are marked or not."""
    edges = sorted({edge for mark in marks for edge in mark})
    runs: list[tuple[bool, list[Token]]] = []
    position = 0
    for token in tokens:
        end = position + len(token.text)
        cuts = [position, *(edge for edge in edges if position < edge < end), end]
        for first, last in pairwise(cuts):
            is_marked = any(start <= first < stop for start, stop in marks)
            piece = Token(token.style, token.text[first - position : last - position])
            if runs and runs[-1][0] is is_marked:
                runs[-1][1].append(piece)
            else:
                runs.append((is_marked, [piece]))
        position = end
    yield from runs


def _token_html(token: Token, links: Mapping[str, str]) -> Markup:
    link = links.get(token.text) if token.style.startswith("n") else None
    text = escape(token.text)
    if token.style == "p":
        # A long line breaks behind a bracket rather than within a name.
        text = Markup(_OPENING.sub(r"\g<0><wbr>", str(text)))
    if link:
        text = Markup('<a href="{}">{}</a>').format(link, text)
    # White space, plain names and punctuation have the colour of the text.
    if token.style in ("", "w", "n", "p"):
        return text
    return Markup('<span class="{}">{}</span>').format(token.style, text)
