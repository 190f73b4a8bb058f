"""`python -m poolspec.specdiff.reached VECTORS`: replay vectors with probes and write the index."""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import poolspec
from poolspec.files import replace_file
from poolspec.mutation.bench import open_bench
from poolspec.mutation.commands import NO_TRANSITION, ROOT
from poolspec.mutation.coverage import Reached, Subject, collect
from poolspec.mutation.functions import own_functions
from poolspec.output import plain_console, progress_bar, run
from poolspec.specdiff.index import PLACE, Group, Index, shown_index
from poolspec.vectors.commands import jobs_argument
from poolspec.vectors.errors import VectorError
from poolspec.vectors.layout import CaseId, Selection
from poolspec.vectors.source import Found, find

FORK = "poolbonds"
PRESET = "minimal"
EXAMPLES = 3
"""Cases that are named for each function and handler."""


def parser() -> argparse.ArgumentParser:
    """The command with its arguments."""
    command = argparse.ArgumentParser(
        prog="python -m poolspec.specdiff.reached",
        description="Write down which vectors reach which functions of the fork.",
    )
    command.add_argument("path", type=Path, metavar="VECTORS", help="folder or .tar.gz archive")
    command.add_argument("--out", type=Path, default=ROOT / PLACE, help=f"file to write ({PLACE})")
    command.add_argument("--jobs", type=jobs_argument, default="auto", help="processes")
    return command


def measure(path: Path, jobs: int) -> Index:
    """Replay the cases under a path; raises `VectorError` if there are none or one fails."""
    with TemporaryDirectory(prefix="poolspec-reached-") as scratch:
        found, _ = find(path, Selection(preset=(PRESET,), fork=(FORK,)), Path(scratch))
        cases = [each for each in found if each.id.runner not in NO_TRANSITION]
        if not cases:
            raise VectorError(path, "no case that runs a function of the documents")
        places = own_functions(ROOT, FORK)
        subject = Subject.of(poolspec.load(FORK, PRESET, fast=False), places)
        bench = partial(open_bench, cases, FORK)
        answers = collect(bench, subject, len(cases), min(jobs, len(cases)))
        reached = [_passed(each, cases) for each in _with_bar(answers, len(cases))]
    names = [place.name for place in places]
    return index_of(names, points_of(subject, reached, [each.id for each in cases]))


def _with_bar(answers: Iterator[Reached], total: int) -> Iterator[Reached]:
    with progress_bar(plain_console(stderr=True)) as bar:
        task = bar.add_task("replaying", total=total)
        for answer in answers:
            yield answer
            bar.update(task, advance=1)


def _passed(reached: Reached, cases: Sequence[Found]) -> Reached:
    """What a case reached; of one that fails, nothing can be told."""
    if reached.run.reason:
        raise VectorError(cases[reached.case].shown, reached.run.reason)
    return reached


def points_of(
    subject: Subject, reached: Sequence[Reached], cases: Sequence[CaseId]
) -> dict[str, dict[CaseId, int]]:
    """By function and case the number of the function's points that the case reaches."""
    counts: dict[str, dict[CaseId, int]] = defaultdict(lambda: defaultdict(int))
    for each in reached:
        for point in each.points:
            counts[subject.points[point].function][cases[each.case]] += 1
    return counts


def index_of(functions: Sequence[str], points: Mapping[str, Mapping[CaseId, int]]) -> Index:
    """The index of these functions. Handlers with more cases come first, then by name."""
    index = {}
    for name in functions:
        by_handler: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for case, count in points.get(name, {}).items():
            by_handler[f"{case.runner}/{case.handler}"].append((-count, case.case))
        groups = [
            Group(handler, len(cases), tuple(case for _, case in sorted(cases)[:EXAMPLES]))
            for handler, cases in by_handler.items()
        ]
        index[name] = tuple(sorted(groups, key=lambda each: (-each.cases, each.handler)))
    return index


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; gives the exit status. What is wrong with the input is said in one line."""
    options = parser().parse_args(arguments)
    try:
        index = measure(options.path, options.jobs)
        replace_file(options.out, shown_index(index))
    except (VectorError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{sum(map(bool, index.values()))} of {len(index)} functions are reached: {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
