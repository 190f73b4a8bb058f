"""Run cases against mutants until one notices."""

import ast
from collections import Counter
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from math import inf

from poolspec.mutation.bench import Bench, BenchMaker
from poolspec.mutation.coverage import Coverage
from poolspec.mutation.functions import compile_function
from poolspec.mutation.mutants import Mutant, MutantKey
from poolspec.mutation.points import Point
from poolspec.mutation.processes import Job, run_jobs

LIMIT_FACTOR = 10
LIMIT_SECONDS = 2.0
"""A case may take this much longer than it did without a mistake, before it counts as caught."""

CRASHES = 3
"""So many crashes, and no case that fails otherwise, show that a mutant is no working program."""

LISTED_SECONDS = 4.0
"""Mutants known to be equivalent are tried for so long, to see whether they still are."""

RECENT = 4
"""Cases that caught the last mutants of a function are tried first on its next ones."""


class Fate(Enum):
    """What became of a mutant.

    One that crashes instead of giving a wrong result says nothing about the vectors, as any
    implementation would be rid of it before: it is not counted.
    """

    CAUGHT = "caught"
    SURVIVED = "survived"
    NOT_REACHED = "not reached"
    CRASHED = "crashed"


@dataclass(frozen=True)
class Judged:
    """A mutant and its fate."""

    mutant: Mutant
    fate: Fate
    tried: int


@dataclass(frozen=True)
class Trial:
    """A mutant, and the cases that reach it, the most promising first.

    No further case is begun after `seconds` of CPU.
    """

    mutant: Mutant
    cases: tuple[int, ...]
    seconds: float


def trials(
    mutants: Sequence[Mutant],
    coverage: Coverage,
    points: Sequence[Point],
    listed: Container[MutantKey] = (),
    limit: float = inf,
) -> list[Trial]:
    """Find the cases for each mutant; those listed as equivalent are not tried for long.

    `limit` is the CPU seconds for each of the others. Most promising are cases that are quick, run
    little else, and take the function to places where few others do.
    """
    reach = Counter(case for cases in coverage.cases.values() for case in cases)
    rarities: dict[str, dict[int, int]] = {}
    found = []
    for mutant in mutants:
        name = mutant.function
        if name not in rarities:
            rarities[name] = rarity_of_cases(coverage, points, name)
        promise = {
            case: rarities[name][case] * reach[case] * coverage.seconds[case]
            for case in coverage.cases.get(mutant.point, [])
        }
        ordered = sorted(promise, key=lambda case: (promise[case], case))
        seconds = min(limit, LISTED_SECONDS) if mutant.key in listed else limit
        found.append(Trial(mutant, tuple(ordered), seconds))
    return found


def rarity_of_cases(coverage: Coverage, points: Sequence[Point], function: str) -> dict[int, int]:
    """For each case, how many cases reach the point of the function that the fewest reach with it.

    A case that was made for a function takes it to places where few others do.
    """
    rarity: dict[int, int] = {}
    for index, point in enumerate(points):
        if point.function == function:
            cases = coverage.cases.get(index, [])
            for case in cases:
                rarity[case] = min(rarity.get(case, len(cases)), len(cases))
    return rarity


class KillingJob(Job[Trial, Judged]):
    """Runs trials."""

    def __init__(self, bench: BenchMaker, seconds: dict[int, float]) -> None:
        self._bench = bench
        self._seconds = seconds

    @contextmanager
    def session(self) -> Iterator[Callable[[Trial], Judged]]:
        """Open this process's bench."""
        recent: dict[str, list[int]] = {}
        with self._bench() as bench:

            def judge(trial: Trial) -> Judged:
                return self._judge(bench, trial, recent.setdefault(trial.mutant.function, []))

            yield judge

    def _judge(self, bench: Bench, trial: Trial, recent: list[int]) -> Judged:
        mutant = trial.mutant
        if not trial.cases:
            return Judged(mutant, Fate.NOT_REACHED, 0)
        first = [case for case in recent if case in set(trial.cases)]
        order = first + [case for case in trial.cases if case not in first]
        (tree,) = ast.parse(mutant.source).body
        assert isinstance(tree, ast.FunctionDef)
        bench.replace(mutant.function, compile_function(tree, mutant.document))
        try:
            return self._run(bench, trial, order, recent)
        finally:
            bench.restore(mutant.function)

    def _run(self, bench: Bench, trial: Trial, order: Sequence[int], recent: list[int]) -> Judged:
        mutant = trial.mutant
        crashes = tried = 0
        spent = 0.0
        for tried, case in enumerate(order, 1):
            run = bench.run(case, LIMIT_SECONDS + LIMIT_FACTOR * self._seconds[case])
            reason = run.reason
            spent += run.seconds
            if " crashed: " in reason:
                crashes += 1
                if crashes == CRASHES:
                    return Judged(mutant, Fate.CRASHED, tried)
            elif reason:
                recent[:] = [case, *(each for each in recent if each != case)][:RECENT]
                return Judged(mutant, Fate.CAUGHT, tried)
            if spent > trial.seconds:
                break
        return Judged(mutant, Fate.CRASHED if crashes else Fate.SURVIVED, tried)


def judge(
    bench: BenchMaker, trials: Sequence[Trial], seconds: dict[int, float], jobs: int
) -> Iterator[Judged]:
    """Judge all mutants; the fates come as they are known."""
    return run_jobs(KillingJob(bench, seconds), trials, jobs)
