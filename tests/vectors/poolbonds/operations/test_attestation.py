"""Attestations of validators without weight, and what a pooled proposer earns by them."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.attestations import build_attestation
from tests.helpers.epoch_end import reward_per_increment
from tests.helpers.epochs import next_slots
from tests.helpers.pools import ETH, SEAT, add_pool, make_pooled, pooled_credentials
from tests.helpers.running import run_operation

HANDLER = "attestation"

pytestmark = pytest.mark.vectors(runner="operations", handler=HANDLER, forks=["poolbonds"])

BOND = 5 * ETH
ALL_FLAGS = 0b111


def _committee(spec: Any, state: Any) -> list[int]:
    """The validators that vote in the first slot."""
    voters = spec.get_attesting_indices(state, build_attestation(spec, state, signed=False))
    return sorted(int(index) for index in voters)


def _proposer(spec: Any, state: Any) -> int:
    """A proposer for the second slot that is in no committee of the first."""
    voters = _committee(spec, state)
    proposer = next(i for i in range(len(state.validators)) if i not in voters)
    state.proposer_lookahead[1] = proposer
    return proposer


def _reward(state: Any, voters: int) -> int:
    """Of what 32 ETH earn for source, target and head (54 of 64 parts), 8 parts for 56."""
    total_eth = sum(int(validator.effective_balance) for validator in state.validators) // ETH
    return voters * 32 * reward_per_increment(total_eth) * 54 // (56 * 64 // 8)


def _run(spec: Any, state: Any, vector: Recorder) -> None:
    attestation = build_attestation(spec, state)
    next_slots(spec, state)
    run_operation(spec, state, vector, HANDLER, attestation)


def _check_flags(spec: Any, state: Any, voters: list[int]) -> None:
    for index in range(len(state.validators)):
        expected = ALL_FLAGS if index in voters else 0
        assert state.current_epoch_participation[index] == expected


def test_some_wait(spec: Any, state: Any, vector: Recorder) -> None:
    """They vote and are noted, and the proposer earns by the others' weight only."""
    proposer, voters = _proposer(spec, state), _committee(spec, state)
    pool = add_pool(spec, state, bond=BOND)
    make_pooled(spec, state, pool, voters[:3], seated=False)
    make_pooled(spec, state, pool, voters[3:4])
    _run(spec, state, vector)
    _check_flags(spec, state, voters)
    assert state.balances[proposer] == SEAT + _reward(state, len(voters) - 3)
    assert [state.balances[index] for index in voters] == [SEAT] * len(voters)
    assert state.pools[pool].bond == BOND


def test_all_wait(spec: Any, state: Any, vector: Recorder) -> None:
    """Votes without any weight are valid, and earn the proposer nothing."""
    proposer, voters = _proposer(spec, state), _committee(spec, state)
    pool = add_pool(spec, state, bond=BOND)
    make_pooled(spec, state, pool, voters, seated=False)
    _run(spec, state, vector)
    _check_flags(spec, state, voters)
    assert state.balances[proposer] == SEAT


def test_unadmitted_voters(spec: Any, state: Any, vector: Recorder) -> None:
    """While they have weight their votes earn the proposer as much as others'."""
    proposer, voters = _proposer(spec, state), _committee(spec, state)
    for index in voters[:2]:
        credentials = spec.Bytes32(pooled_credentials(0, index))
        state.validators[index].withdrawal_credentials = credentials
    _run(spec, state, vector)
    assert state.balances[proposer] == SEAT + _reward(state, len(voters))


@pytest.mark.parametrize("seated", [True, False], ids=["seated", "waiting"])
@pytest.mark.parametrize("commission", [0, 1, 3333, 10_000])
def test_pooled_proposer(
    spec: Any, state: Any, vector: Recorder, commission: int, seated: bool
) -> None:
    """All votes of an attestation make one reward, and its commission is rounded once."""
    proposer = _proposer(spec, state)
    pool = add_pool(spec, state, bond=BOND, commission=commission)
    make_pooled(spec, state, pool, [proposer], seated=seated)
    reward = _reward(state, len(_committee(spec, state)))
    _run(spec, state, vector)
    kept = reward * commission // 10_000
    assert state.pools[pool].bond == BOND + kept
    assert state.balances[proposer] == SEAT + reward - kept


def test_unadmitted_proposer(spec: Any, state: Any, vector: Recorder) -> None:
    proposer, voters = _proposer(spec, state), _committee(spec, state)
    pool = add_pool(spec, state, bond=BOND, commission=5000)
    credentials = spec.Bytes32(pooled_credentials(pool, proposer))
    state.validators[proposer].withdrawal_credentials = credentials
    _run(spec, state, vector)
    _check_flags(spec, state, voters)
    assert state.balances[proposer] == SEAT
    assert state.pools[pool].bond == BOND


def test_proposer_with_the_largest_balance(spec: Any, state: Any, vector: Recorder) -> None:
    """The reward is cut to what the balance can hold."""
    proposer = _proposer(spec, state)
    pool = add_pool(spec, state, bond=2**64 - 2, commission=5000)
    make_pooled(spec, state, pool, [proposer])
    state.balances[proposer] = 2**64 - 2
    _run(spec, state, vector)
    assert state.balances[proposer] == 2**64 - 1
    assert state.pools[pool].bond == 2**64 - 1
