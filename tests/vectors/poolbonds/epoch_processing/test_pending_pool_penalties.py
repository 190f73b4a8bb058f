"""Correlation penalties of slashed pooled validators, half a slashings vector after the offence."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.epoch_end import EPOCH, run_at_epoch_end
from tests.helpers.pools import ETH, SEAT, SEAT_BOND, add_pool, make_pooled

pytestmark = pytest.mark.vectors(
    runner="epoch_processing", handler="pending_pool_penalties", forks=["poolbonds"]
)

STEP = "process_pending_pool_penalties"
BOND = 100 * ETH
INITIAL_PENALTY = SEAT // 4096
LARGEST_PENALTY = SEAT - INITIAL_PENALTY
"""What the initial penalty has left of 32 ETH: 31.9921875 ETH."""


def _owe(spec: Any, state: Any, entries: list[tuple[int, int]]) -> None:
    """Queue penalties, given as (pool, epoch)."""
    for pool, epoch in entries:
        state.pending_pool_penalties.append(
            spec.PendingPoolPenalty(pool_index=pool, penalty_epoch=epoch)
        )


def _owed(state: Any) -> list[tuple[int, int]]:
    return [(int(p.pool_index), int(p.penalty_epoch)) for p in state.pending_pool_penalties]


def _slash_a_part(state: Any, part: int) -> int:
    """Let one part in `part` of the stake have been slashed; gives the penalty on 32 ETH.

    It is three times that part of 32 ETH, and the total is a multiple of 2048 ETH.
    """
    state.slashings[3] = 32 * len(state.validators) * ETH // part
    return 3 * SEAT // part


@pytest.mark.parametrize(
    ("epoch", "is_due"),
    [(EPOCH, True), (EPOCH - 1, True), (EPOCH + 1, False)],
    ids=["now", "late", "not_yet"],
)
def test_due(spec: Any, state: Any, vector: Recorder, epoch: int, is_due: bool) -> None:
    pool = add_pool(spec, state, bond=BOND)
    penalty = _slash_a_part(state, 64)
    assert penalty == 1_500_000_000
    _owe(spec, state, [(pool, epoch)])
    run_at_epoch_end(spec, state, vector, STEP)
    assert state.pools[pool].bond == BOND - (penalty if is_due else 0)
    assert _owed(state) == ([] if is_due else [(pool, epoch)])


def test_several_of_several_pools(spec: Any, state: Any, vector: Recorder) -> None:
    """Each entry is charged to its own pool, up to the first one that is not due."""
    for _ in range(3):
        add_pool(spec, state, bond=BOND)
    penalty = _slash_a_part(state, 64)
    _owe(spec, state, [(2, 9), (0, 9), (2, 10), (2, 10), (0, 11), (1, 12)])
    run_at_epoch_end(spec, state, vector, STEP)
    assert [pool.bond for pool in state.pools] == [BOND - penalty, BOND, BOND - 3 * penalty]
    assert _owed(state) == [(0, 11), (1, 12)]


def test_nothing_is_owed(spec: Any, state: Any, vector: Recorder) -> None:
    add_pool(spec, state, bond=BOND)
    _slash_a_part(state, 2)
    run_at_epoch_end(spec, state, vector, STEP)
    assert state.pools[0].bond == BOND


def test_nothing_was_slashed(spec: Any, state: Any, vector: Recorder) -> None:
    """Slashed without any weight: there is no correlation, and the debt is settled with nothing."""
    pool = add_pool(spec, state, bond=BOND)
    _owe(spec, state, [(pool, EPOCH)])
    run_at_epoch_end(spec, state, vector, STEP)
    assert state.pools[pool].bond == BOND
    assert _owed(state) == []


@pytest.mark.parametrize(
    ("bond", "left"),
    [(1_500_000_001, 1), (1_500_000_000, 0), (1_499_999_999, 0), (0, 0)],
    ids=["one_more", "exact", "one_less", "empty"],
)
def test_bond_runs_dry(spec: Any, state: Any, vector: Recorder, bond: int, left: int) -> None:
    pool = add_pool(spec, state, bond=bond)
    assert _slash_a_part(state, 64) == 1_500_000_000
    _owe(spec, state, [(pool, EPOCH)])
    run_at_epoch_end(spec, state, vector, STEP)
    assert state.pools[pool].bond == left
    assert _owed(state) == []


@pytest.mark.parametrize("part", [3, 1], ids=["a_third", "all"])
def test_full_penalty(spec: Any, state: Any, vector: Recorder, part: int) -> None:
    """With a third of the stake slashed, or more, both penalties together take 32 ETH."""
    pool = add_pool(spec, state, bond=BOND)
    # Rounded up to a whole Gwei, so that three times it is no less than the total
    state.slashings[3] = -(-32 * len(state.validators) * ETH // part)
    _owe(spec, state, [(pool, EPOCH), (pool, EPOCH)])
    run_at_epoch_end(spec, state, vector, STEP)
    assert state.pools[pool].bond == BOND - 2 * LARGEST_PENALTY
    assert LARGEST_PENALTY == 31_992_187_500


@pytest.mark.parametrize(
    ("per_increment", "penalty"),
    [(999_755_859, 31_992_187_488), (999_755_860, 31_992_187_500)],
    ids=["under", "over"],
)
def test_around_the_largest_penalty(
    spec: Any, state: Any, vector: Recorder, per_increment: int, penalty: int
) -> None:
    """32 times the penalty per ETH, but no more than what the initial penalty has left."""
    pool = add_pool(spec, state, bond=BOND)
    total_eth = 32 * len(state.validators)
    # The least sum, three times which is that much for each ETH of the total
    state.slashings[3] = -(-per_increment * total_eth // 3)
    assert 3 * int(state.slashings[3]) // total_eth == per_increment
    _owe(spec, state, [(pool, EPOCH)])
    run_at_epoch_end(spec, state, vector, STEP)
    assert state.pools[pool].bond == BOND - penalty


def test_rounded_down_by_increment(spec: Any, state: Any, vector: Recorder) -> None:
    """One Gwei short of 46,875,000 for each ETH makes 32 Gwei less for a seat."""
    pool = add_pool(spec, state, bond=BOND)
    total_eth = 32 * len(state.validators)
    state.slashings[3] = 46_875_000 * total_eth // 3 - 1
    _owe(spec, state, [(pool, EPOCH)])
    run_at_epoch_end(spec, state, vector, STEP)
    assert state.pools[pool].bond == BOND - (1_500_000_000 - 32)


def test_all_slashings_of_the_vector_count(spec: Any, state: Any, vector: Recorder) -> None:
    pool = add_pool(spec, state, bond=BOND)
    part = 32 * len(state.validators) * ETH // 128
    for place in (0, int(spec.EPOCHS_PER_SLASHINGS_VECTOR) - 1):
        state.slashings[place] = part
    _owe(spec, state, [(pool, EPOCH)])
    run_at_epoch_end(spec, state, vector, STEP)
    assert state.pools[pool].bond == BOND - 1_500_000_000


def test_before_the_seats_of_the_epoch(spec: Any, state: Any, vector: Recorder) -> None:
    """The bond that the penalty takes carries no seat in the next epoch."""
    pool = add_pool(spec, state, bond=1_500_000_000 + SEAT_BOND)
    make_pooled(spec, state, pool, [3, 4])
    _slash_a_part(state, 64)
    _owe(spec, state, [(pool, EPOCH)])
    around = run_at_epoch_end(spec, state, vector, STEP)
    assert state.pools[pool].bond == SEAT_BOND
    after = around.post_epoch
    assert [after.validators[index].effective_balance for index in (3, 4)] == [SEAT, 0]
