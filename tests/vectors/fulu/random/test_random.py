"""Blocks of seeded scenarios, with all kinds of operations on validators of all kinds."""

from random import Random
from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.random_blocks import RandomChain, stand_with_random_stake

pytestmark = pytest.mark.vectors(
    runner="random", handler="random", forks=["fulu", "poolbonds"], presets=["minimal"]
)

BLOCKS = 24
"""Three epochs of them, and more with the empty slots."""


@pytest.mark.parametrize("leaking", [False, True], ids=["finalizing", "leaking"])
@pytest.mark.parametrize("seed", range(4))
def test_scenario(spec: Any, state: Any, vector: Recorder, seed: int, leaking: bool) -> None:
    random = Random(f"{seed} {leaking}")
    stand_with_random_stake(spec, state, random)
    if leaking:
        state.finalized_checkpoint.epoch -= 10
    scenario = RandomChain(spec, state, random)
    scenario.chain.begin(vector)
    before = state.copy()
    scenario.run(BLOCKS)
    scenario.chain.end(vector)

    blocks = scenario.chain.blocks
    assert len(blocks) == BLOCKS
    assert state.slot == blocks[-1].message.slot
    _check_what_was_done(spec, before, state, scenario.done)
    paid = sum(scenario.chain.paid().values())
    # Rewards and penalties of these few epochs are less than a hundredth of the stake.
    stake = sum(int(balance) for balance in before.balances)
    kept = sum(int(balance) for balance in state.balances)
    credited = _credited(spec, before, state, blocks)
    assert abs(stake + credited - paid - kept) < stake // 100


def _check_what_was_done(spec: Any, before: Any, after: Any, done: dict[str, list[int]]) -> None:
    """Every operation has had its effect."""
    for index in done.get("slashed", []):
        assert after.validators[index].slashed
    for index in done.get("slashed", []) + done.get("leaving", []):
        assert after.validators[index].exit_epoch != spec.FAR_FUTURE_EPOCH
    for kind, prefix in (("changed", 1), ("switching", 2)):
        for index in done.get(kind, []):
            assert bytes(after.validators[index].withdrawal_credentials)[0] == prefix
    idle = set(range(len(before.validators))) - {
        index for indices in done.values() for index in indices
    }
    for index in idle:
        assert after.validators[index].slashed == before.validators[index].slashed
        assert after.validators[index].exit_epoch == before.validators[index].exit_epoch


def _credited(spec: Any, before: Any, after: Any, blocks: list[Any]) -> int:
    """Gwei of deposits that have left the queue; switches put some in that they took out."""
    requested = sum(
        int(request.amount)
        for signed in blocks
        for request in signed.message.body.execution_requests.deposits
    )
    waiting = [
        sum(int(each.amount) for each in state.pending_deposits) for state in (before, after)
    ]
    return requested + waiting[0] - waiting[1]
