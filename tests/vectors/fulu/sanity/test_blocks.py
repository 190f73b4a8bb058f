"""Whole blocks."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.blocks import build_empty_block, build_empty_block_for_next_slot, sign_block
from tests.helpers.running import run_blocks

pytestmark = pytest.mark.vectors(runner="sanity", handler="blocks", forks=["fulu", "poolbonds"])


def test_empty_block(spec: Any, state: Any, vector: Recorder) -> None:
    """It changes the randomness by the hash of its reveal, and is remembered by its header."""
    mix = spec.get_randao_mix(state, 0)
    (signed,) = run_blocks(spec, state, vector, [build_empty_block_for_next_slot(spec, state)])
    revealed = spec.hash(signed.message.body.randao_reveal)
    assert spec.get_randao_mix(state, 0) == bytes(a ^ b for a, b in zip(mix, revealed, strict=True))
    assert state.latest_block_header.body_root == spec.hash_tree_root(signed.message.body)


def test_two_blocks_with_an_empty_slot_between(spec: Any, state: Any, vector: Recorder) -> None:
    run_blocks(
        spec,
        state,
        vector,
        [
            lambda before: build_empty_block(spec, before, 1),
            lambda before: build_empty_block(spec, before, 3),
        ],
    )
    assert state.slot == 3
    assert state.block_roots[1] == state.block_roots[2] != state.block_roots[0]


def test_block_of_another_proposer(spec: Any, state: Any, vector: Recorder) -> None:
    block = build_empty_block_for_next_slot(spec, state)
    block.proposer_index = (block.proposer_index + 1) % len(state.validators)
    run_blocks(
        spec,
        state,
        vector,
        [block],
        valid=False,
        reason="the proposer is not the one drawn for the slot",
    )


def test_wrong_state_root(spec: Any, state: Any, vector: Recorder) -> None:
    block = build_empty_block_for_next_slot(spec, state)
    block.state_root = spec.Root(b"\x01" * 32)
    signed = sign_block(spec, state, block)
    run_blocks(
        spec,
        state,
        vector,
        [signed],
        valid=False,
        reason="the state root is not that of the state after the block",
    )


@pytest.mark.bls
def test_wrong_signature(spec: Any, state: Any, vector: Recorder) -> None:
    after = state.copy()
    block = build_empty_block_for_next_slot(spec, state)
    spec.state_transition(after, spec.SignedBeaconBlock(message=block), validate_result=False)
    block.state_root = spec.hash_tree_root(after)
    other = block.copy()
    other.body.graffiti = spec.Bytes32(b"\x01" * 32)
    signature = sign_block(spec, state, other).signature
    run_blocks(
        spec,
        state,
        vector,
        [spec.SignedBeaconBlock(message=block, signature=signature)],
        valid=False,
        reason="the signature is over another block",
    )
