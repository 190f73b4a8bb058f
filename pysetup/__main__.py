"""The command `python -m pysetup`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from pysetup.build import PACKAGE, compile_all, module_path
from pysetup.errors import CompileError
from pysetup.forks import FORKS, PRESETS
from pysetup.line_map import map_lines

_ROOT = Path(__file__).resolve().parents[1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    options = _parser().parse_args(arguments)
    forks = options.fork or [fork.name for fork in FORKS]
    presets = options.preset or list(PRESETS)
    package = options.output if options.output is not None else options.root / PACKAGE
    if options.action == "map":
        sys.stdout.writelines(map_lines(sys.stdin))
        return 0
    if options.action == "list":
        for fork in forks:
            for preset in presets:
                print(_shown(module_path(package, fork, preset)))
        return 0
    try:
        result = compile_all(
            options.root, package, forks=forks, presets=presets, draft=options.draft
        )
    except CompileError as error:
        print(error, file=sys.stderr)
        count = len(error.problems)
        print(f"{count} error{'s' * (count > 1)}, nothing written", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename or package}: error: {error.strerror}", file=sys.stderr)
        return 1
    for problem in result.tolerated:
        print(f"{problem.path}:{problem.line}: draft: {problem.message}", file=sys.stderr)
    for path in result.written:
        print(f"compiled {_shown(path)}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pysetup", description=__doc__)
    parser.add_argument(
        "action",
        nargs="?",
        default="compile",
        choices=["compile", "list", "map"],
        help="compile what changed (default); list the modules; map messages about modules, "
        "from standard input to standard output, to lines of the documents",
    )
    parser.add_argument("--fork", action="append", choices=[fork.name for fork in FORKS])
    parser.add_argument("--preset", action="append", choices=PRESETS)
    parser.add_argument("--root", type=Path, default=_ROOT, help="the checkout")
    parser.add_argument(
        "--output", type=Path, help="folder of the package (default: poolspec in the checkout)"
    )
    parser.add_argument(
        "--draft",
        action="store_true",
        help="put up with missing documents and unknown names in the bodies of functions",
    )
    return parser


def _shown(path: Path) -> Path:
    """Return a path relative to the working directory if it lies there."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


if __name__ == "__main__":
    sys.exit(main())
