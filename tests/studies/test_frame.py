"""The frame of studies: what is kept, in which order results come, and where they are computed."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import mdformat
import pytest

from poolspec.studies import identity
from poolspec.studies.cache import Cache
from poolspec.studies.errors import StudyError
from poolspec.studies.identity import code_digest, point_key
from poolspec.studies.plotting import svg_of
from poolspec.studies.running import Task, local, run_point, run_tasks
from poolspec.studies.study import Number, Row, Table, grid, select
from poolspec.studies.writing import files_of, markdown_table, merged_numbers, replace_files
from tests.studies import toy

TASKS = [Task(toy.STUDY, point) for point in toy.STUDY.points]
ROWS = [
    {"n": 3, "square": 9, "series": [3, 4]},
    {"n": 1, "square": 1, "series": [1, 2]},
    {"n": 2, "square": 4, "series": [2, 3]},
]


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that gets a line for each point that is computed."""
    path = tmp_path / "log"
    path.touch()
    monkeypatch.setenv(toy.LOG, str(path))
    return path


def backwards(tasks: Sequence[Task]) -> Iterator[tuple[int, Row]]:
    """Run the last task first, as a fast worker might."""
    for place in reversed(range(len(tasks))):
        yield place, run_point(*tasks[place].call())


def test_grid_runs_the_last_axis_fastest() -> None:
    assert grid(a=[1, 2], b=["x", "y"]) == [
        {"a": 1, "b": "x"},
        {"a": 1, "b": "y"},
        {"a": 2, "b": "x"},
        {"a": 2, "b": "y"},
    ]
    assert select([{"a": 1, "b": 2}, {"a": 1, "b": 3}], a=1, b=3) == [{"a": 1, "b": 3}]


def test_results_come_in_the_order_of_the_points(tmp_path: Path) -> None:
    assert run_tasks(TASKS, Cache(tmp_path / "a"), local, lambda: None) == ROWS
    assert run_tasks(TASKS, Cache(tmp_path / "b"), backwards, lambda: None) == ROWS


def test_a_second_run_computes_nothing(tmp_path: Path, log: Path) -> None:
    steps: list[int] = []
    for _ in range(2):
        rows = run_tasks(TASKS, Cache(tmp_path / "kept"), local, lambda: steps.append(1))
        assert rows == ROWS
    assert log.read_text().split() == ["3", "1", "2"]
    assert len(steps) == 6


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path: Path, log: Path) -> None:
    def interrupted(tasks: Sequence[Task]) -> Iterator[tuple[int, Row]]:
        yield next(local(tasks))
        raise KeyboardInterrupt

    cache = Cache(tmp_path / "kept")
    with pytest.raises(KeyboardInterrupt):
        run_tasks(TASKS, cache, interrupted, lambda: None)
    assert run_tasks(TASKS, cache, local, lambda: None) == ROWS
    assert log.read_text().split() == ["3", "1", "2"]


def test_a_damaged_result_is_computed_again(tmp_path: Path, log: Path) -> None:
    cache = Cache(tmp_path / "kept")
    run_tasks(TASKS, cache, local, lambda: None)
    for damaged in ("{", "[1]"):
        (kept,) = (tmp_path / "kept").rglob(f"{TASKS[1].key()}.json")
        kept.write_text(damaged)
        assert run_tasks(TASKS, cache, local, lambda: None) == ROWS
    assert log.read_text().split() == ["3", "1", "2", "1", "1"]


def test_other_content_has_another_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    key = point_key(toy.STUDY, {"n": 1, "m": 2})
    assert key == point_key(toy.STUDY, {"m": 2, "n": 1})
    assert key != point_key(toy.STUDY, {"n": 1, "m": 3})
    assert key != point_key(replace(toy.STUDY, name="other"), {"n": 1, "m": 2})
    assert key != point_key(replace(toy.STUDY, sources=("studies/cache.py",)), {"n": 1, "m": 2})

    # A source that changes, and a value of the protocol that does
    (tmp_path / "source.py").write_text("one = 1")
    monkeypatch.setattr(identity, "PACKAGE", tmp_path)
    study = replace(toy.STUDY, sources=("source.py",))
    before = code_digest(study)
    (tmp_path / "source.py").write_text("one = 2")
    identity._digest.cache_clear()
    changed = code_digest(study)
    assert changed != before
    # A comment is no other content
    (tmp_path / "source.py").write_text('"""Two."""\none = 2  # so it is')
    identity._digest.cache_clear()
    assert code_digest(study) == changed
    monkeypatch.setattr(identity, "_values", lambda: "poolbonds.POOL_LEVERAGE=99")
    identity._digest.cache_clear()
    assert code_digest(study) != changed
    identity._digest.cache_clear()


def test_how_results_are_presented_is_no_part_of_the_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    parts = ["N = 1", "def run(point):\n    return N", "def figure(rows):\n    return 1"]
    module = tmp_path / "presented.py"
    monkeypatch.syspath_prepend(tmp_path)

    def digest() -> str:
        module.write_text("\n".join(parts))
        identity._digest.cache_clear()
        return identity._digest("presented", frozenset({"figure"}), ())

    before = digest()
    parts[2] = "def figure(rows):\n    return 2"
    assert digest() == before
    parts[1] = "def run(point):\n    return N + 1"
    assert digest() != before
    identity._digest.cache_clear()


def test_the_protocols_values_are_part_of_the_key() -> None:
    values = identity._values().splitlines()
    for value in (
        "poolbonds.POOL_LEVERAGE=100",
        "poolbonds.MIN_POOL_BOND=32000000000",
        "fulu.BASE_REWARD_FACTOR=64",
    ):
        assert value in values


def test_a_source_that_is_missing_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"studies/no_such\.py"):
        code_digest(replace(toy.STUDY, sources=("studies/no_such.py",)))


def test_a_worker_with_other_code_is_refused() -> None:
    with pytest.raises(StudyError, match="another version of the code"):
        run_point("tests.studies.toy", {"n": 1}, "0" * 64)


# What is written


def test_tables_are_as_mdformat_has_them() -> None:
    table = Table("t", ["name", "ETH", "%"], [["solo", "1,000", "1"], ["pools, all", "2", "10"]])
    text = markdown_table(table)
    assert text.splitlines()[1] == "| ---------- | ----: | --: |"
    assert text.splitlines()[2] == "| solo       | 1,000 |   1 |"
    assert mdformat.text(text, extensions={"gfm"}) == text


def test_figures_are_the_same_bytes_each_time() -> None:
    first, second = (svg_of(toy.figure(ROWS)) for _ in range(2))
    assert first == second
    assert b"<svg" in first
    # Nothing in it tells when and with what it was made
    assert b"<dc:date>" not in first
    assert b"<dc:creator>" not in first


def test_files_of_a_study() -> None:
    files, entry = files_of(toy.STUDY, ROWS)
    assert sorted(files) == ["toy.csv", "toy.md", "toy.svg"]
    assert files["toy.csv"] == b"n,square,series\n3,9,3 4\n1,1,1 2\n2,4,2 3\n"
    assert entry == {
        "question": "What is the square?",
        "assumptions": ["Numbers are whole."],
        "numbers": {"largest": {"value": 9, "unit": "", "about": "of all"}},
    }


def test_a_key_is_given_once() -> None:
    twice = replace(
        toy.STUDY, numbers=lambda rows: [Number("k", 1, "", ""), Number("k", 2, "", "")]
    )
    with pytest.raises(StudyError, match="'k'"):
        files_of(twice, ROWS)


def test_numbers_of_other_studies_stay(tmp_path: Path) -> None:
    (tmp_path / "studies.json").write_text(json.dumps({"b": 1, "a": 2, "gone": 3}))
    merged = json.loads(merged_numbers(tmp_path, {"a": 5, "c": 6}, ["a", "b", "c"]))
    assert list(merged.items()) == [("a", 5), ("b", 1), ("c", 6)]


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_damaged_file_of_numbers_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "studies.json").write_text(content)
    with pytest.raises(StudyError, match=r"studies\.json: not a file of numbers"):
        merged_numbers(tmp_path, {}, [])


def test_files_are_replaced_together(tmp_path: Path) -> None:
    out = tmp_path / "new" / "folder"
    replace_files(out, {"a": b"1", "b": b"2"})
    replace_files(out, {"a": b"3"})
    assert {path.name: path.read_bytes() for path in out.iterdir()} == {"a": b"3", "b": b"2"}


def test_only_what_dead_runs_left_is_cleared(tmp_path: Path) -> None:
    """A folder of a process that is gone goes; that of a living one and other people's stay."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    names = [f".studies-{process.pid}-x", f".studies-{os.getpid()}-x", ".studies-mine"]
    for name in names:
        (tmp_path / name).mkdir()
    replace_files(tmp_path, {"a": b"1"})
    assert {path.name for path in tmp_path.iterdir()} == {"a", *names[1:]}
