"""Attestations: which votes a block may hold, and what they do."""

from collections.abc import Callable
from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.attestations import build_attestation, fraction, sign_attestation, sign_vote
from tests.helpers.epoch_end import reward_per_increment
from tests.helpers.epochs import next_slots
from tests.helpers.running import run_operation
from tests.helpers.solo import ETH, bystander, depart, proposer_of, set_stake, total_eth
from tests.helpers.verdicts import run_rejected

HANDLER = "attestation"

pytestmark = pytest.mark.vectors(runner="operations", handler=HANDLER, forks=["fulu", "poolbonds"])

ALL_FLAGS = 0b111

FLAG_WEIGHTS = 14 + 26 + 14
"""Weights of source, target and head."""


def _voters(spec: Any, state: Any, attestation: Any) -> list[int]:
    return sorted(int(index) for index in spec.get_attesting_indices(state, attestation))


def _proposer_reward(state: Any, increments: int, weights: int = FLAG_WEIGHTS) -> int:
    """8 / (64 - 8) of what the new flags of so many increments are worth, rounded once."""
    per_increment = reward_per_increment(total_eth(state))
    return increments * per_increment * weights // ((64 - 8) * 64 // 8)


def _run(spec: Any, state: Any, vector: Recorder, attestation: Any) -> int:
    """Include a vote; gives what the proposer earned by it, in Gwei."""
    proposer = proposer_of(spec, state)
    before = int(state.balances[proposer])
    run_operation(spec, state, vector, HANDLER, attestation)
    return int(state.balances[proposer]) - before


def test_all_committees_of_a_slot(spec: Any, state: Any, vector: Recorder) -> None:
    """Included in the next slot, a right vote is timely in all three respects."""
    attestation = build_attestation(spec, state)
    voters = _voters(spec, state, attestation)
    next_slots(spec, state)
    earned = _run(spec, state, vector, attestation)
    assert len(voters) == len(state.validators) // spec.SLOTS_PER_EPOCH
    for index in range(len(state.validators)):
        expected = ALL_FLAGS if index in voters else 0
        assert state.current_epoch_participation[index] == expected
    assert earned == _proposer_reward(state, 32 * len(voters))


def test_half_of_one_committee(spec: Any, state: Any, vector: Recorder) -> None:
    attestation = build_attestation(spec, state, committees=[0], voters=fraction(1, 2))
    next_slots(spec, state)
    run_operation(spec, state, vector, HANDLER, attestation)
    seen = sum(1 for flags in state.current_epoch_participation if flags == ALL_FLAGS)
    assert seen == sum(1 for bit in attestation.aggregation_bits if bit) > 0


@pytest.mark.parametrize("place", ["first", "last"])
def test_one_voter(spec: Any, state: Any, vector: Recorder, place: str) -> None:
    """A bit stands for the member at its place, in the committee's own order."""
    members = [int(index) for index in spec.get_beacon_committee(state, state.slot, 0)]
    voter = members[0 if place == "first" else -1]
    attestation = build_attestation(spec, state, committees=[0], voters=lambda _: [voter])
    next_slots(spec, state)
    assert _run(spec, state, vector, attestation) == _proposer_reward(state, 32)
    seen = [index for index, flags in enumerate(state.current_epoch_participation) if flags]
    assert seen == [voter]


@pytest.mark.vectors(presets=["minimal"])
def test_second_committee_alone(spec: Any, state: Any, vector: Recorder) -> None:
    """The bits begin with the first committee that is named, whichever that is."""
    members = {int(index) for index in spec.get_beacon_committee(state, state.slot, 1)}
    attestation = build_attestation(spec, state, committees=[1])
    next_slots(spec, state)
    _run(spec, state, vector, attestation)
    assert {i for i, flags in enumerate(state.current_epoch_participation) if flags} == members


@pytest.mark.vectors(presets=["minimal"])
def test_two_committees_in_part(spec: Any, state: Any, vector: Recorder) -> None:
    first, second = (spec.get_beacon_committee(state, state.slot, index) for index in (0, 1))
    chosen = {int(first[1]), int(second[0]), int(second[2])}
    attestation = build_attestation(
        spec, state, voters=lambda members: [index for index in members if index in chosen]
    )
    next_slots(spec, state)
    assert _run(spec, state, vector, attestation) == _proposer_reward(state, 3 * 32)
    assert {i for i, flags in enumerate(state.current_epoch_participation) if flags} == chosen


def test_included_before(spec: Any, state: Any, vector: Recorder) -> None:
    """A vote that says nothing new is no fault, and earns nothing."""
    attestation = build_attestation(spec, state)
    next_slots(spec, state)
    spec.process_attestation(state, attestation)
    before = spec.hash_tree_root(state)
    assert _run(spec, state, vector, attestation) == 0
    assert spec.hash_tree_root(state) == before


def test_half_included_before(spec: Any, state: Any, vector: Recorder) -> None:
    """Only the votes that are new are paid for."""
    attestation = build_attestation(spec, state)
    part = build_attestation(spec, state, committees=[0], voters=fraction(1, 2))
    new = set(_voters(spec, state, attestation)) - set(_voters(spec, state, part))
    next_slots(spec, state)
    spec.process_attestation(state, part)
    assert _run(spec, state, vector, attestation) == _proposer_reward(state, 32 * len(new))


def test_flags_are_added(spec: Any, state: Any, vector: Recorder) -> None:
    """Who has one flag gets the others, and only these are paid for."""
    attestation = build_attestation(spec, state)
    voters = _voters(spec, state, attestation)
    next_slots(spec, state)
    state.current_epoch_participation[voters[0]] = 0b010
    state.previous_epoch_participation[voters[1]] = 0b111
    increments = 32 * (len(voters) - 1)
    weights = increments * FLAG_WEIGHTS + 32 * (14 + 14)
    expected = weights * reward_per_increment(total_eth(state)) // 448
    assert _run(spec, state, vector, attestation) == expected
    assert state.current_epoch_participation[voters[0]] == ALL_FLAGS


def test_rewards_go_by_effective_balance(spec: Any, state: Any, vector: Recorder) -> None:
    attestation = build_attestation(spec, state)
    voters = _voters(spec, state, attestation)
    next_slots(spec, state)
    set_stake(spec, state, voters[0], 17 * ETH + 1)
    state.balances[voters[1]] = 20 * ETH
    increments = 32 * (len(voters) - 1) + 17
    assert _run(spec, state, vector, attestation) == _proposer_reward(state, increments)


def test_slashed_voter(spec: Any, state: Any, vector: Recorder) -> None:
    """Its vote still counts as a vote, though it will not be paid."""
    attestation = build_attestation(spec, state)
    voters = _voters(spec, state, attestation)
    next_slots(spec, state)
    state.validators[voters[0]].slashed = True
    depart(state, voters[0], 5)
    assert _run(spec, state, vector, attestation) == _proposer_reward(state, 32 * len(voters))
    assert state.current_epoch_participation[voters[0]] == ALL_FLAGS


def _next_committee_number(spec: Any, state: Any, attestation: Any) -> None:
    """Name one committee more than the slot has: the part of the shuffle that comes next."""
    number = int(spec.get_committee_count_per_slot(state, attestation.data.target.epoch))
    attestation.committee_bits[number] = True
    for _ in spec.get_beacon_committee(state, attestation.data.slot, number):
        attestation.aggregation_bits.append(True)


def _no_committee(spec: Any, state: Any, attestation: Any) -> None:
    attestation.committee_bits = spec.CommitteeBits()
    attestation.aggregation_bits = spec.AggregationBits()


def _other_index(spec: Any, state: Any, attestation: Any) -> None:
    attestation.data.index = 1


def _other_source_root(spec: Any, state: Any, attestation: Any) -> None:
    attestation.data.source.root = spec.Root(b"\x01" * 32)


def _later_source(spec: Any, state: Any, attestation: Any) -> None:
    attestation.data.source.epoch += 1


FAULTS: dict[str, tuple[Callable[[Any, Any, Any], None], str]] = {
    "committee_number": (_next_committee_number, "there is no such committee in the slot"),
    "no_committee": (_no_committee, "nobody votes"),
    "index": (_other_index, "the index is not zero"),
    "source_root": (_other_source_root, "the source is not the justified checkpoint"),
    "source_epoch": (_later_source, "the source is not the justified checkpoint"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_wrong(spec: Any, state: Any, vector: Recorder, fault: str) -> None:
    """Signed as it is, so that nothing else is wrong with it."""
    change, reason = FAULTS[fault]
    attestation = build_attestation(spec, state, signed=False)
    change(spec, state, attestation)
    sign_attestation(spec, state, attestation)
    next_slots(spec, state)
    run_rejected(spec, state, vector, HANDLER, attestation, reason)


@pytest.mark.parametrize("more", [True, False], ids=["more", "fewer"])
def test_bits(spec: Any, state: Any, vector: Recorder, more: bool) -> None:
    """The last bit is nobody's vote, so whether it is there makes no voter more or less."""
    attestation = build_attestation(spec, state, voters=lambda members: members[:-1])
    bits = list(attestation.aggregation_bits)
    bits = [*bits, False] if more else bits[:-1]
    attestation.aggregation_bits = spec.AggregationBits(bits)
    next_slots(spec, state)
    reason = f"{'more' if more else 'fewer'} bits than members"
    # Fewer bits than the committee asks for are, in the end, another number than there should be.
    faults = 1 if more else 2
    run_rejected(spec, state, vector, HANDLER, attestation, reason, faults)


@pytest.mark.vectors(presets=["minimal"])
def test_committee_without_voter(spec: Any, state: Any, vector: Recorder) -> None:
    first = {int(index) for index in spec.get_beacon_committee(state, state.slot, 0)}
    attestation = build_attestation(
        spec, state, voters=lambda members: [index for index in members if index in first]
    )
    next_slots(spec, state)
    reason = "a committee is named of which nobody votes"
    run_rejected(spec, state, vector, HANDLER, attestation, reason)


@pytest.mark.bls
def test_signature_of_too_few(spec: Any, state: Any, vector: Recorder) -> None:
    """All bits are set, and all but one have signed."""
    attestation = build_attestation(spec, state, signed=False)
    some = build_attestation(spec, state, voters=lambda members: members[1:])
    attestation.signature = some.signature
    next_slots(spec, state)
    run_rejected(spec, state, vector, HANDLER, attestation, "not signed by all voters")


@pytest.mark.bls
def test_signature_of_too_many(spec: Any, state: Any, vector: Recorder) -> None:
    attestation = build_attestation(spec, state)
    stranger = bystander(spec, state, _voters(spec, state, attestation))
    signers = [*_voters(spec, state, attestation), stranger]
    attestation.signature = sign_vote(spec, state, attestation.data, signers)
    next_slots(spec, state)
    reason = "signed by somebody who does not vote"
    run_rejected(spec, state, vector, HANDLER, attestation, reason)


@pytest.mark.bls
def test_signature_of_another_vote(spec: Any, state: Any, vector: Recorder) -> None:
    attestation = build_attestation(spec, state)
    attestation.data.beacon_block_root = spec.Root(b"\x01" * 32)
    next_slots(spec, state)
    reason = "what the voters signed is another vote"
    run_rejected(spec, state, vector, HANDLER, attestation, reason)


@pytest.mark.bls
def test_nobodys_signature(spec: Any, state: Any, vector: Recorder) -> None:
    """The point at infinity is what nobody signs; votes cannot be nobody's."""
    attestation = build_attestation(spec, state, signed=False)
    attestation.signature = spec.G2_POINT_AT_INFINITY
    next_slots(spec, state)
    reason = "the signature is the point at infinity"
    run_rejected(spec, state, vector, HANDLER, attestation, reason)
