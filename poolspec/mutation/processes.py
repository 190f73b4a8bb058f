"""Spread work over processes, each of which is set up once."""

import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager
from itertools import islice
from multiprocessing import get_context
from typing import Any

from poolspec.vectors.errors import VectorError

AHEAD = 4
"""Tasks handed to each process before the first of them is done."""


class Job[Task, Answer]:
    """Work of one kind. It is sent to the processes, so it must be something that can be sent."""

    def session(self) -> AbstractContextManager[Callable[[Task], Answer]]:
        """Set up this process; what comes back does one task."""
        raise NotImplementedError


def run_jobs[Task, Answer](
    job: Job[Task, Answer], tasks: Iterable[Task], jobs: int
) -> Iterator[Answer]:
    """Do all tasks, in this process or in `jobs` others; answers come as they are ready."""
    if jobs == 1:
        with job.session() as work:
            yield from map(work, tasks)
        return
    queue = iter(tasks)
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), _start, (job,))
    running: set[Future[Answer]] = set()
    try:
        while True:
            for task in islice(queue, jobs * AHEAD - len(running)):
                running.add(pool.submit(_work, task))
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
    except BrokenProcessPool as error:
        raise VectorError("replay", "a process died (killed, or out of memory)") from error
    finally:
        pool.shutdown(cancel_futures=True)


_session: list[Any] = []


def _start(job: Job[Any, Any]) -> None:
    """Set up a process for good; the user's interrupt is for the process above."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    session = job.session()
    _session[:] = [session, session.__enter__()]


def _work(task: Any) -> Any:
    return _session[1](task)
