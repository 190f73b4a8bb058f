"""Whether every link of the built pages leads to a page and to a place in it.

Sphinx checks the links that documents have; this checks all that came out, links in code too.
"""

import re
from collections.abc import Iterator
from functools import cache
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urlsplit

_LINK = re.compile(r'<(?:a|link|img|script)\b[^>]*?\s(?:href|src)="([^"]*)"')
_ANCHOR = re.compile(r'<[^>]+?\s(?:id|name)="([^"]+)"')
_CODE = re.compile(r"<script\b[^>]*>.*?</script>", re.DOTALL)
# The theme's way to the top of a page.
_ALWAYS_THERE = {"", "top"}


def dead_links(site: Path) -> Iterator[str]:
    """Yield a message for each link within the site that leads nowhere."""
    for page in sorted(site.rglob("*.html")):
        text = _text(page)
        for link in dict.fromkeys(_LINK.findall(text)):
            parts = urlsplit(unescape(link))
            if parts.scheme or parts.netloc:
                continue
            there = page.parent / unquote(parts.path) if parts.path else page
            if not there.is_file():
                yield f"{page.relative_to(site)}: error: dead link: {link}"
            elif there.suffix == ".html" and not _has(there.resolve(), unquote(parts.fragment)):
                yield f"{page.relative_to(site)}: error: no such place in the page: {link}"


def _has(page: Path, anchor: str) -> bool:
    return anchor in _ALWAYS_THERE or anchor in _anchors(page)


@cache
def _anchors(page: Path) -> frozenset[str]:
    return frozenset(map(unescape, _ANCHOR.findall(_text(page))))


def _text(page: Path) -> str:
    """Return a page without the bodies of its scripts, where anything may stand."""
    return _CODE.sub(lambda found: found[0].partition(">")[0] + ">", page.read_text("utf-8"))
