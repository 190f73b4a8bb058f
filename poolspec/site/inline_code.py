"""Names in inline code become links to their definitions, on every page."""

import re

from docutils import nodes  # type: ignore[import-untyped]

from poolspec.site.definitions import Specification
from poolspec.site.domain import reference_to

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Where these stand before a name, it is a part of a path, an option, an anchor or a placeholder.
_NOT_AFTER = tuple("/-<.#@$\\:\"'")
_NOT_BEFORE = tuple("/-:@$\\\"'")
# What a field belongs to: a container by its name, or the variable that always holds one.
_CONTAINER = re.compile(r"(?<![\w.])(\w+)\.$")
_VARIABLES = {"state": "BeaconState"}
_WITHIN = (nodes.reference, nodes.title, nodes.rubric)


def link_names(
    doctree: nodes.document, document: str, fork: Specification, forks: dict[str, Specification]
) -> None:
    """Turn what `fork` defines into links; headings, links and a definition's own row stay."""
    for literal in list(doctree.findall(nodes.literal)):
        if "defined" in literal["classes"] or _is_within(literal):
            continue
        own = _names_of_sections(literal)
        pieces = _pieces(literal.astext(), own, document, fork, forks)
        if any(not isinstance(piece, nodes.Text) for piece in pieces):
            literal.children = []
            literal.extend(pieces)


def _is_within(node: nodes.Node) -> bool:
    parent = node.parent
    while parent is not None:
        if isinstance(parent, _WITHIN) or parent.tagname == "pending_xref":
            return True
        parent = parent.parent
    return False


def _names_of_sections(node: nodes.Node) -> set[str]:
    """Return the anchors of the sections around a node: a name there need not lead to itself."""
    found: set[str] = set()
    parent = node.parent
    while parent is not None:
        if isinstance(parent, nodes.section):
            found.update(parent["ids"])
        parent = parent.parent
    return found


def _pieces(
    text: str,
    own: set[str],
    document: str,
    fork: Specification,
    forks: dict[str, Specification],
) -> list[nodes.Node]:
    pieces: list[nodes.Node] = []
    end = 0
    for match in _IDENTIFIER.finditer(text):
        before, after = text[: match.start()], text[match.end() :]
        if after.startswith(_NOT_BEFORE) or match[0] in own:
            continue
        link = _link(match[0], before, document, fork, forks)
        if link is not None:
            pieces += [nodes.Text(text[end : match.start()]), link]
            end = match.end()
    pieces.append(nodes.Text(text[end:]))
    return [piece for piece in pieces if piece.astext()]


def _link(
    name: str, before: str, document: str, fork: Specification, forks: dict[str, Specification]
) -> nodes.Node | None:
    """Return the reference that a name becomes after `before`, if it means a definition there."""
    container = _CONTAINER.search(before)
    if container is not None:
        owner = _VARIABLES.get(container[1], container[1])
        if fork.field_target(owner, name) is not None:
            content = nodes.inline("", name)
            return reference_to(fork.name, f"{owner}.{name}", document, content, kind="field")
    meant = next((each for each in forks.values() if before.endswith(f"{each.name}.")), None)
    if meant is None and before.endswith(_NOT_AFTER) and not before.endswith("spec."):
        return None
    meant = meant or fork
    if meant.find(name) is None:
        return None
    return reference_to(meant.name, name, document, nodes.inline("", name))
