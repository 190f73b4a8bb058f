"""How stakers leave and operators take bond out, and how all of it is paid."""

from typing import Any

import numpy as np

from poolspec.engine.errors import check
from poolspec.engine.fulu.mutators import book_churn
from poolspec.engine.fulu.withdrawals import Expected, Withdrawal
from poolspec.engine.numbers import U64_MAX, Column, Indices, Mask, checked
from poolspec.engine.poolbonds.mutators import PoolMutators
from poolspec.engine.state import State

__all__ = ["Leaving"]


class Leaving(PoolMutators):
    """Exits, unbonding and payouts."""

    # The staker

    def check_voluntary_exit(self, state: State, index: int) -> None:
        """Reject the exit of a pooled validator with its key, which the operator holds."""
        check(not self.is_pooled(state, index), "only its staker can end a pooled validator")
        super().check_voluntary_exit(state, index)

    def withdraw(self, state: State, index: int, address: bytes, amount: int) -> None:
        """Start an exit or a partial withdrawal; a pooled validator's exit if its staker asks."""
        if not self.is_pooled(state, index):
            super().withdraw(state, index, address, amount)
            return
        registry = state.registry
        if registry.withdrawal_credentials(index)[12:] != address:
            return
        if amount != self.p.FULL_EXIT_REQUEST_AMOUNT or int(registry.exit_epoch[index]) != U64_MAX:
            return
        activation = int(registry.activation_epoch[index])
        if activation != U64_MAX:
            served = checked(activation + self.p.SHARD_COMMITTEE_PERIOD)
            if self.current_epoch(state) < served:
                return
        self.initiate_exit(state, index)

    # The operator

    def process_withdrawal_request(self, state: State, request: Any) -> None:
        """Let each registry in which the key stands judge the request by its own address."""
        pool = self.pool_index(state, bytes(request.validator_pubkey))
        if pool is not None:
            self.unbond(state, pool, bytes(request.source_address), int(request.amount))
        super().process_withdrawal_request(state, request)

    def unbond(self, state: State, pool: int, address: bytes, amount: int) -> None:
        """Start to unbond a part of a bond, or all of it (amount 0), if its operator asks."""
        pools = state.pools
        if pools.addresses[pool].tobytes() != address or not self.is_open(state, pool):
            return
        if amount == self.p.FULL_EXIT_REQUEST_AMOUNT:
            self._start_unbonding(state, pool, int(self.p.CLOSING_AMOUNT))
        elif int(pools.unbonding_amount[pool]) == 0:
            spare = max(int(pools.bond[pool]) - int(self.p.MIN_POOL_BOND), 0)
            if spare > 0:
                self._start_unbonding(state, pool, min(amount, spare))

    def _start_unbonding(self, state: State, pool: int, amount: int) -> None:
        """Let Gwei of a bond back seats no longer, after churn, and leave later."""
        pools = state.pools
        bond, replaced = int(pools.bond[pool]), int(pools.unbonding_amount[pool])
        carried = self.kept_balance(max(bond - replaced, 0))
        seated_before = min(int(pools.seated_balance[pool]), carried)
        seated_after = self.kept_balance(max(bond - amount, 0))
        epoch = checked(self.current_epoch(state) + 1)
        if seated_after < seated_before:
            epoch = self._book_unbonding(state, seated_before - seated_after)
        if replaced > 0:
            epoch = max(epoch, int(pools.unbonding_epoch[pool]))
        withdrawable = checked(epoch + self.p.MIN_VALIDATOR_WITHDRAWABILITY_DELAY)
        pools.unbonding_amount[pool] = amount
        pools.unbonding_epoch[pool] = epoch
        pools.withdrawable_epoch[pool] = max(int(pools.withdrawable_epoch[pool]), withdrawable)

    def _book_unbonding(self, state: State, balance: int) -> int:
        """Book Gwei of seats into the unbonding queue and return the epoch in which they end."""
        limit = self.activation_exit_churn_limit(state)
        epoch, room = state.earliest_unbonding_epoch, state.unbonding_balance_to_consume
        first = self.activation_exit_epoch(self.current_epoch(state))
        if epoch < first:
            epoch, room = first, limit
        epoch, room = book_churn(epoch, room, limit, balance)
        state.earliest_unbonding_epoch, state.unbonding_balance_to_consume = epoch, room
        return epoch

    # Payment

    def pays_in_full(self, state: State, rows: Indices) -> Mask:
        """Return whose credentials let the sweep pay everything out."""
        pooled = state.registry.prefix[rows] == self.p.POOLED_WITHDRAWAL_PREFIX[0]
        either: Mask = np.logical_or(super().pays_in_full(state, rows), pooled)
        return either

    def pays_excess(self, state: State, rows: Indices, ceilings: Column) -> Mask:
        """Return for whom the sweep pays what exceeds the ceilings: seated or not, if pooled."""
        pooled = state.registry.prefix[rows] == self.p.POOLED_WITHDRAWAL_PREFIX[0]
        either: Mask = np.logical_or(super().pays_excess(state, rows, ceilings), pooled)
        return either

    def expected_withdrawals(self, state: State) -> Expected:
        """Return the withdrawals of the payload for the state's slot, payouts first."""
        payouts = state.pending_payouts[: self.p.MAX_PAYOUTS_PER_PAYLOAD]
        withdrawals = [
            Withdrawal(checked(state.next_withdrawal_index + place), *payout)
            for place, payout in enumerate(payouts)
        ]
        partials = self.add_partial_withdrawals(state, withdrawals)
        self.add_sweep_withdrawals(state, withdrawals)
        return Expected(withdrawals, partials, len(payouts))

    def apply_withdrawals(self, state: State, withdrawals: list[Withdrawal]) -> None:
        """Take the amounts off the balances; payouts have left the bonds before."""
        flag = int(self.p.POOL_INDEX_FLAG)
        super().apply_withdrawals(
            state, [each for each in withdrawals if each.validator_index < flag]
        )

    def drop_served(self, state: State, expected: Expected) -> None:
        """Take the entries that had their turn off the queues."""
        super().drop_served(state, expected)
        state.pending_payouts = state.pending_payouts[expected.payouts :]
