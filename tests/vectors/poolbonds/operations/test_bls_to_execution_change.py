"""Changes to an execution address: they are for BLS credentials, and for nothing else."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.genesis import execution_credentials
from tests.helpers.pools import ETH, add_pool
from tests.helpers.requests import bls_credentials, build_bls_to_execution_change
from tests.helpers.running import run_operation

HANDLER = "bls_to_execution_change"

pytestmark = pytest.mark.vectors(runner="operations", handler=HANDLER, forks=["poolbonds"])

INDEX = 3


def _commit(spec: Any, state: Any, prefix: bytes) -> None:
    """The credentials commit to a withdrawal key, under a prefix that may be another than 0x00."""
    add_pool(spec, state, bond=32 * ETH)
    credentials = prefix + bls_credentials(spec, INDEX)[1:]
    state.validators[INDEX].withdrawal_credentials = spec.Bytes32(credentials)


@pytest.mark.bls
def test_change(spec: Any, state: Any, vector: Recorder) -> None:
    _commit(spec, state, b"\x00")
    change = build_bls_to_execution_change(spec, state, INDEX)
    run_operation(spec, state, vector, HANDLER, change)
    assert state.validators[INDEX].withdrawal_credentials == execution_credentials(INDEX)


@pytest.mark.bls
@pytest.mark.parametrize("prefix", [b"\xb4", b"\xb5"], ids=["pooled", "bond"])
def test_other_prefix(spec: Any, state: Any, vector: Recorder, prefix: bytes) -> None:
    """All but the prefix matches: who locks in a pool cannot be moved out of it."""
    _commit(spec, state, prefix)
    run_operation(
        spec,
        state,
        vector,
        HANDLER,
        build_bls_to_execution_change(spec, state, INDEX),
        valid=False,
        reason="the credentials are not BLS credentials",
    )
