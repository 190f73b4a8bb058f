"""Write the vectors twice under different circumstances and compare them byte for byte.

`python -m poolspec.vectors.reproducible`: two runs with different hash seeds and numbers of jobs,
by default each in a fresh clone of its own, so that nothing that is not committed can matter.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from poolspec.output import marked, plain_console, run
from poolspec.vectors.archives import SUMS
from poolspec.vectors.commands import SELECTORS, add_selection, selection_of
from poolspec.vectors.errors import VectorError
from poolspec.vectors.layout import ROOT_FOLDER, Selection

ROOT = Path(__file__).resolve().parents[2]
MAX_SHOWN = 20
"""Differences that are printed; the rest is only counted."""

WRITE = "import sys; from poolspec.cli import main; sys.exit(main(sys.argv[1:]))"
COMPILE = "import sys; from pysetup.__main__ import main; sys.exit(main())"


@dataclass(frozen=True)
class Circumstances:
    """What must not matter to the vectors: the seed of Python's hashes, the number of processes."""

    seed: int
    jobs: int


def _run(program: str, arguments: Sequence[str], checkout: Path, seed: int) -> None:
    """Run a program in a checkout; the modules are those of the checkout, not what is installed."""
    environment = os.environ | {"PYTHONHASHSEED": str(seed), "PYTHONPATH": str(checkout)}
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=checkout,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        raise VectorError(checkout, f"{' '.join(arguments)}\n{done.stdout}{done.stderr}".strip())


def write(
    checkout: Path, output: Path, selection: Selection, circumstances: Circumstances
) -> dict[str, bytes]:
    """Write vectors; gives all files of the cases, the archives and their sums, by path."""
    arguments = ["vectors", "--output", str(output), "--jobs", str(circumstances.jobs)]
    for name in SELECTORS:
        for pattern in getattr(selection, name):
            arguments += [f"--{name}", pattern]
    _run(WRITE, arguments, checkout, circumstances.seed)
    return dict(_files(output))


def _files(output: Path) -> Iterator[tuple[str, bytes]]:
    archives = [*output.glob("*.tar.gz"), *output.glob(SUMS)]
    for path in sorted([*(output / ROOT_FOLDER).rglob("*"), *archives]):
        if path.is_file():
            yield path.relative_to(output).as_posix(), path.read_bytes()


def differences(one: Mapping[str, bytes], other: Mapping[str, bytes]) -> list[str]:
    """The paths whose contents differ, and those that only one of both has."""
    return [
        f"{path}: {'differs' if path in one and path in other else 'is in one of both only'}"
        for path in sorted(one.keys() | other.keys())
        if one.get(path) != other.get(path)
    ]


def fresh_clone(clone: Path) -> Path:
    """Clone what is committed, and compile it."""
    command = ["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(clone)]
    done = subprocess.run(
        command, capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    if done.returncode != 0:
        raise VectorError(ROOT, f"cannot be cloned: {done.stderr.strip()}")
    _run(COMPILE, [], clone, 0)
    return clone


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    top = argparse.ArgumentParser(
        prog="python -m poolspec.vectors.reproducible",
        description="Write vectors twice, with different hash seeds and numbers of jobs, and "
        "compare all files and archives. Exit status 1 if any differs.",
    )
    add_selection(top)
    top.add_argument(
        "--here", action="store_true", help="from this checkout as it is, not from fresh clones"
    )
    return top


def check(arguments: argparse.Namespace, console: Console) -> int:
    """Write twice, compare, and give the exit status."""
    selection, jobs = selection_of(arguments), arguments.jobs
    runs = (Circumstances(seed=0, jobs=jobs), Circumstances(seed=4711, jobs=jobs + 1))
    written = []
    with TemporaryDirectory(prefix="poolspec-reproducible-") as scratch:
        for number, circumstances in enumerate(runs):
            console.print(f"writing with hash seed {circumstances.seed}, {circumstances.jobs} jobs")
            folder = Path(scratch) / str(number)
            folder.mkdir()
            checkout = ROOT if arguments.here else fresh_clone(folder / "clone")
            written.append(write(checkout, folder / "vectors", selection, circumstances))
    found = differences(*written)
    for line in found[:MAX_SHOWN]:
        console.print(marked("differs", "red", f" {line}"), soft_wrap=True)
    if found:
        console.print(f"{len(found)} of {len(written[0])} files differ")
        return 1
    archives = [path for path in written[0] if path.endswith(".tar.gz")]
    console.print(f"{len(written[0])} files are the same byte for byte, {len(archives)} archives")
    return 0


def main() -> int:
    """Run the check; gives the exit status."""
    try:
        return check(parser().parse_args(), plain_console())
    except (VectorError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(run(main))
