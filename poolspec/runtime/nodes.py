"""Work on the immutable binary trees behind SSZ values.

eth-remerkleable defines the nodes: a ``PairNode`` has two children and remembers its root, a
``RootNode`` is a leaf or the summary of a subtree of zeros. The functions here walk and build such
trees without the closures and method calls of the library, and share equal neighbours, so that a
vector of 65,536 equal roots is seventeen nodes and seventeen hashes.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from remerkleable.tree import NavigationError, Node, PairNode, Root, RootNode, zero_hashes

__all__ = [
    "CHUNK_SIZE",
    "Pair",
    "chunk_roots",
    "chunks_to_tree",
    "leaves",
    "mix_in_length",
    "node_at",
    "nodes_to_tree",
    "replace_at",
    "zero_subtree",
]

CHUNK_SIZE = 32

_ZERO_SUBTREES: list[Node] = [RootNode(root) for root in zero_hashes]


class Pair(PairNode):
    """A pair whose root takes one call per pair that is not known yet, and none for leaves."""

    __slots__ = ()

    def combine(self, left: Node, right: Node) -> Node:
        return Pair(left, right)

    def merkle_root(self) -> Root:
        root = self._root
        if root is None:
            left: PairNode = self.left  # type: ignore[assignment]
            right: PairNode = self.right  # type: ignore[assignment]
            left_root = left._root or left.merkle_root()
            right_root = right._root or right.merkle_root()
            root = self._root = Root(sha256(left_root + right_root).digest())
        return root


def zero_subtree(depth: int) -> Node:
    """Return the summary of a subtree of zero chunks."""
    return _ZERO_SUBTREES[depth]


def mix_in_length(contents: Node, length: int) -> Node:
    """Return the tree of a list: its contents, and beside them the number of elements."""
    return Pair(contents, RootNode(length.to_bytes(CHUNK_SIZE, "little")))


def node_at(node: Node, index: int, depth: int) -> Node:
    """Return the node at position ``index`` of the level ``depth`` below ``node``."""
    current: PairNode = node  # type: ignore[assignment]
    try:
        while depth:
            depth -= 1
            current = current.right if index >> depth & 1 else current.left  # type: ignore[assignment]
    except AttributeError:
        raise NavigationError("the tree ends above the node asked for") from None
    return current


def replace_at(node: Node, index: int, depth: int, replacement: Node) -> Node:
    """Return the tree in which the node at ``index`` of level ``depth`` is ``replacement``.

    Summaries of zeros on the way are opened, so that a list can grow into them.
    """
    path: list[PairNode] = []
    current = node
    for level in range(depth - 1, -1, -1):
        if type(current) is RootNode:
            half = _ZERO_SUBTREES[level]
            current = Pair(half, half)
        pair: PairNode = current  # type: ignore[assignment]
        path.append(pair)
        current = pair.right if index >> level & 1 else pair.left
    result = replacement
    for level in range(depth):
        parent = path.pop()
        result = Pair(parent.left, result) if index >> level & 1 else Pair(result, parent.right)
    return result


def _fill(node: Node, levels: int) -> Node:
    for _ in range(levels):
        node = Pair(node, node)
    return node


def _widen(node: Node, depth: int, target_depth: int) -> Node:
    """Put zeros to the right of a tree until it is ``target_depth`` deep."""
    for level in range(depth, target_depth):
        node = Pair(node, _ZERO_SUBTREES[level])
    return node


def nodes_to_tree(nodes: Sequence[Node], depth: int) -> Node:
    """Return the tree of the given depth over ``nodes``, zeros to the right of them.

    Neighbouring pairs of the same two nodes are one object.
    """
    if not nodes:
        return _ZERO_SUBTREES[depth]
    level = 0
    row: Sequence[Node] = nodes
    while len(row) > 1:
        above: list[Node] = []
        pair: PairNode | None = None
        if len(row) & 1:
            row = [*row, _ZERO_SUBTREES[level]]
        rest = iter(row)
        for left, right in zip(rest, rest, strict=True):
            if pair is None or pair.left is not left or pair.right is not right:
                pair = Pair(left, right)
            above.append(pair)
        row = above
        level += 1
    return _widen(row[0], level, depth)


def chunks_to_tree(data: bytes, depth: int) -> Node:
    """Return the tree of the given depth over ``data``, cut into chunks and padded with zeros."""
    if not data:
        return _ZERO_SUBTREES[depth]
    if len(data) % CHUNK_SIZE:
        data += bytes(-len(data) % CHUNK_SIZE)
    return _chunk_tree(data, depth)


def _chunk_tree(data: bytes, target_depth: int) -> Node:
    """Return the tree over one or more whole chunks.

    A full subtree of equal chunks is found by comparing the bytes with themselves, one chunk on.
    """
    depth = (len(data) // CHUNK_SIZE - 1).bit_length()
    if depth < target_depth:
        return _widen(_chunk_tree(data, depth), depth, target_depth)
    if depth == 0:
        return RootNode(data)
    half = CHUNK_SIZE << (depth - 1)
    first, last = data[:CHUNK_SIZE], data[-CHUNK_SIZE:]
    if len(data) == 2 * half and first == last and data[CHUNK_SIZE:] == data[:-CHUNK_SIZE]:
        return _fill(RootNode(first), depth)
    return Pair(_chunk_tree(data[:half], depth - 1), _chunk_tree(data[half:], depth - 1))


def leaves(node: Node, depth: int, count: int) -> list[Node]:
    """Return the first ``count`` nodes of the level ``depth`` below ``node``, in order."""
    if count == 0:
        return []
    own_depth = (count - 1).bit_length()
    row = [node_at(node, 0, depth - own_depth)]
    for level in range(own_depth - 1, -1, -1):
        row = _children(row, level)
        del row[(count + (1 << level) - 1) >> level :]
    return row


def _children(row: Sequence[Node], level: int) -> list[Node]:
    below: list[Node] = []
    for node in row:
        # All leaves are of this one class; isinstance would go through the library's protocols.
        if type(node) is not RootNode:
            pair: PairNode = node  # type: ignore[assignment]
            below.append(pair.left)
            below.append(pair.right)
        elif node.root == zero_hashes[level + 1]:
            below += (_ZERO_SUBTREES[level], _ZERO_SUBTREES[level])
        else:
            raise NavigationError("the tree ends above the nodes asked for")
    return below


def chunk_roots(node: Node, depth: int, count: int) -> bytes:
    """Return the first ``count`` chunks below ``node``, joined."""
    return b"".join([leaf.root for leaf in leaves(node, depth, count)])
