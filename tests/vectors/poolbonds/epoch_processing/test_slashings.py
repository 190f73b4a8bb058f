"""Correlation penalties of solo validators; those of pooled ones have a queue of their own."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.epoch_end import EPOCH, run_at_epoch_end
from tests.helpers.pools import ETH, SEAT, add_pool, make_pooled, pooled_credentials

pytestmark = pytest.mark.vectors(
    runner="epoch_processing", handler="slashings", forks=["poolbonds"]
)

STEP = "process_slashings"
BOND = 100 * ETH
SOLO = 40


def _slash(spec: Any, state: Any, index: int, withdrawable: int) -> None:
    state.validators[index].slashed = True
    state.validators[index].exit_epoch = 2
    state.validators[index].withdrawable_epoch = withdrawable


def _due(spec: Any) -> int:
    """The withdrawable epoch of those whose penalty falls in this epoch."""
    return EPOCH + int(spec.EPOCHS_PER_SLASHINGS_VECTOR) // 2


def test_pooled_are_passed_over(spec: Any, state: Any, vector: Recorder) -> None:
    """Neither a bond nor the balance of a pooled validator pays; a solo validator does."""
    pool = add_pool(spec, state, bond=BOND)
    make_pooled(spec, state, pool, [3])
    state.validators[4].withdrawal_credentials = spec.Bytes32(pooled_credentials(pool, 4))
    for index in (3, 4, SOLO):
        _slash(spec, state, index, _due(spec))
    # A 64th of the stake that is left with three validators gone
    active_eth = 32 * (len(state.validators) - 3)
    state.slashings[5] = active_eth * ETH // 64
    around = run_at_epoch_end(spec, state, vector, STEP)
    assert state.pools[pool].bond == around.pre.pools[pool].bond
    assert state.balances[3] == state.balances[4] == SEAT
    assert state.balances[SOLO] == around.pre.balances[SOLO] - 1_500_000_000


@pytest.mark.parametrize(
    ("shift", "pays"), [(-1, False), (0, True), (1, False)], ids=["before", "now", "past"]
)
def test_solo_at_its_epoch(spec: Any, state: Any, vector: Recorder, shift: int, pays: bool) -> None:
    _slash(spec, state, SOLO, _due(spec) + shift)
    state.slashings[5] = 32 * (len(state.validators) - 1) * ETH // 64
    around = run_at_epoch_end(spec, state, vector, STEP)
    paid = around.pre.balances[SOLO] - state.balances[SOLO]
    assert paid == (1_500_000_000 if pays else 0)


def test_solo_that_only_exits(spec: Any, state: Any, vector: Recorder) -> None:
    """An exit that ends in the same epoch is not a slashing."""
    state.validators[SOLO].exit_epoch = 2
    state.validators[SOLO].withdrawable_epoch = _due(spec)
    state.slashings[5] = 300 * ETH
    around = run_at_epoch_end(spec, state, vector, STEP)
    assert state.balances[SOLO] == around.pre.balances[SOLO]
