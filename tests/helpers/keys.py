"""Deterministic BLS keys. Key `i` has the secret `i + 1`, so that a vector can be made again."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from poolspec.runtime import bls
from poolspec.runtime.bls_backends import CURVE_ORDER

POOL_KEYS = 2**20
"""Where the keys of pools begin; validators have the keys from 0."""

_secrets: dict[bytes, int] = {}


def secret_key(index: int) -> int:
    """The secret of key `index`."""
    return index + 1


@cache
def public_key(index: int) -> bytes:
    """The public key of key `index`, remembered so that its secret can be found again."""
    pubkey = bytes(bls.SkToPk(secret_key(index)))
    _secrets[pubkey] = secret_key(index)
    return pubkey


def pool_public_key(index: int) -> bytes:
    """The public key of the pool with key number `index`."""
    return public_key(POOL_KEYS + index)


def secret_of(pubkey: bytes) -> int:
    """The secret behind a public key that `public_key` has given; KeyError for any other."""
    return _secrets[bytes(pubkey)]


def sign(spec: Any, secret: int, message: Any, domain: Any) -> Any:
    """A signature of a container (or of an integer, by its root) under a domain."""
    return spec.BLSSignature(bls.Sign(secret, spec.compute_signing_root(message, domain)))


def sign_together(spec: Any, pubkeys: Iterable[bytes], message: Any, domain: Any) -> Any:
    """The aggregate of all signatures of one message; nobody's is the point at infinity.

    The sum of signatures is the signature by the sum of secrets, which saves signing one by one.
    """
    secrets = [secret_of(pubkey) for pubkey in pubkeys]
    if not secrets:
        return spec.BLSSignature(b"\xc0" + b"\0" * 95)
    return sign(spec, sum(secrets) % CURVE_ORDER, message, domain)
