"""Compares the tables with the YAML files that clients read: same names, same values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pysetup.errors import Problems, Span
from pysetup.forks import PRESETS
from pysetup.model import Kind, ResolvedFork, RowDefinition
from pysetup.values import Evaluator, ValueProblem, root_type, shown
from pysetup.yaml_files import Entry, read_entries, typed

Reader = Callable[[str], str | None]


@dataclass(frozen=True)
class _Row:
    """A row of a table with the fork in whose terms it is to be understood."""

    row: RowDefinition
    fork: ResolvedFork
    evaluator: Evaluator


def preset_path(preset: str, fork: str) -> str:
    """Return the file with the preset values of a fork's own tables."""
    return f"presets/{preset}/{fork}.yaml"


def configuration_path(preset: str) -> str:
    """Return the file with the configuration values of all forks."""
    return f"configs/{preset}.yaml"


def compare(
    forks: Sequence[ResolvedFork], read: Reader, problems: Problems, *, partial: bool = False
) -> None:
    """Compare every preset and configuration value of the forks; `read` gives a file's text.

    If the forks are only a `partial` list, keys of configurations may belong to other forks.
    """
    for preset in PRESETS:
        configuration: dict[str, _Row] = {}
        for fork in forks:
            evaluator = Evaluator(fork.definitions, preset)
            _check_values(fork, evaluator, problems)
            rows = {
                definition.name: _Row(definition, fork, evaluator)
                for definition in fork.own()
                if isinstance(definition, RowDefinition)
            }
            path = preset_path(preset, fork.fork.name)
            presets = {n: row for n, row in rows.items() if row.row.kind is Kind.PRESET}
            _compare_file(path, presets, read(path), problems)
            configuration |= {n: r for n, r in rows.items() if r.row.kind is Kind.CONFIGURATION}
        path = configuration_path(preset)
        _compare_file(path, configuration, read(path), problems, partial=partial)


def _check_values(fork: ResolvedFork, evaluator: Evaluator, problems: Problems) -> None:
    """Report values that cannot be worked out or do not fit their type."""
    for definition in fork.own():
        if isinstance(definition, RowDefinition) and definition.values:
            try:
                evaluator.value(definition)
            except ValueProblem as problem:
                problems.add(definition.span, f"value of `{definition.name}`: {problem}")


def _compare_file(
    path: str,
    rows: Mapping[str, _Row],
    text: str | None,
    problems: Problems,
    *,
    partial: bool = False,
) -> None:
    """Compare one file with the rows of the tables that belong to it."""
    if text is None:
        if rows:
            problems.add(Span(path, 1, 1), "missing file")
        return
    entries = read_entries(path, text, problems)
    for name, row in rows.items():
        entry = entries.get(name)
        if entry is None:
            problems.add(row.row.span, f"`{name}` has no key in {path}")
        else:
            _compare_value(row, entry, problems)
    for name, entry in entries.items():
        if name not in rows and not partial:
            problems.add(entry.span, f"the key `{name}` has no row in a table")


def _compare_value(row: _Row, entry: Entry, problems: Problems) -> None:
    """Compare one value; a row without a value has been reported already."""
    try:
        expected = row.evaluator.value(row.row)
    except ValueProblem:
        return
    try:
        found = typed(entry.raw, root_type(row.row.type, row.fork.definitions))
    except ValueProblem as problem:
        problems.add(entry.span, f"value of `{row.row.name}`: {problem}")
        return
    if found != expected:
        problems.add(
            entry.span,
            f"`{row.row.name}` is {shown(found)}, but {shown(expected)} at {row.row.span}",
        )
