"""Settling an epoch's votes: stakers and bonds share rewards, bonds pay penalties."""

from collections.abc import Iterable
from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.epoch_end import (
    NEXT_EPOCH,
    flag_penalties,
    flag_rewards,
    leave_at,
    slash_at,
    stand_at_epoch_end,
)
from tests.helpers.pools import ETH, SEAT, add_pool, add_waiting, make_pooled, pooled_credentials
from tests.helpers.running import run_epoch_step, run_step_alone

pytestmark = pytest.mark.vectors(
    runner="epoch_processing", handler="rewards_and_penalties", forks=["poolbonds"]
)

STEP = "process_rewards_and_penalties"
BOND = 5 * ETH
LARGEST = 2**64 - 1
SOURCE, TARGET, HEAD = 1, 2, 4
SOLO = 40
"""A solo validator that votes."""


def _total(state: Any) -> int:
    """Active effective balance, in ETH."""
    return sum(int(validator.effective_balance) for validator in state.validators) // ETH


def _stand(spec: Any, state: Any, absent: Iterable[int] = (), finalized: int = 8) -> None:
    stand_at_epoch_end(spec, state, finalized)
    for index in absent:
        state.previous_epoch_participation[index] = 0


@pytest.mark.parametrize("commission", [0, 1, 3333, 5000, 9999, 10_000])
def test_commission(spec: Any, state: Any, vector: Recorder, commission: int) -> None:
    """Rounded down for each validator, over the sum of its three rewards."""
    pool = add_pool(spec, state, bond=BOND, commission=commission)
    members = make_pooled(spec, state, pool, [3, 7, 9])
    _stand(spec, state)
    run_epoch_step(spec, state, vector, STEP)
    rewards = flag_rewards(_total(state), _total(state))
    kept = sum(rewards) * commission // 10_000
    assert state.pools[pool].bond == BOND + 3 * kept
    assert [state.balances[index] - SEAT for index in members] == [sum(rewards) - kept] * 3
    assert state.balances[SOLO] == SEAT + sum(rewards)


@pytest.mark.vectors(presets=["minimal"])
def test_commission_is_rounded_once(spec: Any, state: Any, vector: Recorder) -> None:
    """Of 313,047 + 581,373 + 313,047 Gwei a third less a bit: 402,448, and in parts 402,447."""
    pool = add_pool(spec, state, bond=0, commission=3333)
    make_pooled(spec, state, pool, [3])
    _stand(spec, state)
    run_epoch_step(spec, state, vector, STEP)
    rewards = flag_rewards(2048, 2048)
    assert rewards == [313_047, 581_373, 313_047]
    assert sum(reward * 3333 // 10_000 for reward in rewards) == 402_447
    assert state.pools[pool].bond == 402_448
    assert state.balances[3] == SEAT + 1_207_467 - 402_448


def test_penalties_come_from_the_bond(spec: Any, state: Any, vector: Recorder) -> None:
    """Each absent validator costs its pool source and target; its own balance stays."""
    pool = add_pool(spec, state, bond=BOND)
    other = add_pool(spec, state, bond=BOND)
    make_pooled(spec, state, pool, [3, 7, 9])
    make_pooled(spec, state, other, [4])
    _stand(spec, state, absent=[3, 9, SOLO])
    run_epoch_step(spec, state, vector, STEP)
    penalty = sum(flag_penalties(_total(state)))
    assert state.pools[pool].bond == BOND - 2 * penalty
    assert state.pools[other].bond == BOND
    assert state.balances[3] == state.balances[9] == SEAT
    assert state.balances[7] > SEAT
    assert state.balances[SOLO] == SEAT - penalty


def test_parts_of_a_vote(spec: Any, state: Any, vector: Recorder) -> None:
    """Only the source, only the target, no head: each flag is settled for itself."""
    pools = [add_pool(spec, state, bond=BOND, commission=10_000) for _ in range(3)]
    for pool, index in zip(pools, (3, 4, 5), strict=True):
        make_pooled(spec, state, pool, [index])
    _stand(spec, state)
    total = _total(state)
    for index, flags in ((3, SOURCE), (4, TARGET | HEAD), (5, SOURCE | TARGET)):
        state.previous_epoch_participation[index] = flags
    run_epoch_step(spec, state, vector, STEP)
    source = flag_rewards(total, total - 32)[0]
    target = flag_rewards(total, total - 32)[1]
    head = flag_rewards(total, total - 64)[2]
    source_penalty, target_penalty = flag_penalties(total)
    assert [int(state.pools[pool].bond) - BOND for pool in pools] == [
        source - target_penalty,
        target + head - source_penalty,
        source + target,
    ]
    assert [state.balances[index] for index in (3, 4, 5)] == [SEAT] * 3


@pytest.mark.parametrize("absent", [3, 7], ids=["pays_first", "earns_first"])
def test_settled_once_with_a_gain(spec: Any, state: Any, vector: Recorder, absent: int) -> None:
    """Commission and penalties are summed up before the empty bond can run dry."""
    pool = add_pool(spec, state, bond=0, commission=10_000)
    make_pooled(spec, state, pool, [3, 7])
    _stand(spec, state, absent=[absent])
    run_epoch_step(spec, state, vector, STEP)
    total = _total(state)
    gain = sum(flag_rewards(total, total - 32)) - sum(flag_penalties(total))
    assert gain > 0
    assert state.pools[pool].bond == gain


@pytest.mark.parametrize("present", [3, 7, 20], ids=["first", "between", "last"])
def test_settled_once_with_a_loss(spec: Any, state: Any, vector: Recorder, present: int) -> None:
    """What one earns is lost to what the two others owe, in whatever order they stand."""
    pool = add_pool(spec, state, bond=0, commission=10_000)
    make_pooled(spec, state, pool, [3, 7, 20])
    _stand(spec, state, absent={3, 7, 20} - {present})
    run_epoch_step(spec, state, vector, STEP)
    assert state.pools[pool].bond == 0
    assert [state.balances[index] for index in (3, 7, 20)] == [SEAT] * 3


@pytest.mark.parametrize("more", [-1, 0, 1], ids=["one_less", "exact", "one_more"])
def test_bond_runs_dry(spec: Any, state: Any, vector: Recorder, more: int) -> None:
    penalty = sum(flag_penalties(_total(state)))
    pool = add_pool(spec, state, bond=2 * penalty + more)
    make_pooled(spec, state, pool, [3, 7])
    _stand(spec, state, absent=[3, 7])
    run_epoch_step(spec, state, vector, STEP)
    assert state.pools[pool].bond == max(more, 0)
    assert state.balances[3] == SEAT


def test_pool_is_clamped(spec: Any, state: Any, vector: Recorder) -> None:
    """The largest bond takes no more commission, the largest balance no more reward."""
    pool = add_pool(spec, state, bond=LARGEST - 1, commission=5000)
    make_pooled(spec, state, pool, [3, 7])
    state.balances[3] = LARGEST
    _stand(spec, state)
    run_epoch_step(spec, state, vector, STEP)
    assert state.pools[pool].bond == LARGEST
    assert state.balances[3] == LARGEST
    assert SEAT < state.balances[7] < SEAT + ETH


def test_solo_is_clamped(spec: Any, state: Any, vector: Recorder) -> None:
    """A balance that the rest of the epoch could not deal with, so that only the step is run."""
    add_pool(spec, state, bond=BOND)
    state.balances[SOLO] = LARGEST - 1
    _stand(spec, state)
    run_step_alone(spec, state, vector, STEP)
    assert state.balances[SOLO] == LARGEST


def test_unadmitted_neither_earns_nor_pays(spec: Any, state: Any, vector: Recorder) -> None:
    """With weight, as in the first epoch after the upgrade, present or absent."""
    pool = add_pool(spec, state, bond=BOND, commission=5000)
    for index in (3, 4):
        state.validators[index].withdrawal_credentials = spec.Bytes32(
            pooled_credentials(pool, index)
        )
    state.inactivity_scores[4] = 1_000_000
    _stand(spec, state, absent=[4])
    run_epoch_step(spec, state, vector, STEP)
    assert [state.balances[index] for index in (3, 4)] == [SEAT] * 2
    assert state.pools[pool].bond == BOND
    assert state.balances[SOLO] > SEAT


def test_waiting_neither_earns_nor_pays(spec: Any, state: Any, vector: Recorder) -> None:
    """Its weight is 0, and so is all that goes by it; nor does it count in the totals."""
    pool = add_pool(spec, state, bond=BOND, commission=5000)
    make_pooled(spec, state, pool, [3, 4], seated=False)
    new = add_waiting(spec, state, pool)
    state.inactivity_scores[4] = 1_000_000
    _stand(spec, state, absent=[4])
    run_epoch_step(spec, state, vector, STEP)
    assert [state.balances[index] for index in (3, 4, *new)] == [SEAT] * 3
    assert state.pools[pool].bond == BOND
    total = 32 * (len(state.validators) - 3)
    assert state.balances[SOLO] == SEAT + sum(flag_rewards(total, total))


@pytest.mark.parametrize(
    "exit_epoch",
    [NEXT_EPOCH, 9, 2],
    ids=["active", "exited", "exited_long_ago"],
)
def test_slashed_pays_from_the_bond(
    spec: Any, state: Any, vector: Recorder, exit_epoch: int
) -> None:
    """Until it is withdrawable it counts as absent, though it voted, and costs its pool."""
    pool = add_pool(spec, state, bond=BOND, commission=5000)
    make_pooled(spec, state, pool, [3])
    slash_at(spec, state, 3, exit_epoch)
    _stand(spec, state)
    run_epoch_step(spec, state, vector, STEP)
    total = _total(state) - (0 if exit_epoch > 10 else 32)
    assert state.pools[pool].bond == BOND - sum(flag_penalties(total))
    assert state.balances[3] == SEAT


@pytest.mark.parametrize(
    ("withdrawable", "pays"), [(11, True), (10, False)], ids=["last_epoch", "withdrawable"]
)
def test_slashed_and_withdrawable(
    spec: Any, state: Any, vector: Recorder, withdrawable: int, pays: bool
) -> None:
    """Its pool pays up to the last epoch before the staker is paid out."""
    pool = add_pool(spec, state, bond=BOND)
    make_pooled(spec, state, pool, [3])
    slash_at(spec, state, 3, 2)
    state.validators[3].withdrawable_epoch = withdrawable
    _stand(spec, state)
    run_epoch_step(spec, state, vector, STEP)
    total = _total(state) - 32
    assert state.pools[pool].bond == BOND - (sum(flag_penalties(total)) if pays else 0)


def test_exiting_earns(spec: Any, state: Any, vector: Recorder) -> None:
    """Its votes of the epoch before its exit are settled like any other's."""
    pool = add_pool(spec, state, bond=0, commission=2500)
    make_pooled(spec, state, pool, [3])
    leave_at(state, 3, NEXT_EPOCH)
    _stand(spec, state)
    run_epoch_step(spec, state, vector, STEP)
    rewards = sum(flag_rewards(_total(state), _total(state)))
    assert state.pools[pool].bond == rewards * 2500 // 10_000
    assert state.balances[3] == SEAT + rewards - rewards * 2500 // 10_000


def _leak_penalty(score: int, divisor: int) -> int:
    """32 ETH times the score over 4 * 2**24, and over the divisor."""
    return SEAT * score // (4 * 2**24) // divisor


def _leaking(spec: Any, state: Any) -> int:
    """Scores that become 1,000,000 and 999 by then, of a pooled and a solo validator each."""
    pool = add_pool(spec, state, bond=BOND, commission=5000)
    make_pooled(spec, state, pool, [3, 4, 5])
    for index, score in ((3, 1_000_000), (SOLO, 1_000_000), (4, 999), (SOLO + 1, 999)):
        state.inactivity_scores[index] = score - 4
    _stand(spec, state, absent=[3, 4, SOLO, SOLO + 1], finalized=2)
    return pool


def test_leak_of_a_pool(spec: Any, state: Any, vector: Recorder) -> None:
    """A bond pays a hundredth of what a solo validator pays; nobody earns anything."""
    pool = _leaking(spec, state)
    run_epoch_step(spec, state, vector, STEP)
    missed = sum(flag_penalties(_total(state)))
    leaked = _leak_penalty(1_000_000, 100) + _leak_penalty(999, 100)
    assert leaked == 4_768_371 + 4_763
    assert state.pools[pool].bond == BOND - 2 * missed - leaked
    assert [state.balances[index] for index in (3, 4, 5, 42)] == [SEAT] * 4
    assert state.balances[SOLO] == SEAT - missed - 476_837_158
    assert state.balances[SOLO + 1] == SEAT - missed - 476_360


@pytest.mark.config(POOL_INACTIVITY_PENALTY_DIVISOR=1)
def test_leak_of_a_pool_without_divisor(spec: Any, state: Any, vector: Recorder) -> None:
    """With divisor 1 a bond pays what a solo validator pays."""
    pool = _leaking(spec, state)
    run_epoch_step(spec, state, vector, STEP)
    missed = sum(flag_penalties(_total(state)))
    assert state.pools[pool].bond == BOND - 2 * missed - 476_837_158 - 476_360
    assert state.balances[SOLO] == SEAT - missed - 476_837_158


def test_solo_is_settled_flag_by_flag(spec: Any, state: Any, vector: Recorder) -> None:
    """A balance that the missed source empties is still credited with target and head."""
    add_pool(spec, state, bond=BOND)
    state.balances[SOLO] = 1
    _stand(spec, state)
    state.previous_epoch_participation[SOLO] = TARGET | HEAD
    run_epoch_step(spec, state, vector, STEP)
    _, target, head = flag_rewards(_total(state), _total(state))
    assert state.balances[SOLO] == target + head


@pytest.mark.parametrize("epoch", [0, 1])
def test_first_epochs(spec: Any, state: Any, vector: Recorder, epoch: int) -> None:
    """Nothing is settled at the end of the first epoch, as there is none before it."""
    pool = add_pool(spec, state, bond=BOND, commission=10_000)
    make_pooled(spec, state, pool, [3, 4])
    stand_at_epoch_end(spec, state, finalized=0, epoch=epoch)
    state.previous_epoch_participation[4] = 0
    run_epoch_step(spec, state, vector, STEP)
    total = _total(state)
    gain = sum(flag_rewards(total, total - 32)) - sum(flag_penalties(total))
    assert state.pools[pool].bond == BOND + epoch * gain
