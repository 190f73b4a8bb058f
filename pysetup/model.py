"""What documents define: the objects that collect makes and that resolve, order and emit use."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from pysetup.errors import Span
from pysetup.forks import Fork


class Kind(Enum):
    """What a definition is."""

    TYPE = "type"
    CONSTANT = "constant"
    PRESET = "preset value"
    CONFIGURATION = "configuration value"
    CONTAINER = "container"
    CLASS = "class"
    VARIABLE = "variable"
    FUNCTION = "function"


class Status(Enum):
    """How a definition stands to the parent fork."""

    ORIGINAL = "original"  # of a fork without a parent
    INHERITED = "inherited"
    NEW = "new"
    MODIFIED = "modified"


@dataclass(frozen=True)
class Names:
    """The global names that a definition uses, each with its line (from 0) in the source.

    `defining` names are needed when the definition is executed (bases, annotations, defaults,
    values), `calling` names only when a function is called.
    """

    defining: Mapping[str, int] = field(default_factory=dict)
    calling: Mapping[str, int] = field(default_factory=dict)

    def all(self) -> dict[str, int]:
        """Return both kinds together."""
        return {**self.calling, **self.defining}


@dataclass(frozen=True)
class Expression:
    """A Python expression in a cell of a table."""

    source: str
    tree: ast.expr = field(compare=False, repr=False)


@dataclass(frozen=True)
class Definition:
    """A name that a document gives a meaning.

    `fork` is the fork whose document has it, `prose` the text under its heading, or the
    description in its row.
    """

    name: str
    kind: Kind
    status: Status
    fork: str
    span: Span
    prose: str
    names: Names

    def inherited(self) -> "Definition":
        """Return the same definition as seen from a child fork that leaves it alone."""
        return replace(self, status=Status.INHERITED)

    def content(self) -> object:
        """Return what must differ for a definition to count as modified."""
        raise NotImplementedError


@dataclass(frozen=True)
class CodeDefinition(Definition):
    """A function, class or variable: `source` is its block as it stands, `span` the lines of it."""

    source: str
    tree: ast.Module = field(compare=False, repr=False)

    def content(self) -> object:
        return self.source

    def container_fields(self) -> list[str]:
        """Return the names of an SSZ container's fields in order; nothing for any other block."""
        statement = self.tree.body[0]
        if not isinstance(statement, ast.ClassDef):
            return []
        if not any(
            isinstance(base, ast.Name) and base.id == "Container" for base in statement.bases
        ):
            return []
        return [
            line.target.id
            for line in statement.body
            if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
        ]


@dataclass(frozen=True)
class RowDefinition(Definition):
    """A row of a table.

    `type` is the type of the value, or what a named type stands for. `values` has the value for
    each preset (the same one for all in a constant, none in a type).
    """

    type: Expression
    values: Mapping[str, Expression]

    def content(self) -> object:
        values = {preset: value.source for preset, value in self.values.items()}
        return (self.type.source, values)


@dataclass(frozen=True)
class Removal:
    """A name of the parent that a fork takes away."""

    name: str
    span: Span


@dataclass(frozen=True)
class Collected:
    """What the documents of one fork say, before they are laid over the parent."""

    fork: Fork
    definitions: tuple[Definition, ...]
    removals: tuple[Removal, ...]


@dataclass(frozen=True)
class ResolvedFork:
    """A complete fork: its own definitions laid over those of its parent.

    `definitions` is in the order of the documents, the parent's first; a modified definition
    keeps the place of the one that it replaces.
    """

    fork: Fork
    parent: "ResolvedFork | None"
    definitions: Mapping[str, Definition]
    removals: Mapping[str, Removal]

    def of_kind(self, *kinds: Kind) -> list[Definition]:
        """Return the definitions of these kinds, in order."""
        return [each for each in self.definitions.values() if each.kind in kinds]

    def own(self) -> list[Definition]:
        """Return what the fork's own documents define."""
        return [each for each in self.definitions.values() if each.fork == self.fork.name]

    def ancestors(self) -> dict[str, "ResolvedFork"]:
        """Return parent, grandparent and so on, by name."""
        found: dict[str, ResolvedFork] = {}
        ancestor = self.parent
        while ancestor is not None:
            found[ancestor.fork.name] = ancestor
            ancestor = ancestor.parent
        return found
