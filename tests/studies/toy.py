"""A small study to try the frame on: squares, with a note of each time that one is computed."""

import os
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from poolspec.studies import plotting
from poolspec.studies.errors import CheckError
from poolspec.studies.study import Number, Point, Row, Study, Table, grid

LOG = "STUDIES_TEST_LOG"


def run(point: Point) -> Row:
    """Return the square of `n`; who asks for 13 is out of luck."""
    n = int(point["n"] or 0)
    if path := os.environ.get(LOG):
        with Path(path).open("a") as log:
            log.write(f"{n}\n")
    if n == 13:
        raise CheckError("13 brings bad luck")
    return {"square": n * n, "series": [n, n + 1]}


def figure(rows: Sequence[Row]) -> Figure:
    made, (axes,) = plotting.figure(1)
    axes.plot([row["n"] for row in rows], [row["square"] for row in rows])
    plotting.finish(axes, "Squares", "n", "square")
    return made


STUDY = Study(
    name="toy",
    question="What is the square?",
    assumptions=("Numbers are whole.",),
    points=grid(n=[3, 1, 2]),
    run=run,
    numbers=lambda rows: [Number("largest", max(row["square"] for row in rows), "", "of all")],
    tables=lambda rows: [
        Table("toy", ["n", "square"], [[str(row["n"]), str(row["square"])] for row in rows])
    ],
    figure=figure,
)
