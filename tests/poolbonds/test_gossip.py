"""The topic `pool_admission`: which messages a node passes on, drops, or holds against a peer."""

import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.keys import POOL_KEYS, public_key, secret_key
from tests.helpers.running import expect_rejection
from tests.poolbonds.guide import ETH, close, deposit_data, found_pool, lock, pending, seat

pytestmark = [pytest.mark.forks("poolbonds"), pytest.mark.bls]

DOCUMENT = Path(__file__).parents[2] / "specs/poolbonds/p2p-interface.md"
POOL_SECRET = secret_key(POOL_KEYS)


@pytest.fixture
def pooled(spec: Any, state: Any) -> Any:
    """A state with a pool and a validator, the last one, that has not been admitted."""
    found_pool(spec, state, 64 * ETH)
    lock(spec, state, key=100, admitted=False)
    return state


def admission(spec: Any, state: Any) -> Any:
    """The valid admission of the last validator."""
    return spec.sign_pool_admission(state, len(state.validators) - 1, POOL_SECRET)


# Each gets (spec, state, signed admission) of a valid case and spoils one of the two.


def leave_alone(spec: Any, state: Any, signed: Any) -> None:
    """Nothing is wrong."""


def name_an_index_beyond_the_registrys_limit(spec: Any, state: Any, signed: Any) -> None:
    signed.message.validator_index = spec.VALIDATOR_REGISTRY_LIMIT


def name_the_next_index(spec: Any, state: Any, signed: Any) -> None:
    signed.message.validator_index = len(state.validators)


def name_the_last_index_there_can_be(spec: Any, state: Any, signed: Any) -> None:
    signed.message.validator_index = spec.VALIDATOR_REGISTRY_LIMIT - 1


def name_another_key(spec: Any, state: Any, signed: Any) -> None:
    signed.message.validator_pubkey = public_key(101)


def name_another_validator(spec: Any, state: Any, signed: Any) -> None:
    signed.message.validator_index = 0


def turn_into_a_solo_validator(spec: Any, state: Any, signed: Any) -> None:
    last = state.validators[len(state.validators) - 1]
    last.withdrawal_credentials = spec.Bytes32(b"\x01" + bytes(last.withdrawal_credentials)[1:])


def spoil_the_padding(spec: Any, state: Any, signed: Any) -> None:
    last = state.validators[len(state.validators) - 1]
    credentials = bytes(last.withdrawal_credentials)
    last.withdrawal_credentials = spec.Bytes32(credentials[:11] + b"\x01" + credentials[12:])


def admit_before(spec: Any, state: Any, signed: Any) -> None:
    spec.process_pool_admission(state, signed)


def let_the_staker_leave(spec: Any, state: Any, signed: Any) -> None:
    spec.initiate_validator_exit(state, len(state.validators) - 1)


def slash(spec: Any, state: Any, signed: Any) -> None:
    spec.slash_validator(state, len(state.validators) - 1)


def mark_as_slashed(spec: Any, state: Any, signed: Any) -> None:
    state.validators[len(state.validators) - 1].slashed = True


def name_a_pool_to_come(spec: Any, state: Any, signed: Any) -> None:
    last = state.validators[len(state.validators) - 1]
    last.withdrawal_credentials = spec.build_pooled_credentials(1, b"\x01" * 20)


def close_the_pool(spec: Any, state: Any, signed: Any) -> None:
    close(spec, state, 0)


def sign_with_the_validators_key(spec: Any, state: Any, signed: Any) -> None:
    index = signed.message.validator_index
    signed.signature = spec.sign_pool_admission(state, index, secret_key(100)).signature


def sign_with_another_pools_key(spec: Any, state: Any, signed: Any) -> None:
    found_pool(spec, state, 32 * ETH, key=1)
    index = signed.message.validator_index
    signed.signature = spec.sign_pool_admission(state, index, secret_key(POOL_KEYS + 1)).signature


def sign_in_the_domain_of_the_current_fork(spec: Any, state: Any, signed: Any) -> None:
    domain = spec.get_domain(state, spec.DOMAIN_POOL_ADMISSION)
    signed.signature = spec.bls.Sign(POOL_SECRET, spec.compute_signing_root(signed.message, domain))


CASES = [
    (leave_alone, "VALID", "ACCEPT"),
    (name_an_index_beyond_the_registrys_limit, "IMPOSSIBLE_INDEX", "REJECT"),
    (name_the_last_index_there_can_be, "UNKNOWN_VALIDATOR", "IGNORE"),
    (name_the_next_index, "UNKNOWN_VALIDATOR", "IGNORE"),
    (name_another_key, "OTHER_KEY", "REJECT"),
    (name_another_validator, "OTHER_KEY", "REJECT"),
    (turn_into_a_solo_validator, "NOT_POOLED", "REJECT"),
    (spoil_the_padding, "MALFORMED_CREDENTIALS", "REJECT"),
    (admit_before, "ALREADY_ADMITTED", "IGNORE"),
    (let_the_staker_leave, "LEAVING", "IGNORE"),
    (slash, "LEAVING", "IGNORE"),
    (mark_as_slashed, "LEAVING", "IGNORE"),
    (name_a_pool_to_come, "UNKNOWN_POOL", "IGNORE"),
    (close_the_pool, "CLOSING_POOL", "IGNORE"),
    (sign_with_the_validators_key, "WRONG_SIGNATURE", "REJECT"),
    (sign_with_another_pools_key, "WRONG_SIGNATURE", "REJECT"),
    (sign_in_the_domain_of_the_current_fork, "WRONG_SIGNATURE", "REJECT"),
]


@pytest.mark.parametrize(("spoil", "status", "verdict"), CASES)
def test_verdict(
    spec: Any, pooled: Any, spoil: Callable[[Any, Any, Any], None], status: str, verdict: str
) -> None:
    signed = admission(spec, pooled)
    spoil(spec, pooled, signed)
    wanted = spec.GossipVerdict[verdict], spec.AdmissionStatus[status]
    before = pooled.hash_tree_root()
    assert spec.judge_pool_admission(pooled, set(), signed) == wanted
    assert pooled.hash_tree_root() == before

    # A block may hold the message exactly if it is accepted.
    if verdict == "ACCEPT":
        spec.process_pool_admission(pooled, signed)
        assert pooled.validator_pools[signed.message.validator_index] == 0
    else:
        expect_rejection(lambda: spec.process_pool_admission(pooled, signed))


def test_every_status_is_tested_and_stands_in_the_document(spec: Any) -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` +\| (\w+)", DOCUMENT.read_text(), re.MULTILINE)
    stated = {
        name: verdict.upper() for name, verdict in rows if name in spec.AdmissionStatus.__members__
    }
    assert set(stated) == set(spec.AdmissionStatus.__members__)
    assert stated == {status: verdict for _, status, verdict in CASES}


def test_an_index_has_the_same_key_on_every_fork(spec: Any, pooled: Any) -> None:
    """Only so may another key be held against a peer: here the forks differ in a closing."""
    credentials = spec.build_pooled_credentials(0, b"\x01" * 20)
    for key in (300, 301):
        deposit = deposit_data(spec, public_key(key), credentials, 32 * ETH)
        pooled.pending_deposits.append(pending(spec, deposit))
    other = pooled.copy()
    close(spec, other, 0)
    for fork in (pooled, other):
        spec.process_pending_deposits(fork)
        last = fork.validators[len(fork.validators) - 1]
        assert (len(fork.validators), last.pubkey) == (67, public_key(301))


def test_what_is_wrong_for_good_is_found_before_what_may_pass(spec: Any, pooled: Any) -> None:
    signed = admission(spec, pooled)
    close(spec, pooled, 0)
    name_another_key(spec, pooled, signed)
    assert spec.get_admission_status(pooled, signed) == spec.AdmissionStatus.OTHER_KEY


def test_no_signature_is_checked_for_what_is_refused_anyway(spec: Any, pooled: Any) -> None:
    signed = admission(spec, pooled)
    signed.signature = b"\xff" * 96
    wrong = spec.AdmissionStatus.WRONG_SIGNATURE
    assert spec.get_admission_status(pooled, signed) == wrong
    close(spec, pooled, 0)
    closing = spec.AdmissionStatus.CLOSING_POOL
    assert spec.get_admission_status(pooled, signed) == closing


def test_the_second_of_a_validator_is_ignored_unread(spec: Any, pooled: Any) -> None:
    signed = admission(spec, pooled)
    index = signed.message.validator_index
    assert spec.judge_pool_admission(pooled, {index}, signed) == (spec.GossipVerdict.IGNORE, None)
    name_another_key(spec, pooled, signed)
    assert spec.judge_pool_admission(pooled, {index}, signed) == (spec.GossipVerdict.IGNORE, None)
    # Another validator's does not stand in the way.
    valid = admission(spec, pooled)
    accepted = spec.GossipVerdict.ACCEPT, spec.AdmissionStatus.VALID
    assert spec.judge_pool_admission(pooled, {index - 1}, valid) == accepted


def test_a_seated_validator_of_the_pool_is_admitted_already(spec: Any, pooled: Any) -> None:
    signed = admission(spec, pooled)
    spec.process_pool_admission(pooled, signed)
    seat(spec, pooled, int(signed.message.validator_index))
    status = spec.get_admission_status(pooled, signed)
    assert status == spec.AdmissionStatus.ALREADY_ADMITTED


def test_an_admission_outlives_forks(spec: Any, pooled: Any) -> None:
    signed = admission(spec, pooled)
    pooled.fork = spec.Fork(
        previous_version=pooled.fork.current_version, current_version=b"\x0a\0\0\1", epoch=0
    )
    assert spec.get_admission_status(pooled, signed) == spec.AdmissionStatus.VALID


def test_an_admission_holds_on_its_own_chain_only(spec: Any, pooled: Any) -> None:
    signed = admission(spec, pooled)
    pooled.genesis_validators_root = b"\x99" * 32
    assert spec.get_admission_status(pooled, signed) == spec.AdmissionStatus.WRONG_SIGNATURE


def test_what_is_signed(spec: Any, pooled: Any) -> None:
    """The domain's type, the genesis version of the minimal preset and the chain, by hand."""
    index = len(pooled.validators) - 1
    version = b"\x00\x00\x00\x01" + bytes(28)
    fork_data = sha256(version + bytes(pooled.genesis_validators_root)).digest()
    domain = b"\xb5\0\0\0" + fork_data[:28]
    pubkey = public_key(100)
    pubkey_root = sha256(pubkey[:32] + pubkey[32:] + bytes(16)).digest()
    message = sha256(index.to_bytes(32, "little") + pubkey_root).digest()
    signature = admission(spec, pooled).signature
    assert spec.bls.Verify(pooled.pools[0].pubkey, sha256(message + domain).digest(), signature)


# Names and sizes


@pytest.mark.config(FULU_FORK_EPOCH=0, POOLBONDS_FORK_EPOCH=7)
def test_the_topic_has_the_digest_of_the_forks_version(spec: Any) -> None:
    """The fork comes in epoch 7, after Fulu from the start; its digest is reckoned by hand."""
    root = spec.Root(b"\x21" * 32)
    before = spec.compute_pool_admission_topic(root, spec.Epoch(6))
    topic = spec.compute_pool_admission_topic(root, spec.Epoch(7))

    fork_data = sha256(b"\x09\0\0\1" + bytes(28) + bytes(root)).digest()
    limit = spec.get_blob_parameters(spec.Epoch(7))
    numbers = (limit.epoch, limit.max_blobs_per_block)
    blobs = sha256(b"".join(int(number).to_bytes(8, "little") for number in numbers)).digest()
    digest = bytes(a ^ b for a, b in zip(fork_data[:4], blobs, strict=False))
    assert topic == f"/eth2/{digest.hex()}/pool_admission/ssz_snappy"
    assert before != topic


def test_sizes(spec: Any, pooled: Any) -> None:
    signed = admission(spec, pooled)
    assert len(signed.encode_bytes()) == 8 + 48 + 96 == 152
    body = spec.BeaconBlockBody()
    empty = len(body.encode_bytes())
    body.pool_admissions = spec.PoolAdmissions([signed] * 16)
    assert len(body.encode_bytes()) - empty == 2432
