"""Tables, key lookup, hashing and encoding, each against what it stands for."""

import random
from hashlib import sha256
from typing import Any

import numpy as np
import pytest

import poolspec
from poolspec.engine import hashing
from poolspec.engine.encoding import decode, encode, encode_fields
from poolspec.engine.keys import KeyIndex
from poolspec.engine.registry import Pools
from poolspec.engine.shuffling import shuffle, shuffled_places
from tests.engine.random_states import Maker


def test_tables_grow_and_copy() -> None:
    pools = Pools(2)
    pools.bond[:] = [5, 6]
    rows = pools.extend(3)
    assert (rows.start, rows.stop, len(pools)) == (2, 5, 5)
    pools.bond[4] = 7
    copied = pools.copy()
    copied.bond[0] = 1
    copied.extend(100)
    assert pools.bond.tolist() == [5, 6, 0, 0, 7]
    assert copied.bond[:5].tolist() == [1, 6, 0, 0, 7]


def test_tables_refuse_columns_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="bond"):
        Pools(2).adopt({"bond": np.zeros(3, np.uint64)})
    with pytest.raises(ValueError, match="commission"):
        Pools(2).adopt({"commission": np.zeros(2, np.int64)})


def test_keys_are_found_also_after_rows_were_appended() -> None:
    keys = np.frombuffer(random.Random(1).randbytes(48 * 50), np.uint8).reshape(-1, 48).copy()
    keys[7] = keys[3]
    index = KeyIndex(keys[:40])
    for row in range(40):
        found = index.find(keys[:40], keys[row].tobytes())
        assert found == (3 if row == 7 else row)
    assert index.find(keys[:40], keys[45].tobytes()) is None
    assert index.find(keys, keys[45].tobytes()) == 45
    assert index.find(keys, bytes(48)) is None


def naive_root(leaves: list[bytes], depth: int) -> bytes:
    """The root by the definition."""
    layer = leaves + [bytes(32)] * (2**depth - len(leaves))
    while len(layer) > 1:
        layer = [sha256(layer[i] + layer[i + 1]).digest() for i in range(0, len(layer), 2)]
    return layer[0]


def test_leaf_tree_follows_changes_growth_and_shrinking() -> None:
    generator, tree = random.Random(2), hashing.LeafTree()
    leaves: list[bytes] = []
    for _ in range(60):
        kind = generator.random()
        if kind < 0.4:
            leaves += [generator.randbytes(32) for _ in range(generator.randint(1, 5))]
        elif kind < 0.5:
            leaves = leaves[: generator.randint(0, len(leaves))]
        elif leaves:
            leaves[generator.randrange(len(leaves))] = generator.randbytes(32)
        leaves = leaves[:64]
        array = np.frombuffer(b"".join(leaves), np.uint8).reshape(-1, 32)
        assert tree.root(array, 6) == naive_root(leaves, 6)


@pytest.mark.parametrize("fork", ["fulu", "poolbonds"])
@pytest.mark.parametrize("preset", ["minimal", "mainnet"])
def test_states_survive_the_columns(fork: str, preset: str) -> None:
    spec: Any = poolspec.load(fork, preset)
    memo = None
    for seed in range(5):
        state = Maker(spec, seed).build()
        content = state.encode_bytes()
        columns = decode(spec.BeaconState, content)
        assert encode(spec.BeaconState, columns) == content
        # One memo for all states: what it remembers of another one must not show.
        memo = memo or columns.roots
        parts = encode_fields(spec.BeaconState, columns)
        assert memo.root(spec.BeaconState, parts) == state.hash_tree_root()


def test_copies_of_a_state_are_independent() -> None:
    spec: Any = poolspec.load("poolbonds", "minimal")
    columns = decode(spec.BeaconState, Maker(spec, 3).build().encode_bytes())
    before = encode(spec.BeaconState, columns)
    other = columns.copy()
    other.registry.balances[:] = 1
    other.registry.extend(1)
    other.slashings[0] += 1
    other.randao_mixes[0] = 7
    other.pending_deposits.clear()
    other.justification_bits[0] = not other.justification_bits[0]
    assert encode(spec.BeaconState, columns) == before


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[:100], "ends within"),
        (lambda data: data + b"\0", "pending|pools|penalties|divide|bytes"),
        (lambda data: data[:-4], "divide|bytes|struct"),
    ],
)
def test_damaged_states_are_refused(damage: Any, message: str) -> None:
    spec: Any = poolspec.load("poolbonds", "minimal")
    state = Maker(spec, 3).build()
    state.pending_pool_penalties.append(spec.PendingPoolPenalty())
    with pytest.raises(ValueError, match=message):
        decode(spec.BeaconState, damage(state.encode_bytes()))


def test_lists_by_validator_must_have_one_length() -> None:
    spec: Any = poolspec.load("poolbonds", "minimal")
    state = Maker(spec, 3).build()
    state.balances.append(spec.Gwei(1))
    with pytest.raises(ValueError, match="balances has another length"):
        decode(spec.BeaconState, state.encode_bytes())


@pytest.mark.parametrize("count", [1, 2, 3, 100, 255, 256, 257, 600])
def test_shuffles_agree_with_the_specification(count: int) -> None:
    spec: Any = poolspec.load("fulu", "minimal", fast=False)
    seed = sha256(count.to_bytes(4, "little")).digest()
    places = [
        int(spec.compute_shuffled_index(spec.Uint64(i), spec.Uint64(count), spec.Bytes32(seed)))
        for i in range(count)
    ]
    rounds = int(spec.SHUFFLE_ROUND_COUNT)
    shuffled = shuffle(np.arange(count) + 7, seed, rounds)
    assert (shuffled - 7).tolist() == places
    rows = shuffled_places(np.tile(np.arange(count), (2, 1)), count, [seed, bytes(32)], rounds)
    assert rows[0].tolist() == places
