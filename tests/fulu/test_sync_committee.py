"""Duties of sync committees; 32 members in four subcommittees of eight."""

from hashlib import sha256
from typing import Any

import pytest

import poolspec
from poolspec.runtime import bls
from tests.fulu.chain import VALIDATOR_COUNT, privkey, propose, pubkey, signing_root

pytestmark = pytest.mark.forks("fulu")

INDEX_BY_PUBKEY = {pubkey(index): index for index in range(VALIDATOR_COUNT)}


def committee_of(spec: Any, indices: list[int]) -> Any:
    """A sync committee with these members in turn."""
    keys = [pubkey(indices[place % len(indices)]) for place in range(32)]
    return spec.SyncCommittee(pubkeys=keys, aggregate_pubkey=spec.eth_aggregate_pubkeys(keys))


def contributions_of_slot(spec: Any, state: Any, block_root: Any) -> list[Any]:
    """What the aggregators of all subcommittees make of all members' messages."""
    members = list(state.current_sync_committee.pubkeys)
    messages = {
        key: spec.get_sync_committee_message(
            state, block_root, spec.ValidatorIndex(index), privkey(index)
        )
        for key, index in INDEX_BY_PUBKEY.items()
        if key in members
    }
    return [
        spec.get_sync_committee_contribution(
            members[8 * place : 8 * place + 8], spec.Uint64(place), messages
        )
        for place in range(4)
    ]


def test_all_members_sign_the_block_before(spec: Any, state: Any) -> None:
    first = propose(spec, state, 1)
    spec.state_transition(state, first)
    contributions = contributions_of_slot(spec, state, spec.hash_tree_root(first.message))
    block = spec.BeaconBlock()
    spec.process_sync_committee_contributions(block, contributions)
    assert sum(block.body.sync_aggregate.sync_committee_bits) == 32
    # The transition verifies the aggregate.
    signed_block = propose(spec, state, 2, sync_aggregate=block.body.sync_aggregate)
    spec.state_transition(state, signed_block)


def test_a_subcommittee_may_be_missing(spec: Any, state: Any) -> None:
    first = propose(spec, state, 1)
    spec.state_transition(state, first)
    contributions = contributions_of_slot(spec, state, spec.hash_tree_root(first.message))
    block = spec.BeaconBlock()
    spec.process_sync_committee_contributions(block, [contributions[3], contributions[1]])
    bits = list(block.body.sync_aggregate.sync_committee_bits)
    assert bits == [False] * 8 + [True] * 8 + [False] * 8 + [True] * 8
    signed_block = propose(spec, state, 2, sync_aggregate=block.body.sync_aggregate)
    spec.state_transition(state, signed_block)


def test_without_contributions_nobody_signs(spec: Any) -> None:
    block = spec.BeaconBlock()
    spec.process_sync_committee_contributions(block, [])
    assert not any(block.body.sync_aggregate.sync_committee_bits)
    assert block.body.sync_aggregate.sync_committee_signature == b"\xc0" + bytes(95)


def test_a_contribution_leaves_the_absent_out(spec: Any, state: Any) -> None:
    message = spec.get_sync_committee_message(
        state, spec.Root(b"\x09" * 32), spec.ValidatorIndex(4), privkey(4)
    )
    # Validator 4 stands twice among the eight.
    keys = [spec.BLSPubkey(pubkey(index)) for index in (4, 1, 2, 4, 3, 5, 6, 7)]
    contribution = spec.get_sync_committee_contribution(keys, spec.Uint64(2), {keys[0]: message})
    assert list(contribution.aggregation_bits) == [True, False, False, True] + [False] * 4
    assert (contribution.slot, contribution.subcommittee_index) == (0, 2)
    signed = signing_root(b"\x09" * 32, "07000000", "06000001", state)
    assert bls.FastAggregateVerify([keys[0], keys[0]], signed, contribution.signature)


def test_a_contribution_is_about_one_block(spec: Any, state: Any) -> None:
    keys = [spec.BLSPubkey(pubkey(index)) for index in range(8)]
    messages = {
        keys[index]: spec.get_sync_committee_message(
            state, spec.Root(bytes([index]) * 32), spec.ValidatorIndex(index), privkey(index)
        )
        for index in (0, 1)
    }
    with pytest.raises(AssertionError):
        spec.get_sync_committee_contribution(keys, spec.Uint64(0), messages)
    with pytest.raises(AssertionError):
        spec.get_sync_committee_contribution(keys[2:], spec.Uint64(0), messages)


def test_signatures_are_made_in_their_domains(spec: Any, state: Any) -> None:
    block_root = b"\x04" * 32
    message = spec.get_sync_committee_message(
        state, spec.Root(block_root), spec.ValidatorIndex(6), privkey(6)
    )
    assert (message.slot, message.beacon_block_root, message.validator_index) == (0, block_root, 6)
    contribution = spec.SyncCommitteeContribution(slot=0, subcommittee_index=3)
    proof = spec.get_contribution_and_proof(state, spec.ValidatorIndex(6), contribution, privkey(6))
    assert (proof.aggregator_index, proof.contribution) == (6, contribution)
    selection_root = sha256(bytes(32) + (3).to_bytes(32, "little")).digest()
    for signature, object_root, domain_type in (
        (message.signature, block_root, "07000000"),
        (proof.selection_proof, selection_root, "08000000"),
        (
            spec.get_contribution_and_proof_signature(state, proof, privkey(6)),
            bytes(proof.hash_tree_root()),
            "09000000",
        ),
    ):
        signed = signing_root(object_root, domain_type, "06000001", state)
        assert bls.Verify(pubkey(6), signed, signature), domain_type


def test_members_of_this_period_and_the_next(spec: Any, state: Any) -> None:
    state.current_sync_committee = committee_of(spec, [1, 2])
    state.next_sync_committee = committee_of(spec, [2, 3])
    # A period is eight epochs.
    spec.process_slots(state, spec.Slot(3 * 8))
    for epoch, members in ((0, {1, 2}), (7, {1, 2}), (8, {2, 3}), (15, {2, 3})):
        assert members == {
            index
            for index in range(5)
            if spec.is_assigned_to_sync_committee(
                state, spec.Epoch(epoch), spec.ValidatorIndex(index)
            )
        }
    with pytest.raises(AssertionError):
        spec.is_assigned_to_sync_committee(state, spec.Epoch(16), spec.ValidatorIndex(1))


def test_no_answer_about_the_period_before(spec: Any, state: Any) -> None:
    state.slot = spec.Slot(8 * 8)
    with pytest.raises(AssertionError):
        spec.is_assigned_to_sync_committee(state, spec.Epoch(7), spec.ValidatorIndex(1))


@pytest.mark.parametrize(("slot", "subnets"), [(0, {0, 3}), (62, {0, 3}), (63, {1}), (64, {0, 3})])
def test_in_the_last_slot_of_a_period_the_next_committee_signs(
    spec: Any, state: Any, slot: int, subnets: set[int]
) -> None:
    for committee, places in (
        (state.current_sync_committee, {7, 24}),
        (state.next_sync_committee, {8}),
    ):
        for place in range(32):
            committee.pubkeys[place] = pubkey(9 if place in places else 10)
    state.slot = spec.Slot(slot)
    assert spec.compute_subnets_for_sync_committee(state, spec.ValidatorIndex(9)) == subnets


def test_small_subcommittees_have_only_aggregators(spec: Any, state: Any) -> None:
    for index in range(4):
        signature = spec.get_sync_committee_selection_proof(
            state, spec.Slot(0), spec.Uint64(0), privkey(index)
        )
        assert spec.is_sync_committee_aggregator(signature)


def test_one_in_four_aggregates() -> None:
    spec: Any = poolspec.load("fulu", "minimal", config={})
    spec.TARGET_AGGREGATORS_PER_SYNC_SUBCOMMITTEE = spec.Uint64(2)
    for value in range(16):
        signature = spec.BLSSignature(bytes([value]) * 96)
        expected = sha256(signature).digest()[0] % 4 == 0
        assert spec.is_sync_committee_aggregator(signature) == expected
