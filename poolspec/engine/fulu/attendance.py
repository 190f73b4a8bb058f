"""Who took part in an ending epoch, and with how much weight, in one pass over the registry.

Rewards depend on a validator only through its effective balance, counted in increments, and a few
yes-or-no facts. Both together are one small number, the key; validators with the same key are a
group. The sizes of groups give all sums of weight, and what is reckoned for each group is spread to
the validators by indexing.
"""

import numpy as np
from numpy.typing import NDArray

from poolspec.engine.numbers import Column, Indices, Mask, chunks, largest, total
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
_NOBODY = np.zeros(0, np.int64)


class Attendance:
    """Facts about all validators at the end of an epoch.

    By validator: `facts`, a byte, and `group`. By group: `sizes` and, ascending, `keys`, which are
    `level << FACT_BITS | facts`. `levels[level]` is the effective balance in increments.
    """

    def __init__(
        self, registry: Registry, previous: int, current: int, increment: int, other: Mask | None
    ) -> None:
        self.increment = increment
        self._effective_balance = registry.effective_balance
        self.facts = np.empty(len(registry), np.uint8)
        for rows in chunks(len(registry)):
            self.facts[rows] = _facts(registry, rows, previous, current)
        _add_late_payers(self.facts, registry, previous)
        if other is not None:
            self.facts |= other.view(np.uint8) << np.uint8(OTHER.bit_length() - 1)
        key, self.levels, self._fractions = self._keys()
        occurrences = np.bincount(key)
        self.keys: Indices = np.flatnonzero(occurrences > 0)
        self.sizes: Indices = occurrences[self.keys]
        number = np.empty(len(occurrences), np.int64)
        number[self.keys] = np.arange(len(self.keys))
        self.group: Indices = np.take(number, key, out=key)

    def increments(self) -> Column:
        """Return the effective balance of each group in increments."""
        increments: Column = self.levels[self.keys >> FACT_BITS]
        return increments

    def _keys(self) -> tuple[Indices, Column, Indices]:
        """Return keys by validator, the levels, and whose balance is between two increments."""
        balances, increment = self._effective_balance, np.uint64(self.increment)
        top = largest(balances) // self.increment
        if top >= _LEVELS:
            levels, level_of = np.unique(balances // increment, return_inverse=True)
            key = (level_of << FACT_BITS) | self.facts
            return key, levels, np.flatnonzero(balances % increment)
        key, fractions = np.empty(len(balances), np.int64), []
        for rows in chunks(len(balances)):
            increments = balances[rows] // increment
            if not np.array_equal(increments * increment, balances[rows]):
                fractions.append(rows.start + np.flatnonzero(balances[rows] % increment))
            np.left_shift(increments.view(np.int64), FACT_BITS, out=key[rows])
            key[rows] |= self.facts[rows]
        return key, np.arange(top + 1, dtype=np.uint64), np.concatenate([*fractions, _NOBODY])

    @property
    def eligible(self) -> Mask:
        """Whose votes of the previous epoch are settled."""
        eligible: Mask = (self.facts & np.uint8(ELIGIBLE)) != 0
        return eligible

    @property
    def absent(self) -> Mask:
        """Who is eligible and has no timely target vote in the previous epoch."""
        absent: Mask = (self.facts & np.uint8(ELIGIBLE | TARGET)) == ELIGIBLE
        return absent

    def weight(self, fact: int) -> int:
        """Return the effective balance (Gwei) of all that share a fact: exact, without a floor."""
        chosen = (self.keys & fact) != 0
        increments: list[int] = self.increments()[chosen].tolist()
        sizes: list[int] = self.sizes[chosen].tolist()
        whole = sum(size * each for size, each in zip(sizes, increments, strict=True))
        part = self._fractions[(self.facts[self._fractions] & np.uint8(fact)) != 0]
        rest = total(self._effective_balance[part] % np.uint64(self.increment))
        return whole * self.increment + rest


def _facts(registry: Registry, rows: slice, previous: int, current: int) -> NDArray[np.uint8]:
    """Return the facts of some validators that every fork needs, but for `_add_late_payers`."""
    before, now = np.uint64(previous), np.uint64(current)
    activation, leaving = registry.activation_epoch[rows], registry.exit_epoch[rows]
    was_active = ((activation <= before) & (leaving > before)).view(np.uint8)
    is_active = ((activation <= now) & (leaving > now)).view(np.uint8)
    unslashed = (~registry.slashed[rows]).view(np.uint8)

    facts: NDArray[np.uint8] = registry.previous_participation[rows] & np.uint8(FLAGS)
    facts *= was_active & unslashed
    facts |= was_active * np.uint8(ELIGIBLE)
    facts |= is_active * np.uint8(ACTIVE)
    voted = registry.current_participation[rows] >> np.uint8(1) & is_active & unslashed
    facts |= voted * np.uint8(CURRENT_TARGET)
    return facts


def _add_late_payers(facts: NDArray[np.uint8], registry: Registry, previous: int) -> None:
    """Mark the slashed as eligible until just before they are withdrawable, active or not."""
    slashed = np.flatnonzero(registry.slashed)
    owing = slashed[registry.withdrawable_epoch[slashed] > np.uint64(previous + 1)]
    facts[owing] |= np.uint8(ELIGIBLE)
