"""Bonds: who answers for a validator, and what rewards, penalties and slashings do to it."""

import numpy as np

from poolspec.engine.errors import check
from poolspec.engine.fulu.rules import FuluRules
from poolspec.engine.keys import KeyIndex
from poolspec.engine.numbers import U64_MAX, Column, Mask, checked
from poolspec.engine.records import Payout, PendingPoolPenalty
from poolspec.engine.state import State

__all__ = ["PoolMutators"]


class PoolMutators(FuluRules):
    """What all rules of pools build on."""

    # Validators and their pools

    def is_pooled(self, state: State, index: int) -> bool:
        """Decide whether a validator's credentials are those of a pooled one."""
        return int(state.registry.prefix[index]) == int(self.p.POOLED_WITHDRAWAL_PREFIX[0])

    def pooled_mask(self, state: State) -> Mask:
        """Return who is pooled, admitted or not, (n,)."""
        mask: Mask = state.registry.prefix == np.uint8(self.p.POOLED_WITHDRAWAL_PREFIX[0])
        return mask

    def pool_of(self, state: State, index: int) -> int | None:
        """Return the pool that admitted a validator, None if none did."""
        pool = int(state.registry.pool[index])
        if pool == U64_MAX:
            return None
        check(pool < len(state.pools), "a validator's pool does not exist")
        return pool

    def pool_index(self, state: State, pubkey: bytes) -> int | None:
        """Return the pool that has a key, None if there is none."""
        if state.memo.pool_keys is None:
            state.memo.pool_keys = KeyIndex(state.pools.pubkeys)
        return state.memo.pool_keys.find(state.pools.pubkeys, pubkey)

    def is_open(self, state: State, pool: int) -> bool:
        """Decide whether a pool is not closing."""
        return int(state.pools.unbonding_amount[pool]) != int(self.p.CLOSING_AMOUNT)

    def named_pool(self, state: State, credentials: bytes) -> int | None:
        """Return the pool that pooled credentials name, None if they name none."""
        pool = int.from_bytes(credentials[1:9], "little")
        return pool if credentials[9:12] == bytes(3) and pool < len(state.pools) else None

    # Money

    def increase_balance(self, state: State, index: int, amount: int) -> None:
        """Add Gwei to a balance, as far as it can hold them."""
        balances = state.registry.balances
        balances[index] = min(int(balances[index]) + amount, U64_MAX)

    def charge(self, state: State, pool: int, penalty: int) -> int:
        """Burn Gwei out of a bond, or what is there, and return how many."""
        bond = int(state.pools.bond[pool])
        state.pools.bond[pool] = bond - min(bond, penalty)
        return min(bond, penalty)

    def commission(self, state: State, pool: int, reward: int) -> int:
        """Return a pool's part of a reward (Gwei), rounded down."""
        return checked(reward * int(state.pools.commission[pool]) // int(self.p.BASIS_POINTS))

    def apply_reward(self, state: State, index: int, amount: int) -> None:
        """Credit Gwei for a duty done; of a pool's validator, the commission to the bond."""
        pool = self.pool_of(state, index)
        if pool is not None:
            commission = self.commission(state, pool, amount)
            bonds = state.pools.bond
            bonds[pool] = min(int(bonds[pool]) + commission, U64_MAX)
            self.increase_balance(state, index, checked(amount - commission))
        elif not self.is_pooled(state, index):
            self.increase_balance(state, index, amount)

    def apply_penalty(self, state: State, index: int, amount: int) -> None:
        """Burn Gwei of the one who answers for a validator, as far as they are there."""
        pool = self.pool_of(state, index)
        if pool is not None:
            self.charge(state, pool, amount)
        elif not self.is_pooled(state, index):
            self.decrease_balance(state, index, amount)

    def has_room_for_payout(self, state: State) -> bool:
        """Decide whether the queue of payouts can take one more."""
        return len(state.pending_payouts) < int(self.p.PENDING_PAYOUTS_LIMIT)

    def pay_out(self, state: State, source: int, address: bytes, amount: int) -> None:
        """Put Gwei into the queue of payouts."""
        state.pending_payouts.append(Payout(source, address, amount))

    # How much a bond carries

    def backed_balance(self, bond: int) -> int:
        """Return the effective balance that a bond carries, both in Gwei."""
        return min(bond * int(self.p.POOL_LEVERAGE), U64_MAX)

    def kept_balance(self, bond: int) -> int:
        """Return the effective balance, in whole seats, that a bond lets stay seated (Gwei)."""
        seat = int(self.p.MIN_ACTIVATION_BALANCE)
        slack = seat // self.p.HYSTERESIS_QUOTIENT
        covered = min(self.backed_balance(bond) + slack, U64_MAX)
        return int(covered - covered % seat)

    def settle_bonds(self, bonds: Column, earned: list[int], owed: list[int]) -> None:
        """Add commissions to bonds and take penalties from them, in one sum each (Gwei)."""
        for pool, (income, loss) in enumerate(zip(earned, owed, strict=True)):
            if income != loss:
                bonds[pool] = min(max(int(bonds[pool]) + income - loss, 0), U64_MAX)

    # Exits and slashing

    def exit_epoch_for(self, state: State, index: int) -> int:
        """Return when a validator that asks now leaves; without weight it does not queue."""
        if self.is_pooled(state, index) and int(state.registry.effective_balance[index]) == 0:
            return self.activation_exit_epoch(self.current_epoch(state))
        return super().exit_epoch_for(state, index)

    def slash(self, state: State, index: int) -> None:
        """Slash a validator; a pooled one costs its pool a whole seat's penalty."""
        self.initiate_exit(state, index)
        state.registry.slashed[index] = True
        stake = int(state.registry.effective_balance[index])
        self.add_to_slashings(state, stake)
        reward = stake // int(self.p.WHISTLEBLOWER_REWARD_QUOTIENT_ELECTRA)
        if self.is_pooled(state, index):
            pool = self.pool_of(state, index)
            paid = 0 if pool is None else self._slash_bond(state, pool, index)
            reward = min(reward, paid)
        else:
            self.delay_withdrawal(state, index)
            self.apply_penalty(state, index, self.initial_penalty(stake))
        self.apply_reward(state, self.proposer(state), reward)

    def _slash_bond(self, state: State, pool: int, index: int) -> int:
        """Charge the initial penalty, hold the bond for the second, return what was paid (Gwei)."""
        paid = self.charge(state, pool, self.initial_penalty(int(self.p.MIN_ACTIVATION_BALANCE)))
        half = self.p.EPOCHS_PER_SLASHINGS_VECTOR // 2
        penalty_epoch = checked(self.current_epoch(state) + half)
        state.pending_pool_penalties.append(PendingPoolPenalty(pool, penalty_epoch))
        state.pools.withdrawable_epoch[pool] = max(
            int(state.pools.withdrawable_epoch[pool]),
            checked(penalty_epoch + 1),
            int(state.registry.withdrawable_epoch[index]),
        )
        return paid
