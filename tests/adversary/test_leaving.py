"""Attacks by leaving, by not letting others leave and by taking bond out, each tried."""

from typing import Any

import pytest

from tests.adversary.book import CHURN, EPOCHS_A_DAY, STAKE, states
from tests.adversary.world import (
    EPOCH,
    FAR,
    NEXT_EPOCH,
    ask_for_bond,
    ask_to_leave,
    begin_epoch,
    end_epoch,
    pool_with,
    seats_of,
    serve_seats,
)
from tests.helpers.epoch_end import weights
from tests.helpers.offences import INITIAL_PENALTY as INITIAL
from tests.helpers.pools import (
    ETH,
    SEAT,
    SEAT_BOND,
    add_pool,
    add_waiting,
    build_bond_request,
    operator_address,
    put_in_line,
)
from tests.helpers.queues import POOL_INDEX_FLAG, payouts
from tests.helpers.running import expect_rejection

pytestmark = pytest.mark.forks("poolbonds")

DELAY = 256


def test_taking_the_bond_out(spec: Any, state: Any, mainnet: Any) -> None:
    """Surplus leaves without churn, and answers for 256 epochs like the rest of the bond."""
    pool = pool_with(spec, state, 60 * ETH, range(4))
    begin_epoch(spec, state, EPOCH)
    ask_for_bond(spec, state, pool, FAR)
    last = EPOCH + DELAY
    early, late = state.copy(), state.copy()
    end_epoch(spec, early, last - 1, "process_pool_unbonding")
    assert payouts(early) == []
    # A slashing in the very last epoch holds it all until the correlation penalty has fallen
    begin_epoch(spec, late, last)
    spec.slash_validator(late, 0)
    end_epoch(spec, late, last, "process_pool_unbonding")
    assert payouts(late) == []
    assert late.pools[pool].bond == 60 * ETH - INITIAL
    assert late.pools[pool].withdrawable_epoch == late.validators[0].withdrawable_epoch
    end_epoch(spec, state, last, "process_pool_unbonding")
    assert payouts(state) == [(POOL_INDEX_FLAG, operator_address(pool), 28 * ETH)]
    blocks = int(mainnet.config.MIN_VALIDATOR_WITHDRAWABILITY_DELAY) * 32
    assert blocks == 8192
    assert f"{0.99**blocks:.0e}" == "2e-36"
    states("Taking the bond out before the evidence", "8,192 blocks", "2e-36")


def test_standing_up_first(spec: Any, state: Any) -> None:
    """Each pays for itself, but the sum that makes all of them dear is missing."""
    pool = pool_with(spec, state, 60 * ETH, range(4))
    outcomes = []
    for epoch in (EPOCH, EPOCH + 6):
        after = state.copy()
        begin_epoch(spec, after, EPOCH)
        ask_for_bond(spec, after, pool)
        # Four seats are two epochs of churn
        assert after.pools[pool].unbonding_epoch == EPOCH + 6
        if epoch > EPOCH:
            serve_seats(spec, after, epoch - 1)
            assert weights(after, range(4)) == [0] * 4
        begin_epoch(spec, after, epoch)
        for index in range(4):
            spec.slash_validator(after, index)
        slashed = sum(int(each) for each in after.slashings)
        outcomes.append((slashed, 60 * ETH - int(after.pools[pool].bond)))
    assert outcomes == [(4 * SEAT, 4 * INITIAL), (0, 4 * INITIAL)]
    seats = STAKE // 3 // 32
    notice = -(-seats * 32 // CHURN)
    states(
        "Standing up before the evidence",
        "0.0078125 ETH",
        f"{notice:,} epochs",
        f"{notice // EPOCHS_A_DAY} days",
        f"{seats * INITIAL // ETH:,} ETH",
        f"{seats * SEAT_BOND // ETH:,} ETH",
    )


def test_burning_the_unbonding_churn(spec: Any, state: Any) -> None:
    """An unbonding made up for by a top-up delays other operators, and no staker."""
    rich, other = (add_pool(spec, state, bond=64 * ETH) for _ in range(2))
    for pool in (rich, other):
        state.pools[pool].seated_balance = 200 * SEAT
    begin_epoch(spec, state, EPOCH)
    undisturbed = state.copy()
    ask_for_bond(spec, undisturbed, other)
    ask_for_bond(spec, state, rich, FAR)
    spec.process_deposit_request(state, build_bond_request(spec, rich, 32 * ETH))
    ask_for_bond(spec, state, other)
    waits = [int(each.pools[other].unbonding_epoch) for each in (undisturbed, state)]
    # 32 ETH are 100 seats, at two an epoch
    assert waits[1] - waits[0] == 50
    assert state.earliest_exit_epoch == undisturbed.earliest_exit_epoch
    # The next such request has to wait until the first is paid
    bookings = state.earliest_unbonding_epoch
    ask_for_bond(spec, state, rich, FAR)
    assert state.earliest_unbonding_epoch == bookings
    a_day = EPOCHS_A_DAY * CHURN // 32
    states(
        "Burning the unbonding churn",
        f"{a_day:,} seats",
        f"{a_day * SEAT_BOND // ETH} ETH",
        "257 epochs",
    )


def test_side_door_out(spec: Any, state: Any) -> None:
    """Seats given up by unbonding leave beside the exit queue, at a rate of their own."""
    pool = pool_with(spec, state, 60 * ETH, range(2))
    state.earliest_exit_epoch = 500
    begin_epoch(spec, state, EPOCH)
    ask_for_bond(spec, state, pool)
    assert state.pools[pool].unbonding_epoch == EPOCH + 5
    serve_seats(spec, state, EPOCH + 4)
    begin_epoch(spec, state, 300)
    ask_to_leave(spec, state, 0)
    assert state.validators[0].exit_epoch == 305
    seated = state.copy()
    seated.validators[1].effective_balance = SEAT
    ask_to_leave(spec, seated, 1)
    assert seated.validators[1].exit_epoch == 500
    states("Leaving by the side door", f"{CHURN} ETH", f"{2 * CHURN} ETH")


def test_shrinking_below_the_minimum(spec: Any, state: Any) -> None:
    """A bond gets below the minimum by what it has paid only."""
    pool = add_pool(spec, state, bond=40 * ETH)
    begin_epoch(spec, state, EPOCH)
    ask_for_bond(spec, state, pool, FAR)
    assert state.pools[pool].unbonding_amount == 8 * ETH
    paid = int(spec.charge_bond(state, pool, spec.Gwei(5 * ETH)))
    end_epoch(spec, state, EPOCH + DELAY, "process_pool_unbonding")
    assert payouts(state)[0][2] == 8 * ETH
    assert 32 * ETH - state.pools[pool].bond == paid == 5 * ETH
    ask_for_bond(spec, state, pool, FAR)
    assert state.pools[pool].unbonding_amount == 0
    states("Shrinking a pool below its minimum", "1 ETH")


def test_holding_a_bond_back(spec: Any, state: Any, mainnet: Any) -> None:
    """One stolen key, used once, locks all of the bond; the stakers leave as ever."""
    pool = pool_with(spec, state, 60 * ETH, range(2))
    begin_epoch(spec, state, EPOCH)
    state.pools[pool].unbonding_amount = 28 * ETH
    state.pools[pool].unbonding_epoch = EPOCH
    state.pools[pool].withdrawable_epoch = EPOCH + 1
    spec.slash_validator(state, 0)
    vector = int(spec.EPOCHS_PER_SLASHINGS_VECTOR)
    locked = max(EPOCH + vector // 2 + 1, EPOCH + 5 + DELAY)
    assert state.pools[pool].withdrawable_epoch == locked
    ask_to_leave(spec, state, 1)
    assert state.validators[1].withdrawable_epoch == FAR
    begin_epoch(spec, state, DELAY)
    ask_to_leave(spec, state, 1)
    assert state.validators[1].withdrawable_epoch == DELAY + 5 + DELAY
    epochs = int(mainnet.EPOCHS_PER_SLASHINGS_VECTOR) // 2 + 1
    states("Locking a bond with a stolen key", f"{epochs:,} epochs", "18.2 days")
    assert f"{epochs / EPOCHS_A_DAY:.1f}" == "18.2"


def test_clogging_the_exit_queue(spec: Any, state: Any) -> None:
    """Each seat can be booked once, by its own weight, whatever sends it out."""
    pool = pool_with(spec, state, 60 * ETH, range(6))
    begin_epoch(spec, state, EPOCH)
    (waiting,) = add_waiting(spec, state, pool)
    for index in (0, 1, 0, 2, 3):
        spec.initiate_validator_exit(state, index)
    ask_to_leave(spec, state, waiting)
    # Four seats in two epochs; the one without weight waits for nobody
    exits = [int(state.validators[index].exit_epoch) for index in (0, 1, 2, 3, waiting)]
    assert exits == [15, 15, 16, 16, 15]
    # The operator cannot send them out with the key that it has
    exit_message = spec.VoluntaryExit(epoch=0, validator_index=4)
    signed = spec.SignedVoluntaryExit(message=exit_message)
    begin_epoch(spec, state, DELAY)
    expect_rejection(lambda: spec.process_voluntary_exit(state, signed))
    seconds = 384 * 32 // CHURN
    a_day = EPOCHS_A_DAY * CHURN // 32
    states(
        "Clogging the exit queue",
        f"{seconds} s",
        f"{a_day:,} seats",
        f"{a_day * INITIAL / ETH:.1f} ETH",
    )


def test_holding_a_staker_back(spec: Any, state: Any, mainnet: Any) -> None:
    """Seated at the worst moment a validator serves 256 epochs, once in its life."""
    pool = add_pool(spec, state, bond=40 * ETH)
    (index,) = add_waiting(spec, state, pool)
    put_in_line(state, index, 5)
    serve_seats(spec, state)
    activation = int(state.validators[index].activation_epoch)
    assert activation == EPOCH + 5
    period = int(spec.config.SHARD_COMMITTEE_PERIOD)
    begin_epoch(spec, state, activation + period - 1)
    ask_to_leave(spec, state, index)
    assert state.validators[index].exit_epoch == FAR
    # Neither standing up nor sitting down again starts it anew
    state.pools[pool].bond = 0
    serve_seats(spec, state, activation + period - 1)
    state.pools[pool].bond = 40 * ETH
    put_in_line(state, index, 5)
    serve_seats(spec, state, activation + period - 1)
    assert weights(state, [index]) == [32]
    begin_epoch(spec, state, activation + period)
    ask_to_leave(spec, state, index)
    assert state.validators[index].exit_epoch != FAR
    epochs = 5 + int(mainnet.config.SHARD_COMMITTEE_PERIOD)
    assert f"{epochs * 384 / 3600:.1f}" == "27.8"
    states("Holding a staker back", f"{epochs} epochs", "27.8 hours")


def test_never_admitting(spec: Any, state: Any) -> None:
    """Who is not wanted leaves at once: five epochs, and the ordinary delay."""
    pool = add_pool(spec, state, bond=40 * ETH)
    (index,) = add_waiting(spec, state, pool, admitted=False)
    state.earliest_exit_epoch = 5000
    begin_epoch(spec, state, EPOCH)
    ask_to_leave(spec, state, index)
    assert state.validators[index].withdrawable_epoch == EPOCH + 5 + DELAY
    states("Taking a stake and not admitting it", "261 epochs")


def test_evicting_stakers(spec: Any, state: Any) -> None:
    """A slashed validator's staker has all of its money, and goes with the ordinary delay."""
    pool = pool_with(spec, state, 60 * ETH, range(2))
    begin_epoch(spec, state, EPOCH)
    spec.slash_validator(state, 0)
    assert state.balances[0] == SEAT
    assert state.pools[pool].bond == 60 * ETH - INITIAL
    assert seats_of(state, pool) == 2
    serve_seats(spec, state, NEXT_EPOCH)
    assert seats_of(state, pool) == 1
    validator = state.validators[0]
    assert validator.withdrawable_epoch == validator.exit_epoch + DELAY
    states("Evicting stakers", "0.0078125 ETH", "0 ETH")


def test_ransom(spec: Any, state: Any, mainnet: Any) -> None:
    """What a slashing would do to a staker is an exit; what it does to a solo validator is not."""
    pool_with(spec, state, 60 * ETH, range(1))
    begin_epoch(spec, state, EPOCH)
    for index in (0, 1):
        spec.slash_validator(state, index)
    pooled, solo = state.validators[0], state.validators[1]
    assert (state.balances[0], state.balances[1]) == (SEAT, SEAT - INITIAL)
    vector = int(spec.EPOCHS_PER_SLASHINGS_VECTOR)
    assert pooled.withdrawable_epoch - pooled.exit_epoch == DELAY
    assert solo.withdrawable_epoch == max(EPOCH + vector, solo.exit_epoch + DELAY)
    assert int(mainnet.EPOCHS_PER_SLASHINGS_VECTOR) == 8192
    states("Ransom", "0 ETH", "256 epochs", "8,192")
