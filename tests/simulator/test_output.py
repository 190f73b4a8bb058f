"""What `poolspec simulate` writes and says."""

import csv
import io
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from poolspec.cli import main
from poolspec.simulator import (
    Result,
    Scenario,
    read_scenario,
    run,
    variants,
    with_overrides,
)
from poolspec.simulator.plots import FIGURES, draw, png, svg
from poolspec.simulator.report import report
from poolspec.simulator.tables import Run, as_csv, as_parquet, write_all

if TYPE_CHECKING:
    from playwright.sync_api import Page

FILES = ["milestones.csv", "report.html", "series.csv", "series.parquet"]

TEXT = """\
name: small
title: A <small> one & its twin
description: Two pools, of which one is offline for a while.
seed: 5
duration: 12 epochs
registry:
  solo:
    - {name: solo, validators: 200, uptime: 95%}
  pools:
    - {name: pools, pools: 2, members: 50, bond: 33 ETH, commission: 5%}
events:
  - {at: 2 epochs, do: offline, who: pools, share: 50%, lasts: 4 epochs}
variants:
  - {name: as it is}
  - {name: divided, set: {events.0: {at: 2 epochs, do: partition, share: 60%, lasts: 6 epochs}}}
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scenario with two variants."""
    path = tmp_path_factory.mktemp("scenario") / "small.yaml"
    path.write_text(TEXT)
    return path


@pytest.fixture(scope="module")
def written(file: Path) -> Path:
    """What a run of it writes."""
    folder = file.parent / "out"
    assert main(["simulate", str(file), "--out", str(folder)]) == 0
    return folder


def small_result(**changes: Any) -> Result:
    """A short run without pools."""
    fields: dict[str, Any] = {
        "name": "small",
        "title": "Small",
        "duration": "3 epochs",
        "registry": {"solo": [{"name": "solo", "validators": 50}]},
    }
    return run(Scenario.model_validate(fields | changes))


def test_a_run_writes_its_files_and_nothing_else(written: Path) -> None:
    assert sorted(each.name for each in written.iterdir()) == FILES


def test_the_same_seed_gives_the_same_bytes(
    file: Path, written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", str(file), "--out", str(tmp_path / "again")]) == 0
    for name in FILES:
        assert (tmp_path / "again" / name).read_bytes() == (written / name).read_bytes(), name
    other = with_overrides(read_scenario(file), ["seed=6"])
    runs = [(name, run(variant)) for name, variant in variants(other)]
    assert as_csv(runs) != (written / "series.csv").read_bytes()
    said = capsys.readouterr().out
    assert "pools, side B" in said
    assert "report.html" in said


def test_both_tables_hold_the_same(written: Path) -> None:
    rows = list(csv.DictReader(io.StringIO((written / "series.csv").read_text())))
    table = pq.read_table(written / "series.parquet").to_pylist()
    assert len(rows) == len(table) == 13 + 13 + (13 + 7) * 2
    for row, same in zip(rows, table, strict=True):
        assert list(row) == list(same)
        assert {name: "" if each is None else str(each) for name, each in same.items()} == row
    sides = {(row["variant"], row["chain"], row["side"]) for row in rows}
    assert ("divided", "solo", "b") in sides
    assert ("as it is", "pools", "b") not in sides
    twin = next(row for row in rows if row["chain"] == "solo")
    assert twin["pools.bond"] == ""
    assert twin["pools.weight"] == str(100 * 32 * 10**9)


def test_milestones_are_listed(written: Path) -> None:
    rows = list(csv.DictReader(io.StringIO((written / "milestones.csv").read_text())))
    texts = {row["text"] for row in rows}
    assert "offline: 50% of pools, for 4 epochs" in texts
    assert "partition, 60% on side A, for 6 epochs" in texts
    assert {row["kind"] for row in rows} >= {"event", "finality lost", "healed"}


@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (400, "dark")])
def test_the_report_is_a_page_that_needs_nothing(
    written: Path,
    watch_page: Callable[..., AbstractContextManager["Page"]],
    width: int,
    scheme: str,
) -> None:
    with watch_page(width=width, color_scheme=scheme, self_contained=True) as page:
        page.goto((written / "report.html").as_uri())
        assert page.title() == "A <small> one & its twin – small"  # noqa: RUF001
        assert page.locator("figure svg").count() == len(FIGURES)
        assert page.locator("#summary tbody tr").count() == 6
        # Nothing sticks out: figures and tables scroll within themselves.
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        ink = page.locator("figure svg text").first.evaluate("each => getComputedStyle(each).fill")
        assert ink == ("rgb(28, 35, 41)" if scheme == "light" else "rgb(228, 232, 236)")
        identifiers = page.evaluate("[...document.querySelectorAll('[id]')].map(each => each.id)")
        assert len(identifiers) == len(set(identifiers))
        lost = page.evaluate(
            "[...document.querySelectorAll('use')].filter("
            "each => !document.querySelector(each.getAttribute('xlink:href'))).length"
        )
        assert lost == 0
        page.locator("#milestones summary").first.click()
        assert page.locator("#milestones table").first.is_visible()


def test_figures_show_what_is_in_the_series() -> None:
    runs: list[Run] = [("one", small_result())]
    figures = {plot.name: draw(plot, runs) for plot in FIGURES}
    assert figures["bonds"] is None
    assert figures["seats"] is None
    active = figures["active"]
    assert active is not None
    pools, solo = active.axes[0].lines
    assert pools.get_ydata().tolist() == [50 * 32 / 10**6] * 4  # type: ignore[union-attr]
    assert solo.get_xdata().tolist() == [0, 1, 2, 3]  # type: ignore[union-attr]
    assert active.axes[0].get_ylabel() == "million ETH"
    assert png(active).startswith(b"\x89PNG")
    drawing = svg(active, "active")
    assert "var(--ink)" in drawing
    assert "#010203" not in drawing


def test_a_report_without_pools_or_twin() -> None:
    result = small_result(compare="none")
    page = report(result.scenario, [("small", result)]).decode()
    assert page.count("<figure>") == 4
    assert "http" not in page.replace("http://www.w3.org/", "")


def test_tables_without_rows_in_common() -> None:
    other = small_result(registry={"solo": [{"name": "others", "validators": 50}]})
    runs: list[Run] = [("one", small_result()), ("other", other)]
    first = as_csv(runs).decode().splitlines()[0].split(",")
    assert first[-4:] == [f"others.{name}" for name in ("validators", "weight")] + [
        "others.staker_income",
        "others.penalties",
    ]
    assert as_parquet(runs)[:4] == b"PAR1"


def test_files_are_written_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    broken: Any = {"a": b"new", "b": None}
    with pytest.raises(TypeError):
        write_all(tmp_path, broken)
    assert [each.name for each in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"old"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "poolspec simulate: error: name a scenario or a file"),
        (["nowhere.yaml"], "nowhere.yaml: error: there is no such file"),
        (["worked-exampel"], "worked-exampel: error: there is no such file, and no built-in"),
        (["growth", "--set", "scale=0"], "--set scale=0: error: scale: '0' does not fit"),
        (["growth", "--set", "seed"], "--set seed: error: write it as key=value"),
        (["growth", "--set", "a.b=1"], "error: there is no 'a.b' in the scenario"),
        (["{folder}"], "{folder}: error: Is a directory"),
        (["{empty}"], "{empty}:1: error: the scenario is empty"),
        (["{file}", "--out", "{file}"], "{file}: error: File exists"),
        (["{file}", "--out", "/proc/nothing"], "error: "),
    ],
)
def test_what_cannot_be_run_is_said(
    arguments: list[str],
    expected: str,
    file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.yaml").write_text("")
    places = {"folder": tmp_path, "file": file, "empty": tmp_path / "empty.yaml"}
    assert main(["simulate", *(each.format(**places) for each in arguments)]) == 1
    said = capsys.readouterr()
    assert expected.format(**places) in said.err
    assert len(said.err.splitlines()) == 1
    assert said.out == ""
    assert [each.name for each in tmp_path.iterdir()] == ["empty.yaml"]


def test_a_value_that_is_not_as_expected_fails_the_run(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expect = "expect=[{at: 2 epochs, column: pools.seats, value: 99}]"
    arguments = ["simulate", str(file), "--set", expect, "--set", "variants=[]"]
    assert main([*arguments, "--out", str(tmp_path)]) == 1
    assert "at 2 epochs, pools.seats is 100, not 99 within 0" in capsys.readouterr().err
    assert sorted(each.name for each in tmp_path.iterdir()) == FILES


def test_built_in_scenarios_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--list"]) == 0
    assert "worked-example" in capsys.readouterr().out
    assert main(["simulate", "--schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "Scenario"
