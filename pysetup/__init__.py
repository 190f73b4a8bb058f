"""The compiler: markdown, presets and configurations to one Python module per fork and preset."""

from pathlib import Path
from typing import TYPE_CHECKING

from pysetup.build import Result, compile_all, module_path
from pysetup.errors import CompileError, Problem, Span
from pysetup.forks import FORKS, PRESETS, Fork

if TYPE_CHECKING:
    from pysetup.model import ResolvedFork

__all__ = [
    "FORKS",
    "PRESETS",
    "CompileError",
    "Fork",
    "Problem",
    "Result",
    "Span",
    "compile_all",
    "module_path",
    "resolve_fork",
]


def resolve_fork(root: Path, name: str) -> "ResolvedFork":
    """Return a fork laid over its parents: every definition with status, place and prose.

    Raises CompileError if the documents are wrong, KeyError if there is no such fork.
    """
    from pysetup import compiler

    return compiler.resolve_fork(root, name)
