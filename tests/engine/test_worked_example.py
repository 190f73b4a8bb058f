"""The worked example of the design in full: mainnet's numbers, and every epoch of it."""

import pytest

from poolspec.engine.simulation import Description, PoolDescription, Simulation

ETH = 10**9
DAY = 225
"""Epochs of 6.4 minutes."""

HALF_VECTOR = 4096
"""Epochs from a slashing to its correlation penalty."""

WHALE = 2048 * ETH

# A validator of 32 ETH that is offline misses source and target, 40/64 of its base reward. For
# 0.002 ETH a day the base reward must be about 14,222 Gwei an epoch, 444 for each increment. That
# is 64 * 10**9 over the square root of the active Gwei: between 20.69 and 20.77 million ETH.
BASE_REWARD = 444
"""Gwei for each increment."""

PENALTY = BASE_REWARD * 32 * 14 // 64 + BASE_REWARD * 32 * 26 // 64
"""Gwei that missing source and target costs in an epoch: 3,108 + 5,772."""

# The stake besides the pool is that of whales, each of 2,048 ETH. A third of all is slashed in the
# first attack. Of those, 8 epochs of churn each, some 1,020 have left or lost their weight by the
# day that the pool is offline: 2.1 million ETH.
WHALES = 11_117
ATTACKERS = (WHALES * 2048 + 32_000) // 3 // 2048


@pytest.fixture(scope="module")
def chain() -> Simulation:
    """A pool of a thousand with 320 ETH of bond, after the whales."""
    pool = PoolDescription(members=1000, bond=320 * ETH)
    return Simulation(Description(compounding=WHALES, pools=[pool]), duties=False)


def pool_row(chain: Simulation) -> tuple[float, int]:
    """The bond in ETH, to a hundredth, and the seats."""
    return round(int(chain.bonds[0]) / ETH, 2), int(chain.seats[0])


def test_worked_example_in_full(chain: Simulation) -> None:
    members = chain.members(0)
    principal = chain.balances[members].copy()

    # 1000 stakers join a pool with 320 ETH of bond.
    chain.step()
    assert pool_row(chain) == (320, 1000)

    # One validator is slashed together with many others, and loses a full 32 ETH.
    assert chain.slash(members[:1]) == 1
    assert chain.slash(range(ATTACKERS)) == ATTACKERS
    chain.step(HALF_VECTOR + 1)
    assert chain.finalized_epoch == chain.epoch - 2
    assert pool_row(chain) == (288, 900)

    # The slashed one has left with all its stake; another staker takes its place, and the pool tops
    # its bond up with 112 ETH.
    chain.deposit(1, 32 * ETH, pool=0)
    chain.top_up([0], 112 * ETH)
    chain.step(4)
    newcomer = len(chain.balances) - 1
    assert chain.admit([newcomer]) == 1
    chain.step(20)
    assert pool_row(chain) == (400, 1000)

    # The pool is offline for a day, 0.002 ETH per validator.
    seated = chain.members(0)[1:]
    assert chain.rules.base_reward_per_increment(chain.state) == BASE_REWARD
    chain.set_offline(seated)
    before = int(chain.bonds[0])
    chain.step(1 + DAY)
    assert before - int(chain.bonds[0]) == DAY * 1000 * PENALTY
    assert round(DAY * PENALTY / ETH, 3) == 0.002
    assert chain.rules.base_reward_per_increment(chain.state) == BASE_REWARD
    assert pool_row(chain) == (398, 1000)
    chain.set_offline(seated, False)

    # The pool is hacked and every validator is slashed in full, together with another third.
    assert chain.slash(seated) == 1000
    assert chain.slash(range(ATTACKERS, 2 * ATTACKERS)) == ATTACKERS
    chain.step(HALF_VECTOR + 1)
    assert pool_row(chain) == (0, 0)

    # No staker has lost a Gwei of the principal.
    assert (chain.balances[members] >= principal).all()
    assert int(chain.balances[newcomer]) >= 32 * ETH
