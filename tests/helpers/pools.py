"""Pools, pooled validators and what they sign, written into a state or built for a block.

The pool with index `i` in a test's state has the key number `i` of the pools, and its operator the
address number `OPERATORS + i`. A pooled validator with registry index `i` has key `i`, like every
validator of the tests, and its staker the address number `i`.
"""

from collections.abc import Iterable
from typing import Any

from tests.helpers.deposits import build_deposit_request
from tests.helpers.genesis import execution_address
from tests.helpers.keys import POOL_KEYS, pool_public_key, public_key, secret_of, sign

POOLED_PREFIX = b"\xb4"
POOL_BOND_PREFIX = b"\xb5"
OPERATORS = 2**20
"""Where the numbers of the operators' addresses begin."""

ETH = 10**9
"""Gwei in an ether."""

SEAT = 32 * ETH
"""Effective balance of a seat, in Gwei; a hundredth of it is the bond behind one."""

SEAT_BOND = SEAT // 100


def operator_address(pool_index: int) -> bytes:
    """The address that may take bond out of a pool."""
    return execution_address(OPERATORS + pool_index)


def bond_credentials(pool_index: int, commission: int = 0) -> bytes:
    """Credentials of a pool's bond, from the layout in the design: 1 + 2 + 9 + 20 bytes."""
    return (
        POOL_BOND_PREFIX
        + commission.to_bytes(2, "little")
        + bytes(9)
        + operator_address(pool_index)
    )


def pooled_credentials(pool_index: int, staker: int) -> bytes:
    """Credentials that name a pool and a staker's address: 1 + 8 + 3 + 20 bytes."""
    return POOLED_PREFIX + pool_index.to_bytes(8, "little") + bytes(3) + execution_address(staker)


def add_pool(spec: Any, state: Any, *, bond: int, commission: int = 0) -> int:
    """Write a pool into the state; gives its index. `bond` is in Gwei, `commission` in 1/10,000."""
    index = len(state.pools)
    state.pools.append(
        spec.Pool(
            pubkey=spec.BLSPubkey(pool_public_key(index)),
            execution_address=spec.ExecutionAddress(operator_address(index)),
            commission=commission,
            bond=bond,
            unbonding_epoch=spec.FAR_FUTURE_EPOCH,
        )
    )
    return index


def add_waiting(
    spec: Any, state: Any, pool_index: int, count: int = 1, *, admitted: bool = True
) -> list[int]:
    """Append validators that have never been active, with 32 ETH each; gives their indices."""
    first = len(state.validators)
    for index in range(first, first + count):
        spec.add_validator_to_registry(
            state,
            spec.BLSPubkey(public_key(index)),
            spec.Bytes32(pooled_credentials(pool_index, index)),
            spec.Gwei(SEAT),
        )
        if admitted:
            state.validator_pools[index] = pool_index
    return list(range(first, first + count))


def make_pooled(
    spec: Any, state: Any, pool_index: int, indices: Iterable[int], *, seated: bool = True
) -> list[int]:
    """Turn active solo validators into admitted ones of a pool, seated or waiting; gives them.

    Committees and duties stay as they are.
    """
    chosen = [int(index) for index in indices]
    for index in chosen:
        validator = state.validators[index]
        validator.withdrawal_credentials = spec.Bytes32(pooled_credentials(pool_index, index))
        state.validator_pools[index] = pool_index
        if seated:
            state.pools[pool_index].seated_balance += SEAT
        else:
            validator.effective_balance = 0
            validator.activation_eligibility_epoch = spec.FAR_FUTURE_EPOCH
    return chosen


def put_in_line(state: Any, index: int, epoch: int) -> None:
    """Let a waiting validator be in line for a seat since `epoch`."""
    state.validators[index].activation_eligibility_epoch = epoch


def build_bond_request(
    spec: Any, pool_index: int, amount: int, commission: int = 0, index: int = 0
) -> Any:
    """A signed deposit of bond for the pool with this key, to found it or to top it up."""
    return build_deposit_request(
        spec, POOL_KEYS + pool_index, bond_credentials(pool_index, commission), amount, index=index
    )


def build_lock_request(
    spec: Any, pool_index: int, key: int, amount: int = SEAT, index: int = 0
) -> Any:
    """A signed deposit that locks `amount` Gwei for validator key `key` in a pool."""
    return build_deposit_request(
        spec, key, pooled_credentials(pool_index, key), amount, index=index
    )


def build_pool_admission(
    spec: Any, state: Any, index: int, *, pubkey: bytes | None = None, secret: int | None = None
) -> Any:
    """The signed consent of the pool that a validator's credentials name."""
    validator = state.validators[index]
    message = spec.PoolAdmission(
        validator_index=index,
        validator_pubkey=validator.pubkey if pubkey is None else spec.BLSPubkey(pubkey),
    )
    domain = spec.compute_domain(
        spec.DOMAIN_POOL_ADMISSION,
        fork_version=spec.config.GENESIS_FORK_VERSION,
        genesis_validators_root=state.genesis_validators_root,
    )
    if secret is None:
        pool_index = int.from_bytes(bytes(validator.withdrawal_credentials)[1:9], "little")
        secret = secret_of(pool_public_key(pool_index))
    return spec.SignedPoolAdmission(message=message, signature=sign(spec, secret, message, domain))


def build_unbonding_request(
    spec: Any, state: Any, pool_index: int, amount: int = 0, address: bytes | None = None
) -> Any:
    """A request to take `amount` Gwei out of a pool's bond; 0 closes the pool."""
    pool = state.pools[pool_index]
    return spec.WithdrawalRequest(
        source_address=pool.execution_address
        if address is None
        else spec.ExecutionAddress(address),
        validator_pubkey=pool.pubkey,
        amount=spec.Gwei(amount),
    )


def total_money(state: Any) -> int:
    """All Gwei that the state keeps: balances, bonds, and what waits in the two queues of money."""
    return (
        sum(int(balance) for balance in state.balances)
        + sum(int(pool.bond) for pool in state.pools)
        + sum(int(payout.amount) for payout in state.pending_payouts)
        + sum(int(deposit.amount) for deposit in state.pending_deposits)
    )
