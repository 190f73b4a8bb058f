"""The commands `poolspec conformance` and `poolspec vectors`: their arguments and exit status."""

import argparse
import os
from concurrent.futures.process import BrokenProcessPool
from dataclasses import fields
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from poolspec.output import marked, plain_console, progress_bar
from poolspec.vectors.conformance import Options, Result, Verdict, replay_all
from poolspec.vectors.errors import VectorError
from poolspec.vectors.generate import Generation, generate
from poolspec.vectors.implementations import IMPLEMENTATIONS
from poolspec.vectors.layout import Selection
from poolspec.vectors.report import MAX_FAILURES, print_failures, print_not_run, print_table
from poolspec.vectors.source import Found, find

SELECTORS = tuple(field.name for field in fields(Selection))
BLS_CHOICES = ("arkworks", "milagro", "py_ecc")


def jobs_argument(text: str) -> int:
    """A number of processes, `auto` for one per core that we may use."""
    if text == "auto":
        return (
            len(os.sched_getaffinity(0))
            if hasattr(os, "sched_getaffinity")
            else os.cpu_count() or 1
        )
    if not text.isdecimal() or not 1 <= int(text) <= 1024:
        raise argparse.ArgumentTypeError(f"'{text}' is neither a number from 1 to 1024 nor 'auto'")
    return int(text)


def add_selection(parser: argparse.ArgumentParser) -> None:
    """The options that choose cases."""
    for name in SELECTORS:
        parser.add_argument(
            f"--{name}",
            action="append",
            default=[],
            metavar="PATTERN",
            help=f"only cases whose {name} matches this shell pattern; may be repeated",
        )
    parser.add_argument(
        "--jobs", type=jobs_argument, default="auto", help="number of processes (default: auto)"
    )


def selection_of(arguments: argparse.Namespace) -> Selection:
    """What those options chose."""
    return Selection(*(tuple(getattr(arguments, name)) for name in SELECTORS))


def add_conformance(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare `poolspec conformance`."""
    parser = commands.add_parser(
        "conformance",
        help="replay test vectors",
        description="Replay vectors in the layout of consensus-spec-tests. Exit status 1 if a case "
        "fails, if input is damaged, or if no case was run.",
    )
    parser.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH", help="folder or .tar.gz archive"
    )
    add_selection(parser)
    parser.add_argument(
        "--plain", action="store_true", help="without the fast functions, as the documents stand"
    )
    parser.add_argument("--bls", choices=BLS_CHOICES, help="BLS library")
    parser.add_argument(
        "--implementation", choices=sorted(IMPLEMENTATIONS), default="spec", help="what replays"
    )
    parser.set_defaults(run=conformance)


def conformance(arguments: argparse.Namespace) -> int:
    """Replay, report, and give the exit status."""
    console = plain_console()
    options = Options(arguments.implementation, not arguments.plain, arguments.bls)
    with TemporaryDirectory(prefix="poolspec-vectors-") as scratch:
        cases, others = _find_all(arguments.paths, selection_of(arguments), Path(scratch), console)
        results = _replay_with_bar(cases, options, arguments.jobs, console)
    print_failures(console, results)
    print_not_run(console, results)
    print_table(console, results)
    if others:
        console.print(f"{others} more cases were not selected")
    verdicts = {result.verdict for result in results}
    if not verdicts & {Verdict.PASSED, Verdict.FAILED}:
        raise VectorError(" ".join(map(str, arguments.paths)), "no case was run")
    return 1 if Verdict.FAILED in verdicts else 0


def _find_all(
    paths: list[Path], selection: Selection, scratch: Path, console: Console
) -> tuple[list[Found], int]:
    """The cases of all paths. The same case under two paths is an error: which one would count?"""
    cases: list[Found] = []
    others = 0
    with console.status("looking for cases") if console.is_terminal else _Quiet():
        for number, path in enumerate(paths):
            found, skipped = find(path, selection, scratch / str(number))
            cases += found
            others += skipped
    seen: dict[object, str] = {}
    for found_case in cases:
        if found_case.id in seen:
            raise VectorError(found_case.shown, f"is the same case as {seen[found_case.id]}")
        seen[found_case.id] = found_case.shown
    return cases, others


class _Quiet:
    """Stands for the spinner where there is no terminal."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None


def _replay_with_bar(
    cases: list[Found], options: Options, jobs: int, console: Console
) -> list[Result]:
    """All results, with a bar that shows the runner at work and the failures so far."""
    results: list[Result] = []
    failed = 0
    try:
        with progress_bar(console) as bar:
            task = bar.add_task("replaying", total=len(cases))
            for result in replay_all(cases, options, min(jobs, max(1, len(cases)))):
                results.append(result)
                failed += result.verdict is Verdict.FAILED
                text = f"{result.id.runner}" + (f" ({failed} failed)" if failed else "")
                bar.update(task, advance=1, description=text)
    except BrokenProcessPool as error:
        raise VectorError("conformance", "a process died (killed, or out of memory)") from error
    return results


def add_vectors(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare `poolspec vectors`."""
    parser = commands.add_parser(
        "vectors",
        help="write test vectors",
        description="Run the fillers in tests/vectors and write what they record. Cases that are "
        "there already and made from the same sources are kept, so an interrupted run can be "
        "repeated. Archives are packed when whole presets are written. What is in the folder and "
        "was not written by this command is never replaced or removed. Exit status 1 if a filler "
        "fails or no case is selected.",
    )
    parser.add_argument(
        "--output", type=Path, default=Path("vectors"), help="folder to write to (vectors)"
    )
    add_selection(parser)
    parser.set_defaults(run=vectors)


def vectors(arguments: argparse.Namespace) -> int:
    """Write vectors, and give the exit status."""
    console = plain_console()
    output = arguments.output.resolve()
    with progress_bar(console) as bar:
        task = bar.add_task("collecting", total=None)

        def show(generation: Generation) -> None:
            done = len(generation.cases)
            bar.update(task, description="writing", total=generation.total, completed=done)

        generation = generate(output, selection_of(arguments), arguments.jobs, show)
    for test, reason in generation.failures[:MAX_FAILURES]:
        console.print(marked("failed", "red", f" {test}"), soft_wrap=True)
        console.print(reason, soft_wrap=True)
    if generation.failures:
        console.print(f"{len(generation.failures)} failed; no archive was written")
        return 1
    if not generation.cases:
        raise VectorError(output, "no case was written: nothing matches the selection")
    console.print(f"{len(generation.cases)} cases in {arguments.output}", soft_wrap=True)
    return 0
