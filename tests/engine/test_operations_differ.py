"""Random operations on random states: specification and engine agree on verdict and result."""

from typing import Any

import pytest

import poolspec
from tests.engine.random_operations import Operations
from tests.engine.random_states import Maker
from tests.engine.side_by_side import assert_agree


def run_operation(name: str, operation: Any) -> Any:
    """A step that processes one operation."""
    return lambda implementation, state: getattr(implementation, name)(state, operation)


@pytest.mark.usefixtures("no_signatures")
@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("fork", ["fulu", "poolbonds"])
def test_operations_agree(fork: str, seed: int) -> None:
    spec: Any = poolspec.load(fork, "minimal")
    maker = Maker(spec, seed)
    state = maker.build()
    operations = Operations(maker, state)
    for name, operation in operations.all():
        step = run_operation(name, operation)
        after = assert_agree(spec, operations.state, step, step, f"{name}, seed {seed}")
        if after is not None:
            operations.state = after
