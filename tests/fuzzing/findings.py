"""What a chain is broken by."""

from pathlib import Path
from types import TracebackType

TESTS = str(Path(__file__).resolve().parents[1])
"""Where the checks stand: an assertion that fails in there is no verdict of the protocol."""


class Finding(Exception):
    """Implementations disagree, an invariant is broken, or the transition crashes."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(f"{kind}: {text}")
        self.kind = kind
        self.text = text


def is_from_a_check(error: BaseException) -> bool:
    """Whether an error was raised by the checks around the specification, not by itself."""
    innermost: TracebackType | None = error.__traceback__
    file = ""
    while innermost is not None:
        file = innermost.tb_frame.f_code.co_filename
        innermost = innermost.tb_next
    return file.startswith(TESTS)
