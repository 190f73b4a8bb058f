"""Put something around functions of a compiled module for a while."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

Around = Callable[..., Any]
"""Called as `around(name, plain, *arguments)` in place of a function; gives its result."""


@contextmanager
def hooked(spec: Any, names: Iterable[str], around: Around) -> Iterator[None]:
    """Let calls of these functions, also those from within the module, go through `around`."""
    plain = {name: getattr(spec, name) for name in names}
    for name, function in plain.items():
        setattr(spec, name, _wrapped(name, function, around))
    try:
        yield
    finally:
        for name, function in plain.items():
            setattr(spec, name, function)


def _wrapped(name: str, function: Callable[..., Any], around: Around) -> Callable[..., Any]:
    @wraps(function)
    def called(*arguments: Any, **named: Any) -> Any:
        return around(name, function, *arguments, **named)

    return called
