"""Signatures that cost nothing, and can be wrong all the same.

Real ones would take most of the time. With signatures off every one is valid, so that nothing would
be left that a wrong one does; here the one made of `WRONG` is not.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from poolspec.runtime import bls

WRONG = b"\x99" * bls.SIGNATURE_LENGTH
"""The signature that nobody has made."""


def _is_right(pubkeys: Sequence[bytes], messages: Sequence[bytes], signature: bytes) -> bool:
    """In the place of a check of one signer or several messages."""
    return bytes(signature) != WRONG


@contextmanager
def marked_signatures() -> Iterator[None]:
    """Switch signatures off for all implementations, except for those that are `WRONG`."""
    was_active, check = bls.bls_active, bls.AggregateVerify
    bls.bls_active = False
    bls.AggregateVerify = _is_right
    try:
        yield
    finally:
        bls.bls_active, bls.AggregateVerify = was_active, check
