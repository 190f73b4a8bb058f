"""The functions under judgement: found in the documents, read from the compiled module, replaced.

A function is replaced by giving its object another code object. Whoever holds the function, such as
a case that is ready to run, then runs the new code too.
"""

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

CONFIGURATION_PREFIX = "config."
"""What the compiler puts before the name of a configuration value."""


@dataclass(frozen=True)
class Place:
    """A function that a fork's own documents define."""

    name: str
    status: str
    document: str


def own_functions(root: Path, fork: str) -> list[Place]:
    """The New and Modified functions of a fork, in the order of its documents.

    Raises `CompileError` if the documents are wrong, `KeyError` if there is no such fork.
    """
    from pysetup import resolve_fork  # the compiler is not installed, only a checkout has it
    from pysetup.model import Kind

    own = [each for each in resolve_fork(root, fork).own() if each.kind is Kind.FUNCTION]
    documents = list(dict.fromkeys(each.span.path for each in own))
    own.sort(key=lambda each: (documents.index(each.span.path), each.span.first))
    return [Place(each.name, each.status.value, each.span.path) for each in own]


def parse_functions(module: Any, names: Iterable[str]) -> dict[str, ast.FunctionDef]:
    """The trees of functions as they were compiled, with the line numbers of their documents."""
    lines = Path(module.__file__).read_text(encoding="utf-8").splitlines()
    entries = {entry[0]: entry for entry in module.SOURCE_MAP}
    trees = {}
    for name in names:
        _, _, line, _, first, last = entries[name]
        tree = ast.parse("\n".join(lines[first - 1 : last]))
        ast.increment_lineno(tree, line - 1)
        (trees[name],) = (each for each in tree.body if isinstance(each, ast.FunctionDef))
    return trees


def compile_function(tree: ast.FunctionDef, document: str) -> CodeType:
    """The code object of a function's body; nothing is executed."""
    ast.fix_missing_locations(tree)
    module = compile(ast.Module([tree], []), document, "exec", dont_inherit=True)
    return next(
        each
        for each in module.co_consts
        if isinstance(each, CodeType) and each.co_name == tree.name
    )


def function_of(module: Any, name: str) -> FunctionType:
    """The plain function of a module."""
    function = getattr(module, name)
    if not isinstance(function, FunctionType) or hasattr(function, "plain"):
        raise TypeError(f"{name} is not a plain function of {module.__name__}")
    return function


def shown(node: ast.AST) -> str:
    """A statement or expression in one line, as the document has it; of a block its first line."""
    return ast.unparse(node).split("\n")[0].replace(CONFIGURATION_PREFIX, "")
