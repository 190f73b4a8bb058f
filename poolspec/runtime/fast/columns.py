"""The big lists of a state as numpy columns, kept in step with the trees.

A column belongs to one node of a tree. Nodes never change, so whoever holds the node can trust the
column; the caches here hold both. When a list has changed, the column of its new node is made from
that of the last one by looking only at the parts where the two trees differ. Columns are shared and
therefore read-only.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt
from remerkleable.tree import Node, RootNode

from poolspec.runtime.codec import list_length
from poolspec.runtime.fast.tree import changed_leaves, replace_many
from poolspec.runtime.nodes import (
    CHUNK_SIZE,
    chunk_roots,
    mix_in_length,
    nodes_to_tree,
)

__all__ = ["UINT64_MAX", "Column", "Flags", "Mask", "NodeCache", "PackedColumns", "exact_sum"]

Column = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
AnyColumn = npt.NDArray[Any]

UINT64_MAX = 2**64 - 1

Value = TypeVar("Value")


class NodeCache(Generic[Value]):
    """Values that belong to nodes, the most recently used few of them.

    A node that is in the cache is kept alive by it, so its identity cannot be taken by another.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._entries: OrderedDict[int, tuple[Node, Value]] = OrderedDict()

    def get(self, node: Node) -> Value | None:
        """Return the value of this very node."""
        entry = self._entries.get(id(node))
        if entry is None:
            return None
        self._entries.move_to_end(id(node))
        return entry[1]

    def latest(self) -> tuple[Node, Value] | None:
        """Return the node used last, and its value."""
        return next(reversed(self._entries.values())) if self._entries else None

    def put(self, node: Node, value: Value) -> Value:
        """Remember the value of a node, and forget the one not used for longest."""
        self._entries[id(node)] = (node, value)
        self._entries.move_to_end(id(node))
        while len(self._entries) > self._size:
            self._entries.popitem(last=False)
        return value


def exact_sum(column: Column) -> int:
    """Return the sum of a column, however large."""
    if column.size == 0:
        return 0
    if int(column.max()) * column.size <= UINT64_MAX:
        return int(np.sum(column))
    return sum(int(value) for value in column.tolist())


class PackedColumns:
    """Columns of lists or vectors of small integers, packed in chunks."""

    def __init__(self, view: Any, size: int = 6) -> None:
        width = view.element_cls().type_byte_length()
        self._dtype = np.dtype(f"<u{width}")
        self._per_chunk: int = CHUNK_SIZE // width
        self._is_list = hasattr(view, "contents_depth")
        self._depth: int = view.contents_depth() if self._is_list else view.tree_depth()
        self._length = 0 if self._is_list else int(view.vector_length())
        self._cache: NodeCache[AnyColumn] = NodeCache(size)

    def read(self, node: Node) -> AnyColumn:
        """Return the column of the list or vector behind ``node``."""
        column = self._cache.get(node)
        if column is None:
            column = self._follow(node)
            if column is None:
                column = self._extract(node)
            column.flags.writeable = False
            self._cache.put(node, column)
        return column

    def _parts(self, node: Node) -> tuple[Node, int]:
        if self._is_list:
            return node.get_left(), list_length(node)
        return node, self._length

    def _chunks(self, count: int) -> int:
        return -(-count // self._per_chunk)

    def _extract(self, node: Node) -> AnyColumn:
        contents, count = self._parts(node)
        data = chunk_roots(contents, self._depth, self._chunks(count))
        return np.frombuffer(data, self._dtype)[:count]

    def _follow(self, node: Node) -> AnyColumn | None:
        """Make the column from the last one, unless too much has changed."""
        latest = self._cache.latest()
        if latest is None:
            return None
        old_contents, _ = self._parts(latest[0])
        contents, count = self._parts(node)
        chunks = self._chunks(count)
        changes = changed_leaves(old_contents, contents, self._depth, chunks, chunks // 8 + 4)
        if changes is None:
            return None
        rows = np.zeros(chunks * self._per_chunk, self._dtype)
        kept = min(count, latest[1].size)
        rows[:kept] = latest[1][:kept]
        table = rows.reshape(chunks, self._per_chunk)
        for position, leaf in changes:
            table[position] = np.frombuffer(leaf.root, self._dtype)
        return rows[:count]

    def write(self, node: Node, column: AnyColumn) -> Node:
        """Return the tree of the list with the values of ``column``, of the same length.

        Chunks that stay as they are keep their nodes.
        """
        old = self.read(node)
        contents, count = self._parts(node)
        chunks = self._chunks(count)
        padded = np.zeros(chunks * self._per_chunk, self._dtype)
        padded[:count] = column
        before = np.zeros_like(padded)
        before[:count] = old
        differs = (padded != before).reshape(chunks, self._per_chunk).any(axis=1)
        positions: list[int] = np.flatnonzero(differs).tolist()
        if not positions:
            return node
        data = padded.tobytes()
        if len(positions) == chunks:
            leaves: list[Node] = [RootNode(data[i : i + 32]) for i in range(0, len(data), 32)]
            contents = nodes_to_tree(leaves, self._depth)
        else:
            leaves = [RootNode(data[32 * i : 32 * i + 32]) for i in positions]
            contents = replace_many(contents, self._depth, positions, leaves)
        result = mix_in_length(contents, count) if self._is_list else contents
        written = padded[:count]
        written.flags.writeable = False
        self._cache.put(result, written)
        return result
