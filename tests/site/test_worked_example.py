"""The picture of the worked example shows what its table says, and the table what the rules say."""

import re
from typing import Any

import pytest

import poolspec
from poolspec.site.worked_example import PAGE, PICTURE, draw, events
from tests.docs.checkout import ROOT

ETH = 10**9


@pytest.fixture(scope="module")
def page() -> str:
    """The text of the page with the table."""
    return (ROOT / PAGE).read_text()


def test_picture_is_drawn_from_the_table(page: str) -> None:
    """If it is not: `python -m poolspec.site.worked_example`."""
    picture = (ROOT / PICTURE).read_text()
    assert picture == draw(events(page))
    assert [int(text.replace(",", "")) for text in re.findall(r">([\d,]+)</text>", picture)] == [
        number for event in events(page) for number in event.numbers
    ]


def test_table_is_that_of_the_rules(page: str) -> None:
    """Seats are what the bond carries, for no more than a thousand validators of 32 ETH."""
    spec: Any = poolspec.load("poolbonds", "mainnet")
    bonds = [320, 320 - 32, 320 - 32 + 112, 400 - 1000 * 2 // 1000, max(0, 398 - 1000 * 32)]
    seats = [min(1000, int(spec.compute_seats(spec.Gwei(bond * ETH)))) for bond in bonds]
    assert [event.numbers for event in events(page)] == [
        (1000 * 32, bond, seat) for bond, seat in zip(bonds, seats, strict=True)
    ]
    assert (bonds, seats) == ([320, 288, 400, 398, 0], [1000, 900, 1000, 1000, 0])
    assert int(spec.compute_seats(spec.Gwei(400 * ETH))) == 1250


def test_page_without_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match=f"^{PAGE}: there is no table with the columns Event"):
        events("# A page\n\n| Event | Bond |\n| - | - |\n| one | 1 |\n")
