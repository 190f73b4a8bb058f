"""The protocol's values as studies need them, and the formulas that follow from them alone.

Amounts are in Gwei, times in epochs, unless a name says otherwise. All values come from the
compiled mainnet module, so that a change of the documents changes the studies.
"""

from functools import cache
from math import exp, isqrt, log, sqrt
from typing import Any

import poolspec
from poolspec.engine.parameters import Parameters

__all__ = [
    "ETH",
    "REFERENCE_STAKE",
    "absence_penalty",
    "base_reward",
    "churn_limit",
    "days",
    "epochs_per_day",
    "epochs_per_year",
    "initial_penalty",
    "leak_epochs",
    "leaked_share",
    "minimal_bond",
    "parameters",
    "seat",
    "specification",
]

ETH = 10**9
REFERENCE_STAKE = 34_000_000
"""ETH staked on mainnet, rounded: the total of every study that does not sweep it."""


@cache
def specification(fork: str = "poolbonds") -> Any:
    """Return the compiled module of a fork with the mainnet preset."""
    return poolspec.load(fork, "mainnet")


@cache
def parameters() -> Parameters:
    """Return PoolBonds' constants, preset and configuration as plain numbers."""
    return Parameters(specification())


def seat() -> int:
    """Return the stake of a seat."""
    return int(parameters().MIN_ACTIVATION_BALANCE)


def epochs_per_day() -> float:
    """Return how many epochs a day has."""
    p = parameters()
    return float(86_400_000 / (p.SLOT_DURATION_MS * p.SLOTS_PER_EPOCH))


def epochs_per_year() -> float:
    """Return how many epochs a year of 365 days has."""
    return 365 * epochs_per_day()


def days(epochs: float) -> float:
    """Return the length of so many epochs in days."""
    return epochs / epochs_per_day()


def base_reward(total_eth: int) -> int:
    """Return what 32 ETH can earn in an epoch at an active stake in ETH, all duties together."""
    p = parameters()
    increment = int(p.EFFECTIVE_BALANCE_INCREMENT)
    per_increment = increment * int(p.BASE_REWARD_FACTOR) // isqrt(total_eth * ETH)
    return seat() // increment * per_increment


def absence_penalty(total_eth: int) -> int:
    """Return what 32 ETH pay for an epoch without votes, outside a leak."""
    p = parameters()
    base = base_reward(total_eth)
    weights = (p.TIMELY_SOURCE_WEIGHT, p.TIMELY_TARGET_WEIGHT)
    return sum(base * int(weight) // int(p.WEIGHT_DENOMINATOR) for weight in weights)


def churn_limit(total_eth: int) -> int:
    """Return the weight that may sit down, exit or unbond in an epoch, each by itself."""
    p = parameters()
    increment = int(p.EFFECTIVE_BALANCE_INCREMENT)
    share = total_eth * ETH // int(p.CHURN_LIMIT_QUOTIENT)
    limit = max(int(p.MIN_PER_EPOCH_CHURN_LIMIT_ELECTRA), share - share % increment)
    return min(limit, int(p.MAX_PER_EPOCH_ACTIVATION_EXIT_CHURN_LIMIT))


def minimal_bond(seats: int, leverage: int) -> int:
    """Return the smallest bond that carries so many seats, leaving `MIN_POOL_BOND` aside."""
    return -(-seats * seat() // leverage)


def initial_penalty() -> int:
    """Return what is charged at once for a slashed seat."""
    return seat() // int(parameters().MIN_SLASHING_PENALTY_QUOTIENT_ELECTRA)


def leaked_share(epochs: float) -> float:
    """Return which share of a stake a leak of so many epochs takes from who is always absent.

    The score grows by the bias in every epoch, so an epoch takes `t / quotient` of what is left,
    and all of them together leave `exp(-t^2 / (2 * quotient))`.
    """
    return 1 - exp(-(epochs**2) / (2 * int(parameters().INACTIVITY_PENALTY_QUOTIENT_BELLATRIX)))


def leak_epochs(share: float) -> float:
    """Return after how many epochs of a leak such a share of the absent stake is gone."""
    return sqrt(-log(1 - share) * 2 * int(parameters().INACTIVITY_PENALTY_QUOTIENT_BELLATRIX))
