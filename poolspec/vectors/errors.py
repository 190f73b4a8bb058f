"""What can be wrong with vectors, as errors that name the file."""

from pathlib import Path

MAX_SHOWN = 60
"""Most characters of a value in a message."""


def printable(text: str) -> str:
    """The text with what a terminal cannot show, or would obey, written as an escape."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def shown(value: object) -> str:
    """A value as messages show it: shortened, as values from files may be of any length."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):
        # Python writes out no integer of more than 4,300 digits
        text = f"a large {type(value).__name__}"
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


class VectorError(Exception):
    """Damaged or misplaced input: the file or folder, and what is wrong with it."""

    def __init__(self, path: Path | str, message: str) -> None:
        super().__init__(printable(f"{path}: {message}"))
        self.path = str(path)
        self.message = message

    def __reduce__(self) -> tuple[type["VectorError"], tuple[str, str]]:
        """Errors cross process boundaries, so they are rebuilt from both arguments."""
        return (type(self), (self.path, self.message))


class NotRunError(Exception):
    """A sound case that nothing here can run; the text is the reason, the same for all its kind."""
