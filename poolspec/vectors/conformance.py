"""Replay cases: one by one, or many in several processes."""

import signal
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from multiprocessing import get_context
from typing import Any

from poolspec.runtime import bls
from poolspec.vectors.case import BlsSetting, Case, read_case
from poolspec.vectors.checks import Prepared
from poolspec.vectors.errors import NotRunError, VectorError
from poolspec.vectors.implementations import compiled, implementation_for
from poolspec.vectors.layout import CaseId, check_names
from poolspec.vectors.runners import RUNNERS
from poolspec.vectors.source import Found

BATCHES_AHEAD = 4
"""Cases handed to each process before the first of them is done."""


class Verdict(Enum):
    """What became of a case."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class Result:
    """The verdict on a case, with the reason if it did not pass."""

    id: CaseId
    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True)
class Options:
    """How cases are replayed."""

    implementation: str = "spec"
    fast: bool = True
    bls: str | None = None


def prepare(spec: Any, case: Case) -> Prepared:
    """Decode a case for a fork; what comes back can be run, and timed without the decoding.

    Raises `VectorError` for damaged parts and `NotRunError` for cases that nothing here can run.
    """
    if case.id.runner not in RUNNERS:
        raise NotRunError(f"the runner {case.id.runner} is not replayed")
    checks = RUNNERS[case.id.runner](spec, case)
    return Prepared(spec, checks, signatures=case.bls is not BlsSetting.IGNORED)


def replay(found: Found, options: Options) -> Result:
    """Read, decode and run one case. Damage is a failure that names the file."""
    try:
        check_names(found.id, found.shown, tuple(compiled()))
        if found.id.runner not in RUNNERS:
            raise NotRunError(f"the runner {found.id.runner} is not replayed")
        case = read_case(found.id, found.folder)
        spec = implementation_for(case, options.implementation, fast=options.fast)
        outcome = prepare(spec, case).run()
    except NotRunError as error:
        return Result(found.id, Verdict.NOT_RUN, str(error))
    except VectorError as error:
        return Result(
            found.id, Verdict.FAILED, str(error).replace(str(found.folder), found.shown, 1)
        )
    if outcome.passed:
        return Result(found.id, Verdict.PASSED)
    return Result(found.id, Verdict.FAILED, outcome.reason)


def replay_all(cases: list[Found], options: Options, jobs: int) -> Iterator[Result]:
    """Replay cases in this process, or in `jobs` others; results come as they are ready."""
    if jobs == 1:
        _start(options, quiet=False)
        yield from (replay(found, options) for found in cases)
        return
    # The largest first, so that no long case is left for the end.
    queue = iter(sorted(cases, key=lambda found: -found.size))
    with _processes(jobs, options) as pool:
        running: set[Future[Result]] = set()
        while True:
            for found in islice(queue, jobs * BATCHES_AHEAD - len(running)):
                running.add(pool.submit(replay, found, options))
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)


@contextmanager
def _processes(jobs: int, options: Options) -> Iterator[ProcessPoolExecutor]:
    """Processes of our own; what they have not begun is dropped when we leave early."""
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), _start, (options,))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _start(options: Options, quiet: bool = True) -> None:
    """Set up a process: the BLS library, and no traceback from it when the user interrupts."""
    if quiet:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    if options.bls is not None:
        bls.use(options.bls)


def counts(results: Iterable[Result]) -> dict[str, dict[Verdict, int]]:
    """How many cases of each runner met each verdict, runners in order of name."""
    table: dict[str, dict[Verdict, int]] = {}
    for result in sorted(results, key=lambda each: each.id.runner):
        row = table.setdefault(result.id.runner, dict.fromkeys(Verdict, 0))
        row[result.verdict] += 1
    return table
