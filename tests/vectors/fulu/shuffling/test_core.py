"""The shuffle: where every place of a list goes."""

from hashlib import sha256
from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder

pytestmark = pytest.mark.vectors(
    runner="shuffling", handler="core", suite="shuffle", forks=["fulu", "poolbonds"]
)

ROUNDS = {"minimal": 10, "mainnet": 90}

SEEDS = {
    "zero": bytes(32),
    "ones": b"\xff" * 32,
    "counting": bytes(range(32)),
    "digest": sha256(b"shuffle").digest(),
}

COUNTS = [0, 1, 2, 3, 5, 33, 100, 255, 256, 257, 513]
"""A digest decides for 256 places, a byte of it for 8."""


def _shuffle(count: int, rounds: int, seed: bytes) -> list[int]:
    """Who is in each place after all rounds: a round swaps some of the pairs around its pivot."""
    places = list(range(count))
    for number in range(rounds if count else 0):
        prefix = seed + bytes([number])
        pivot = int.from_bytes(sha256(prefix).digest()[:8], "little") % count
        blocks = range(count // 256 + 1)
        digests = b"".join(sha256(prefix + at.to_bytes(4, "little")).digest() for at in blocks)
        before = list(places)
        for place in range(count):
            other = (pivot - place) % count
            decider = max(place, other)
            if digests[decider // 8] >> decider % 8 & 1:
                places[place] = before[other]
    return places


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("seed", SEEDS)
def test_shuffle(spec: Any, vector: Recorder, seed: str, count: int) -> None:
    """`mapping[i]` is the place where `i` goes."""
    chosen = SEEDS[seed]
    mapping = [
        int(spec.compute_shuffled_index(spec.Uint64(place), spec.Uint64(count), chosen))
        for place in range(count)
    ]
    shuffled = _shuffle(count, ROUNDS[spec.preset], chosen)
    assert [shuffled[place] for place in mapping] == list(range(count))
    vector.yaml("mapping", {"seed": f"0x{chosen.hex()}", "count": count, "mapping": mapping})
