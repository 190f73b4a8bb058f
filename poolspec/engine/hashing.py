"""Hash-tree roots of a state that has changed little since they were last asked for.

What was hashed is remembered with its content, and only what differs from it is hashed again. So
nothing has to be told about changes, and a root can never be stale.
"""

from collections.abc import Callable
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

__all__ = ["ContentMemo", "LeafTree", "merkleize", "mix_in_length", "pack_leaves"]

Leaves = NDArray[np.uint8]

_ZERO_ROOTS = [bytes(32)]
while len(_ZERO_ROOTS) < 64:
    _ZERO_ROOTS.append(sha256(_ZERO_ROOTS[-1] * 2).digest())


def mix_in_length(root: bytes, length: int) -> bytes:
    """Return the root of a list from that of its contents."""
    return sha256(root + length.to_bytes(32, "little")).digest()


def pack_leaves(data: bytes) -> Leaves:
    """Return bytes as leaves (n, 32), the last one padded with zeros."""
    padded = data.ljust((len(data) + 31) // 32 * 32, b"\0")
    return np.frombuffer(padded, np.uint8).reshape(-1, 32)


def _parents(layer: Leaves) -> Leaves:
    """Hash an even number of nodes in pairs."""
    data = layer.tobytes()
    digests = [sha256(data[start : start + 64]).digest() for start in range(0, len(data), 64)]
    return np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32).copy()


def merkleize(leaves: Leaves, depth: int) -> bytes:
    """Return the root over leaves (n, 32), padded with zeros to `2**depth`."""
    return LeafTree().root(leaves, depth)


def _changed_rows(old: Leaves, new: Leaves) -> NDArray[np.int64]:
    """Return where two arrays of leaves differ; rows of `new` beyond the old ones all do."""
    common = min(len(old), len(new))
    words = [np.ascontiguousarray(rows[:common]).view(np.uint64) for rows in (old, new)]
    differs = (words[0] != words[1]).any(axis=1)
    return np.concatenate([np.flatnonzero(differs), np.arange(common, len(new))])


class LeafTree:
    """A Merkle tree over leaves (n, 32) that remembers its layers."""

    def __init__(self) -> None:
        self._layers: list[Leaves] = [np.zeros((0, 32), np.uint8)]

    def root(self, leaves: Leaves, depth: int) -> bytes:
        """Return the root over the leaves, padded with zeros to `2**depth`."""
        if len(leaves) < len(self._layers[0]):
            self._layers = [self._layers[0][:0]]
        changed = _changed_rows(self._layers[0], leaves)
        self._write(0, len(leaves), changed, leaves[changed])
        level = 0
        while len(self._layers[level]) > 1:
            changed = self._update_parents(level, changed)
            level += 1
        top = self._layers[level]
        root = top[0].tobytes() if len(top) else _ZERO_ROOTS[0]
        for height in range(level, depth):
            root = sha256(root + _ZERO_ROOTS[height]).digest()
        return root

    def _write(self, level: int, count: int, rows: NDArray[np.int64], nodes: Leaves) -> None:
        """Put nodes into a layer, which is to have `count` of them."""
        if level == len(self._layers):
            self._layers.append(np.zeros((0, 32), np.uint8))
        layer = self._layers[level]
        if len(layer) < count:
            added = np.zeros((count - len(layer), 32), np.uint8)
            layer = self._layers[level] = np.concatenate([layer, added])
        layer[rows] = nodes

    def _update_parents(self, level: int, changed: NDArray[np.int64]) -> NDArray[np.int64]:
        """Hash what lies above the changed nodes of a layer; return which nodes those are."""
        layer = self._layers[level]
        parents = np.unique(changed // 2)
        pairs = np.empty((len(parents), 64), np.uint8)
        pairs[:, :32] = layer[2 * parents]
        pairs[:, 32:] = layer[np.minimum(2 * parents + 1, len(layer) - 1)]
        if len(layer) % 2 and len(parents) and parents[-1] == len(layer) // 2:
            pairs[-1, 32:] = np.frombuffer(_ZERO_ROOTS[level], np.uint8)
        self._write(level + 1, (len(layer) + 1) // 2, parents, _parents(pairs))
        return parents


class ContentMemo:
    """The last root by the content that gave it."""

    def __init__(self) -> None:
        self._content: bytes | None = None
        self._root = b""

    def root(self, content: bytes, compute: Callable[[bytes], bytes]) -> bytes:
        """Return `compute(content)`, remembered if the content is the same as last time."""
        if content != self._content:
            self._root, self._content = compute(content), content
        return self._root
