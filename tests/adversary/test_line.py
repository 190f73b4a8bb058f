"""Attacks on the line for seats and on what weight brings, each tried on the specification."""

from typing import Any

import pytest

from tests.adversary.book import CHURN, EPOCHS_A_DAY, STAKE, states
from tests.adversary.world import (
    EPOCH,
    FAR,
    NEXT_EPOCH,
    ask_for_bond,
    begin_epoch,
    end_epoch,
    pool_with,
    seats_of,
    serve_seats,
)
from tests.helpers.epoch_end import flag_rewards, reward_per_increment, weights
from tests.helpers.pools import (
    ETH,
    SEAT,
    SEAT_BOND,
    add_pool,
    add_waiting,
    build_bond_request,
    make_pooled,
    put_in_line,
)
from tests.helpers.scenarios import in_line

pytestmark = pytest.mark.forks("poolbonds")

RICH = 40 * ETH
"""A bond for more seats than any test has."""


def test_sniping_seats(spec: Any, state: Any) -> None:
    """An older index in a newer place comes later; among equals of one epoch it comes first."""
    honest, sniper = add_pool(spec, state, bond=RICH), add_pool(spec, state, bond=RICH)
    make_pooled(spec, state, sniper, [1], seated=False)
    patient = add_waiting(spec, state, honest, 3)
    for index in patient:
        put_in_line(state, index, 5)
    put_in_line(state, 1, 6)
    serve_seats(spec, state)
    assert weights(state, [1, *patient]) == [0, 32, 32, 0]
    serve_seats(spec, state, NEXT_EPOCH)
    assert weights(state, [1, *patient]) == [32, 32, 32, 32]
    # Within its own pool too a newcomer does not displace who is in line already
    scarce = add_pool(spec, state, bond=SEAT_BOND)
    make_pooled(spec, state, scarce, [2], seated=False)
    (first,) = add_waiting(spec, state, scarce)
    put_in_line(state, first, EPOCH)
    serve_seats(spec, state, EPOCH + 5)
    assert weights(state, [2, first]) == [0, 32]
    states("Sniping seats", "0 places")


def test_starving_the_line(spec: Any, state: Any) -> None:
    """Whoever comes later waits for each place that is really taken, and for no other."""
    crowd, honest = add_pool(spec, state, bond=RICH), add_pool(spec, state, bond=RICH)
    before = add_waiting(spec, state, crowd, 6)
    (last,) = add_waiting(spec, state, honest)
    for index in [*before, last]:
        put_in_line(state, index, 5)
    epochs = 0
    while weights(state, [last]) == [0]:
        serve_seats(spec, state, EPOCH + epochs)
        epochs += 1
    # Two seats an epoch: three epochs for the six
    assert epochs - 1 == 6 // 2
    assert seats_of(state, crowd) == 6
    a_day = CHURN // 32 * EPOCHS_A_DAY
    assert a_day == 1800
    states(
        "Starving the line",
        f"{a_day:,} validators",
        f"{a_day * 32:,} ETH",
        f"{a_day * SEAT_BOND // ETH} ETH",
    )


def test_reserving_places(spec: Any, state: Any, mainnet: Any) -> None:
    """A place is lost in the epoch in which the bond behind it is asked for."""
    pool = add_pool(spec, state, bond=32 * ETH + 2 * SEAT_BOND)
    members = make_pooled(spec, state, pool, range(60))
    waiting = add_waiting(spec, state, pool, 42)
    serve_seats(spec, state, EPOCH, finalized=0)
    assert in_line(state) == waiting
    begin_epoch(spec, state, NEXT_EPOCH)
    ask_for_bond(spec, state, pool, FAR)
    assert state.pools[pool].withdrawable_epoch == NEXT_EPOCH + 1 + 256
    serve_seats(spec, state, NEXT_EPOCH, finalized=0)
    assert in_line(state) == waiting[:40]
    assert weights(state, members) == [32] * 60
    # Topped up again, what was given up is at the end of the line
    spec.process_deposit_request(state, build_bond_request(spec, pool, 2 * SEAT_BOND))
    serve_seats(spec, state, NEXT_EPOCH + 1, finalized=0)
    joined = [int(state.validators[i].activation_eligibility_epoch) for i in waiting[39:]]
    assert joined[1:] == [NEXT_EPOCH + 2] * 2
    assert joined[0] == NEXT_EPOCH
    assert 1 + int(mainnet.config.MIN_VALIDATOR_WITHDRAWABILITY_DELAY) == 257
    states("Reserving places without money", "0.32 ETH", "257 epochs")


def test_flapping_at_the_threshold(spec: Any, state: Any) -> None:
    """Between losing a seat and lining up for it again lies a quarter of its bond."""
    pool = pool_with(spec, state, 4 * SEAT_BOND - SEAT_BOND // 4, range(4))
    serve_seats(spec, state)
    assert seats_of(state, pool) == 4
    state.pools[pool].bond -= 1
    serve_seats(spec, state, NEXT_EPOCH)
    assert seats_of(state, pool) == 3
    for bond, line in ((4 * SEAT_BOND - 1, []), (4 * SEAT_BOND, [3])):
        state.pools[pool].bond = bond
        serve_seats(spec, state, NEXT_EPOCH + 1)
        assert in_line(state) == line
    assert SEAT_BOND // 4 == 8 * ETH // 100
    states("Flapping at the threshold", "0.08 ETH")


@pytest.mark.parametrize("burst", ["admissions", "top-up", "return"])
def test_weight_in_a_burst(spec: Any, state: Any, burst: str) -> None:
    """However weight was saved up, two seats an epoch appear; on mainnet eight."""
    pool = add_pool(spec, state, bond=0 if burst == "top-up" else RICH)
    if burst == "return":
        members = make_pooled(spec, state, pool, range(20), seated=False)
    else:
        members = add_waiting(spec, state, pool, 20, admitted=burst == "top-up")
    serve_seats(spec, state, EPOCH)
    if burst == "admissions":
        for index in members:
            state.validator_pools[index] = pool
    if burst == "top-up":
        state.pools[pool].bond = RICH
    served = []
    for epoch in range(NEXT_EPOCH, NEXT_EPOCH + 6):
        serve_seats(spec, state, epoch)
        served.append(seats_of(state, pool))
    gains = [after - before for before, after in zip([0, *served], served, strict=False)]
    assert max(gains) == 2
    assert served[-1] >= 6
    states("Weight in a burst", f"{CHURN // 32} seats", f"{CHURN} ETH")


def test_grinding_proposers(spec: Any, state: Any) -> None:
    """Standing up gives slots away, never to one's own pool, and never those of the next epoch."""
    state.randao_mixes[EPOCH % int(spec.EPOCHS_PER_HISTORICAL_VECTOR)] = spec.Bytes32(b"\x07" * 32)
    pool = pool_with(spec, state, RICH, range(0, 64, 2))
    end_epoch(spec, state, EPOCH)
    outcomes = []
    for bond in (RICH, 0):
        after = state.copy()
        after.pools[pool].bond = bond
        spec.process_pool_seats(after)
        spec.process_proposer_lookahead(after)
        outcomes.append([int(index) for index in after.proposer_lookahead])
    length = int(spec.SLOTS_PER_EPOCH)
    seated, gone = outcomes
    assert seated[:length] == gone[:length]
    assert any(index % 2 == 0 for index in seated[length:])
    assert all(index % 2 == 1 for index in gone[length:])
    # Who did not lose its weight keeps every slot that it had
    assert all(
        after == before
        for before, after in zip(seated[length:], gone[length:], strict=True)
        if before % 2 == 1
    )
    # Of N that wait, each would win one of 32 slots with 32 of the stake's ETH
    assert STAKE // (32 * 32) == 32_768
    states("Grinding proposers with seats", "N / 32,768 slots")


def test_votes_without_weight(spec: Any, state: Any) -> None:
    """Votes of the last epoch before a seat pay as if they had counted, once for each sitting."""
    pool = add_pool(spec, state, bond=RICH)
    make_pooled(spec, state, pool, [5], seated=False)
    end_epoch(spec, state, EPOCH, "process_rewards_and_penalties")
    assert state.balances[5] == SEAT
    state.validators[5].effective_balance = SEAT
    end_epoch(spec, state, NEXT_EPOCH, "process_rewards_and_penalties")
    assert state.balances[5] == SEAT + sum(flag_rewards(2048, 2048))
    on_mainnet = 32 * reward_per_increment(STAKE) * 54 // 64
    assert on_mainnet == 32 * 349 * 54 // 64 == 9423
    states("Votes before there is weight", f"{on_mainnet:,} Gwei")
