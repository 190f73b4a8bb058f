"""Helpers, predicates and mutators at their edges, with expectations reckoned by hand."""

from hashlib import sha256
from math import isqrt
from typing import Any

import pytest

from tests.fulu.chain import ETH

pytestmark = pytest.mark.forks("fulu")


@pytest.mark.parametrize(
    "n",
    [0, 1, 2, 3, 4, 15, 16, 17, 2**32 - 1, 2**32, 2**63, (2**32 - 1) ** 2, 2**64 - 2, 2**64 - 1],
)
def test_integer_squareroot(spec: Any, n: int) -> None:
    assert spec.integer_squareroot(spec.Uint64(n)) == isqrt(n)


def test_xor(spec: Any) -> None:
    left, right = bytes(range(32)), bytes([255] * 32)
    assert spec.xor(spec.Bytes32(left), spec.Bytes32(right)) == bytes(range(255, 223, -1))


def test_saturating_sub(spec: Any) -> None:
    pairs = [(5, 3), (3, 3), (3, 5), (0, 2**64 - 1)]
    results = [spec.saturating_sub(spec.Uint64(a), spec.Uint64(b)) for a, b in pairs]
    assert results == [2, 0, 0, 0]


def test_flags(spec: Any) -> None:
    flags = spec.add_flag(spec.add_flag(spec.ParticipationFlags(0), 2), 2)
    assert flags == 0b100
    assert [spec.has_flag(flags, index) for index in range(3)] == [False, False, True]


def test_shuffling_is_a_permutation(spec: Any) -> None:
    seed = spec.Bytes32(sha256(b"seed").digest())
    places = [
        spec.compute_shuffled_index(spec.Uint64(i), spec.Uint64(300), seed) for i in range(300)
    ]
    assert sorted(places) == list(range(300))
    with pytest.raises(AssertionError):
        spec.compute_shuffled_index(spec.Uint64(300), spec.Uint64(300), seed)


def test_committees_divide_the_validators(spec: Any) -> None:
    seed = spec.Bytes32(sha256(b"seed").digest())
    validators = [spec.ValidatorIndex(2 * i) for i in range(10)]
    committees = [
        spec.compute_committee(validators, seed, spec.Uint64(i), spec.Uint64(4)) for i in range(4)
    ]
    assert [len(committee) for committee in committees] == [2, 3, 2, 3]
    assert sorted(member for committee in committees for member in committee) == validators


def test_sampling_is_in_proportion_to_balance(spec: Any, state: Any) -> None:
    seed = spec.Bytes32(sha256(b"seed").digest())
    draws = [spec.Uint64(draw) for draw in range(64)]
    # 16 values of two bytes come from each digest.
    digests = [sha256(seed + block.to_bytes(8, "little")).digest() for block in range(4)]
    stream = b"".join(digests)
    drawn = [int.from_bytes(stream[i : i + 2], "little") for i in range(0, 128, 2)]
    for balance_eth in (2048, 1024, 32):
        state.validators[0].effective_balance = spec.Gwei(balance_eth * ETH)
        taken = [
            spec.is_sampled_by_balance(state, spec.ValidatorIndex(0), seed, draw) for draw in draws
        ]
        assert taken == [balance_eth * 65535 >= 2048 * value for value in drawn]
    assert spec.compute_proposer_index(state, [spec.ValidatorIndex(7)], seed) == 7
    with pytest.raises(AssertionError):
        spec.compute_proposer_index(state, [], seed)


@pytest.mark.bls
def test_nobody_signs_with_the_point_at_infinity(spec: Any) -> None:
    message = spec.Bytes32()
    infinity = spec.G2_POINT_AT_INFINITY
    key = spec.BLSPubkey(spec.bls.SkToPk(5))
    assert spec.eth_fast_aggregate_verify([], message, infinity)
    assert not spec.eth_fast_aggregate_verify([key], message, infinity)
    assert not spec.eth_fast_aggregate_verify([], message, spec.BLSSignature())
    signature = spec.BLSSignature(spec.bls.Sign(5, message))
    assert spec.eth_fast_aggregate_verify([key], message, signature)


def test_keys_to_add_up_must_be_valid(spec: Any) -> None:
    key = spec.BLSPubkey(spec.bls.SkToPk(5))
    assert spec.eth_aggregate_pubkeys([key]) == key
    for keys in ([], [key, spec.BLSPubkey(b"\xc0" + bytes(47))], [spec.BLSPubkey()]):
        with pytest.raises(AssertionError):
            spec.eth_aggregate_pubkeys(keys)


def test_merkle_branch(spec: Any) -> None:
    leaves = [spec.Bytes32(bytes([value]) * 32) for value in range(4)]
    left, right = (sha256(leaves[i] + leaves[i + 1]).digest() for i in (0, 2))
    root = spec.Root(sha256(left + right).digest())
    branch = [leaves[3], spec.Bytes32(left)]

    def is_at(index: int, leaf: Any) -> bool:
        return bool(
            spec.is_valid_merkle_branch(leaf, branch, spec.Uint64(2), spec.Uint64(index), root)
        )

    assert is_at(2, leaves[2])
    assert not is_at(3, leaves[2])
    assert not is_at(2, leaves[1])


@pytest.mark.parametrize(
    ("first", "second", "is_slashable"),
    [
        # (source epoch, target epoch, committee index of the data)
        ((1, 4, 0), (1, 4, 0), False),
        ((1, 4, 0), (2, 4, 0), True),
        ((1, 4, 0), (1, 4, 1), True),
        ((1, 4, 0), (2, 3, 0), True),
        ((2, 3, 0), (1, 4, 0), False),
        ((1, 4, 0), (1, 3, 0), False),
        ((1, 3, 0), (2, 4, 0), False),
    ],
    ids=["same", "double", "double_index", "surround", "surrounded", "same_source", "later"],
)
def test_slashable_votes(spec: Any, first: Any, second: Any, is_slashable: bool) -> None:
    votes = [
        spec.AttestationData(
            index=index, source=spec.Checkpoint(epoch=source), target=spec.Checkpoint(epoch=target)
        )
        for source, target, index in (first, second)
    ]
    assert spec.is_slashable_attestation_data(*votes) == is_slashable


# The exit queue of the small chain takes 64 ETH an epoch.


def test_exits_fill_epochs_in_turn(spec: Any, state: Any) -> None:
    booked = []
    for balance_eth in (32, 32, 32, 100, 28, 1):
        epoch = spec.compute_exit_epoch_and_update_churn(state, spec.Gwei(balance_eth * ETH))
        booked.append((epoch, state.exit_balance_to_consume // ETH))
    # Epoch 5 is full after two; 100 ETH take the rest of epoch 6, all of 7 and 4 of 8.
    assert booked == [(5, 32), (5, 0), (6, 32), (8, 60), (8, 32), (8, 31)]


def test_room_left_in_a_past_epoch_is_lost(spec: Any, state: Any) -> None:
    spec.compute_exit_epoch_and_update_churn(state, spec.Gwei(32 * ETH))
    spec.process_slots(state, spec.Slot(8))
    epoch = spec.compute_exit_epoch_and_update_churn(state, spec.Gwei(64 * ETH))
    assert (epoch, state.exit_balance_to_consume) == (6, 0)


def test_an_exit_is_initiated_once(spec: Any, state: Any) -> None:
    for _ in range(2):
        spec.initiate_validator_exit(state, spec.ValidatorIndex(3))
    validator = state.validators[3]
    assert (validator.exit_epoch, validator.withdrawable_epoch) == (5, 5 + 256)
    assert state.exit_balance_to_consume == 32 * ETH


def test_slashing_pays_proposer_and_reporter(spec: Any, state: Any) -> None:
    proposer = spec.get_beacon_proposer_index(state)
    slashed, reporter = (spec.ValidatorIndex((proposer + distance) % 64) for distance in (1, 2))
    spec.slash_validator(state, slashed, reporter)
    stake = 32 * ETH
    # One 4096th is the penalty, and one the reward, of which the proposer gets an eighth.
    share = stake // 4096
    assert state.balances[slashed] == stake - share
    assert state.balances[proposer] == stake + share // 8
    assert state.balances[reporter] == stake + share - share // 8
    assert state.slashings[0] == stake
    validator = state.validators[slashed]
    assert (validator.slashed, validator.exit_epoch) == (True, 5)
    # Later than the vector of 64 epochs: 5 + 256.
    assert validator.withdrawable_epoch == 261


def test_balances_neither_go_below_zero_nor_wrap(spec: Any, state: Any) -> None:
    spec.decrease_balance(state, spec.ValidatorIndex(0), spec.Gwei(33 * ETH))
    assert state.balances[0] == 0
    state.balances[1] = spec.Gwei(2**64 - 1)
    with pytest.raises(ValueError, match="bounds"):
        spec.increase_balance(state, spec.ValidatorIndex(1), spec.Gwei(1))


@pytest.mark.parametrize(("excess", "queued"), [(-1, []), (0, []), (1, [1]), (5 * ETH, [5 * ETH])])
def test_what_begins_to_compound_goes_through_the_queue(
    spec: Any, state: Any, excess: int, queued: list[int]
) -> None:
    index = spec.ValidatorIndex(6)
    address = bytes(11) + b"\x77" * 20
    state.validators[6].withdrawal_credentials = spec.Bytes32(b"\x01" + address)
    state.balances[6] = spec.Gwei(32 * ETH + excess)
    spec.switch_to_compounding_validator(state, index)
    assert state.validators[6].withdrawal_credentials == b"\x02" + address
    assert state.balances[6] == 32 * ETH + min(excess, 0)
    assert [deposit.amount for deposit in state.pending_deposits] == queued
    for deposit in state.pending_deposits:
        assert deposit.pubkey == state.validators[6].pubkey
        assert deposit.withdrawal_credentials == b"\x02" + address
        assert (deposit.signature, deposit.slot) == (b"\xc0" + bytes(95), 0)
