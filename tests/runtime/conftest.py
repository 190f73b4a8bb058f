"""Both versions of the compiled specification, and signatures switched off."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

import poolspec
from poolspec.runtime import bls


@cache
def _plain(fork_name: str) -> Any:
    return poolspec.load(fork_name, "minimal", fast=False)


@pytest.fixture
def fork_name() -> str:
    """The fork that is tested; tests of several parametrise it."""
    return "fulu"


@pytest.fixture
def fast_spec(fork_name: str) -> Any:
    """The specification with the fast functions."""
    return poolspec.load(fork_name, "minimal")


@pytest.fixture
def plain_spec(fork_name: str) -> Any:
    """The specification as the documents stand."""
    return _plain(fork_name)


@pytest.fixture
def _no_signatures() -> Iterator[None]:
    bls.bls_active = False
    yield
    bls.bls_active = True
