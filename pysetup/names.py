"""Which global names a piece of code uses, and when it needs them."""

import ast
import symtable

from pysetup.model import Names

_COMPREHENSIONS = ("listcomp", "setcomp", "dictcomp", "genexpr")


def names_of_expression(tree: ast.expr) -> Names:
    """Return the names in an expression of a table; it is executed when the module is."""
    return Names(defining={n.id: 0 for n in ast.walk(tree) if isinstance(n, ast.Name)})


def names_of_block(source: str, tree: ast.Module, own_name: str) -> Names:
    """Return the names that a block with one function or class takes from its module."""
    lines = _first_lines(tree)
    defining: set[str] = set()
    calling: set[str] = set()
    _walk(symtable.symtable(source, "block", "exec"), defining, calling)
    # What a definition needs of itself when it is executed is not there yet: a cycle.
    calling.discard(own_name)
    return Names(
        defining={name: lines.get(name, 0) for name in sorted(defining)},
        calling={name: lines.get(name, 0) for name in sorted(calling - defining)},
    )


def local_names(source: str) -> set[str]:
    """Return the names that functions of a block bind for themselves (parameters, variables)."""
    found: set[str] = set()
    pending = list(symtable.symtable(source, "block", "exec").get_children())
    while pending:
        table = pending.pop()
        found.update(s.get_name() for s in table.get_symbols() if s.is_local())
        pending.extend(table.get_children())
    return found


def _walk(
    table: symtable.SymbolTable, defining: set[str], calling: set[str], called: bool = False
) -> None:
    """Sort the global names of a scope and of those within it by the time of their use."""
    # A comprehension has a scope like a function, but runs where it stands.
    if table.get_type() == "function" and table.get_name() not in _COMPREHENSIONS:
        called = True
    used_in = calling if called else defining
    for symbol in table.get_symbols():
        if symbol.is_referenced() and symbol.is_global():
            used_in.add(symbol.get_name())
    for child in table.get_children():
        _walk(child, defining, calling, called)


def _first_lines(tree: ast.Module) -> dict[str, int]:
    """Return the line (from 0) where each name is first read."""
    lines: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            line = node.lineno - 1
            lines[node.id] = min(line, lines.get(node.id, line))
    return lines
