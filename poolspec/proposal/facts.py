"""What the proposal says of the specification, as the specification itself has it."""

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import poolspec
from poolspec.anchors import anchor_of
from pysetup import PRESETS, resolve_fork
from pysetup.model import CodeDefinition, Definition, Kind, ResolvedFork, RowDefinition, Status

__all__ = ["FORK", "FUNCTION_TABLES", "Facts", "Row", "gather"]

FORK = "poolbonds"

FUNCTION_TABLES: Mapping[str, Sequence[str]] = {
    "Beacon chain": ("beacon-chain.md",),
    "Deposits and admission": ("deposits.md",),
    "Leaving, slashing and withdrawals": ("leaving.md",),
    "Seats and the epoch transition": ("seats.md",),
    "The upgrade": ("fork.md",),
    "The guide, the network and weak subjectivity": (
        "validator.md",
        "p2p-interface.md",
        "weak-subjectivity.md",
    ),
}
"""The headings of the tables of functions, and whose functions each of them lists."""


# A name in backticks, with whatever stands around it
_NAME = re.compile(r"[^`]*`([^`]*)`.*")


@dataclass(frozen=True)
class Row:
    """A row as it must stand: cells by column; `prose` is what the specification says of it."""

    cells: Mapping[str, str]
    prose: str

    @property
    def key(self) -> tuple[str, ...]:
        """Return what tells the row from others: the names in its first cell, or two cells."""
        first, *others = self.cells
        naming = [first, "Field"] if "Field" in others else [first]
        return tuple(_NAME.sub(r"\1", self.cells[column]) for column in naming)


@dataclass(frozen=True)
class Facts:
    """All that the proposal is compared with.

    `tables` has the rows of each table by the header of its first column, those of functions by
    `Function` and heading. `values` are numbers and bytes of the mainnet preset by name, `names`
    whatever may be called by its name.
    """

    tables: Mapping[tuple[str, str], Sequence[Row]]
    values: Mapping[str, int | bytes]
    names: frozenset[str]


def gather(root: Path) -> Facts:
    """Read the specification, from the documents and from what was compiled of them.

    Raises CompileError if the documents are wrong.
    """
    fork = resolve_fork(root, FORK)
    tables: dict[tuple[str, str], Sequence[Row]] = {}
    kinds = (
        ("Constant", Kind.CONSTANT),
        ("Preset value", Kind.PRESET),
        ("Configuration value", Kind.CONFIGURATION),
        ("Type", Kind.TYPE),
    )
    for header, kind in kinds:
        tables[header, ""] = [
            _value_row(header, each)
            for each in fork.own()
            if each.kind is kind and isinstance(each, RowDefinition)
        ]
    tables["Container", ""] = _field_rows(fork)
    for heading, documents in FUNCTION_TABLES.items():
        tables["Function", heading] = _function_rows(fork, documents)
    module = poolspec.load(FORK, "mainnet")
    return Facts(tables, _values(module), _names(fork) | frozenset(vars(module)))


def _code(text: str) -> str:
    return f"`{text}`"


def _value_row(header: str, definition: RowDefinition) -> Row:
    """Return the row of a constant, preset value, configuration value or named type."""
    cells = {header: _code(definition.name)}
    if definition.kind is Kind.TYPE:
        cells["SSZ equivalent"] = _code(definition.type.source)
        return Row(cells, definition.prose)
    cells["Type"] = _code(definition.type.source)
    shown = {
        preset: _code(value.source.strip("'\"")) for preset, value in definition.values.items()
    }
    if definition.kind is Kind.CONSTANT:
        cells["Value"] = next(iter(shown.values()))
    else:
        cells |= {preset.capitalize(): shown[preset] for preset in PRESETS}
    return Row(cells, definition.prose)


def _field_rows(fork: ResolvedFork) -> Sequence[Row]:
    """Return the new fields of the containers that are new or modified, in order."""
    rows = []
    for definition in fork.own():
        if definition.kind is not Kind.CONTAINER or not isinstance(definition, CodeDefinition):
            continue
        parent = fork.parent.definitions.get(definition.name) if fork.parent else None
        old = parent.container_fields() if isinstance(parent, CodeDefinition) else []
        rows += [
            Row(
                {"Container": _code(definition.name), "Field": _code(name), "Type": _code(kind)}, ""
            )
            for name, kind in _fields(definition)
            if name not in old
        ]
    return rows


def _fields(definition: CodeDefinition) -> Sequence[tuple[str, str]]:
    """Return names and types of a container's fields."""
    statement = definition.tree.body[0]
    assert isinstance(statement, ast.ClassDef)
    return [
        (line.target.id, ast.unparse(line.annotation))
        for line in statement.body
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
    ]


def _function_rows(fork: ResolvedFork, documents: Sequence[str]) -> Sequence[Row]:
    """Return the functions and classes that some documents define or remove, in their order."""
    found: list[tuple[int, int, Row]] = []

    def add(name: str, path: str, line: int, status: str) -> None:
        folder, _, document = path.rpartition("/")
        if document in documents:
            link = f"[`{name}`](../{folder}/{document}#{anchor_of(f'{status} `{name}`')})"
            row = Row({"Function": link, "Status": status}, "")
            found.append((documents.index(document), line, row))

    for each in fork.own():
        if each.kind in (Kind.FUNCTION, Kind.CLASS):
            status = "New" if each.status is Status.NEW else "Modified"
            add(each.name, each.span.path, each.span.first, status)
    for removal in fork.removals.values():
        add(removal.name, removal.span.path, removal.span.first, "Removed")
    return [row for *_, row in sorted(found, key=lambda each: each[:2])]


def _values(module: ModuleType) -> Mapping[str, int | bytes]:
    """Return the numbers and byte strings of a compiled module by name."""
    everything = {**vars(module), **module.config._asdict()}
    found: dict[str, int | bytes] = {}
    for name, value in everything.items():
        if name.isupper() and isinstance(value, int):
            found[name] = int(value)
        elif name.isupper() and isinstance(value, bytes):
            found[name] = bytes(value)
    return found


def _names(fork: ResolvedFork) -> frozenset[str]:
    """Return the names of definitions, of containers' fields, and of what functions take."""
    names: set[str] = set(PRESETS)
    for resolved in (fork, *fork.ancestors().values()):
        for definition in resolved.definitions.values():
            names.add(definition.name)
            names |= _inner_names(definition)
    return frozenset(names)


def _inner_names(definition: Definition) -> set[str]:
    """Return the fields of a class and the parameters of a function."""
    if not isinstance(definition, CodeDefinition):
        return set()
    statement = definition.tree.body[0]
    if isinstance(statement, ast.ClassDef):
        return {name for name, _ in _fields(definition)}
    if isinstance(statement, ast.FunctionDef):
        # A step of an epoch, and an operation, is known by its name without `process_`
        return {each.arg for each in statement.args.args} | {
            statement.name.removeprefix("process_")
        }
    return set()
