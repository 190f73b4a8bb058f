"""Phase 3, resolve: lay a fork over its parent and check that every name means something."""

import ast
import builtins
from collections.abc import Iterator, Mapping

from pysetup.errors import Problems, Span
from pysetup.model import (
    CodeDefinition,
    Collected,
    Definition,
    Kind,
    Removal,
    ResolvedFork,
    RowDefinition,
    Status,
)
from pysetup.names import local_names

# Names that the compiled module gives to something else.
RESERVED = frozenset({"config", "Configuration", "fork", "preset", "SOURCE_MAP"})
_BUILTINS = frozenset(dir(builtins))


def resolve(
    collected: Collected,
    parent: ResolvedFork | None,
    prelude: tuple[str, ...],
    problems: Problems,
) -> ResolvedFork:
    """Lay what was collected over the parent; `prelude` are the names known without definition."""
    own = _without_duplicates(collected, frozenset(prelude), problems)
    inherited = dict(parent.definitions) if parent else {}
    _check_changes(collected, own, inherited, problems)
    removals = {removal.name: removal for removal in collected.removals}
    definitions = {
        name: definition.inherited()
        for name, definition in inherited.items()
        if name not in removals
    }
    definitions.update(own)
    resolved = ResolvedFork(collected.fork, parent, definitions, removals)
    for definition in definitions.values():
        _check_names(definition, resolved, frozenset(prelude), problems)
    return resolved


def _without_duplicates(
    collected: Collected, prelude: frozenset[str], problems: Problems
) -> dict[str, Definition]:
    """Return the definitions by name; report names that are taken."""
    own: dict[str, Definition] = {}
    for definition in collected.definitions:
        name, span = definition.name, definition.span
        duplicate = f"duplicate definition: `{name}` is"
        if name in own:
            problems.add(span, f"{duplicate} also defined at {own[name].span}")
        elif name in prelude or name in RESERVED:
            problems.add(span, f"{duplicate} a name of the runtime")
        else:
            own[name] = definition
    places: dict[str, Span] = {}
    for removal in collected.removals:
        if removal.name in own:
            there = own[removal.name].span
            problems.add(removal.span, f"`{removal.name}` is removed and also defined at {there}")
        if removal.name in places:
            there = places[removal.name]
            problems.add(removal.span, f"`{removal.name}` is also removed at {there}")
        places.setdefault(removal.name, removal.span)
    return own


def _check_changes(
    collected: Collected,
    own: Mapping[str, Definition],
    inherited: Mapping[str, Definition],
    problems: Problems,
) -> None:
    """Check New, Modified and Removed against the definitions of the parent."""
    for name, definition in own.items():
        before, span = inherited.get(name), definition.span
        if before is None:
            if definition.status is Status.MODIFIED:
                problems.add(span, f"Modified `{name}` does not exist in the parent fork")
        elif definition.status is Status.NEW:
            problems.add(span, f"New `{name}` exists in the parent fork, {before.span}")
        else:
            _check_modification(definition, before, problems)
    for removal in collected.removals:
        if removal.name not in inherited:
            message = f"Removed `{removal.name}` does not exist in the parent fork"
            problems.add(removal.span, message)


def _check_modification(definition: Definition, before: Definition, problems: Problems) -> None:
    """Check that a modified definition differs, and stays what it was."""
    name, span = definition.name, definition.span
    if definition.kind is not before.kind:
        message = f"Modified `{name}` is a {definition.kind.value}, was a {before.kind.value}"
        problems.add(span, f"{message} at {before.span}")
    elif definition.content() == before.content():
        problems.add(span, f"Modified `{name}` is the same as in the parent fork, {before.span}")
    elif definition.kind is Kind.CONFIGURATION:
        # A network has one file of configuration values for all of its forks.
        problems.add(span, f"the configuration value `{name}` cannot be modified: name a new one")
    elif isinstance(definition, CodeDefinition) and isinstance(before, CodeDefinition):
        _check_container_growth(definition, before, problems)


def _check_container_growth(
    definition: CodeDefinition, before: CodeDefinition, problems: Problems
) -> None:
    """Check that the fields of a modified container keep the generalized indices they had.

    Proofs on the execution layer and of light clients rely on them. A field keeps its index if it
    keeps its place and the container's tree does not get deeper.
    """
    fields, fields_before = definition.container_fields(), before.container_fields()
    if not fields_before:
        return
    if fields[: len(fields_before)] != fields_before:
        message = f"Modified `{definition.name}` must keep its fields in place and append new ones"
        problems.add(definition.span, message)
    depth, depth_before = (len(names) - 1 for names in (fields, fields_before))
    if depth.bit_length() > depth_before.bit_length():
        message = f"Modified `{definition.name}`, {len(fields)} fields, has a deeper tree"
        problems.add(definition.span, f"{message} than with {len(fields_before)}, {before.span}")


def _check_names(
    definition: Definition, fork: ResolvedFork, prelude: frozenset[str], problems: Problems
) -> None:
    """Check that what a definition uses exists, and exists by the time it is needed."""
    inherited = definition.status is Status.INHERITED
    if not inherited:
        _check_configuration(definition, fork, problems)
        _check_ancestors(definition, fork, problems)
    known = prelude | _BUILTINS | set(fork.ancestors())
    for name, line in definition.names.all().items():
        if name in fork.definitions or name in known:
            continue
        span = definition.span.line(line)
        removal = _removal(name, fork)
        if removal is not None:
            user = f"`{definition.name}` uses `{name}`, which was removed at {removal.span}"
            problems.add(_blamed(definition, removal, fork, span), user)
        elif not inherited:
            draft = definition.kind is Kind.FUNCTION and name in definition.names.calling
            problems.add(span, f"unknown name `{name}` in `{definition.name}`", draft=draft)


def _removal(name: str, fork: ResolvedFork) -> Removal | None:
    """Return where the fork or an ancestor removed a name."""
    for each in (fork, *fork.ancestors().values()):
        if name in each.removals:
            return each.removals[name]
    return None


def _blamed(definition: Definition, removal: Removal, fork: ResolvedFork, span: Span) -> Span:
    """Return where to mend the use of a removed name: the user if it is this fork's own.

    An inherited user cannot be edited; it must be modified or removed too, so the removal is what
    forgot it.
    """
    return span if definition.fork == fork.fork.name else removal.span


def _check_configuration(definition: Definition, fork: ResolvedFork, problems: Problems) -> None:
    """Check that no configuration value is fixed when the module is loaded, or hidden."""

    def is_configuration(name: str) -> bool:
        found = fork.definitions.get(name)
        return found is not None and found.kind is Kind.CONFIGURATION

    for name, line in definition.names.defining.items():
        if is_configuration(name):
            problems.add(
                definition.span.line(line),
                f"`{definition.name}` uses the configuration value `{name}` where it cannot be "
                "overridden: only the body of a function may",
            )
    if isinstance(definition, CodeDefinition):
        for name in sorted(filter(is_configuration, local_names(definition.source))):
            message = f"`{definition.name}` hides the configuration value `{name}`"
            problems.add(definition.span, message)


def _check_ancestors(definition: Definition, fork: ResolvedFork, problems: Problems) -> None:
    """Check names of other forks, as in `fulu.BeaconState`."""
    ancestors = fork.ancestors()
    for base, attribute, line in _attributes(definition):
        ancestor = ancestors.get(base)
        if ancestor is None or attribute in ancestor.definitions or attribute in RESERVED:
            continue
        message = f"unknown name `{base}.{attribute}` in `{definition.name}`"
        problems.add(definition.span.line(line), message)


def _attributes(definition: Definition) -> Iterator[tuple[str, str, int]]:
    """Yield (name, attribute, line from 0) for every `name.attribute` in a definition."""
    if isinstance(definition, CodeDefinition):
        trees: list[ast.AST] = [definition.tree]
    elif isinstance(definition, RowDefinition):
        trees = [definition.type.tree, *(each.tree for each in definition.values.values())]
    else:
        trees = []
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                line = node.lineno - 1 if isinstance(definition, CodeDefinition) else 0
                yield node.value.id, node.attr, line
