"""Python code as HTML: coloured by Pygments, with links and anchors at given places."""

from collections.abc import Callable, Sequence
from html import escape

from pygments.lexers.python import PythonLexer
from pygments.token import STANDARD_TYPES

from poolspec.site.occurrences import Occurrence

# From a target of an occurrence to the address that the page is to use.
Address = Callable[[Occurrence], str]


def highlight(source: str, occurrences: Sequence[Occurrence], address: Address) -> str:
    """Return the HTML of a block; an occurrence is a whole token of the code."""
    places = {(each.line, each.column): each for each in occurrences}
    line = column = 0
    parts = ['<div class="highlight-python notranslate"><div class="highlight"><pre><span></span>']
    for kind, value in PythonLexer(stripnl=False).get_tokens(source):
        style = STANDARD_TYPES.get(kind, "")
        occurrence = places.get((line, column))
        if occurrence is not None and occurrence.text == value:
            parts.append(_marked(value, occurrence, address))
        elif style:
            parts.append(f'<span class="{style}">{escape(value, quote=False)}</span>')
        else:
            parts.append(escape(value, quote=False))
        if "\n" in value:
            line, column = line + value.count("\n"), len(value) - value.rindex("\n") - 1
        else:
            column += len(value)
    return "".join([*parts, "</pre></div></div>\n"])


def _marked(name: str, occurrence: Occurrence, address: Address) -> str:
    """Return a name as a link, in the colour of links, or as a place that links lead to."""
    if occurrence.target is not None:
        href, title = escape(address(occurrence)), escape(occurrence.target.title)
        return f'<a class="definition" href="{href}" title="{title}">{name}</a>'
    return f'<span id="{escape(occurrence.anchor or "")}">{name}</span>'
