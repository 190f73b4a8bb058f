"""The site, built once for all tests, and an address for it."""

import fcntl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from poolspec.site.building import render
from poolspec.site.serving import HERE, server
from tests.docs.checkout import copy_checkout


@dataclass(frozen=True)
class Site:
    """A copy of the checkout, what Sphinx keeps of its documents, and the pages."""

    checkout: Path
    doctrees: Path
    pages: Path
    problems: tuple[str, ...]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Site:
    """The site of a clean copy of the checkout; workers of one run share it."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "site"
    checkout, pages, doctrees = folder / "checkout", folder / "pages", folder / "doctrees"
    said = folder / "problems.txt"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not said.exists():
            copy_checkout(checkout)
            said.write_text("\n".join(render(checkout, pages, doctrees)))
    return Site(checkout, doctrees, pages, tuple(said.read_text().splitlines()))


@pytest.fixture(scope="module")
def address(site: Site) -> Iterator[str]:
    """Where the pages are served, with a slash at the end."""
    with server(site.pages, 0) as serving:
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        yield f"http://{HERE}:{serving.server_port}/"
        serving.shutdown()
        thread.join()
