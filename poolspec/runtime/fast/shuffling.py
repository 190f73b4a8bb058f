"""The swap-or-not shuffle of many places at once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256

import numpy as np
import numpy.typing as npt

__all__ = ["permutation", "shuffled_places"]

Places = npt.NDArray[np.int64]

PLACES_PER_DIGEST = 256


@lru_cache(maxsize=16)
def permutation(count: int, seed: bytes, rounds: int) -> Places:
    """Return where the shuffle of ``count`` places puts each of them; read-only.

    The arguments are the whole input of the shuffle, so the cache is exact.
    """
    places = np.arange(count, dtype=np.int64)
    blocks = range((count + PLACES_PER_DIGEST - 1) // PLACES_PER_DIGEST)
    numbers = [block.to_bytes(4, "little") for block in blocks]
    for current_round in range(rounds):
        round_seed = seed + bytes([current_round])
        pivot = int.from_bytes(sha256(round_seed).digest()[:8], "little") % count
        mirrors = pivot - places
        mirrors[mirrors < 0] += count
        started = sha256(round_seed)
        digests = bytearray()
        for number in numbers:
            source = started.copy()
            source.update(number)
            digests += source.digest()
        bits = np.unpackbits(np.frombuffer(digests, np.uint8), bitorder="little")
        swap = bits[np.maximum(places, mirrors)].view(np.bool_)
        places = np.where(swap, mirrors, places)
    places.flags.writeable = False
    return places


def shuffled_places(
    places: Places, rows: Places, count: int, seeds: Sequence[bytes], rounds: int
) -> Places:
    """Return where shuffles put places, each by the seed that its row names.

    Only the digests that some place needs are computed, so a few places of a large shuffle are
    cheap.
    """
    blocks = (count + PLACES_PER_DIGEST - 1) // PLACES_PER_DIGEST
    first_blocks = rows * blocks
    for current_round in range(rounds):
        round_seeds = [seed + bytes([current_round]) for seed in seeds]
        pivots = [
            int.from_bytes(sha256(round_seed).digest()[:8], "little") % count
            for round_seed in round_seeds
        ]
        mirrors = np.array(pivots, dtype=np.int64)[rows] - places
        mirrors[mirrors < 0] += count
        higher = np.maximum(places, mirrors)
        wanted, where = np.unique(higher // PLACES_PER_DIGEST + first_blocks, return_inverse=True)
        digests = b"".join(
            [
                sha256(round_seeds[row] + block.to_bytes(4, "little")).digest()
                for row, block in (divmod(each, blocks) for each in wanted.tolist())
            ]
        )
        table = np.frombuffer(digests, np.uint8).reshape(-1, 32)
        offsets = higher % PLACES_PER_DIGEST
        digest_bytes = table[where, offsets >> 3]
        swap = (digest_bytes >> (offsets & 7).astype(np.uint8)) & 1 == 1
        places = np.where(swap, mirrors, places)
    return places
