"""Random states through every step of an epoch's end: specification and engine agree."""

from typing import Any

import pytest

import poolspec
from tests.engine.random_states import Maker
from tests.engine.side_by_side import assert_agree

STEPS = [
    "process_epoch",
    "process_justification_and_finalization",
    "process_inactivity_updates",
    "process_rewards_and_penalties",
    "process_registry_updates",
    "process_slashings",
    "process_pending_deposits",
    "process_pending_consolidations",
    "process_effective_balance_updates",
    "process_sync_committee_updates",
    "process_proposer_lookahead",
]
POOL_STEPS = ["process_pending_pool_penalties", "process_pool_unbonding", "process_pool_seats"]


def run_step(name: str) -> Any:
    """A step by its name, which both implementations use."""
    return lambda implementation, state: getattr(implementation, name)(state)


@pytest.mark.usefixtures("no_signatures")
@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("fork", ["fulu", "poolbonds"])
def test_epoch_steps_agree(fork: str, seed: int) -> None:
    spec: Any = poolspec.load(fork, "minimal")
    state = Maker(spec, seed).build()
    for name in STEPS + (POOL_STEPS if fork == "poolbonds" else []):
        step = run_step(name)
        assert_agree(spec, state, step, step, f"{name}, seed {seed}")


@pytest.mark.usefixtures("no_signatures")
@pytest.mark.parametrize("seed", range(8))
def test_many_epochs_agree(seed: int) -> None:
    spec: Any = poolspec.load("poolbonds", "minimal")
    state: Any = Maker(spec, 1000 + seed).build()

    def two_epochs(implementation: Any, each: Any) -> None:
        implementation.process_slots(each, each.slot + 2 * int(spec.SLOTS_PER_EPOCH))

    for _ in range(4):
        state = assert_agree(spec, state, two_epochs, two_epochs, f"seed {seed}")
        if state is None:
            return
