"""How many faults an invalid case has: what would happen if the specification lacked the rule.

An invalid case is of use only if whoever forgets its rule accepts it. So each is run once more on a
copy of the specification from which the assertion that failed has been taken out, and again if
another one fails then, until nothing is in the way.
"""

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from traceback import walk_tb
from types import FunctionType
from typing import Any, NamedTuple

import poolspec
from poolspec.mutation.functions import compile_function, function_of, parse_functions, shown
from poolspec.vectors.rejection import is_protocol_rejection

_copies: dict[tuple[str, str, str], Any] = {}


class Leniency(NamedTuple):
    """What running without the failed assertions came to.

    `faults` are the assertions in the order in which they failed. `result` is what the action gave
    without them; `crash` is set if something else than an assertion ended it, such as an index out
    of range, which nobody can pass over.
    """

    faults: list[str]
    result: Any
    crash: Exception | None


def run_leniently(spec: Any, action: Callable[[Any], Any]) -> Leniency:
    """Run `action`, a function of the specification to use, until no assertion fails any more."""
    copy = _plain_copy(spec)
    faults: list[str] = []
    with _restored(copy) as trees:
        while True:
            try:
                return Leniency(faults, action(copy), None)
            except AssertionError as error:
                faults.append(_take_out(copy, trees, error))
            except Exception as error:
                if not is_protocol_rejection(error):
                    raise
                return Leniency(faults, None, error)


def check_faults(leniency: Leniency, expected: int) -> None:
    """So many assertions stood in the way; with none of them, or after them, perhaps a crash."""
    found = len(leniency.faults)
    assert found == expected or (not found and leniency.crash is not None), (
        f"{found} faults instead of {expected}: {', '.join(leniency.faults)}"
    )


def _plain_copy(spec: Any) -> Any:
    """A copy with the same configuration, which is made once."""
    key = (spec.fork, spec.preset, repr(spec.config))
    if key not in _copies:
        _copies[key] = poolspec.load(
            spec.fork, spec.preset, fast=False, config=spec.config._asdict()
        )
    return _copies[key]


@contextmanager
def _restored(module: Any) -> Iterator[dict[str, ast.FunctionDef]]:
    """Trees of the functions that are changed within; afterwards all are as before."""
    before = {
        name: function.__code__
        for name, *_ in module.SOURCE_MAP
        if isinstance(function := getattr(module, name, None), FunctionType)
    }
    trees: dict[str, ast.FunctionDef] = {}
    try:
        yield trees
    finally:
        for name in trees:
            function_of(module, name).__code__ = before[name]


def _take_out(module: Any, trees: dict[str, ast.FunctionDef], error: AssertionError) -> str:
    """Take the assertion that failed out of its function; gives its text."""
    name, document, line = _place(module, error)
    if name not in trees:
        trees.update(parse_functions(module, [name]))
    found = [
        node
        for node in ast.walk(trees[name])
        if isinstance(node, ast.Assert) and node.lineno <= line <= (node.end_lineno or 0)
    ]
    assert found, f"{document}:{line}: no assertion stands there"
    trees[name] = _Without(found[0]).visit(trees[name])
    function_of(module, name).__code__ = compile_function(trees[name], document)
    return f"{name}: {shown(found[0])}"


class _Without(ast.NodeTransformer):
    """Evaluates what an assertion asks for, which may have effects, and goes on."""

    def __init__(self, assertion: ast.Assert) -> None:
        self._assertion = assertion

    def visit_Assert(self, node: ast.Assert) -> ast.stmt:
        """The one that is searched becomes an expression."""
        if node is not self._assertion:
            return node
        return ast.copy_location(ast.Expr(node.test), node)


def _place(module: Any, error: AssertionError) -> tuple[str, str, int]:
    """Function, document and line of a failed assertion of the specification."""
    frame, line = list(walk_tb(error.__traceback__))[-1]
    path = frame.f_code.co_filename
    for name, document, first, last, *_ in module.SOURCE_MAP:
        if path.endswith(document) and first <= line <= last:
            return name, document, line
    raise error
