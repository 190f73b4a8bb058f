"""Deposits: requests of the execution layer, and entries of the pending queue."""

from typing import Any

from tests.helpers.keys import public_key, secret_of, sign


def sign_deposit(spec: Any, pubkey: bytes, credentials: bytes, amount: int, secret: int) -> Any:
    """The signature of a deposit message, which is the same on all forks of a chain."""
    message = spec.DepositMessage(
        pubkey=spec.BLSPubkey(pubkey),
        withdrawal_credentials=spec.Bytes32(credentials),
        amount=spec.Gwei(amount),
    )
    return sign(spec, secret, message, spec.compute_domain(spec.DOMAIN_DEPOSIT))


def build_deposit_request(
    spec: Any,
    key: int | bytes,
    credentials: bytes,
    amount: int,
    index: int = 0,
    signed: bool = True,
) -> Any:
    """A request to deposit `amount` Gwei for key number `key` (or for a public key)."""
    pubkey = public_key(key) if isinstance(key, int) else bytes(key)
    request = spec.DepositRequest(
        pubkey=spec.BLSPubkey(pubkey),
        withdrawal_credentials=spec.Bytes32(credentials),
        amount=spec.Gwei(amount),
        index=spec.Uint64(index),
    )
    if signed:
        request.signature = sign_deposit(spec, pubkey, credentials, amount, secret_of(pubkey))
    return request


def build_pending_deposit(
    spec: Any,
    key: int | bytes,
    credentials: bytes,
    amount: int,
    slot: int = 0,
    signed: bool = True,
) -> Any:
    """The entry that such a request makes in the queue when it is processed in `slot`."""
    request = build_deposit_request(spec, key, credentials, amount, signed=signed)
    return spec.PendingDeposit(
        pubkey=request.pubkey,
        withdrawal_credentials=request.withdrawal_credentials,
        amount=request.amount,
        signature=request.signature,
        slot=spec.Slot(slot),
    )
