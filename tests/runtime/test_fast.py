"""Every fast function equals the plain one, on plausible states and on hostile ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any
from unittest.mock import Mock

import pytest

import poolspec
from poolspec.runtime import fast
from poolspec.runtime.fast.table import documents_of
from tests.runtime.states import random_attestation, random_state

Arguments = Callable[[Any, Any, Random], Sequence[Any]]


def _epoch(spec: Any, state: Any, random: Random) -> Any:
    current = int(spec.get_current_epoch(state))
    return spec.Epoch(max(0, current + random.choice([-2, -1, 0, 1, 2])))


def _index(spec: Any, state: Any, random: Random) -> Any:
    return spec.ValidatorIndex(random.randrange(len(state.validators) + 2))


def _some_indices(spec: Any, state: Any, random: Random) -> Any:
    count = len(state.validators)
    chosen = random.sample(range(count), random.randrange(count))
    if random.random() < 0.1:
        chosen.append(count)
    return [spec.ValidatorIndex(index) for index in chosen]


def _shuffle(spec: Any, state: Any, random: Random) -> Sequence[Any]:
    count = random.choice([0, 1, 2, 255, 256, 257, 2000, 2**14 + 1])
    index = random.randrange(count + 1)
    return spec.Uint64(index), spec.Uint64(count), spec.Bytes32(random.randbytes(32))


def _committee(spec: Any, state: Any, random: Random) -> Sequence[Any]:
    count = random.choice([1, 2, 7, 32])
    index = random.choice([0, count - 1, random.randrange(count), count])
    seed = spec.Bytes32(random.randbytes(32))
    return _some_indices(spec, state, random), seed, spec.Uint64(index), spec.Uint64(count)


def _beacon_committee(spec: Any, state: Any, random: Random) -> Sequence[Any]:
    first = spec.compute_start_slot_at_epoch(_epoch(spec, state, random))
    slot = spec.Slot(first + random.randrange(spec.SLOTS_PER_EPOCH))
    index = random.choice([0, 0, 0, 1, random.randrange(spec.MAX_COMMITTEES_PER_SLOT + 1)])
    return state, slot, spec.CommitteeIndex(index)


def _flag_arguments(spec: Any, state: Any, random: Random) -> Sequence[Any]:
    return state, random.randrange(9), _epoch(spec, state, random)


def _indexed(spec: Any, state: Any, random: Random) -> Sequence[Any]:
    attesters = _some_indices(spec, state, random)
    if random.random() < 0.8:
        attesters = sorted(attesters)
    if attesters and random.random() < 0.1:
        attesters.append(attesters[-1])
    return state, spec.IndexedAttestation(attesting_indices=attesters)


def _proposers(spec: Any, state: Any, random: Random) -> Sequence[Any]:
    seed = spec.Bytes32(random.randbytes(32))
    return state, spec.Epoch(3), seed, _some_indices(spec, state, random)


def _attested(spec: Any, state: Any, random: Random) -> Sequence[Any]:
    return state, random_attestation(spec, random, state)


def _attested_flags(spec: Any, state: Any, random: Random) -> Sequence[Any]:
    flags = sorted(random.sample(range(3), random.randrange(4)))
    return state, random_attestation(spec, random, state), flags


def _sync_aggregate(spec: Any, state: Any, random: Random) -> Sequence[Any]:
    bits = [random.random() < 0.6 for _ in range(spec.SYNC_COMMITTEE_SIZE)]
    return state, spec.SyncAggregate(sync_committee_bits=bits)


def _sweep(spec: Any, state: Any, random: Random) -> Sequence[Any]:
    prior = [
        spec.Withdrawal(
            index=number,
            validator_index=random.randrange(len(state.validators)),
            amount=random.choice([0, 1, 10**9]),
        )
        for number in range(random.randrange(spec.MAX_WITHDRAWALS_PER_PAYLOAD + 1))
    ]
    first = spec.WithdrawalIndex(random.choice([0, 7, 2**64 - 2]))
    return state, first, spec.get_current_epoch(state), prior


def _state_only(spec: Any, state: Any, random: Random) -> Sequence[Any]:
    return (state,)


# For each row of the table, arguments to call it with.
CALLS: dict[str, Arguments] = {
    "add_participation_flags": _attested_flags,
    "compute_committee": _committee,
    "compute_proposer_index": lambda *given: (
        given[1],
        _some_indices(*given),
        given[0].Bytes32(given[2].randbytes(32)),
    ),
    "compute_proposer_indices": _proposers,
    "compute_shuffled_index": _shuffle,
    "get_active_validator_indices": lambda *given: (given[1], _epoch(*given)),
    "get_attesting_indices": _attested,
    "get_beacon_committee": _beacon_committee,
    "get_committee_count_per_slot": lambda *given: (given[1], _epoch(*given)),
    "get_current_sync_committee_indices": _state_only,
    "get_eligible_validator_indices": _state_only,
    "get_flag_index_deltas": lambda *given: (given[1], given[2].randrange(4)),
    "get_inactivity_penalty_deltas": _state_only,
    "get_next_sync_committee_indices": _state_only,
    "get_slashing_penalty_per_increment": _state_only,
    "get_total_active_balance": _state_only,
    "get_total_balance": lambda *given: (given[1], _some_indices(*given)),
    "get_unslashed_participating_indices": _flag_arguments,
    "get_validator_index_by_pubkey": lambda *given: (
        given[1],
        given[0].BLSPubkey(_index(*given).to_bytes(48, "big")),
    ),
    "get_validators_sweep_withdrawals": _sweep,
    "is_valid_indexed_attestation": _indexed,
    "process_effective_balance_updates": _state_only,
    "process_inactivity_updates": _state_only,
    "process_justification_and_finalization": _state_only,
    "process_participation_flag_updates": _state_only,
    "process_registry_updates": _state_only,
    "process_rewards_and_penalties": _state_only,
    "process_slashings": _state_only,
    "process_sync_aggregate": _sync_aggregate,
}

# Only in the fork with pools.
POOL_CALLS: dict[str, Arguments] = {
    "get_pool_members": _state_only,
    "get_seat_line": _state_only,
    "process_pool_seats": _state_only,
    "process_unadmitted_validators": _state_only,
}

ALL_CALLS = {**CALLS, **POOL_CALLS}
CASES = [
    *(("fulu", name) for name in sorted(CALLS)),
    *(("poolbonds", name) for name in sorted(ALL_CALLS)),
]

ROUNDS = 6


@pytest.mark.parametrize(("fork_name", "calls"), [("fulu", CALLS), ("poolbonds", ALL_CALLS)])
def test_every_row_is_compared(fork_name: str, calls: dict[str, Arguments]) -> None:
    documents = documents_of(poolspec.load(fork_name, "minimal"))
    assert set(calls) == {row.name for row in fast.TABLE if row.fits(documents)}
    assert set(ALL_CALLS) == {row.name for row in fast.TABLE}


def _outcome(function: Callable[..., Any], arguments: Sequence[Any]) -> tuple[str, Any]:
    """Return what a call gives: a value, or the type of error that a block is rejected with."""
    try:
        value = function(*arguments)
    except (AssertionError, IndexError, ValueError, ZeroDivisionError) as error:
        return "error", type(error)
    return "value", list(value) if isinstance(value, list | tuple) else value


def _compare(spec: Any, plain: Any, name: str, random: Random, state: Any) -> str:
    """Call both versions and assert that they agree; return which kind of outcome it was."""
    # The arguments are made by the plain version, so that a fast one cannot spoil them.
    arguments = ALL_CALLS[name](plain, state.copy(), random)
    same = [each.copy() if isinstance(each, plain.BeaconState) else each for each in arguments]
    expected = _outcome(getattr(plain, name), arguments)
    assert _outcome(getattr(spec, name), same) == expected
    if expected[0] == "value":
        for left, right in zip(same, arguments, strict=True):
            assert left == right
    return expected[0]


@pytest.mark.usefixtures("_no_signatures")
@pytest.mark.parametrize(("fork_name", "name"), CASES)
def test_equals_plain_on_plausible_states(fast_spec: Any, plain_spec: Any, name: str) -> None:
    kinds = set()
    for number in range(ROUNDS):
        random = Random(f"{name} {number}")
        state = random_state(plain_spec, random, random.choice([1, 3, 40, 130]))
        kinds.add(_compare(fast_spec, plain_spec, name, random, state))
    assert "value" in kinds


@pytest.mark.usefixtures("_no_signatures")
@pytest.mark.parametrize(("fork_name", "name"), CASES)
def test_equals_plain_on_hostile_states(fast_spec: Any, plain_spec: Any, name: str) -> None:
    for number in range(ROUNDS):
        random = Random(f"hostile {name} {number}")
        state = random_state(plain_spec, random, random.choice([2, 40, 90]), hostile=True)
        _compare(fast_spec, plain_spec, name, random, state)


@pytest.mark.usefixtures("_no_signatures")
@pytest.mark.parametrize(("fork_name", "name"), CASES)
def test_equals_plain_after_changes(fast_spec: Any, plain_spec: Any, name: str) -> None:
    """Columns that are brought up to date are those that would be read anew."""
    random = Random(name)
    state = random_state(plain_spec, random, 60)
    for _ in range(ROUNDS):
        _compare(fast_spec, plain_spec, name, random, state)
        _change_something(plain_spec, random, state)


@pytest.mark.usefixtures("_no_signatures")
@pytest.mark.parametrize(("fork_name", "name"), CASES)
def test_plausible_states_are_not_left_to_plain(fast_spec: Any, plain_spec: Any, name: str) -> None:
    """A function that always hands over to the plain one would equal it too."""
    documents = documents_of(fast_spec)
    (row,) = [row for row in fast.TABLE if row.name == name and row.fits(documents)]
    spy = Mock(side_effect=getattr(plain_spec, name))
    function = row.factory(fast_spec, spy)
    for number in range(ROUNDS):
        random = Random(f"{name} {number}")
        state = random_state(plain_spec, random, 60)
        _outcome(function, ALL_CALLS[name](plain_spec, state, random))
    assert spy.call_count < ROUNDS


def _change_something(spec: Any, random: Random, state: Any) -> None:
    index = random.randrange(len(state.validators))
    validator = state.validators[index]
    change = random.randrange(6)
    if change == 0:
        state.balances[index] = spec.Gwei(random.randrange(10**11))
    elif change == 1:
        validator.effective_balance = spec.Gwei(random.choice([31, 32]) * 10**9)
    elif change == 2:
        validator.exit_epoch = spec.Epoch(spec.get_current_epoch(state) + 4)
    elif change == 3:
        state.current_epoch_participation[index] = spec.ParticipationFlags(random.randrange(8))
    elif change == 4:
        pubkey = spec.BLSPubkey(random.randbytes(48))
        spec.add_validator_to_registry(state, pubkey, spec.Bytes32(), spec.Gwei(32 * 10**9))
    else:
        state.slot += spec.SLOTS_PER_EPOCH
