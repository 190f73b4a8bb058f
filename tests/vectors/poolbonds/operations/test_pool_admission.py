"""Admissions: which validators an operator can bind to its bond, and with which signature."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.genesis import execution_credentials
from tests.helpers.keys import pool_public_key, public_key, secret_of, sign
from tests.helpers.pools import (
    ETH,
    add_pool,
    add_waiting,
    build_pool_admission,
    make_pooled,
    operator_address,
    pooled_credentials,
)
from tests.helpers.running import run_operation

HANDLER = "pool_admission"

pytestmark = pytest.mark.vectors(runner="operations", handler=HANDLER, forks=["poolbonds"])

NO_POOL = 2**64 - 1


def _waiting(spec: Any, state: Any) -> int:
    """A validator that pool 0 may admit, and would but for what the test changes."""
    add_pool(spec, state, bond=32 * ETH)
    (index,) = add_waiting(spec, state, 0, admitted=False)
    return index


def _accept(spec: Any, state: Any, vector: Recorder, index: int, admission: Any) -> None:
    """The admission changes the validator's entry in `validator_pools`, and nothing else."""
    expected = state.copy()
    credentials = bytes(state.validators[index].withdrawal_credentials)
    expected.validator_pools[index] = int.from_bytes(credentials[1:9], "little")
    run_operation(spec, state, vector, HANDLER, admission)
    assert spec.hash_tree_root(state) == spec.hash_tree_root(expected)


def _reject(spec: Any, state: Any, vector: Recorder, admission: Any, reason: str) -> None:
    run_operation(spec, state, vector, HANDLER, admission, valid=False, reason=reason)


# Valid


@pytest.mark.bls
def test_waiting_validator(spec: Any, state: Any, vector: Recorder) -> None:
    """The last validator of the registry, and one of a single pool: both bounds are reached."""
    index = _waiting(spec, state)
    assert index == len(state.validators) - 1
    assert state.validator_pools[index] == NO_POOL
    _accept(spec, state, vector, index, build_pool_admission(spec, state, index))
    assert state.validator_pools[index] == 0


@pytest.mark.bls
def test_second_pool(spec: Any, state: Any, vector: Recorder) -> None:
    """The credentials choose the pool; the key that must have signed is that pool's."""
    add_pool(spec, state, bond=32 * ETH)
    add_pool(spec, state, bond=32 * ETH)
    (index,) = add_waiting(spec, state, 1, admitted=False)
    _accept(spec, state, vector, index, build_pool_admission(spec, state, index))
    assert state.validator_pools[index] == 1


def test_one_of_several(spec: Any, state: Any, vector: Recorder) -> None:
    """Neighbours that wait for the same pool stay outside."""
    add_pool(spec, state, bond=32 * ETH)
    first, second, third = add_waiting(spec, state, 0, 3, admitted=False)
    _accept(spec, state, vector, second, build_pool_admission(spec, state, second))
    assert [state.validator_pools[index] for index in (first, second, third)] == [
        NO_POOL,
        0,
        NO_POOL,
    ]


def test_pool_without_bond(spec: Any, state: Any, vector: Recorder) -> None:
    """The bond decides on seats, not on admissions."""
    index = _waiting(spec, state)
    state.pools[0].bond = 0
    _accept(spec, state, vector, index, build_pool_admission(spec, state, index))


@pytest.mark.parametrize("amount", [1, 2**64 - 2], ids=["least", "most"])
def test_pool_that_unbonds_a_part(spec: Any, state: Any, vector: Recorder, amount: int) -> None:
    """A pool is open until it closes, whatever else it takes out."""
    index = _waiting(spec, state)
    state.pools[0].unbonding_amount = amount
    state.pools[0].unbonding_epoch = 1
    state.pools[0].withdrawable_epoch = 257
    _accept(spec, state, vector, index, build_pool_admission(spec, state, index))


def test_balance_below_a_seat(spec: Any, state: Any, vector: Recorder) -> None:
    index = _waiting(spec, state)
    state.balances[index] = 0
    _accept(spec, state, vector, index, build_pool_admission(spec, state, index))


def test_active_since_before_the_fork(spec: Any, state: Any, vector: Recorder) -> None:
    """A validator that had pooled credentials when they meant nothing can still be admitted.

    Its weight stays as it is until seats are next reckoned.
    """
    add_pool(spec, state, bond=32 * ETH)
    state.validators[5].withdrawal_credentials = spec.Bytes32(pooled_credentials(0, 5))
    _accept(spec, state, vector, 5, build_pool_admission(spec, state, 5))
    assert state.validators[5].effective_balance == 32 * ETH
    assert state.pools[0].seated_balance == 0


def test_key_of_a_pool(spec: Any, state: Any, vector: Recorder) -> None:
    """One key may stand in both registries: the validator runs with its own pool's key."""
    index = _waiting(spec, state)
    state.validators[index].pubkey = spec.BLSPubkey(pool_public_key(0))
    _accept(spec, state, vector, index, build_pool_admission(spec, state, index))


def test_key_of_another_validator(spec: Any, state: Any, vector: Recorder) -> None:
    """The pool's key is that of an active solo validator, which the admission does not touch."""
    index = _waiting(spec, state)
    state.pools[0].pubkey = state.validators[2].pubkey
    admission = build_pool_admission(spec, state, index, secret=secret_of(public_key(2)))
    _accept(spec, state, vector, index, admission)


@pytest.mark.bls
def test_after_a_later_fork(spec: Any, state: Any, vector: Recorder) -> None:
    """An admission outlives forks: only the genesis fork version is signed."""
    index = _waiting(spec, state)
    admission = build_pool_admission(spec, state, index)
    state.fork.previous_version = state.fork.current_version
    state.fork.current_version = spec.Version(b"\x0a\0\0\1")
    _accept(spec, state, vector, index, admission)


# The validator


def test_index_outside_the_registry(spec: Any, state: Any, vector: Recorder) -> None:
    index = _waiting(spec, state)
    admission = build_pool_admission(spec, state, index)
    admission.message.validator_index = len(state.validators)
    _reject(spec, state, vector, admission, "there is no such validator")


def test_largest_index(spec: Any, state: Any, vector: Recorder) -> None:
    index = _waiting(spec, state)
    admission = build_pool_admission(spec, state, index)
    admission.message.validator_index = 2**64 - 1
    _reject(spec, state, vector, admission, "there is no such validator")


@pytest.mark.parametrize("swapped", [False, True])
def test_key_of_the_neighbour(spec: Any, state: Any, vector: Recorder, swapped: bool) -> None:
    """Signed as it stands: an index that moved before finality must not bind somebody else."""
    add_pool(spec, state, bond=32 * ETH)
    pair = add_waiting(spec, state, 0, 2, admitted=False)
    named, meant = reversed(pair) if swapped else pair
    admission = build_pool_admission(spec, state, named, pubkey=public_key(meant))
    _reject(spec, state, vector, admission, "the validator has another key")


def test_solo_validator(spec: Any, state: Any, vector: Recorder) -> None:
    """Its credentials, read as pooled ones, would name pool 0 with zero padding."""
    add_pool(spec, state, bond=32 * ETH)
    admission = build_pool_admission(spec, state, 3, secret=secret_of(pool_public_key(0)))
    _reject(spec, state, vector, admission, "the validator is not pooled")


@pytest.mark.parametrize(
    "prefix", [b"\x00", b"\x02", b"\xb3", b"\xb5"], ids=lambda byte: byte.hex()
)
def test_other_prefix(spec: Any, state: Any, vector: Recorder, prefix: bytes) -> None:
    """A validator with the prefix of pools is a solo one: deposits alone are read by it."""
    index = _waiting(spec, state)
    state.validators[index].withdrawal_credentials = spec.Bytes32(
        execution_credentials(index, prefix)
    )
    admission = build_pool_admission(spec, state, index, secret=secret_of(pool_public_key(0)))
    _reject(spec, state, vector, admission, "the validator is not pooled")


def test_admitted_already(spec: Any, state: Any, vector: Recorder) -> None:
    index = _waiting(spec, state)
    state.validator_pools[index] = 0
    admission = build_pool_admission(spec, state, index)
    _reject(spec, state, vector, admission, "the validator is admitted already")


def test_replayed(spec: Any, state: Any, vector: Recorder) -> None:
    """The very admission that has been accepted comes a second time."""
    index = _waiting(spec, state)
    admission = build_pool_admission(spec, state, index)
    spec.process_pool_admission(state, admission)
    _reject(spec, state, vector, admission, "the validator is admitted already")


def test_seated_already(spec: Any, state: Any, vector: Recorder) -> None:
    add_pool(spec, state, bond=32 * ETH)
    make_pooled(spec, state, 0, [4])
    _reject(
        spec,
        state,
        vector,
        build_pool_admission(spec, state, 4),
        "the validator is admitted already",
    )


@pytest.mark.parametrize("exit_epoch", [0, 5, 2**64 - 2], ids=["now", "soon", "last"])
def test_exiting(spec: Any, state: Any, vector: Recorder, exit_epoch: int) -> None:
    index = _waiting(spec, state)
    state.validators[index].exit_epoch = exit_epoch
    admission = build_pool_admission(spec, state, index)
    _reject(spec, state, vector, admission, "the validator is exiting")


def test_slashed(spec: Any, state: Any, vector: Recorder) -> None:
    """The flag alone is enough, though slashing also starts an exit."""
    index = _waiting(spec, state)
    state.validators[index].slashed = True
    admission = build_pool_admission(spec, state, index)
    _reject(spec, state, vector, admission, "the validator is slashed")


# The pool


def test_closing_pool(spec: Any, state: Any, vector: Recorder) -> None:
    index = _waiting(spec, state)
    state.pools[0].unbonding_amount = 2**64 - 1
    state.pools[0].unbonding_epoch = 1
    state.pools[0].withdrawable_epoch = 257
    admission = build_pool_admission(spec, state, index)
    _reject(spec, state, vector, admission, "the pool is closing")


@pytest.mark.parametrize(
    "pool_index", [1, 2**40, 2**64 - 1], ids=["next", "registry_limit", "largest"]
)
def test_unknown_pool(spec: Any, state: Any, vector: Recorder, pool_index: int) -> None:
    add_pool(spec, state, bond=32 * ETH)
    (index,) = add_waiting(spec, state, 0, admitted=False)
    state.validators[index].withdrawal_credentials = spec.Bytes32(
        pooled_credentials(pool_index, index)
    )
    admission = build_pool_admission(spec, state, index, secret=secret_of(pool_public_key(0)))
    _reject(spec, state, vector, admission, "there is no such pool")


@pytest.mark.parametrize("position", [1, 2, 8])
def test_pool_index_byte(spec: Any, state: Any, vector: Recorder, position: int) -> None:
    """All eight bytes count, the lowest first: each of these indices is far above the registry."""
    add_pool(spec, state, bond=32 * ETH)
    add_pool(spec, state, bond=32 * ETH)
    (index,) = add_waiting(spec, state, 0, admitted=False)
    credentials = bytearray(pooled_credentials(0, index))
    credentials[position] = 2
    state.validators[index].withdrawal_credentials = spec.Bytes32(bytes(credentials))
    admission = build_pool_admission(spec, state, index, secret=secret_of(pool_public_key(0)))
    _reject(spec, state, vector, admission, "there is no such pool")


@pytest.mark.parametrize("position", [9, 10, 11])
def test_padding(spec: Any, state: Any, vector: Recorder, position: int) -> None:
    index = _waiting(spec, state)
    credentials = bytearray(pooled_credentials(0, index))
    credentials[position] = 1
    state.validators[index].withdrawal_credentials = spec.Bytes32(bytes(credentials))
    admission = build_pool_admission(spec, state, index)
    _reject(spec, state, vector, admission, "the padding of the credentials is not zero")


# The signature


@pytest.mark.bls
def test_signed_by_another_pool(spec: Any, state: Any, vector: Recorder) -> None:
    """A stranger's pool cannot be bound to what it has not signed."""
    index = _waiting(spec, state)
    add_pool(spec, state, bond=32 * ETH)
    admission = build_pool_admission(spec, state, index, secret=secret_of(pool_public_key(1)))
    _reject(spec, state, vector, admission, "not signed by the pool that the credentials name")


@pytest.mark.bls
def test_signed_by_the_validator(spec: Any, state: Any, vector: Recorder) -> None:
    index = _waiting(spec, state)
    admission = build_pool_admission(spec, state, index, secret=secret_of(public_key(index)))
    _reject(spec, state, vector, admission, "not signed by the pool")


@pytest.mark.bls
def test_signature_for_another_validator(spec: Any, state: Any, vector: Recorder) -> None:
    """The operator has admitted the neighbour; that consent holds for nobody else."""
    add_pool(spec, state, bond=32 * ETH)
    first, second = add_waiting(spec, state, 0, 2, admitted=False)
    admission = build_pool_admission(spec, state, second)
    admission.signature = build_pool_admission(spec, state, first).signature
    _reject(spec, state, vector, admission, "the pool has signed another admission")


def _signed_under(spec: Any, state: Any, index: int, domain: Any) -> Any:
    admission = build_pool_admission(spec, state, index)
    secret = secret_of(pool_public_key(0))
    admission.signature = sign(spec, secret, admission.message, domain)
    return admission


@pytest.mark.bls
def test_domain_of_the_current_fork(spec: Any, state: Any, vector: Recorder) -> None:
    index = _waiting(spec, state)
    domain = spec.get_domain(state, spec.DOMAIN_POOL_ADMISSION)
    admission = _signed_under(spec, state, index, domain)
    _reject(spec, state, vector, admission, "signed under the current fork version")


@pytest.mark.bls
def test_domain_of_another_chain(spec: Any, state: Any, vector: Recorder) -> None:
    index = _waiting(spec, state)
    domain = spec.compute_domain(
        spec.DOMAIN_POOL_ADMISSION, genesis_validators_root=spec.Root(b"\x01" * 32)
    )
    admission = _signed_under(spec, state, index, domain)
    _reject(spec, state, vector, admission, "signed for a chain with other genesis validators")


@pytest.mark.bls
def test_domain_of_no_chain(spec: Any, state: Any, vector: Recorder) -> None:
    """Unlike deposits, admissions are for one chain."""
    index = _waiting(spec, state)
    domain = spec.compute_domain(spec.DOMAIN_POOL_ADMISSION)
    admission = _signed_under(spec, state, index, domain)
    _reject(spec, state, vector, admission, "signed without the genesis validators' root")


@pytest.mark.bls
def test_domain_of_other_messages(spec: Any, state: Any, vector: Recorder) -> None:
    index = _waiting(spec, state)
    domain = spec.compute_domain(
        spec.DOMAIN_BLS_TO_EXECUTION_CHANGE, genesis_validators_root=state.genesis_validators_root
    )
    admission = _signed_under(spec, state, index, domain)
    _reject(spec, state, vector, admission, "signed under the domain of another kind of message")


@pytest.mark.bls
@pytest.mark.parametrize("signature", [bytes(96), b"\xc0" + bytes(95)], ids=["zero", "infinity"])
def test_no_signature(spec: Any, state: Any, vector: Recorder, signature: bytes) -> None:
    index = _waiting(spec, state)
    admission = build_pool_admission(spec, state, index)
    admission.signature = spec.BLSSignature(signature)
    _reject(spec, state, vector, admission, "the signature is none")


def test_operator_does_not_matter(spec: Any, state: Any, vector: Recorder) -> None:
    """The staker may be the operator's own address: nothing forbids to lock one's own stake."""
    index = _waiting(spec, state)
    credentials = pooled_credentials(0, index)[:12] + operator_address(0)
    state.validators[index].withdrawal_credentials = spec.Bytes32(credentials)
    _accept(spec, state, vector, index, build_pool_admission(spec, state, index))
