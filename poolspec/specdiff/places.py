"""Links to documents of the checkout: to the heading that a line stands under."""

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from poolspec.anchors import anchors_of
from pysetup.errors import Problems, Span
from pysetup.markdown import Heading, parse

_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FRONT_MATTER = re.compile(r"\A---\n.*?^---$", re.MULTILINE | re.DOTALL)


def without_front_matter(text: str) -> str:
    """A document whose preamble is blank, so that it is not taken for text and lines stay."""
    return _FRONT_MATTER.sub(lambda match: "\n" * match[0].count("\n"), text)


@dataclass(frozen=True)
class Section:
    """A heading of a document, its anchor there, and the headings above it, outermost first."""

    path: str
    heading: Heading
    anchor: str
    above: tuple[str, ...]

    @property
    def title(self) -> str:
        """The heading's text."""
        return self.heading.text


@dataclass(frozen=True)
class Outline:
    """A document's text and its sections in order."""

    path: str
    text: str

    @cached_property
    def nodes(self) -> tuple[object, ...]:
        """The document as the compiler parses it; what it objects to is the compiler's to say."""
        return parse(self.path, without_front_matter(self.text), Problems()).nodes

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """All sections in order."""
        headings = [node for node in self.nodes if isinstance(node, Heading)]
        anchors = anchors_of(heading.text for heading in headings)
        above: list[Heading] = []
        found = []
        for heading, anchor in zip(headings, anchors, strict=True):
            above = [each for each in above if each.level < heading.level]
            titles = tuple(each.text for each in above)
            found.append(Section(self.path, heading, anchor, titles))
            above.append(heading)
        return tuple(found)

    def section_at(self, line: int) -> Section | None:
        """The section that a line (from 1) belongs to; None above the first heading."""
        started = [each for each in self.sections if each.heading.span.first <= line]
        return started[-1] if started else None


@dataclass(frozen=True)
class Target:
    """Where links to documents lead: `base` is the way there, `ending` that of a document.

    `home` is the page from which one came, if there is one.
    """

    base: str
    ending: str = ".md"
    home: str = ""


SITE = Target("..", ".html", "../index.html")
"""The site of the documents, seen from a folder of its own in it."""


class Places:
    """Turns places in documents into links."""

    def __init__(self, root: Path, target: Target) -> None:
        self.target = target
        self._root = root
        self._outlines: dict[str, Outline] = {}

    def outline(self, path: str) -> Outline:
        """The outline of a document; raises `OSError` if it cannot be read."""
        if path not in self._outlines:
            text = (self._root / path).read_text(encoding="utf-8")
            self._outlines[path] = Outline(path, text)
        return self._outlines[path]

    def file(self, path: str) -> str:
        """A link to a file or folder of the checkout."""
        if path.endswith(".md"):
            path = path.removesuffix(".md") + self.target.ending
        return f"{self.target.base.rstrip('/')}/{path}"

    def section(self, section: Section) -> str:
        """A link to a section."""
        return f"{self.file(section.path)}#{section.anchor}"

    def span(self, span: Span) -> str:
        """A link to the heading above a place."""
        section = self.outline(span.path).section_at(span.first)
        return self.section(section) if section else self.file(span.path)

    def rebased(self, markdown: str, path: str, anchors: Mapping[str, str]) -> str:
        """Prose of a document whose links lead where they led there, seen from the pages.

        `anchors` gives what the pages show themselves: the anchors of documents, as in
        `specs/poolbonds/seats.md#new-get_seats`, and the links to use instead.
        """

        def link(match: re.Match[str]) -> str:
            target = match[1]
            if "://" in target:
                return match[0]
            file, _, anchor = target.partition("#")
            folder = posixpath.dirname(path)
            whole = posixpath.normpath(posixpath.join(folder, file)) if file else path
            end = f"#{anchor}" if anchor else ""
            return f"]({anchors.get(whole + end) or self.file(whole) + end})"

        return _LINK.sub(link, markdown)
