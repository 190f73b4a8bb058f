"""Slots without blocks."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.blocks import propose
from tests.helpers.deposits import build_pending_deposit
from tests.helpers.epochs import transition_to
from tests.helpers.genesis import execution_credentials
from tests.helpers.queues import queue_deposits
from tests.helpers.running import run_slots
from tests.helpers.solo import ETH, depart

pytestmark = pytest.mark.vectors(runner="sanity", handler="slots", forks=["fulu", "poolbonds"])


def test_one_slot(spec: Any, state: Any, vector: Recorder) -> None:
    """The root of the state is noted under its slot."""
    root = spec.hash_tree_root(state)
    run_slots(spec, state, vector, 1)
    assert state.slot == 1
    assert state.state_roots[0] == root
    assert state.latest_block_header.state_root == root


def test_two_slots(spec: Any, state: Any, vector: Recorder) -> None:
    """The latest block is the same for both, the state is not."""
    run_slots(spec, state, vector, 2)
    assert state.block_roots[0] == state.block_roots[1] != spec.Root()
    assert state.state_roots[0] != state.state_roots[1]


def test_after_a_block(spec: Any, state: Any, vector: Recorder) -> None:
    """The block's root can only be known when its slot ends."""
    signed = propose(spec, state)
    run_slots(spec, state, vector, 1)
    assert state.block_roots[1] == spec.hash_tree_root(signed.message)


@pytest.mark.parametrize("past", [-1, 0, 1], ids=["last_of_epoch", "next_epoch", "second_of_next"])
def test_around_an_epochs_end(spec: Any, state: Any, vector: Recorder, past: int) -> None:
    """The epoch ends with its last slot, not before."""
    length = int(spec.SLOTS_PER_EPOCH)
    lookahead = list(state.proposer_lookahead)
    run_slots(spec, state, vector, length + past)
    assert state.slot == length + past
    moved = list(state.proposer_lookahead)[:length] == lookahead[length:]
    assert moved == (past >= 0)


@pytest.mark.parametrize("epochs", [2, 4])
def test_epochs(spec: Any, state: Any, vector: Recorder, epochs: int) -> None:
    """Everybody is charged for what was not voted on, from the second epoch's end on."""
    run_slots(spec, state, vector, epochs * int(spec.SLOTS_PER_EPOCH))
    assert max(state.balances) < 32 * ETH
    assert len(set(state.balances)) == 1


def test_into_a_leak(spec: Any, state: Any, vector: Recorder) -> None:
    """Scores rise from the end of epoch 6 on: the fifth after the finalized one is over then."""
    length = int(spec.SLOTS_PER_EPOCH)
    transition_to(spec, state, 5 * length)
    assert set(state.inactivity_scores) == {0}
    run_slots(spec, state, vector, 3 * length)
    assert set(state.inactivity_scores) == {8}


@pytest.mark.parametrize("slots", [1, 3])
def test_end_of_a_ring(spec: Any, state: Any, vector: Recorder, slots: int) -> None:
    """When all places for roots have been used, a summary is made, and they are used again."""
    ring = int(spec.SLOTS_PER_HISTORICAL_ROOT)
    state.slot = ring - 1
    state.finalized_checkpoint.epoch = ring // int(spec.SLOTS_PER_EPOCH) - 2
    run_slots(spec, state, vector, slots)
    assert len(state.historical_summaries) == 1
    assert (state.state_roots[0] != spec.Root()) == (slots > 1)


def test_deposits_of_epochs(spec: Any, state: Any, vector: Recorder) -> None:
    """Two deposits that together are too much for one epoch."""
    index = len(state.validators)
    limit = int(spec.config.MIN_PER_EPOCH_CHURN_LIMIT_ELECTRA)
    queue_deposits(
        state,
        build_pending_deposit(spec, index, execution_credentials(index), 33 * ETH),
        build_pending_deposit(spec, index + 1, execution_credentials(index + 1), limit),
    )
    run_slots(spec, state, vector, 2 * int(spec.SLOTS_PER_EPOCH))
    assert len(state.validators) == index + 2
    # The first had lined up at the end of the second epoch, when the other was applied.
    first, second = state.validators[index], state.validators[index + 1]
    assert first.activation_eligibility_epoch == 2
    assert second.activation_eligibility_epoch == spec.FAR_FUTURE_EPOCH


def test_consolidation_and_withdrawal_in_the_queues(
    spec: Any, state: Any, vector: Recorder
) -> None:
    """At an epoch's end a consolidation is due; withdrawals wait for a block."""
    depart(state, 3, 0, 1)
    state.pending_consolidations.append(spec.PendingConsolidation(source_index=3, target_index=4))
    withdrawal = spec.PendingPartialWithdrawal(validator_index=5, amount=1)
    state.pending_partial_withdrawals.append(withdrawal)
    run_slots(spec, state, vector, int(spec.SLOTS_PER_EPOCH))
    assert (state.balances[3], state.balances[4]) == (0, 64 * ETH)
    assert len(state.pending_consolidations) == 0
    assert list(state.pending_partial_withdrawals) == [withdrawal]
