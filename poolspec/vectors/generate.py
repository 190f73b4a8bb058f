"""Run the fillers to write vectors, and pack the archives.

The fillers are tests, so pytest runs them, in several processes with pytest-xdist; this module
gives it the output folder and listens to the reports.
"""

import sys
from collections.abc import Callable
from contextlib import chdir
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from poolspec.vectors.archives import SUMS, archive_name, write_archive, write_sums
from poolspec.vectors.declaring import DEFAULT_PRESETS
from poolspec.vectors.errors import VectorError
from poolspec.vectors.inputs import FILLERS, TESTS, all_inputs
from poolspec.vectors.layout import CaseId, Selection
from poolspec.vectors.store import Store

PROPERTY = "vector"
MAX_REASON_LINES = 12


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
            self._fail(report, reason=report.longreprtext)

    def pytest_runtest_logreport(self, report: Any) -> None:
        """A phase of a test is over; after the last one its case is there, or it has failed."""
        if report.failed:
            self._fail(report)
        elif report.skipped:
            self._fail(report, reason="is skipped, so its case is not written")
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

    def _fail(self, report: Any, reason: str = "") -> None:
        if report.nodeid not in self._failed:
            self._failed.add(report.nodeid)
            self.generation.failures.append((report.nodeid, reason or _reason(report)))


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
        # The folder of fillers is where pytest is run: it takes a bracket in a path for parameters.
        ".",
        f"--rootdir={TESTS.parent}",
        f"--config-file={TESTS.parent / 'pyproject.toml'}",
        f"--vectors-output={output.resolve()}",
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
    with chdir(fillers):
        status = pytest.main(arguments, plugins=[Listener(generation)])
    if generation.failures or status in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        return generation
    if status == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    raise VectorError(fillers, f"pytest ended with {pytest.ExitCode(status).name}")


def generate(
    output: Path,
    selection: Selection,
    jobs: int,
    changed: Callable[[Generation], None] = lambda _: None,
    fillers: Path = FILLERS,
) -> Generation:
    """Write cases, remove those of ours that no filler makes any more, and pack the archives.

    Archives are packed only of presets that were written as a whole, and without any failure. What
    was in the folder and was not written here stays, and nothing is removed if nothing is selected.
    Of two runs into one folder the second waits, and then finds its cases there.
    """
    if output.exists() and not output.is_dir():
        raise VectorError(output, "is not a folder")
    store = Store(output)
    try:
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
    is_whole = selection == Selection(preset=selection.preset)
    if is_whole:
        presets = [each for each in DEFAULT_PRESETS if selection.may_hold_preset(each)]
        for name in (*map(archive_name, presets), SUMS):
            store.check_file_free(name)
    inputs = all_inputs(fillers)
    generation = run_fillers(store.root, selection, jobs, changed, fillers)
    if generation.failures or not generation.cases:
        return generation
    if all_inputs(fillers) != inputs:
        raise VectorError(fillers, "changed while the vectors were written; run it again")
    written = sorted(map(CaseId.from_text, generation.cases))
    for case in sorted({*store.cases()} - {*written}):
        if case in selection:
            store.remove(case)
    if is_whole:
        for preset in sorted({case.preset for case in written}):
            write_archive(store, preset, (case for case in written if case.preset == preset))
        write_sums(store)
    return generation
