"""Pages in headless Chromium: the fixtures `browser`, `watch_page` and `page`.

A plugin of `tests/conftest.py`, so that any test can ask for the fixtures. A page that is watched
fails its test for whatever it writes to the console as an error, for an exception in a script, and
for everything it asks of another origin than its own, which it does not get.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Route

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
]
# Milliseconds until a page counts as hung. What a test waits for is there in a thousandth of it, so
# no machine is too slow for it.
PATIENCE = 1_800_000

WatchPage = Callable[..., AbstractContextManager["Page"]]


class Watch:
    """What a page did that it must not do.

    Its own origin is that of the first address it goes to; pages in files may ask for files only,
    and a page that is `self_contained` for nothing but itself.
    """

    def __init__(self, *, self_contained: bool = False) -> None:
        self.complaints: list[str] = []
        self._self_contained = self_contained
        self._home: str | None = None

    def console(self, message: "ConsoleMessage") -> None:
        if message.type == "error":
            self.complaints.append(f"console: {message.text} ({message.location.get('url', '')})")

    def exception(self, error: Exception) -> None:
        self.complaints.append(f"exception: {error}")

    def request(self, request: "Request") -> None:
        if not self.allows(request.url):
            self.complaints.append(f"asked for {request.url}")

    def route(self, route: "Route") -> None:
        """Answer only what is allowed."""
        if self.allows(route.request.url):
            route.continue_()
        else:
            route.abort()

    def allows(self, url: str) -> bool:
        """Say whether a page may ask for a URL; the first one asked for is the page itself."""
        parts = urlsplit(url)
        if parts.scheme in ("data", "blob", "about"):
            return True
        origin = f"{parts.scheme}://{parts.netloc}"
        place = url.partition("#")[0] if self._self_contained else origin
        if self._home is None:
            self._home = place
        return place == self._home


@contextmanager
def watched_page(
    browser: "Browser",
    *,
    width: int = 1400,
    height: int = 900,
    color_scheme: str = "light",
    self_contained: bool = False,
) -> Iterator["Page"]:
    """Open an empty page; on leaving, fail for what it did that it must not do.

    Width and height are in CSS pixels; the colour scheme is `light` or `dark`.
    """
    watch = Watch(self_contained=self_contained)
    options: dict[str, Any] = {
        "viewport": {"width": width, "height": height},
        "color_scheme": color_scheme,
    }
    context = browser.new_context(**options)
    try:
        context.set_default_timeout(PATIENCE)
        context.on("request", watch.request)
        context.route("**/*", watch.route)
        page = context.new_page()
        page.on("console", watch.console)
        page.on("pageerror", watch.exception)
        yield page
        # What the page still has to say is said by the time it answers.
        page.evaluate("() => 0")
    finally:
        context.close()
    assert not watch.complaints, "\n".join(watch.complaints)


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Chromium, started once for the tests of a module.

    Not once for the session: while it runs, the thread has an event loop, and tests that start a
    loop of their own would fail in it.
    """
    executable = next(filter(None, map(shutil.which, NAMES)), None)
    if executable is None:
        pytest.skip(f"no Chromium on the PATH ({', '.join(NAMES)}): pages are not tried")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=executable, args=ARGUMENTS)
        try:
            yield chromium
        finally:
            chromium.close()


@pytest.fixture
def watch_page(browser: "Browser") -> WatchPage:
    """Opens watched pages of other sizes and colours: `with watch_page(width=400) as page:`."""

    def opened(**options: Any) -> AbstractContextManager["Page"]:
        return watched_page(browser, **options)

    return opened


@pytest.fixture
def page(watch_page: WatchPage) -> Iterator["Page"]:
    """A watched page of a wide, light screen."""
    with watch_page() as opened:
        yield opened
