"""Consolidations of solo validators go on as before, beside pools and at the largest balance."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.genesis import execution_credentials
from tests.helpers.pools import ETH, add_pool, make_pooled, total_money
from tests.helpers.running import run_epoch_step, run_step_alone

STEP = "process_pending_consolidations"

pytestmark = pytest.mark.vectors(
    runner="epoch_processing", handler="pending_consolidations", forks=["poolbonds"]
)

SOURCE = 3
TARGET = 9


def _consolidation(spec: Any, state: Any) -> None:
    """One that is due at the end of epoch 0, next to a pool with a seat."""
    add_pool(spec, state, bond=40 * ETH)
    make_pooled(spec, state, 0, [5])
    credentials = execution_credentials(TARGET, b"\x02")
    state.validators[TARGET].withdrawal_credentials = spec.Bytes32(credentials)
    state.validators[SOURCE].exit_epoch = 0
    state.validators[SOURCE].withdrawable_epoch = 1
    state.pending_consolidations.append(
        spec.PendingConsolidation(source_index=SOURCE, target_index=TARGET)
    )


def test_beside_a_pool(spec: Any, state: Any, vector: Recorder) -> None:
    _consolidation(spec, state)
    run = run_epoch_step(spec, state, vector, STEP)
    assert [state.balances[index] for index in (SOURCE, TARGET)] == [0, 64 * ETH]
    assert total_money(run.pre) == total_money(run.post)
    assert len(state.pending_consolidations) == 0


def test_balance_is_clamped(spec: Any, state: Any, vector: Recorder) -> None:
    """A balance that cannot hold more loses the rest; the step never fails.

    The step stands alone, as no effective balance can be reckoned on such a balance.
    """
    _consolidation(spec, state)
    state.balances[TARGET] = 2**64 - 32 * ETH
    run_step_alone(spec, state, vector, STEP)
    assert [state.balances[index] for index in (SOURCE, TARGET)] == [0, 2**64 - 1]
