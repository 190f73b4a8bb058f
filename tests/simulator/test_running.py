"""Runs: money, time, twins, partitions, and figures that can be reckoned by hand."""

from typing import Any

import numpy as np
import pytest

from poolspec.engine.simulation import Description, PoolDescription, Simulation
from poolspec.engine.simulation_books import ConservationError
from poolspec.simulator import Result, Scenario, ScenarioError, built_in, run, variants
from poolspec.simulator.recording import CHAIN_COLUMNS, POOL_COLUMNS, SOLO_COLUMNS
from poolspec.simulator.running import Twins, work
from poolspec.simulator.world import World, needed_bond

ETH = 10**9
SEAT = 32 * ETH


def scenario(**changes: Any) -> Scenario:
    """A thousand solo validators and ten pools of a hundred, on mainnet, for 40 epochs."""
    fields: dict[str, Any] = {
        "name": "test",
        "title": "A test",
        "duration": "40 epochs",
        "sample_every": "1 epoch",
        "compare": "none",
        "registry": {
            "solo": [{"name": "solo", "validators": 1000}],
            "pools": [
                {"name": "pools", "pools": 10, "members": 100, "bond": "40 ETH", "commission": "5%"}
            ],
        },
    }
    return Scenario.model_validate(fields | changes)


def test_columns_are_those_that_are_documented() -> None:
    result = run(scenario(duration="4 epochs", compare="solo"))
    pools = [f"pools.{name}" for name in POOL_COLUMNS]
    solo = [f"solo.{name}" for name in SOLO_COLUMNS]
    assert list(result.pools.columns) == [*CHAIN_COLUMNS, *solo, *pools]
    assert result.solo is not None
    twins = [f"pools.{name}" for name in SOLO_COLUMNS]
    assert list(result.solo.columns) == [*CHAIN_COLUMNS, *solo, *twins]
    assert result["epoch"].tolist() == [0, 1, 2, 3, 4]
    assert result["finalized_epoch"].tolist() == [-2, -1, 0, 1, 2]
    assert result["pools.seats"].tolist() == [1000] * 5


def test_rewards_are_those_of_the_formula() -> None:
    result = run(scenario(duration="10 epochs"))
    # 64 * 10**9 over the root of 64,000 ETH in Gwei, for each of 32 increments; source, target and
    # head are 14, 26 and 14 of 64 parts, and everybody takes part.
    increment = 64 * ETH // 8_000_000
    reward = sum(32 * increment * weight // 64 for weight in (14, 26, 14))
    assert result["solo.staker_income"][-1] == 10 * 1000 * reward
    commission = reward * 5 // 100
    assert result["pools.operator_income"][-1] == 10 * 1000 * commission
    assert result["pools.staker_income"][-1] == 10 * 1000 * (reward - commission)
    assert result["issued"][-1] == 10 * 2000 * reward
    assert result["burned"][-1] == 0


def test_the_leak_is_quadratic() -> None:
    # All pools are silent, half of the stake: nothing is final. The chain leaks from epoch 4 on:
    # scores rise by 4 an epoch, and each absent validator owes 32 ETH * score / (4 * 2**24), of
    # which its bond pays a hundredth.
    events = [{"at": "0 epochs", "do": "offline", "who": "pools"}]
    result = run(scenario(duration="60 epochs", events=events))
    assert result.pools.when("finality lost") == [4]
    lost = -np.diff(result["pools.bond"])
    base = 32 * (64 * ETH // 8_000_000)
    attestation = base * 14 // 64 + base * 26 // 64
    # The votes of the epoch before the start were cast; those of epoch 0 are settled in epoch 1.
    for epoch in range(5, 60):
        score = 4 * (epoch - 3)
        leak = SEAT * score // (4 * 2**24) // 100
        assert lost[epoch] == 1000 * (attestation + leak)
    assert np.diff(lost[5:]).max() <= 1000 * (SEAT * 4 // (4 * 2**24) // 100 + 1)


def test_the_leak_of_solo_stake_is_a_hundred_times_as_large() -> None:
    events = [{"at": "0 epochs", "do": "offline", "who": "pools"}]
    result = run(scenario(duration="40 epochs", events=events, compare="solo"))
    assert result.solo is not None
    base = 32 * (64 * ETH // 8_000_000)
    attestation = base * 14 // 64 + base * 26 // 64
    lost = np.diff(result.solo["pools.penalties"])
    assert [int(each) for each in lost[10:]] == [
        1000 * (attestation + SEAT * 4 * (epoch - 3) // (4 * 2**24)) for epoch in range(10, 40)
    ]


@pytest.mark.parametrize("solo_slashed", [0, 20, 60])
def test_the_correlation_penalty_is_three_times_the_share(solo_slashed: int) -> None:
    # On the minimal preset the penalty falls 32 epochs later.
    events = [{"at": "1 epoch", "do": "slash", "who": "pools", "share": "10%", "validators": 10}]
    if solo_slashed:
        more = {"at": "1 epoch", "do": "slash", "who": "solo", "validators": solo_slashed}
        events.append(more)
    fields = {"preset": "minimal", "duration": "36 epochs", "events": events}
    result = run(scenario(**fields))
    bonds = result["pools.penalties"]
    stake = int(result["active_weight"][33]) // ETH
    share = 3 * (10 + solo_slashed) * SEAT // stake
    fall = int(bonds[34] - bonds[33])
    missed = int(bonds[33] - bonds[32])
    assert abs(fall - missed - 10 * share * 32) <= 10 * 32
    # At once: a 4096th of the stake of each.
    assert int(bonds[2] - bonds[1]) - 10 * SEAT // 4096 in range(10 * 2_000_000)


def test_newcomers_sit_down_as_the_churn_lets_them() -> None:
    # 4 seats an epoch at this size; every deposit takes as much of the queue of deposits.
    fields: dict[str, Any] = {
        "duration": "40 epochs",
        "events": [{"at": "0 epochs", "do": "deposit", "who": "pools", "validators": 2}],
    }
    result = run(scenario(**fields))
    seats = result["pools.seats"]
    assert seats[-1] == 1020
    assert np.diff(seats).max() == 4
    assert result["deposited"][-1] == 20 * SEAT


def test_scaled_chains_do_what_full_ones_do() -> None:
    events = [
        {"at": "2 epochs", "do": "offline", "who": "pools", "lasts": "20 epochs"},
        {"at": "3 epochs", "do": "exit", "who": "solo", "share": "10%"},
        {"at": "30 epochs", "do": "deposit", "who": "pools", "validators": 10},
    ]
    fields: dict[str, Any] = {"duration": "80 epochs", "events": events}
    full, scaled = run(scenario(**fields)), run(scenario(scale=10, **fields))
    for name in ("active_weight", "pools.bond", "solo.staker_income", "pools.staker_income"):
        a, b = full[name].astype(float), scaled[name].astype(float)
        assert np.abs(a - b).max() <= 0.01 * np.abs(a).max(), name
    assert abs(int(full["solo.validators"][-1]) - int(scaled["solo.validators"][-1])) <= 10
    # Ten at a time, and as fast: the line is served in portions of the scale.
    late = np.abs(full["pools.seats"] - scaled["pools.seats"])
    assert late.max() <= 40


def test_side_b_gets_the_same_events() -> None:
    events = [
        {"at": "2 epochs", "do": "partition", "share": "60%", "lasts": "20 epochs"},
        {"at": "5 epochs", "do": "top-up", "who": "pools", "amount": "1 ETH"},
        {"at": "8 epochs", "do": "deposit", "who": "solo", "validators": 5},
    ]
    result = run(scenario(duration="30 epochs", events=events, compare="solo"))
    assert set(result.other_sides) == {"pools", "solo"}
    other = result.other_sides["pools"]
    assert other["epoch"].tolist() == list(range(2, 23))
    assert result["voting_weight"][10] == 1200 * SEAT
    assert other["voting_weight"][8] == 800 * SEAT
    assert other["deposited"][-1] == 10 * ETH + 5 * SEAT
    assert result["finalized_epoch"][-1] == 28
    assert other["finalized_epoch"][-1] == 0
    assert [each.kind for each in result.pools.milestones][-2:] == ["healed", "finality back"]


def test_stakers_become_pools() -> None:
    registry = {
        "solo": [{"name": "solo", "validators": 1000}],
        "pools": [{"name": "own", "pools": 0, "bond": "32 ETH"}],
    }
    convert = {"at": "1 epoch", "do": "convert", "who": "solo", "share": "2%", "staker": 10}
    convert |= {"into": "own", "bond": "32 ETH"}
    fields: dict[str, Any] = {"registry": registry, "events": [convert], "duration": "320 epochs"}
    result = run(scenario(**fields, compare="solo"))
    assert result["own.seats"][-1] == 18
    # Commissions are nothing, so the bonds stay what they were.
    assert result["own.bond"][-1] == 64 * ETH
    assert result["stake_at_risk"][-1] == 980 * SEAT + 64 * ETH
    assert result["solo.validators"][-1] == 980
    assert result.solo is not None
    assert result.solo["solo.validators"][-1] == 1000


def test_operators_are_paid_their_bonds() -> None:
    events = [{"at": "1 epoch", "do": "unbond", "who": "pools", "share": "20%"}]
    result = run(scenario(duration="320 epochs", events=events))
    paid = int(result["pools.bond_paid_out"][-1])
    assert result["pools.seats"][-1] == 800
    assert result["pools.bond"][-1] + paid == 400 * ETH + result["pools.operator_income"][-1]
    assert paid > 80 * ETH


def test_without_pools_both_chains_are_the_same() -> None:
    solo = [
        {"name": "solo", "validators": 300, "uptime": "98%"},
        {"name": "large", "validators": 3, "balance": "2048 ETH"},
    ]
    events = [
        {"at": "2 epochs", "do": "offline", "who": "solo", "share": "2/3", "lasts": "15 epochs"},
        {"at": "4 epochs", "do": "slash", "who": "all-solo", "validators": 2},
        {"at": "5 epochs", "do": "exit", "who": "solo", "validators": 3},
        {"at": "6 epochs", "do": "deposit", "who": "solo", "validators": 2},
    ]
    fields: dict[str, Any] = {"registry": {"solo": solo}, "events": events, "compare": "solo"}
    result = run(scenario(preset="minimal", duration="50 epochs", **fields))
    assert result.solo is not None
    assert result.pools.when("finality lost")
    assert result.solo.milestones == result.pools.milestones
    for name, values in result.pools.columns.items():
        assert values.tolist() == result.solo[name].tolist(), name


def test_uptime_is_drawn_by_the_seed() -> None:
    solo = [{"name": "solo", "validators": 2000, "uptime": "90%"}]
    fields: dict[str, Any] = {"registry": {"solo": solo}, "duration": "12 epochs"}
    first, again = run(scenario(seed=1, **fields)), run(scenario(seed=1, **fields))
    other = run(scenario(seed=2, **fields))
    assert first["burned"].tolist() == again["burned"].tolist()
    assert first["burned"][-1] != other["burned"][-1]
    base = 32 * (64 * ETH // 8_000_000)
    missed = first["burned"][-1] / (base * 14 // 64 + base * 26 // 64)
    assert 0.08 < missed / (11 * 2000) < 0.12


def test_money_that_vanishes_is_found() -> None:
    world = World(scenario())
    world.step()
    world.chain.state.pools.bond[0] -= 1
    with pytest.raises(ConservationError, match="-1 Gwei more than the books say"):
        world.step()


def test_books_close_whatever_happens() -> None:
    pools = [PoolDescription(10, 4 * ETH, 500), PoolDescription(10, 33 * ETH, 10_000)]
    chain = Simulation(
        Description(solo=40, compounding=3, pools=pools), preset="minimal", payouts=True
    )
    books = chain.open_books()
    chance = np.random.default_rng(7)
    for _ in range(80):
        everybody = np.arange(len(chain.balances))
        chain.set_offline(everybody, False)
        chain.set_offline(chance.choice(everybody, 25))
        act = int(chance.integers(8))
        if act == 0:
            chain.slash(chance.choice(everybody, 2))
        elif act == 1:
            chain.exit(chance.choice(everybody, 3))
        elif act == 2:
            chain.deposit(2, int(chance.integers(1, 64)) * ETH, pool=int(chance.integers(2)))
        elif act == 3:
            chain.unbond([int(chance.integers(2))], int(chance.integers(2)) * ETH)
        elif act == 4:
            chain.top_up([0, 1], ETH)
        chain.admit(everybody)
        chain.step()
    assert books.withdrawn > 0
    assert books.burned > 0
    assert books.refunded > 0
    assert books.deposited > 0


def test_the_sweep_in_columns_pays_what_blocks_would() -> None:
    pools = [PoolDescription(30, 40 * ETH, 500)]
    chain = Simulation(Description(solo=50, pools=pools), preset="minimal", payouts=True)
    chain.open_books()
    chain.exit(range(5))
    chain.unbond([0], 0)
    for _ in range(300):
        chain.vote()
        other = chain.split()
        chain.rules.pay(chain.state)
        other.rules._pay_one_by_one(other.state)
        assert chain.balances.tolist() == other.balances.tolist()
        assert chain.state.pending_payouts == other.state.pending_payouts
        position = chain.state.next_withdrawal_validator_index
        assert position == other.state.next_withdrawal_validator_index
        assert chain.books is not None
        assert other.books is not None
        assert chain.books.withdrawn == other.books.withdrawn
        assert chain.books.paid_out.tolist() == other.books.paid_out.tolist()
        chain.rules.process_epoch(chain.state)
        chain.state.slot += 8
    assert chain.balances[:5].tolist() == [0] * 5
    assert chain.books is not None
    assert chain.books.taken_out[0] > 40 * ETH


def test_twins_are_run_once() -> None:
    twins, told = Twins(), [0]

    def tell(epochs: int) -> None:
        told[0] += epochs

    base = scenario(duration="6 epochs", compare="solo")
    one = twins.run(base, tell)
    other = twins.run(base.model_copy(update={"config": {"POOL_LEVERAGE": 50}}), tell)
    assert one.solo is other.solo
    assert told[0] == 2 * work(base) == 24
    events = scenario(events=[{"at": "1 epoch", "do": "slash", "who": "solo", "validators": 1}])
    third = twins.run(events.model_copy(update={"compare": "solo"}))
    assert third.solo is not one.solo


def test_the_worked_example_finds_its_figures() -> None:
    [(_, example)] = variants(built_in("worked-example"))
    result = run(example.model_copy(update={"compare": "none"}))
    table = [(each.found, each.holds) for each in result.checks]
    assert all(holds for _, holds in table)
    bonds = [round(found / ETH, 2) for found, _ in table[::2]]
    assert bonds == [320, 288, 400, 398, 0]
    assert [found for found, _ in table[1::2]] == [1000, 900, 1000, 1000, 0]
    assert result["pool.staker_income"].min() >= 0


def test_an_expectation_that_fails_is_told() -> None:
    expect: list[dict[str, Any]]
    expect = [{"at": "2 epochs", "column": "pools.bond", "value": "1 ETH"}]
    result: Result = run(scenario(duration="3 epochs", expect=expect))
    assert [each.holds for each in result.checks] == [False]
    expect = [{"at": "2 epochs", "column": "nothing", "value": 1}]
    with pytest.raises(ScenarioError, match="there is no column 'nothing'"):
        run(scenario(duration="3 epochs", expect=expect))


def test_bonds_are_given_as_multiples() -> None:
    assert needed_bond(100, 100) == SEAT
    assert needed_bond(1, 3) == 10_666_666_667
    pools = [
        {"name": "pools", "members": 400, "backing": "150%"},
        {"name": "least", "members": 1, "backing": "100%"},
    ]
    world = World(scenario(registry={"pools": pools}))
    assert world.chain.bonds.tolist() == [6 * SEAT, SEAT]
