"""Who is drawn by effective balance, worked out from the rule with hashlib."""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Any

from tests.helpers.genesis import execution_credentials

MAX_WEIGHT = 2048 * 10**9
"""Effective balance that every draw takes, in Gwei."""

PROPOSER_DOMAIN = 0
"""The first byte of the domain that proposers sign blocks and are drawn under."""


def make_heavy(spec: Any, state: Any, indices: Iterable[int]) -> None:
    """Let validators compound, with so much weight that every draw takes them."""
    for index in indices:
        credentials = spec.Bytes32(execution_credentials(index, b"\x02"))
        state.validators[index].withdrawal_credentials = credentials
        state.validators[index].effective_balance = MAX_WEIGHT
        state.balances[index] = MAX_WEIGHT


def make_seed(mix: bytes, domain_type: int, epoch: int) -> bytes:
    """The seed of an epoch for a kind of duty; the mix is that of two epochs before."""
    return sha256(bytes([domain_type, 0, 0, 0]) + epoch.to_bytes(8, "little") + mix).digest()


def slot_seed(seed: bytes, slot: int) -> bytes:
    """The seed of one slot's proposer."""
    return sha256(seed + slot.to_bytes(8, "little")).digest()


def proposer_seeds(spec: Any, mix: bytes, epoch: int) -> list[bytes]:
    """The seeds of an epoch's slots, whose proposers are drawn under a mix."""
    seed = make_seed(mix, PROPOSER_DOMAIN, epoch)
    length = int(spec.SLOTS_PER_EPOCH)
    return [slot_seed(seed, slot) for slot in range(epoch * length, (epoch + 1) * length)]


def draw_value(seed: bytes, draw: int) -> int:
    """The 16 random bits of a draw."""
    digest = sha256(seed + (draw // 16).to_bytes(8, "little")).digest()
    position = 2 * (draw % 16)
    return int.from_bytes(digest[position : position + 2], "little")


def candidates(spec: Any, seed: bytes, active: Sequence[int]) -> Iterator[tuple[int, int]]:
    """All draws one after another: who is drawn, and the random value it must not exceed."""
    count = len(active)
    draw = 0
    while True:
        position = spec.compute_shuffled_index(
            spec.Uint64(draw % count), spec.Uint64(count), spec.Bytes32(seed)
        )
        yield active[int(position)], draw_value(seed, draw)
        draw += 1


def accepted(
    spec: Any,
    state: Any,
    seed: bytes,
    active: Sequence[int],
    count: int,
    *,
    zero_passes: bool = False,
) -> list[int]:
    """The first `count` that are taken.

    A weight passes a random value that is no larger than its part of the largest, in 65,535ths.
    Weight zero would pass the value zero if there was no rule against it: `zero_passes`.
    """
    taken: list[int] = []
    for index, value in candidates(spec, seed, active):
        if len(taken) == count:
            break
        weight = int(state.validators[index].effective_balance)
        if weight * 65_535 >= MAX_WEIGHT * value and (weight > 0 or zero_passes):
            taken.append(index)
    return taken


def first_candidates(spec: Any, seed: bytes, active: Sequence[int], count: int) -> list[int]:
    """Who is drawn first, whatever its weight."""
    drawn = candidates(spec, seed, active)
    return [next(drawn)[0] for _ in range(count)]
