"""Deposits that found pools, top bonds up, lock stake, or go back; and admissions."""

from typing import Any

import numpy as np

from poolspec.engine.errors import check
from poolspec.engine.numbers import U64_MAX, checked
from poolspec.engine.poolbonds.mutators import PoolMutators
from poolspec.engine.records import PendingDeposit
from poolspec.engine.state import State

__all__ = ["Deposits"]


class Deposits(PoolMutators):
    """How pools and pooled validators come to be and find each other."""

    def _is_bond(self, credentials: bytes) -> bool:
        return credentials[:1] == bytes(self.p.POOL_BOND_PREFIX)

    def _names_pooled(self, credentials: bytes) -> bool:
        return credentials[:1] == bytes(self.p.POOLED_WITHDRAWAL_PREFIX)

    # Acceptance

    def accepts_bond(self, state: State, pool: int, credentials: bytes, amount: int) -> bool:
        """Decide whether a pool can be topped up with Gwei under these credentials."""
        pools = state.pools
        commission = int(pools.commission[pool]).to_bytes(2, "little")
        address = pools.addresses[pool].tobytes()
        expected = self.p.POOL_BOND_PREFIX + commission + bytes(9) + address
        fits = amount + int(pools.bond[pool]) <= U64_MAX
        return self.is_open(state, pool) and credentials == expected and fits

    def _can_found(self, state: State, deposit: PendingDeposit) -> bool:
        credentials = deposit.withdrawal_credentials
        return (
            len(state.pools) < int(self.p.POOL_REGISTRY_LIMIT)
            and int.from_bytes(credentials[1:3], "little") <= int(self.p.BASIS_POINTS)
            and credentials[3:12] == bytes(9)
            and deposit.amount >= int(self.p.MIN_POOL_BOND)
            and self.has_valid_deposit_signature(deposit)
        )

    def _can_lock(self, state: State, deposit: PendingDeposit) -> bool:
        """Decide whether pooled credentials for an unknown key make a validator."""
        pool = self.named_pool(state, deposit.withdrawal_credentials)
        if pool is None or deposit.amount < int(self.p.MIN_ACTIVATION_BALANCE):
            return False
        closed_from = int(state.pools.unbonding_epoch[pool])
        if not self.is_open(state, pool) and closed_from <= self.epoch_at(deposit.slot):
            return False
        return self.has_valid_deposit_signature(deposit)

    def _can_top_up(self, state: State, index: int, deposit: PendingDeposit) -> bool:
        """Decide whether a deposit may add to the balance of the validator that has its key."""
        own, given = state.registry.withdrawal_credentials(index), deposit.withdrawal_credentials
        concerns_pools = self._names_pooled(own) or self._names_pooled(given)
        if not concerns_pools or given[:1] == self.p.BLS_WITHDRAWAL_PREFIX:
            return True
        return given == own and deposit.amount + int(state.registry.balances[index]) <= U64_MAX

    def is_acceptable(self, state: State, deposit: PendingDeposit) -> bool:
        """Decide whether a deposit that leaves the queue takes effect instead of going back."""
        credentials = deposit.withdrawal_credentials
        if self._is_bond(credentials):
            pool = self.pool_index(state, deposit.pubkey)
            if pool is None:
                return self._can_found(state, deposit)
            return self.accepts_bond(state, pool, credentials, deposit.amount)
        index = self.validator_index(state, deposit.pubkey)
        if index is not None:
            return self._can_top_up(state, index, deposit)
        return not self._names_pooled(credentials) or self._can_lock(state, deposit)

    # Application

    def first_effective_balance(self, credentials: bytes, amount: int) -> int:
        """Return the effective balance that a first deposit gives; a pooled one waits (Gwei)."""
        if self._names_pooled(credentials):
            return 0
        return super().first_effective_balance(credentials, amount)

    def add_pool(
        self, state: State, pubkey: bytes, address: bytes, commission: int, bond: int
    ) -> int:
        """Append a pool with a bond of so many Gwei and return its index."""
        pools = state.pools
        pool: int = pools.extend(1).start
        pools.pubkeys[pool] = np.frombuffer(pubkey, np.uint8)
        pools.addresses[pool] = np.frombuffer(address, np.uint8)
        pools.commission[pool] = commission
        pools.bond[pool] = bond
        pools.unbonding_epoch[pool] = U64_MAX
        return pool

    def apply_deposit(self, state: State, deposit: PendingDeposit) -> None:
        """Carry an acceptable deposit out."""
        pubkey, credentials = deposit.pubkey, deposit.withdrawal_credentials
        if self._is_bond(credentials):
            pool = self.pool_index(state, pubkey)
            if pool is None:
                commission = int.from_bytes(credentials[1:3], "little")
                self.add_pool(state, pubkey, credentials[12:], commission, deposit.amount)
            else:
                state.pools.bond[pool] = checked(int(state.pools.bond[pool]) + deposit.amount)
            return
        index = self.validator_index(state, pubkey)
        if index is None and self._names_pooled(credentials):
            self.add_validator(state, pubkey, credentials, deposit.amount)
        else:
            super().apply_deposit(state, deposit)

    def is_deposit_postponed(self, state: State, deposit: PendingDeposit) -> bool:
        """Decide whether a top-up must wait for its validator to be gone; bond never does."""
        if self._is_bond(deposit.withdrawal_credentials):
            return False
        return super().is_deposit_postponed(state, deposit)

    def deposit_churn(self, state: State, deposit: PendingDeposit) -> int:
        """Return how much churn (Gwei) a deposit uses up."""
        if self._is_bond(deposit.withdrawal_credentials):
            return deposit.amount
        return super().deposit_churn(state, deposit)

    def process_pending_deposits(self, state: State) -> None:
        """Apply deposits or send them back, in order, as far as the limits allow."""
        limit = self.activation_exit_churn_limit(state)
        available = min(state.deposit_balance_to_consume + limit, U64_MAX)
        taken, is_held_up = 0, False
        postponed: list[PendingDeposit] = []
        for deposit in state.pending_deposits[: self.p.MAX_PENDING_DEPOSITS_PER_EPOCH]:
            if not self.is_deposit_ready(state, deposit):
                break
            if not self.is_acceptable(state, deposit):
                if not self.has_room_for_payout(state):
                    break
                address = deposit.withdrawal_credentials[12:]
                self.pay_out(state, self.p.REFUND_INDEX, address, deposit.amount)
            elif self.is_deposit_postponed(state, deposit):
                postponed.append(deposit)
            else:
                churn = self.deposit_churn(state, deposit)
                is_held_up = churn > available
                if is_held_up:
                    break
                available -= churn
                self.apply_deposit(state, deposit)
            taken += 1
        state.pending_deposits = state.pending_deposits[taken:] + postponed
        state.deposit_balance_to_consume = available if is_held_up else 0

    # Requests

    def queue_deposit(self, state: State, request: Any) -> None:
        """Add a deposit to the bond that it tops up, or to the pending ones."""
        credentials, amount = bytes(request.withdrawal_credentials), int(request.amount)
        if self._is_bond(credentials):
            pool = self.pool_index(state, bytes(request.pubkey))
            if pool is not None and self.accepts_bond(state, pool, credentials, amount):
                state.pools.bond[pool] = int(state.pools.bond[pool]) + amount
                return
        super().queue_deposit(state, request)

    # Admission

    def process_further_operations(self, state: State, body: Any) -> None:
        """Apply a block's admissions."""
        for admission in body.pool_admissions:
            self.process_pool_admission(state, admission)

    def process_pool_admission(self, state: State, signed_admission: Any) -> None:
        """Bind a pooled validator to the pool that its credentials name."""
        admission, registry = signed_admission.message, state.registry
        index = int(admission.validator_index)
        check(index < len(registry), "there is no such validator")
        check(registry.pubkey(index) == bytes(admission.validator_pubkey), "another key is named")
        check(self.is_pooled(state, index), "the validator is not pooled")
        check(int(registry.pool[index]) == U64_MAX, "the validator is admitted already")
        check(int(registry.exit_epoch[index]) == U64_MAX, "the validator is exiting")
        check(not registry.slashed[index], "the validator is slashed")
        pool = self.named_pool(state, registry.withdrawal_credentials(index))
        if pool is None or not self.is_open(state, pool):
            check(False, "the credentials name no open pool")
            return
        domain = self.fork_domain(
            self.p.DOMAIN_POOL_ADMISSION,
            self.p.GENESIS_FORK_VERSION,
            state.genesis_validators_root,
        )
        root = self.signing_root(admission, domain)
        pubkey = state.pools.pubkeys[pool].tobytes()
        self.check_signature(pubkey, root, signed_admission.signature, "an admission")
        registry.pool[index] = pool
