"""Kill, starve and double the tools: the next run completes, and writes the same bytes.

`POOLSPEC_FAULTS` is the number of rounds of killing; `make faults` has more of them.
"""

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.faults.tools import (
    Tool,
    compiler,
    end,
    entries,
    kill_at,
    mounted,
    output_of,
    small_files,
    studies,
    vectors,
)

ROUNDS = int(os.environ.get("POOLSPEC_FAULTS", "1"))

Undisturbed = dict[str, tuple[dict[str, bytes], int]]
"""What each tool writes when nothing happens to it, and how many entries that makes."""

NAMES = ["vectors", "compiler", "studies"]
DISKS = NAMES if ROUNDS > 1 else NAMES[:2]
"""The tools whose disks are filled and locked; it takes a while."""


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tool]:
    """The tools by name."""
    made = [vectors(tmp_path_factory.mktemp("scratch")), compiler(), studies()]
    return {tool.name: tool for tool in made}


@pytest.fixture(scope="module")
def undisturbed(tools: dict[str, Tool], tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """What each tool writes when nothing happens to it, and how many entries that makes."""
    found = {}
    for tool in tools.values():
        folder = tmp_path_factory.mktemp(tool.name) / "out"
        status, said = tool.run(folder)
        assert status == 0, said
        found[tool.name] = (output_of(folder), entries(folder))
        assert len(found[tool.name][0]) >= 4
    return found


@pytest.fixture
def expected(undisturbed: Undisturbed, name: str) -> dict[str, bytes]:
    """What the tool writes when nothing happens to it."""
    return undisturbed[name][0]


def completes(tool: Tool, folder: Path, expected: dict[str, bytes]) -> None:
    """The next run: it ends well, and nothing differs, and nothing more is there."""
    status, said = tool.run(folder)
    assert status == 0, said
    assert output_of(folder) == expected


@pytest.mark.parametrize("number", range(ROUNDS))
@pytest.mark.parametrize("name", NAMES)
def test_killed(
    tools: dict[str, Tool],
    undisturbed: Undisturbed,
    tmp_path: Path,
    name: str,
    number: int,
) -> None:
    """Killed twice in a row, each time when some number of files is there."""
    expected, most = undisturbed[name]
    chosen = random.Random(f"{name} {number}")
    folder = tmp_path / "out"
    killed = [kill_at(tools[name], folder, chosen.randint(1, most)) for _ in range(2)]
    assert any(killed) or number > 0
    for path, content in output_of(folder).items():
        # What is in its place is whole
        assert expected.get(path, content) == content
    completes(tools[name], folder, expected)


def test_killed_with_its_workers_left_behind(undisturbed: Undisturbed, tmp_path: Path) -> None:
    """Only the process that controls the others dies; the next run begins at once."""
    tool, folder = vectors(tmp_path / "scratch", jobs=2), tmp_path / "out"
    process = tool.start(folder)
    while process.poll() is None and entries(folder) < 12:
        time.sleep(0.01)
    process.kill()
    try:
        assert process.wait() == -signal.SIGKILL
        completes(tool, folder, undisturbed["vectors"][0])
    finally:
        end(process)


@pytest.mark.parametrize("name", NAMES)
def test_two_at_once(
    tools: dict[str, Tool], expected: dict[str, bytes], tmp_path: Path, name: str
) -> None:
    """Both end well, and so does the next one."""
    folder = tmp_path / "out"
    processes = [tools[name].start(folder) for _ in range(2)]
    try:
        for process in processes:
            out, err = process.communicate(timeout=300)
            assert process.returncode == 0, out + err
    finally:
        for process in processes:
            end(process)
    assert output_of(folder) == expected


SIZES = {"vectors": 2000, "compiler": 50_000, "studies": 15_000}
"""Bytes: less than the largest file that each tool writes, and more than the smallest."""


@pytest.mark.parametrize("name", NAMES)
def test_files_that_cannot_grow(
    tools: dict[str, Tool], expected: dict[str, bytes], tmp_path: Path, name: str
) -> None:
    """Writing fails in the middle of a file: an error in a line, nothing half, and no traceback."""
    folder = tmp_path / "out"
    status, said = tools[name].run(folder, small_files(SIZES[name]))
    assert status == 1, said
    assert "Traceback" not in said
    assert "File too large" in said
    for path, content in output_of(folder).items():
        assert expected[path] == content
    completes(tools[name], folder, expected)


@pytest.mark.parametrize("name", DISKS)
def test_full_disk(
    tools: dict[str, Tool], expected: dict[str, bytes], tmp_path: Path, name: str
) -> None:
    """A disk with room for some of the files; with more room the next run completes."""
    room = sum(map(len, expected.values())) // 3 // 4096 * 4096
    folder = tmp_path / "disk" / "out"
    with mounted(folder.parent, f"size={room}") as is_mounted:
        if not is_mounted:
            pytest.skip("only root can mount a small disk")
        status, said = tools[name].run(folder)
        assert status == 1, said
        assert "Traceback" not in said
        assert "No space left" in said
        for path, content in output_of(folder).items():
            assert expected[path] == content
        grow = ["mount", "-o", "remount,size=64m", str(folder.parent)]
        subprocess.run(grow, check=True, capture_output=True)
        completes(tools[name], folder, expected)


@pytest.mark.parametrize("name", DISKS)
def test_read_only_target(
    tools: dict[str, Tool], expected: dict[str, bytes], tmp_path: Path, name: str
) -> None:
    """A folder that cannot be written to is named, and written to when it can be."""
    folder = tmp_path / "disk" / "out"
    with mounted(folder.parent, "size=64m") as is_mounted:
        if not is_mounted and os.geteuid() == 0:
            pytest.skip("root may write anywhere, and cannot mount anything here")
        remount = ["mount", "-o", "remount,{}", str(folder.parent)]
        if is_mounted:
            subprocess.run([each.format("ro") for each in remount], check=True)
        else:
            folder.parent.chmod(0o500)
        status, said = tools[name].run(folder)
        assert status == 1, said
        assert "Traceback" not in said
        assert str(folder) in said.replace("\n", "")
        if is_mounted:
            subprocess.run([each.format("rw") for each in remount], check=True)
        else:
            folder.parent.chmod(0o700)
        completes(tools[name], folder, expected)
