"""The tutorials can be followed: what they show is done, on a copy of the checkout."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from poolspec.simulator.reading import read_scenario, with_overrides
from poolspec.vectors.runners import OPERATIONS, RUNNERS
from pysetup import resolve_fork
from tests.docs.checkout import ROOT, copy_checkout

CHANGE = ROOT / "docs/tutorials/change-a-rule.md"
SCENARIO = ROOT / "docs/tutorials/run-a-scenario.md"
IMPLEMENT = ROOT / "docs/tutorials/implement.md"

BLOCK = re.compile(r"^```(diff|console|yaml|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`]+)`")


class Command(NamedTuple):
    """A line of a console, and what it is shown to print; "…" stands for anything."""

    line: str
    output: str

    def is_answered_by(self, printed: str) -> bool:
        shown, given = (
            "\n".join(map(str.strip, text.strip().splitlines())) for text in (self.output, printed)
        )
        pieces = [re.escape(piece) for piece in shown.split("…")]
        return re.fullmatch(".*".join(pieces), given, re.DOTALL) is not None


def edit(folder: Path, diff: str) -> None:
    """Do what a diff shows: its first line names the file, the others stand there once."""
    lines = diff.splitlines()
    assert lines[0].startswith("--- ")
    path = folder / lines[0].removeprefix("--- ")
    before = "".join(line[1:] + "\n" for line in lines[1:] if line[0] in " -")
    after = "".join(line[1:] + "\n" for line in lines[1:] if line[0] in " +")
    text = path.read_text()
    assert text.count(before) == 1, before
    path.write_text(text.replace(before, after))


def commands(text: str) -> Iterator[Command]:
    """The commands of a console, each with the lines below it."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        line, _, output = part.partition("\n")
        yield Command(line, output)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the checkout in which make finds an environment: the one that runs this test."""
    copy = tmp_path / "checkout"
    copy_checkout(copy)
    scripts = copy / ".venv/bin"
    scripts.mkdir(parents=True)
    python = scripts / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    for stamp in (".locked", ".installed"):
        (copy / ".venv" / stamp).touch()
    # The environment is where it says, so make does not set up another one.
    (copy / ".venv/.place").write_text(f"{copy.resolve()}\n")
    return copy


def run(command: str, folder: Path) -> str:
    """What a command prints, on both streams, without what make says of its own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**clean, "JOBS": "0", "MAKEFLAGS": "", "MAKELEVEL": "0", "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return re.sub(r"^make: .*\n", "", done.stdout, flags=re.MULTILINE)


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_change_a_rule(checkout: Path) -> None:
    """Every edit is made and every command run, and prints what is shown."""
    done = []
    for kind, text in BLOCK.findall(CHANGE.read_text()):
        if kind == "diff":
            edit(checkout, text)
            continue
        for command in commands(text):
            printed = run(command.line, checkout)
            assert command.is_answered_by(printed), f"$ {command.line}\n{printed}"
            done.append(command.line.split()[1])
    assert done == ["specs", "specs", "test", "test", "test"]
    assert (checkout / "specs/poolbonds/deposits.md").read_text() == (
        ROOT / "specs/poolbonds/deposits.md"
    ).read_text()


def test_run_a_scenario(tmp_path: Path) -> None:
    """The scenario is written and run as shown; what is to be changed then can be changed."""
    python = f"PYTHONPATH={ROOT} {sys.executable} -m poolspec"
    blocks = BLOCK.findall(SCENARIO.read_text())
    assert [kind for kind, _ in blocks] == ["yaml", "console", "diff", "console", "sh", "yaml"]
    scenario = tmp_path / "weekend.yaml"
    scenario.write_text(blocks[0][1])
    for kind, text in blocks[1:4]:
        if kind == "diff":
            edit(tmp_path, text)
            continue
        for command in commands(text):
            printed = run(command.line.replace(".venv/bin/poolspec", python), tmp_path)
            assert command.is_answered_by(printed), f"$ {command.line}\n{printed}"
    written = {path.name for path in (tmp_path / "simulations/weekend").iterdir()}
    assert written == {"series.csv", "series.parquet", "milestones.csv", "report.html"}

    setting = blocks[4][1].partition("--set ")[2].split()[0]
    assert with_overrides(read_scenario(scenario), [setting]) != read_scenario(scenario)
    with scenario.open("a") as file:
        file.write(blocks[5][1])
    assert len(read_scenario(scenario).events) == 2


def steps() -> dict[str, str]:
    """The steps of the other tutorial, by heading."""
    text = IMPLEMENT.read_text().partition("\n## The steps\n")[2].partition("\n## ")[0]
    parts = re.split(r"^### (.+)$", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_steps_have_every_runner_and_handler() -> None:
    """No vector is left that no step turns green, and none is promised that is not written."""
    named = {name for text in steps().values() for name in CODE.findall(text)}
    formats = ROOT / "tests/formats/epoch_processing/README.md"
    table = formats.read_text().partition("## Handlers")[2]
    epoch_steps = set(re.findall(r"^\| `(\w+)` ", table, re.MULTILINE))
    for runner, handlers in (("operations", set(OPERATIONS)), ("epoch_processing", epoch_steps)):
        promised = {name.partition("/")[2] for name in named if name.startswith(f"{runner}/")}
        assert promised <= handlers
        assert handlers - promised <= named, "neither in a step nor among what stays as it is"
    whole = {name for name in named if name in RUNNERS}
    assert set(RUNNERS) == whole | {"operations", "epoch_processing"}


def test_steps_name_what_the_fork_defines() -> None:
    own = {each.name for each in resolve_fork(ROOT, "poolbonds").own()}
    for heading, text in steps().items():
        if heading[0].isdigit():
            named = set(CODE.findall(text.partition("- Green")[0].replace("*", "")))
            assert {name for name in named if name.isidentifier()} <= own, heading
