"""Attacks by slashing and on those who are slashed, each tried on the specification."""

from typing import Any

import pytest

from tests.adversary.book import CHURN, EPOCHS_A_DAY, STAKE, states
from tests.adversary.world import (
    EPOCH,
    NEXT_EPOCH,
    begin_epoch,
    end_epoch,
    mainnet_state,
    pool_with,
    seats_of,
    serve_seats,
)
from tests.helpers.epoch_end import weights
from tests.helpers.offences import INITIAL_PENALTY as INITIAL
from tests.helpers.offences import PROPOSER, stand_in_epoch
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
from tests.helpers.queues import pending_bond, queue_deposits

pytestmark = pytest.mark.forks("poolbonds")

STEP = "process_pending_pool_penalties"


def owe(spec: Any, state: Any, pool: int, count: int, epoch: int = EPOCH) -> None:
    """Let correlation penalties of a pool be pending."""
    entry = spec.PendingPoolPenalty(pool_index=pool, penalty_epoch=epoch)
    for _ in range(count):
        state.pending_pool_penalties.append(entry)


def test_weightless_do_not_inflate(spec: Any, state: Any) -> None:
    """Slashing those who wait makes no one else's slashing dearer."""
    pool = add_pool(spec, state, bond=60 * ETH)
    make_pooled(spec, state, pool, range(8), seated=False)
    stand_in_epoch(spec, state)
    for index in range(8):
        spec.slash_validator(state, index)
    assert sum(int(each) for each in state.slashings) == 0
    assert state.pools[pool].bond == 60 * ETH - 8 * INITIAL
    states("Inflating penalties with validators without weight", "0 ETH")


def test_raising_others_penalties(spec: Any, state: Any, mainnet: Any) -> None:
    """A slashed eighth of the stake takes 12 ETH of each pool that owes a penalty."""
    pool = pool_with(spec, state, 20 * ETH, range(40))
    owe(spec, state, pool, 1)
    state.slashings[0] = 8 * SEAT
    end_epoch(spec, state, EPOCH, STEP, "process_pool_seats")
    assert state.pools[pool].bond == 20 * ETH - 3 * SEAT * 8 // 64
    assert seats_of(state, pool) == 25
    rich = mainnet_state(mainnet)
    rich.slashings[0] = STAKE // 100 * ETH
    penalty = 32 * int(mainnet.get_slashing_penalty_per_increment(rich))
    assert round(penalty / ETH, 2) == 0.96
    assert penalty // SEAT_BOND in (2, 3)
    states(
        "Raising others' penalties",
        "0.96 ETH",
        "3 seats",
        f"{STAKE // 100 // 100:,} ETH",
    )


def test_emptying_bonds(spec: Any, state: Any) -> None:
    """The total shrinks in one epoch, and with it the part that can stop finality."""
    pool = pool_with(spec, state, 20 * ETH, range(20))
    assert spec.get_total_active_balance(state) == 64 * SEAT
    state.pools[pool].bond = 0
    serve_seats(spec, state)
    assert spec.get_total_active_balance(state) == 44 * SEAT
    # 30% of the stake gone, 25% of it are more than a third of the rest
    quarter = 25 / 70
    assert quarter > 1 / 3
    bonds = STAKE * 3 // 10 // 100
    states("Emptying bonds to shrink the total", f"{100 * quarter:.1f} %", f"{bonds:,} ETH")


def test_slashing_oneself_for_the_reward(spec: Any, state: Any) -> None:
    """The reward is no more than the bond has paid, so both together never gain."""
    pool = pool_with(spec, state, 3 * INITIAL // 2, [*range(4), PROPOSER], commission=10_000)
    stand_in_epoch(spec, state)
    for index in range(4):
        before = int(state.pools[pool].bond) + int(state.balances[PROPOSER])
        spec.slash_validator(state, index)
        after = int(state.pools[pool].bond) + int(state.balances[PROPOSER])
        assert after <= before
    empty = state.copy()
    empty.pools[pool].bond = 0
    spec.slash_validator(empty, 5)
    money = int(empty.pools[pool].bond)
    assert money == INITIAL
    # Of its own, with an empty bond, it mints nothing
    make_pooled(spec, empty, pool, [6])
    empty.pools[pool].bond = 0
    spec.slash_validator(empty, 6)
    assert empty.pools[pool].bond == 0
    states("Slashing oneself for the reward", "0 ETH")


def test_draining_a_forfeit_bond(spec: Any, state: Any) -> None:
    """Money that is lost anyway can be moved to one's own proposer, one penalty a seat."""
    pool = pool_with(spec, state, 4 * SEAT_BOND, range(4))
    owe(spec, state, pool, 1, EPOCH + 9)
    stand_in_epoch(spec, state)
    for index in range(4):
        spec.slash_validator(state, index)
    assert state.balances[PROPOSER] - SEAT == 4 * INITIAL
    assert 4 * SEAT_BOND - state.pools[pool].bond == 4 * INITIAL
    # A second time there is nothing to report
    assert not spec.is_slashable_validator(state.validators[0], spec.Epoch(EPOCH))
    states("Draining a bond that is forfeit", f"{100 * INITIAL / SEAT_BOND:.2f} %")


def test_nothing_left_to_lose(spec: Any, state: Any, mainnet: Any) -> None:
    """Pending penalties bar newcomers from a bond, but those who sit on it go on sitting."""
    pool = pool_with(spec, state, 20 * SEAT_BOND, range(10))
    (waiting,) = add_waiting(spec, state, pool)
    put_in_line(state, waiting, 5)
    owe(spec, state, pool, 1, EPOCH + 9)
    serve_seats(spec, state)
    assert seats_of(state, pool) == 10
    assert weights(state, [waiting]) == [0]
    assert state.validators[waiting].activation_eligibility_epoch == 2**64 - 1
    # If a third is slashed with it, the bond is gone whatever else its validators do
    state.slashings[0] = 22 * SEAT
    end_epoch(spec, state, EPOCH + 9, STEP, "process_pool_seats")
    assert (state.pools[pool].bond, seats_of(state, pool)) == (0, 0)
    epochs = int(mainnet.EPOCHS_PER_SLASHINGS_VECTOR) // 2
    states("Nothing left to lose", f"{epochs:,} epochs", f"{epochs / EPOCHS_A_DAY:.1f} days")


def test_topping_up_a_hacked_pool(spec: Any, state: Any) -> None:
    """Penalties that are pending take what others add to the bond."""
    pool = add_pool(spec, state, bond=0)
    owe(spec, state, pool, 2)
    spec.process_deposit_request(state, build_bond_request(spec, pool, 64 * ETH))
    state.slashings[0] = 22 * SEAT
    end_epoch(spec, state, EPOCH, STEP)
    assert state.pools[pool].bond == 2 * INITIAL
    states("Topping up a hacked pool", f"{(SEAT - INITIAL) / ETH:.7f} ETH")


def test_buying_double_votes(mainnet: Any) -> None:
    """Up to a share of 0.325% a seat costs what solo stake costs; beyond, the bond is all."""
    share = (0.32 - 0.0078125) / 96
    assert f"{100 * share:.3f}" == "0.325"
    state = mainnet_state(mainnet)
    slashed = int(STAKE * share)
    state.slashings[0] = slashed * ETH
    correlated = 32 * int(mainnet.get_slashing_penalty_per_increment(state))
    assert abs(correlated + INITIAL - SEAT_BOND) < ETH // 10_000
    seats = STAKE // 3 // 32
    # A solo validator's penalty falls at a distance from its withdrawal, not from its slashing
    vector = int(mainnet.EPOCHS_PER_SLASHINGS_VECTOR)
    spared = vector + vector // 2 - int(mainnet.config.MIN_VALIDATOR_WITHDRAWABILITY_DELAY)
    for exit_epoch, is_spared in ((EPOCH + spared - 1, False), (EPOCH + spared, True)):
        validator = state.validators[0].copy()
        validator.slashed, validator.withdrawable_epoch = True, exit_epoch + 256
        due = exit_epoch + 256 - vector // 2
        assert mainnet.is_slashing_penalty_due(validator, mainnet.Epoch(due))
        # By then the place of the slashing's epoch in the vector has been emptied
        assert (due >= EPOCH + vector) is is_spared
    states(
        "Buying double votes",
        f"{spared:,} epochs",
        f"{spared * CHURN / 1e6:.1f} million ETH",
        "0.325 %",
        f"{seats * SEAT_BOND // ETH:,} ETH",
        f"{seats * 32:,} ETH",
        "0.0078125 ETH",
    )


def test_a_pool_of_ones_own(spec: Any, state: Any) -> None:
    """With a hundred seats, a hundredth of the income buys off nearly all of the risk."""
    assert spec.compute_backed_balance(spec.Gwei(32 * ETH)) == 100 * SEAT
    queue_deposits(state, pending_bond(spec, 0, 32 * ETH - 1), pending_bond(spec, 1, 32 * ETH))
    end_epoch(spec, state, EPOCH, "process_pending_deposits")
    assert [int(pool.bond) for pool in state.pools] == [32 * ETH]
    at_risk, income = 32 / (101 * 32), 100 / 101
    assert f"{100 * (1 - at_risk):.1f}" == "99.0"
    assert f"{100 * (1 - income):.2f}" == "0.99"
    states("A pool of one's own", "0.99 %", "99.0 %", "3,232 ETH")


def test_splitting_into_many_pools(spec: Any, state: Any) -> None:
    """What a pool cannot pay, its operator's other pools do not."""
    whole = add_pool(spec, state, bond=64 * ETH)
    halves = [add_pool(spec, state, bond=32 * ETH) for _ in range(2)]
    owe(spec, state, whole, 2)
    owe(spec, state, halves[0], 2)
    state.slashings[0] = 22 * SEAT
    end_epoch(spec, state, EPOCH, STEP)
    assert state.pools[whole].bond == 2 * INITIAL
    assert [int(state.pools[half].bond) for half in halves] == [0, 32 * ETH]
    assert 100 * 32 - 32 == 3168
    states("Splitting into many pools", "32 ETH", "3,168 ETH")


def test_dead_weight_of_a_hacked_pool(spec: Any, state: Any, mainnet: Any) -> None:
    """The slashed weigh in the total only until an absent validator's weight would be gone."""
    pool_with(spec, state, 60 * ETH, range(2))
    begin_epoch(spec, state, EPOCH)
    for index in (0, 1):
        spec.slash_validator(state, index)
        state.validators[index].exit_epoch = 5000
    state.inactivity_scores[0] = spec.config.SEAT_INACTIVITY_LIMIT
    state.inactivity_scores[1] = spec.config.SEAT_INACTIVITY_LIMIT - 1
    serve_seats(spec, state, NEXT_EPOCH)
    assert weights(state, (0, 1)) == [0, 32]
    epochs = int(mainnet.config.SEAT_INACTIVITY_LIMIT) // int(mainnet.config.INACTIVITY_SCORE_BIAS)
    states(
        "Dead weight of a hacked pool", f"{epochs:,} epochs", f"{epochs / EPOCHS_A_DAY:.1f} days"
    )
