"""Attester slashings: two votes that nobody may cast both."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.attestations import build_attestation_data, sign_vote
from tests.helpers.queues import least_churn
from tests.helpers.running import run_operation
from tests.helpers.slashings import build_attester_slashing, build_indexed_attestation
from tests.helpers.solo import ETH, depart, proposer_of
from tests.helpers.verdicts import run_rejected

HANDLER = "attester_slashing"

pytestmark = pytest.mark.vectors(runner="operations", handler=HANDLER, forks=["fulu", "poolbonds"])

EPOCH = 10

PENALTY = 32 * ETH // 4096
"""What is taken from 32 ETH at once, and what the proposer gets for it."""


def _others(spec: Any, state: Any, count: int) -> list[int]:
    """The first validators that do not propose now."""
    proposer = proposer_of(spec, state)
    return [index for index in range(len(state.validators)) if index != proposer][:count]


def _votes(
    spec: Any,
    state: Any,
    links: Iterable[tuple[int, int]],
    first: Iterable[int],
    second: Iterable[int],
) -> Any:
    """Votes with the given source and target epochs, by the given validators."""
    data = build_attestation_data(spec, state, state.slot)
    votes = []
    for (source, target), voters in zip(links, (first, second), strict=True):
        vote = data.copy()
        vote.source.epoch, vote.target.epoch = source, target
        votes.append(build_indexed_attestation(spec, state, vote, voters))
    return spec.AttesterSlashing(attestation_1=votes[0], attestation_2=votes[1])


def _slash(spec: Any, state: Any, vector: Recorder, slashing: Any, expected: Iterable[int]) -> None:
    """The slashing hits these validators, of 32 ETH each and not the proposer, and nobody else."""
    before = [bool(validator.slashed) for validator in state.validators]
    balances = [int(balance) for balance in state.balances]
    hit = list(expected)
    run_operation(spec, state, vector, HANDLER, slashing)
    proposer = proposer_of(spec, state)
    for index, validator in enumerate(state.validators):
        assert validator.slashed == (before[index] or index in hit)
        change = int(state.balances[index]) - balances[index]
        if index == proposer:
            assert change == len(hit) * PENALTY
        else:
            assert change == (-PENALTY if index in hit else 0)


def _stand_at_epoch(spec: Any, state: Any) -> None:
    state.slot = EPOCH * int(spec.SLOTS_PER_EPOCH)


def test_double_vote(spec: Any, state: Any, vector: Recorder) -> None:
    culprits = _others(spec, state, 3)
    slashing = build_attester_slashing(spec, state, culprits)
    _slash(spec, state, vector, slashing, culprits)
    assert state.slashings[0] == 3 * 32 * ETH


def test_culprits_leave_through_the_churn(spec: Any, state: Any, vector: Recorder) -> None:
    """In the order of the registry, as many in an epoch as its churn has room for."""
    culprits = _others(spec, state, 9)
    _slash(spec, state, vector, build_attester_slashing(spec, state, culprits), culprits)
    in_an_epoch = least_churn(spec) // (32 * ETH)
    assert [int(state.validators[index].exit_epoch) for index in culprits] == [
        5 + place // in_an_epoch for place in range(9)
    ]


def test_proposer_among_the_culprits(spec: Any, state: Any, vector: Recorder) -> None:
    """It is charged for itself and paid for both."""
    other, proposer = _others(spec, state, 1)[0], proposer_of(spec, state)
    slashing = build_attester_slashing(spec, state, [other, proposer])
    run_operation(spec, state, vector, HANDLER, slashing)
    assert state.validators[other].slashed
    assert state.validators[proposer].slashed
    assert state.balances[proposer] == 32 * ETH - PENALTY + 2 * PENALTY


@pytest.mark.parametrize(
    "links", [((1, 9), (2, 8)), ((7, 10), (8, 9)), ((0, 10), (8, 9))], ids=["wide", "tight", "far"]
)
def test_surround(spec: Any, state: Any, vector: Recorder, links: Any) -> None:
    """The first vote starts before the second and ends after it."""
    _stand_at_epoch(spec, state)
    culprits = _others(spec, state, 2)
    slashing = _votes(spec, state, links, culprits, culprits)
    _slash(spec, state, vector, slashing, culprits)


@pytest.mark.parametrize(
    "links", [((3, 9), (2, 9)), ((2, 9), (3, 9))], ids=["later_source", "earlier_source"]
)
def test_double_vote_by_source(spec: Any, state: Any, vector: Recorder, links: Any) -> None:
    """Any difference makes two votes for one target a double vote."""
    _stand_at_epoch(spec, state)
    culprits = _others(spec, state, 2)
    slashing = _votes(spec, state, links, culprits, culprits)
    _slash(spec, state, vector, slashing, culprits)


@pytest.mark.parametrize(
    "links",
    [((2, 8), (1, 9)), ((1, 8), (1, 9)), ((1, 9), (1, 8)), ((2, 9), (1, 8)), ((1, 8), (2, 9))],
    ids=["surrounded", "same_source", "same_source_ends_later", "crossing", "crossing_back"],
)
def test_no_offence(spec: Any, state: Any, vector: Recorder, links: Any) -> None:
    """The first vote must be the outer one, and an equal end surrounds nothing."""
    _stand_at_epoch(spec, state)
    culprits = _others(spec, state, 2)
    slashing = _votes(spec, state, links, culprits, culprits)
    reason = "neither a double vote nor a surround by the first"
    run_rejected(spec, state, vector, HANDLER, slashing, reason)


def test_same_vote_twice(spec: Any, state: Any, vector: Recorder) -> None:
    slashing = build_attester_slashing(spec, state, _others(spec, state, 2))
    slashing.attestation_2 = slashing.attestation_1
    run_rejected(spec, state, vector, HANDLER, slashing, "both votes are the same")


def test_some_in_common(spec: Any, state: Any, vector: Recorder) -> None:
    """Only who cast both votes is slashed."""
    _stand_at_epoch(spec, state)
    first, second, third, fourth = _others(spec, state, 4)
    slashing = _votes(
        spec, state, ((1, 9), (2, 8)), [first, second, fourth], [second, third, fourth]
    )
    _slash(spec, state, vector, slashing, [second, fourth])


def test_nobody_in_common(spec: Any, state: Any, vector: Recorder) -> None:
    _stand_at_epoch(spec, state)
    first, second, third, fourth = _others(spec, state, 4)
    slashing = _votes(spec, state, ((1, 9), (2, 8)), [first, third], [second, fourth])
    run_rejected(spec, state, vector, HANDLER, slashing, "nobody cast both votes")


def test_some_not_slashable(spec: Any, state: Any, vector: Recorder) -> None:
    """One is slashed already, one withdrawable, one not active yet; one has just become active."""
    _stand_at_epoch(spec, state)
    slashed, withdrawable, waiting, new, leaving = culprits = _others(spec, state, 5)
    state.validators[slashed].slashed = True
    depart(state, withdrawable, 5, EPOCH)
    state.validators[waiting].activation_epoch = EPOCH + 1
    state.validators[new].activation_epoch = EPOCH
    depart(state, leaving, 5, EPOCH + 1)
    slashing = build_attester_slashing(spec, state, culprits)
    _slash(spec, state, vector, slashing, [new, leaving])


@pytest.mark.parametrize("why", ["slashed", "withdrawable", "waiting"])
def test_nobody_slashable(spec: Any, state: Any, vector: Recorder, why: str) -> None:
    _stand_at_epoch(spec, state)
    culprits = _others(spec, state, 2)
    for index in culprits:
        validator = state.validators[index]
        if why == "slashed":
            validator.slashed = True
        elif why == "withdrawable":
            depart(state, index, 5, EPOCH)
        else:
            validator.activation_epoch = EPOCH + 1
    slashing = build_attester_slashing(spec, state, culprits)
    run_rejected(spec, state, vector, HANDLER, slashing, f"everybody in common is {why}")


Order = Callable[[list[int]], list[int]]

ORDERS: dict[str, tuple[Order, str]] = {
    "nobody": (lambda voters: [], "nobody casts the vote"),
    "descending": (lambda voters: voters[::-1], "the voters are not in ascending order"),
    "twice": (lambda voters: [voters[0], *voters], "a voter is named twice"),
}


@pytest.mark.parametrize("place", [1, 2])
@pytest.mark.parametrize("order", ORDERS)
def test_voters(spec: Any, state: Any, vector: Recorder, place: int, order: str) -> None:
    """Signed by just these, each as often as it is named."""
    arrange, reason = ORDERS[order]
    culprits = _others(spec, state, 3)
    slashing = build_attester_slashing(spec, state, culprits)
    vote = getattr(slashing, f"attestation_{place}")
    voters = arrange(culprits)
    vote.attesting_indices = spec.AttestingIndices(voters)
    vote.signature = sign_vote(spec, state, vote.data, voters)
    # A vote of nobody has nobody in common with the other one either.
    faults = 1 if voters else 2
    run_rejected(spec, state, vector, HANDLER, slashing, f"vote {place}: {reason}", faults)


@pytest.mark.parametrize("place", [1, 2])
def test_index_outside_the_registry(spec: Any, state: Any, vector: Recorder, place: int) -> None:
    culprits = _others(spec, state, 2)
    slashing = build_attester_slashing(spec, state, culprits)
    vote = getattr(slashing, f"attestation_{place}")
    vote.attesting_indices = spec.AttestingIndices([*culprits, len(state.validators)])
    reason = f"vote {place} is of a validator that does not exist"
    run_rejected(spec, state, vector, HANDLER, slashing, reason)


@pytest.mark.bls
@pytest.mark.parametrize("place", [1, 2])
def test_not_signed_by_all(spec: Any, state: Any, vector: Recorder, place: int) -> None:
    culprits = _others(spec, state, 3)
    slashing = build_attester_slashing(spec, state, culprits)
    vote = getattr(slashing, f"attestation_{place}")
    vote.signature = sign_vote(spec, state, vote.data, culprits[1:])
    reason = f"vote {place} is not signed by all its voters"
    run_rejected(spec, state, vector, HANDLER, slashing, reason)


@pytest.mark.bls
@pytest.mark.config(FULU_FORK_EPOCH=0, POOLBONDS_FORK_EPOCH=9)
@pytest.mark.vectors(forks=["poolbonds"])
def test_signature_of_the_targets_fork(spec: Any, state: Any, vector: Recorder) -> None:
    """A vote is signed under the fork of its target, whatever the state's."""
    _stand_at_epoch(spec, state)
    state.fork.epoch = 9
    state.fork.previous_version = spec.config.FULU_FORK_VERSION
    culprits = _others(spec, state, 2)
    slashing = _votes(spec, state, ((1, 9), (2, 8)), culprits, culprits)
    _slash(spec, state, vector, slashing, culprits)
