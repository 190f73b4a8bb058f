"""The table of fast functions: name → factory `(spec, plain) -> function` of the same contract."""

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

Function = Callable[..., Any]
Factory = Callable[[ModuleType, Function], Function]

TABLE: Mapping[str, Factory] = {}


def bind(module: ModuleType) -> None:
    """Replace the functions of a compiled module that the table has a fast one for."""
    for name, factory in TABLE.items():
        plain = getattr(module, name, None)
        if plain is not None and not hasattr(plain, "plain"):
            function = factory(module, plain)
            function.plain = plain  # type: ignore[attr-defined]
            setattr(module, name, function)


def unbind(module: ModuleType) -> None:
    """Put the plain functions of the documents back."""
    for name in TABLE:
        function = getattr(module, name, None)
        if hasattr(function, "plain"):
            setattr(module, name, function.plain)
