"""The picture of the worked example, drawn from the table of the page that shows it.

`python -m poolspec.site.worked_example` draws it again; a test fails if it has not been.
"""

import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

from poolspec.files import replace_file
from poolspec.output import run
from pysetup.errors import Problems
from pysetup.markdown import Table, parse

ROOT = Path(__file__).parents[2]
PAGE = Path("docs/what-changes.md")
PICTURE = Path("docs/assets/worked-example.svg")
HEADER = ("Event", "Locked (ETH)", "Bond (ETH)", "Seats")

WIDTH, MARGIN, LINE = 640, 20, 20
BAR, ROW_GAP, BAR_WIDTH, COLUMN_GAP = 14, 26, 186, 21
CHARACTERS = 68
COLOURS = ("#8b949e", "#d4a72c", "#4c8dd6")

STYLE = """
text { font-family: system-ui, sans-serif; font-size: 15px; fill: #1f2328 }
.ground { fill: #ffffff } .track { fill: #eaeef2 } .head { font-weight: 600 }
.number { font-weight: 600; font-variant-numeric: tabular-nums }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .ground { fill: #161b22 } .track { fill: #30363d }
}
""".strip()


@dataclass(frozen=True)
class Event:
    """A row of the table: what happened, and what there is after it."""

    text: str
    numbers: tuple[int, int, int]


def events(text: str) -> list[Event]:
    """Return the rows of the table of the worked example; raises ValueError if it is not there."""
    for node in parse(PAGE.as_posix(), text, Problems()).nodes:
        if isinstance(node, Table) and node.header == HEADER:
            return [Event(row.cells[0], _numbers(row.cells[1:])) for row in node.rows]
    raise ValueError(f"{PAGE}: there is no table with the columns {', '.join(HEADER)}")


def _numbers(cells: tuple[str, ...]) -> tuple[int, int, int]:
    locked, bond, seats = (int(cell.replace(",", "")) for cell in cells)
    return locked, bond, seats


def draw(rows: list[Event]) -> str:
    """Return the picture as SVG: one band for each event, with a bar for each number."""
    most = [max(row.numbers[column] for row in rows) for column in range(len(COLOURS))]
    parts: list[str] = []
    top = MARGIN
    for number, row in enumerate(rows, start=1):
        for line in textwrap.wrap(f"{number}. {row.text}", CHARACTERS):
            top += LINE
            parts.append(f'<text class="head" x="{MARGIN}" y="{top - 5}">{escape(line)}</text>')
        parts += _bars(row, most, top + 6)
        top += 6 + LINE + BAR + ROW_GAP
    height = top - ROW_GAP + MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
            "<title>The worked example: what is locked, the bond and the seats</title>",
            f"<style>{STYLE}</style>",
            f'<rect class="ground" width="{WIDTH}" height="{height}" rx="6"/>',
            *parts,
            "</svg>",
            "",
        ]
    )


def _bars(row: Event, most: list[int], top: int) -> Iterator[str]:
    """Yield the three bars of an event, each as long as its part of the largest number."""
    for column, (name, value) in enumerate(zip(HEADER[1:], row.numbers, strict=True)):
        left = MARGIN + column * (BAR_WIDTH + COLUMN_GAP)
        length = round(BAR_WIDTH * value / most[column], 1)
        right = left + BAR_WIDTH
        yield f'<text x="{left}" y="{top + LINE - 7}">{name}</text>'
        yield (
            f'<text class="number" x="{right}" y="{top + LINE - 7}" text-anchor="end">'
            f"{value:,}</text>"
        )
        place = f'x="{left}" y="{top + LINE}" height="{BAR}"'
        yield f'<rect class="track" {place} width="{BAR_WIDTH}" rx="3"/>'
        if value:
            yield f'<rect {place} width="{length}" rx="3" fill="{COLOURS[column]}"/>'


def main() -> int:
    """Draw the picture; gives the exit status."""
    try:
        text = draw(events((ROOT / PAGE).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    replace_file(ROOT / PICTURE, text)
    print(PICTURE)
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
