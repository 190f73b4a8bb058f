"""Sync aggregates: who signed the last block's root, and what each place earns or costs."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.blocks import propose
from tests.helpers.epoch_end import reward_per_increment
from tests.helpers.epochs import next_slots
from tests.helpers.keys import sign_together
from tests.helpers.running import run_operation
from tests.helpers.solo import ETH, depart, proposer_of, total_eth
from tests.helpers.sync_committee import build_sync_aggregate
from tests.helpers.verdicts import run_rejected

HANDLER = "sync_aggregate"

pytestmark = pytest.mark.vectors(runner="operations", handler=HANDLER, forks=["fulu", "poolbonds"])


def _committee(state: Any) -> list[int]:
    """The validator in each place."""
    registry = {bytes(each.pubkey): index for index, each in enumerate(state.validators)}
    return [registry[bytes(pubkey)] for pubkey in state.current_sync_committee.pubkeys]


def _rewards(spec: Any, state: Any) -> tuple[int, int]:
    """A place's part of 2/64 of all base rewards of a slot, and 8/56 of that for the proposer."""
    stake = total_eth(state)
    of_a_slot = stake * reward_per_increment(stake) * 2 // 64 // int(spec.SLOTS_PER_EPOCH)
    place = of_a_slot // int(spec.SYNC_COMMITTEE_SIZE)
    return place, place * 8 // 56


def _settle(spec: Any, state: Any, bits: Sequence[bool]) -> list[int]:
    """The balances after all places have been settled one after the other."""
    balances = [int(balance) for balance in state.balances]
    place_reward, proposer_reward = _rewards(spec, state)
    proposer = proposer_of(spec, state)
    for index, signed in zip(_committee(state), bits, strict=True):
        if signed:
            balances[index] += place_reward
            balances[proposer] += proposer_reward
        else:
            balances[index] = max(balances[index] - place_reward, 0)
    return balances


def _run(spec: Any, state: Any, vector: Recorder, bits: Sequence[bool]) -> None:
    expected = _settle(spec, state, bits)
    aggregate = build_sync_aggregate(spec, state, bits)
    run_operation(spec, state, vector, HANDLER, aggregate)
    assert [int(balance) for balance in state.balances] == expected


def _bits(spec: Any, pattern: str) -> list[bool]:
    size = int(spec.SYNC_COMMITTEE_SIZE)
    random = Random(pattern)
    choices: dict[str, Callable[[int], bool]] = {
        "everybody": lambda place: True,
        "nobody": lambda place: False,
        "first": lambda place: place == 0,
        "last": lambda place: place == size - 1,
        "all_but_one": lambda place: place != 1,
        "half": lambda place: place % 2 == 0,
        "random": lambda place: random.random() < 0.7,
    }
    return [choices[pattern](place) for place in range(size)]


PATTERNS = ["everybody", "nobody", "first", "last", "all_but_one", "half", "random"]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_participation(spec: Any, state: Any, vector: Recorder, pattern: str) -> None:
    """Some validators have several places, and are paid or charged for each."""
    propose(spec, state)
    propose(spec, state)
    next_slots(spec, state)
    members = _committee(state)
    assert len(set(members)) < len(members)
    _run(spec, state, vector, _bits(spec, pattern))


def test_after_an_empty_slot(spec: Any, state: Any, vector: Recorder) -> None:
    """Members sign the latest block, though its slot is not the last one."""
    propose(spec, state)
    next_slots(spec, state, 3)
    _run(spec, state, vector, _bits(spec, "everybody"))


def test_first_slot(spec: Any, state: Any, vector: Recorder) -> None:
    next_slots(spec, state)
    _run(spec, state, vector, _bits(spec, "half"))


def test_proposer_is_a_member(spec: Any, state: Any, vector: Recorder) -> None:
    """Its own place is settled like any other."""
    next_slots(spec, state)
    member = _committee(state)[0]
    state.proposer_lookahead[int(state.slot) % int(spec.SLOTS_PER_EPOCH)] = member
    _run(spec, state, vector, _bits(spec, "all_but_one"))


@pytest.mark.parametrize("pattern", ["everybody", "nobody", "half"])
def test_former_validators(spec: Any, state: Any, vector: Recorder, pattern: str) -> None:
    """A place in the committee outlasts exit, slashing and withdrawability."""
    state.slot = 10 * int(spec.SLOTS_PER_EPOCH)
    members = sorted(set(_committee(state)) - {proposer_of(spec, state)})
    depart(state, members[0], 9)
    depart(state, members[1], 9, 10)
    state.validators[members[2]].slashed = True
    # Their stake still counts, by `total_eth`, unless they have left.
    before = _active_settlement(spec, state, _bits(spec, pattern))
    aggregate = build_sync_aggregate(spec, state, _bits(spec, pattern))
    run_operation(spec, state, vector, HANDLER, aggregate)
    assert [int(balance) for balance in state.balances] == before


def _active_settlement(spec: Any, state: Any, bits: Sequence[bool]) -> list[int]:
    """As above, where two of the validators have left and their stake does not count."""
    stayed = state.copy()
    for index, validator in enumerate(state.validators):
        if validator.exit_epoch != spec.FAR_FUTURE_EPOCH:
            stayed.validators[index].effective_balance = 0
    assert total_eth(stayed) == total_eth(state) - 2 * 32
    return _settle(spec, stayed, bits)


@pytest.mark.parametrize("pattern", ["nobody", "half", "random"])
def test_empty_balances(spec: Any, state: Any, vector: Recorder, pattern: str) -> None:
    """Nobody falls below zero, and what is earned later does not make up for what was missed."""
    next_slots(spec, state)
    place_reward, _ = _rewards(spec, state)
    for index in set(_committee(state)):
        state.balances[index] = place_reward - 1 if index % 2 else 0
    _run(spec, state, vector, _bits(spec, pattern))


def test_proposer_pays_with_what_it_earned(spec: Any, state: Any, vector: Recorder) -> None:
    """A proposer without a balance, in the last place, missing: its share is taken off again."""
    next_slots(spec, state)
    member = _committee(state)[-1]
    state.proposer_lookahead[int(state.slot) % int(spec.SLOTS_PER_EPOCH)] = member
    state.balances[member] = 0
    bits = [True] * (int(spec.SYNC_COMMITTEE_SIZE) - 1) + [False]
    _run(spec, state, vector, bits)


def test_rewards_go_by_the_active_balance(spec: Any, state: Any, vector: Recorder) -> None:
    """Everybody's, not that of the members."""
    next_slots(spec, state)
    for index in range(8):
        state.validators[index].effective_balance = 17 * ETH
    _run(spec, state, vector, _bits(spec, "half"))


def _sign(spec: Any, state: Any, places: Sequence[int], root: Any, kind: Any) -> Any:
    pubkeys = [state.current_sync_committee.pubkeys[place] for place in places]
    return sign_together(spec, pubkeys, root, spec.get_domain(state, kind))


FAULTS = {
    "missing": "a member whose bit is set has not signed",
    "additional": "somebody has signed whose bit is not set",
    "older_block": "an older block's root was signed",
    "domain": "signed as something else",
    "nobody": "bits are set, and the signature is nobody's",
}


@pytest.mark.bls
@pytest.mark.parametrize("fault", FAULTS)
def test_wrong_signature(spec: Any, state: Any, vector: Recorder, fault: str) -> None:
    propose(spec, state)
    propose(spec, state)
    next_slots(spec, state)
    aggregate = build_sync_aggregate(spec, state, _bits(spec, "half"))
    places = [place for place, bit in enumerate(aggregate.sync_committee_bits) if bit]
    root, kind = state.block_roots[2], spec.DOMAIN_SYNC_COMMITTEE
    if fault == "missing":
        places.pop()
    elif fault == "additional":
        places.append(1)
    elif fault == "older_block":
        root = state.block_roots[1]
    elif fault == "domain":
        kind = spec.DOMAIN_BEACON_ATTESTER
    else:
        places = []
    aggregate.sync_committee_signature = _sign(spec, state, places, root, kind)
    run_rejected(spec, state, vector, HANDLER, aggregate, FAULTS[fault])


@pytest.mark.bls
def test_signature_of_nobody(spec: Any, state: Any, vector: Recorder) -> None:
    """With no bit set there is just one signature that is right."""
    next_slots(spec, state)
    aggregate = build_sync_aggregate(spec, state)
    root, kind = state.block_roots[0], spec.DOMAIN_SYNC_COMMITTEE
    aggregate.sync_committee_signature = _sign(spec, state, [0], root, kind)
    reason = "no bit is set, and the signature is not the point at infinity"
    run_rejected(spec, state, vector, HANDLER, aggregate, reason)


@pytest.mark.bls
def test_signature_of_the_next_committee(spec: Any, state: Any, vector: Recorder) -> None:
    next_slots(spec, state)
    keys = list(state.current_sync_committee.pubkeys)
    state.next_sync_committee.pubkeys = spec.SyncCommitteePubkeys(keys[1:] + keys[:1])
    bits = _bits(spec, "half")
    following = state.copy()
    following.current_sync_committee = state.next_sync_committee
    aggregate = build_sync_aggregate(spec, following, bits)
    reason = "signed by the members of the committee to come"
    run_rejected(spec, state, vector, HANDLER, aggregate, reason)
