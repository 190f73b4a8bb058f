"""The pages in a browser: they are quiet, they are found, and a keyboard is enough."""

import re
from typing import TYPE_CHECKING

import pytest

from tests.helpers.browser import WatchPage

if TYPE_CHECKING:
    from playwright.sync_api import Page

NARROW, WIDE = 400, 1400

PAGES = (
    "docs/index.html",
    "README.html",
    "docs/architecture.html",
    "docs/what-changes.html",
    "docs/tutorials/implement.html",
    "docs/names/poolbonds.html",
    "eip/eip-draft_pool_bonds.html",
    "specs/fulu/parameters.html",
    "specs/poolbonds/seats.html",
    "tests/formats/README.html",
)

IN_VIEW = """id => {
  const box = document.getElementById(id).getBoundingClientRect();
  return box.top >= 0 && box.top < innerHeight / 2;
}"""
FOCUS = "() => document.activeElement.outerHTML"


def is_in_view(page: "Page", anchor: str) -> bool:
    """Whether the upper half of the window shows a place; waits for a page to come to rest."""
    page.wait_for_function(IN_VIEW, arg=anchor)
    return bool(page.evaluate(IN_VIEW, anchor))


@pytest.mark.parametrize(
    ("width", "scheme"), [(WIDE, "light"), (NARROW, "dark")], ids=["wide", "narrow"]
)
def test_pages_load_quietly(watch_page: WatchPage, address: str, width: int, scheme: str) -> None:
    """No errors, nothing from elsewhere, and no page is wider than its window."""
    with watch_page(width=width, color_scheme=scheme) as page:
        for path in PAGES:
            page.goto(address + path)
            assert page.locator("h1").count() == 1, path
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    dark = sum(map(int, re.findall(r"\d+", ground)[:3])) < 3 * 128
    assert dark == (scheme == "dark")


def test_entrance_leads_to_the_first_page(page: "Page", address: str) -> None:
    page.goto(address)
    page.wait_for_url("**/docs/index.html")
    assert page.locator("h1").inner_text() == "Pool bonds"


def test_search_finds_a_function(page: "Page", address: str) -> None:
    page.goto(f"{address}search.html?q=process_pool_seats")
    hit = page.locator("#search-results li a").first
    hit.wait_for()
    # The lists of all names have it too, and are left out.
    page.wait_for_function("document.querySelector('.search-summary').innerText.includes('found')")
    assert "All names" not in page.locator("#search-results").inner_text()
    hit.click()
    page.wait_for_url("**/specs/poolbonds/seats.html**")
    assert page.url.partition("#")[2] == "process_pool_seats"
    assert is_in_view(page, "process_pool_seats")


def test_keyboard_is_enough(page: "Page", address: str) -> None:
    """Tab begins with the way past the menu; `/` goes to the search; Enter searches."""
    page.goto(f"{address}docs/index.html")
    page.keyboard.press("Tab")
    assert "skip-to-content" in page.evaluate(FOCUS)
    page.keyboard.press("/")
    assert 'name="q"' in page.evaluate(FOCUS)
    page.keyboard.type("MIN_POOL_BOND")
    page.keyboard.press("Enter")
    page.locator("#search-results li a").first.wait_for()
    assert "MIN_POOL_BOND" in page.locator("#search-results li").first.inner_text()


def test_name_in_code_leads_to_its_definition(page: "Page", address: str) -> None:
    page.goto(f"{address}specs/poolbonds/seats.html#process_pool_seats")
    link = page.locator("section#process_pool_seats a.definition", has_text="get_seat_line")
    link.first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**#get_seat_line")
    assert is_in_view(page, "get_seat_line")


def test_permalink_of_the_diff(page: "Page", address: str) -> None:
    """From a Modified definition to its place in the page of the changes."""
    page.goto(f"{address}specs/poolbonds/seats.html#process_epoch")
    page.locator("section#process_epoch").get_by_role("link", name="side by side").click()
    page.wait_for_url("**/diff/poolbonds.html#process_epoch")
    assert is_in_view(page, "process_epoch")


def test_folded_users_open(page: "Page", address: str) -> None:
    page.goto(f"{address}specs/poolbonds/beacon-chain.html#BeaconState")
    users = page.locator("section#beaconstate, section#BeaconState").locator("details.users").first
    link = users.get_by_role("link", name="process_pool_seats", exact=True)
    assert not link.is_visible()
    users.locator("summary").focus()
    page.keyboard.press("Enter")
    link.click()
    page.wait_for_url("**/seats.html#process_pool_seats")
