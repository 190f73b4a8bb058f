"""Configuration values in blocks: `NAME` becomes `config.NAME`, and no other byte moves."""

import ast
from collections.abc import Set


def qualify(source: str, tree: ast.Module, names: Set[str], prefix: str) -> str:
    """Return `source` with `prefix` before every use of one of `names`.

    Lines keep their numbers. Raises ValueError if the parser does not say exactly where a name
    stands, as some versions of Python do within an f-string.
    """
    found = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id in names]
    places = sorted(((n.lineno, n.col_offset, n.id) for n in found), reverse=True)
    if not places:
        return source
    # Columns of the syntax tree count the bytes of UTF-8.
    lines = [line.encode() for line in source.split("\n")]
    for line, column, name in places:
        text = lines[line - 1]
        if not text[column:].startswith(name.encode()):
            raise ValueError(f"cannot tell where `{name}` stands; take it out of the f-string")
        lines[line - 1] = text[:column] + prefix.encode() + text[column:]
    return b"\n".join(lines).decode()
