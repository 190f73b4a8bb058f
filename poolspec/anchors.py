"""The anchors of headings, as code-review sites make them."""

import re
from collections.abc import Iterable

_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_NOT_IN_ANCHOR = re.compile(r"[^\w\- ]")


def anchor_of(heading: str) -> str:
    """Return the anchor of a heading's markdown: small letters, dashes for spaces."""
    text = _LINK.sub(r"\1", heading).strip()
    return _NOT_IN_ANCHOR.sub("", text.lower()).replace(" ", "-")


def anchors_of(headings: Iterable[str]) -> list[str]:
    """Return the anchors of a document's headings in order; one that comes again has a number."""
    found: dict[str, None] = {}
    for heading in headings:
        anchor = base = anchor_of(heading)
        number = 0
        while anchor in found:
            number += 1
            anchor = f"{base}-{number}"
        found[anchor] = None
    return list(found)
