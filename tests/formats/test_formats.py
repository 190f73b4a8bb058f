"""The format documents say what the code does."""

import re
from pathlib import Path
from typing import Any

import pytest

import poolspec
from poolspec.runtime.ssz import ByteVector, Container, List
from poolspec.vectors.implementations import compiled
from poolspec.vectors.runners import FLAG_DELTAS, OPERATIONS, RUNNERS
from tests.helpers.genesis import genesis_state
from tests.helpers.random_ssz import Mode

HERE = Path(__file__).parent

needs_the_fork = pytest.mark.skipif(
    "poolbonds" not in compiled(), reason="the fork poolbonds is not compiled"
)


def _rows(document: str, heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, without its header."""
    text = (HERE / document).read_text()
    below = text[text.index(heading) + len(heading) :]
    lines = [line for line in below.splitlines() if line.startswith(("|", "#"))]
    end = next((at for at, line in enumerate(lines) if line.startswith("#")), len(lines))
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:end]]


def _type(kind: Any) -> str:
    """A type in the terms of SSZ."""
    if issubclass(kind, int):
        return f"uint{8 * kind.type_byte_length()}"
    if issubclass(kind, Container):
        return str(kind.__name__)
    if issubclass(kind, ByteVector):
        return f"Bytes{kind.vector_length()}"
    if issubclass(kind, List):
        return f"List[{_type(kind.element_cls())}, {int(kind.limit())}]"
    raise AssertionError(f"no new field has used such a type: {kind}")


def test_operations() -> None:
    rows = _rows("operations/README.md", "## Handlers")
    assert {
        handler.strip("`"): (part.strip("`"), name.strip("`")) for handler, part, name in rows
    } == OPERATIONS


@needs_the_fork
def test_epoch_steps_in_their_order() -> None:
    """The order in which `process_epoch` calls them; what they call themselves is no step."""
    spec = poolspec.load("poolbonds", "minimal", fast=False)
    running: list[str] = []
    steps: list[str] = []

    def noted(name: str, function: Any) -> Any:
        def run(*arguments: Any) -> Any:
            if not running:
                steps.append(name.removeprefix("process_"))
            running.append(name)
            result = function(*arguments)
            running.pop()
            return result

        return run

    process_epoch = spec.process_epoch
    for name, function in list(vars(spec).items()):
        if name.startswith("process_"):
            setattr(spec, name, noted(name, function))
    process_epoch(genesis_state(spec))
    listed = [row[0].strip("`") for row in _rows("epoch_processing/README.md", "## Handlers")]
    assert steps == listed


@needs_the_fork
@pytest.mark.parametrize("preset_column", [("minimal", 1), ("mainnet", 2)], ids=lambda p: p[0])
def test_containers(preset_column: tuple[str, int]) -> None:
    """Every new field of every container, in order, with its type."""
    preset, column = preset_column
    fulu, fork = (poolspec.load(name, preset) for name in ("fulu", "poolbonds"))
    described = set(
        re.findall(r"^### `(\w+)`", (HERE / "ssz_static/README.md").read_text(), re.MULTILINE)
    )
    for name, value in vars(fork).items():
        if not isinstance(value, type) or not issubclass(value, Container) or value is Container:
            continue
        known = getattr(fulu, name).fields() if hasattr(fulu, name) else {}
        fields = list(value.fields().items())
        assert [each for each, _ in fields[: len(known)]] == list(known), "new fields come last"
        new = [[f"`{each}`", f"`{_type(kind)}`"] for each, kind in fields[len(known) :]]
        assert bool(new) == (name in described)
        if new:
            rows = _rows("ssz_static/README.md", f"### `{name}`")
            assert [[row[0], row[column]] for row in rows] == new


def test_runners_modes_and_rewards() -> None:
    listed = {
        re.sub(r"\[(\w+)\].*", r"\1", row[0])
        for row in _rows("README.md", "# Formats of the vectors")
    }
    assert listed == set(RUNNERS)
    assert {folder.name for folder in HERE.iterdir() if (folder / "README.md").is_file()} == listed
    suites = {row[0].strip("`") for row in _rows("ssz_static/README.md", "# SSZ static")}
    assert suites == {f"ssz_{mode.value}" for mode in Mode}
    parts = {row[0].strip("`") for row in _rows("rewards/README.md", "## Parts")}
    assert parts >= {*FLAG_DELTAS, "pre", "inactivity_penalty_deltas", "pool_deltas"}
