"""`python -m poolspec.site`: what it says where it cannot build or serve."""

import socket
import sys
from pathlib import Path

import pytest

from poolspec.site import __main__ as command
from poolspec.site.building import SiteError
from poolspec.site.serving import HERE


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """The exit status of the command."""
    monkeypatch.setattr(sys, "argv", ["site", *arguments])
    return command.main()


def test_folder_without_documents(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "--root", str(tmp_path)) == 1
    said = capsys.readouterr().err.splitlines()
    assert "specs/fulu/parameters.md:1: error: missing file" in said
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == []


def test_problems_are_printed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def build(root: Path, output: Path) -> None:
        raise SiteError("README.md:1: error: one\nREADME.md:2: error: two")

    monkeypatch.setattr(command, "build", build)
    assert run(monkeypatch, "--output", str(tmp_path / "site")) == 1
    assert capsys.readouterr().err == "README.md:1: error: one\nREADME.md:2: error: two\n"


def test_port_that_is_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "build", lambda root, output: None)
    with socket.create_server((HERE, 0)) as taken:
        port = str(taken.getsockname()[1])
        assert run(monkeypatch, "--output", str(tmp_path), "--serve", port) == 1
    assert f"error: port {port} is taken" in capsys.readouterr().err
