"""The withdrawals that a Fulu payload must carry."""

from collections import Counter
from typing import Any, NamedTuple

import numpy as np

from poolspec.engine.errors import check
from poolspec.engine.fulu.mutators import Mutators
from poolspec.engine.numbers import U64_MAX, Column, Indices, Mask, checked
from poolspec.engine.state import State

__all__ = ["Expected", "Withdrawal", "Withdrawals"]


class Withdrawal(NamedTuple):
    """An amount (Gwei) that the execution layer credits to an address; `number` is its index."""

    number: int
    validator_index: int
    address: bytes
    amount: int


class Expected(NamedTuple):
    """What the next payload must carry, and how many queue entries gave it."""

    withdrawals: list[Withdrawal]
    partials: int
    payouts: int = 0


class Withdrawals(Mutators):
    """What is expected, and what it changes."""

    def withdrawal(self, state: State, index: int, validator: int, amount: int) -> Withdrawal:
        """Return a withdrawal to the address in a validator's credentials."""
        address = state.registry.withdrawal_credentials(validator)[12:]
        return Withdrawal(index, validator, address, amount)

    def balance_after(self, state: State, validator: int, withdrawals: list[Withdrawal]) -> int:
        """Return what a validator has (Gwei) once these withdrawals are applied."""
        taken = sum(each.amount for each in withdrawals if each.validator_index == validator)
        return checked(int(state.registry.balances[validator]) - taken)

    def add_partial_withdrawals(self, state: State, withdrawals: list[Withdrawal]) -> int:
        """Append what the queue of partial withdrawals pays; return how many entries leave it."""
        registry, minimum = state.registry, int(self.p.MIN_ACTIVATION_BALANCE)
        limit = min(
            len(withdrawals) + self.p.MAX_PENDING_PARTIALS_PER_WITHDRAWALS_SWEEP,
            self.p.MAX_WITHDRAWALS_PER_PAYLOAD - 1,
        )
        done = 0
        for entry in state.pending_partial_withdrawals:
            is_due = entry.withdrawable_epoch <= self.current_epoch(state)
            if not is_due or len(withdrawals) >= limit:
                break
            validator = entry.validator_index
            balance = self.balance_after(state, validator, withdrawals)
            is_staying = int(registry.exit_epoch[validator]) == U64_MAX
            is_full = int(registry.effective_balance[validator]) >= minimum
            if is_staying and is_full and balance > minimum:
                index = self._next_index(state, withdrawals)
                amount = min(balance - minimum, entry.amount)
                withdrawals.append(self.withdrawal(state, index, validator, amount))
            done += 1
        return done

    def _next_index(self, state: State, withdrawals: list[Withdrawal]) -> int:
        return checked(state.next_withdrawal_index + len(withdrawals))

    # The sweep

    def pays_in_full(self, state: State, rows: Indices) -> Mask:
        """Return whose credentials let the sweep pay everything out."""
        prefix = state.registry.prefix[rows]
        eth1 = prefix == self.p.ETH1_ADDRESS_WITHDRAWAL_PREFIX[0]
        compounding = prefix == self.p.COMPOUNDING_WITHDRAWAL_PREFIX[0]
        either: Mask = np.logical_or(eth1, compounding)
        return either

    def pays_excess(self, state: State, rows: Indices, ceilings: Column) -> Mask:
        """Return for whom the sweep pays what exceeds the ceilings (Gwei)."""
        is_full = state.registry.effective_balance[rows] == ceilings
        both: Mask = np.logical_and(self.pays_in_full(state, rows), is_full)
        return both

    def add_sweep_withdrawals(self, state: State, withdrawals: list[Withdrawal]) -> None:
        """Append what the sweep pays, from where it stopped, until the payload is full."""
        registry = state.registry
        count = min(len(registry), int(self.p.MAX_VALIDATORS_PER_WITHDRAWALS_SWEEP))
        rows = (state.next_withdrawal_validator_index + np.arange(count)) % max(len(registry), 1)
        balances = self._balances_after(state, rows, withdrawals)
        compounds = registry.prefix[rows] == self.p.COMPOUNDING_WITHDRAWAL_PREFIX[0]
        ceilings = np.where(
            compounds,
            np.uint64(self.p.MAX_EFFECTIVE_BALANCE_ELECTRA),
            np.uint64(self.p.MIN_ACTIVATION_BALANCE),
        )
        is_over = registry.withdrawable_epoch[rows] <= np.uint64(self.current_epoch(state))
        in_full = is_over & (balances > 0) & self.pays_in_full(state, rows)
        excess = ~in_full & (balances > ceilings) & self.pays_excess(state, rows, ceilings)
        room = int(self.p.MAX_WITHDRAWALS_PER_PAYLOAD) - len(withdrawals)
        for place in np.flatnonzero(in_full | excess)[:room].tolist():
            amount = int(balances[place]) - (0 if in_full[place] else int(ceilings[place]))
            index = self._next_index(state, withdrawals)
            withdrawals.append(self.withdrawal(state, index, int(rows[place]), amount))

    def _balances_after(self, state: State, rows: Indices, withdrawals: list[Withdrawal]) -> Column:
        """Return the balances of validators once these withdrawals are applied."""
        balances = state.registry.balances[rows]
        taken: Counter[int] = Counter()
        for each in withdrawals:
            taken[each.validator_index] += each.amount
        for validator, amount in taken.items():
            for place in np.flatnonzero(rows == validator).tolist():
                balances[place] = checked(int(balances[place]) - amount)
        return balances

    # All together

    def expected_withdrawals(self, state: State) -> Expected:
        """Return the withdrawals of the payload for the state's slot, each source in its turn."""
        withdrawals: list[Withdrawal] = []
        partials = self.add_partial_withdrawals(state, withdrawals)
        self.add_sweep_withdrawals(state, withdrawals)
        return Expected(withdrawals, partials)

    def apply_withdrawals(self, state: State, withdrawals: list[Withdrawal]) -> None:
        """Take the amounts off the balances."""
        for each in withdrawals:
            self.decrease_balance(state, each.validator_index, each.amount)

    def process_withdrawals(self, state: State, payload: Any) -> None:
        """Check that the payload carries just the expected withdrawals, and apply them."""
        expected = self.expected_withdrawals(state)
        found = [
            Withdrawal(
                int(each.index), int(each.validator_index), bytes(each.address), int(each.amount)
            )
            for each in payload.withdrawals
        ]
        check(found == expected.withdrawals, "the payload's withdrawals are not those expected")
        self.carry_out(state, expected)

    def carry_out(self, state: State, expected: Expected) -> None:
        """Pay the expected withdrawals and move the sweep on."""
        withdrawals = expected.withdrawals
        self.apply_withdrawals(state, withdrawals)
        if withdrawals:
            state.next_withdrawal_index = checked(withdrawals[-1].number + 1)
        self.drop_served(state, expected)
        if len(withdrawals) == self.p.MAX_WITHDRAWALS_PER_PAYLOAD:
            position = withdrawals[-1].validator_index + 1
        else:
            swept = self.p.MAX_VALIDATORS_PER_WITHDRAWALS_SWEEP
            position = checked(state.next_withdrawal_validator_index + swept)
        state.next_withdrawal_validator_index = position % len(state.registry)

    def drop_served(self, state: State, expected: Expected) -> None:
        """Take the entries that had their turn off the queues."""
        state.pending_partial_withdrawals = state.pending_partial_withdrawals[expected.partials :]
