"""What all attacks are tried with."""

from typing import Any

import pytest

import poolspec


@pytest.fixture(scope="session")
def mainnet() -> Any:
    """PoolBonds with mainnet's numbers."""
    return poolspec.load("poolbonds", "mainnet")
