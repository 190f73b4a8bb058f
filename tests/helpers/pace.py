"""Bounds on time that a slow or busy machine keeps: they are measured in work, not in seconds."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STEPS = 200_000
STEPS_SECONDS = 0.01
"""What so many steps of a loop take on the machine that bounds are told for."""


class Hang(BaseException):
    """Takes too long. No code may take it for an error of its own, so it is no `Exception`."""


def slowness() -> float:
    """How many times as much of the processor as on that machine a loop takes here and now."""
    start = time.process_time()
    total = 0
    for step in range(STEPS):
        total += step
    return max(1.0, (time.process_time() - start) / STEPS_SECONDS)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fail what takes more of the processor than so many seconds would give on that machine.

    When they are over, it is measured how slow this machine is at the moment, and time is added
    until what was promised has been given.
    """
    given, missing = 0.0, seconds

    def ring(number: int, frame: FrameType | None) -> None:
        nonlocal given, missing
        given += missing
        missing = seconds * slowness() - given
        if missing <= 0:
            raise Hang(f"takes longer than {seconds} s")
        signal.setitimer(signal.ITIMER_VIRTUAL, missing)

    before = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
