"""The names that documents may use without defining them, read from the runtime's source."""

import ast

from pysetup.errors import Problems, Span

PRELUDE = "poolspec/runtime/prelude.py"


def read_prelude(text: str | None, problems: Problems) -> tuple[str, ...]:
    """Return the `__all__` of the prelude; it is read, not imported, so it must be a literal."""
    whole = Span(PRELUDE, 1, 1)
    if text is None:
        problems.add(whole, "missing file")
        return ()
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        problems.add(whole.line((error.lineno or 1) - 1), f"syntax error: {error.msg}")
        return ()
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=value):
                try:
                    return tuple(str(name) for name in ast.literal_eval(value))
                except ValueError:
                    problems.add(whole.line(node.lineno - 1), "__all__ must be a literal")
                    return ()
    problems.add(whole, "there is no __all__")
    return ()
