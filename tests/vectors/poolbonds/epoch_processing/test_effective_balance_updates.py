"""Effective balances: solo ones follow balances, pooled ones are given with seats."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.genesis import execution_credentials
from tests.helpers.pools import ETH, SEAT, add_pool, make_pooled, pooled_credentials
from tests.helpers.running import run_epoch_step, run_step_alone

pytestmark = pytest.mark.vectors(
    runner="epoch_processing", handler="effective_balance_updates", forks=["poolbonds"]
)

STEP = "process_effective_balance_updates"


@pytest.mark.parametrize(
    "balance",
    [0, 1, SEAT - ETH // 4 - 1, SEAT + 2 * ETH, 2048 * ETH, 2**64 - 1],
    ids=["nothing", "one_gwei", "less", "more", "much_more", "largest"],
)
def test_pooled_stay(spec: Any, state: Any, vector: Recorder, balance: int) -> None:
    """Seated, waiting or slashed; whatever is in the balance, even what could not be added to."""
    pool = add_pool(spec, state, bond=100 * ETH)
    make_pooled(spec, state, pool, [3, 4])
    make_pooled(spec, state, pool, [5], seated=False)
    state.validators[4].slashed = True
    state.validators[6].withdrawal_credentials = spec.Bytes32(pooled_credentials(pool, 6))
    for index in (3, 4, 5, 6):
        state.balances[index] = balance
    run_step_alone(spec, state, vector, STEP)
    effective = [state.validators[index].effective_balance for index in (3, 4, 5, 6)]
    assert effective == [SEAT, SEAT, 0, SEAT]
    assert state.validators[7].effective_balance == SEAT


@pytest.mark.parametrize(
    ("prefix", "before_eth", "balance", "after_eth"),
    [
        (b"\x01", 32, 32 * ETH - ETH // 4, 32),
        (b"\x01", 32, 32 * ETH - ETH // 4 - 1, 31),
        (b"\x01", 31, 32 * ETH + ETH // 4, 31),
        (b"\x01", 31, 32 * ETH + ETH // 4 + 1, 32),
        (b"\x01", 32, 40 * ETH, 32),
        (b"\x01", 32, 16 * ETH + 5, 16),
        (b"\x01", 32, 0, 0),
        (b"\x02", 32, 33 * ETH + ETH // 4, 32),
        (b"\x02", 32, 33 * ETH + ETH // 4 + 1, 33),
        (b"\x02", 2048, 2048 * ETH - ETH // 4 - 1, 2047),
        (b"\x02", 40, 3000 * ETH, 2048),
        (b"\x01", 31, 2**64 - 1, 32),
        (b"\x01", 32, 2**64 - ETH // 4, 32),
        (b"\x02", 32, 2**64 - 5 * ETH // 4, 2048),
        (b"\xb5", 32, 64 * ETH, 32),
        (b"\xb5", 32, 20 * ETH, 20),
    ],
    ids=[
        "down_at",
        "down_below",
        "up_at",
        "up_above",
        "capped",
        "half",
        "nothing",
        "compounding_up_at",
        "compounding_up_above",
        "compounding_down_below",
        "compounding_capped",
        "largest",
        "nearly_largest",
        "compounding_nearly_largest",
        "bond_prefix_capped",
        "bond_prefix_down",
    ],
)
def test_solo_follow(
    spec: Any,
    state: Any,
    vector: Recorder,
    prefix: bytes,
    before_eth: int,
    balance: int,
    after_eth: int,
) -> None:
    """Down when more than 0.25 ETH below, up when more than 1.25 ETH above, in whole ETH."""
    validator = state.validators[7]
    validator.withdrawal_credentials = spec.Bytes32(execution_credentials(7, prefix))
    validator.effective_balance = before_eth * ETH
    state.balances[7] = balance
    run_epoch_step(spec, state, vector, STEP)
    assert state.validators[7].effective_balance == after_eth * ETH
    assert state.validators[8].effective_balance == SEAT
