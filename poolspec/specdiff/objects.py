"""What a fork changes: its definitions beside those of its parent, and who uses them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from pysetup.errors import Span
from pysetup.model import Definition, Kind, ResolvedFork, Status


class Change(Enum):
    """What a fork does to a name of its parent, in the order in which reviewers look at it."""

    MODIFIED = "Modified"
    NEW = "New"
    REMOVED = "Removed"


KINDS = (
    Kind.CONSTANT,
    Kind.PRESET,
    Kind.CONFIGURATION,
    Kind.TYPE,
    Kind.CONTAINER,
    Kind.CLASS,
    Kind.VARIABLE,
    Kind.FUNCTION,
)
"""All kinds, in the order of the chapters."""

_CHANGES = {Status.NEW: Change.NEW, Status.MODIFIED: Change.MODIFIED}


@dataclass(frozen=True)
class Entry:
    """A name that a fork makes, modifies or removes.

    `before` is the parent's definition, `after` the fork's own; `span` is where the fork's
    documents say so. `users` are the definitions that use the name: those of the fork, or, if it
    is removed, those that the parent had.
    """

    change: Change
    before: Definition | None
    after: Definition | None
    span: Span
    users: tuple[Definition, ...]

    @property
    def definition(self) -> Definition:
        """What the name means in the fork; in its parent, if it is removed."""
        definition = self.after or self.before
        assert definition is not None, "an entry has at least one side"
        return definition

    @property
    def name(self) -> str:
        """The name that is changed."""
        return self.definition.name

    @property
    def kind(self) -> Kind:
        """What the name stands for."""
        return self.definition.kind


@dataclass(frozen=True)
class SpecDiff:
    """All changes of a fork: by chapter and change, each in the order of the fork's documents."""

    fork: ResolvedFork
    parent: ResolvedFork
    entries: tuple[Entry, ...]

    def of(self, kind: Kind, *changes: Change) -> list[Entry]:
        """The entries of a kind, of all changes if none is named."""
        return [
            each
            for each in self.entries
            if each.kind is kind and (not changes or each.change in changes)
        ]

    def chapters(self) -> Iterator[tuple[Kind, list[tuple[Change, list[Entry]]]]]:
        """The kinds that have entries, each with the changes that have some."""
        for kind in KINDS:
            parts = [(change, self.of(kind, change)) for change in Change]
            filled = [(change, entries) for change, entries in parts if entries]
            if filled:
                yield kind, filled


def compare(fork: ResolvedFork) -> SpecDiff:
    """Lay a fork beside its parent. Raises `ValueError` if it has none."""
    parent = fork.parent
    if parent is None:
        raise ValueError(f"{fork.fork.name} has no parent to be compared with")
    users, earlier_users = users_by_name(fork), users_by_name(parent)
    changed = [
        Entry(
            change=_CHANGES[each.status],
            before=parent.definitions.get(each.name),
            after=each,
            span=each.span,
            users=users[each.name],
        )
        for each in fork.own()
    ]
    removed = [
        Entry(Change.REMOVED, parent.definitions[name], None, each.span, earlier_users[name])
        for name, each in fork.removals.items()
        if name in parent.definitions
    ]
    documents = [f"{fork.fork.folder}/{name}" for name in fork.fork.documents]
    changes = list(Change)

    def place(entry: Entry) -> tuple[int, int, int, int]:
        span = entry.span
        return (
            KINDS.index(entry.kind),
            changes.index(entry.change),
            documents.index(span.path),
            span.first,
        )

    return SpecDiff(fork, parent, tuple(sorted([*changed, *removed], key=place)))


def users_by_name(fork: ResolvedFork) -> Mapping[str, tuple[Definition, ...]]:
    """By name, the other definitions of a fork that use it, in the order of the documents."""
    found: dict[str, list[Definition]] = {name: [] for name in fork.definitions}
    for user in fork.definitions.values():
        for name in user.names.all():
            if name in found and name != user.name:
                found[name].append(user)
    return {name: tuple(users) for name, users in found.items()}
