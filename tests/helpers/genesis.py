"""The states that tests start from."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from tests.helpers.keys import public_key

GENESIS_TIME = 1_700_000_000
"""Unix seconds."""

BLOCK_HASH = b"\x42" * 32
"""The hash of the execution layer's genesis block, which also seeds the randomness."""

EXECUTION_PREFIX = b"\x01"

_backings: dict[tuple[str, str, tuple[int, ...]], Any] = {}


def default_validator_count(spec: Any) -> int:
    """Eight validators a slot: 64 under the minimal preset, 256 on mainnet."""
    return 8 * int(spec.SLOTS_PER_EPOCH)


@cache
def execution_address(index: int) -> bytes:
    """A different address for each index."""
    return b"\xad" + index.to_bytes(19, "big")


def execution_credentials(index: int, prefix: bytes = EXECUTION_PREFIX) -> bytes:
    """Credentials with the prefix and the address of that index."""
    return prefix + b"\0" * 11 + execution_address(index)


def genesis_state(spec: Any, balances: Sequence[int] | None = None) -> Any:
    """A state at slot 0 with one validator per balance (Gwei), all with execution credentials.

    By default there are `default_validator_count` of them with 32 ETH each. It is built once for a
    process; what is given is a copy.
    """
    if balances is None:
        balances = [int(spec.MIN_ACTIVATION_BALANCE)] * default_validator_count(spec)
    key = (spec.fork, spec.preset, tuple(balances))
    if key not in _backings:
        _backings[key] = _build(spec, balances).get_backing()
    return spec.BeaconState.view_from_backing(_backings[key])


def _build(spec: Any, balances: Sequence[int]) -> Any:
    validators = [
        spec.GenesisValidator(
            pubkey=spec.BLSPubkey(public_key(index)),
            withdrawal_credentials=spec.Bytes32(execution_credentials(index)),
            balance=spec.Gwei(balance),
        )
        for index, balance in enumerate(balances)
    ]
    state = spec.initialize_genesis_state(
        spec.Uint64(GENESIS_TIME), spec.Hash32(BLOCK_HASH), validators
    )
    state.hash_tree_root()
    return state
