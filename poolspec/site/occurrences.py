"""Which pieces of a code block are names with a definition, found in its syntax tree."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from poolspec.site.definitions import Specification, Target, fields_of
from pysetup.model import CodeDefinition, Kind


@dataclass(frozen=True)
class Occurrence:
    """A piece of a line that leads somewhere (`target`), or that others lead to (`anchor`).

    The line counts from 0; the column is in characters.
    """

    line: int
    column: int
    text: str
    target: Target | None = None
    anchor: str | None = None


def occurrences(definition: CodeDefinition, fork: Specification) -> list[Occurrence]:
    """Return what a block of `fork` leads to and offers, in the order of the text.

    A name leads to its definition, `fulu.Name` to that of the other fork, and `state.field` to the
    field, if `state` is a parameter whose type is a container.
    """
    lines = definition.source.split("\n")
    found = [*_names(definition, fork), *_attributes(definition, fork), *_fields(definition)]
    return sorted(
        (_in_characters(each, lines) for each in found),
        key=lambda each: (each.line, each.column),
    )


def _in_characters(occurrence: Occurrence, lines: list[str]) -> Occurrence:
    """Python's parser counts columns in bytes."""
    line = lines[occurrence.line].encode()
    column = len(line[: occurrence.column].decode())
    return Occurrence(
        occurrence.line, column, occurrence.text, occurrence.target, occurrence.anchor
    )


def _names(definition: CodeDefinition, fork: Specification) -> Iterator[Occurrence]:
    used = definition.names.all()
    for node in ast.walk(definition.tree):
        if isinstance(node, ast.Name) and node.id in used and node.id != definition.name:
            target = fork.target(node.id)
            if target is not None:
                yield Occurrence(node.lineno - 1, node.col_offset, node.id, target)


def _attributes(definition: CodeDefinition, fork: Specification) -> Iterator[Occurrence]:
    containers = _containers_of_parameters(definition, fork)
    ancestors = fork.resolved.ancestors()
    for node in ast.walk(definition.tree):
        if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
            continue
        base, target = node.value.id, None
        if base in ancestors:
            target = Specification(ancestors[base]).target(node.attr)
        elif base in containers:
            target = fork.field_target(containers[base], node.attr)
        if target is not None and node.end_lineno and node.end_col_offset:
            column = node.end_col_offset - len(node.attr.encode())
            yield Occurrence(node.end_lineno - 1, column, node.attr, target)


def _containers_of_parameters(definition: CodeDefinition, fork: Specification) -> Mapping[str, str]:
    """Return the parameters of a function that are containers, with their types."""
    function = definition.tree.body[0]
    if not isinstance(function, ast.FunctionDef):
        return {}
    found = {}
    for parameter in function.args.posonlyargs + function.args.args + function.args.kwonlyargs:
        if isinstance(parameter.annotation, ast.Name):
            type_ = fork.find(parameter.annotation.id)
            if type_ is not None and type_.kind in (Kind.CONTAINER, Kind.CLASS):
                found[parameter.arg] = type_.name
    return found


def _fields(definition: CodeDefinition) -> Iterator[Occurrence]:
    for name, line in fields_of(definition).items():
        column = definition.source.split("\n")[line].index(name)
        yield Occurrence(line, column, name, anchor=f"{definition.name}.{name}")
