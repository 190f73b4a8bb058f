"""Pending deposits and consolidations, worked off at the end of a Fulu epoch."""

import numpy as np

from poolspec.engine.fulu.mutators import Mutators
from poolspec.engine.numbers import U64_MAX, checked
from poolspec.engine.records import PendingDeposit
from poolspec.engine.state import State

__all__ = ["Queues"]


class Queues(Mutators):
    """The two queues whose entries take effect at an epoch's end."""

    # Deposits

    def has_valid_deposit_signature(self, deposit: PendingDeposit) -> bool:
        """Decide whether the holder of the key signed a first deposit."""
        message = self.spec.DepositMessage(
            pubkey=deposit.pubkey,
            withdrawal_credentials=deposit.withdrawal_credentials,
            amount=deposit.amount,
        )
        domain = self.fork_domain(self.p.DOMAIN_DEPOSIT, self.p.GENESIS_FORK_VERSION, bytes(32))
        root = self.signing_root(message, domain)
        return bool(self.bls.Verify(deposit.pubkey, root, deposit.signature))

    def max_effective_balance(self, prefix: int) -> int:
        """Return the effective balance (Gwei) that credentials with this first byte allow."""
        compounds = prefix == self.p.COMPOUNDING_WITHDRAWAL_PREFIX[0]
        name = "MAX_EFFECTIVE_BALANCE_ELECTRA" if compounds else "MIN_ACTIVATION_BALANCE"
        return int(getattr(self.p, name))

    def first_effective_balance(self, credentials: bytes, amount: int) -> int:
        """Return the effective balance that a first deposit gives (Gwei)."""
        whole = amount - amount % int(self.p.EFFECTIVE_BALANCE_INCREMENT)
        return min(whole, self.max_effective_balance(credentials[0]))

    def add_validator(self, state: State, pubkey: bytes, credentials: bytes, amount: int) -> None:
        """Append a validator with a balance of `amount` Gwei."""
        registry = state.registry
        index = registry.extend(1).start
        registry.pubkeys[index] = np.frombuffer(pubkey, np.uint8)
        registry.set_credentials(index, credentials)
        registry.effective_balance[index] = self.first_effective_balance(credentials, amount)
        registry.balances[index] = amount
        for epochs in (
            registry.activation_eligibility_epoch,
            registry.activation_epoch,
            registry.exit_epoch,
            registry.withdrawable_epoch,
            registry.pool,
        ):
            epochs[index] = U64_MAX

    def apply_deposit(self, state: State, deposit: PendingDeposit) -> None:
        """Top a validator up, or make one if the deposit is signed."""
        index = self.validator_index(state, deposit.pubkey)
        if index is not None:
            self.increase_balance(state, index, deposit.amount)
        elif self.has_valid_deposit_signature(deposit):
            credentials = deposit.withdrawal_credentials
            self.add_validator(state, deposit.pubkey, credentials, deposit.amount)

    def is_deposit_ready(self, state: State, deposit: PendingDeposit) -> bool:
        """Decide whether the slot that brought a deposit is final."""
        return deposit.slot <= self.start_slot(state.finalized_checkpoint.epoch)

    def is_deposit_postponed(self, state: State, deposit: PendingDeposit) -> bool:
        """Decide whether a top-up must wait for its validator to be gone."""
        index = self.validator_index(state, deposit.pubkey)
        if index is None:
            return False
        is_leaving = int(state.registry.exit_epoch[index]) < U64_MAX
        return is_leaving and not self._has_left(state, index)

    def deposit_churn(self, state: State, deposit: PendingDeposit) -> int:
        """Return how much churn (Gwei) a deposit uses up."""
        index = self.validator_index(state, deposit.pubkey)
        return 0 if index is not None and self._has_left(state, index) else deposit.amount

    def _has_left(self, state: State, index: int) -> bool:
        return int(state.registry.withdrawable_epoch[index]) < self.current_epoch(state) + 1

    def process_pending_deposits(self, state: State) -> None:
        """Apply deposits in order, as far as finality, count and churn allow."""
        limit = self.activation_exit_churn_limit(state)
        available = checked(state.deposit_balance_to_consume + limit)
        consumed, taken, is_held_up = 0, 0, False
        postponed: list[PendingDeposit] = []
        for deposit in state.pending_deposits[: self.p.MAX_PENDING_DEPOSITS_PER_EPOCH]:
            if not self.is_deposit_ready(state, deposit):
                break
            if self.is_deposit_postponed(state, deposit):
                postponed.append(deposit)
            else:
                churn = self.deposit_churn(state, deposit)
                is_held_up = checked(consumed + churn) > available
                if is_held_up:
                    break
                consumed += churn
                self.apply_deposit(state, deposit)
            taken += 1
        state.pending_deposits = state.pending_deposits[taken:] + postponed
        state.deposit_balance_to_consume = available - consumed if is_held_up else 0

    # Consolidations

    def process_pending_consolidations(self, state: State) -> None:
        """Move the balances of sources that are withdrawable; drop those of slashed ones."""
        registry, next_epoch, done = state.registry, self.current_epoch(state) + 1, 0
        for source, target in state.pending_consolidations:
            if not registry.slashed[source]:
                if int(registry.withdrawable_epoch[source]) > next_epoch:
                    break
                effective_balance = int(registry.effective_balance[source])
                amount = min(int(registry.balances[source]), effective_balance)
                self.decrease_balance(state, source, amount)
                self.increase_balance(state, target, amount)
            done += 1
        state.pending_consolidations = state.pending_consolidations[done:]
