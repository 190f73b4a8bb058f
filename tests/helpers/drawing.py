"""Drawing by stake once more, from its definition, for expectations of tests."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

MOST_WEIGHT = 2048 * 10**9
"""Largest effective balance, in Gwei."""


def seed_of(state: Any, epoch: int, domain_type: bytes, mixes: int) -> bytes:
    """The seed of an epoch, from the randomness two epochs before it; the ring has `mixes`."""
    mix = bytes(state.randao_mixes[(epoch - 2) % mixes])
    return sha256(domain_type + epoch.to_bytes(8, "little") + mix).digest()


def draw_by_balance(
    spec: Any, state: Any, candidates: Sequence[int], seed: bytes, count: int
) -> list[int]:
    """So many of the candidates, with repetition, each in proportion to its effective balance."""
    total = len(candidates)
    order = [
        candidates[int(spec.compute_shuffled_index(spec.Uint64(place), spec.Uint64(total), seed))]
        for place in range(total)
    ]
    weights = [int(validator.effective_balance) for validator in state.validators]
    taken: list[int] = []
    draw = 0
    while len(taken) < count:
        block, place = divmod(draw, 16)
        digest = sha256(seed + block.to_bytes(8, "little")).digest()
        number = int.from_bytes(digest[2 * place : 2 * place + 2], "little")
        candidate = order[draw % total]
        if weights[candidate] * 65535 >= MOST_WEIGHT * number:
            taken.append(candidate)
        draw += 1
    return taken
