"""Both versions of the compiled specification, and signatures switched off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import poolspec
from poolspec.runtime import bls


@pytest.fixture(scope="session")
def fast_spec() -> Any:
    """The specification with the fast functions."""
    return poolspec.load("fulu", "minimal")


@pytest.fixture(scope="session")
def plain_spec() -> Any:
    """The specification as the documents stand."""
    return poolspec.load("fulu", "minimal", fast=False)


@pytest.fixture
def _no_signatures() -> Iterator[None]:
    bls.bls_active = False
    yield
    bls.bls_active = True
