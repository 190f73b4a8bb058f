"""A folder with what the small proposal links to."""

from pathlib import Path

import pytest

from poolspec.proposal.facts import Facts, gather
from tests.proposal.examples import make_checkout


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a checkout of nothing but the files that the small proposal links to."""
    make_checkout(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def facts() -> Facts:
    """Return what the specification says; reading it takes a second."""
    return gather(Path(__file__).parents[2])
