"""Which points of the functions under judgement the vectors reach, and which cases reach them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from poolspec.mutation.bench import BenchMaker, Run
from poolspec.mutation.functions import Place, compile_function, parse_functions
from poolspec.mutation.points import Hits, Instrumented, Point, instrument
from poolspec.mutation.processes import Job, run_jobs


@dataclass(frozen=True)
class Subject:
    """The functions under judgement, with probes, and all their points by number."""

    places: tuple[Place, ...]
    instrumented: dict[str, Instrumented]
    points: tuple[Point, ...]

    @classmethod
    def of(cls, module: Any, places: Sequence[Place]) -> "Subject":
        """Read the functions of a compiled module."""
        trees = parse_functions(module, [place.name for place in places])
        instrumented: dict[str, Instrumented] = {}
        points: list[Point] = []
        for place in places:
            instrumented[place.name] = instrument(trees[place.name], len(points))
            points += instrumented[place.name].points
        return cls(tuple(places), instrumented, tuple(points))


@dataclass(frozen=True)
class Reached:
    """What one case has reached."""

    case: int
    run: Run
    points: frozenset[int]


@dataclass
class Coverage:
    """What all cases have reached: by point the cases, and by case the seconds of CPU."""

    cases: dict[int, list[int]] = field(default_factory=dict)
    seconds: dict[int, float] = field(default_factory=dict)
    failures: dict[int, str] = field(default_factory=dict)

    def add(self, reached: Reached) -> None:
        """Take in one case."""
        self.seconds[reached.case] = reached.run.seconds
        if reached.run.reason:
            self.failures[reached.case] = reached.run.reason
        for point in reached.points:
            self.cases.setdefault(point, []).append(reached.case)

    def misses(self, points: Sequence[Point], function: str) -> list[Point]:
        """The points of a function that no case reaches."""
        return [
            point
            for index, point in enumerate(points)
            if point.function == function and index not in self.cases
        ]


class CoverageJob(Job[int, Reached]):
    """Runs cases with probes."""

    def __init__(self, bench: BenchMaker, subject: Subject) -> None:
        self._bench = bench
        self._subject = subject

    @contextmanager
    def session(self) -> Iterator[Callable[[int], Reached]]:
        """Put the probes into this process's functions."""
        hits = Hits(len(self._subject.points))
        with self._bench() as bench:
            bench.define(hits.probes())
            for place in self._subject.places:
                tree = self._subject.instrumented[place.name].tree
                bench.replace(place.name, compile_function(tree, place.document))

            def run(case: int) -> Reached:
                hits.clear()
                result = bench.run(case)
                return Reached(case, result, hits.reached())

            yield run


def collect(bench: BenchMaker, subject: Subject, cases: int, jobs: int) -> Iterator[Reached]:
    """Run all cases with probes; results come as they are ready."""
    return run_jobs(CoverageJob(bench, subject), range(cases), jobs)
