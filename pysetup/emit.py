"""Phase 5, emit: the text of a compiled module, with the map from its lines to the documents.

Blocks are copied as they stand. What is made from rows of tables is meant to be read and to be
type-checked: a list type, whose length a type checker has no use for, is declared twice.
"""

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from pysetup.errors import Problems, Span
from pysetup.model import CodeDefinition, Definition, Kind, ResolvedFork, RowDefinition
from pysetup.rewrite import qualify
from pysetup.values import hex_literal, is_bytes, is_callable, root_type

# How many type arguments a type checker sees of each SSZ type that takes a length.
_CHECKED_ARGUMENTS = {"List": 1, "Vector": 1, "BitList": 0, "BitVector": 0}
_CHECKED_ARGUMENTS |= {"ByteList": 0, "ByteVector": 0}
_FROM_TYPING = ("TYPE_CHECKING", "NamedTuple")


@dataclass(frozen=True)
class Mapped:
    """Lines of a module and where they come from.

    A block has as many lines in the document as in the module; all lines made from a row of a
    table come from that row.
    """

    name: str
    span: Span
    first: int
    last: int

    def __str__(self) -> str:
        span = self.span
        entry = (self.name, span.path, span.first, span.last, self.first, self.last)
        return repr(entry)


class _Writer:
    """Lines of the module, counted as they are written."""

    def __init__(self, first: int) -> None:
        self.lines: list[str] = []
        self.mapped: list[Mapped] = []
        self._before = first - 1

    def write(self, text: str) -> None:
        """Write lines that belong to no document."""
        self.lines += text.split("\n")

    def write_mapped(self, name: str, span: Span, text: str) -> None:
        """Write lines that come from a document."""
        first = self._before + len(self.lines) + 1
        self.write(text)
        self.mapped.append(Mapped(name, span, first, self._before + len(self.lines)))


def emit(
    fork: ResolvedFork,
    ordered: Sequence[Definition],
    preset: str,
    prelude: Sequence[str],
    problems: Problems,
    first_line: int = 1,
) -> str:
    """Return the module of a fork for a preset, as it reads from line `first_line` of its file."""
    return _Emitter(fork, preset, problems, _Writer(first_line)).module(ordered, prelude)


class _Emitter:
    """Writes the module of one fork and preset."""

    def __init__(
        self, fork: ResolvedFork, preset: str, problems: Problems, writer: _Writer
    ) -> None:
        self._fork = fork
        self._preset = preset
        self._problems = problems
        self._writer = writer
        self._configuration = frozenset(d.name for d in fork.of_kind(Kind.CONFIGURATION))

    def module(self, ordered: Sequence[Definition], prelude: Sequence[str]) -> str:
        """Return the text of the whole module."""
        self._header(prelude)
        rows = [d for d in ordered if d.kind is Kind.CONFIGURATION and isinstance(d, RowDefinition)]
        if not rows:
            self._write_configuration(rows)
        for definition in ordered:
            if definition.kind is Kind.CONFIGURATION:
                # They follow each other; all of them are written where the last one stands.
                if definition is rows[-1]:
                    self._write_configuration(rows)
            elif isinstance(definition, RowDefinition):
                self._write_row(definition)
            elif isinstance(definition, CodeDefinition):
                self._write_block(definition)
        self._footer()
        return "\n".join(self._writer.lines) + "\n"

    def _header(self, prelude: Sequence[str]) -> None:
        fork = self._fork.fork
        write = self._writer.write
        write(f'"""{fork.title}, {self._preset} preset, compiled from {fork.folder}."""\n')
        write(f"from typing import {', '.join(_FROM_TYPING)}\n")
        for name in self._used_ancestors():
            write(f"from poolspec.{name} import {self._preset} as {name}")
        write("from poolspec.runtime.configuration import frozen as _frozen")
        write("from poolspec.runtime.module import finish as _finish")
        write("from poolspec.runtime.prelude import (")
        for name in prelude:
            if name not in _FROM_TYPING:
                write(f"    {name},")
        write(f')\n\nfork = "{fork.name}"\npreset = "{self._preset}"\n')

    def _used_ancestors(self) -> list[str]:
        """Return the names of other forks that the documents use."""
        used = {name for each in self._fork.definitions.values() for name in each.names.all()}
        return sorted(used & set(self._fork.ancestors()))

    def _write_row(self, row: RowDefinition) -> None:
        """Write a type, constant or preset value."""
        text = self._type(row) if row.kind is Kind.TYPE else self._assignment(row)
        self._writer.write_mapped(row.name, row.span, text)

    def _type(self, row: RowDefinition) -> str:
        """Return the class of a named type."""
        tree = row.type.tree
        body = f"    {_docstring(row)}"
        runtime = f"class {row.name}({row.type.source}):\n{body}\n"
        if not isinstance(tree, ast.Subscript):
            return f"\n{runtime}"
        checked = f"class {row.name}({_checked_type(tree)}):\n{body}\n"
        return f"\nif TYPE_CHECKING:\n\n{_indented(checked)}\nelse:\n\n{_indented(runtime)}"

    def _assignment(self, row: RowDefinition) -> str:
        comment = f"# {row.prose}\n" if row.prose else ""
        if is_callable(row.type.source):
            return f"{comment}{row.name} = {self._value(row)}"
        return f"{comment}{row.name}: {row.type.source} = {self._value(row)}"

    def _value(self, row: RowDefinition) -> str:
        """Return the value of a row, of the row's type."""
        value = row.values[self._preset]
        source = value.source
        root = root_type(row.type, self._fork.definitions)
        if is_bytes(root) and (text := hex_literal(value)) is not None:
            source = f'bytes.fromhex("{text.removeprefix("0x")}")'
        if is_callable(row.type.source):
            return f"{row.type.source}({source})"
        return f"_frozen({source})"

    def _write_configuration(self, rows: Sequence[RowDefinition]) -> None:
        """Write the class of the configuration and the configuration of the preset."""
        write = self._writer.write
        write('\n\nclass Configuration(NamedTuple):\n    """Values that tell networks apart."""\n')
        for row in rows:
            self._writer.write_mapped(row.name, row.span, f"    {row.name}: {row.type.source}")
        write("\n\nconfig = Configuration(")
        for row in rows:
            self._writer.write_mapped(row.name, row.span, f"    {row.name}={self._value(row)},")
        write(")")

    def _write_block(self, definition: CodeDefinition) -> None:
        """Write a block as it stands, but for the prefix of configuration values."""
        self._writer.write("\n")
        try:
            source = qualify(
                definition.source, definition.tree, self._configuration, prefix="config."
            )
        except ValueError as error:
            self._problems.add(definition.span, str(error))
            return
        self._writer.write_mapped(definition.name, definition.span, source.removesuffix("\n"))

    def _footer(self) -> None:
        write = self._writer.write
        write("\n\n# Name, document, first and last line there, first and last line here.")
        write("SOURCE_MAP = (")
        for mapped in self._writer.mapped:
            write(f"    {mapped},")
        write(")\n\n_finish(globals(), SOURCE_MAP)")


def _docstring(row: RowDefinition) -> str:
    """Return the description of a type as a docstring."""
    text = row.prose or f"The type {row.name}."
    text = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    if text.endswith('"'):
        text = text[:-1] + '\\"'
    return f'"""{text}"""'


def _checked_type(tree: ast.Subscript) -> str:
    """Return an SSZ type as a type checker sees it: without its length."""
    base = ast.unparse(tree.value)
    arguments = tree.slice.elts if isinstance(tree.slice, ast.Tuple) else [tree.slice]
    kept = arguments[: _CHECKED_ARGUMENTS.get(base, len(arguments))]
    if not kept:
        return base
    shown = [_checked_type(a) if isinstance(a, ast.Subscript) else ast.unparse(a) for a in kept]
    return f"{base}[{', '.join(shown)}]"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" if line else line for line in text.split("\n"))
