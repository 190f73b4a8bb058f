"""What a Fulu state says about the present. Nothing here changes the state."""

from hashlib import sha256
from typing import Any

import numpy as np

from poolspec.engine.errors import check
from poolspec.engine.keys import KeyIndex
from poolspec.engine.numbers import Indices, Mask, checked, isqrt, total
from poolspec.engine.parameters import Parameters
from poolspec.engine.shuffling import Committees
from poolspec.engine.state import State

__all__ = ["Accessors"]


class Accessors:
    """The lowest layer of the rules: parameters, time, randomness, totals, churn, committees."""

    def __init__(self, spec: Any) -> None:
        """Take constants, configuration, containers and BLS from a compiled module."""
        self.spec = spec
        self.bls = spec.bls
        self.p = Parameters(spec)

    # Time

    def epoch_at(self, slot: int) -> int:
        """Return the epoch that a slot lies in."""
        return slot // int(self.p.SLOTS_PER_EPOCH)

    def start_slot(self, epoch: int) -> int:
        """Return the first slot of an epoch."""
        return checked(epoch * self.p.SLOTS_PER_EPOCH)

    def current_epoch(self, state: State) -> int:
        """Return the epoch of the state's slot."""
        return self.epoch_at(state.slot)

    def previous_epoch(self, state: State) -> int:
        """Return the epoch before, or the first one."""
        return max(self.current_epoch(state) - 1, int(self.p.GENESIS_EPOCH))

    def activation_exit_epoch(self, epoch: int) -> int:
        """Return the first epoch whose active set can still change."""
        return checked(epoch + 1 + self.p.MAX_SEED_LOOKAHEAD)

    # History and randomness

    def block_root_at_slot(self, state: State, slot: int) -> bytes:
        """Return the latest block root at a slot within the ring."""
        ring = self.p.SLOTS_PER_HISTORICAL_ROOT
        check(slot < state.slot <= slot + ring, "the block root is not in the state")
        return bytes(state.block_roots[slot % ring])

    def block_root(self, state: State, epoch: int) -> bytes:
        """Return the root that an epoch's checkpoint has."""
        return self.block_root_at_slot(state, self.start_slot(epoch))

    def randao_mix(self, state: State, epoch: int) -> bytes:
        """Return the mix of an epoch within the ring."""
        return bytes(state.randao_mixes[epoch % self.p.EPOCHS_PER_HISTORICAL_VECTOR])

    def seed(self, state: State, epoch: int, domain_type: bytes) -> bytes:
        """Return an epoch's randomness for one purpose."""
        ring = self.p.EPOCHS_PER_HISTORICAL_VECTOR
        mix = self.randao_mix(state, epoch + ring - self.p.MIN_SEED_LOOKAHEAD - 1)
        return sha256(domain_type + epoch.to_bytes(8, "little") + mix).digest()

    # Signatures

    def fork_domain(self, domain_type: bytes, version: bytes, genesis_root: bytes) -> bytes:
        """Return the domain of a kind of message under a fork of a chain."""
        return domain_type + sha256(version.ljust(32, b"\0") + genesis_root).digest()[:28]

    def domain(self, state: State, domain_type: bytes, epoch: int) -> bytes:
        """Return the domain of a kind of message in a recent epoch."""
        fork = state.fork
        version = fork.previous_version if epoch < fork.epoch else fork.current_version
        return self.fork_domain(domain_type, version, state.genesis_validators_root)

    def signing_root(self, message: Any, domain: bytes) -> bytes:
        """Return what is signed for an SSZ message, or for an object whose root is given."""
        root = message if isinstance(message, bytes) else bytes(message.hash_tree_root())
        return sha256(root + domain).digest()

    def check_signature(self, pubkey: bytes, root: bytes, signature: Any, what: str) -> None:
        """Reject a signature that is not of this key."""
        check(self.bls.Verify(pubkey, root, bytes(signature)), f"the signature of {what} is wrong")

    # Validators

    def validator_index(self, state: State, pubkey: bytes) -> int | None:
        """Return the validator that has a key, None if there is none."""
        if state.memo.validator_keys is None:
            state.memo.validator_keys = KeyIndex(state.registry.pubkeys)
        return state.memo.validator_keys.find(state.registry.pubkeys, bytes(pubkey))

    def active_mask(self, state: State, epoch: int) -> Mask:
        """Return who is active in an epoch, (n,)."""
        registry, now = state.registry, np.uint64(epoch)
        return (registry.activation_epoch <= now) & (registry.exit_epoch > now)

    def active_indices(self, state: State, epoch: int) -> Indices:
        """Return the active validators of an epoch, ascending."""
        return np.flatnonzero(self.active_mask(state, epoch))

    def is_active(self, state: State, index: int, epoch: int) -> bool:
        """Decide whether one validator is active in an epoch."""
        registry = state.registry
        return int(registry.activation_epoch[index]) <= epoch < int(registry.exit_epoch[index])

    def is_slashable(self, state: State, index: int, epoch: int) -> bool:
        """Decide whether a validator can be slashed in an epoch."""
        registry = state.registry
        if registry.slashed[index]:
            return False
        first, end = int(registry.activation_epoch[index]), int(registry.withdrawable_epoch[index])
        return first <= epoch < end

    def total_active_balance(self, state: State) -> int:
        """Return the active effective balance (Gwei), at least one increment."""
        epoch, memo = self.current_epoch(state), state.memo.total_active_balance
        if epoch not in memo:
            balances = state.registry.effective_balance[self.active_mask(state, epoch)]
            memo[epoch] = max(checked(total(balances)), int(self.p.EFFECTIVE_BALANCE_INCREMENT))
        return memo[epoch]

    def base_reward_per_increment(self, state: State) -> int:
        """Return what an increment earns in an epoch at best (Gwei)."""
        scale = checked(self.p.EFFECTIVE_BALANCE_INCREMENT * self.p.BASE_REWARD_FACTOR)
        return scale // isqrt(self.total_active_balance(state))

    def pending_balance_to_withdraw(self, state: State, index: int) -> int:
        """Return what partial withdrawals will take from a validator (Gwei)."""
        queue = state.pending_partial_withdrawals
        return checked(sum(entry.amount for entry in queue if entry.validator_index == index))

    # Churn

    def balance_churn_limit(self, state: State) -> int:
        """Return an epoch's churn for all purposes (Gwei)."""
        share = self.total_active_balance(state) // self.p.CHURN_LIMIT_QUOTIENT
        limit = max(share, self.p.MIN_PER_EPOCH_CHURN_LIMIT_ELECTRA)
        return int(limit - limit % self.p.EFFECTIVE_BALANCE_INCREMENT)

    def activation_exit_churn_limit(self, state: State) -> int:
        """Return an epoch's churn for deposits, and as much for exits (Gwei)."""
        ceiling = self.p.MAX_PER_EPOCH_ACTIVATION_EXIT_CHURN_LIMIT
        return int(min(self.balance_churn_limit(state), ceiling))

    def consolidation_churn_limit(self, state: State) -> int:
        """Return an epoch's churn for consolidations (Gwei)."""
        return self.balance_churn_limit(state) - self.activation_exit_churn_limit(state)

    # Committees and proposers

    def committees(self, state: State, epoch: int) -> Committees:
        """Return the committees of the current or previous epoch."""
        memo = state.memo.committees
        if epoch not in memo:
            active = self.active_indices(state, epoch)
            slots = self.p.SLOTS_PER_EPOCH
            per_slot = len(active) // slots // self.p.TARGET_COMMITTEE_SIZE
            memo[epoch] = Committees(
                active,
                self.seed(state, epoch, self.p.DOMAIN_BEACON_ATTESTER),
                self.p.SHUFFLE_ROUND_COUNT,
                min(max(per_slot, 1), self.p.MAX_COMMITTEES_PER_SLOT),
                slots,
            )
        return memo[epoch]

    def proposer(self, state: State) -> int:
        """Return the proposer of the current slot."""
        return state.proposer_lookahead[state.slot % int(self.p.SLOTS_PER_EPOCH)]

    # Finality

    def is_leaking(self, state: State) -> bool:
        """Decide whether finality is overdue."""
        delay = checked(self.previous_epoch(state) - state.finalized_checkpoint.epoch)
        return delay > int(self.p.MIN_EPOCHS_TO_INACTIVITY_PENALTY)
