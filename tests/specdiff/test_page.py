"""The page in a browser: search, permalinks, keys, folding, views, colours; and nothing fetched."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from poolspec.specdiff.page import html_page
from poolspec.specdiff.report import Report
from tests.helpers.browser import WatchPage

if TYPE_CHECKING:
    from playwright.sync_api import Page

ENTRIES = ".entry:visible"
FAR = "process_pool_seats"  # its article stands far down the page


@pytest.fixture(scope="module")
def address(real_page: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where the page of the real fork lies."""
    path = tmp_path_factory.mktemp("diff") / "poolbonds.html"
    path.write_text(real_page, encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def small_address(small_report: Report, tmp_path: Path) -> str:
    """Where the page of the small fork lies, which has every kind of change."""
    path = tmp_path / "small.html"
    path.write_text(html_page(small_report), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def page(watch_page: WatchPage, address: str) -> Iterator["Page"]:
    """The page, on a wide and light screen; asking for anything else fails the test."""
    with watch_page(self_contained=True) as opened:
        opened.goto(address)
        yield opened


@pytest.fixture
def little(watch_page: WatchPage, small_address: str) -> Iterator["Page"]:
    """The page of the small fork, opened in the same way."""
    with watch_page(self_contained=True) as opened:
        opened.goto(small_address)
        yield opened


def top(page: "Page", name: str) -> float:
    """How far below the upper edge of the window an entry begins, in pixels."""
    return float(
        page.evaluate("id => document.getElementById(id).getBoundingClientRect().top", name)
    )


def focused(page: "Page") -> str:
    return str(page.evaluate("document.activeElement.id"))


def test_entries_are_complete_and_closed_off(page: "Page", real_report: Report) -> None:
    ids = page.eval_on_selector_all(".entry", "all => all.map(each => each.id)")
    assert ids == [each.name for each in real_report.diff.entries]
    links = page.eval_on_selector_all("nav li a", "all => all.map(each => each.hash.slice(1))")
    assert links == ids
    dead = """() => [...document.querySelectorAll('a[href^="#"]')].map(each => each.hash.slice(1))
        .filter(id => !document.getElementById(id))"""
    assert page.evaluate(dead) == []
    assert page.evaluate("document.querySelectorAll('main, nav, header.bar, search').length") == 4
    unnamed = """() => [...document.querySelectorAll('button, input')].filter(
        each => !(each.textContent.trim() || each.getAttribute('aria-label'))).length"""
    assert page.evaluate(unnamed) == 0


def test_search_finds_a_function_by_name(page: "Page") -> None:
    page.keyboard.press("/")
    page.keyboard.type("settle bond")
    shown = page.eval_on_selector_all(ENTRIES, "all => all.map(each => each.id)")
    assert "settle_bond" in shown
    assert "process_rewards_and_penalties" in shown  # it calls it
    assert "compute_fork_version" not in shown
    assert page.text_content("#search-count") == f"{len(shown)} of {page.locator('.entry').count()}"
    assert page.locator("nav li:visible").count() == len(shown)
    page.keyboard.press("Enter")
    assert focused(page) == "settle_bond"
    assert page.evaluate("location.hash") == "#settle_bond"
    # A link to what the search hides ends the search.
    page.evaluate("location.hash = 'NO_POOL'")
    page.wait_for_function("document.activeElement.id === 'NO_POOL'")
    assert page.locator("#NO_POOL").is_visible()
    assert page.input_value("#search-text") == ""


def test_search_finds_words_of_the_text(page: "Page") -> None:
    count = page.locator(ENTRIES).count()
    page.fill("#search-text", "COMMISSION is rounded down once")
    assert page.eval_on_selector_all(ENTRIES, "all => all.map(each => each.id)") == [
        "get_pool_deltas"
    ]
    assert page.evaluate("CSS.highlights.get('found').size") > 4
    page.fill("#search-text", "no such words")
    assert page.locator(ENTRIES).count() == 0
    page.click("#clear")
    assert page.locator(ENTRIES).count() == count
    assert page.input_value("#search-text") == ""


def test_permalink_scrolls_to_its_place_and_unfolds(page: "Page", address: str) -> None:
    page.keyboard.press("Shift+F")
    assert page.locator("article .code:visible").count() == 0
    page.evaluate("id => { location.hash = id }", FAR)
    page.wait_for_function("id => document.activeElement.id === id", arg=FAR)
    assert 0 <= top(page, FAR) < 120
    assert page.get_attribute(f"#{FAR} .fold", "aria-expanded") == "true"
    assert page.locator(f"#{FAR} .code").is_visible()
    page.goto("about:blank")
    page.goto(f"{address}#{FAR}")
    assert 0 <= top(page, FAR) < 120
    assert focused(page) == FAR
    assert page.get_attribute("nav a[aria-current]", "href") == f"#{FAR}"


def test_keys_go_from_one_to_the_next(page: "Page", real_report: Report) -> None:
    names = [each.name for each in real_report.diff.entries]
    visited = []
    for key in "jjjkj":
        page.keyboard.press(key)
        visited.append(focused(page))
    assert visited == [names[0], names[1], names[2], names[1], names[2]]
    assert page.evaluate("location.hash") == f"#{names[2]}"
    # The last ones cannot be scrolled to the top, and are reached all the same.
    page.evaluate("id => { location.hash = id }", names[-2])
    page.wait_for_function("id => document.activeElement.id === id", arg=names[-2])
    page.keyboard.press("j")
    assert focused(page) == names[-1]
    page.keyboard.press("j")
    assert focused(page) == names[-1]


def test_folding_one_and_all(little: "Page", small_address: str) -> None:
    little.goto("about:blank")
    little.goto(f"{small_address}#fill")
    code = little.locator("#fill .code")
    little.keyboard.press("f")
    assert not code.is_visible()
    assert little.locator("#take .code").is_visible()
    little.click("#fill .fold")
    assert code.is_visible()
    little.click("#fold-all")
    assert little.locator("article .body :visible").count() == 0
    assert little.text_content("#fold-all") == "Unfold all"
    little.keyboard.press("Shift+F")
    assert code.is_visible()
    assert little.text_content("#fold-all") == "Fold all"


PAIR = """() => ['.before:not(.gap)', '.after:has(mark)'].map((side) => {
    const place = document.querySelector(`#take .changed > ${side}`).getBoundingClientRect();
    return [place.left, place.top];
})"""


def test_views(little: "Page") -> None:
    """Both sides of a changed line at one height, or one below the other."""
    before, after = little.evaluate(PAIR)
    assert before[0] < after[0]
    assert before[1] == after[1]
    little.keyboard.press("u")
    before, after = little.evaluate(PAIR)
    assert before[0] == after[0]
    assert before[1] < after[1]
    assert little.locator("#take .same > .before:visible").count() == 0
    little.reload()
    assert little.get_attribute("[data-view=unified]", "aria-pressed") == "true"
    little.keyboard.press("s")
    assert little.get_attribute("[data-view=split]", "aria-pressed") == "true"
    assert little.locator("#take .same > .before:visible").count() > 0


def test_colours_follow_the_system_and_the_switch(little: "Page") -> None:
    paper = "() => getComputedStyle(document.body).backgroundColor"
    assert little.evaluate(paper) == "rgb(255, 255, 255)"
    little.emulate_media(color_scheme="dark")
    assert little.evaluate(paper) == "rgb(20, 23, 28)"
    assert little.text_content("#theme") == "Light"
    little.keyboard.press("t")
    assert little.evaluate(paper) == "rgb(255, 255, 255)"
    little.reload()
    assert little.evaluate(paper) == "rgb(255, 255, 255)"
    little.click("#theme")
    assert little.evaluate(paper) == "rgb(20, 23, 28)"


CONTRAST = """() => {
    const channel = (value) => {
        const part = value / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    };
    const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const rgb = (colour) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        return canvas.getImageData(0, 0, 1, 1).data;
    };
    const ground = (element) => {
        for (let each = element; each; each = each.parentElement) {
            const colour = rgb(getComputedStyle(each).backgroundColor);
            if (colour[3] === 255) return colour;
        }
        return [255, 255, 255];
    };
    const low = new Set();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const element = node.parentElement;
        if (!node.nodeValue.trim() || !element.checkVisibility()) continue;
        if (element.closest('.number, .skip, .permalink, .unseen')) continue;
        const [a, b] = [light(rgb(getComputedStyle(element).color)), light(ground(element))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) low.add(`${element.tagName}.${element.className} ${ratio.toFixed(2)}`);
    }
    return [...low];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast(watch_page: WatchPage, small_address: str, scheme: str) -> None:
    """At least 4.5 to 1 for all text, but for line numbers, as WCAG asks for."""
    with watch_page(self_contained=True, color_scheme=scheme) as page:
        page.goto(small_address)
        assert page.evaluate(CONTRAST) == []


def test_help_opens_and_closes(little: "Page") -> None:
    little.keyboard.press("Shift+?")
    assert little.locator("#help").is_visible()
    little.keyboard.press("u")  # keys rest meanwhile
    assert little.get_attribute("[data-view=split]", "aria-pressed") == "true"
    little.keyboard.press("Escape")
    assert not little.locator("#help").is_visible()
    little.click("#show-help")
    little.click("#help button")
    assert not little.locator("#help").is_visible()


def test_changes_can_be_left_out(little: "Page") -> None:
    little.click("[data-toggle=New]")
    little.click("[data-toggle=Removed]")
    assert little.eval_on_selector_all(ENTRIES, "all => all.map(each => each.id)") == [
        "LIMIT",
        "SLOTS",
        "Coin",
        "Box",
        "take",
        "fill",
    ]
    assert not little.locator("#configuration-values").is_visible()


def test_cells_and_fields_show_both_sides(little: "Page") -> None:
    assert little.locator("#LIMIT td").all_inner_texts()[:2] == ["Gwei Coin", "32 64"]
    assert little.locator("#LIMIT del").all_inner_texts() == ["Gwei", "32"]
    rows = little.locator("#Box .fields tbody tr").all_inner_texts()
    assert [" ".join(row.split()) for row in rows] == [
        "unchanged coins Coin",
        "changed amount Gwei Coin In Gwei",
        "unchanged label Uint64",
        "added owner Uint64",
    ]
    assert little.locator("#take .prose del").all_inner_texts() == ["nothing"]
    assert little.locator("#take .prose ins").all_inner_texts() == ["a share"]
    assert little.locator("#take .code .after mark").all_inner_texts() == ["=", "share(", ")"]
    assert little.get_attribute("#share .prose a", "href") == "#take"


def test_narrow_screen_shows_all_without_scrolling_sideways(
    watch_page: WatchPage, address: str
) -> None:
    with watch_page(self_contained=True, width=400) as page:
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") == 400
        assert page.locator("#increase_balance .same > .before:visible").count() == 0
        assert not page.locator("nav li").first.is_visible()
        page.click("#contents")
        page.click(f"nav a[href='#{FAR}']")
        page.wait_for_function("id => document.activeElement.id === id", arg=FAR)
        assert 0 <= top(page, FAR) < 120


def test_without_script_all_can_be_read(browser: object, small_address: str) -> None:
    from playwright.sync_api import Browser

    assert isinstance(browser, Browser)
    context = browser.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(small_address)
        assert page.locator("#take .code").is_visible()
        assert page.locator("#Box tr.unchanged").first.is_visible()
        assert not page.locator("#search-text").is_visible()
    finally:
        context.close()


class _Outside(HTMLParser):
    """Collects whatever a browser would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if "src" in names or "srcset" in names or tag in ("link", "iframe", "object", "embed"):
            self.found.append(tag)


def test_nothing_is_there_to_be_fetched(real_page: str) -> None:
    parser = _Outside()
    parser.feed(real_page)
    assert parser.found == []
    assert "default-src 'none'" in real_page
    style = real_page.partition("<style>")[2].partition("</style>")[0]
    assert not re.search(r"url\(|@import", style)
