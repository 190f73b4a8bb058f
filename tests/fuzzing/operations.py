"""Signed operations, and whether a block may carry them: restated, not asked of the specification.

A draft is a block's list of operations while it is built: what earlier ones of the same block do to
a validator counts for the later ones, in the order in which the block is processed.
"""

from dataclasses import dataclass, field
from typing import Any

from tests.fuzzing.signatures import WRONG
from tests.helpers.keys import public_key
from tests.helpers.pools import build_pool_admission
from tests.helpers.reckoning import POOLED
from tests.helpers.requests import (
    bls_credentials,
    build_bls_to_execution_change,
    build_voluntary_exit,
)
from tests.helpers.scenarios import FAR
from tests.helpers.slashings import build_attester_slashing, build_proposer_slashing

KINDS = (
    "proposer_slashing",
    "attester_slashing",
    "voluntary_exit",
    "bls_to_execution_change",
    "pool_admission",
)
"""Of operations, in the order in which a block is processed."""

LISTS = {
    "proposer_slashing": "proposer_slashings",
    "attester_slashing": "attester_slashings",
    "voluntary_exit": "voluntary_exits",
    "bls_to_execution_change": "bls_to_execution_changes",
    "pool_admission": "pool_admissions",
}
"""Where a block has them."""

MOST = {
    "proposer_slashing": 16,
    "attester_slashing": 1,
    "voluntary_exit": 16,
    "bls_to_execution_change": 16,
    "pool_admission": 16,
}


@dataclass
class Draft:
    """The operations of a block to be, for the state that stands at its slot."""

    spec: Any
    state: Any
    slashed: set[int] = field(default_factory=set)
    leaving: set[int] = field(default_factory=set)
    changed: set[int] = field(default_factory=set)
    admitted: set[int] = field(default_factory=set)

    @property
    def epoch(self) -> int:
        """The current epoch."""
        return int(self.state.slot) // int(self.spec.SLOTS_PER_EPOCH)

    def is_valid(self, kind: str, indices: list[int]) -> bool:
        """Whether a well-formed operation on these validators is one that a block may carry."""
        if kind == "attester_slashing":
            return any(self._is_slashable(index) for index in indices)
        rules = {
            "proposer_slashing": self._is_slashable,
            "voluntary_exit": self._can_exit,
            "bls_to_execution_change": self._can_change,
            "pool_admission": self._can_be_admitted,
        }
        return rules[kind](indices[0])

    def add(self, kind: str, indices: list[int]) -> None:
        """Note that a valid operation is part of the block."""
        if kind == "attester_slashing":
            self.slashed.update(index for index in indices if self._is_slashable(index))
        else:
            places = {
                "proposer_slashing": self.slashed,
                "voluntary_exit": self.leaving,
                "bls_to_execution_change": self.changed,
                "pool_admission": self.admitted,
            }
            places[kind].add(indices[0])

    def _is_slashable(self, index: int) -> bool:
        validator = self.state.validators[index]
        if validator.slashed or index in self.slashed:
            return False
        return bool(validator.activation_epoch <= self.epoch < validator.withdrawable_epoch)

    def _is_leaving(self, index: int) -> bool:
        has_begun = self.state.validators[index].exit_epoch != FAR
        return has_begun or index in self.slashed or index in self.leaving

    def _can_exit(self, index: int) -> bool:
        """Active long enough, on no way out, nothing pending; not pooled, where that exists."""
        validator = self.state.validators[index]
        has_pools = "pools" in self.state.fields()
        if has_pools and validator.withdrawal_credentials[0] == POOLED:
            return False
        # What is paid in this very block has been paid by the time
        due = self.spec.get_expected_withdrawals(self.state)
        paid = int(due.processed_partial_withdrawals_count)
        pending = [each.validator_index for each in self.state.pending_partial_withdrawals][paid:]
        served = int(validator.activation_epoch) + int(self.spec.config.SHARD_COMMITTEE_PERIOD)
        return served <= self.epoch and not self._is_leaving(index) and index not in pending

    def _can_change(self, index: int) -> bool:
        """Its credentials still commit to the key that signs."""
        credentials = bytes(self.state.validators[index].withdrawal_credentials)
        return credentials == bls_credentials(self.spec, index) and index not in self.changed

    def _can_be_admitted(self, index: int) -> bool:
        """Pooled, of an open pool, not admitted yet, here to stay."""
        validator = self.state.validators[index]
        credentials = bytes(validator.withdrawal_credentials)
        if credentials[0] != POOLED or any(credentials[9:12]) or self._is_leaving(index):
            return False
        if self.state.validator_pools[index] != FAR or index in self.admitted or validator.slashed:
            return False
        pool = int.from_bytes(credentials[1:9], "little")
        has_pool = pool < len(self.state.pools)
        return has_pool and self.state.pools[pool].unbonding_amount != FAR

    def build(self, kind: str, indices: list[int]) -> Any:
        """The operation, signed as it should be."""
        spec, state = self.spec, self.state
        if kind == "proposer_slashing":
            return build_proposer_slashing(spec, state, indices[0])
        if kind == "attester_slashing":
            return build_attester_slashing(spec, state, sorted(set(indices)))
        if kind == "voluntary_exit":
            return build_voluntary_exit(spec, state, indices[0])
        if kind == "bls_to_execution_change":
            return build_bls_to_execution_change(spec, state, indices[0])
        # The key that signs does not matter while signatures are stubs
        return build_pool_admission(spec, state, indices[0], secret=1)


FAULTS = (
    "as_it_is",
    "signature",
    "index",
    "payload_amount",
    "payload_missing",
    "payload_extra",
    "parent",
    "proposer",
    "randao",
    "former_deposit",
    "vote_source",
    "vote_bits",
    "vote_committee",
    "vote_future",
    "pubkey",
    "state_root",
)
"""What is wrong with a block. `as_it_is`: an operation in it that does not apply."""


def spoil_operation(spec: Any, state: Any, kind: str, operation: Any, fault: str) -> bool:
    """Put a fault into an operation; whether that has made it invalid for sure."""
    if fault == "signature":
        return _spoil_signature(spec, kind, operation)
    if fault == "index" and kind in ("pool_admission", "voluntary_exit"):
        operation.message.validator_index = len(state.validators)
        return True
    if fault == "pubkey" and kind == "pool_admission":
        named = state.validators[operation.message.validator_index].pubkey
        other = spec.BLSPubkey(public_key(2**21))
        operation.message.validator_pubkey = other
        return bool(named != other)
    return False


def _spoil_signature(spec: Any, kind: str, operation: Any) -> bool:
    """A signature that nobody has made; those of votes are aggregates, which are not looked at."""
    wrong = spec.BLSSignature(WRONG)
    if kind == "attester_slashing":
        return False
    signed = operation.signed_header_2 if kind == "proposer_slashing" else operation
    signed.signature = wrong
    return True


def spoil_block(spec: Any, state: Any, block: Any, fault: str) -> bool:
    """Put a fault into an honest block for the state; whether that has made it invalid for sure."""
    body = block.body
    if fault.startswith("payload"):
        return _spoil_payload(spec, body.execution_payload, fault)
    if fault.startswith("vote"):
        return len(body.attestations) > 0 and _spoil_vote(spec, state, body.attestations[0], fault)
    if fault == "parent":
        block.parent_root = spec.Root(b"\x0d" * 32)
    elif fault == "proposer":
        block.proposer_index = (int(block.proposer_index) + 1) % len(state.validators)
    elif fault == "randao":
        body.randao_reveal = spec.BLSSignature(WRONG)
    elif fault == "former_deposit":
        body.deposits.append(spec.Deposit())
    else:
        return False
    return True


def _spoil_payload(spec: Any, payload: Any, fault: str) -> bool:
    """Withdrawals other than those that are due."""
    withdrawals = payload.withdrawals
    if fault == "payload_extra":
        if len(withdrawals) == int(spec.MAX_WITHDRAWALS_PER_PAYLOAD):
            return False
        withdrawals.append(spec.Withdrawal(amount=1))
        return True
    if len(withdrawals) == 0:
        return False
    if fault == "payload_missing":
        withdrawals.pop()
    else:
        withdrawals[0].amount = (int(withdrawals[0].amount) + 1) % 2**64
    return True


def _spoil_vote(spec: Any, state: Any, vote: Any, fault: str) -> bool:
    """A vote that cannot be counted."""
    if fault == "vote_source":
        vote.data.source.epoch = (int(vote.data.source.epoch) + 1) % 2**64
    elif fault == "vote_bits":
        vote.aggregation_bits.append(True)
    elif fault == "vote_committee":
        vote.data.index = 1
    else:
        vote.data.slot = state.slot
        vote.data.target.epoch = spec.get_current_epoch(state)
    return True
