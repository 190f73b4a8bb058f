"""Solo validators in the situations that a test is about, written into a state."""

from collections.abc import Iterable
from typing import Any

from tests.helpers.genesis import execution_credentials
from tests.helpers.keys import public_key
from tests.helpers.requests import bls_credentials

ETH = 10**9
"""Gwei in an ether."""

COMPOUNDING_PREFIX = b"\x02"

WITHDRAWAL_DELAY = 256
"""Epochs between a validator's exit and its withdrawal."""


CHURN = {"minimal": (32, 64, 128), "mainnet": (65536, 128, 256)}
"""Of an epoch, for activations and exits: divisor of the stake, least and most ETH."""


def let_all_serve(spec: Any, state: Any) -> None:
    """Everybody has been active for exactly as many epochs as leaving needs."""
    state.slot = spec.Slot(spec.config.SHARD_COMMITTEE_PERIOD * spec.SLOTS_PER_EPOCH)


def set_stake(spec: Any, state: Any, index: int, balance: int) -> None:
    """Give a validator a balance (Gwei) and the effective balance that it would start with."""
    validator = state.validators[index]
    most = 32 * ETH
    if bytes(validator.withdrawal_credentials)[:1] == COMPOUNDING_PREFIX:
        most = 2048 * ETH
    state.balances[index] = spec.Gwei(balance)
    validator.effective_balance = spec.Gwei(min(balance - balance % ETH, most))


def make_compounding(spec: Any, state: Any, index: int, balance: int | None = None) -> None:
    """Give a validator compounding credentials with its address, and perhaps a balance (Gwei)."""
    credentials = execution_credentials(index, COMPOUNDING_PREFIX)
    state.validators[index].withdrawal_credentials = spec.Bytes32(credentials)
    if balance is not None:
        set_stake(spec, state, index, balance)


def make_keyed(spec: Any, state: Any, index: int) -> None:
    """Give a validator credentials that commit to its withdrawal key and name no address."""
    state.validators[index].withdrawal_credentials = spec.Bytes32(bls_credentials(spec, index))


def add_solo(spec: Any, state: Any, balance: int, prefix: bytes = b"\x01") -> int:
    """Append a validator that has never been active; gives its index."""
    index = len(state.validators)
    spec.add_validator_to_registry(
        state,
        spec.BLSPubkey(public_key(index)),
        spec.Bytes32(execution_credentials(index, prefix)),
        spec.Gwei(balance),
    )
    return index


def depart(state: Any, index: int, exit_epoch: int, withdrawable_epoch: int | None = None) -> None:
    """Let a validator be on its way out, withdrawable after the usual delay unless said."""
    if withdrawable_epoch is None:
        withdrawable_epoch = exit_epoch + WITHDRAWAL_DELAY
    state.validators[index].exit_epoch = exit_epoch
    state.validators[index].withdrawable_epoch = withdrawable_epoch


def proposer_of(spec: Any, state: Any) -> int:
    """Who proposes in the state's slot, read off the lookahead."""
    return int(state.proposer_lookahead[int(state.slot) % int(spec.SLOTS_PER_EPOCH)])


def bystander(spec: Any, state: Any, others: Iterable[int] = ()) -> int:
    """The lowest index of a validator that neither proposes now nor is one of the others."""
    taken = {proposer_of(spec, state), *others}
    return next(index for index in range(len(state.validators)) if index not in taken)


def total_eth(state: Any) -> int:
    """All effective balance, in ETH, where everybody is active."""
    return sum(int(validator.effective_balance) for validator in state.validators) // ETH


def exit_churn(spec: Any, state: Any) -> int:
    """The Gwei that may leave in an epoch where everybody is active, in whole ETH."""
    divisor, least, most = CHURN[spec.preset]
    return min(max(total_eth(state) // divisor, least), most) * ETH
