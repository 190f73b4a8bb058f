"""Nothing is downloaded when the tools run: with the network cut off they do what they do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OFFLINE = Path(__file__).parent / "offline"

SCENARIO = """\
name: tiny
title: A pool and some others
preset: minimal
duration: 20 minutes
registry:
  solo:
    - {name: solo, validators: 64}
  pools:
    - {name: pool, members: 8, bond: 40 ETH}
"""


def run(tmp_path: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run Python in processes that cannot reach the network."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": f"{OFFLINE}{os.pathsep}{ROOT}",
            "POOLSPEC_NOTED": str(tmp_path / "noted"),
        },
        capture_output=True,
        text=True,
        check=False,
    )


def succeeds(tmp_path: Path, *arguments: str) -> None:
    """It does what it is for, and has not even tried to reach anything."""
    done = run(tmp_path, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    noted = tmp_path / "noted"
    assert not noted.exists(), noted.read_text()


@pytest.mark.parametrize(
    "code",
    [
        "import urllib.request; urllib.request.urlopen('http://192.0.2.1/', timeout=1)",
        "import socket; socket.create_connection(('192.0.2.1', 80), 1)",
        "import socket; socket.getaddrinfo('example.invalid', 80)",
    ],
)
def test_the_network_is_cut_off(tmp_path: Path, code: str) -> None:
    """Otherwise the tests below would show nothing."""
    done = run(tmp_path, "-c", code)
    assert done.returncode != 0
    assert (tmp_path / "noted").exists()


def test_compiling(tmp_path: Path) -> None:
    succeeds(tmp_path, "-m", "pysetup", "--output", str(tmp_path / "package"))
    assert (tmp_path / "package/poolbonds/minimal.py").is_file()


def test_writing_and_replaying_vectors(tmp_path: Path) -> None:
    folder = str(tmp_path / "vectors")
    chosen = ["--preset=minimal", "--fork=fulu", "--handler=slots", "--case=one_slot", "--jobs=1"]
    succeeds(tmp_path, "-m", "poolspec", "vectors", "--output", folder, *chosen)
    succeeds(tmp_path, "-m", "poolspec", "conformance", folder, "--jobs", "1")
    succeeds(
        tmp_path, "-m", "poolspec", "conformance", folder, "--jobs", "1", "--implementation=engine"
    )


def test_simulating(tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(SCENARIO)
    folder = tmp_path / "tiny"
    succeeds(
        tmp_path, "-m", "poolspec", "simulate", str(tmp_path / "tiny.yaml"), "--out", str(folder)
    )
    report = (folder / "report.html").read_text()
    assert "<script src=" not in report
    assert 'href="http' not in report
