"""`poolspec conformance`: what it prints, and its exit status."""

from collections.abc import Callable
from pathlib import Path

import pytest

from poolspec.cli import main
from poolspec.vectors.implementations import WITHOUT_FUNCTIONS
from tests.conformance.toy import state

Writer = Callable[..., Path]


@pytest.fixture
def run(toy: str, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Run the command on the toy; gives the exit status and all that was printed."""

    def run_it(*arguments: str | Path) -> tuple[int, str]:
        words = ["conformance", "--jobs", "1", "--implementation", toy, *map(str, arguments)]
        status = main(words)
        printed = capsys.readouterr()
        return status, printed.out + printed.err

    return run_it


Run = Callable[..., tuple[int, str]]


@pytest.fixture
def vectors(write_case: Writer, tmp_path: Path) -> Path:
    """Two cases that pass, and two that are not run."""
    write_case("sanity/slots/one", pre=state(), slots=1, post=state(slot=1))
    write_case("sanity/slots/two", pre=state(), slots=2, post=state(slot=2))
    write_case("kzg/verify/three", data={"a": 1})
    write_case("minimal/gloas/sanity/slots/four", pre=state(), slots=1)
    return tmp_path


def _row(printed: str, name: str) -> list[str]:
    (row,) = (line for line in printed.splitlines() if line.startswith(f"│ {name} "))
    return [cell.strip() for cell in row.strip("│").split("│")][1:]


def test_passing(vectors: Path, run: Run) -> None:
    status, printed = run(vectors)
    assert status == 0
    assert _row(printed, "sanity") == ["2", "0", "1"]
    assert _row(printed, "kzg") == ["0", "0", "1"]
    assert _row(printed, "all") == ["2", "0", "2"]
    assert (
        "not run: the runner kzg is not replayed\n           1 minimal/fulu/kzg/verify" in printed
    )
    assert "not run: the fork gloas is not specified here" in printed


def test_runners_that_an_implementation_is_without(
    vectors: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its steps do it as well, but under no name of their own."""
    monkeypatch.setitem(WITHOUT_FUNCTIONS, "toy", ("sanity",))
    status, printed = run(vectors)
    assert status == 1
    assert _row(printed, "sanity") == ["0", "0", "3"]
    assert "not run: the toy has no function for sanity alone" in printed
    assert WITHOUT_FUNCTIONS["engine"] == ("shuffling", "ssz_static")


def test_a_failure_is_named_and_gives_status_1(vectors: Path, write_case: Writer, run: Run) -> None:
    write_case("sanity/slots/bad", pre=state(), slots=1, post=state(slot=2))
    status, printed = run(vectors)
    assert status == 1
    assert "failed minimal/fulu/sanity/slots/suite/bad\n" in printed
    assert "slot: 1, expected 2" in printed
    assert _row(printed, "sanity") == ["2", "1", "1"]


def test_selection(vectors: Path, write_case: Writer, run: Run) -> None:
    write_case("sanity/slots/bad", pre=state(), slots=1, post=state(slot=2))
    status, printed = run(vectors, "--case", "o*", "--case", "two", "--fork", "fulu")
    assert status == 0
    assert _row(printed, "all") == ["2", "0", "0"]
    assert "3 more cases were not selected" in printed


@pytest.mark.parametrize("selection", [("--runner", "kzg"), ("--preset", "mainnet")])
def test_nothing_run_gives_status_1(vectors: Path, run: Run, selection: tuple[str, str]) -> None:
    status, printed = run(vectors, *selection)
    assert status == 1
    assert f"error: {vectors}: no case was run" in printed


def test_damage_gives_status_1_and_no_traceback(
    vectors: Path, write_case: Writer, run: Run
) -> None:
    folder = write_case("sanity/slots/bad", pre=b"\x10", slots=1)
    status, printed = run(vectors)
    assert status == 1
    assert f"{folder / 'pre.ssz_snappy'}: damaged snappy block" in printed
    status, printed = run(vectors / "absent.tar.gz")
    assert status == 1
    assert printed == f"error: {vectors / 'absent.tar.gz'}: no such file or folder\n"


def test_the_same_case_twice(vectors: Path, run: Run) -> None:
    status, printed = run(vectors, vectors / "tests")
    assert status == 1
    assert "is the same case as" in printed


@pytest.mark.parametrize(
    "arguments",
    [["--jobs", "0"], ["--jobs", "many"], ["--bls", "other"], ["--implementation", "x"]],
)
def test_arguments_are_checked(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["conformance", *arguments, "."])
    assert caught.value.code == 2
    assert "error: argument " + arguments[0] in capsys.readouterr().err
