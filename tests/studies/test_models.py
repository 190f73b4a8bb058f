"""The models of the studies, held against numbers reckoned by hand."""

from math import exp, log, sqrt
from typing import Any

import pytest

from poolspec.studies import (
    break_even,
    chains,
    corruption,
    income,
    offline,
    partition,
    protocol,
    reseating,
    surfaces,
    swing,
    weak_subjectivity,
)
from poolspec.studies.chains import Chain, Holders
from poolspec.studies.errors import CheckError

ETH = 10**9


# The protocol's formulas


def test_formulas_of_the_protocol() -> None:
    # isqrt(34e15) is 184,390,889, and 64e9 / 184,390,889 is 347 and a bit
    assert protocol.base_reward(34_000_000) == 32 * 347
    assert protocol.absence_penalty(34_000_000) == 11_104 * 14 // 64 + 11_104 * 26 // 64
    assert protocol.epochs_per_day() == 225
    assert protocol.days(1575) == 7
    assert protocol.initial_penalty() == 7_812_500
    assert protocol.minimal_bond(1000, 100) == 320 * ETH
    assert protocol.minimal_bond(1, 1000) == 32_000_000


@pytest.mark.parametrize(
    ("total_eth", "limit_eth"), [(1_000_000, 128), (10_000_000, 152), (34_000_000, 256)]
)
def test_churn_limit_is_the_specifications(total_eth: int, limit_eth: int) -> None:
    assert protocol.churn_limit(total_eth) == limit_eth * ETH
    spec = protocol.specification()
    state = weak_subjectivity.state_of(spec, total_eth // 2048 * 2048, 0, 0, 0)
    assert spec.get_activation_exit_churn_limit(state) == limit_eth * ETH


def test_the_leak_halves_a_stake_in_three_weeks() -> None:
    assert protocol.leak_epochs(0.5) == pytest.approx(sqrt(log(2) * 2**25))
    assert protocol.leaked_share(protocol.leak_epochs(0.3)) == pytest.approx(0.3)


# Models


def attack(**changes: Any) -> float:
    """Return the cost of corrupting a third, all stake being in large pools without surplus."""
    point: dict[str, Any] = {
        "part": "third",
        "leverage": 100,
        "surplus_percent": 0,
        "pool_seats": corruption.LARGE,
        "late_evidence": False,
        "pooled_percent": 100,
    }
    return float(corruption.run({**point, **changes})["cost_eth"])


def test_cost_of_corruption() -> None:
    third = 34_000_000 / 3
    assert attack() == pytest.approx(third / 100)
    assert attack(surplus_percent=25) == pytest.approx(third / 80)
    assert attack(leverage=10) == pytest.approx(third / 10)
    assert attack(part="two thirds") == pytest.approx(2 * third / 100)
    assert attack(pooled_percent=0) == pytest.approx(third)
    # Ten seats share 32 ETH, one seat has them alone
    assert attack(pool_seats=10) == pytest.approx(third / 10)
    assert attack(pool_seats=1) == pytest.approx(third)
    # 34 million ETH / 3 / 32 seats at 1/128 ETH
    assert attack(late_evidence=True) == pytest.approx(third / 32 / 128)
    # A tenth in pools at a hundredth, the rest of the third solo at its whole stake
    assert attack(pooled_percent=10) == pytest.approx(third - 3_400_000 + 34_000)


def test_late_evidence_with_some_solo_attackers() -> None:
    # 23.33% solo of the 90% that still weigh: 77.8% of the stake each, and more than a bond holds
    solo = 1 / 3 - 0.1
    liability = 1 / 4096 + 3 * solo / 0.9
    expected = 34_000_000 * (solo * liability + 0.1 / 100)
    assert attack(pooled_percent=10, late_evidence=True) == pytest.approx(expected)


def test_slashings_that_empty_bonds() -> None:
    # 3.16% of all stake, 10.5% of the pools': 0.105 * 0.0949 of the stake is a hundredth of it
    assert swing.emptying_share(0.3, 100, 0) == pytest.approx(0.0316, abs=1e-4)
    share = swing.emptying_share(0.3, 100, 0.25)
    loss = swing.slashing_loss(share, 0.3) - share / 0.3 / 4096
    assert 100 * loss == pytest.approx(1.25)
    assert swing.kept_share(0.006, 100, 0) == pytest.approx(0.4)
    assert swing.kept_share(0.006, 100, 0.5) == pytest.approx(0.9)
    assert swing.kept_share(0.006, 100, 0.7) == 1
    assert swing.kept_share(0.006, 1000, 0.7) == 0


def test_weight_that_goes_with_a_share_of_the_bond() -> None:
    gone = swing.run({"kind": "bond", "surplus_percent": 25, "loss": 40})["weight_gone_percent"]
    assert gone == 25
    gone = swing.run({"kind": "seat", "leverage": 100, "surplus_percent": 0, "loss": 0.08})
    assert gone == {"weight_gone_percent": 25}


def test_time_to_seat_again() -> None:
    # 4 seats an epoch up to 128 ETH of churn, 8 from 256 ETH on
    assert reseating.closed_epochs(1_000_000, 100) == 25
    assert reseating.closed_epochs(34_000_000, 801) == 101
    # 5 seats from 160 ETH of churn, at 10,485,760 ETH: two epochs of 4 first
    assert reseating.closed_epochs(10_485_760 + 32, 9) == 3


def test_silent_pool_without_leak() -> None:
    share = 225 * 6940 / 0.32 / ETH
    assert offline.daily_share() == pytest.approx(share)
    assert offline.closed_share(0, 10) == pytest.approx(exp(-10 * share))
    assert offline.closed_share(5 * share, 5) == 1
    assert offline.closed_share(5 * share, 8) == pytest.approx(exp(-3 * share))


def test_partition_by_the_quadratic() -> None:
    # A half must fall to 16 ETH, that is below 16.75; of 34% the first step of hysteresis will do
    assert partition.closed_epochs(50) == pytest.approx(sqrt(-log(16.75 / 32) * 2**25))
    assert partition.closed_epochs(60) == pytest.approx(sqrt(-log(24.75 / 32) * 2**25))
    assert partition.closed_epochs(66) == pytest.approx(sqrt(-log(31.75 / 32) * 2**25))
    assert partition.closed_epochs(40) is None


def test_income() -> None:
    point: dict[str, Any] = {
        "kind": "closed form",
        "total_eth": 34_000_000,
        "leverage": 100,
        "commission_bp": 500,
    }
    row = income.run(point)
    year = 11_104 * 82_125 / ETH
    assert row["solo_eth"] == pytest.approx(year, abs=1e-6)
    assert row["staker_eth"] == pytest.approx(0.95 * year, abs=1e-6)
    assert row["operator_eth"] == pytest.approx(0.05 * year, abs=1e-6)
    assert row["bond_percent"] == pytest.approx(5 * year / 0.32, abs=1e-3)


def test_income_on_the_engine() -> None:
    rows = [
        {**point, **income.run(point)} for point in income.points() if point["kind"] == "engine"
    ]
    assert len(rows) == 3
    income.check(rows)
    rows[1]["operator_gwei"] += 1
    with pytest.raises(CheckError, match="votes must bring"):
        income.check(rows)


def test_break_even_lies_between_two_points() -> None:
    def row(leverage: int, percent: float) -> dict[str, Any]:
        return {"leverage": leverage, "loss": percent}

    falling = [row(10, 150), row(20, 50), row(30, 40)]
    assert break_even.break_even(falling, "loss") == 15
    assert break_even.break_even([row(1, 90), row(10, 20)], "loss") == 1
    assert break_even.break_even([row(1, 190), row(10, 120)], "loss") is None
    # What is covered in between only is not covered from there on
    assert break_even.break_even([row(1, 90), row(10, 120)], "loss") is None
    assert break_even.break_even([*falling, row(40, 120), row(50, 80)], "loss") == 45


def test_expected_loss_of_a_usual_operator() -> None:
    point: dict[str, Any] = {
        "profile": "usual",
        "commission_bp": 500,
        "surplus_percent": 0,
        "leverage": 100,
    }
    row = break_even.run(point)
    commission = 0.05 * 11_104 * 82_125 / ETH
    absence = 6940 * 82_125 / ETH
    outage = absence / 365
    expected = 0.005 * (absence + commission) + 1e-4 / 128 + 0.005 * 0.32 + outage
    expected += 100 * outage / 32 * commission * 30 / 365
    assert row["commission_eth"] == pytest.approx(commission, abs=1e-7)
    assert row["loss_eth"] == pytest.approx(expected, abs=1e-7)


def test_surfaces() -> None:
    rows = {name: surfaces.run({"surface": name}) for name in surfaces.SURFACES}
    assert rows["refunds"]["locked_eth"] == 16 * 225
    assert rows["payouts"]["per_epoch"] == 128
    assert rows["payouts"]["locked_eth"] == 128 * 225 * 32
    assert rows["admissions"]["per_epoch"] == 512
    assert rows["unbonding"]["locked_eth"] == 2 * 256 * 225 / 100
    assert rows["seat line"]["per_epoch"] == 8
    assert rows["seat line"]["locked_eth"] == pytest.approx(1800 * 32.32)
    assert rows["pool registry"]["locked_eth"] == 8 * 257 * 32


def test_period_of_weak_subjectivity_is_the_documents() -> None:
    point: dict[str, Any] = {
        "total_eth": 2**20,
        "pooled_percent": 30,
        "line": "full",
        "penalties": 0,
    }
    assert weak_subjectivity.run(point) == {"epochs": 428, "fulu_epochs": 665}


# Chains and their books


def test_a_chain_is_made_of_its_holders() -> None:
    chain = Chain(
        [Holders(0.25, 2), Holders(0.5), Holders(0.25, 5, 0.5)], total_eth=2_097_152, scale=256
    )
    assert [len(group) for group in chain.groups] == [64, 128, 60]
    assert chain.pools_of == [range(2), range(2, 2), range(2, 7)]
    assert set(chain.simulation.members(0)) | set(chain.simulation.members(1)) == set(
        chain.groups[0].tolist()
    )
    assert set(chain.simulation.solo()) == set(chain.groups[1].tolist())
    assert chain.weight(1) == 128 * 32 * ETH
    # Bonds of 10.24 ETH are raised to the minimum
    assert chain.bond(0) == 2 * 32 * ETH
    # A 256th of the churn, and a 16th of the factor of rewards
    assert chain.simulation.rules.p.MAX_PER_EPOCH_ACTIVATION_EXIT_CHURN_LIMIT == ETH
    assert chain.simulation.rules.p.BASE_REWARD_FACTOR == 4
    with pytest.raises(ValueError, match="square"):
        Chain([Holders(1.0)], scale=8)


def test_scaled_rewards_are_those_of_the_whole() -> None:
    chain = Chain([Holders(1.0)])
    total = chain.simulation.active_balance() * 256 // ETH
    per_increment = protocol.base_reward(total) // 32
    scaled = chain.simulation.rules.base_reward_per_increment(chain.simulation.state)
    assert scaled == pytest.approx(per_increment, abs=1)


@pytest.fixture
def busy() -> Chain:
    """A chain on which about everything happens that moves money."""
    chain = Chain(
        [Holders(0.5), Holders(0.2, 4), Holders(0.3, 2, 0.25)], total_eth=33_554_432, min_bond=False
    )
    chain.simulation.set_offline(chain.groups[1][::2])
    chain.simulation.set_offline(chain.groups[0][:1400])
    chain.slash([0, 1, 2100, 2101])
    chain.top_up([1], ETH)
    return chain


def test_books_close_when_everything_happens(busy: Chain) -> None:
    vector = int(busy.simulation.rules.p.EPOCHS_PER_SLASHINGS_VECTOR) // 2
    money = busy.ledger.money()
    busy.simulation.state.slot += 32 * (vector - 40)
    busy.step(60)
    assert busy.ledger.money() != money


@pytest.mark.parametrize("place", ["balances", "bonds"])
def test_books_tell_a_gwei_from_nowhere(busy: Chain, place: str) -> None:
    busy.step(3)
    getattr(busy.simulation, place)[0] += 1
    with pytest.raises(CheckError, match="1 Gwei of change"):
        busy.ledger.close()


def test_books_tell_a_gwei_that_moves_between_two_steps(busy: Chain) -> None:
    rules = busy.simulation.rules
    original = rules.process_registry_updates

    def generous(state: Any) -> None:
        original(state)
        state.registry.balances[0] += 1

    rules.process_registry_updates = generous
    with pytest.raises(CheckError, match="1 Gwei of change"):
        busy.step()


def test_books_tell_a_slashing_that_costs_too_little(busy: Chain) -> None:
    state = busy.simulation.state
    rows = busy.groups[0][10:12]
    bonds = busy.simulation.bonds.tolist()
    busy.simulation.slash(rows)
    state.registry.balances[rows[0]] += 1
    with pytest.raises(CheckError, match="1 Gwei of change"):
        busy.ledger.book_slashings(rows, bonds)


def test_slashings_of_an_empty_bond_issue_nothing(busy: Chain) -> None:
    busy.simulation.bonds[0] = 10_000_000
    busy.ledger.open()
    money = busy.ledger.money()
    # The second finds 2,187,500 Gwei, the third none: each burns what it issues
    assert busy.slash(busy.groups[1][4:7]) == 3
    assert busy.ledger.money() == money
    assert busy.simulation.bonds[0] == 0


def test_books_tell_a_wrong_penalty(busy: Chain) -> None:
    rules = busy.simulation.rules
    rules.p.POOL_INACTIVITY_PENALTY_DIVISOR = 1
    state = busy.simulation.state
    balances, bonds = busy.ledger._votes()
    rules.p.POOL_INACTIVITY_PENALTY_DIVISOR = 100
    # The reckoning of another rule is not what the engine does
    busy.step(8)
    state_bonds = state.pools.bond.copy()
    assert not (state_bonds == bonds.astype(state_bonds.dtype)).all()
    busy.ledger._watch("process_slashings", lambda: (balances, bonds))
    with pytest.raises(CheckError, match="process_slashings is not what was reckoned"):
        busy.step()


def test_churn_of_a_scaled_chain() -> None:
    assert chains.scaled_config(4, POOL_LEVERAGE=10) == {
        "MIN_PER_EPOCH_CHURN_LIMIT_ELECTRA": 32 * ETH,
        "MAX_PER_EPOCH_ACTIVATION_EXIT_CHURN_LIMIT": 64 * ETH,
        "POOL_LEVERAGE": 10,
    }
