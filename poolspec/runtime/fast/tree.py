"""Comparing and rebuilding large trees: what columns are read from and written back to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

from remerkleable.tree import Node, PairNode, RootNode

from poolspec.runtime.nodes import Pair, zero_subtree

__all__ = ["changed_leaves", "field_getter", "leaf_getter", "replace_many"]


def _path(container: Any, field: str) -> list[str]:
    index = container._field_indices[field]
    depth = container.tree_depth()
    return ["right" if index >> level & 1 else "left" for level in range(depth - 1, -1, -1)]


def field_getter(container: Any, field: str) -> Callable[[Any], Node]:
    """Return a function that gives the node of a field, from a view of the container."""
    return attrgetter(".".join(["_backing", *_path(container, field)]))


def leaf_getter(container: Any, field: str) -> Callable[[Any], bytes]:
    """Return a function that gives the root of a one-leaf field, from a container's node."""
    return attrgetter(".".join([*_path(container, field), "_root"]))


def _children(node: Node, depth: int) -> tuple[Node, Node]:
    if type(node) is RootNode:
        zero = zero_subtree(depth - 1)
        return zero, zero
    pair: PairNode = node  # type: ignore[assignment]
    return pair.left, pair.right


def changed_leaves(
    old: Node, new: Node, depth: int, count: int, limit: int
) -> list[tuple[int, Node]] | None:
    """Return the nodes among the first ``count`` of level ``depth`` that are not those of ``old``.

    They come with their positions, in order. Shared parts are not entered. ``None`` means that more
    than ``limit`` differ, so that reading all is better.
    """
    changes: list[tuple[int, Node]] = []
    stack = [(old, new, depth, 0)]
    while stack:
        before, after, level, position = stack.pop()
        if before is after or position << level >= count:
            continue
        if level == 0:
            changes.append((position, after))
            if len(changes) > limit:
                return None
            continue
        before_left, before_right = _children(before, level)
        after_left, after_right = _children(after, level)
        stack.append((before_right, after_right, level - 1, 2 * position + 1))
        stack.append((before_left, after_left, level - 1, 2 * position))
    return changes


def replace_many(node: Node, depth: int, positions: Sequence[int], nodes: Sequence[Node]) -> Node:
    """Return the tree with ``nodes`` at ``positions`` (ascending) of level ``depth``."""
    if not positions:
        return node
    # The places on the ways to the positions, level by level from below.
    places: list[Sequence[int]] = [positions]
    for _ in range(depth - 1):
        places.append(list(dict.fromkeys(place >> 1 for place in places[-1])))
    # From the top down, the nodes in those places; then up again, pair by pair.
    ways: list[dict[int, Node]] = [{0: node}]
    for level in range(depth, 0, -1):
        below: dict[int, Node] = {}
        for place in places[level - 1]:
            pair = _children(ways[-1][place >> 1], level)
            below[place] = pair[place & 1]
        ways.append(below)
    row = dict(zip(positions, nodes, strict=True))
    for level in range(depth):
        parents = ways[depth - level - 1]
        above: dict[int, Node] = {}
        for place, parent in parents.items():
            left, right = _children(parent, level + 1)
            above[place] = Pair(row.get(2 * place, left), row.get(2 * place + 1, right))
        row = above
    return row[0]
