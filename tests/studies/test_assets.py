"""The files in `eip/assets` are those of the studies as they stand."""

import csv
import json
import random
from pathlib import Path
from typing import Any

import pytest

from poolspec.studies.catalogue import STUDIES
from poolspec.studies.study import Point, Row, Study
from poolspec.studies.writing import NUMBERS, files_of, markdown_table

ASSETS = Path(__file__).parents[2] / "eip/assets"
QUICK = {"corruption", "break_even", "surfaces"}
"""Studies whose points are all formulas; of `swing`, `reseating` and `income` those that say so."""
FORMULAS = {"bond", "seat", "slashing", "closed form"}
SAMPLE = 25


def value_of(text: str) -> Any:
    """Return what a cell of a CSV file stands for."""
    if text in ("True", "False"):
        return text == "True"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    parts = text.split(" ")
    try:
        return [float(part) for part in parts] if len(parts) > 1 else text
    except ValueError:
        return text


def rows_of(study: Study) -> list[Row]:
    """Return a study's rows as they were written."""
    with (ASSETS / f"{study.name}.csv").open(newline="", encoding="utf-8") as file:
        return [
            {name: value_of(text) for name, text in row.items() if text != ""}
            for row in csv.DictReader(file)
        ]


@pytest.fixture(scope="module")
def written() -> Any:
    """The file of numbers."""
    return json.loads((ASSETS / NUMBERS).read_text(encoding="utf-8"))


def test_every_study_has_its_numbers(written: Any) -> None:
    assert list(written) == [study.name for study in STUDIES]


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.name)
def test_files_follow_from_the_rows(study: Study, written: Any) -> None:
    rows = rows_of(study)
    assert [
        {name: row[name] for name in point} for point, row in zip(study.points, rows, strict=True)
    ] == list(study.points)
    study.check(rows)
    files, entry = files_of(study, rows)
    assert entry == written[study.name]
    for table in study.tables(rows):
        assert (ASSETS / f"{table.name}.md").read_text(encoding="utf-8") == markdown_table(table)
    assert (ASSETS / f"{study.name}.svg").read_bytes() == files[f"{study.name}.svg"]


def formulas_of(study: Study) -> list[tuple[int, Point]]:
    """Return the points that need neither the engine nor the specification, with their places."""
    return [
        (place, point)
        for place, point in enumerate(study.points)
        if study.name in QUICK or point.get("kind") in FORMULAS
    ]


@pytest.mark.parametrize(
    "study", [study for study in STUDIES if formulas_of(study)], ids=lambda study: study.name
)
def test_formulas_give_the_rows(study: Study) -> None:
    rows, chosen = rows_of(study), formulas_of(study)
    for place, point in random.Random(study.name).sample(chosen, min(SAMPLE, len(chosen))):
        assert {**point, **study.run(point)} == rows[place]


def test_no_file_is_left_over() -> None:
    names = {path.name for path in ASSETS.iterdir()}
    for study in STUDIES:
        names -= {f"{study.name}.svg", f"{study.name}.csv"}
        names -= {f"{table.name}.md" for table in study.tables(rows_of(study))}
    assert names == {NUMBERS}
