"""Who took part in an ending epoch, and with how much weight, in one pass over the registry.

Rewards depend on a validator only through its effective balance, counted in increments, and a few
yes-or-no facts. Both together are one small number, the `key`. A histogram of keys gives all sums of
weight, and whatever is reckoned per key is spread to the validators by indexing.
"""

import numpy as np
from numpy.typing import NDArray

from poolspec.engine.numbers import Column, Indices, Mask, largest, total
from poolspec.engine.registry import Registry

__all__ = [
    "ACTIVE",
    "CURRENT_TARGET",
    "ELIGIBLE",
    "FACT_BITS",
    "OTHER",
    "TARGET",
    "Attendance",
]

# Facts of a key: the flags of the previous epoch that count take bits 0 to 2.
FLAGS = 0b111
TARGET = 0b10
ELIGIBLE = 1 << 3
ACTIVE = 1 << 4
CURRENT_TARGET = 1 << 5
# Free for the rules of a fork
OTHER = 1 << 6
FACT_BITS = 7

_LEVELS = 2**13


class Attendance:
    """Facts about all validators at the end of an epoch.

    `facts` is a byte each, `key` is `level << FACT_BITS | facts`, and `levels[level]` the effective
    balance in increments. `counts` says how often each key occurs.
    """

    def __init__(
        self, registry: Registry, previous: int, current: int, increment: int, other: Mask | None
    ) -> None:
        self.increment = increment
        self._effective_balance = registry.effective_balance
        self.facts = _facts(registry, previous, current)
        if other is not None:
            self.facts |= other.view(np.uint8) * np.uint8(OTHER)
        increments = registry.effective_balance // np.uint64(increment)
        self.levels, level_of = _levels(increments)
        self.key: Indices = (level_of << FACT_BITS) | self.facts
        self.counts = np.bincount(self.key, minlength=len(self.levels) << FACT_BITS)
        self.keys: Indices = np.flatnonzero(self.counts)
        """The keys that occur."""
        self._fractions = np.flatnonzero(
            increments * np.uint64(increment) != registry.effective_balance
        )

    @property
    def eligible(self) -> Mask:
        """Whose votes of the previous epoch are settled."""
        return (self.facts & np.uint8(ELIGIBLE)) != 0

    @property
    def absent(self) -> Mask:
        """Who is eligible and has no timely target vote in the previous epoch."""
        return (self.facts & np.uint8(ELIGIBLE | TARGET)) == ELIGIBLE

    def weight(self, fact: int) -> int:
        """Return the effective balance (Gwei) of all that share a fact: exact, without a floor."""
        chosen = self.keys[(self.keys & fact) != 0]
        increments = self.levels[chosen >> FACT_BITS].tolist()
        counts = self.counts[chosen].tolist()
        whole = sum(count * each for count, each in zip(counts, increments, strict=True))
        part = self._fractions[(self.facts[self._fractions] & np.uint8(fact)) != 0]
        rest = total(self._effective_balance[part] % np.uint64(self.increment))
        return whole * self.increment + rest


def _facts(registry: Registry, previous: int, current: int) -> NDArray[np.uint8]:
    """Return the facts that every fork needs, a byte for each validator."""
    before, now = np.uint64(previous), np.uint64(current)
    activation, leaving = registry.activation_epoch, registry.exit_epoch
    was_active = (activation <= before) & (leaving > before)
    is_active = (activation <= now) & (leaving > now)
    unslashed = ~registry.slashed

    facts = registry.previous_participation & np.uint8(FLAGS)
    facts *= (was_active & unslashed).view(np.uint8)
    facts |= was_active.view(np.uint8) * np.uint8(ELIGIBLE)
    slashed = np.flatnonzero(registry.slashed)
    owing = slashed[registry.withdrawable_epoch[slashed] > np.uint64(previous + 1)]
    facts[owing] |= np.uint8(ELIGIBLE)
    facts |= is_active.view(np.uint8) * np.uint8(ACTIVE)
    voted = (registry.current_participation & np.uint8(TARGET)) != 0
    voted &= is_active
    voted &= unslashed
    facts |= voted.view(np.uint8) * np.uint8(CURRENT_TARGET)
    return facts


def _levels(increments: Column) -> tuple[Column, Indices]:
    """Return the distinct numbers of increments, not too many, and which of them each one is."""
    top = largest(increments)
    if top < _LEVELS:
        return np.arange(top + 1, dtype=np.uint64), increments.view(np.int64)
    levels, level_of = np.unique(increments, return_inverse=True)
    return levels, level_of.astype(np.int64)
