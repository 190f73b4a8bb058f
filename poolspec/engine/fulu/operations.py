"""What a Fulu block carries besides its payload. An invalid operation makes its block invalid."""

from hashlib import sha256
from typing import Any

import numpy as np

from poolspec.engine.errors import check
from poolspec.engine.fulu.requests import Requests
from poolspec.engine.numbers import Indices, Mask, checked, isqrt, total
from poolspec.engine.records import Checkpoint
from poolspec.engine.state import State

__all__ = ["Operations", "bits_of"]


def bits_of(value: Any) -> Mask:
    """Return the bits of an SSZ bit list or bit vector."""
    octets = np.frombuffer(value.encode_bytes(), np.uint8)
    return np.unpackbits(octets, count=len(value), bitorder="little").view(np.bool_)


def _checkpoint(value: Any) -> Checkpoint:
    return Checkpoint(int(value.epoch), bytes(value.root))


class Operations(Requests):
    """Slashings, attestations, exits and changes of credentials."""

    def process_operations(self, state: State, body: Any) -> None:
        """Apply a block's operations, kind by kind."""
        check(len(body.deposits) == 0, "deposits of the former bridge are over")
        for proposer_slashing in body.proposer_slashings:
            self.process_proposer_slashing(state, proposer_slashing)
        for attester_slashing in body.attester_slashings:
            self.process_attester_slashing(state, attester_slashing)
        for attestation in body.attestations:
            self.process_attestation(state, attestation)
        for voluntary_exit in body.voluntary_exits:
            self.process_voluntary_exit(state, voluntary_exit)
        for address_change in body.bls_to_execution_changes:
            self.process_bls_to_execution_change(state, address_change)
        self.process_further_operations(state, body)
        self.process_execution_requests(state, body.execution_requests)

    def process_further_operations(self, state: State, body: Any) -> None:
        """Apply the operations that a fork adds, before the requests."""

    # Slashings

    def process_proposer_slashing(self, state: State, slashing: Any) -> None:
        """Slash a proposer that signed two different headers for one slot."""
        signed = (slashing.signed_header_1, slashing.signed_header_2)
        first, second = (each.message for each in signed)
        check(first != second, "the headers are the same")
        check(first.slot == second.slot, "the headers are of different slots")
        index = int(first.proposer_index)
        check(index == second.proposer_index, "the headers have different proposers")
        check(index < len(state.registry), "there is no such proposer")
        is_slashable = self.is_slashable(state, index, self.current_epoch(state))
        check(is_slashable, "the proposer cannot be slashed")
        epoch = self.epoch_at(int(first.slot))
        domain = self.domain(state, self.p.DOMAIN_BEACON_PROPOSER, epoch)
        pubkey = state.registry.pubkey(index)
        for each in signed:
            root = self.signing_root(each.message, domain)
            self.check_signature(pubkey, root, each.signature, "a slashed header")
        self.slash(state, index)

    def process_attester_slashing(self, state: State, slashing: Any) -> None:
        """Slash all who made both of two contradictory votes and can be slashed."""
        votes = (slashing.attestation_1, slashing.attestation_2)
        first, second = (vote.data for vote in votes)
        is_double = first.target.epoch == second.target.epoch and first != second
        starts_earlier = first.source.epoch < second.source.epoch
        is_surround = starts_earlier and first.target.epoch > second.target.epoch
        check(is_double or is_surround, "the votes do not contradict each other")
        voters = []
        for vote in votes:
            indices = [int(index) for index in vote.attesting_indices]
            check(indices, "nobody voted")
            check(indices == sorted(set(indices)), "the voters are not in ascending order")
            check(indices[-1] < len(state.registry), "there is no such voter")
            self.check_vote(state, np.array(indices, np.int64), vote.data, vote.signature)
            voters.append(indices)
        epoch = self.current_epoch(state)
        culprits = sorted(set(voters[0]).intersection(voters[1]))
        slashable = [index for index in culprits if self.is_slashable(state, index, epoch)]
        check(slashable, "nobody can be slashed")
        for index in slashable:
            self.slash(state, index)

    def check_vote(self, state: State, voters: Indices, data: Any, signature: Any) -> None:
        """Reject a vote that the voters have not signed."""
        if not self.bls.bls_active:
            return
        domain = self.domain(state, self.p.DOMAIN_BEACON_ATTESTER, int(data.target.epoch))
        pubkeys = [state.registry.pubkey(index) for index in voters.tolist()]
        root = self.signing_root(data, domain)
        is_signed = self.bls.FastAggregateVerify(pubkeys, root, bytes(signature))
        check(is_signed, "the signature of a vote is wrong")

    # Attestations

    def voters(self, state: State, attestation: Any) -> Indices:
        """Return who voted, committee after committee, once the bits are checked to fit these."""
        data = attestation.data
        committees = self.committees(state, int(data.target.epoch))
        bits = bits_of(attestation.aggregation_bits)
        members, start = [], 0
        for index in np.flatnonzero(bits_of(attestation.committee_bits)).tolist():
            check(index < committees.per_slot, "there is no such committee")
            committee = committees.committee(int(data.slot), index)
            end = start + len(committee)
            check(end <= len(bits), "too few aggregation bits")
            chosen = committee[bits[start:end]]
            check(len(chosen) > 0, "a committee is named without a voter")
            members.append(chosen)
            start = end
        check(start == len(bits), "too many aggregation bits")
        check(members, "nobody voted")
        return np.concatenate(members).astype(np.int64)

    def timely_flags(self, state: State, data: Any) -> int:
        """Return the participation flags that a vote earns when it is included now."""
        current = self.current_epoch(state)
        is_current = data.target.epoch == current
        justified = (
            state.current_justified_checkpoint
            if is_current
            else state.previous_justified_checkpoint
        )
        check(_checkpoint(data.source) == justified, "the source is not justified")
        delay = state.slot - int(data.slot)
        flags = 0
        if delay <= isqrt(self.p.SLOTS_PER_EPOCH):
            flags |= 1 << self.p.TIMELY_SOURCE_FLAG_INDEX
        if bytes(data.target.root) == self.block_root(state, int(data.target.epoch)):
            flags |= 1 << self.p.TIMELY_TARGET_FLAG_INDEX
            head = self.block_root_at_slot(state, int(data.slot))
            is_next = delay == self.p.MIN_ATTESTATION_INCLUSION_DELAY
            if bytes(data.beacon_block_root) == head and is_next:
                flags |= 1 << self.p.TIMELY_HEAD_FLAG_INDEX
        return flags

    def process_attestation(self, state: State, attestation: Any) -> None:
        """Record the votes of an aggregate and reward the proposer for the new ones."""
        data = attestation.data
        slot, target = int(data.slot), int(data.target.epoch)
        current, previous = self.current_epoch(state), self.previous_epoch(state)
        check(target in (previous, current), "the target is too old or too new")
        check(target == self.epoch_at(slot), "slot and target do not fit")
        earliest = checked(slot + self.p.MIN_ATTESTATION_INCLUSION_DELAY)
        check(earliest <= state.slot, "the vote comes too early")
        check(data.index == 0, "the committee index is not zero")
        voters = self.voters(state, attestation)
        flags = self.timely_flags(state, data)
        self.check_vote(state, voters, data, attestation.signature)
        weighted = self._set_flags(state, voters, flags, is_current=target == current)
        others = self.p.WEIGHT_DENOMINATOR - self.p.PROPOSER_WEIGHT
        divisor = others * self.p.WEIGHT_DENOMINATOR // self.p.PROPOSER_WEIGHT
        self.apply_reward(state, self.proposer(state), weighted // divisor)

    def _set_flags(self, state: State, voters: Indices, flags: int, *, is_current: bool) -> int:
        """Set the flags of voters and return the weighted base rewards (Gwei) of the new ones."""
        registry = state.registry
        participation = (
            registry.current_participation if is_current else registry.previous_participation
        )
        before = participation[voters]
        participation[voters] = before | np.uint8(flags)
        increment = np.uint64(self.p.EFFECTIVE_BALANCE_INCREMENT)
        increments = registry.effective_balance[voters] // increment
        new = np.uint8(flags) & ~before
        base = self.base_reward_per_increment(state)
        return checked(
            sum(
                total(increments[(new & np.uint8(1 << flag)) != 0]) * base * weight
                for flag, weight in enumerate(self.p.PARTICIPATION_FLAG_WEIGHTS)
            )
        )

    # Exits and credentials

    def check_voluntary_exit(self, state: State, index: int) -> None:
        """Reject the exit of a validator that may not ask for it with its own key."""
        check(self.is_free_to_exit(state, index), "the validator may not exit")

    def process_voluntary_exit(self, state: State, signed_exit: Any) -> None:
        """Start the exit of a validator that asked for it with its own key."""
        message = signed_exit.message
        index = int(message.validator_index)
        check(index < len(state.registry), "there is no such validator")
        self.check_voluntary_exit(state, index)
        check(message.epoch <= self.current_epoch(state), "the exit is not valid yet")
        check(self.pending_balance_to_withdraw(state, index) == 0, "withdrawals are pending")
        domain = self.fork_domain(
            self.p.DOMAIN_VOLUNTARY_EXIT,
            self.p.CAPELLA_FORK_VERSION,
            state.genesis_validators_root,
        )
        root = self.signing_root(message, domain)
        self.check_signature(state.registry.pubkey(index), root, signed_exit.signature, "an exit")
        self.initiate_exit(state, index)

    def process_bls_to_execution_change(self, state: State, signed_change: Any) -> None:
        """Replace BLS credentials by an execution address."""
        change, registry = signed_change.message, state.registry
        index = int(change.validator_index)
        check(index < len(registry), "there is no such validator")
        credentials = registry.withdrawal_credentials(index)
        pubkey = bytes(change.from_bls_pubkey)
        expected = self.p.BLS_WITHDRAWAL_PREFIX + sha256(pubkey).digest()[1:]
        check(credentials == expected, "the credentials are not of this key")
        domain = self.fork_domain(
            self.p.DOMAIN_BLS_TO_EXECUTION_CHANGE,
            self.p.GENESIS_FORK_VERSION,
            state.genesis_validators_root,
        )
        root = self.signing_root(change, domain)
        self.check_signature(pubkey, root, signed_change.signature, "a change of credentials")
        address = bytes(change.to_execution_address)
        prefix = self.p.ETH1_ADDRESS_WITHDRAWAL_PREFIX
        registry.set_credentials(index, prefix + bytes(11) + address)
