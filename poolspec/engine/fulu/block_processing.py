"""How a Fulu block changes the state of its slot."""

from hashlib import sha256
from typing import Any, NamedTuple, Protocol

import numpy as np

from poolspec.engine.errors import check
from poolspec.engine.fulu.operations import Operations, bits_of
from poolspec.engine.fulu.slot_processing import SlotProcessing, header_root
from poolspec.engine.fulu.withdrawals import Withdrawals
from poolspec.engine.numbers import Mask, checked
from poolspec.engine.records import Eth1Data, Header
from poolspec.engine.state import State

__all__ = ["BlockProcessing", "ExecutionEngine", "PayloadRequest"]


class PayloadRequest(NamedTuple):
    """What an execution engine is asked about."""

    execution_payload: Any
    versioned_hashes: list[bytes]
    parent_beacon_block_root: bytes
    execution_requests: Any


class ExecutionEngine(Protocol):
    """The execution layer, as far as a transition asks it."""

    def verify_and_notify_new_payload(self, request: PayloadRequest) -> bool:
        """Decide whether a payload is valid."""


class AcceptingEngine:
    """A stand-in where there is no execution layer."""

    def verify_and_notify_new_payload(self, request: PayloadRequest) -> bool:
        """Accept every payload."""
        return True


class BlockProcessing(SlotProcessing, Operations, Withdrawals):
    """The stages of a block."""

    execution_engine: ExecutionEngine = AcceptingEngine()

    def state_transition(self, state: State, signed_block: Any, validate: bool = True) -> None:
        """Advance the state to the block's slot and apply the block."""
        block = signed_block.message
        self.process_slots(state, int(block.slot))
        if validate:
            check(self.verify_block_signature(state, signed_block), "the block is not signed")
        self.process_block(state, block)
        if validate:
            is_right = bytes(block.state_root) == self.state_root(state)
            check(is_right, "the block names another state root")

    def verify_block_signature(self, state: State, signed_block: Any) -> bool:
        """Decide whether the proposer that the block names signed it."""
        block = signed_block.message
        index = int(block.proposer_index)
        if index >= len(state.registry):
            return False
        domain = self.domain(state, self.p.DOMAIN_BEACON_PROPOSER, self.current_epoch(state))
        root = self.signing_root(block, domain)
        signature = bytes(signed_block.signature)
        return bool(self.bls.Verify(state.registry.pubkey(index), root, signature))

    def process_block(self, state: State, block: Any) -> None:
        """Apply a block to the state of its slot."""
        self.process_block_header(state, block)
        body = block.body
        self.process_withdrawals(state, body.execution_payload)
        self.process_execution_payload(state, body, self.execution_engine)
        self.process_randao(state, body)
        self.process_eth1_data(state, body)
        self.process_operations(state, body)
        self.process_sync_aggregate(state, body.sync_aggregate)

    def process_block_header(self, state: State, block: Any) -> None:
        """Check a block's place in the chain and its proposer, and remember its header."""
        latest = state.latest_block_header
        check(block.slot == state.slot, "the block is of another slot")
        check(block.slot > latest.slot, "the slot has a block already")
        parent = header_root(self.spec, latest)
        check(bytes(block.parent_root) == parent, "the block has another parent")
        index = int(block.proposer_index)
        check(index == self.proposer(state), "the block has the wrong proposer")
        check(index < len(state.registry), "there is no such proposer")
        check(not state.registry.slashed[index], "the proposer is slashed")
        body_root = bytes(block.body.hash_tree_root())
        state.latest_block_header = Header(state.slot, index, parent, bytes(32), body_root)

    # The payload

    def max_blobs(self, epoch: int) -> int:
        """Return how many blobs a block of an epoch may carry."""
        started = [entry for entry in self.p.BLOB_SCHEDULE if entry["EPOCH"] <= epoch]
        if not started:
            return int(self.p.MAX_BLOBS_PER_BLOCK_ELECTRA)
        return int(max(started, key=lambda entry: entry["EPOCH"])["MAX_BLOBS_PER_BLOCK"])

    def process_execution_payload(self, state: State, body: Any, engine: ExecutionEngine) -> None:
        """Check the payload against the state and the engine, and remember its header."""
        payload, epoch = body.execution_payload, self.current_epoch(state)
        parent = state.latest_execution_payload_header.block_hash
        check(payload.parent_hash == parent, "the payload has another parent")
        mix = self.randao_mix(state, epoch)
        check(bytes(payload.prev_randao) == mix, "the payload has another randomness")
        passed = checked((state.slot - self.p.GENESIS_SLOT) * self.p.SLOT_DURATION_MS) // 1000
        time = checked(state.genesis_time + passed)
        check(payload.timestamp == time, "the payload has another time")
        commitments = [bytes(each) for each in body.blob_kzg_commitments]
        check(len(commitments) <= self.max_blobs(epoch), "there are too many blobs")
        version = self.p.VERSIONED_HASH_VERSION_KZG
        request = PayloadRequest(
            payload,
            [version + sha256(each).digest()[1:] for each in commitments],
            state.latest_block_header.parent_root,
            body.execution_requests,
        )
        is_valid = engine.verify_and_notify_new_payload(request)
        check(is_valid, "the execution engine rejects the payload")
        state.latest_execution_payload_header = self._payload_header(payload)

    def _payload_header(self, payload: Any) -> Any:
        """Return a payload with its two lists replaced by their roots."""
        header_type = self.spec.ExecutionPayloadHeader
        fields = {
            name: getattr(payload, name) for name in header_type.fields() if hasattr(payload, name)
        }
        for name in ("transactions", "withdrawals"):
            fields[f"{name}_root"] = getattr(payload, name).hash_tree_root()
        return header_type(**fields)

    # Randomness and the former bridge

    def process_randao(self, state: State, body: Any) -> None:
        """Mix the hash of the proposer's reveal into the epoch's randomness."""
        epoch = self.current_epoch(state)
        domain = self.domain(state, self.p.DOMAIN_RANDAO, epoch)
        root = self.signing_root(epoch.to_bytes(32, "little"), domain)
        reveal = bytes(body.randao_reveal)
        pubkey = state.registry.pubkey(self.proposer(state))
        self.check_signature(pubkey, root, reveal, "the RANDAO reveal")
        place = state.randao_mixes[epoch % self.p.EPOCHS_PER_HISTORICAL_VECTOR]
        place ^= np.frombuffer(sha256(reveal).digest(), np.uint8)

    def process_eth1_data(self, state: State, body: Any) -> None:
        """Count the proposer's vote; adopt what over half of a period's slots chose."""
        data = body.eth1_data
        choice = Eth1Data(bytes(data.deposit_root), int(data.deposit_count), bytes(data.block_hash))
        slots = self.p.EPOCHS_PER_ETH1_VOTING_PERIOD * self.p.SLOTS_PER_EPOCH
        check(len(state.eth1_data_votes) < slots, "there are too many votes")
        state.eth1_data_votes.append(choice)
        if state.eth1_data_votes.count(choice) * 2 > slots:
            state.eth1_data = choice

    # The sync committee

    def process_sync_aggregate(self, state: State, aggregate: Any) -> None:
        """Reward the sync committee's members that signed, charge those that did not."""
        signed = bits_of(aggregate.sync_committee_bits)
        self._check_sync_signature(state, signed, bytes(aggregate.sync_committee_signature))
        member_reward, proposer_reward = self.sync_committee_rewards(state)
        proposer = self.proposer(state)
        for index, has_signed in zip(self._members(state), signed.tolist(), strict=True):
            if has_signed:
                self.apply_reward(state, index, member_reward)
                self.apply_reward(state, proposer, proposer_reward)
            else:
                self.apply_penalty(state, index, member_reward)

    def _check_sync_signature(self, state: State, signed: Mask, signature: bytes) -> None:
        slot = max(state.slot, 1) - 1
        domain = self.domain(state, self.p.DOMAIN_SYNC_COMMITTEE, self.epoch_at(slot))
        root = self.signing_root(self.block_root_at_slot(state, slot), domain)
        keys = [row.tobytes() for row in state.current_sync_committee.pubkeys[signed]]
        if not keys and signature == self.p.G2_POINT_AT_INFINITY:
            return
        is_signed = self.bls.FastAggregateVerify(keys, root, signature)
        check(is_signed, "the sync committee's signature is wrong")

    def sync_committee_rewards(self, state: State) -> tuple[int, int]:
        """Return the rewards (Gwei) for one signature: to the member and to the proposer."""
        active = self.total_active_balance(state) // int(self.p.EFFECTIVE_BALANCE_INCREMENT)
        base_rewards = checked(self.base_reward_per_increment(state) * active)
        weighted = checked(base_rewards * self.p.SYNC_REWARD_WEIGHT)
        per_slot = weighted // self.p.WEIGHT_DENOMINATOR // self.p.SLOTS_PER_EPOCH
        member = per_slot // self.p.SYNC_COMMITTEE_SIZE
        weight, whole = self.p.PROPOSER_WEIGHT, self.p.WEIGHT_DENOMINATOR
        return member, checked(member * weight) // (whole - weight)

    def _members(self, state: State) -> list[int]:
        """Return the current sync committee's members by index, seat by seat."""
        if state.memo.sync_committee_indices is None:
            found = []
            for row in state.current_sync_committee.pubkeys:
                index = self.validator_index(state, row.tobytes())
                if index is None:
                    raise ValueError("a member of the sync committee is not in the registry")
                found.append(index)
            state.memo.sync_committee_indices = found
        return state.memo.sync_committee_indices
