"""A study with one quick point and one that takes longer than anybody waits."""

import time
from dataclasses import replace

from poolspec.studies.study import Point, Row, grid
from tests.studies import toy


def run(point: Point) -> Row:
    """Return at once for 1, much later for any other number."""
    if point["n"] != 1:
        time.sleep(7 * 24 * 3600)
    return toy.run(point)


STUDY = replace(toy.STUDY, name="slow", points=grid(n=[1, 2]), run=run)
