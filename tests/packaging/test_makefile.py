"""The Makefile: what `make help` says is what there is, and what it refuses it refuses in words."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def make(*arguments: str, folder: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    """Run make with nothing inherited from a make that runs these tests."""
    return subprocess.run(
        ["make", *arguments, "MAKEFLAGS=", "MAKELEVEL=0"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def checkout_of_make(folder: Path) -> None:
    """Place what the Makefile needs to decide what to do, and nothing that it would do it with."""
    shutil.copy(ROOT / "Makefile", folder)
    (folder / "scripts").mkdir()
    shutil.copy(ROOT / "scripts/find-python", folder / "scripts")
    for name in ("requirements.lock", "pyproject.toml", "setup.py"):
        (folder / name).touch()


def phony_targets() -> list[str]:
    """The targets that are commands, in the order of the file."""
    return re.findall(r"^\.PHONY: (\S+)$", MAKEFILE, re.MULTILINE)


def listed_targets() -> list[str]:
    """The targets in the output of `make help`."""
    return re.findall(r"^  make (\S+) +\S", make("help").stdout, re.MULTILINE)


def test_help_lists_every_target_once() -> None:
    assert listed_targets() == phony_targets()
    assert {"help", "setup", "specs", "test", "vectors", "conformance"} <= set(listed_targets())


def test_help_is_the_default() -> None:
    assert make().stdout == make("help").stdout


@pytest.mark.parametrize("target", phony_targets())
def test_target_exists(target: str) -> None:
    done = make("--dry-run", target, "VECTORS=folder")
    assert done.returncode == 0, done.stderr


WITHOUT_SETUP = {"help", "clean", "client-check", "lock"}


@pytest.mark.parametrize("target", sorted({*phony_targets()} - WITHOUT_SETUP))
def test_target_sets_up_what_it_needs(target: str, tmp_path: Path) -> None:
    """In a checkout without an environment, every command begins by making one."""
    checkout_of_make(tmp_path)
    done = make("--dry-run", target, "VECTORS=folder", folder=tmp_path)
    assert '"$python" -m venv .venv' in done.stdout
    assert "--require-hashes -r requirements.lock" in done.stdout


def test_conformance_asks_for_vectors(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    done = make("conformance", folder=tmp_path)
    assert done.returncode != 0
    assert "name what to replay: make conformance VECTORS=" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_missing_python_is_named(tmp_path: Path) -> None:
    checkout_of_make(tmp_path)
    done = make("setup", "PYTHON=python-of-nowhere", folder=tmp_path)
    assert done.returncode != 0
    assert "error: python-of-nowhere not found; Python 3.12 to 3.14 is needed" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_client_check_says_what_is_missing(tmp_path: Path) -> None:
    """Without Node.js it ends with one line, before anything is installed."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copytree(ROOT / "clients", tmp_path / "clients", ignore=lambda *_: ["node_modules"])
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("bash", "make"):
        (tools / name).symlink_to(shutil.which(name) or name)
    done = subprocess.run(
        [tools / "make", "client-check"],
        cwd=tmp_path,
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert done.stderr.startswith("error: node not found; make client-check needs Node.js 20 or ")
    assert not (tmp_path / "clients" / "node_modules").exists()
