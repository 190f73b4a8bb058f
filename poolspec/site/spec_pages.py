"""What happens to the pages of specifications: anchors, links in code, badges, lists of users."""

import posixpath
from collections.abc import Iterable, Iterator

from docutils import nodes  # type: ignore[import-untyped]

from poolspec.anchors import anchor_of
from poolspec.site.definitions import Specification, document_of
from poolspec.site.domain import reference_to
from poolspec.site.nodes import badge, folded, linked_code
from poolspec.site.occurrences import occurrences
from pysetup.model import CodeDefinition, Definition, Status

# The page of what the fork changes, seen from the top of the site.
DIFF = "diff/poolbonds.html"
# Lists of users that are longer are folded.
FEW = 12
_CHANGES = {"New ": "New", "Modified ": "Modified", "Removed ": "Removed"}


class SpecPage:
    """One document of a fork, as Sphinx has read it."""

    def __init__(self, doctree: nodes.document, document: str, forks: dict[str, Specification]):
        self._doctree = doctree
        self._document = document
        self._forks = forks
        self._fork = forks[document.split("/")[1]]

    def transform(self) -> None:
        """Change the page in place."""
        self._link_code()
        for section in list(self._doctree.findall(nodes.section)):
            self._mark_change(section)
            definition = self._defined_by_heading(section)
            if definition is not None:
                self._anchor(section, definition)
                self._tell_more(section, definition)
        for row in list(self._doctree.findall(nodes.row)):
            self._anchor_row(row)

    def _link_code(self) -> None:
        sources = {
            each.source.rstrip("\n"): each
            for each in self._fork.resolved.own()
            if isinstance(each, CodeDefinition) and document_of(each) == self._document
        }
        for block in list(self._doctree.findall(nodes.literal_block)):
            definition = sources.get(block.astext().rstrip("\n"))
            if definition is not None and block.get("language") == "python":
                found = occurrences(definition, self._fork)
                block.replace_self(linked_code(definition.source, found))

    def _own_definition(self, name: str) -> Definition | None:
        found = self._fork.find(name)
        return found if found is not None and document_of(found) == self._document else None

    def _defined_by_heading(self, section: nodes.section) -> CodeDefinition | None:
        names = [child.astext() for child in section[0] if isinstance(child, nodes.literal)]
        found = self._own_definition(names[0]) if len(names) == 1 else None
        return found if isinstance(found, CodeDefinition) else None

    def _mark_change(self, section: nodes.section) -> None:
        """Turn the first word of a heading that tells a change into a badge."""
        first = section[0][0] if len(section[0]) else None
        if self._fork.parent is None or not isinstance(first, nodes.Text):
            return
        for beginning, status in _CHANGES.items():
            if first.startswith(beginning):
                rest = nodes.Text(" " + first.removeprefix(beginning))
                section[0].replace(first, [badge(status), rest])

    def _anchor(self, section: nodes.section, definition: CodeDefinition) -> None:
        """Let links of this site and of a code-review site lead to the heading."""
        ids = [definition.name]
        if definition.status in (Status.NEW, Status.MODIFIED):
            ids.append(anchor_of(f"{definition.status.value} `{definition.name}`"))
        section["ids"] = [*ids, *(each for each in section["ids"] if each not in ids)]

    def _anchor_row(self, row: nodes.row) -> None:
        cell = row[0]
        names = [each.astext() for each in cell.findall(nodes.literal)]
        definition = self._own_definition(names[0]) if len(names) == 1 else None
        if definition is None or isinstance(definition, CodeDefinition):
            return
        row["ids"].append(definition.name)
        literal = next(iter(cell.findall(nodes.literal)))
        link = reference_to(self._fork.name, definition.name, self._document, kind="entry")
        literal.replace_self(link)
        link.append(literal)

    def _tell_more(self, section: nodes.section, definition: CodeDefinition) -> None:
        """Say below a definition what it changes, what changes it and what uses it."""
        lines = [*self._relations(definition), *self._users(definition)]
        if not lines:
            return
        # A search is for what is said of a name, not for all that use it.
        box = nodes.container("", *lines, classes=["relations", "no-search"])
        following = next(
            (position for position, child in enumerate(section) if _is_section(child)),
            len(section),
        )
        section.insert(following, box)

    def _relations(self, definition: Definition) -> Iterator[nodes.Node]:
        before = self._fork.before(definition.name)
        if before is not None and definition.status is Status.MODIFIED:
            assert self._fork.parent is not None
            line = self._line("Modifies ", self._fork.parent, definition.name)
            line += [
                nodes.Text(": "),
                link_to_diff(self._document, "side by side", definition.name),
            ]
            yield line
        for child in self._forks.values():
            changed = child.find(definition.name) if is_child(child, self._fork) else None
            if changed is not None and changed.status is Status.MODIFIED:
                yield self._line("Modified by ", child, definition.name)

    def _line(self, words: str, fork: Specification, name: str) -> nodes.paragraph:
        text = nodes.inline("", f"{fork.title}'s ", nodes.literal("", name))
        link = reference_to(fork.name, name, self._document, text)
        return nodes.paragraph("", words, link)

    def _users(self, definition: Definition) -> list[nodes.Node]:
        lines: list[nodes.Node] = []
        for fork, users in users_by_fork(definition, self._fork, self._forks):
            where = "" if fork is self._fork else f" in {fork.title}"
            content = links(fork, users, self._document)
            if len(users) > FEW:
                lines += folded(f"Used by {len(users)}{where}", nodes.paragraph("", "", *content))
            else:
                lines.append(nodes.paragraph("", f"Used{where} by ", *content))
        return lines


def link_to_diff(document: str, words: str, name: str = "") -> nodes.reference:
    """Return a link to the page of what the fork changes, or to a name's place there."""
    way = posixpath.relpath(DIFF, posixpath.dirname(document))
    return nodes.reference("", words, refuri=f"{way}#{name}" if name else way)


def is_child(fork: Specification, parent: Specification) -> bool:
    """Say whether a fork is laid over another one directly."""
    return fork.parent is not None and fork.parent.name == parent.name


def users_by_fork(
    definition: Definition, own: Specification, forks: dict[str, Specification]
) -> Iterator[tuple[Specification, list[str]]]:
    """Yield the users of a definition in its own fork, then those that each child adds."""
    users = own.users[definition.name]
    if users:
        yield own, [user.name for user in users]
    for child in forks.values():
        seen = child.find(definition.name) if is_child(child, own) else None
        if seen is None or seen.fork != own.name:
            continue
        added = [user.name for user in child.users[definition.name] if user.fork == child.name]
        if added:
            yield child, added


def links(fork: Specification, names: Iterable[str], document: str) -> list[nodes.Node]:
    """Return references to names, with commas between them."""
    found: list[nodes.Node] = []
    for name in names:
        if found:
            found.append(nodes.Text(", "))
        found.append(reference_to(fork.name, name, document, nodes.literal("", name)))
    return found


def _is_section(node: nodes.Node) -> bool:
    return isinstance(node, nodes.section)
