"""Pools and pooled validators, put into a state directly, for tests of what only reads them."""

from typing import Any

from tests.helpers.deposits import sign_deposit
from tests.helpers.keys import pool_public_key, public_key, secret_of

ETH = 10**9
SEAT = 32 * ETH
STAKER = b"\x5a" * 20
OPERATOR = b"\x0b" * 20


def found_pool(spec: Any, state: Any, bond: int, commission: int = 0, key: int = 0) -> int:
    """Add an open pool with so much bond (Gwei), and give its index."""
    credentials = spec.build_pool_bond_credentials(commission, OPERATOR)
    deposit = spec.PendingDeposit(
        pubkey=spec.BLSPubkey(pool_public_key(key)),
        withdrawal_credentials=credentials,
        amount=spec.Gwei(bond),
    )
    spec.add_pool_to_registry(state, deposit)
    return len(state.pools) - 1


def lock(spec: Any, state: Any, key: int, pool_index: int = 0, *, admitted: bool = True) -> int:
    """Add a pooled validator of 32 ETH with key number `key`; it waits. Give its index."""
    credentials = spec.build_pooled_credentials(pool_index, STAKER)
    spec.add_validator_to_registry(
        state, spec.BLSPubkey(public_key(key)), credentials, spec.Gwei(SEAT)
    )
    index = len(state.validators) - 1
    if admitted:
        state.validator_pools[index] = pool_index
    return index


def lock_many(spec: Any, state: Any, count: int, pool_index: int = 0) -> list[int]:
    """Add so many admitted validators, with keys of their own."""
    first = 1000 + len(state.validators)
    return [lock(spec, state, first + number, pool_index) for number in range(count)]


def seat(spec: Any, state: Any, *indices: int) -> None:
    """Give waiting validators a seat, as if they had been in it since genesis."""
    for index in indices:
        validator = state.validators[index]
        validator.effective_balance = SEAT
        validator.activation_eligibility_epoch = 0
        validator.activation_epoch = 0
        state.pools[state.validator_pools[index]].seated_balance += SEAT


def close(spec: Any, state: Any, pool_index: int) -> None:
    """Let the operator close its pool."""
    pool = state.pools[pool_index]
    request = spec.WithdrawalRequest(
        source_address=pool.execution_address, validator_pubkey=pool.pubkey, amount=0
    )
    spec.process_withdrawal_request(state, request)
    assert not spec.is_open_pool(state.pools[pool_index])


def deposit_data(spec: Any, pubkey: bytes, credentials: bytes, amount: int) -> Any:
    """A deposit with the signature of its own key, as an operator hands it to a wallet."""
    return spec.DepositData(
        pubkey=spec.BLSPubkey(pubkey),
        withdrawal_credentials=spec.Bytes32(credentials),
        amount=spec.Gwei(amount),
        signature=sign_deposit(spec, pubkey, credentials, amount, secret_of(pubkey)),
    )


def pending(spec: Any, deposit: Any, slot: int = 0) -> Any:
    """The entry that a funded deposit makes in the queue."""
    return spec.PendingDeposit(
        pubkey=deposit.pubkey,
        withdrawal_credentials=deposit.withdrawal_credentials,
        amount=deposit.amount,
        signature=deposit.signature,
        slot=spec.Slot(slot),
    )
