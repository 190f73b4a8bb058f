"""Chains on the engine, scaled down, with books that are closed to the Gwei at every epoch.

A chain of one `scale`-th of the stake behaves like the whole, share for share, if what the protocol
reckons against absolute amounts is scaled too: the churn limits by `scale`, and the base reward
factor by its root, so that 32 ETH earn and pay what they do on the whole chain. What stays coarser
is the seat: a pool has 1/`scale` of its seats. Seats are given out whole, so where the line for
seats matters, the scale is at most 8: 32 of the 256 ETH an epoch. Churn limits are whole ETH too,
so a scale of 256 is for totals that stay above 16.8 million ETH.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from poolspec.engine.simulation import Description, PoolDescription, Simulation
from poolspec.engine.state import State
from poolspec.studies.errors import CheckError
from poolspec.studies.protocol import ETH, REFERENCE_STAKE, seat

__all__ = ["ENGINE", "Chain", "Holders", "scaled_config"]

ENGINE = ("engine", "studies/chains.py", "studies/protocol.py")
"""What the results of a study on the engine rest on."""


@dataclass(frozen=True)
class Holders:
    """Stake of a kind, as shares of the total: solo or in pools of equal size with equal bonds.

    `surplus` is what the bonds hold beyond what their seats need, as a share of that.
    """

    share: float
    pools: int = 0
    surplus: float = 0.0


def scaled_config(scale: int, **overrides: Any) -> dict[str, Any]:
    """Return configuration values with the churn limits scaled down."""
    names = ("MIN_PER_EPOCH_CHURN_LIMIT_ELECTRA", "MAX_PER_EPOCH_ACTIVATION_EXIT_CHURN_LIMIT")
    limits = dict(zip(names, (128 * ETH, 256 * ETH), strict=True))
    return {**{name: limit // scale for name, limit in limits.items()}, **overrides}


class Chain:
    """A simulation whose validators come in groups, one for each kind of holder."""

    def __init__(
        self,
        holders: Sequence[Holders],
        *,
        scale: int = 256,
        fork: str = "poolbonds",
        total_eth: int = REFERENCE_STAKE,
        min_bond: bool = True,
        **config: Any,
    ) -> None:
        """Start a chain with all holders in their seats; `config` replaces values by name.

        Without `min_bond`, bonds may be smaller than `MIN_POOL_BOND`, as a pool that is small only
        for being scaled down needs it.
        """
        root = isqrt(scale)
        if root * root != scale:
            raise ValueError(f"a scale must be a square, not {scale}")
        overrides = scaled_config(scale, **config)
        self.fork = fork
        self.groups: list[NDArray[np.int64]] = []
        self.pools_of: list[range] = []
        description = self._describe(holders, total_eth // scale // 32, overrides, min_bond)
        self.simulation = Simulation(description, fork=fork, config=overrides, duties=False)
        parameters = self.simulation.rules.p
        parameters.BASE_REWARD_FACTOR = int(parameters.BASE_REWARD_FACTOR) // root
        self.scale = scale
        self.ledger = Ledger(self.simulation)

    def _describe(
        self,
        holders: Sequence[Holders],
        validators: int,
        overrides: dict[str, Any],
        min_bond: bool,
    ) -> Description:
        """Describe the start: solo validators first, then the pools, as the registry has them."""
        leverage = int(overrides.get("POOL_LEVERAGE", 100))
        least = 32 * ETH if min_bond else 0
        counts = [round(holder.share * validators) for holder in holders]
        solo = sum(count for holder, count in zip(holders, counts, strict=True) if not holder.pools)
        pools: list[PoolDescription] = []
        next_solo, next_member = 0, solo
        for holder, count in zip(holders, counts, strict=True):
            first = len(pools)
            if holder.pools:
                size = max(count // holder.pools, 1)
                bond = round(size * seat() * (1 + holder.surplus)) // leverage
                pools += [PoolDescription(size, max(bond, least))] * holder.pools
                rows = np.arange(next_member, next_member + size * holder.pools)
                next_member += len(rows)
            else:
                rows = np.arange(next_solo, next_solo + count)
                next_solo += count
            self.groups.append(rows)
            self.pools_of.append(range(first, len(pools)))
        return Description(solo=solo, pools=pools)

    @property
    def epoch(self) -> int:
        """The epoch that the next step ends."""
        return self.simulation.epoch

    def weight(self, group: int) -> int:
        """Return the effective balance of a group (Gwei)."""
        return int(self.simulation.effective_balances[self.groups[group]].sum())

    def bond(self, group: int) -> int:
        """Return the bonds of a group (Gwei)."""
        pools = self.pools_of[group]
        return int(self.simulation.bonds[pools.start : pools.stop].sum())

    def is_final(self) -> bool:
        """Tell whether finality is as young as it can be."""
        return self.epoch - self.simulation.finalized_epoch <= 3

    def step(self, epochs: int = 1) -> None:
        """End epochs, and close the books after each."""
        for _ in range(epochs):
            self.simulation.step()
            self.ledger.close()

    def slash(self, validators: Sequence[int] | NDArray[np.int64]) -> int:
        """Slash validators; return how many of them could be."""
        registry = self.simulation.state.registry
        before, bonds = registry.slashed.copy(), self.simulation.bonds.tolist()
        count = self.simulation.slash(validators)
        self.ledger.book_slashings(np.flatnonzero(registry.slashed & ~before), bonds)
        return count

    def top_up(self, pools: Sequence[int], amount: int) -> None:
        """Add Gwei to each of some bonds, which must be open."""
        self.simulation.top_up(pools, amount)
        self.ledger.book(amount * len(pools))


class Ledger:
    """Money of a simulation: reckoned anew, validator by validator, beside the engine's columns.

    Rewards and penalties are followed step by step: what the votes must bring each validator and
    each bond is reckoned from the formulas and compared exactly; what slashings and correlation
    penalties take is too; and nothing else may move a Gwei (withdrawals there are none).
    """

    def __init__(self, simulation: Simulation) -> None:
        """Watch a simulation from now on."""
        self.simulation = simulation
        self.state: State = simulation.state
        self.rules = simulation.rules
        self.p = simulation.rules.p
        self.has_pools = hasattr(self.rules, "process_pending_pool_penalties")
        self.open()
        self._watch("process_rewards_and_penalties", self._votes)
        self._watch("process_slashings", self._solo_correlation)
        if self.has_pools:
            self._watch("process_pending_pool_penalties", self._pool_correlation)

    def money(self) -> int:
        """Return all balances, bonds and payouts on their way (Gwei)."""
        total = int(self.state.registry.balances.sum())
        if self.has_pools:
            total += int(self.state.pools.bond.sum())
            total += sum(payout.amount for payout in self.state.pending_payouts)
        return total

    def open(self) -> None:
        """Take the money as it is."""
        self.expected = self.money()

    def close(self) -> None:
        """Compare the money with what the steps have left of it."""
        found = self.money()
        if found != self.expected:
            raise CheckError(
                f"epoch {self.simulation.epoch}: {found - self.expected} Gwei of "
                "change that no reward and no penalty explains"
            )

    def book(self, change: int) -> None:
        """Expect the money to have changed by so many Gwei, and see whether it has."""
        self.expected += change
        self.close()

    def book_slashings(self, slashed: NDArray[np.int64], bonds: list[int]) -> None:
        """Expect what some validators' slashings have burned, by the bonds that were there before.

        What is paid is burned, and as much is issued to who reports it, but from a bond that had
        too little no more than it has paid.
        """
        registry, change = self.state.registry, 0
        for row in slashed.tolist():
            weight = int(registry.effective_balance[row])
            reward = weight // int(self.p.WHISTLEBLOWER_REWARD_QUOTIENT_ELECTRA)
            pool = int(registry.pool[row])
            if pool != 2**64 - 1:
                paid = min(bonds[pool], seat() // int(self.p.MIN_SLASHING_PENALTY_QUOTIENT_ELECTRA))
                bonds[pool] -= paid
                reward = min(reward, paid)
            else:
                paid = weight // int(self.p.MIN_SLASHING_PENALTY_QUOTIENT_ELECTRA)
            change += reward - paid
        self.book(change)

    def _watch(self, name: str, reckon: Any) -> None:
        """Let a step of the engine be preceded by a reckoning of what it must do.

        No step since the last one that was watched may have moved money.
        """
        original = getattr(self.rules, name)

        def watched(state: State, *rest: Any) -> None:
            self.close()
            balances, bonds = reckon()
            original(state, *rest)
            self._compare(name, balances, bonds)

        setattr(self.rules, name, watched)

    def _compare(self, name: str, balances: NDArray[np.int64], bonds: NDArray[np.int64]) -> None:
        """Compare balances and bonds after a step, and book what it has changed."""
        state = self.state
        found = state.registry.balances.view(np.int64)
        is_same = np.array_equal(found, balances)
        if self.has_pools:
            is_same &= np.array_equal(state.pools.bond.view(np.int64), bonds)
        if not is_same:
            raise CheckError(f"epoch {self.simulation.epoch}: {name} is not what was reckoned")
        payouts = sum(payout.amount for payout in state.pending_payouts) if self.has_pools else 0
        self.expected = int(balances.sum()) + int(bonds.sum()) + payouts

    def _now(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        bonds = self.state.pools.bond if self.has_pools else np.zeros(0, np.uint64)
        return (
            self.state.registry.balances.astype(np.int64),
            bonds.astype(np.int64),
        )

    def _charge(
        self,
        balances: NDArray[np.int64],
        bonds: NDArray[np.int64],
        earned: NDArray[np.int64],
        owed: NDArray[np.int64],
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return balances and bonds after each validator has earned and owed so much."""
        pool = self.state.registry.pool
        is_member = pool != np.uint64(2**64 - 1)
        members = pool[is_member].astype(np.int64)
        shares = np.zeros_like(earned)
        if self.has_pools:
            rates = self.state.pools.commission.astype(np.int64)
            shares[is_member] = earned[is_member] * rates[members] // int(self.p.BASIS_POINTS)
            change = np.zeros(len(bonds), np.int64)
            np.add.at(change, members, shares[is_member] - owed[is_member])
            bonds = np.maximum(bonds + change, 0)
        balances = balances + earned - shares - np.where(is_member, 0, owed)
        return np.maximum(balances, 0), bonds

    def _votes(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return balances and bonds as the votes of the previous epoch must leave them."""
        state, registry, p = self.state, self.state.registry, self.p
        epoch, increment = self.simulation.epoch, int(p.EFFECTIVE_BALANCE_INCREMENT)
        far = np.uint64(2**63)
        previous = np.uint64(epoch - 1)
        active = (registry.activation_epoch <= previous) & (previous < registry.exit_epoch)
        is_waiting_out = registry.slashed & (np.uint64(epoch) < registry.withdrawable_epoch)
        eligible = active | is_waiting_out
        voted = active & (registry.previous_participation != 0) & ~registry.slashed
        weights = registry.effective_balance.astype(np.int64)
        here = (registry.activation_epoch <= np.uint64(epoch)) & (registry.exit_epoch > epoch)
        total = max(int(weights[here].sum()), increment)
        per_increment = increment * int(p.BASE_REWARD_FACTOR) // isqrt(total)
        base = weights // increment * per_increment
        share = max(int(weights[voted].sum()), increment) // increment
        is_leaking = epoch - 1 - state.finalized_checkpoint.epoch > 4
        earned, owed = np.zeros_like(base), np.zeros_like(base)
        for flag, weight in enumerate(p.PARTICIPATION_FLAG_WEIGHTS):
            if not is_leaking:
                divisor = total // increment * int(p.WEIGHT_DENOMINATOR)
                earned += np.where(voted, base * int(weight) * share // divisor, 0)
            if flag != 2:
                penalty = base * int(weight) // int(p.WEIGHT_DENOMINATOR)
                owed += np.where(eligible & ~voted, penalty, 0)
        quotient = int(p.INACTIVITY_SCORE_BIAS) * int(p.INACTIVITY_PENALTY_QUOTIENT_BELLATRIX)
        scores = np.minimum(registry.inactivity_scores, far).astype(np.int64)
        leak = weights * scores // quotient
        if self.has_pools:
            is_member = registry.pool != np.uint64(2**64 - 1)
            leak[is_member] //= int(p.POOL_INACTIVITY_PENALTY_DIVISOR)
        owed += np.where(eligible & ~voted, leak, 0)
        return self._charge(*self._now(), earned, owed)

    def _per_increment(self) -> int:
        """Return the correlation penalty of an increment (Gwei): three times what is slashed."""
        p = self.p
        total = int(self.rules.total_active_balance(self.state))
        slashed = int(self.state.slashings.sum()) * int(
            p.PROPORTIONAL_SLASHING_MULTIPLIER_BELLATRIX
        )
        return min(slashed, total) // (total // int(p.EFFECTIVE_BALANCE_INCREMENT))

    def _solo_correlation(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return balances after the correlation penalties of solo validators that are due."""
        registry = self.state.registry
        balances, bonds = self._now()
        due = registry.slashed & (
            registry.withdrawable_epoch
            == np.uint64(self.simulation.epoch + int(self.p.EPOCHS_PER_SLASHINGS_VECTOR) // 2)
        )
        due &= registry.pool == np.uint64(2**64 - 1)
        increments = registry.effective_balance[due].astype(np.int64) // ETH
        penalties = increments * self._per_increment() if due.any() else increments
        balances[due] = np.maximum(balances[due] - penalties, 0)
        return balances, bonds

    def _pool_correlation(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return bonds after the correlation penalties that are due, at most a seat each in all."""
        balances, bonds = self._now()
        due = [
            pending.pool_index
            for pending in self.state.pending_pool_penalties
            if pending.penalty_epoch <= self.simulation.epoch
        ]
        if due:
            stake = seat()
            most = stake - stake // int(self.p.MIN_SLASHING_PENALTY_QUOTIENT_ELECTRA)
            penalty = min(self._per_increment() * (stake // ETH), most)
            counts = np.bincount(due, minlength=len(bonds))
            bonds = np.maximum(bonds - counts * penalty, 0)
        return balances, bonds
