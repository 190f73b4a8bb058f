"""Which errors mean that the protocol rejects its input, and which mean that the code is broken.

A case without `post` passes only if the transition rejects the input for a reason of the protocol.
Three kinds of error are such a reason:

- a failed `assert` of the specification: `AssertionError`;
- an index that the input gives and that lies outside a list: `IndexError`, not its siblings
  (`KeyError` is a dictionary's and the specification indexes nothing but lists);
- arithmetic that leaves the range of an unsigned integer: a `ValueError` raised by an integer type
  because the *value* does not fit. The same types raise `ValueError` when integers of different
  sizes are mixed, and so does `int("x")`: those are mistakes in code, so the place and the text of
  the error are looked at, not its class alone.

Everything else (`TypeError`, `AttributeError`, `NameError`, `ZeroDivisionError`, `RecursionError`,
a full SSZ list, …) is a crash, and a crash fails the case.
"""

from types import TracebackType

INTEGER_MODULES = ("remerkleable.basic", "poolspec.runtime.")
"""Modules that may say that a value does not fit; a name ending in a dot is a package."""

RANGE_TEXT = "out of bounds"
"""How those modules say it."""


def _innermost_module(traceback: TracebackType | None) -> str:
    """The module of the frame that raised."""
    name = ""
    while traceback is not None:
        name = str(traceback.tb_frame.f_globals.get("__name__", ""))
        traceback = traceback.tb_next
    return name


def is_protocol_rejection(error: BaseException) -> bool:
    """Whether an error out of the transition is the protocol's verdict on its input."""
    if type(error) in (AssertionError, IndexError):
        return True
    if type(error) is not ValueError or RANGE_TEXT not in str(error):
        return False
    module = _innermost_module(error.__traceback__)
    return any(
        module.startswith(name) if name.endswith(".") else module == name
        for name in INTEGER_MODULES
    )


def describe(error: BaseException) -> str:
    """An error in one line: its class, its text, and the place it came from."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    place = (
        f" at {traceback.tb_frame.f_code.co_filename}:{traceback.tb_lineno}" if traceback else ""
    )
    text = " ".join(str(error).split())
    return f"{type(error).__name__}{': ' + text if text else ''}{place}"
