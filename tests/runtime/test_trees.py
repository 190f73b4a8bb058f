"""Building, comparing and rewriting trees, and the columns read from them."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from remerkleable.tree import (
    NavigationError,
    Node,
    RootNode,
    get_depth,
    subtree_fill_to_contents,
    to_gindex,
)

from poolspec.runtime import nodes, ssz
from poolspec.runtime.fast.columns import NodeCache, PackedColumns, exact_sum
from poolspec.runtime.fast.registry import Registries
from poolspec.runtime.fast.shuffling import permutation, shuffled_places
from poolspec.runtime.fast.tree import changed_leaves, replace_many
from tests.runtime.states import random_state, random_validator


def _leaves(random: Random, count: int) -> list[Node]:
    return [RootNode(random.choice([bytes(32), random.randbytes(32)])) for _ in range(count)]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5, 8, 31, 64, 65])
@pytest.mark.parametrize("spare", [0, 1, 12])
def test_trees_equal_the_librarys(count: int, spare: int) -> None:
    random = Random(count)
    depth = get_depth(count) + spare
    leaves = _leaves(random, count)
    expected = subtree_fill_to_contents(leaves, depth).merkle_root()
    tree = nodes.nodes_to_tree(leaves, depth)
    assert tree.merkle_root() == expected
    data = b"".join(leaf.root for leaf in leaves)
    assert nodes.chunks_to_tree(data, depth).merkle_root() == expected
    assert nodes.chunk_roots(tree, depth, count) == data
    for position, leaf in enumerate(leaves):
        assert nodes.node_at(tree, position, depth) is leaf


def test_equal_chunks_share_nodes() -> None:
    tree: Any = nodes.chunks_to_tree(b"\x07" * 32 * 1024, 10)
    for _ in range(10):
        assert tree.left is tree.right
        tree = tree.left


def test_replacing_into_zeros() -> None:
    tree = nodes.zero_subtree(5)
    leaf = RootNode(b"\x01" * 32)
    expected: list[Node] = [RootNode(bytes(32))] * 32
    expected[9] = leaf
    replaced = nodes.replace_at(tree, 9, 5, leaf)
    assert replaced.merkle_root() == subtree_fill_to_contents(expected, 5).merkle_root()
    assert tree.merkle_root() == nodes.zero_subtree(5).merkle_root()


def test_walking_off_the_tree() -> None:
    with pytest.raises(NavigationError):
        nodes.node_at(RootNode(b"\x01" * 32), 0, 1)
    with pytest.raises(NavigationError):
        nodes.leaves(RootNode(b"\x01" * 32), 2, 4)


@pytest.mark.parametrize("seed", range(20))
def test_differences_and_replacements(seed: int) -> None:
    random = Random(seed)
    count = random.randrange(1, 200)
    depth = get_depth(count) + random.randrange(6)
    old = nodes.nodes_to_tree(_leaves(random, count), depth)
    positions = sorted(random.sample(range(count), random.randrange(count)))
    fresh: list[Node] = [RootNode(random.randbytes(32)) for _ in positions]
    new = replace_many(old, depth, positions, fresh)
    one_by_one = old
    for position, node in zip(positions, fresh, strict=True):
        one_by_one = nodes.replace_at(one_by_one, position, depth, node)
        assert new.getter(to_gindex(position, depth)) is node
    assert new.merkle_root() == one_by_one.merkle_root()
    assert changed_leaves(old, new, depth, count, count) == list(zip(positions, fresh, strict=True))
    if positions:
        assert changed_leaves(old, new, depth, count, len(positions) - 1) is None


OURS: Any = ssz
Numbers = OURS.List[ssz.Uint64, 2**40]  # four to a chunk
Flags = OURS.List[ssz.Uint8, 2**40]  # thirty-two to a chunk
Ring = OURS.Vector[ssz.Uint64, 70]  # which does not fill its last chunk


@pytest.mark.parametrize("view", [Numbers, Flags, Ring])
def test_columns_follow_changes(view: Any) -> None:
    random = Random(view.__name__)
    columns = PackedColumns(view)
    most = 2 ** (8 * view.element_cls().type_byte_length()) - 1
    value = view([random.randrange(most) for _ in range(70)])
    for _ in range(60):
        assert columns.read(value.get_backing()).tolist() == list(value)
        change = random.randrange(4)
        if change == 0 and view is not Ring:
            value.append(random.randrange(most))
        elif change == 1 and view is not Ring:
            value.pop()
        elif change == 2:
            value[random.randrange(len(value))] = random.randrange(most)
        else:
            updated = columns.read(value.get_backing()).copy()
            updated[random.randrange(updated.size) :: 7] = most
            before = value.get_backing()
            value = view.view_from_backing(columns.write(before, updated))
            assert list(value) == updated.tolist()
            assert value.hash_tree_root() == view(updated.tolist()).hash_tree_root()


def test_writing_what_is_there_keeps_the_tree() -> None:
    columns = PackedColumns(Numbers)
    node = Numbers(list(range(50))).get_backing()
    assert columns.write(node, columns.read(node)) is node
    changed = columns.read(node).copy()
    changed[49] = 0
    old, new = node.get_left(), columns.write(node, changed).get_left()
    assert changed_leaves(old, new, Numbers.contents_depth(), 13, 13) is not None
    assert len(changed_leaves(old, new, Numbers.contents_depth(), 13, 13) or ()) == 1


def test_columns_are_read_only() -> None:
    column = PackedColumns(Numbers).read(Numbers([1, 2]).get_backing())
    with pytest.raises(ValueError, match="read-only"):
        column[0] = 5


def test_sums_do_not_wrap() -> None:
    column = np.array([2**64 - 1, 2**64 - 1, 3], dtype=np.uint64)
    assert exact_sum(column) == 2**65 + 1
    assert exact_sum(column[:0]) == 0
    assert exact_sum(np.array([4, 5], dtype=np.uint64)) == 9


def test_cache_is_bounded_and_by_identity() -> None:
    cache: NodeCache[int] = NodeCache(2)
    first, second, third = (RootNode(bytes(32)) for _ in range(3))
    assert cache.latest() is None
    cache.put(first, 1)
    cache.put(second, 2)
    assert cache.get(first) == 1
    cache.put(third, 3)
    assert (cache.get(first), cache.get(second), cache.get(third)) == (1, None, 3)
    assert cache.latest() == (third, 3)


def test_registries_follow_changes(plain_spec: Any) -> None:
    random = Random(5)
    state = random_state(plain_spec, random, 80)
    following = Registries(plain_spec.Validators)
    for step in range(60):
        registry = following.of(state.validators.get_backing())
        anew = Registries(plain_spec.Validators).of(state.validators.get_backing())
        for name, column in anew.columns.items():
            assert registry.columns[name].tolist() == column.tolist()
        assert registry.keys.pubkeys == anew.keys.pubkeys
        assert registry.keys.positions == anew.keys.positions
        assert registry.keys.are_distinct == anew.keys.are_distinct
        validator = random_validator(plain_spec, random, step % 90, 3, hostile=False)
        if step % 3:
            state.validators[random.randrange(len(state.validators))] = validator
        else:
            state.validators.append(validator)


@pytest.mark.parametrize("count", [1, 2, 33, 256, 257, 600])
def test_shuffles_of_many_places(plain_spec: Any, count: int) -> None:
    seeds = [bytes([number]) * 32 for number in range(3)]
    rounds = int(plain_spec.SHUFFLE_ROUND_COUNT)
    wanted = [
        [int(plain_spec.compute_shuffled_index(i, count, ssz.Bytes32(seed))) for i in range(count)]
        for seed in seeds
    ]
    for seed, expected in zip(seeds, wanted, strict=True):
        assert permutation(count, seed, rounds).tolist() == expected
    random = Random(count)
    rows = np.array([random.randrange(3) for _ in range(40)])
    places = np.array([random.randrange(count) for _ in range(40)])
    got = shuffled_places(places, rows, count, seeds, rounds)
    assert got.tolist() == [wanted[row][place] for row, place in zip(rows, places, strict=True)]
