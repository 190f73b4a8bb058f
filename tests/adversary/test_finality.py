"""Attacks on finality, on the fork and on those who come late, each tried on the specification."""

from math import isqrt
from typing import Any

import pytest

import poolspec
from tests.adversary.book import EPOCHS_A_DAY, STAKE, states
from tests.adversary.world import (
    EPOCH,
    ask_for_bond,
    begin_epoch,
    end_epoch,
    mainnet_state,
    pool_with,
    seats_of,
    serve_seats,
)
from tests.helpers.epoch_end import weights
from tests.helpers.genesis import genesis_state
from tests.helpers.hooks import hooked
from tests.helpers.keys import public_key
from tests.helpers.pools import (
    ETH,
    SEAT,
    SEAT_BOND,
    add_pool,
    add_waiting,
    make_pooled,
    pooled_credentials,
    put_in_line,
)
from tests.helpers.queues import pending_lock, queue_deposits
from tests.helpers.sampling import candidates
from tests.helpers.solo import add_solo

pytestmark = pytest.mark.forks("poolbonds")

THIRD = STAKE // 3 // 32
"""Seats that hold a third of the stake."""


def leak_penalty(score: int, divisor: int) -> int:
    """What an absent seat pays in an epoch of a leak, in Gwei, by the rule."""
    return SEAT * score // (4 * 2**24) // divisor


def missed_votes(weight: int) -> int:
    """What an absent one pays in an epoch for source, target and sync committee, in Gwei."""
    return weight // ETH * (64 * ETH // isqrt(STAKE * ETH)) * 40 // 64


def silent_pools(epochs: int) -> int:
    """What a third of the stake pays, in pools whose bonds are just sufficient, in Gwei."""
    seats, bond = THIRD, THIRD * SEAT_BOND
    for epoch in range(1, epochs + 1):
        bond -= seats * (leak_penalty(4 * epoch, 100) + missed_votes(SEAT))
        seats = min(seats, (100 * bond + SEAT // 4) // SEAT)
    return THIRD * SEAT_BOND - bond


def silent_solo() -> int:
    """What a solo validator of 32 ETH pays until its effective balance is 16 ETH, in Gwei."""
    balance, weight, epoch = SEAT, SEAT, 0
    while weight > 16 * ETH:
        epoch += 1
        balance -= weight * 4 * epoch // (4 * 2**24) + missed_votes(weight)
        if weight - balance > ETH // 4:
            weight = balance // ETH * ETH
    return SEAT - balance


def test_silence(mainnet: Any) -> None:
    """The leak takes a fifth of an ETH a seat that is kept; half of its stake of a solo one."""
    state = mainnet.BeaconState()
    pool = add_pool(mainnet, state, bond=40 * ETH)
    (index,) = add_waiting(mainnet, state, pool)
    solo = add_solo(mainnet, state, SEAT)
    for each in (index, solo):
        state.validators[each].activation_epoch = 0
        state.validators[each].effective_balance = SEAT
    begin_epoch(mainnet, state, EPOCH)
    for score in (4, 1_000, 18_700):
        state.inactivity_scores = mainnet.InactivityScores([score, score])
        _, penalties = mainnet.get_inactivity_penalty_deltas(state)
        assert penalties == [leak_penalty(score, 100), leak_penalty(score, 1)]
    epochs = int(mainnet.config.SEAT_INACTIVITY_LIMIT) // 4
    leaked = sum(leak_penalty(4 * n, 100) for n in range(1, epochs + 1))
    seat = leaked + epochs * missed_votes(SEAT)
    assert f"{leaked / ETH:.2f} {seat / ETH:.3f}" == "0.21 0.241"
    assert seat < SEAT_BOND
    pools, ejected = silent_pools(epochs), silent_solo()
    assert pools < THIRD * seat
    states(
        "Silence",
        f"{seat / ETH:.3f} ETH",
        f"{round(THIRD * seat / ETH, -2):,.0f} ETH",
        f"{epochs / EPOCHS_A_DAY:.1f} days",
        f"{round(pools / ETH, -2):,.0f} ETH",
        f"{100 * pools / (THIRD * SEAT):.2f} %",
        f"{round(THIRD * ejected / ETH, -2):,.0f} ETH",
        f"{100 * ejected / SEAT:.1f} %",
    )


def test_weight_in_a_partition(spec: Any, state: Any) -> None:
    """While the chain leaks no seat is given, however long the line that was final before."""
    pool = add_pool(spec, state, bond=40 * ETH)
    for index in add_waiting(spec, state, pool, 6):
        put_in_line(state, index, 1)
    serve_seats(spec, state, EPOCH, finalized=EPOCH - 6)
    assert seats_of(state, pool) == 0
    serve_seats(spec, state, EPOCH, finalized=EPOCH - 5)
    assert seats_of(state, pool) == 2
    states("Gaining weight in a partition", "0 seats")


def test_rotating_the_absent(spec: Any, state: Any) -> None:
    """Fresh validators cannot take over from absent ones while there is a leak."""
    pool = pool_with(spec, state, 2 * SEAT_BOND, range(2))
    for index in add_waiting(spec, state, pool, 2):
        put_in_line(state, index, 1)
    state.inactivity_scores[0] = state.inactivity_scores[1] = spec.config.SEAT_INACTIVITY_LIMIT
    serve_seats(spec, state, EPOCH, finalized=0)
    assert seats_of(state, pool) == 0
    # The absent do not even line up again
    assert weights(state, range(2)) == [0, 0]
    assert state.validators[0].activation_eligibility_epoch == 2**64 - 1
    states("Rotating the absent", "0 seats")


def test_justifying_with_nothing(spec: Any, state: Any) -> None:
    """If nobody has weight, nobody's votes justify anything."""
    pool = pool_with(spec, state, 0, range(64))
    serve_seats(spec, state)
    assert seats_of(state, pool) == 0
    # All of them have voted
    end_epoch(spec, state, EPOCH + 1)
    before = state.current_justified_checkpoint.copy()
    spec.process_justification_and_finalization(state)
    assert state.current_justified_checkpoint == before
    assert not any(state.justification_bits)
    states("Justifying with no weight", "0 epochs")


def test_reorg_of_a_closing(spec: Any, state: Any) -> None:
    """Two branches that differ in a closing that is not final give the next index to one key."""
    add_pool(spec, state, bond=40 * ETH)
    queue_deposits(state, pending_lock(spec, 0, 64, SEAT), pending_lock(spec, 0, 65, SEAT))
    for deposit in state.pending_deposits:
        deposit.slot = spec.Slot((EPOCH - 2) * int(spec.SLOTS_PER_EPOCH))
    branches = []
    for is_closing in (False, True):
        branch = state.copy()
        begin_epoch(spec, branch, EPOCH)
        if is_closing:
            ask_for_bond(spec, branch, 0)
        end_epoch(spec, branch, EPOCH, "process_pending_deposits")
        branches.append([bytes(validator.pubkey) for validator in branch.validators][64:])
    assert branches[0] == branches[1] == [public_key(64), public_key(65)]
    states("Reorganizing around a deposit", "0 indices")


def test_long_range(mainnet: Any) -> None:
    """How long a checkpoint may be trusted with all stake in seats, and what breaking it costs."""
    state = mainnet_state(mainnet)
    without = int(mainnet.compute_weak_subjectivity_period(state))
    pool = add_pool(mainnet, state, bond=STAKE * ETH // 100)
    state.pools[pool].seated_balance = STAKE * ETH
    period = int(mainnet.compute_weak_subjectivity_period(state))
    assert period < without
    states(
        "Long range",
        f"{without:,}",
        f"{period:,} epochs",
        f"{THIRD * SEAT_BOND // ETH:,} ETH",
        "256 epochs",
    )


def test_weight_from_before_the_fork(spec: Any) -> None:
    """What pooled validators did under Fulu is not punished after it."""
    fulu = poolspec.load("fulu", "minimal")
    before = genesis_state(fulu)
    before.validators[3].withdrawal_credentials = fulu.Bytes32(pooled_credentials(0, 3))
    state = spec.upgrade_to_poolbonds(before)
    begin_epoch(spec, state, EPOCH)
    assert state.validators[3].effective_balance == SEAT
    spec.slash_validator(state, 3)
    assert state.balances[3] == SEAT
    assert len(state.pending_pool_penalties) == 0
    end_epoch(spec, state, EPOCH + 32, "process_slashings")
    assert state.balances[3] == SEAT
    states("Weight from before the fork", "0 ETH", f"{THIRD * 32:,} ETH")


def test_sampling_cost(state: Any) -> None:
    """Half of the active validators without weight make nodes draw about twice as often."""
    plain = poolspec.load("poolbonds", "minimal", fast=False)
    fast = poolspec.load("poolbonds", "minimal")
    draws: list[int] = []

    def count(name: str, function: Any, *arguments: Any) -> Any:
        draws[-1] += 1
        return function(*arguments)

    indices = [plain.ValidatorIndex(index) for index in range(64)]
    seeds = [plain.Bytes32(number.to_bytes(32, "little")) for number in range(1, 21)]
    pool = add_pool(plain, state, bond=0)
    needed = []
    with hooked(plain, ["is_sampled_by_balance"], count):
        for weightless in ((), range(0, 64, 2)):
            make_pooled(plain, state, pool, weightless, seated=False)
            for seed in seeds:
                draws.append(0)
                plain.compute_proposer_index(state, indices, seed)
                # 32 of 2,048 ETH: a draw takes the 1,024 lowest of 65,536 values
                places = enumerate(candidates(fast, bytes(seed), range(64)), start=1)
                needed.append(
                    next(n for n, (i, value) in places if value < 1024 and i not in weightless)
                )
    assert draws == needed
    assert 1.5 < sum(draws[20:]) / sum(draws[:20]) < 3
    states("Making nodes draw", "64 / w")
