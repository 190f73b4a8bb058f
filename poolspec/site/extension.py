"""The Sphinx extension: puts the parts together."""

import re
from collections.abc import Mapping
from pathlib import Path

from docutils import nodes  # type: ignore[import-untyped]
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from poolspec.site import contents, inline_code, name_lists
from poolspec.site.definitions import load
from poolspec.site.domain import SpecDomain
from poolspec.site.nodes import LinkedCode, visit_linked_code
from poolspec.site.spec_pages import SpecPage, link_to_diff

# What a name means on pages that belong to no fork.
PROPOSAL = "poolbonds"
# The document that tells of the page of the changes.
ABOUT_DIFF = "docs/diff"
# Before Sphinx collects titles and anchors, which is at 500.
EARLY = 100

# An EIP links to other EIPs, and to the licence, where they are in the EIPs' repository.
_EIP_LINKS = (
    (re.compile(r"\]\(\./(eip-\d+)\.md"), r"](https://eips.ethereum.org/EIPS/\1"),
    (re.compile(r"\]\(\.\./LICENSE\.md\)"), "](../LICENSE)"),
)


def _read_source(app: Sphinx, document: str, text: list[str]) -> None:
    if document in contents.PAGES:
        text[0] = contents.with_tree(document, text[0])
    if document.startswith("eip/"):
        for link, here in _EIP_LINKS:
            text[0] = link.sub(here, text[0])


def _change_page(app: Sphinx, doctree: nodes.document) -> None:
    forks, document = load(Path(app.srcdir)), app.env.docname
    folder, _, rest = document.partition("/")
    fork = forks.get(rest.partition("/")[0]) if folder == "specs" else None
    if fork is not None:
        SpecPage(doctree, document, forks).transform()
    if document == ABOUT_DIFF:
        link = link_to_diff(document, "Open the page of the changes")
        _put_below_title(doctree, nodes.paragraph("", "", link))
    if document.startswith("eip/eip-"):
        _put_below_title(doctree, _preamble(app.env.metadata[document]))
    _unlink_folders(app, doctree, document)
    name_lists.fill(doctree, document, forks)
    inline_code.link_names(doctree, document, fork or forks[PROPOSAL], forks)


def _put_below_title(doctree: nodes.document, node: nodes.Node) -> None:
    """Make a node the first below the title of a page; a preamble may stand before that."""
    next(iter(doctree.findall(nodes.section))).insert(1, node)


def _preamble(preamble: Mapping[str, object]) -> nodes.paragraph:
    """Return what an EIP's preamble says of it, in a line."""
    required = ", ".join(f"EIP-{number.strip()}" for number in str(preamble["requires"]).split(","))
    status, kind, category = (str(preamble[key]) for key in ("status", "type", "category"))
    text = f"{status} · {kind}: {category} · {preamble['created']} · requires {required}"
    return nodes.paragraph("", text, classes=["preamble"])


def _unlink_folders(app: Sphinx, doctree: nodes.document, document: str) -> None:
    """Leave only the words of links to folders, which a code-review site shows and this one not."""
    here = Path(app.srcdir, document).parent
    for link in list(doctree.findall(addnodes.pending_xref)):
        if link["reftype"] == "myst" and link["reftarget"] and (here / link["reftarget"]).is_dir():
            link.replace_self(link.children)


def _write_entrance(app: Sphinx, exception: Exception | None) -> None:
    """Let the site's own address lead to its first page."""
    if exception is None:
        target = f"{contents.FIRST}.html"
        page = (
            '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>Pool bonds</title>\n'
            f'<meta http-equiv="refresh" content="0; url={target}">\n'
            f'<a href="{target}">Pool bonds</a>\n</html>\n'
        )
        Path(app.outdir, "index.html").write_text(page, encoding="utf-8")


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register everything with Sphinx."""
    app.add_domain(SpecDomain)
    app.add_node(LinkedCode, html=(visit_linked_code, None))
    app.connect("source-read", _read_source)
    app.connect("doctree-read", _change_page, priority=EARLY)
    app.connect("build-finished", _write_entrance)
    return ExtensionMetadata(parallel_read_safe=True, parallel_write_safe=True)
