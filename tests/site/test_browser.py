"""The fixtures that open pages: what a page must not do fails its test."""

from pathlib import Path

import pytest

from tests.helpers.browser import WatchPage


def written(folder: Path, body: str) -> str:
    """The address of a page with this body."""
    path = folder / "page.html"
    path.write_text(f"<!doctype html><title>page</title>{body}")
    return path.as_uri()


def test_quiet_page_passes(watch_page: WatchPage, tmp_path: Path) -> None:
    with watch_page(self_contained=True, color_scheme="dark", width=400) as page:
        page.goto(written(tmp_path, "<p>Nothing happens.</p>"))
        assert page.title() == "page"
        assert page.evaluate("innerWidth") == 400
        assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("<script>console.error('broken')</script>", "console: broken"),
        ("<script>missing()</script>", "exception: missing is not defined"),
        ("<img src='http://elsewhere.invalid/x.png'>", "asked for http://elsewhere.invalid/x.png"),
        ("<script>fetch('https://elsewhere.invalid/')</script>", "asked for https://elsewhere"),
    ],
    ids=["console", "exception", "image", "fetch"],
)
def test_complaint_fails(watch_page: WatchPage, tmp_path: Path, body: str, complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint), watch_page() as page:
        page.goto(written(tmp_path, body))


def test_self_contained_page_asks_for_no_other_file(watch_page: WatchPage, tmp_path: Path) -> None:
    (tmp_path / "style.css").write_text("p { color: red }")
    address = written(tmp_path, "<link rel=stylesheet href=style.css><p>Text.</p>")
    with watch_page() as page:
        page.goto(address)
    complained = pytest.raises(AssertionError, match=r"asked for file://.*style\.css")
    with complained, watch_page(self_contained=True) as page:
        page.goto(address)
