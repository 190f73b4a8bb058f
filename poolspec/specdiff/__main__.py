"""`python -m poolspec.specdiff`: write the changes as Markdown and as a page for the browser."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from poolspec.files import replace_file
from poolspec.mutation.commands import ROOT
from poolspec.output import run
from poolspec.specdiff.index import PLACE
from poolspec.specdiff.markdown import markdown_page
from poolspec.specdiff.page import html_page
from poolspec.specdiff.places import Target
from poolspec.specdiff.report import gather
from poolspec.vectors.errors import VectorError
from pysetup.errors import CompileError

OUT = "build/diff"


def parser() -> argparse.ArgumentParser:
    """The command with its arguments."""
    command = argparse.ArgumentParser(
        prog="python -m poolspec.specdiff",
        description="Write what the fork changes: poolbonds.md and poolbonds.html.",
    )
    command.add_argument("--out", type=Path, default=ROOT / OUT, help=f"folder to write to ({OUT})")
    command.add_argument(
        "--vectors-index", type=Path, default=ROOT / PLACE, metavar="FILE", help=f"index ({PLACE})"
    )
    command.add_argument(
        "--base",
        metavar="URL",
        help="what links to files of the checkout begin with (the way there from the folder)",
    )
    return command


def write_pages(root: Path, out: Path, index: Path, target: Target) -> list[Path]:
    """Write both pages and say where they are; errors are those of `gather`."""
    report = gather(root, target, index)
    # Both are made before the first is written.
    pages = {"poolbonds.md": markdown_page(report), "poolbonds.html": html_page(report)}
    for name, text in pages.items():
        replace_file(out / name, text)
    return [out / name for name in pages]


def way_to(root: Path, out: Path) -> Target:
    """Links from a folder to the documents of the checkout."""
    return Target(Path(os.path.relpath(root, out.resolve())).as_posix())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; gives the exit status. What is wrong with the input is said in words."""
    options = parser().parse_args(arguments)
    try:
        target = Target(options.base) if options.base else way_to(ROOT, options.out)
        written = write_pages(ROOT, options.out, options.vectors_index, target)
    except CompileError as error:
        print(error, file=sys.stderr)
        return 1
    except (VectorError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for path in written:
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
