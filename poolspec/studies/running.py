"""Runs points: here, in processes of this machine, or on any Dask cluster.

Where a point is run never shows in its result, and results are given by the place of the point in
the list, so that neither the number of workers nor their speed changes a byte of what is written.
"""

import importlib
import itertools
import json
import logging
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from poolspec.studies.cache import Cache
from poolspec.studies.errors import StudyError
from poolspec.studies.identity import code_digest, point_key
from poolspec.studies.study import Point, Row, Study

__all__ = ["Task", "cluster", "local", "run_tasks"]

SILENT = logging.CRITICAL + 1
"""A level that no message has: what went wrong is said once, and by us."""

CONNECT_SECONDS = 10
"""How long a scheduler elsewhere may take to answer."""

WORKER_SECONDS = 10
"""How long its first worker may take to be there."""

CLOSE_SECONDS = 10
"""How long a connection, and processes of our own, may take to end before they are ended."""

UNHURRIED = {
    "distributed.comm.timeouts.connect": "1 hour",
    "distributed.comm.timeouts.tcp": "1 hour",
    "distributed.scheduler.worker-ttl": None,
}
"""Dask's settings for processes of our own, which may be slow to start and to answer."""

IN_FLIGHT = 256
"""How many points a cluster is given at a time."""

Runner = Callable[[Sequence["Task"]], Iterator[tuple[int, Row]]]


@dataclass(frozen=True)
class Task:
    """A point of a study, and the digest of the code that its result must come from."""

    study: Study
    point: Point

    def key(self) -> str:
        """Return the name under which the result is kept."""
        return point_key(self.study, self.point)

    def call(self) -> tuple[str, Point, str]:
        """Return what another process needs to run it."""
        return self.study.module, dict(self.point), code_digest(self.study)


def run_point(module: str, point: Point, digest: str) -> Row:
    """Run a point of the study that a module holds; another code than the caller's is refused."""
    study: Study = importlib.import_module(module).STUDY
    if code_digest(study) != digest:
        raise StudyError(
            f"{module}: a worker has another version of the code; did it change since the start?"
        )
    # What is kept in files is what is used, on the first run as on any later one.
    result: Row = json.loads(json.dumps(study.run(point)))
    return result


def local(tasks: Sequence[Task]) -> Iterator[tuple[int, Row]]:
    """Run tasks one after another in this process."""
    for place, task in enumerate(tasks):
        yield place, run_point(*task.call())


def _silence() -> None:
    """Keep Dask from telling how its connections end; its loggers have levels of their own."""
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] == "distributed":
            logging.getLogger(name).setLevel(SILENT)


@contextmanager
def _no_interrupts() -> Iterator[None]:
    """Let processes that are started meanwhile ignore Ctrl-C: it is ours to stop them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _client(scheduler: str | None, jobs: int) -> Iterator[Any]:
    """Connect to a scheduler, or start one with so many processes; both end with the block."""
    dask: Any = importlib.import_module("distributed")
    _silence()
    started = None
    if scheduler is None:
        with _no_interrupts():
            started = dask.LocalCluster(
                n_workers=jobs,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                silence_logs=SILENT,
            )
    try:
        client = _connected(dask, scheduler) if scheduler is not None else dask.Client(started)
        try:
            yield client
        finally:
            # Where the connection is lost already, that has been said
            with suppress(Exception):
                client.close(timeout=CLOSE_SECONDS)
    finally:
        if started is not None:
            started.close(timeout=CLOSE_SECONDS)


def _connected(dask: Any, scheduler: str) -> Any:
    """Connect to a scheduler elsewhere that has a worker at least."""
    try:
        client = dask.Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise StudyError(
            f"{scheduler}: no Dask scheduler answers at this address ({CONNECT_SECONDS} s)"
        ) from error
    try:
        client.wait_for_workers(1, timeout=WORKER_SECONDS)
    except TimeoutError as error:
        client.close(timeout=CLOSE_SECONDS)
        raise StudyError(f"{scheduler}: the Dask scheduler has no workers") from error
    return client


def _computed(dask: Any, client: Any, tasks: Sequence[Task]) -> Iterator[tuple[int, Row]]:
    """Compute tasks on a cluster, which is given a few of them at a time."""
    waiting = iter(enumerate(tasks))
    places: dict[Any, int] = {}
    completed = dask.as_completed(loop=client.loop)

    def submit(count: int) -> None:
        for place, task in itertools.islice(waiting, count):
            future = client.submit(run_point, *task.call(), pure=False)
            places[future] = place
            completed.add(future)

    try:
        submit(IN_FLIGHT)
        for future in completed:
            place = places.pop(future)
            yield place, future.result()
            future.release()
            submit(1)
    finally:
        with suppress(Exception):
            client.cancel(list(places))


def cluster(scheduler: str | None, jobs: int) -> Runner:
    """Return a runner on a Dask cluster: the one at an address, or `jobs` processes of our own."""

    def run(tasks: Sequence[Task]) -> Iterator[tuple[int, Row]]:
        dask: Any = importlib.import_module("distributed")
        settings = {} if scheduler else UNHURRIED
        with (
            importlib.import_module("dask").config.set(settings),
            _client(scheduler, min(jobs, len(tasks))) as client,
        ):
            try:
                yield from _computed(dask, client, tasks)
            except dask.KilledWorker as error:
                raise StudyError("workers died again and again; do they have memory?") from error
            except dask.client.FutureCancelledError as error:
                raise StudyError(
                    "the connection to the Dask scheduler is lost; run again to go on"
                ) from error

    return run


def run_tasks(
    tasks: Sequence[Task], cache: Cache, runner: Runner, advance: Callable[[], object]
) -> list[Row]:
    """Return each task's parameters and results, in order; what is kept already is not run.

    A result is kept as soon as it is there. `advance` is called once for each task.
    """
    keys = [task.key() for task in tasks]
    results = [cache.get(key) for key in keys]
    missing = [place for place, result in enumerate(results) if result is None]
    for _ in range(len(tasks) - len(missing)):
        advance()
    if missing:
        for place, result in runner([tasks[place] for place in missing]):
            cache.put(keys[missing[place]], result)
            results[missing[place]] = result
            advance()
    return [{**task.point, **(result or {})} for task, result in zip(tasks, results, strict=True)]
