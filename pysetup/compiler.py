"""The phases in a row: from a checkout to resolved forks and to the text of modules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pysetup.collect import collect
from pysetup.compare import compare
from pysetup.emit import emit
from pysetup.errors import CompileError, Problem, Problems, Span
from pysetup.forks import FORKS, Fork
from pysetup.markdown import Document, parse
from pysetup.model import ResolvedFork
from pysetup.order import order
from pysetup.prelude import PRELUDE, read_prelude
from pysetup.resolve import resolve


@dataclass(frozen=True)
class Module:
    """The text of a compiled module."""

    fork: str
    preset: str
    text: str


class Source:
    """Reads files of a checkout; a file that cannot be decoded is a problem of its own."""

    def __init__(self, root: Path, problems: Problems) -> None:
        self._root = root
        self._problems = problems

    def read(self, path: str) -> str | None:
        """Return the text of a file, or None if it is missing."""
        try:
            return (self._root / path).read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, UnicodeDecodeError) as error:
            self._problems.add(Span(path, 1, 1), f"cannot be read: {error}")
            return ""


def resolve_fork(root: Path, name: str) -> ResolvedFork:
    """Return a fork laid over its parents, for tools such as a diff of forks.

    Raises CompileError if the documents are wrong, KeyError if there is no such fork.
    """
    problems = Problems()
    forks = _resolve_all(Source(Path(root), problems), (name,), problems)
    _raise(problems.sorted())
    return forks[name]


def compile_modules(
    root: Path,
    forks: Sequence[str],
    presets: Sequence[str],
    *,
    draft: bool = False,
    first_line: int = 1,
) -> tuple[list[Module], list[Problem]]:
    """Return the modules of some forks and presets, and the problems tolerated in a draft.

    Forks that are not asked for are not looked at, unless a child is. Then nothing can be said of
    keys in the configuration files without a row: they may belong to those forks.
    """
    problems = Problems()
    source = Source(root, problems)
    resolved = _resolve_all(source, forks, problems)
    compare(list(resolved.values()), source.read, problems, partial=len(resolved) < len(FORKS))
    prelude = read_prelude(source.read(PRELUDE), problems)
    ordered = {name: order(fork, problems) for name, fork in resolved.items()}
    modules = []
    for name in forks:
        for preset in presets:
            text = emit(resolved[name], ordered[name], preset, prelude, problems, first_line)
            modules.append(Module(name, preset, text))
    found = problems.sorted()
    _raise([problem for problem in found if not (draft and problem.draft)], found)
    return modules, found


def _raise(fatal: Sequence[Problem], found: Sequence[Problem] | None = None) -> None:
    if fatal:
        raise CompileError(found or fatal)


def _resolve_all(
    source: Source, names: Sequence[str], problems: Problems
) -> Mapping[str, ResolvedFork]:
    """Return the named forks and their ancestors, resolved, in the order of the list."""
    prelude = read_prelude(source.read(PRELUDE), problems)
    wanted = set(names)
    for fork in reversed(FORKS):
        if fork.name in wanted and fork.parent:
            wanted.add(fork.parent)
    resolved: dict[str, ResolvedFork] = {}
    for fork in FORKS:
        if fork.name not in wanted:
            continue
        collected = collect(fork, _documents(fork, source, problems), problems)
        parent = resolved[fork.parent] if fork.parent else None
        resolved[fork.name] = resolve(collected, parent, prelude, problems)
    return resolved


def _documents(fork: Fork, source: Source, problems: Problems) -> list[Document]:
    """Return the documents of a fork, parsed."""
    documents = []
    for name in fork.documents:
        path = f"{fork.folder}/{name}"
        text = source.read(path)
        if text is None:
            problems.add(Span(path, 1, 1), "missing file", draft=True)
        else:
            documents.append(parse(path, text, problems))
    return documents
