"""Fast functions: the same contracts as the documents' functions, computed on columns.

``bind`` puts them into a compiled module and ``unbind`` takes them out again. See
``poolspec.runtime.fast.table`` for which there are and when they fit.
"""

from __future__ import annotations

from types import ModuleType

from poolspec.runtime.fast.contract import Row
from poolspec.runtime.fast.table import TABLE, documents_of

__all__ = ["TABLE", "Row", "bind", "unbind"]

_PLAIN = "plain"


def bind(module: ModuleType) -> None:
    """Replace the functions of a compiled module for which the table has a fast one that fits.

    A fast function has its plain one as the attribute ``plain``. Binding twice changes nothing.
    """
    documents = documents_of(module)
    for row in TABLE:
        plain = getattr(module, row.name, None)
        if plain is None or hasattr(plain, _PLAIN) or not row.fits(documents):
            continue
        function = row.factory(module, plain)
        function.__doc__ = plain.__doc__
        setattr(function, _PLAIN, plain)
        setattr(module, row.name, function)


def unbind(module: ModuleType) -> None:
    """Put the plain functions of the documents back."""
    for row in TABLE:
        plain = getattr(getattr(module, row.name, None), _PLAIN, None)
        if plain is not None:
            setattr(module, row.name, plain)
