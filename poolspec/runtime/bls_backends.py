"""The three BLS libraries behind one interface.

Every backend implements the BLS signature scheme with proof of possession over BLS12-381, public
keys in G1 and signatures in G2. A backend gets inputs whose lengths are already right and reports
malformed ones with :class:`ValueError`; ``poolspec.runtime.bls`` turns that into its own contract.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module
from types import ModuleType
from typing import Any, Protocol

__all__ = ["BACKENDS", "Backend", "BackendUnavailable", "load_backend"]

DOMAIN_SEPARATION_TAG = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_"
CURVE_ORDER = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001

# The sizes bound memory; a key that was dropped is decompressed again with the same result.
PUBKEY_CACHE_SIZE = 2**17
MESSAGE_CACHE_SIZE = 2**10

INFINITY_FLAG = 0x40
INFINITY_PUBKEY = b"\xc0" + b"\x00" * 47
INFINITY_SIGNATURE = b"\xc0" + b"\x00" * 95


class BackendUnavailable(ValueError):
    """The name is not that of a BLS backend, or its library is not installed."""


class Backend(Protocol):
    """What a BLS library must do. All functions raise ``ValueError`` on points that are not valid.

    A valid public key is a point of the prime-order subgroup other than infinity. A valid signature
    is a point of the subgroup, infinity included; sums of signatures take any point of the curve,
    because the check that uses the sum looks at the subgroup.
    """

    def public_key(self, secret: int) -> bytes:
        """Return the public key of ``secret``, which is in the range 1 to the curve order."""

    def sign(self, secret: int, message: bytes) -> bytes:
        """Return the signature of ``message``."""

    def check_public_key(self, pubkey: bytes) -> None:
        """Raise ``ValueError`` if ``pubkey`` is not valid."""

    def aggregate_public_keys(self, pubkeys: Sequence[bytes]) -> bytes:
        """Return the sum of one or more keys."""

    def aggregate_signatures(self, signatures: Sequence[bytes]) -> bytes:
        """Return the sum of one or more signatures."""

    def verify_aggregate(
        self, pubkeys: Sequence[bytes], messages: Sequence[bytes], signature: bytes
    ) -> bool:
        """Return whether ``signature`` signs each message with the key at the same position."""

    def verify_same_message(
        self, pubkeys: Sequence[bytes], message: bytes, signature: bytes
    ) -> bool:
        """Return whether ``signature`` is the sum of every key's signature of one message."""


def _check_infinity(signature: bytes) -> None:
    """Refuse bytes behind the flag of infinity; the library ignores them."""
    if signature[0] & INFINITY_FLAG and signature != INFINITY_SIGNATURE:
        raise ValueError("not the encoding of the point at infinity")


class Arkworks:
    """py_arkworks_bls12381: the default, with caches of points that are checked once."""

    def __init__(self, library: ModuleType) -> None:
        self._scalar: Any = library.Scalar
        self._g1: Any = library.G1Point
        self._g2: Any = library.G2Point
        self._gt: Any = library.GT
        self._generator = self._g1()
        self._minus_generator = -self._g1()
        self._infinity = self._g1.identity()
        self._public_point = lru_cache(PUBKEY_CACHE_SIZE)(self._decompress_public_key)
        self._message_point = lru_cache(MESSAGE_CACHE_SIZE)(self._hash_message)

    def _decompress_public_key(self, pubkey: bytes) -> Any:
        point = self._g1.from_compressed_bytes(pubkey)
        if point == self._infinity:
            raise ValueError("the public key is the point at infinity")
        return point

    def _hash_message(self, message: bytes) -> Any:
        return self._g2.hash_to_curve(message, DOMAIN_SEPARATION_TAG)

    def _sum_of_public_keys(self, pubkeys: Sequence[bytes]) -> Any:
        point = self._public_point
        total = self._infinity
        for pubkey in pubkeys:
            total = total + point(pubkey)
        return total

    def public_key(self, secret: int) -> bytes:
        return bytes((self._generator * self._to_scalar(secret)).to_compressed_bytes())

    def _to_scalar(self, secret: int) -> Any:
        return self._scalar.from_be_bytes(secret.to_bytes(32, "big"))

    def sign(self, secret: int, message: bytes) -> bytes:
        point = self._message_point(message) * self._to_scalar(secret)
        return bytes(point.to_compressed_bytes())

    def check_public_key(self, pubkey: bytes) -> None:
        self._public_point(pubkey)

    def aggregate_public_keys(self, pubkeys: Sequence[bytes]) -> bytes:
        return bytes(self._sum_of_public_keys(pubkeys).to_compressed_bytes())

    def aggregate_signatures(self, signatures: Sequence[bytes]) -> bytes:
        total = self._g2.identity()
        for signature in signatures:
            _check_infinity(signature)
            total = total + self._g2.from_compressed_bytes_unchecked(signature)
        return bytes(total.to_compressed_bytes())

    def verify_aggregate(
        self, pubkeys: Sequence[bytes], messages: Sequence[bytes], signature: bytes
    ) -> bool:
        keys = [self._public_point(pubkey) for pubkey in pubkeys]
        return self._check_pairing(keys, messages, signature)

    def verify_same_message(
        self, pubkeys: Sequence[bytes], message: bytes, signature: bytes
    ) -> bool:
        total = self._sum_of_public_keys(pubkeys)
        if total == self._infinity:
            return False  # keys that cancel out would let the signature at infinity pass
        return self._check_pairing([total], [message], signature)

    def _check_pairing(self, keys: list[Any], messages: Sequence[bytes], signature: bytes) -> bool:
        _check_infinity(signature)
        signed = self._g2.from_compressed_bytes(signature)
        hashed = [self._message_point(message) for message in messages]
        return bool(self._gt.pairing_check([*keys, self._minus_generator], [*hashed, signed]))


class Milagro:
    """milagro-bls-binding: an implementation of its own, in Rust."""

    def __init__(self, library: ModuleType) -> None:
        self._library: Any = library

    def public_key(self, secret: int) -> bytes:
        return bytes(self._library.SkToPk(secret.to_bytes(32, "big")))

    def sign(self, secret: int, message: bytes) -> bytes:
        return bytes(self._library.Sign(secret.to_bytes(32, "big"), message))

    def check_public_key(self, pubkey: bytes) -> None:
        self.aggregate_public_keys([pubkey])

    def aggregate_public_keys(self, pubkeys: Sequence[bytes]) -> bytes:
        if INFINITY_PUBKEY in pubkeys:
            raise ValueError("a public key is the point at infinity")
        return bytes(self._library._AggregatePKs([bytes(pubkey) for pubkey in pubkeys]))

    def aggregate_signatures(self, signatures: Sequence[bytes]) -> bytes:
        return bytes(self._library.Aggregate([bytes(signature) for signature in signatures]))

    def verify_aggregate(
        self, pubkeys: Sequence[bytes], messages: Sequence[bytes], signature: bytes
    ) -> bool:
        for pubkey in pubkeys:
            self.check_public_key(pubkey)
        if len(pubkeys) == 1:
            return bool(self._library.Verify(pubkeys[0], messages[0], signature))
        return bool(self._library.AggregateVerify(list(pubkeys), list(messages), signature))

    def verify_same_message(
        self, pubkeys: Sequence[bytes], message: bytes, signature: bytes
    ) -> bool:
        return bool(self._library.FastAggregateVerify(list(pubkeys), message, signature))


class PyEcc:
    """py-ecc: Python throughout, slow, the one to read."""

    def __init__(self, library: ModuleType) -> None:
        self._scheme: Any = library.G2ProofOfPossession

    def public_key(self, secret: int) -> bytes:
        return bytes(self._scheme.SkToPk(secret))

    def sign(self, secret: int, message: bytes) -> bytes:
        return bytes(self._scheme.Sign(secret, message))

    def check_public_key(self, pubkey: bytes) -> None:
        if not self._scheme.KeyValidate(pubkey):
            raise ValueError("not a valid public key")

    def aggregate_public_keys(self, pubkeys: Sequence[bytes]) -> bytes:
        for pubkey in pubkeys:
            self.check_public_key(pubkey)
        return bytes(self._scheme._AggregatePKs(list(pubkeys)))

    def aggregate_signatures(self, signatures: Sequence[bytes]) -> bytes:
        return bytes(self._scheme.Aggregate(list(signatures)))

    def verify_aggregate(
        self, pubkeys: Sequence[bytes], messages: Sequence[bytes], signature: bytes
    ) -> bool:
        return bool(self._scheme.AggregateVerify(list(pubkeys), list(messages), signature))

    def verify_same_message(
        self, pubkeys: Sequence[bytes], message: bytes, signature: bytes
    ) -> bool:
        return bool(self._scheme.FastAggregateVerify(list(pubkeys), message, signature))


# name -> (adapter, module to import, distribution to install)
BACKENDS: dict[str, tuple[type[Arkworks] | type[Milagro] | type[PyEcc], str, str]] = {
    "arkworks": (Arkworks, "py_arkworks_bls12381", "py_arkworks_bls12381"),
    "milagro": (Milagro, "milagro_bls_binding", "milagro-bls-binding"),
    "py_ecc": (PyEcc, "py_ecc.bls", "py-ecc"),
}


@lru_cache
def load_backend(name: str) -> Backend:
    """Return the backend called ``name``; raises :class:`BackendUnavailable`."""
    if name not in BACKENDS:
        known = ", ".join(BACKENDS)
        raise BackendUnavailable(f"unknown BLS backend {name!r}: choose one of {known}")
    adapter, module_name, distribution = BACKENDS[name]
    try:
        library = import_module(module_name)
    except ImportError as error:
        raise BackendUnavailable(
            f"BLS backend {name!r} is not available: install {distribution} ({error})"
        ) from error
    return adapter(library)
