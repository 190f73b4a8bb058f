"""CPU seconds of replaying the reference vectors, by preset and runner."""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from poolspec.vectors.case import read_case
from poolspec.vectors.checks import Check, Prepared, Transition
from poolspec.vectors.conformance import prepare
from poolspec.vectors.errors import NotRunError
from poolspec.vectors.implementations import implementation_for
from poolspec.vectors.layout import Selection
from poolspec.vectors.source import Found, find

__all__ = ["Timing", "measure"]


class BenchmarkError(Exception):
    """A case that does not pass has no time worth telling."""


@dataclass
class Timing:
    """The cases of one preset and runner, and the CPU seconds they took together."""

    cases: int = 0
    seconds: float = 0.0


def _unhashed(check: Check) -> Check:
    """Return the check with its state decoded anew, so that no root in it is known yet."""
    if not isinstance(check, Transition):
        return check
    state: Any = check.before
    return replace(check, before=type(state).decode_bytes(state.encode_bytes()))


def _time_static(found: Found, spec: Any) -> float:
    """Return the CPU seconds of decoding a container, its root, and encoding it."""
    case = read_case(found.id, found.folder)
    content = case.content("serialized")
    container = getattr(spec, case.id.handler)
    start = time.process_time()
    value = container.decode_bytes(content)
    root = spec.hash_tree_root(value)
    encoded = spec.serialize(value)
    seconds = time.process_time() - start
    if encoded != content or "0x" + root.hex() != case.yaml("roots")["root"]:
        raise BenchmarkError(f"{found.shown} does not pass")
    return seconds


def _time_case(found: Found, fast: bool) -> float:
    """Return the CPU seconds of a case, decoding left out."""
    case = read_case(found.id, found.folder)
    spec = implementation_for(case, fast=fast)
    if case.id.runner == "ssz_static":
        return _time_static(found, spec)
    prepared: Prepared = prepare(spec, case)
    fresh = replace(prepared, checks=tuple(_unhashed(check) for check in prepared.checks))
    start = time.process_time()
    outcome = fresh.run()
    seconds = time.process_time() - start
    if not outcome.passed:
        raise BenchmarkError(f"{found.shown} does not pass: {outcome.reason}")
    return seconds


def _found(paths: list[Path], scratch: Path) -> Iterator[Found]:
    for number, path in enumerate(paths):
        folder = scratch / str(number)
        folder.mkdir()
        yield from find(path, Selection(), folder)[0]


def measure(
    paths: list[Path], fast: bool, wanted: Callable[[Found], bool]
) -> dict[tuple[str, str], Timing]:
    """Replay the wanted cases, one after another in this process, and add up their CPU seconds."""
    timings: dict[tuple[str, str], Timing] = {}
    with tempfile.TemporaryDirectory() as scratch:
        cases = [found for found in _found(paths, Path(scratch)) if wanted(found)]
        gc.collect()
        for found in cases:
            try:
                seconds = _time_case(found, fast)
            except NotRunError:
                continue
            timing = timings.setdefault((found.id.preset, found.id.runner), Timing())
            timing.cases += 1
            timing.seconds += seconds
    return timings
