"""Fast functions around committees: who sits in them, who voted, whose keys signed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
from remerkleable.tree import Node

from poolspec.runtime import bls
from poolspec.runtime.fast.accessors import index_list
from poolspec.runtime.fast.columns import NodeCache
from poolspec.runtime.fast.contract import Function
from poolspec.runtime.fast.shuffling import permutation
from poolspec.runtime.fast.state import columns_of
from poolspec.runtime.fast.tree import field_getter

__all__ = [
    "make_compute_committee",
    "make_compute_shuffled_index",
    "make_get_attesting_indices",
    "make_get_beacon_committee",
    "make_is_valid_indexed_attestation",
]

# Shuffling a list as a whole is worth it up to this length for a single index.
WHOLE_SHUFFLE_LIMIT = 2**14


def make_compute_shuffled_index(spec: ModuleType, plain: Function) -> Function:
    def compute_shuffled_index(index: int, index_count: int, seed: bytes) -> Any:
        if not 0 <= index < index_count <= WHOLE_SHUFFLE_LIMIT:
            return plain(index, index_count, seed)
        rounds = int(spec.SHUFFLE_ROUND_COUNT)
        return spec.Uint64(int(permutation(int(index_count), bytes(seed), rounds)[int(index)]))

    return compute_shuffled_index


def make_compute_committee(spec: ModuleType, plain: Function) -> Function:
    def compute_committee(indices: Sequence[Any], seed: bytes, index: int, count: int) -> list[Any]:
        total = len(indices)
        if not 0 <= index < count < 2**16 or not 0 < total < 2**40:
            return list(plain(indices, seed, index, count))
        first, end = total * int(index) // int(count), total * (int(index) + 1) // int(count)
        places = permutation(total, bytes(seed), int(spec.SHUFFLE_ROUND_COUNT))[first:end]
        return [indices[place] for place in places.tolist()]

    return compute_committee


class Committees:
    """The committees of one epoch, cut from the shuffled active set when they are asked for."""

    def __init__(self, shuffled: npt.NDArray[np.int64], count: int) -> None:
        self._shuffled = shuffled
        self._count = count
        self._members: dict[int, list[Any]] = {}

    def members(self, spec: ModuleType, index: int, registry_count: int) -> list[Any]:
        """Return the members of a committee, ``index`` counting through the epoch."""
        members = self._members.get(index)
        if members is None:
            total = self._shuffled.size
            first, end = total * index // self._count, total * (index + 1) // self._count
            members = index_list(spec, self._shuffled[first:end], registry_count)
            self._members[index] = members
        return members


class CommitteeCache:
    """Committees by registry, epoch and seed, which determine them."""

    def __init__(self, spec: ModuleType) -> None:
        self._spec = spec
        self._columns = columns_of(spec)
        self._validators = field_getter(spec.BeaconState, "validators")
        self._by_node: NodeCache[dict[tuple[int, bytes], Committees]] = NodeCache(6)

    def members(self, state: Any, slot: int, index: int) -> list[Any] | None:
        """Return a committee's members; ``None`` if there is no such committee."""
        spec = self._spec
        slots = int(spec.SLOTS_PER_EPOCH)
        epoch = spec.compute_epoch_at_slot(slot)
        per_slot = int(spec.get_committee_count_per_slot(state, epoch))
        registry = self._columns.registry(state)
        position = int(slot) % slots * per_slot + int(index)
        if not 0 <= position < per_slot * slots or registry.active_indices(int(epoch)).size == 0:
            return None
        seed = bytes(spec.get_seed(state, epoch, spec.DOMAIN_BEACON_ATTESTER))
        node: Node = self._validators(state)
        known = self._by_node.get(node)
        if known is None:
            known = self._by_node.put(node, {})
        committees = known.get((int(epoch), seed))
        if committees is None:
            active = registry.active_indices(int(epoch))
            places = permutation(active.size, seed, int(spec.SHUFFLE_ROUND_COUNT))
            committees = Committees(active[places], per_slot * slots)
            known[int(epoch), seed] = committees
        return committees.members(spec, position, registry.count)


def make_get_beacon_committee(spec: ModuleType, plain: Function) -> Function:
    cache = CommitteeCache(spec)

    def get_beacon_committee(state: Any, slot: int, index: int) -> Sequence[Any]:
        members = cache.members(state, slot, index)
        # A list of its own, because a caller may change what it gets.
        return list(plain(state, slot, index) if members is None else members)

    return get_beacon_committee


def make_get_attesting_indices(spec: ModuleType, plain: Function) -> Function:
    def get_attesting_indices(state: Any, attestation: Any) -> set[Any]:
        slot = attestation.data.slot
        members: list[Any] = []
        for committee_index in spec.get_committee_indices(attestation.committee_bits):
            members += spec.get_beacon_committee(state, slot, committee_index)
        bits = list(attestation.aggregation_bits)
        if len(bits) < len(members):
            return set(plain(state, attestation))
        return {member for member, bit in zip(members, bits, strict=False) if bit}

    return get_attesting_indices


def make_is_valid_indexed_attestation(spec: ModuleType, plain: Function) -> Function:
    columns = columns_of(spec)

    def is_valid_indexed_attestation(state: Any, indexed_attestation: Any) -> bool:
        attesters = list(indexed_attestation.attesting_indices)
        pubkeys = columns.registry(state).keys.pubkeys
        if not attesters or attesters[-1] >= len(pubkeys):
            return bool(plain(state, indexed_attestation))
        if any(left >= right for left, right in pairwise(attesters)):
            return False
        data = indexed_attestation.data
        domain = spec.get_domain(state, spec.DOMAIN_BEACON_ATTESTER, data.target.epoch)
        return bls.FastAggregateVerify(
            [pubkeys[index] for index in attesters],
            spec.compute_signing_root(data, domain),
            indexed_attestation.signature,
        )

    return is_valid_indexed_attestation
