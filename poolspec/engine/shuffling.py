"""The swap-or-not shuffle, for whole lists and for a few places at a time."""

import hashlib
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from poolspec.engine.numbers import Indices

__all__ = ["Committees", "shuffle", "shuffled_places"]

_PLACES_PER_DIGEST = 256


def _sha256_for_short_messages() -> Callable[[bytes], Any]:
    """Return Python's own SHA-256 if it is there: it starts faster than that of OpenSSL.

    A shuffle takes hundreds of thousands of digests of 37 bytes, a single block each.
    """
    for name in ("_sha2", "_sha256"):
        try:
            own: Callable[[bytes], Any] = import_module(name).sha256
        except (ImportError, AttributeError):
            continue
        return own
    return hashlib.sha256


_sha256 = _sha256_for_short_messages()


@lru_cache(maxsize=2)
def _suffixes(count: int) -> list[bytes]:
    """Return what a round's seed is followed by in each digest for so many places."""
    blocks = (count + _PLACES_PER_DIGEST - 1) // _PLACES_PER_DIGEST
    return [block.to_bytes(4, "little") for block in range(blocks)]


@lru_cache(maxsize=256)
def _pivots(seed: bytes, count: int, rounds: int) -> list[int]:
    """Return the pivots of all rounds."""
    digests = [_sha256(seed + bytes([each])).digest() for each in range(rounds)]
    return [int.from_bytes(digest[:8], "little") % count for digest in digests]


def _round_bits(round_seed: bytes, count: int) -> NDArray[np.uint8]:
    """Return the decision of a round for every place, 0 or 1."""
    digests = [_sha256(round_seed + suffix).digest() for suffix in _suffixes(count)]
    octets = np.frombuffer(b"".join(digests), np.uint8)
    return np.unpackbits(octets, bitorder="little")


def _swap(left: NDArray[np.uint32], right: NDArray[np.uint32], bits: NDArray[np.uint8]) -> None:
    """Exchange the entries of two views where a bit is set, without a branch."""
    difference = left ^ right
    difference *= bits
    left ^= difference
    right ^= difference


def shuffle(indices: Indices, seed: bytes, rounds: int) -> NDArray[np.uint32]:
    """Return the list in which place i holds `indices[shuffled place of i]`.

    Going through the rounds backwards, each of them swaps entries between mirrored places: up to
    the pivot around its middle, beyond it around the middle of the rest.
    """
    shuffled = indices.astype(np.uint32)
    count = len(shuffled)
    if count < 2:
        return shuffled
    for current_round in reversed(range(rounds)):
        pivot = _pivots(seed, count, rounds)[current_round]
        bits = _round_bits(seed + bytes([current_round]), count)
        for first, last in ((0, pivot), (pivot + 1, count - 1)):
            pairs = (last - first + 1) // 2
            lower = slice(first, first + pairs)
            upper = slice(last + 1 - pairs, last + 1)
            _swap(shuffled[lower], shuffled[upper][::-1], bits[upper][::-1])
    return shuffled


def shuffled_places(
    places: NDArray[np.int64], count: int, seeds: list[bytes], rounds: int
) -> NDArray[np.int64]:
    """Return where the permutation of `count` places of each seed puts places: (seeds, n)."""
    moved = places.copy()
    pivots = np.array([_pivots(seed, count, rounds) for seed in seeds], np.int64)
    for current_round in range(rounds):
        round_seeds = [seed + bytes([current_round]) for seed in seeds]
        mirrors = (pivots[:, current_round, None] - moved) % count
        bits = _bits_at(round_seeds, np.maximum(moved, mirrors), _suffixes(count))
        moved = np.where(bits, mirrors, moved)
    return moved


def _bits_at(
    round_seeds: list[bytes], places: NDArray[np.int64], suffixes: list[bytes]
) -> NDArray[np.bool_]:
    """Return the decisions of one round at some places (seeds, n) of each seed."""
    per_seed = places.shape[1]
    prefixes = [each for each in round_seeds for _ in range(per_seed)]
    blocks = (places // _PLACES_PER_DIGEST).ravel().tolist()
    octets = (places % _PLACES_PER_DIGEST // 8).ravel().tolist()
    drawn = bytes(
        [
            _sha256(prefix + suffixes[block]).digest()[octet]
            for prefix, block, octet in zip(prefixes, blocks, octets, strict=True)
        ]
    )
    shifts = (places % 8).astype(np.uint8)
    bits = np.frombuffer(drawn, np.uint8).reshape(places.shape) >> shifts & np.uint8(1)
    return bits.view(np.bool_)


class Committees:
    """The committees of an epoch: its active validators, shuffled and dealt out."""

    def __init__(
        self, active: Indices, seed: bytes, rounds: int, per_slot: int, slots: int
    ) -> None:
        self.per_slot = per_slot
        self._slots = slots
        self._shuffled = shuffle(active, seed, rounds)

    def committee(self, slot: int, index: int) -> NDArray[np.uint32]:
        """Return the members (validator indices) of a slot's committee."""
        number = slot % self._slots * self.per_slot + index
        count = self.per_slot * self._slots
        size = len(self._shuffled)
        return self._shuffled[size * number // count : size * (number + 1) // count]
