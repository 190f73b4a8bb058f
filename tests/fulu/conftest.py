"""A chain of 64 validators, minimal preset, with their secret keys."""

from functools import cache
from typing import Any

import pytest

from poolspec.fulu import minimal
from tests.fulu.chain import genesis_state


@cache
def _genesis() -> Any:
    return genesis_state(minimal)


@pytest.fixture
def state() -> Any:
    """The genesis state, for the test alone."""
    return _genesis().copy()
