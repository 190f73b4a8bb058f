"""Short forms of what most cases of an operation end in."""

from typing import Any

from poolspec.vectors.recorder import Recorder
from tests.helpers.running import run_operation


def run_rejected(
    spec: Any,
    state: Any,
    vector: Recorder,
    handler: str,
    operation: Any,
    reason: str,
    faults: int = 1,
) -> None:
    """An operation that makes its block invalid, for one reason, as a case."""
    run_operation(
        spec, state, vector, handler, operation, valid=False, reason=reason, faults=faults
    )


def run_ignored(spec: Any, state: Any, vector: Recorder, handler: str, request: Any) -> None:
    """A request that does not apply and leaves the state as it was, as a case."""
    before = spec.hash_tree_root(state)
    run_operation(spec, state, vector, handler, request)
    assert spec.hash_tree_root(state) == before
