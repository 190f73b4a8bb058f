"""The tree of pages, made of the links that pages of contents have.

A page of contents is an ordinary document whose links also read well in a code-review site. Each of
its links to another document puts that document below it; in the first page, every heading gives
the links under it a caption in the sidebar.
"""

import posixpath
import re
from collections.abc import Iterator

FIRST = "docs/index"
# The others put only documents of their own folder below them.
PAGES = frozenset({FIRST, "specs/fulu/README", "tests/formats/README"})

_LINK = re.compile(r"\[([^\]]+)\]\(([^)\s#]+)\.md\)")
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)


def with_tree(page: str, text: str) -> str:
    """Return the text of a page of contents with toctrees at its end, so that lines stay."""
    blocks = []
    taken: set[str] = set()
    for caption, part in _parts(text) if page == FIRST else [("", text)]:
        documents = {name: words for name, words in _linked(page, part) if name not in taken}
        taken.update(documents)
        if documents:
            lines = [f":caption: {caption}"] if caption else []
            entries = [f"{words} </{name}>" for name, words in documents.items()]
            blocks.append("\n".join(["```{toctree}", ":hidden:", *lines, "", *entries, "```"]))
    return "\n\n".join([text.rstrip("\n"), *blocks, ""])


def _parts(text: str) -> Iterator[tuple[str, str]]:
    """Yield the caption and the text of each part that has a heading."""
    pieces = _HEADING.split(text)
    yield from zip(pieces[1::2], pieces[2::2], strict=True)


def _linked(page: str, text: str) -> Iterator[tuple[str, str]]:
    """Yield the documents that a page of contents puts below it, with the words of their links."""
    folder = posixpath.dirname(page)
    below = "" if page == FIRST else f"{folder}/"
    for words, link in _LINK.findall(text):
        document = posixpath.normpath(posixpath.join(folder, link))
        if document != page and document.startswith(below):
            yield document, words[0].upper() + words[1:].replace("`", "")
