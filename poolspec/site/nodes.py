"""Pieces of pages that Sphinx does not have: code with links, and how they become HTML."""

from docutils import nodes  # type: ignore[import-untyped]
from sphinx.writers.html5 import HTML5Translator

from poolspec.site.highlighting import highlight
from poolspec.site.occurrences import Occurrence


class LinkedCode(nodes.General, nodes.Element):  # type: ignore[misc]
    """A Python block, with `occurrences`; its text is a child too, so that a search finds it."""


def linked_code(source: str, occurrences: list[Occurrence]) -> LinkedCode:
    """Return the node of a block."""
    return LinkedCode("", nodes.Text(source), source=source, occurrences=occurrences)


def visit_linked_code(translator: HTML5Translator, node: LinkedCode) -> None:
    """Write a block."""
    builder = translator.builder
    here = builder.current_docname

    def address(occurrence: Occurrence) -> str:
        target = occurrence.target
        assert target is not None
        if target.document == here:
            return f"#{target.anchor}"
        return f"{builder.get_relative_uri(here, target.document)}#{target.anchor}"

    translator.body.append(highlight(node["source"], node["occurrences"], address))
    raise nodes.SkipNode


def badge(status: str) -> nodes.inline:
    """Return the word New, Modified or Removed as a badge."""
    return nodes.inline("", status, classes=["badge", f"badge-{status.lower()}"])


def folded(summary: str, *content: nodes.Node) -> list[nodes.Node]:
    """Return content that opens on demand."""
    opening = f'<details class="users"><summary>{summary}</summary>'
    return [
        nodes.raw("", opening, format="html"),
        *content,
        nodes.raw("", "</details>", format="html"),
    ]
