"""The lists of all names of a fork: where each is defined and what uses it.

They stand where a document has the comment `<!-- definitions of <fork> -->`.
"""

import re
from collections.abc import Iterable

from docutils import nodes  # type: ignore[import-untyped]

from poolspec.site.definitions import Specification
from poolspec.site.domain import reference_to
from poolspec.site.nodes import badge, folded
from poolspec.site.spec_pages import FEW, links, users_by_fork
from pysetup.model import Definition, Status

_PLACE = re.compile(r"<!-- definitions of (\w+) -->")
_HEADER = ("Name", "Used by")
_WIDTHS = (45, 55)


def fill(doctree: nodes.document, document: str, forks: dict[str, Specification]) -> None:
    """Put the lists in their places."""
    for place in list(doctree.findall(nodes.raw)):
        match = _PLACE.fullmatch(place.astext().strip())
        if match is not None:
            fork = forks[match[1]]
            names = sorted(fork.resolved.own(), key=lambda each: each.name.lower())
            rows = [_row(each, fork, forks, document) for each in names]
            place.replace_self(_table(rows))


def _row(
    definition: Definition, fork: Specification, forks: dict[str, Specification], document: str
) -> nodes.row:
    name = reference_to(fork.name, definition.name, document, nodes.literal("", definition.name))
    what: list[nodes.Node] = [nodes.Text(f"{definition.kind.value}, {_document(definition)}")]
    if definition.status in (Status.NEW, Status.MODIFIED):
        what = [badge(definition.status.value.capitalize()), nodes.Text(" "), *what]
    row = nodes.row("", ids=[definition.name])
    row += nodes.entry(
        "", nodes.paragraph("", "", name), nodes.paragraph("", "", *what, classes=["what"])
    )
    row += nodes.entry("", *_users(definition, fork, forks, document))
    return row


def _document(definition: Definition) -> str:
    """Return the topic of the document that has a definition, as in "weak subjectivity"."""
    return definition.span.path.rpartition("/")[2].removesuffix(".md").replace("-", " ")


def _users(
    definition: Definition, fork: Specification, forks: dict[str, Specification], document: str
) -> Iterable[nodes.Node]:
    for user, names in users_by_fork(definition, fork, forks):
        content = links(user, names, document)
        where = "" if user is fork else f"in {user.title}: "
        if len(names) > FEW:
            yield from folded(f"{where}{len(names)} names", nodes.paragraph("", "", *content))
        else:
            yield nodes.paragraph("", where, *content)


def _table(rows: list[nodes.row]) -> nodes.table:
    head = nodes.row("", *(nodes.entry("", nodes.paragraph("", text)) for text in _HEADER))
    group = nodes.tgroup("", cols=len(_HEADER))
    group += [nodes.colspec("", colwidth=width) for width in _WIDTHS]
    group += [nodes.thead("", head), nodes.tbody("", *rows)]
    return nodes.table("", group, classes=["names", "no-search"])
