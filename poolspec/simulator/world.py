"""The chain that a scenario runs on, and which of its validators and pools are whose.

A world is one chain: pools under PoolBonds, or its twin, the same validators all solo under Fulu.
In the twin, "pools" are only those validators that would be in one, so that an event concerns the
same people in both.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

import poolspec
from poolspec.engine.numbers import U64_MAX, Indices, Mask
from poolspec.engine.simulation import Description, PoolDescription, Simulation
from poolspec.simulator.scenario import PoolGroup, Scenario, SoloGroup

__all__ = ["SEAT", "START", "World", "needed_bond"]

SEAT = 32 * 10**9
"""Gwei locked for a seat."""

START = 1000
"""Epoch of the chain at which a scenario begins; within a scenario, epochs count from 0."""

_FAR = np.uint64(U64_MAX)
_NO_POOL = -1


def needed_bond(members: int, leverage: int) -> int:
    """Return the least bond (Gwei) that carries so many seats."""
    return -(-members * SEAT // leverage)


class World:
    """A chain with its groups.

    By validator: `group`, a place in `scenario.groups()`, and `home`, the pool that it is or would
    be in, -1 for none. By pool: `pool_group`. `put_in` is what each validator was made with (Gwei),
    `down` counts the reasons for which it is offline, and `cut` tells who is on another side.
    """

    def __init__(self, scenario: Scenario, *, solo: bool = False) -> None:
        """Set the chain up; with `solo`, the twin under Fulu."""
        self.scenario, self.is_twin = scenario, solo
        self._uptime = np.random.default_rng([scenario.seed, 2])
        self._lay_out()
        self.chain = self._start()
        self.chain.rules.lottery = scenario.seed
        self.put_in = self.chain.balances.astype(np.int64)
        self.first_bonds = self.chain.bonds.astype(np.int64)
        self.down = np.zeros(len(self.group), np.int16)
        self.cut: Mask = np.zeros(len(self.group), np.bool_)
        groups = scenario.groups()
        self._misses = np.array([float(1 - group.uptime) for group in groups])
        self.chain.open_books()

    # Setting up

    def _lay_out(self) -> None:
        """Decide the order of the registry: 32 ETH solo, then those with more, then members."""
        scale, groups = self.scenario.scale, self.scenario.groups()
        solo = [(n, g) for n, g in enumerate(groups) if isinstance(g, SoloGroup)]
        plain = [(n, g) for n, g in solo if g.balance == SEAT]
        rich = [(n, g) for n, g in solo if g.balance > SEAT]
        group_of: list[NDArray[np.int64]] = []
        for number, group in plain + rich:
            group_of.append(np.full(group.validators // scale, number))
        home_of = [np.full(len(each), _NO_POOL) for each in group_of]
        self.pool_group: list[int] = []
        for number, pools in enumerate(groups):
            if isinstance(pools, PoolGroup):
                size = pools.members // scale
                group_of.append(np.full(pools.pools * size, number))
                first = len(self.pool_group)
                home_of.append(np.repeat(np.arange(first, first + pools.pools), size))
                self.pool_group += [number] * pools.pools
        nobody = [np.zeros(0, np.int64)]
        self.group: Indices = np.concatenate(nobody + group_of)
        self.home: Indices = np.concatenate(nobody + home_of)
        self._plain = sum(group.validators // scale for _, group in plain)
        self._rich = [(group.validators // scale, group.balance) for _, group in rich]

    def _start(self) -> Simulation:
        """Return the chain at its start."""
        scenario, scale = self.scenario, self.scenario.scale
        rich = sum(count for count, _ in self._rich)
        members = len(self.group) - self._plain - rich
        pools = [] if self.is_twin else self._pools()
        fork = "fulu" if self.is_twin else "poolbonds"
        description = Description(
            solo=self._plain,
            # The twin's would-be members stand where its members are; see below.
            compounding=rich + (members if self.is_twin else 0),
            pools=pools,
            epoch=START,
            seed=scenario.seed,
        )
        spec: Any = poolspec.load(fork, scenario.preset)
        known = spec.config._fields
        config = {name: value for name, value in scenario.config.items() if name in known}
        chain = Simulation(
            description,
            fork=fork,
            preset=scenario.preset,
            config=config or None,
            duties=False,
            payouts=True,
            scale=scale,
        )
        self._give_balances(chain, self._plain + rich)
        return chain

    def _give_balances(self, chain: Simulation, members_from: int) -> None:
        """Write the balances of those with more than 32 ETH, and make the twin's members solo."""
        registry, row = chain.state.registry, self._plain
        for count, balance in self._rich:
            registry.balances[row : row + count] = balance
            registry.effective_balance[row : row + count] = balance
            row += count
        if self.is_twin:
            prefix = bytes(chain.rules.p.ETH1_ADDRESS_WITHDRAWAL_PREFIX)[0]
            registry.credentials[members_from:, 0] = prefix
            registry.prefix = registry.credentials[:, 0]
            registry.balances[members_from:] = SEAT
            registry.effective_balance[members_from:] = SEAT
        chain.state.forget()

    def _pools(self) -> list[PoolDescription]:
        """Return all pools in order, as large as the scale makes them."""
        scale = self.scenario.scale
        return [
            PoolDescription(group.members // scale, self.bond(group) // scale, group.commission)
            for group in self.scenario.registry.pools
            for _ in range(group.pools)
        ]

    def bond(self, group: PoolGroup) -> int:
        """Return the bond (Gwei) with which each pool of a group starts."""
        if group.bond is not None:
            return group.bond
        spec: Any = poolspec.load("poolbonds", self.scenario.preset)
        leverage = self.setting("POOL_LEVERAGE", spec)
        backing = group.backing or Fraction(1)
        bond = -(-needed_bond(group.members, leverage) * backing.numerator // backing.denominator)
        return max(bond, self.setting("MIN_POOL_BOND", spec))

    def setting(self, name: str, spec: Any) -> int:
        """Return a configuration value, as the scenario has it."""
        return int(self.scenario.config.get(name, getattr(spec.config, name)))

    # Who is where

    @property
    def epoch(self) -> int:
        """The scenario's epochs that are over."""
        return self.chain.epoch - START

    def rows(self, group: int) -> Indices:
        """Return the validators of a group, ascending."""
        return np.flatnonzero(self.group == group)

    def members(self, pool: int) -> Indices:
        """Return the validators that are, or would be, in a pool, ascending."""
        return np.flatnonzero(self.home == pool)

    def pools_of(self, group: int) -> list[int]:
        """Return the pools of a group that there were at the start, or that have been founded."""
        return [pool for pool, each in enumerate(self.pool_group) if each == group]

    def found(self, group: int, bond: int, commission: int) -> int:
        """Found a pool of a group; gives its index."""
        pool = self.chain.found_pool(bond // self.scenario.scale, commission)
        self.pool_group.append(group)
        self.first_bonds = np.append(self.first_bonds, 0)
        return pool

    def deposit(self, group: int, pool: int | None, count: int) -> None:
        """Send first deposits for a group, locked in a pool or, in the twin, not."""
        owner = (group + 1).to_bytes(8, "little")
        home = (_NO_POOL if pool is None else pool) + 1
        address = owner + home.to_bytes(8, "little") + bytes(4)
        target = None if self.is_twin else pool
        self.chain.deposit(count, SEAT, pool=target, address=address)

    # Time

    def step(self, absent: Mask | None = None) -> None:
        """Let an epoch pass, and give newcomers to their groups.

        Who is absent may be given, as it was drawn by `absent`; otherwise it is drawn here.
        """
        self.chain.offline = self.absent() if absent is None else absent
        self.chain.step()
        known, count = len(self.group), len(self.chain.balances)
        if count > known:
            self._welcome(known)

    def absent(self) -> Mask:
        """Draw who casts no votes in this epoch."""
        absent: Mask = (self.down > 0) | self.cut
        if self._misses.any():
            absent |= self._uptime.random(len(absent)) < self._misses[self.group]
        return absent

    def _welcome(self, first: int) -> None:
        """Read off the addresses of new validators whose they are, and let pools admit them."""
        registry = self.chain.state.registry
        owners = np.ascontiguousarray(registry.credentials[first:, 12:28]).view("<u8")
        self.group = np.concatenate([self.group, owners[:, 0].astype(np.int64) - 1])
        self.home = np.concatenate([self.home, owners[:, 1].astype(np.int64) - 1])
        self.put_in = np.concatenate([self.put_in, registry.balances[first:].astype(np.int64)])
        count = len(owners)
        self.down = np.concatenate([self.down, np.zeros(count, np.int16)])
        self.cut = np.concatenate([self.cut, np.zeros(count, np.bool_)])
        if not self.is_twin:
            self.chain.admit(np.arange(first, first + count))

    def split(self, is_on_a: Mask) -> World:
        """Cut the network in two: this world is side A from now on, and side B is returned."""
        other = copy(self)
        other.chain = self.chain.split()
        other.pool_group = list(self.pool_group)
        other.down = self.down.copy()
        other.put_in, other.first_bonds = self.put_in.copy(), self.first_bonds.copy()
        self.cut, other.cut = ~is_on_a, is_on_a.copy()
        other._uptime = np.random.default_rng([self.scenario.seed, 4])
        return other

    def heal(self) -> None:
        """Let everybody hear this chain again."""
        self.cut = np.zeros(len(self.group), np.bool_)

    # Choosing

    def staying(self, rows: Indices) -> Indices:
        """Return which validators are neither slashed nor leaving."""
        registry = self.chain.state.registry
        staying: Indices = rows[(registry.exit_epoch[rows] == _FAR) & ~registry.slashed[rows]]
        return staying

    def drawn(self, event: int, candidates: Sequence[int], share: Fraction) -> list[int]:
        """Return a share of some pools, the same in every chain, drawn by seed and event."""
        chance = np.random.default_rng([self.scenario.seed, 1, event])
        chosen = chance.permutation(len(candidates))[: round(len(candidates) * share)]
        return sorted(candidates[place] for place in chosen.tolist())
