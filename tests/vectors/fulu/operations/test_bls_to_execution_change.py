"""Changes of credentials: from the hash of a BLS key to an execution address."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.genesis import execution_address
from tests.helpers.keys import public_key, secret_key, sign
from tests.helpers.requests import build_bls_to_execution_change, withdrawal_key
from tests.helpers.running import run_operation
from tests.helpers.solo import depart, make_compounding, make_keyed
from tests.helpers.verdicts import run_rejected

HANDLER = "bls_to_execution_change"

pytestmark = pytest.mark.vectors(runner="operations", handler=HANDLER, forks=["fulu", "poolbonds"])

INDEX = 3
EPOCH = 10


def _signed_change(spec: Any, state: Any) -> Any:
    make_keyed(spec, state, INDEX)
    return build_bls_to_execution_change(spec, state, INDEX)


def _sign_again(spec: Any, signed: Any, key: int, domain: Any) -> None:
    signed.signature = sign(spec, secret_key(key), signed.message, domain)


def _domain(spec: Any, state: Any) -> Any:
    return spec.compute_domain(
        spec.DOMAIN_BLS_TO_EXECUTION_CHANGE,
        spec.config.GENESIS_FORK_VERSION,
        state.genesis_validators_root,
    )


@pytest.mark.parametrize("stage", ["active", "waiting", "exited", "withdrawable", "slashed"])
def test_change(spec: Any, state: Any, vector: Recorder, stage: str) -> None:
    """At any time of its life, whatever else has become of the validator."""
    state.slot = EPOCH * int(spec.SLOTS_PER_EPOCH)
    validator = state.validators[INDEX]
    if stage == "waiting":
        validator.activation_epoch = spec.FAR_FUTURE_EPOCH
    elif stage == "exited":
        depart(state, INDEX, EPOCH)
    elif stage == "withdrawable":
        depart(state, INDEX, EPOCH - 1, EPOCH)
    elif stage == "slashed":
        validator.slashed = True
    expected = state.copy()
    credentials = b"\x01" + bytes(11) + execution_address(INDEX)
    expected.validators[INDEX].withdrawal_credentials = spec.Bytes32(credentials)
    run_operation(spec, state, vector, HANDLER, _signed_change(spec, state))
    assert spec.hash_tree_root(state) == spec.hash_tree_root(expected)


def test_index_outside_the_registry(spec: Any, state: Any, vector: Recorder) -> None:
    signed = _signed_change(spec, state)
    signed.message.validator_index = len(state.validators)
    _sign_again(spec, signed, withdrawal_key(INDEX), _domain(spec, state))
    run_rejected(spec, state, vector, HANDLER, signed, "there is no such validator")


@pytest.mark.parametrize("prefix", ["execution", "compounding"])
def test_changed_before(spec: Any, state: Any, vector: Recorder, prefix: str) -> None:
    """The rest of the credentials would fit: only the prefix says that there is an address."""
    signed = _signed_change(spec, state)
    kept = bytes(state.validators[INDEX].withdrawal_credentials)[1:]
    first = b"\x01" if prefix == "execution" else b"\x02"
    state.validators[INDEX].withdrawal_credentials = spec.Bytes32(first + kept)
    reason = "the credentials are not those of a BLS key"
    run_rejected(spec, state, vector, HANDLER, signed, reason)


def test_address_known(spec: Any, state: Any, vector: Recorder) -> None:
    """An address of which nothing hints at a key."""
    make_compounding(spec, state, INDEX)
    signed = build_bls_to_execution_change(spec, state, INDEX)
    reason = "the credentials are not those of a BLS key"
    # Neither the prefix nor the rest is.
    run_rejected(spec, state, vector, HANDLER, signed, reason, faults=2)


def test_key_of_another(spec: Any, state: Any, vector: Recorder) -> None:
    signed = _signed_change(spec, state)
    signed.message.from_bls_pubkey = spec.BLSPubkey(public_key(withdrawal_key(INDEX + 1)))
    _sign_again(spec, signed, withdrawal_key(INDEX + 1), _domain(spec, state))
    reason = "the credentials are not the hash of the key"
    run_rejected(spec, state, vector, HANDLER, signed, reason)


@pytest.mark.parametrize("place", [1, 31])
def test_one_byte_of_the_hash(spec: Any, state: Any, vector: Recorder, place: int) -> None:
    """All bytes but the first must be those of the hash."""
    signed = _signed_change(spec, state)
    credentials = bytearray(state.validators[INDEX].withdrawal_credentials)
    credentials[place] ^= 1
    state.validators[INDEX].withdrawal_credentials = spec.Bytes32(bytes(credentials))
    reason = "the credentials are not the hash of the key"
    run_rejected(spec, state, vector, HANDLER, signed, reason)


@pytest.mark.bls
def test_signed_by_the_validator(spec: Any, state: Any, vector: Recorder) -> None:
    """The key that votes is not the one that may name an address."""
    signed = _signed_change(spec, state)
    _sign_again(spec, signed, INDEX, _domain(spec, state))
    run_rejected(spec, state, vector, HANDLER, signed, "not signed with the withdrawal key")


@pytest.mark.bls
@pytest.mark.parametrize("fault", ["fork", "chain", "kind"])
def test_signed_in_another_domain(spec: Any, state: Any, vector: Recorder, fault: str) -> None:
    """The domain is that of the first fork, on this chain."""
    signed = _signed_change(spec, state)
    kind, version = spec.DOMAIN_BLS_TO_EXECUTION_CHANGE, spec.config.GENESIS_FORK_VERSION
    root = state.genesis_validators_root
    if fault == "fork":
        version = state.fork.current_version
    elif fault == "chain":
        root = spec.Root()
    else:
        kind = spec.DOMAIN_VOLUNTARY_EXIT
    domain = spec.compute_domain(kind, version, root)
    _sign_again(spec, signed, withdrawal_key(INDEX), domain)
    reason = f"signed for another {fault}"
    run_rejected(spec, state, vector, HANDLER, signed, reason)
