"""How the engine says that a block or a state breaks the rules."""

__all__ = ["InvalidError", "check"]


class InvalidError(Exception):
    """The protocol rejects its input. The state that was being changed must be thrown away."""


def check(condition: object, reason: str) -> None:
    """Raise `InvalidError` unless the condition holds."""
    if not condition:
        raise InvalidError(reason)
