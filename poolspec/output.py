"""What commands print: any text as it is, on any terminal or none."""

import io
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # only who draws something waits for these
    from rich.console import Console
    from rich.progress import Progress, ProgressColumn
    from rich.text import Text

INTERRUPTED = 130
"""The exit status after Ctrl-C."""


def prepare_streams() -> None:
    """Let no text fail to be printed: what the encoding lacks is written as an escape."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def run(main: Callable[[], int]) -> int:
    """Run a program's main function and give its exit status, also when it is interrupted."""
    prepare_streams()
    try:
        return main()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED


def plain_console(*, stderr: bool = False) -> "Console":
    """Return a console that takes no text for markup, and no `:name:` for a picture."""
    from rich.console import Console

    return Console(markup=False, emoji=False, highlight=False, stderr=stderr)


def marked(word: str, style: str, text: str = "") -> "Text":
    """Return a line that begins with a word in a style."""
    from rich.text import Text

    return Text.assemble((word, style), text)


def progress_bar(console: "Console", *further: "ProgressColumn") -> "Progress":
    """Return a bar with counts and time; nothing is drawn if the output is not a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        *(further or (MofNCompleteColumn(), TimeElapsedColumn())),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
