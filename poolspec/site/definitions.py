"""What the documents define, for links: where each name of a fork stands, and what uses it."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from poolspec.specdiff.objects import users_by_name
from pysetup import resolve_fork
from pysetup.forks import FORKS
from pysetup.model import CodeDefinition, Definition, Kind, ResolvedFork, Status


@dataclass(frozen=True)
class Target:
    """A place that a name leads to: an anchor in a document, both as the site calls them."""

    document: str
    anchor: str
    title: str


class Specification:
    """The definitions of one fork, inherited ones included, as pages see them."""

    def __init__(self, resolved: ResolvedFork) -> None:
        self.name = resolved.fork.name
        self.title = resolved.fork.title
        self.resolved = resolved

    def find(self, name: str) -> Definition | None:
        """Return what a name means in this fork."""
        return self.resolved.definitions.get(name)

    def target(self, name: str) -> Target | None:
        """Return where a name is defined: by this fork if it says so itself, else by a parent."""
        definition = self.find(name)
        return None if definition is None else target_of(definition)

    def field_target(self, container: str, field: str) -> Target | None:
        """Return where a field of a container stands."""
        definition = self.find(container)
        if definition is None or field not in fields_of(definition):
            return None
        place = target_of(definition)
        return Target(place.document, f"{container}.{field}", f"field of {place.title}")

    @cached_property
    def users(self) -> Mapping[str, tuple[Definition, ...]]:
        """By name, this fork's other definitions that use it, in the order of the fork."""
        return users_by_name(self.resolved)

    @cached_property
    def parent(self) -> "Specification | None":
        """Return the fork that this one changes."""
        return Specification(self.resolved.parent) if self.resolved.parent else None

    def before(self, name: str) -> Definition | None:
        """Return the parent's definition of a name."""
        return self.parent.find(name) if self.parent else None


@cache
def load(root: Path) -> dict[str, Specification]:
    """Return all forks by name, in the order of the list. Raises CompileError."""
    return {fork.name: Specification(resolve_fork(root, fork.name)) for fork in FORKS}


def document_of(definition: Definition) -> str:
    """Return the name of the document that has a definition, as the site calls it."""
    return definition.span.path.removesuffix(".md")


def target_of(definition: Definition) -> Target:
    """Return where a definition stands; the anchor is its bare name."""
    title = f"{describe(definition)}, {definition.span.path.removeprefix('specs/')}"
    return Target(document_of(definition), definition.name, title)


def describe(definition: Definition) -> str:
    """Return in a few words what a definition is: "modified function"."""
    if definition.status in (Status.NEW, Status.MODIFIED):
        return f"{definition.status.value} {definition.kind.value}"
    return definition.kind.value


def fields_of(definition: Definition) -> Mapping[str, int]:
    """Return the fields of a container or class, each with its line (from 0) in the block."""
    if not isinstance(definition, CodeDefinition) or definition.kind is Kind.FUNCTION:
        return {}
    return {
        statement.target.id: statement.lineno - 1
        for statement in _body(definition)
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
    }


def _body(definition: CodeDefinition) -> Iterator[ast.stmt]:
    statement = definition.tree.body[0]
    if isinstance(statement, ast.ClassDef):
        yield from statement.body
