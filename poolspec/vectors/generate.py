"""Run the fillers to write vectors, and pack the archives.

The fillers are tests, so pytest runs them, in several processes with pytest-xdist; this module
gives it the output folder and listens to the reports.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from poolspec.vectors.archives import write_archive, write_sums
from poolspec.vectors.errors import VectorError
from poolspec.vectors.layout import Selection
from poolspec.vectors.store import Store

PROPERTY = "vector"
INTERRUPTED = 2
"""The exit status of pytest after Ctrl-C."""

MAX_REASON_LINES = 12

FILLERS = Path(__file__).resolve().parents[2] / "tests" / "vectors"


@dataclass
class Generation:
    """What a run has done so far."""

    total: int = 0
    cases: dict[str, str] = field(default_factory=dict)
    failures: list[tuple[str, str]] = field(default_factory=list)
    changed: Callable[["Generation"], None] = lambda _: None


class Listener:
    """A pytest plugin, in the process that controls the others."""

    def __init__(self, generation: Generation) -> None:
        self.generation = generation
        self._failed: set[str] = set()

    def pytest_collection_finish(self, session: Any) -> None:
        """Without other processes: these tests will run."""
        self._expect(len(session.items))

    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:
        """With other processes: each has collected the same tests."""
        del node
        self._expect(len(ids))

    def _expect(self, total: int) -> None:
        if total:
            self.generation.total = total
            self.generation.changed(self.generation)

    def pytest_collectreport(self, report: Any) -> None:
        """A filler that cannot be imported."""
        if report.failed:
            self._fail(report, whole=True)

    def pytest_runtest_logreport(self, report: Any) -> None:
        """A phase of a test is over; after the last one its case is there, or it has failed."""
        if report.failed:
            self._fail(report)
        if report.when != "teardown" or report.nodeid in self._failed:
            return
        for name, case in report.user_properties:
            if name == PROPERTY:
                self._add(case, report.nodeid)

    def _add(self, case: str, test: str) -> None:
        if case in self.generation.cases:
            other = self.generation.cases[case]
            self.generation.failures.append((test, f"writes the same case as {other}: {case}"))
        self.generation.cases[case] = test
        self.generation.changed(self.generation)

    def _fail(self, report: Any, whole: bool = False) -> None:
        if report.nodeid not in self._failed:
            self._failed.add(report.nodeid)
            self.generation.failures.append(
                (report.nodeid, report.longreprtext if whole else _reason(report))
            )


def _reason(report: Any) -> str:
    """Where a test failed and how, without the way there."""
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is None:
        return str(report.longreprtext)
    lines = crash.message.splitlines()[:MAX_REASON_LINES]
    return "\n".join([f"{crash.path}:{crash.lineno}: {lines[0] if lines else ''}", *lines[1:]])


def run_fillers(
    output: Path,
    selection: Selection,
    jobs: int,
    changed: Callable[[Generation], None] = lambda _: None,
    fillers: Path = FILLERS,
) -> Generation:
    """Write the selected cases below `output`. Raises KeyboardInterrupt if the user interrupts."""
    if not fillers.is_dir():
        raise VectorError(fillers, "vectors are written in a checkout, where the fillers are")
    try:
        import pytest
    except ModuleNotFoundError as error:
        raise VectorError("pytest", "needed to write vectors, and not installed") from error
    generation = Generation(changed=changed)
    arguments = [
        str(fillers),
        f"--rootdir={FILLERS.parents[1]}",
        f"--config-file={FILLERS.parents[1] / 'pyproject.toml'}",
        f"--vectors-output={output}",
        f"--vectors-selection={selection.to_json()}",
        # Options for people at a terminal mean nothing here, and some need the plugin left out.
        "--override-ini=addopts=",
        "--import-mode=importlib",
        # Rewriting assertions takes a while; the ordinary tests explain a failure better anyway.
        "--assert=plain",
        "-p",
        "no:terminal",
        "-p",
        "no:cacheprovider",
    ]
    if jobs > 1:
        arguments += ["-n", str(jobs), "--maxprocesses", str(jobs)]
    status = pytest.main(arguments, plugins=[Listener(generation)])
    if status == INTERRUPTED and not generation.failures:
        raise KeyboardInterrupt
    if status == pytest.ExitCode.USAGE_ERROR:
        raise VectorError(fillers, "pytest cannot be run on it")
    return generation


def generate(
    output: Path,
    selection: Selection,
    jobs: int,
    changed: Callable[[Generation], None] = lambda _: None,
    fillers: Path = FILLERS,
) -> Generation:
    """Write cases, remove those that no filler makes any more, and pack the archives.

    Archives are packed only of presets that were written as a whole, and without any failure. Of
    two runs into one folder the second waits, and then finds its cases there.
    """
    store = Store(output)
    try:
        _prepare(output)
        with store.alone(lambda: print(f"{output}: waiting for another run", file=sys.stderr)):
            return _write_all(store, selection, jobs, changed, fillers)
    except OSError as error:
        raise VectorError(output, error.strerror or str(error)) from error


def _write_all(
    store: Store,
    selection: Selection,
    jobs: int,
    changed: Callable[[Generation], None],
    fillers: Path,
) -> Generation:
    """Write cases into a folder that is ours alone."""
    output = store.root
    store.clear_partial()
    generation = run_fillers(output, selection, jobs, changed, fillers)
    if generation.failures:
        return generation
    for case in store.cases():
        if case in selection and str(case) not in generation.cases:
            store.remove(case)
    store.clear_partial()
    if generation.cases and selection == Selection(preset=selection.preset):
        for preset in sorted({case.partition("/")[0] for case in generation.cases}):
            write_archive(output, preset)
        write_sums(output)
    return generation


def _prepare(output: Path) -> None:
    """Make sure that the folder is there."""
    if output.exists() and not output.is_dir():
        raise VectorError(output, "is not a folder")
    output.mkdir(parents=True, exist_ok=True)
