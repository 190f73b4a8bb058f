"""A fork's constants, preset and configuration values as plain integers and bytes."""

from typing import TYPE_CHECKING, Any

__all__ = ["Parameters"]


def _plain(value: Any) -> Any:
    """Return an SSZ integer as `int`, SSZ bytes as `bytes`, and everything else as it is."""
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, bytes):
        return bytes(value)
    if isinstance(value, tuple):
        return tuple(_plain(each) for each in value)
    return value


class Parameters:
    """The values of a compiled module by their names, read once; overrides included.

    Plain values make plain arithmetic: nothing is converted or checked at each step.
    """

    def __init__(self, spec: Any) -> None:
        for name, value in vars(spec).items():
            if name.isupper():
                setattr(self, name, _plain(value))
        for name, value in spec.config._asdict().items():
            setattr(self, name, _plain(value))

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...
