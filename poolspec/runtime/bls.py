"""BLS signatures as the documents call them.

The functions take and give plain bytes. Malformed input is an answer, not an exception: the
checks return ``False``. Only functions that have to produce a point (``Aggregate``,
``AggregatePKs``, ``Sign``, ``SkToPk``) raise ``ValueError``.

``bls_active`` switches signatures off, for tests in which they do not matter: every signature is
then taken as valid, and ``Sign`` and ``Aggregate`` return a stub. Public keys are still checked and
aggregated, because they are part of the state.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from poolspec.runtime.bls_backends import (
    BACKENDS,
    CURVE_ORDER,
    Backend,
    BackendUnavailable,
    load_backend,
)

__all__ = [
    "BACKENDS",
    "STUB_SIGNATURE",
    "Aggregate",
    "AggregatePKs",
    "AggregateVerify",
    "BackendUnavailable",
    "FastAggregateVerify",
    "KeyValidate",
    "Sign",
    "SkToPk",
    "Verify",
    "backend_name",
    "bls_active",
    "use",
]

DEFAULT_BACKEND = "arkworks"
ENVIRONMENT_VARIABLE = "POOLSPEC_BLS"

PUBKEY_LENGTH = 48
SIGNATURE_LENGTH = 96

STUB_SIGNATURE = b"\x11" * SIGNATURE_LENGTH

bls_active = True

_selected: str | None = None


def use(name: str) -> None:
    """Select a backend for the whole process; raises ``BackendUnavailable`` with the reason."""
    global _selected
    load_backend(name)
    _selected = name


def backend_name() -> str:
    """Return the selected backend: by ``use``, else the environment, else the default."""
    return _selected or os.environ.get(ENVIRONMENT_VARIABLE) or DEFAULT_BACKEND


def _backend() -> Backend:
    if _selected is None:
        use(backend_name())
        assert _selected is not None
    return load_backend(_selected)


def _check_length(value: bytes, length: int, what: str) -> bytes:
    if len(value) != length:
        raise ValueError(f"{what} has {len(value)} bytes, expected {length}")
    return bytes(value)


def _pubkeys(values: Sequence[bytes]) -> list[bytes]:
    if not values:
        raise ValueError("no public keys")
    return [_check_length(value, PUBKEY_LENGTH, "public key") for value in values]


def _secret(value: int) -> int:
    if not 0 < value < CURVE_ORDER:
        raise ValueError("secret key is out of range")
    return int(value)


def SkToPk(secret: int) -> bytes:
    """Return the public key of a secret key; raises ``ValueError`` if that is out of range."""
    return _backend().public_key(_secret(secret))


def Sign(secret: int, message: bytes) -> bytes:
    """Return the signature of ``message``; raises ``ValueError`` for a key out of range."""
    if not bls_active:
        return STUB_SIGNATURE
    return _backend().sign(_secret(secret), bytes(message))


def KeyValidate(pubkey: bytes) -> bool:
    """Return whether ``pubkey`` encodes a point of the subgroup other than infinity."""
    backend = _backend()
    try:
        backend.check_public_key(_check_length(pubkey, PUBKEY_LENGTH, "public key"))
    except ValueError:
        return False
    return True


def Verify(pubkey: bytes, message: bytes, signature: bytes) -> bool:
    """Return whether ``signature`` is the signature of ``message`` by ``pubkey``."""
    return AggregateVerify([pubkey], [message], signature)


def AggregateVerify(pubkeys: Sequence[bytes], messages: Sequence[bytes], signature: bytes) -> bool:
    """Return whether ``signature`` adds up each key's signature of the message beside it."""
    if not bls_active:
        return True
    backend = _backend()
    try:
        if len(pubkeys) != len(messages):
            raise ValueError("as many messages as public keys are needed")
        keys = _pubkeys(pubkeys)
        signed = _check_length(signature, SIGNATURE_LENGTH, "signature")
        return backend.verify_aggregate(keys, [bytes(message) for message in messages], signed)
    except ValueError:
        return False


def FastAggregateVerify(pubkeys: Sequence[bytes], message: bytes, signature: bytes) -> bool:
    """Return whether ``signature`` adds up every key's signature of the one message.

    No keys at all is never valid; the documents decide what a signature of nobody means.
    """
    if not bls_active:
        return True
    backend = _backend()
    try:
        keys = _pubkeys(pubkeys)
        signed = _check_length(signature, SIGNATURE_LENGTH, "signature")
        return backend.verify_same_message(keys, bytes(message), signed)
    except ValueError:
        return False


def Aggregate(signatures: Sequence[bytes]) -> bytes:
    """Return the sum of signatures; raises ``ValueError`` if there are none or one is no point."""
    if not bls_active:
        return STUB_SIGNATURE
    if not signatures:
        raise ValueError("no signatures to aggregate")
    return _backend().aggregate_signatures(
        [_check_length(value, SIGNATURE_LENGTH, "signature") for value in signatures]
    )


def AggregatePKs(pubkeys: Sequence[bytes]) -> bytes:
    """Return the sum of public keys; raises ``ValueError`` if there are none or one is invalid."""
    return _backend().aggregate_public_keys(_pubkeys(pubkeys))
