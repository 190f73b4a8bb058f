"""The commands `python -m poolspec.mutation coverage` and `… mutants`: arguments, exit status."""

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console

import poolspec
from poolspec.mutation.bench import BenchMaker, open_bench
from poolspec.mutation.coverage import Coverage, Subject, collect
from poolspec.mutation.functions import Place, own_functions, parse_functions
from poolspec.mutation.killing import Fate, Judged, judge, trials
from poolspec.mutation.mutants import Mutant, mutants_of
from poolspec.mutation.report import (
    print_coverage,
    print_excluded,
    print_misses,
    print_mutants,
    print_survivor,
)
from poolspec.mutation.reviewed import Reviewed, point_key, read_reviewed
from poolspec.output import marked, plain_console, progress_bar
from poolspec.vectors.commands import jobs_argument
from poolspec.vectors.errors import VectorError
from poolspec.vectors.layout import Selection
from poolspec.vectors.source import Found, find

ROOT = Path(__file__).resolve().parents[2]
REVIEWED = "tests/vectors/{fork}/reviewed.yaml"
LEAST_CAUGHT = 95
"""Percentage of mutants that vectors must catch."""

NO_TRANSITION = ("ssz_static",)
"""Runners whose cases run no function of the documents."""


@dataclass(frozen=True)
class Scene:
    """What a command works on."""

    console: Console
    module: Any
    cases: list[Found]
    bench: BenchMaker
    places: list[Place]
    reviewed: Reviewed
    jobs: int

    @property
    def judged(self) -> list[Place]:
        """The functions that vectors must reach."""
        return self.reviewed.judged(self.places)


def parser() -> argparse.ArgumentParser:
    """Both commands with their arguments."""
    top = argparse.ArgumentParser(
        prog="python -m poolspec.mutation",
        description="Judge vectors by what they reach and by the mistakes that they notice.",
    )
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, run, text in (
        ("coverage", coverage_command, "list lines and branches that no vector reaches"),
        ("mutants", mutants_command, "list mistakes that no vector notices"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="vectors")
        command.add_argument("--fork", default="poolbonds", help="fork whose functions are judged")
        command.add_argument("--preset", default="minimal", help="preset of the cases (minimal)")
        command.add_argument("--jobs", type=jobs_argument, default="auto", help="processes")
        command.add_argument("--reviewed", type=Path, help="list of what is known and explained")
        command.set_defaults(run=run)
        if name == "mutants":
            command.add_argument(
                "--function", action="append", default=[], help="shell pattern; may be repeated"
            )
            command.add_argument(
                "--sample", type=_positive, default=1, metavar="N", help="only every N-th mutant"
            )
            command.add_argument(
                "--seconds",
                type=_positive,
                default=inf,
                metavar="N",
                help="give a mutant up, as survived, after so much CPU time (never)",
            )
    return top


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is no positive number")
    return int(text)


def set_up(arguments: argparse.Namespace, scratch: Path) -> Scene:
    """Find the cases, the functions and the reviewed list."""
    try:
        places = own_functions(ROOT, arguments.fork)
    except (KeyError, ModuleNotFoundError) as error:
        raise VectorError(arguments.fork, "no fork with documents in a checkout") from error
    reviewed = read_reviewed(arguments.reviewed or ROOT / REVIEWED.format(fork=arguments.fork))
    selection = Selection(preset=(arguments.preset,), fork=(arguments.fork,))
    cases = []
    for number, path in enumerate(arguments.paths):
        found, _ = find(path, selection, scratch / str(number))
        cases += [each for each in found if each.id.runner not in NO_TRANSITION]
    if not cases:
        raise VectorError(arguments.paths[0], "no case that runs a function of the documents")
    module = poolspec.load(arguments.fork, arguments.preset, fast=False)
    bench = partial(open_bench, cases, arguments.fork)
    return Scene(plain_console(), module, cases, bench, places, reviewed, arguments.jobs)


def _with_bar(scene: Scene, text: str, total: int, answers: Iterator[Any]) -> Iterator[Any]:
    with progress_bar(scene.console) as bar:
        task = bar.add_task(text, total=total)
        for answer in answers:
            yield answer
            bar.update(task, advance=1)


def measure(scene: Scene, subject: Subject) -> Coverage:
    """Run all cases with probes."""
    coverage = Coverage()
    answers = collect(scene.bench, subject, len(scene.cases), scene.jobs)
    for reached in _with_bar(scene, "coverage", len(scene.cases), answers):
        coverage.add(reached)
    for case, reason in sorted(coverage.failures.items()):
        scene.console.print(marked("failed", "red", f" {scene.cases[case].shown}"), soft_wrap=True)
        scene.console.print(f"       {reason}", soft_wrap=True)
    return coverage


def coverage_command(arguments: argparse.Namespace) -> int:
    """Measure, report, and give the exit status."""
    with TemporaryDirectory(prefix="poolspec-coverage-") as scratch:
        scene = set_up(arguments, Path(scratch))
        subject = Subject.of(scene.module, scene.places)
        coverage = measure(scene, subject)
    judged = scene.judged
    names = {place.name for place in judged}
    points = [point for point in subject.points if point.function in names]
    misses = [point for place in judged for point in coverage.misses(subject.points, place.name)]
    reached = [subject.points[index] for index in coverage.cases]
    print_coverage(scene.console, subject, coverage, judged)
    print_excluded(scene.console, scene.places, scene.reviewed)
    print_misses(scene.console, misses, judged, scene.reviewed)
    problems = [
        *scene.reviewed.stale_exclusions(scene.places, reached),
        *scene.reviewed.unknown_functions(scene.places),
        *scene.reviewed.stale_points(points, misses),
    ]
    return _finish(
        scene.console, problems, bool(coverage.failures or scene.reviewed.unlisted(misses))
    )


def _finish(console: Console, problems: Sequence[str], failed: bool) -> int:
    for problem in problems:
        console.print(marked("error:", "red", f" {problem}"), soft_wrap=True)
    return 1 if problems or failed else 0


def make_mutants(scene: Scene, subject: Subject, chosen: Callable[[str], bool]) -> list[Mutant]:
    """All mutants of the chosen functions, but for places that are known to be out of reach."""
    trees = parse_functions(scene.module, [place.name for place in scene.places])
    first = 0
    found: list[Mutant] = []
    for place in subject.places:
        if chosen(place.name):
            found += mutants_of(trees[place.name], place.document, scene.module, first)
        first += len(subject.instrumented[place.name].points)
    return [
        mutant
        for mutant in found
        if point_key(subject.points[mutant.point]) not in scene.reviewed.unreachable
    ]


def mutants_command(arguments: argparse.Namespace) -> int:
    """Judge the mutants, report, and give the exit status."""

    def chosen(name: str) -> bool:
        patterns = arguments.function
        return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)

    with TemporaryDirectory(prefix="poolspec-mutants-") as scratch:
        scene = set_up(arguments, Path(scratch))
        subject = Subject.of(scene.module, scene.judged)
        mutants = make_mutants(scene, subject, chosen)[:: arguments.sample]
        if not mutants:
            raise VectorError(", ".join(arguments.function), "no function with such a name")
        coverage = measure(scene, subject)
        if coverage.failures:
            return 1
        found = trials(
            mutants, coverage, subject.points, scene.reviewed.equivalent, arguments.seconds
        )
        answers = judge(scene.bench, found, coverage.seconds, scene.jobs)
        judged = []
        for each in _with_bar(scene, "mutants", len(mutants), answers):
            print_survivor(scene.console, each, scene.reviewed)
            judged.append(each)
    print_mutants(scene.console, judged, scene.judged)
    problems = scene.reviewed.unknown_functions(scene.places)
    problems += scene.reviewed.stale_mutants(
        judged,
        [place.name for place in scene.judged if chosen(place.name)],
        all_mutants=arguments.sample == 1,
    )
    return _finish(scene.console, problems, not _is_enough(scene, judged))


def _is_enough(scene: Scene, judged: Sequence[Judged]) -> bool:
    """Say how many were caught; True if they are enough and every survivor is explained."""
    caught = sum(each.fate is Fate.CAUGHT for each in judged)
    left = [each for each in judged if each.fate in (Fate.SURVIVED, Fate.NOT_REACHED)]
    unexplained = sum(each.mutant.key not in scene.reviewed.equivalent for each in left)
    counted = caught + len(left)
    scene.console.print(
        f"{caught} of {counted} mutants caught ({100 * caught / max(counted, 1):.1f}%, at least "
        f"{LEAST_CAUGHT}% needed); {len(left) - unexplained} survivors are listed as equivalent, "
        f"{unexplained} are not explained"
    )
    return 100 * caught >= LEAST_CAUGHT * counted and not unexplained
