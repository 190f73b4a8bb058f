"""The `poolspec` command."""

import argparse
import sys
from collections.abc import Sequence

from poolspec.output import run
from poolspec.simulator.commands import add_simulate
from poolspec.studies.commands import add_studies
from poolspec.studies.errors import CheckError, StudyError
from poolspec.vectors.commands import add_conformance, add_vectors
from poolspec.vectors.errors import VectorError


def parser() -> argparse.ArgumentParser:
    """All commands with their arguments."""
    top = argparse.ArgumentParser(
        prog="poolspec", description="The pool-bonds specification: test vectors and simulations."
    )
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add_conformance(commands)
    add_vectors(commands)
    add_simulate(commands)
    add_studies(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; gives the exit status. What is wrong with the input is said in one line."""
    return run(lambda: _main(arguments))


def _main(arguments: Sequence[str] | None) -> int:
    if not __debug__:
        print("error: the specification needs assertions; run Python without -O", file=sys.stderr)
        return 1
    chosen = parser().parse_args(arguments)
    try:
        return int(chosen.run(chosen))
    except (VectorError, StudyError, CheckError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
