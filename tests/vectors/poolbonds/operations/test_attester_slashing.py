"""Slashing pooled validators: what the bond pays, what others feel, and when who may leave."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.epoch_end import leave_at
from tests.helpers.offences import (
    EPOCH,
    EXIT_EPOCH,
    INITIAL_PENALTY,
    PROPOSER,
    owed,
    penalty_epoch,
    slashed_weight,
    stand_in_epoch,
)
from tests.helpers.pools import ETH, SEAT, add_pool, add_waiting, make_pooled, pooled_credentials
from tests.helpers.running import run_operation
from tests.helpers.sampling import make_heavy
from tests.helpers.slashings import build_attester_slashing

HANDLER = "attester_slashing"

pytestmark = pytest.mark.vectors(runner="operations", handler=HANDLER, forks=["poolbonds"])

BOND = 100 * ETH
INDEX, OTHER = 3, 7
LONG_QUEUE = 100
CHURN = {"minimal": 64 * ETH, "mainnet": 128 * ETH}
NOT_SLASHABLE = "nobody who made both votes is slashable"


def _slash(spec: Any, state: Any, vector: Recorder, *indices: int) -> None:
    stand_in_epoch(spec, state)
    evidence = build_attester_slashing(spec, state, indices)
    run_operation(spec, state, vector, HANDLER, evidence)


def _reject(spec: Any, state: Any, vector: Recorder, index: int) -> None:
    stand_in_epoch(spec, state)
    evidence = build_attester_slashing(spec, state, [index])
    run_operation(spec, state, vector, HANDLER, evidence, valid=False, reason=NOT_SLASHABLE)


def _pool(spec: Any, state: Any, bond: int = BOND, commission: int = 0) -> int:
    """The second of two pools, with a validator in a seat."""
    add_pool(spec, state, bond=BOND)
    pool = add_pool(spec, state, bond=bond, commission=commission)
    make_pooled(spec, state, pool, [INDEX])
    return pool


def _make_unadmitted(spec: Any, state: Any, index: int) -> None:
    credentials = spec.Bytes32(pooled_credentials(1, index))
    state.validators[index].withdrawal_credentials = credentials


def _check_exit(state: Any, index: int, exit_epoch: int, withdrawable: int) -> None:
    validator = state.validators[index]
    assert validator.slashed
    assert (validator.exit_epoch, validator.withdrawable_epoch) == (exit_epoch, withdrawable)


def test_seated(spec: Any, state: Any, vector: Recorder) -> None:
    """The bond pays, the staker does not, and leaves after the ordinary delay."""
    pool = _pool(spec, state)
    place = EPOCH % int(spec.EPOCHS_PER_SLASHINGS_VECTOR)
    state.slashings[place] = 5 * ETH
    state.pending_pool_penalties.append(spec.PendingPoolPenalty(pool_index=0, penalty_epoch=12))
    _slash(spec, state, vector, INDEX)
    assert [each.bond for each in state.pools] == [BOND, BOND - INITIAL_PENALTY]
    assert INITIAL_PENALTY == 7_812_500
    assert state.balances[INDEX] == SEAT
    assert state.validators[INDEX].effective_balance == SEAT
    assert state.balances[PROPOSER] == SEAT + 7_812_500
    assert slashed_weight(spec, state) == 37 * ETH
    assert owed(state) == [(0, 12), (pool, penalty_epoch(spec))]
    _check_exit(state, INDEX, EXIT_EPOCH, EXIT_EPOCH + 256)
    assert state.earliest_exit_epoch == EXIT_EPOCH
    assert state.exit_balance_to_consume == CHURN[spec.preset] - SEAT
    held = {"minimal": EXIT_EPOCH + 256, "mainnet": EPOCH + 4096 + 1}
    assert [each.withdrawable_epoch for each in state.pools] == [0, held[spec.preset]]


def test_waiting(spec: Any, state: Any, vector: Recorder) -> None:
    """The bond pays as for a seat; nobody else feels it, and nobody is rewarded."""
    pool = _pool(spec, state)
    make_pooled(spec, state, pool, [OTHER], seated=False)
    state.exit_balance_to_consume = 3
    state.earliest_exit_epoch = LONG_QUEUE
    _slash(spec, state, vector, OTHER)
    assert state.pools[pool].bond == BOND - INITIAL_PENALTY
    assert state.balances[OTHER] == SEAT
    assert state.balances[PROPOSER] == SEAT
    assert slashed_weight(spec, state) == 0
    assert owed(state) == [(pool, penalty_epoch(spec))]
    _check_exit(state, OTHER, EXIT_EPOCH, EXIT_EPOCH + 256)
    assert (state.earliest_exit_epoch, state.exit_balance_to_consume) == (LONG_QUEUE, 3)


def test_seated_behind_a_long_queue(spec: Any, state: Any, vector: Recorder) -> None:
    """Weight leaves through the exit queue, and the bond is held until the staker is paid."""
    pool = _pool(spec, state)
    state.earliest_exit_epoch = 9000
    state.exit_balance_to_consume = 31 * ETH
    _slash(spec, state, vector, INDEX)
    _check_exit(state, INDEX, 9001, 9257)
    assert state.pools[pool].withdrawable_epoch == 9257
    assert state.exit_balance_to_consume == CHURN[spec.preset] - ETH


def test_unadmitted(spec: Any, state: Any, vector: Recorder) -> None:
    """Nobody answers for it: it loses its place, and its weight counts, but nobody pays."""
    pool = _pool(spec, state)
    _make_unadmitted(spec, state, OTHER)
    _slash(spec, state, vector, OTHER)
    assert state.pools[pool].bond == BOND
    assert state.pools[pool].withdrawable_epoch == 0
    assert state.balances[OTHER] == SEAT
    assert state.balances[PROPOSER] == SEAT
    assert slashed_weight(spec, state) == SEAT
    assert owed(state) == []
    _check_exit(state, OTHER, EXIT_EPOCH, EXIT_EPOCH + 256)


def test_solo_beside_pools(spec: Any, state: Any, vector: Recorder) -> None:
    """It pays from its balance and waits a slashings vector long, as under Fulu."""
    _pool(spec, state)
    _slash(spec, state, vector, OTHER)
    assert [pool.bond for pool in state.pools] == [BOND, BOND]
    assert state.balances[OTHER] == SEAT - INITIAL_PENALTY
    assert state.balances[PROPOSER] == SEAT + INITIAL_PENALTY
    assert slashed_weight(spec, state) == SEAT
    assert owed(state) == []
    withdrawable = {"minimal": EXIT_EPOCH + 256, "mainnet": EPOCH + 8192}
    _check_exit(state, OTHER, EXIT_EPOCH, withdrawable[spec.preset])


def test_solo_that_left_early(spec: Any, state: Any, vector: Recorder) -> None:
    """Under either preset a slashings vector is longer than what is left of its delay."""
    leave_at(state, OTHER, 2)
    state.validators[OTHER].withdrawable_epoch = EPOCH + 1
    _slash(spec, state, vector, OTHER)
    _check_exit(state, OTHER, 2, EPOCH + int(spec.EPOCHS_PER_SLASHINGS_VECTOR))


def test_solo_with_compounding_stake(spec: Any, state: Any, vector: Recorder) -> None:
    """Penalty and reward go by its 2048 ETH: half an ETH each."""
    make_heavy(spec, state, [OTHER])
    _slash(spec, state, vector, OTHER)
    assert state.balances[OTHER] == 2048 * ETH - ETH // 2
    assert state.balances[PROPOSER] == SEAT + ETH // 2
    assert slashed_weight(spec, state) == 2048 * ETH


def test_exiting(spec: Any, state: Any, vector: Recorder) -> None:
    """Its exit stays as it was, and so does the queue."""
    pool = _pool(spec, state)
    leave_at(state, INDEX, EPOCH + 2)
    state.earliest_exit_epoch = EPOCH + 2
    _slash(spec, state, vector, INDEX)
    _check_exit(state, INDEX, EPOCH + 2, EPOCH + 258)
    assert state.pools[pool].bond == BOND - INITIAL_PENALTY
    held = {"minimal": EPOCH + 258, "mainnet": EPOCH + 4097}
    assert state.pools[pool].withdrawable_epoch == held[spec.preset]
    assert state.earliest_exit_epoch == EPOCH + 2


def test_exited(spec: Any, state: Any, vector: Recorder) -> None:
    """In the last epoch before it is withdrawable the evidence still counts, with the old weight.

    The bond is held until the epoch after the correlation penalty.
    """
    pool = _pool(spec, state)
    leave_at(state, INDEX, 2)
    state.validators[INDEX].withdrawable_epoch = EPOCH + 1
    _slash(spec, state, vector, INDEX)
    _check_exit(state, INDEX, 2, EPOCH + 1)
    assert slashed_weight(spec, state) == SEAT
    assert state.balances[PROPOSER] == SEAT + INITIAL_PENALTY
    assert owed(state) == [(pool, penalty_epoch(spec))]
    assert state.pools[pool].withdrawable_epoch == penalty_epoch(spec) + 1


@pytest.mark.parametrize("before", [5000, 2**64 - 1])
def test_bond_is_held_longer_already(spec: Any, state: Any, vector: Recorder, before: int) -> None:
    pool = _pool(spec, state)
    state.pools[pool].withdrawable_epoch = before
    _slash(spec, state, vector, INDEX)
    assert state.pools[pool].withdrawable_epoch == before


@pytest.mark.parametrize(
    ("bond", "paid"),
    [
        (7_812_501, 7_812_500),
        (7_812_500, 7_812_500),
        (7_812_499, 7_812_499),
        (1, 1),
        (0, 0),
    ],
    ids=["one_more", "exact", "one_less", "last_gwei", "empty"],
)
def test_reward_is_what_the_bond_paid(
    spec: Any, state: Any, vector: Recorder, bond: int, paid: int
) -> None:
    """An empty bond mints no reward; the weight counts all the same, and the debt is queued."""
    pool = _pool(spec, state, bond)
    _slash(spec, state, vector, INDEX)
    assert state.pools[pool].bond == bond - paid
    assert state.balances[PROPOSER] == SEAT + paid
    assert slashed_weight(spec, state) == SEAT
    assert owed(state) == [(pool, penalty_epoch(spec))]


def test_bond_runs_dry_between_two(spec: Any, state: Any, vector: Recorder) -> None:
    """Of 10,000,000 Gwei the lower index takes its penalty whole, the next one the rest."""
    pool = _pool(spec, state, 10_000_000)
    make_pooled(spec, state, pool, [OTHER])
    _slash(spec, state, vector, INDEX, OTHER)
    assert state.pools[pool].bond == 0
    assert state.balances[PROPOSER] == SEAT + 10_000_000
    assert owed(state) == [(pool, penalty_epoch(spec))] * 2
    assert slashed_weight(spec, state) == 2 * SEAT


def test_waiting_one_empties_the_bond_first(spec: Any, state: Any, vector: Recorder) -> None:
    """Its penalty earns nobody anything, and leaves little for the report of the next."""
    pool = _pool(spec, state, 10_000_000)
    make_pooled(spec, state, pool, [2], seated=False)
    _slash(spec, state, vector, 2, INDEX)
    assert state.pools[pool].bond == 0
    assert state.balances[PROPOSER] == SEAT + 2_187_500
    assert slashed_weight(spec, state) == SEAT


def test_one_of_each(spec: Any, state: Any, vector: Recorder) -> None:
    """Seated, waiting, unadmitted, solo and never active in one report, from two pools."""
    pool = _pool(spec, state)
    make_pooled(spec, state, 0, [4])
    make_pooled(spec, state, pool, [5], seated=False)
    _make_unadmitted(spec, state, 6)
    (new,) = add_waiting(spec, state, pool)
    _slash(spec, state, vector, INDEX, 4, 5, 6, OTHER, new)
    assert [each.bond for each in state.pools] == [
        BOND - INITIAL_PENALTY,
        BOND - 2 * INITIAL_PENALTY,
    ]
    assert owed(state) == [(each, penalty_epoch(spec)) for each in (pool, 0, pool)]
    assert slashed_weight(spec, state) == 4 * SEAT
    assert state.balances[PROPOSER] == SEAT + 3 * INITIAL_PENALTY
    slashed = [bool(state.validators[index].slashed) for index in (INDEX, 4, 5, 6, OTHER, new)]
    assert slashed == [True] * 5 + [False]
    assert state.balances[OTHER] == SEAT - INITIAL_PENALTY


@pytest.mark.parametrize(
    ("commission", "kept"), [(0, 0), (1, 781), (3333, 2_603_906), (10_000, 7_812_500)]
)
def test_pooled_proposer(
    spec: Any, state: Any, vector: Recorder, commission: int, kept: int
) -> None:
    """The report is one reward, of which the commission is rounded down once."""
    pool = _pool(spec, state, commission=commission)
    proposers = add_pool(spec, state, bond=BOND, commission=commission)
    make_pooled(spec, state, proposers, [PROPOSER])
    _slash(spec, state, vector, INDEX)
    assert state.pools[pool].bond == BOND - INITIAL_PENALTY
    assert state.pools[proposers].bond == BOND + kept
    assert state.balances[PROPOSER] == SEAT + INITIAL_PENALTY - kept


def test_pool_reports_its_own(spec: Any, state: Any, vector: Recorder) -> None:
    """The commission comes back into the bond after the penalty; an empty bond gets nothing."""
    pool = _pool(spec, state, bond=1_000_000, commission=2500)
    make_pooled(spec, state, pool, [PROPOSER])
    _slash(spec, state, vector, INDEX)
    assert state.pools[pool].bond == 250_000
    assert state.balances[PROPOSER] == SEAT + 750_000


def test_waiting_proposer(spec: Any, state: Any, vector: Recorder) -> None:
    """Duties already assigned are paid without weight as well."""
    pool = _pool(spec, state, commission=5000)
    make_pooled(spec, state, pool, [PROPOSER], seated=False)
    _slash(spec, state, vector, INDEX)
    assert state.pools[pool].bond == BOND - INITIAL_PENALTY // 2
    assert state.balances[PROPOSER] == SEAT + INITIAL_PENALTY // 2


def test_unadmitted_proposer(spec: Any, state: Any, vector: Recorder) -> None:
    _pool(spec, state)
    _make_unadmitted(spec, state, PROPOSER)
    _slash(spec, state, vector, INDEX)
    assert state.balances[PROPOSER] == SEAT
    assert [pool.bond for pool in state.pools] == [BOND, BOND - INITIAL_PENALTY]


def test_never_active(spec: Any, state: Any, vector: Recorder) -> None:
    pool = _pool(spec, state)
    (new,) = add_waiting(spec, state, pool)
    _reject(spec, state, vector, new)


def test_seated_and_not_yet_active(spec: Any, state: Any, vector: Recorder) -> None:
    """It has weight already, but no duty before its activation."""
    pool = _pool(spec, state)
    (new,) = add_waiting(spec, state, pool)
    state.validators[new].effective_balance = SEAT
    state.validators[new].activation_epoch = EPOCH + 1
    _reject(spec, state, vector, new)


def test_just_active(spec: Any, state: Any, vector: Recorder) -> None:
    pool = _pool(spec, state)
    (new,) = add_waiting(spec, state, pool)
    state.validators[new].effective_balance = SEAT
    state.validators[new].activation_epoch = EPOCH
    _slash(spec, state, vector, new)
    assert state.pools[pool].bond == BOND - INITIAL_PENALTY


def test_pooled_and_withdrawable(spec: Any, state: Any, vector: Recorder) -> None:
    _pool(spec, state)
    leave_at(state, INDEX, 2)
    state.validators[INDEX].withdrawable_epoch = EPOCH
    _reject(spec, state, vector, INDEX)


def test_pooled_and_slashed_already(spec: Any, state: Any, vector: Recorder) -> None:
    _pool(spec, state)
    state.validators[INDEX].slashed = True
    leave_at(state, INDEX, EPOCH + 5)
    _reject(spec, state, vector, INDEX)
