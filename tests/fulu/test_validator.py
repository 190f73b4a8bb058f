"""Duties of proposers and attesters; signatures are checked against roots reckoned by hand."""

from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import pytest

import poolspec
from poolspec.runtime import bls
from tests.fulu.chain import (
    ETH,
    FEE_RECIPIENT,
    GENESIS_TIME,
    Builder,
    privkey,
    propose,
    pubkey,
    signing_root,
)

pytestmark = pytest.mark.forks("fulu")

# The version in the state's fork, by which all domains are computed.
FULU = "06000001"


@pytest.fixture
def private_spec() -> Any:
    """A module of the test's own, whose constants it may change."""
    return poolspec.load("fulu", "minimal", config={})


# Attesting


def single_attestation(spec: Any, state: Any, validator_index: int, data: Any) -> Any:
    _, committee_index, _ = spec.get_committee_assignment(
        state, data.target.epoch, spec.ValidatorIndex(validator_index)
    )
    return spec.SingleAttestation(
        committee_index=committee_index,
        attester_index=validator_index,
        data=data,
        signature=spec.get_attestation_signature(state, data, privkey(validator_index)),
    )


def aggregates_of_slot(spec: Any, state: Any, head_root: Any) -> list[Any]:
    """What the aggregators of the slot's committees make of all members' votes."""
    data = spec.get_attestation_data(state, head_root)
    aggregates = []
    for index in range(spec.get_committee_count_per_slot(state, data.target.epoch)):
        committee = spec.get_beacon_committee(state, state.slot, spec.CommitteeIndex(index))
        votes = [
            spec.get_attestation_from_single(state, single_attestation(spec, state, member, data))
            for member in committee
        ]
        aggregate = votes[0].copy()
        aggregate.aggregation_bits = spec.AggregationBits([True] * len(committee))
        aggregate.signature = spec.get_aggregate_signature(votes)
        aggregates.append(aggregate)
    return aggregates


def test_every_active_validator_attests_once_in_an_epoch(spec: Any, state: Any) -> None:
    places = []
    for validator_index in range(64):
        committee, index, slot = spec.get_committee_assignment(
            state, spec.Epoch(1), spec.ValidatorIndex(validator_index)
        )
        assert validator_index in committee
        assert list(committee) == list(spec.get_beacon_committee(state, slot, index))
        places.append((slot, index))
    # 64 validators are eight a slot, which makes two committees of four.
    assert sorted(set(places)) == [(slot, index) for slot in range(8, 16) for index in range(2)]
    assert all(places.count(place) == 4 for place in set(places))


def test_no_assignment_without_activity_nor_beyond_the_next_epoch(spec: Any, state: Any) -> None:
    state.validators[5].exit_epoch = spec.Epoch(1)
    assert spec.check_if_validator_active(state, spec.ValidatorIndex(5))
    assert spec.get_committee_assignment(state, spec.Epoch(1), spec.ValidatorIndex(5)) is None
    with pytest.raises(AssertionError):
        spec.get_committee_assignment(state, spec.Epoch(2), spec.ValidatorIndex(4))


def test_target_is_the_head_only_at_the_start_of_an_epoch(spec: Any, state: Any) -> None:
    first = propose(spec, state, 8)
    first_root = spec.hash_tree_root(first.message)
    spec.state_transition(state, first)
    data = spec.get_attestation_data(state, first_root)
    assert (data.beacon_block_root, data.target.root) == (first_root, first_root)

    second = propose(spec, state, 10)
    second_root = spec.hash_tree_root(second.message)
    spec.state_transition(state, second)
    data = spec.get_attestation_data(state, second_root)
    assert (data.slot, data.index, data.target.epoch) == (10, 0, 1)
    assert (data.beacon_block_root, data.target.root) == (second_root, first_root)


@pytest.mark.parametrize(
    ("committees_per_slot", "slot", "index", "subnet"),
    [(2, 3, 1, 7), (2, 11, 1, 7), (4, 7, 3, 31), (64, 6, 5, 5)],
)
def test_subnets_take_committees_in_turn(
    spec: Any, committees_per_slot: int, slot: int, index: int, subnet: int
) -> None:
    arguments = spec.Uint64(committees_per_slot), spec.Slot(slot), spec.CommitteeIndex(index)
    assert spec.compute_subnet_for_attestation(*arguments) == subnet


def test_small_committees_have_only_aggregators(spec: Any, state: Any) -> None:
    slot, index = spec.Slot(0), spec.CommitteeIndex(0)
    for member in spec.get_beacon_committee(state, slot, index):
        signature = spec.get_slot_signature(state, slot, privkey(member))
        assert spec.is_aggregator(state, slot, index, signature)


def test_one_in_two_aggregates(private_spec: Any, state: Any) -> None:
    private_spec.TARGET_AGGREGATORS_PER_COMMITTEE = private_spec.Uint64(2)
    slot, index = private_spec.Slot(0), private_spec.CommitteeIndex(0)
    outcomes = set()
    for value in range(8):
        signature = private_spec.BLSSignature(bytes([value]) * 96)
        # Little-endian: the first byte of the digest has the lowest bit.
        expected = sha256(signature).digest()[0] % 2 == 0
        assert private_spec.is_aggregator(state, slot, index, signature) == expected
        outcomes.add(expected)
    assert outcomes == {True, False}


def test_a_vote_of_another_committee_is_not_aggregated(spec: Any, state: Any) -> None:
    data = spec.get_attestation_data(state, spec.Root())
    stranger = spec.get_beacon_committee(state, spec.Slot(0), spec.CommitteeIndex(1))[0]
    vote = spec.SingleAttestation(committee_index=0, attester_index=stranger, data=data)
    with pytest.raises(AssertionError):
        spec.get_attestation_from_single(state, vote)


# Signatures


def test_signatures_are_made_in_their_domains(spec: Any, state: Any) -> None:
    spec.process_slots(state, spec.Slot(9))
    data = spec.get_attestation_data(state, spec.Root(b"\x03" * 32))
    block = spec.BeaconBlock(slot=9, proposer_index=3)
    aggregate = spec.Attestation(data=data)
    proof = spec.get_aggregate_and_proof(state, spec.ValidatorIndex(7), aggregate, privkey(7))
    epoch_root, slot_root = ((number).to_bytes(32, "little") for number in (1, 9))
    signed = [
        (spec.get_epoch_signature(state, block, privkey(7)), epoch_root, "02000000"),
        (spec.get_block_signature(state, block, privkey(7)), block.hash_tree_root(), "00000000"),
        (
            spec.get_attestation_signature(state, data, privkey(7)),
            data.hash_tree_root(),
            "01000000",
        ),
        (spec.get_slot_signature(state, spec.Slot(9), privkey(7)), slot_root, "05000000"),
        (proof.selection_proof, slot_root, "05000000"),
        (
            spec.get_aggregate_and_proof_signature(state, proof, privkey(7)),
            proof.hash_tree_root(),
            "06000000",
        ),
    ]
    assert (proof.aggregator_index, proof.aggregate) == (7, aggregate)
    for signature, object_root, domain_type in signed:
        message = signing_root(bytes(object_root), domain_type, FULU, state)
        assert bls.Verify(pubkey(7), message, signature), domain_type


def test_messages_from_before_a_fork_keep_their_domain(spec: Any, state: Any) -> None:
    state.fork = spec.Fork(previous_version="0x05000001", current_version="0x06000001", epoch=2)
    for slot, version in ((15, "05000001"), (16, "06000001")):
        signature = spec.get_slot_signature(state, spec.Slot(slot), privkey(2))
        message = signing_root(slot.to_bytes(32, "little"), "05000000", version, state)
        assert bls.Verify(pubkey(2), message, signature)


# Proposing


def test_exactly_one_validator_proposes(spec: Any, state: Any) -> None:
    spec.process_slots(state, spec.Slot(13))
    proposers = [i for i in range(64) if spec.is_proposer(state, spec.ValidatorIndex(i))]
    assert proposers == [state.proposer_lookahead[13 - 8]]


def test_a_block_with_every_vote_of_the_slot_before(spec: Any, state: Any) -> None:
    first = propose(spec, state, 1)
    spec.state_transition(state, first)
    aggregates = aggregates_of_slot(spec, state, spec.hash_tree_root(first.message))
    # Aggregates arrive in any order.
    attestation = spec.compute_on_chain_aggregate(aggregates[::-1])
    assert list(attestation.committee_bits) == [True, True, False, False]
    assert len(attestation.aggregation_bits) == 8

    spec.state_transition(state, propose(spec, state, 2, attestations=[attestation]))
    voters = [i for i, flags in enumerate(state.current_epoch_participation) if flags == 0b111]
    members = [
        member
        for index in range(2)
        for member in spec.get_beacon_committee(state, spec.Slot(1), spec.CommitteeIndex(index))
    ]
    assert voters == sorted(members)


def test_an_aggregate_needs_one_vote_and_different_committees(spec: Any, state: Any) -> None:
    vote = spec.Attestation(
        committee_bits=spec.CommitteeBits([True, False, False, False]),
        aggregation_bits=spec.AggregationBits([True]),
    )
    other_vote = vote.copy()
    other_vote.committee_bits = spec.CommitteeBits([False, True, False, False])
    other_vote.data.slot = spec.Slot(1)
    for aggregates in ([vote, vote], [vote, other_vote]):
        with pytest.raises(AssertionError):
            spec.compute_on_chain_aggregate(aggregates)


@pytest.mark.bls
def test_a_wrong_state_root_or_signature_is_noticed(spec: Any, state: Any) -> None:
    signed_block = propose(spec, state, 1)
    wrong_root = signed_block.copy()
    wrong_root.message.state_root = spec.Root(b"\x01" * 32)
    advanced = state.copy()
    spec.process_slots(advanced, spec.Slot(1))
    proposer = spec.get_beacon_proposer_index(advanced)
    wrong_root.signature = spec.get_block_signature(advanced, wrong_root.message, privkey(proposer))
    wrong_signature = signed_block.copy()
    wrong_signature.signature = spec.get_block_signature(
        advanced, signed_block.message, privkey(proposer + 1)
    )
    for block in (wrong_root, wrong_signature):
        with pytest.raises(AssertionError):
            spec.state_transition(state.copy(), block)
    spec.state_transition(state, signed_block)


def test_payload_attributes(spec: Any, state: Any) -> None:
    spec.process_slots(state, spec.Slot(3))
    # A compounding validator pays out only above 2,048 ETH; an ordinary one above 32 ETH.
    credentials = b"\x01" + bytes(11) + b"\xaa" * 20
    state.validators[2].withdrawal_credentials = spec.Bytes32(credentials)
    state.balances[2] = spec.Gwei(33 * ETH)
    builder = Builder(spec)
    safe, finalized = spec.Hash32(b"\x05" * 32), spec.Hash32(b"\x06" * 32)
    name = spec.prepare_execution_payload(
        state, safe, finalized, spec.ExecutionAddress(FEE_RECIPIENT), builder
    )
    assert name == (1).to_bytes(8, "big")
    head, *others, attributes = builder.calls[0]
    assert head == state.latest_execution_payload_header.block_hash
    assert others == [safe, finalized]
    assert attributes.timestamp == GENESIS_TIME + 3 * 6
    assert attributes.prev_randao == state.randao_mixes[0]
    assert attributes.suggested_fee_recipient == FEE_RECIPIENT
    assert attributes.parent_beacon_block_root == spec.hash_tree_root(state.latest_block_header)
    assert [(w.index, w.validator_index, w.address, w.amount) for w in attributes.withdrawals] == [
        (0, 2, b"\xaa" * 20, ETH)
    ]


def test_execution_requests_are_read_as_they_were_written(spec: Any) -> None:
    requests = spec.ExecutionRequests(
        deposits=[spec.DepositRequest(amount=1, index=2)],
        consolidations=[spec.ConsolidationRequest(source_address=b"\x07" * 20)],
    )
    written = spec.get_execution_requests_list(requests)
    assert [entry[0] for entry in written] == [0, 2]
    assert spec.get_execution_requests(written) == requests
    assert spec.get_execution_requests([]) == spec.ExecutionRequests()


@pytest.mark.parametrize(
    "change",
    [
        lambda deposits, withdrawals: [withdrawals, deposits],
        lambda deposits, withdrawals: [deposits, deposits],
        lambda deposits, withdrawals: [deposits, withdrawals[:1]],
        lambda deposits, withdrawals: [deposits, b"\x03" + withdrawals[1:]],
        lambda deposits, withdrawals: [b"", deposits],
    ],
    ids=["order", "twice", "no_data", "unknown_type", "empty"],
)
def test_execution_requests_in_bad_form(spec: Any, change: Any) -> None:
    good = spec.get_execution_requests_list(
        spec.ExecutionRequests(
            deposits=[spec.DepositRequest(amount=1)],
            withdrawals=[spec.WithdrawalRequest(amount=1)],
        )
    )
    with pytest.raises(AssertionError):
        spec.get_execution_requests(change(*good))


def test_truncated_execution_requests(spec: Any) -> None:
    requests = spec.ExecutionRequests(withdrawals=[spec.WithdrawalRequest(amount=1)])
    (withdrawals,) = spec.get_execution_requests_list(requests)
    with pytest.raises(ValueError, match=r"."):
        spec.get_execution_requests([withdrawals[:-1]])


# Votes on the former bridge. A follow distance is 16 blocks of 14 seconds.

FOLLOW_TIME = 224


def bridge_block(spec: Any, age: int, deposit_count: int = 64) -> Any:
    """A block so many seconds old at the start of the first voting period."""
    return spec.Eth1Block(timestamp=GENESIS_TIME - age, deposit_count=deposit_count)


def expect_more_of_the_bridge(state: Any) -> None:
    """Let one deposit of the bridge be missing; at genesis none is."""
    state.deposit_requests_start_index = state.eth1_deposit_index + 1


def test_where_the_bridge_is_drained_the_vote_is_for_what_stands(spec: Any, state: Any) -> None:
    chain = [bridge_block(spec, FOLLOW_TIME, deposit_count=65)]
    assert spec.get_eth1_vote(state, chain) == state.eth1_data


@pytest.mark.parametrize(
    ("age", "is_candidate"),
    [
        (FOLLOW_TIME - 1, False),
        (FOLLOW_TIME, True),
        (2 * FOLLOW_TIME, True),
        (2 * FOLLOW_TIME + 1, False),
    ],
)
def test_only_blocks_of_some_age_are_voted_for(
    spec: Any, state: Any, age: int, is_candidate: bool
) -> None:
    expect_more_of_the_bridge(state)
    block = bridge_block(spec, age, deposit_count=65)
    expected = spec.get_eth1_data(block) if is_candidate else state.eth1_data
    assert spec.get_eth1_vote(state, [block]) == expected


def test_the_voting_period_is_four_epochs(spec: Any, state: Any) -> None:
    for slot, start in ((0, 0), (31, 0), (32, 32), (63, 32)):
        here = SimpleNamespace(slot=spec.Slot(slot), genesis_time=state.genesis_time)
        assert spec.voting_period_start_time(here) == GENESIS_TIME + start * 6


def test_votes_follow_the_majority_of_the_period(spec: Any, state: Any) -> None:
    expect_more_of_the_bridge(state)
    older, newer = bridge_block(spec, 400), bridge_block(spec, 300, deposit_count=66)
    fewer = bridge_block(spec, 250, deposit_count=63)
    chain = [older, newer, fewer]
    old_vote, new_vote, bad_vote = (spec.get_eth1_data(block) for block in chain)
    # Nobody has voted: the newest that takes no deposit back.
    assert spec.get_eth1_vote(state, chain) == new_vote
    # Votes for what this validator would not vote for do not count.
    state.eth1_data_votes = spec.Eth1DataVotes([bad_vote, bad_vote, new_vote, old_vote])
    assert spec.get_eth1_vote(state, chain) == new_vote
    state.eth1_data_votes.append(old_vote)
    assert spec.get_eth1_vote(state, chain) == old_vote


# Time


def test_due_times_are_shares_of_the_slot(spec: Any) -> None:
    epoch = spec.Epoch(0)
    # Of 6,000 milliseconds, 33.33% and 66.67%, rounded down.
    assert spec.get_attestation_due_ms(epoch) == spec.get_sync_message_due_ms(epoch) == 1999
    assert spec.get_aggregate_due_ms(epoch) == spec.get_contribution_due_ms(epoch) == 4000
