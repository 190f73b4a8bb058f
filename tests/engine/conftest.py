"""What all tests of the engine share."""

from collections.abc import Iterator

import pytest

from poolspec.runtime import bls


@pytest.fixture
def no_signatures() -> Iterator[None]:
    """Take all signatures as valid, so that random ones do."""
    bls.bls_active = False
    yield
    bls.bls_active = True
