"""The last step of a compiled module: its functions point at the documents, fast ones are bound."""

import inspect
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from poolspec.runtime import fast

# Name, document, first and last line there, first and last line in the module.
SourceEntry = tuple[str, str, int, int, int, int]

# What the documents' paths are relative to: the package if installed, else the checkout around it.
_ROOTS = Path(__file__).resolve().parents[1:3]


def finish(namespace: dict[str, Any], source_map: Iterable[SourceEntry]) -> None:
    """Point every function of a compiled module at its lines in the markdown; bind the fast table.

    Tracebacks, debuggers and coverage then show the document. `namespace` is the module's
    `globals()`.
    """
    paths: dict[str, str] = {}
    for name, document, line, _, module_line, _ in source_map:
        path = paths.setdefault(document, _shown_path(document))
        # A configuration value is no name of the module.
        for function in _functions(namespace.get(name), namespace["__file__"]):
            function.__code__ = _moved(function.__code__, path, line - module_line)
    fast.bind(_module(namespace))


def _module(namespace: dict[str, Any]) -> ModuleType:
    """Return the module that has this namespace; it is being imported at the moment."""
    return sys.modules[namespace["__name__"]]


def _shown_path(document: str) -> str:
    """Return the absolute path of a document if it can be read, else its place in the checkout."""
    paths = (root / document for root in _ROOTS)
    return next((str(path) for path in paths if path.is_file()), document)


def _functions(defined: object, file: str) -> Iterator[FunctionType]:
    """Yield the functions of a definition that stand in the module's file.

    Those are the function itself, one that a decorator has wrapped, and the methods of a class;
    methods which `dataclass` and the like have generated have no line there.
    """
    if inspect.isclass(defined):
        for member in vars(defined).values():
            for each in _accessors(member):
                yield from _unwrapped(each, file)
    else:
        yield from _unwrapped(defined, file)


def _accessors(member: object) -> tuple[object, ...]:
    """Return the functions behind a member of a class."""
    if isinstance(member, property):
        return (member.fget, member.fset, member.fdel)
    if isinstance(member, staticmethod | classmethod):
        return (member.__func__,)
    return (member,)


def _unwrapped(function: object, file: str) -> Iterator[FunctionType]:
    """Yield a function, and those that its decorators have wrapped, if they stand in a file."""
    while isinstance(function, FunctionType):
        if function.__code__.co_filename == file:
            yield function
        function = getattr(function, "__wrapped__", None)


def _moved(code: CodeType, path: str, lines: int) -> CodeType:
    """Return the code object, and those within it, as if it stood `lines` lower and in `path`."""
    constants = tuple(
        _moved(each, path, lines) if isinstance(each, CodeType) else each for each in code.co_consts
    )
    return code.replace(
        co_filename=path, co_firstlineno=code.co_firstlineno + lines, co_consts=constants
    )
