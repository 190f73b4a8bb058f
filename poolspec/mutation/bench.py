"""A process's bench: cases that are ready to run, and the functions they run, to be exchanged.

The cases are decoded once and run many times. The functions under judgement, and all that depend
on them, are the plain ones of the documents. What does not depend on them may be fast: functions
that are made of the parent fork's definitions alone, and signatures that have been checked before.
"""

import signal
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import lru_cache, wraps
from types import CodeType, FrameType
from typing import Any

from poolspec.mutation.functions import function_of
from poolspec.runtime import bls
from poolspec.runtime.fast.table import TABLE, documents_of
from poolspec.vectors.case import read_case
from poolspec.vectors.checks import Prepared
from poolspec.vectors.conformance import prepare
from poolspec.vectors.errors import NotRunError
from poolspec.vectors.implementations import implementation_for
from poolspec.vectors.source import Found

KEPT_CASES = 600
"""Decoded cases that a process keeps; a state of the minimal preset takes a few hundred KiB."""

REMEMBERED = 2**16
SLOW_BLS = ("AggregateVerify", "FastAggregateVerify")


class OvertimeError(BaseException):
    """A run takes too long. No `Exception`, so that no replay takes it for a verdict."""


@dataclass(frozen=True)
class Run:
    """How a case fared; `reason` is empty if it passed, `seconds` are of the CPU."""

    reason: str
    seconds: float


class Bench:
    """Cases, and the modules of the fork under judgement that they run in."""

    def __init__(self, cases: Sequence[Found], fork: str, implementation: str = "spec") -> None:
        self._cases = cases
        self._fork = fork
        self._implementation = implementation
        self._prepared: OrderedDict[int, Prepared] = OrderedDict()
        self._modules: list[Any] = []
        self._names: Mapping[str, Any] = {}
        self._codes: dict[str, CodeType] = {}
        self._originals: dict[tuple[int, str], CodeType] = {}

    def run(self, index: int, limit: float | None = None) -> Run:
        """Run a case, for at most `limit` seconds of CPU."""
        start = time.process_time()
        try:
            prepared = self._prepare(index)
            with _alarm(limit):
                outcome = prepared.run()
        except OvertimeError:
            return Run("takes too long", time.process_time() - start)
        except NotRunError as error:
            return Run(f"cannot be run: {error}", 0)
        return Run("" if outcome.passed else outcome.reason, time.process_time() - start)

    def define(self, names: Mapping[str, Any]) -> None:
        """Give functions further global names."""
        self._names = {**self._names, **names}
        for module in self._modules:
            vars(module).update(names)

    def replace(self, name: str, code: CodeType) -> None:
        """Let a function do something else."""
        self._codes[name] = code
        for module in self._modules:
            self._install(module, name, code)

    def restore(self, name: str) -> None:
        """Let a function do again what its document says."""
        self._codes.pop(name, None)
        for module in self._modules:
            original = self._originals.get((id(module), name))
            if original is not None:
                function_of(module, name).__code__ = original

    def restore_all(self) -> None:
        """Let all functions do what their documents say."""
        for name in list(self._codes):
            self.restore(name)

    def _prepare(self, index: int) -> Prepared:
        prepared = self._prepared.pop(index, None)
        if prepared is None:
            found = self._cases[index]
            case = read_case(found.id, found.folder)
            spec = implementation_for(case, self._implementation, fast=False)
            self._meet(spec)
            prepared = prepare(spec, case)
        self._prepared[index] = prepared
        if len(self._prepared) > KEPT_CASES:
            self._prepared.popitem(last=False)
        return prepared

    def _meet(self, module: Any) -> None:
        """Prepare a module that a case brings along; there is one for each configuration."""
        if module.fork != self._fork or any(module is each for each in self._modules):
            return
        self._modules.append(module)
        vars(module).update(self._names)
        bind_independent(module, self._fork)
        for name, code in self._codes.items():
            self._install(module, name, code)

    def _install(self, module: Any, name: str, code: CodeType) -> None:
        function = function_of(module, name)
        self._originals.setdefault((id(module), name), function.__code__)
        function.__code__ = code


def bind_independent(module: Any, fork: str) -> None:
    """Bind the fast functions that have nothing of the fork's own documents built into them."""
    documents = documents_of(module)
    own = {name for name, document in documents.items() if f"/{fork}/" in document}
    for row in TABLE:
        if row.fits(documents) and own.isdisjoint((row.name, *row.fulu, *row.poolbonds)):
            setattr(module, row.name, row.factory(module, getattr(module, row.name)))


@contextmanager
def _alarm(limit: float | None) -> Iterator[None]:
    """Raise `OvertimeError` inside after so many seconds of CPU."""
    if limit is None:
        yield
        return

    def ring(number: int, frame: FrameType | None) -> None:
        raise OvertimeError

    before = signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, limit)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _remembering(check: Callable[..., bool]) -> Callable[..., bool]:
    """The same check of signatures, which looks at the same signature only once."""

    @lru_cache(REMEMBERED)
    def look(active: bool, *arguments: Any) -> bool:
        return check(*arguments)

    @wraps(check)
    def remembered(*arguments: Any) -> bool:
        frozen = [tuple(each) if isinstance(each, list) else each for each in arguments]
        return look(bls.bls_active, *frozen)

    return remembered


@contextmanager
def open_bench(cases: Sequence[Found], fork: str, implementation: str = "spec") -> Iterator[Bench]:
    """Set up a bench; afterwards, everything is as it was, but for what its modules remember."""
    bench = Bench(cases, fork, implementation)
    before = {name: getattr(bls, name) for name in SLOW_BLS}
    for name, check in before.items():
        setattr(bls, name, _remembering(check))
    try:
        yield bench
    finally:
        for name, check in before.items():
            setattr(bls, name, check)
        bench.restore_all()


BenchMaker = Callable[[], AbstractContextManager[Bench]]
"""`open_bench` with its arguments; it can be sent to another process."""
