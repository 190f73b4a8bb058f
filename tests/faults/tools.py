"""The tools that faults happen to, on small input, and how they are killed and starved."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

CONFTEST = "from tests.conftest import *\nfrom tests.conftest import _signatures\n"

FILLER = """
import pytest
from tests.helpers.running import run_slots

pytestmark = pytest.mark.vectors(runner="sanity", handler="slots", forks=["fulu"],
                                 presets=["minimal"])

@pytest.mark.parametrize("count", range(1, 9))
def test_slots(spec, state, vector, count):
    run_slots(spec, state, vector, count)
"""

VECTORS = """
import sys
from pathlib import Path
import poolspec.vectors.generate as generate
from poolspec.vectors import commands
plain = generate.generate
commands.generate = lambda *given: plain(*given, fillers=Path(sys.argv[1]))
from poolspec.cli import main
sys.exit(main(["vectors", *sys.argv[2:]]))
"""
"""`poolspec vectors` with fillers of our own: collecting all of them takes a while."""

KEPT = ".generated"
"""The folder that is no output: what a next run resumes from."""


@dataclass(frozen=True)
class Tool:
    """A command that writes into a folder; `make` gives its arguments for the folder."""

    name: str
    make: Callable[[Path], list[str]]

    def start(
        self, folder: Path, prepare: Callable[[], None] | None = None
    ) -> subprocess.Popen[str]:
        """Start it in a group of processes of its own."""
        return subprocess.Popen(
            [sys.executable, *self.make(folder)],
            cwd=ROOT,
            env={**os.environ, "MPLCONFIGDIR": str(folder.parent / "matplotlib")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=prepare,
        )

    def run(self, folder: Path, prepare: Callable[[], None] | None = None) -> tuple[int, str]:
        """Run it to its end; gives the exit status and what it printed."""
        process = self.start(folder, prepare)
        try:
            out, err = process.communicate(timeout=300)
        finally:
            end(process)
        return process.returncode, out + err


def end(process: subprocess.Popen[str]) -> None:
    """Kill a group of processes that was started here, if anything of it is left."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()


def fillers(folder: Path) -> Path:
    """A folder with a filler of eight cases."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_some.py").write_text(FILLER)
    return folder


def vectors(scratch: Path, jobs: int = 1) -> Tool:
    """`poolspec vectors`."""
    written = str(fillers(scratch / "fillers"))
    return Tool(
        "vectors",
        lambda folder: ["-c", VECTORS, written, "--output", str(folder), "--jobs", str(jobs)],
    )


def compiler() -> Tool:
    """`python -m pysetup`."""
    return Tool("compiler", lambda folder: ["-m", "pysetup", "--output", str(folder)])


def studies() -> Tool:
    """`poolspec studies`."""
    return Tool(
        "studies",
        lambda folder: [
            *("-m", "poolspec", "studies", "income", "--jobs", "1"),
            *("--out", str(folder), "--cache", str(folder / ".generated")),
        ],
    )


def output_of(folder: Path) -> dict[str, bytes]:
    """What has been written, by name, without what runs keep for each other."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and KEPT not in path.relative_to(folder).parts
    }


def entries(folder: Path) -> int:
    """How many files and folders there are at the moment, unfinished ones included."""
    return sum(len(folders) + len(files) for _, folders, files in os.walk(folder))


def kill_at(tool: Tool, folder: Path, count: int) -> bool:
    """Start a tool and kill all of its processes when so many files are there.

    Gives whether it was killed; otherwise it was done before.
    """
    process = tool.start(folder)
    while process.poll() is None and entries(folder) < count:
        time.sleep(0.003)
    killed = process.poll() is None
    end(process)
    process.communicate()
    return killed


def small_files(size: int) -> Callable[[], None]:
    """For a process about to start: no file can be larger than so many bytes."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[bool]:
    """A file system of its own in a folder, where we may mount one; gives whether we could."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = shutil.which("mount")
    done = mount is not None and os.geteuid() == 0
    if done:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        done = subprocess.run(command, capture_output=True, check=False).returncode == 0
    try:
        yield done
    finally:
        if done:
            subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=False)
