"""`poolspec studies`: what it writes, what it refuses, and where its points are computed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import dask
import pytest
from distributed import LocalCluster

from poolspec.cli import main
from poolspec.studies import catalogue, running
from poolspec.studies.cache import Cache
from poolspec.studies.errors import CheckError, StudyError
from poolspec.studies.running import Task, cluster, local, run_tasks
from tests.studies import toy

pytestmark = pytest.mark.usefixtures("unhurried")

ROOT = Path(__file__).parents[2]
TASKS = [Task(toy.STUDY, point) for point in toy.STUDY.points]


@pytest.fixture(scope="module")
def unhurried() -> Iterator[None]:
    """Let no connection fail because the machine is busy."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("CONNECT_SECONDS", "WORKER_SECONDS"):
            patch.setattr(running, name, 3600)
        patch.setattr(running, "CLOSE_SECONDS", 1)
        with dask.config.set(running.UNHURRIED):
            yield


@pytest.fixture
def only_toy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the toy be the only study that there is."""
    monkeypatch.setattr(catalogue, "STUDIES", (toy.STUDY,))


@pytest.fixture(scope="module")
def threads(unhurried: None) -> Iterator[Any]:
    """A Dask cluster on the loopback interface, whose one worker is a thread of this process."""
    with LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=1,
        processes=False,
        protocol="tcp",
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
    ) as made:
        yield made


@pytest.mark.usefixtures("only_toy")
def test_files_are_written(tmp_path: Path) -> None:
    out = tmp_path / "assets"
    command = ["studies", "--jobs", "1", "--out", str(out), "--cache", str(tmp_path / "kept")]
    assert main(command) == 0
    first = {path.name: path.read_bytes() for path in out.iterdir()}
    assert sorted(first) == ["studies.json", "toy.csv", "toy.md", "toy.svg"]
    assert main([*command, "toy"]) == 0
    assert {path.name: path.read_bytes() for path in out.iterdir()} == first


@pytest.mark.usefixtures("only_toy")
def test_studies_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["studies", "--list"]) == 0
    assert capsys.readouterr().out.split() == ["toy", "What", "is", "the", "square?"]


def test_an_unknown_name_lists_those_that_are_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["studies", "corruption", "corrupton"]) == 1
    message = capsys.readouterr().err
    assert message.startswith("error: no study 'corrupton'; there are: corruption, ")
    assert "weak_subjectivity" in message


@pytest.mark.usefixtures("only_toy")
def test_nothing_is_written_if_a_point_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unlucky(*_: object) -> None:
        raise CheckError("13 brings bad luck")

    monkeypatch.setattr(running, "run_point", unlucky)
    out, kept = tmp_path / "assets", tmp_path / "kept"
    assert main(["studies", "--jobs", "1", "--out", str(out), "--cache", str(kept)]) == 1
    assert capsys.readouterr().err == "error: 13 brings bad luck\n"
    assert not out.exists()


def test_a_cluster_gives_what_this_process_gives(tmp_path: Path, threads: Any) -> None:
    address = threads.scheduler_address
    assert address.startswith("tcp://127.0.0.1:")
    found = run_tasks(TASKS, Cache(tmp_path / "a"), cluster(address, 1), lambda: None)
    assert found == run_tasks(TASKS, Cache(tmp_path / "b"), local, lambda: None)


def test_a_cluster_is_given_a_few_points_at_a_time(
    tmp_path: Path, threads: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "IN_FLIGHT", 2)
    tasks = [Task(toy.STUDY, {"n": n}) for n in range(20, 29)]
    runner = cluster(threads.scheduler_address, 1)
    rows = run_tasks(tasks, Cache(tmp_path), runner, lambda: None)
    assert [row["square"] for row in rows] == [n * n for n in range(20, 29)]


def test_a_scheduler_that_goes_away_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So long a client looks for a scheduler that is gone, before it gives up
    monkeypatch.setattr(running, "CONNECT_SECONDS", 10)
    tries = {f"distributed.comm.timeouts.{name}": "30s" for name in ("connect", "tcp")}
    with (
        dask.config.set(tries),
        LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=1,
            processes=False,
            protocol="tcp",
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
        ) as leaving,
    ):
        monkeypatch.setattr(running, "IN_FLIGHT", 1)
        tasks = [Task(toy.STUDY, {"n": n}) for n in range(20, 29)]
        steps: list[int] = []

        def advance() -> None:
            steps.append(1)
            if len(steps) == 2:
                leaving.close()

        cache = Cache(tmp_path)
        with pytest.raises(StudyError, match="run again to go on"):
            run_tasks(tasks, cache, cluster(leaving.scheduler_address, 1), advance)
    # What was there before is kept
    assert len(run_tasks(tasks[:2], cache, local, lambda: None)) == 2


def test_an_error_on_a_worker_is_the_callers(tmp_path: Path, threads: Any) -> None:
    unlucky = [Task(toy.STUDY, {"n": 13})]
    with pytest.raises(CheckError, match="13 brings bad luck"):
        run_tasks(unlucky, Cache(tmp_path), cluster(threads.scheduler_address, 1), lambda: None)


def test_a_scheduler_without_workers_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "WORKER_SECONDS", 0.1)
    with LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=0,
        processes=False,
        protocol="tcp",
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
    ) as empty:
        runner = cluster(empty.scheduler_address, 1)
        with pytest.raises(StudyError, match="has no workers"):
            run_tasks(TASKS, Cache(tmp_path), runner, lambda: None)


@pytest.mark.usefixtures("only_toy")
@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense://x", "127.0.0.1"])
def test_a_scheduler_that_does_not_answer_is_an_error(
    address: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(running, "CONNECT_SECONDS", 0.1)
    command = ["studies", "--scheduler", address, "--cache", str(tmp_path / "kept")]
    assert main([*command, "--out", str(tmp_path / "out")]) == 1
    message = capsys.readouterr().err
    assert message.startswith(f"error: {address}: no Dask scheduler answers")
    assert "Traceback" not in message


SLOW = """
import sys, time
from poolspec.cli import main
from poolspec.studies import catalogue
from tests.studies import slow
catalogue.STUDIES = (slow.STUDY,)
sys.exit(main(sys.argv[1:]))
"""


def living(group: int) -> list[int]:
    """Return the processes of a group that have not ended."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            state, _, number = (path / "stat").read_text().rpartition(")")[2].split()[:3]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(number) == group and state != "Z":
            found.append(int(path.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
def test_processes_compute_and_an_interrupt_ends_them(tmp_path: Path) -> None:
    """The test waits for each event without a deadline: it ends when the interrupt has worked."""
    log, kept = tmp_path / "log", tmp_path / "kept"
    command = ["studies", "--jobs", "2", "--cache", str(kept), "--out", str(tmp_path / "out")]
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, *command],
        cwd=ROOT,
        env={**os.environ, toy.LOG: str(log), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    try:
        while not list(kept.glob("*/*.json")) and process.poll() is None:
            time.sleep(0.1)
        assert process.poll() is None
        assert living(process.pid) != [process.pid]
        os.killpg(process.pid, signal.SIGINT)
        output, errors = process.communicate()
        assert (process.returncode, output, errors) == (130, "", "interrupted\n")
        # The quick point is kept; what had not been finished is not, and nothing is written.
        assert len(list(kept.glob("*/*.json"))) == 1
        assert not (tmp_path / "out").exists()
        while living(process.pid):
            time.sleep(0.1)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
