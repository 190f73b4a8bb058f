"""Simulations: events do what the specification's functions do, and time passes as there."""

from typing import Any

import numpy as np
import pytest

import poolspec
from poolspec.engine.simulation import Description, PoolDescription, Simulation
from poolspec.vectors.difference import difference
from tests.engine.side_by_side import view_of

ETH = 10**9
FAR = 2**64 - 1


@pytest.fixture
def chain() -> Simulation:
    """Two pools of ten with surplus, of which the second asks for a commission."""
    pools = [PoolDescription(10, 33 * ETH), PoolDescription(10, 33 * ETH, commission=1000)]
    return Simulation(Description(solo=80, compounding=2, pools=pools), preset="minimal")


def test_start_is_as_described(chain: Simulation) -> None:
    assert len(chain.balances) == 102
    assert chain.active_balance() == (80 * 32 + 2 * 2048 + 20 * 32) * ETH
    assert chain.solo().tolist() == list(range(82))
    assert chain.members(1).tolist() == list(range(92, 102))
    assert chain.seats.tolist() == [10, 10]
    assert chain.bonds.tolist() == [33 * ETH, 33 * ETH]
    assert (chain.epoch, chain.finalized_epoch) == (1000, 998)


@pytest.mark.usefixtures("no_signatures")
def test_epochs_with_events_are_those_of_the_specification(chain: Simulation) -> None:
    spec: Any = poolspec.load("poolbonds", "minimal")
    events: list[Any] = [
        lambda: chain.set_offline([0, 1, 84, 95]),
        lambda: chain.slash([2, 85]),
        lambda: chain.unbond([1], ETH),
        lambda: chain.deposit(2, 32 * ETH, pool=1),
        lambda: chain.exit([3, 86]),
        lambda: chain.top_up([0], ETH),
    ]
    for event in events:
        event()
        chain.vote()
        expected = view_of(spec, chain.state)
        spec.process_epoch(expected)
        chain.step()
        found = view_of(spec, chain.state)
        found.slot = expected.slot
        assert found.hash_tree_root() == expected.hash_tree_root(), difference(expected, found)


def test_whoever_is_offline_costs_its_pool(chain: Simulation) -> None:
    chain.set_offline([84])
    chain.step(2)
    base = chain.rules.base_reward_per_increment(chain.state) * 32
    assert chain.bonds[0] == 33 * ETH - base * 14 // 64 - base * 26 // 64
    assert chain.bonds[1] > 33 * ETH
    chain.set_offline([84], False)
    bond = int(chain.bonds[0])
    chain.step(1)
    assert chain.bonds[0] < bond
    chain.step(1)
    assert chain.bonds[0] < bond
    after = int(chain.bonds[0])
    chain.step(1)
    assert chain.bonds[0] == after


def test_slashed_validators_are_counted_once(chain: Simulation) -> None:
    assert chain.slash([90, 90, 5]) == 2
    assert chain.slash([90]) == 0
    assert chain.bonds[0] < 33 * ETH
    assert chain.balances[90] == 32 * ETH
    assert chain.balances[5] < 32 * ETH


def test_bonds_are_topped_up_and_taken_out(chain: Simulation) -> None:
    chain.top_up([0, 1], 5 * ETH)
    assert chain.bonds.tolist() == [38 * ETH, 38 * ETH]
    chain.unbond([0], 2 * ETH)
    chain.unbond([1], 0)
    assert chain.state.pools.unbonding_amount.tolist() == [2 * ETH, FAR]
    chain.top_up([1], ETH)
    assert chain.bonds[1] == 38 * ETH


def test_stakers_join_and_leave(chain: Simulation) -> None:
    chain.deposit(1, 32 * ETH, pool=0)
    chain.deposit(1, 64 * ETH, compounding=True)
    chain.step(6)
    assert len(chain.balances) == 104
    assert chain.admit([102, 103, 0]) == 1
    assert chain.admit([102]) == 0
    chain.step(5)
    assert chain.effective_balances[102:].tolist() == [32 * ETH, 64 * ETH]
    assert chain.seats[0] == 11
    chain.exit(chain.members(0)[:1])
    assert chain.state.registry.exit_epoch[chain.members(0)[0]] != FAR


def test_pools_are_founded(chain: Simulation) -> None:
    pool = chain.found_pool(40 * ETH, commission=300)
    assert pool == 2
    chain.deposit(1, 32 * ETH, pool=pool)
    chain.step(6)
    assert chain.admit(np.array([102])) == 1
    chain.step(4)
    assert chain.seats.tolist() == [10, 10, 1]


def test_fulu_can_be_simulated_too() -> None:
    chain = Simulation(Description(solo=64), fork="fulu", preset="minimal", duties=False)
    lookahead = list(chain.state.proposer_lookahead)
    chain.step(3)
    assert chain.finalized_epoch == 1001
    assert chain.state.proposer_lookahead == lookahead


def test_configuration_can_be_overridden() -> None:
    pools = [PoolDescription(10, 33 * ETH)]
    chain = Simulation(
        Description(solo=64, pools=pools), preset="minimal", config={"POOL_LEVERAGE": 5}
    )
    chain.step()
    # 5 times 33 ETH carries five seats.
    assert chain.seats.tolist() == [5]
