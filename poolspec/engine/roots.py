"""The hash-tree root of a state, field by field, hashing only what has changed."""

from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from poolspec.engine.hashing import (
    ContentMemo,
    LeafTree,
    merkleize,
    mix_in_length,
    pack_leaves,
)
from poolspec.runtime.codec import codec_of

__all__ = ["RootMemo"]

_VALIDATOR_SIZE = 121
_CHUNK = 32


def _depth(leaves: int) -> int:
    return max(leaves - 1, 0).bit_length()


def _validator_root(row: bytes) -> bytes:
    """Return the root of a validator from its encoding of 121 bytes."""
    key = sha256(row[:48].ljust(64, b"\0")).digest()
    numbers = [row[start : start + 8].ljust(32, b"\0") for start in range(89, 121, 8)]
    leaves = [key, row[48:80], row[80:88].ljust(32, b"\0"), row[88:89].ljust(32, b"\0"), *numbers]
    while len(leaves) > 1:
        leaves = [sha256(leaves[i] + leaves[i + 1]).digest() for i in range(0, len(leaves), 2)]
    return leaves[0]


class _ValidatorRoots:
    """The roots of all validators, of which only those that differ are reckoned again."""

    def __init__(self) -> None:
        self._rows = np.zeros((0, _VALIDATOR_SIZE), np.uint8)
        self._roots = np.zeros((0, _CHUNK), np.uint8)

    def update(self, content: bytes) -> NDArray[np.uint8]:
        """Return the roots (n, 32) of the validators that the bytes encode."""
        rows = np.frombuffer(content, np.uint8).reshape(-1, _VALIDATOR_SIZE)
        common = min(len(rows), len(self._rows))
        differs = (rows[:common] != self._rows[:common]).any(axis=1)
        changed = np.concatenate([np.flatnonzero(differs), np.arange(common, len(rows))])
        roots = np.zeros((len(rows), _CHUNK), np.uint8)
        roots[:common] = self._roots[:common]
        for index in changed.tolist():
            roots[index] = np.frombuffer(_validator_root(rows[index].tobytes()), np.uint8)
        self._rows, self._roots = rows, roots
        return roots


class RootMemo:
    """What of a state was hashed before, by field. Copies of a state may share one."""

    def __init__(self) -> None:
        self._trees: dict[str, LeafTree] = {}
        self._contents: dict[str, ContentMemo] = {}
        self._validators = _ValidatorRoots()

    def root(self, state_type: Any, parts: dict[str, bytes]) -> bytes:
        """Return the root of a state from the encodings of its fields, in order.

        `state_type` is the compiled `BeaconState`, which says what type each field has.
        """
        types = state_type.fields()
        field_roots = [self._field_root(name, types[name], parts[name]) for name in parts]
        return merkleize(pack_leaves(b"".join(field_roots)), _depth(len(field_roots)))

    def _field_root(self, name: str, field_type: Any, content: bytes) -> bytes:
        memo = self._contents.setdefault(name, ContentMemo())
        return memo.root(content, lambda data: self._compute(name, field_type, data))

    def _compute(self, name: str, field_type: Any, content: bytes) -> bytes:
        if name == "validators":
            roots = self._validators.update(content)
            return self._list_root(name, roots, len(roots), _depth(field_type.limit()))
        if not hasattr(field_type, "element_cls"):
            return bytes(field_type.decode_bytes(content).hash_tree_root())
        width = codec_of(field_type.element_cls()).size
        if width not in (1, 8, _CHUNK) or name == "justification_bits":
            return bytes(field_type.decode_bytes(content).hash_tree_root())
        leaves, per_leaf = pack_leaves(content), _CHUNK // width
        if codec_of(field_type).size is not None:
            return self._tree(name).root(leaves, _depth(len(leaves)))
        depth = _depth((field_type.limit() + per_leaf - 1) // per_leaf)
        return self._list_root(name, leaves, len(content) // width, depth)

    def _list_root(self, name: str, leaves: NDArray[np.uint8], length: int, depth: int) -> bytes:
        return mix_in_length(self._tree(name).root(leaves, depth), length)

    def _tree(self, name: str) -> LeafTree:
        return self._trees.setdefault(name, LeafTree())
