"""What can be wrong with vectors, as errors that name the file."""

from pathlib import Path


class VectorError(Exception):
    """Damaged or misplaced input: the file or folder, and what is wrong with it."""

    def __init__(self, path: Path | str, message: str) -> None:
        super().__init__(f"{path}: {message}")
        self.path = str(path)
        self.message = message

    def __reduce__(self) -> tuple[type["VectorError"], tuple[str, str]]:
        """Errors cross process boundaries, so they are rebuilt from both arguments."""
        return (type(self), (self.path, self.message))


class NotRunError(Exception):
    """A sound case that nothing here can run; the text is the reason, the same for all its kind."""
