"""SHA-256 as the documents use it."""

from hashlib import sha256

from poolspec.runtime.ssz import Bytes32

__all__ = ["hash"]


def hash(data: bytes) -> Bytes32:
    """Return the SHA-256 digest of ``data``."""
    return Bytes32(sha256(data).digest())
