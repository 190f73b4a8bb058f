"""Requests of the execution layer. One that does not apply is ignored."""

from typing import Any

from poolspec.engine.errors import check
from poolspec.engine.fulu.mutators import Mutators
from poolspec.engine.numbers import U64_MAX, checked
from poolspec.engine.records import PendingConsolidation, PendingDeposit, PendingPartialWithdrawal
from poolspec.engine.state import State

__all__ = ["Requests"]


class Requests(Mutators):
    """Deposits, withdrawals and consolidations that were asked for."""

    def process_execution_requests(self, state: State, requests: Any) -> None:
        """Apply a block's requests, kind by kind."""
        for deposit in requests.deposits:
            self.process_deposit_request(state, deposit)
        for withdrawal in requests.withdrawals:
            self.process_withdrawal_request(state, withdrawal)
        for consolidation in requests.consolidations:
            self.process_consolidation_request(state, consolidation)

    # Deposits

    def process_deposit_request(self, state: State, request: Any) -> None:
        """Put a deposit at the end of the queue."""
        self.queue_deposit(state, request)

    def queue_deposit(self, state: State, request: Any) -> None:
        """Append a deposit to the pending ones."""
        check(len(state.pending_deposits) < self.p.PENDING_DEPOSITS_LIMIT, "the queue is full")
        state.pending_deposits.append(
            PendingDeposit(
                bytes(request.pubkey),
                bytes(request.withdrawal_credentials),
                int(request.amount),
                bytes(request.signature),
                state.slot,
            )
        )

    # Withdrawals

    def has_prefix(self, state: State, index: int, *names: str) -> bool:
        """Decide whether a validator's credentials begin with one of the named prefixes."""
        prefix = int(state.registry.prefix[index])
        return any(prefix == getattr(self.p, name)[0] for name in names)

    def is_compounding(self, state: State, index: int) -> bool:
        """Decide whether a validator's rewards compound."""
        return self.has_prefix(state, index, "COMPOUNDING_WITHDRAWAL_PREFIX")

    def is_withdrawal_address(self, state: State, index: int, address: bytes) -> bool:
        """Decide whether a validator's withdrawals go to this address."""
        names = ("ETH1_ADDRESS_WITHDRAWAL_PREFIX", "COMPOUNDING_WITHDRAWAL_PREFIX")
        credentials = state.registry.withdrawal_credentials(index)
        return self.has_prefix(state, index, *names) and credentials[12:] == address

    def process_withdrawal_request(self, state: State, request: Any) -> None:
        """Start an exit or a partial withdrawal, if the withdrawal address asks for it."""
        index = self.validator_index(state, bytes(request.validator_pubkey))
        if index is not None:
            self.withdraw(state, index, bytes(request.source_address), int(request.amount))

    def withdraw(self, state: State, index: int, address: bytes, amount: int) -> None:
        """Start an exit (amount 0) or a partial withdrawal of a validator."""
        if not self.is_withdrawal_address(state, index, address):
            return
        if not self.is_free_to_exit(state, index):
            return
        if amount != self.p.FULL_EXIT_REQUEST_AMOUNT:
            self._withdraw_part(state, index, amount)
        elif self.pending_balance_to_withdraw(state, index) == 0:
            self.initiate_exit(state, index)

    def _withdraw_part(self, state: State, index: int, amount: int) -> None:
        """Queue at most `amount` Gwei, as far as balance and queue have room for it."""
        registry, queue = state.registry, state.pending_partial_withdrawals
        minimum = int(self.p.MIN_ACTIVATION_BALANCE)
        spare = int(registry.balances[index]) - checked(
            minimum + self.pending_balance_to_withdraw(state, index)
        )
        if len(queue) >= self.p.PENDING_PARTIAL_WITHDRAWALS_LIMIT or spare <= 0:
            return
        is_full = int(registry.effective_balance[index]) >= minimum
        if not is_full or not self.is_compounding(state, index):
            return
        amount = min(spare, amount)
        exit_epoch = self.book_exit(state, amount)
        withdrawable = checked(exit_epoch + self.p.MIN_VALIDATOR_WITHDRAWABILITY_DELAY)
        queue.append(PendingPartialWithdrawal(index, amount, withdrawable))

    # Consolidations

    def process_consolidation_request(self, state: State, request: Any) -> None:
        """Switch a validator to compounding, or start the exit of one that merges into another."""
        source = self.validator_index(state, bytes(request.source_pubkey))
        target = self.validator_index(state, bytes(request.target_pubkey))
        if source is None or target is None:
            return
        address = bytes(request.source_address)
        if source == target:
            if self._can_switch(state, source, address):
                self.switch_to_compounding(state, source)
            return
        has_churn = self.consolidation_churn_limit(state) > self.p.MIN_ACTIVATION_BALANCE
        has_room = len(state.pending_consolidations) < self.p.PENDING_CONSOLIDATIONS_LIMIT
        if has_churn and has_room and self._can_consolidate(state, source, target, address):
            balance = int(state.registry.effective_balance[source])
            self.set_exit(state, source, self.book_consolidation(state, balance))
            state.pending_consolidations.append(PendingConsolidation(source, target))

    def _can_switch(self, state: State, index: int, address: bytes) -> bool:
        return (
            self.has_prefix(state, index, "ETH1_ADDRESS_WITHDRAWAL_PREFIX")
            and self.is_withdrawal_address(state, index, address)
            and self._is_staying(state, index)
        )

    def _is_staying(self, state: State, index: int) -> bool:
        is_active = self.is_active(state, index, self.current_epoch(state))
        return is_active and int(state.registry.exit_epoch[index]) == U64_MAX

    def _can_consolidate(self, state: State, source: int, target: int, address: bytes) -> bool:
        return (
            self.is_withdrawal_address(state, source, address)
            and self.is_free_to_exit(state, source)
            and self.pending_balance_to_withdraw(state, source) == 0
            and self.is_compounding(state, target)
            and self._is_staying(state, target)
        )

    def is_free_to_exit(self, state: State, index: int) -> bool:
        """Decide whether a validator is active, staying, and has served long enough."""
        epoch, registry = self.current_epoch(state), state.registry
        if not self._is_staying(state, index):
            return False
        served = checked(int(registry.activation_epoch[index]) + self.p.SHARD_COMMITTEE_PERIOD)
        return epoch >= served
