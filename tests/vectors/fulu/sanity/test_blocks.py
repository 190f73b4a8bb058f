"""Whole blocks: their place in the chain, and what every block does."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.blocks import (
    build_block_at_slot,
    build_empty_block,
    build_empty_block_for_next_slot,
    propose,
    sign_block,
)
from tests.helpers.epochs import next_slots
from tests.helpers.genesis import BLOCK_HASH
from tests.helpers.keys import secret_key, sign
from tests.helpers.running import run_blocks
from tests.helpers.solo import ETH, bystander, depart, proposer_of
from tests.helpers.sync_committee import build_sync_aggregate

pytestmark = pytest.mark.vectors(runner="sanity", handler="blocks", forks=["fulu", "poolbonds"])


def _rejected(spec: Any, state: Any, vector: Recorder, block: Any, reason: str) -> None:
    run_blocks(spec, state, vector, [block], valid=False, reason=reason)


def _finished(spec: Any, state: Any, block: Any) -> Any:
    """The block with the root of the state after it."""
    after = state.copy()
    spec.state_transition(after, spec.SignedBeaconBlock(message=block), validate_result=False)
    block.state_root = spec.hash_tree_root(after)
    return block


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


@pytest.mark.parametrize("past", [-1, 0, 1], ids=["last_of_epoch", "next_epoch", "second_of_next"])
def test_around_an_epochs_end(spec: Any, state: Any, vector: Recorder, past: int) -> None:
    """The slots before a block pass first, and with them the epoch ends."""
    slot = int(spec.SLOTS_PER_EPOCH) + past
    run_blocks(spec, state, vector, [build_empty_block(spec, state, slot)])
    assert state.slot == slot
    assert [mix != BLOCK_HASH for mix in state.randao_mixes[:2]] == [past < 0, past >= 0]


def test_after_empty_epochs(spec: Any, state: Any, vector: Recorder) -> None:
    """A block whose parent is five epochs old: the chain has begun to leak by then."""
    slot = 7 * int(spec.SLOTS_PER_EPOCH)
    run_blocks(spec, state, vector, [build_empty_block(spec, state, slot)])
    assert set(state.inactivity_scores) == {4}


def test_graffiti(spec: Any, state: Any, vector: Recorder) -> None:
    block = build_empty_block_for_next_slot(spec, state)
    block.body.graffiti = spec.Bytes32(b"\x2a" * 32)
    run_blocks(spec, state, vector, [block])
    assert state.latest_block_header.body_root == spec.hash_tree_root(block.body)


def test_full_sync_committee(spec: Any, state: Any, vector: Recorder) -> None:
    next_slots(spec, state)
    ahead = state.copy()
    next_slots(spec, ahead)
    block = build_block_at_slot(spec, ahead)
    signing = [True] * int(spec.SYNC_COMMITTEE_SIZE)
    block.body.sync_aggregate = build_sync_aggregate(spec, ahead, signing)
    run_blocks(spec, state, vector, [block])
    assert sum(state.balances) > 32 * ETH * len(state.validators)


VOTES_OF_A_PERIOD = {"minimal": 32, "mainnet": 2048}
"""Slots in which one set of bridge data can be voted on."""


@pytest.mark.parametrize("more", [0, 1], ids=["half", "more_than_half"])
def test_bridge_data(spec: Any, state: Any, vector: Recorder, more: int) -> None:
    """With this block's vote, half of all slots of the period have voted, or one more."""
    chosen = spec.Eth1Data(deposit_count=5, block_hash=spec.Hash32(b"\x05" * 32))
    earlier = [chosen] * (VOTES_OF_A_PERIOD[spec.preset] // 2 - 1 + more)
    state.eth1_data_votes = spec.Eth1DataVotes([state.eth1_data, *earlier])
    before = state.eth1_data.copy()
    block = build_empty_block_for_next_slot(spec, state)
    block.body.eth1_data = chosen
    run_blocks(spec, state, vector, [block])
    assert state.eth1_data == (chosen if more else before)
    assert list(state.eth1_data_votes[-2:]) == [chosen, chosen]


def test_proposer_has_exited(spec: Any, state: Any, vector: Recorder) -> None:
    """Who was drawn proposes, though it has left since and may even be withdrawable."""
    slot = int(spec.SLOTS_PER_EPOCH)
    depart(state, int(state.proposer_lookahead[slot]), 1, 1)
    run_blocks(spec, state, vector, [build_empty_block(spec, state, slot)])
    assert state.latest_block_header.slot == slot


# Invalid blocks


def test_wrong_parent(spec: Any, state: Any, vector: Recorder) -> None:
    propose(spec, state)
    block = build_empty_block_for_next_slot(spec, state)
    block.parent_root = state.latest_block_header.parent_root
    _rejected(spec, state, vector, block, "the parent is not the latest block")


def test_block_of_another_proposer(spec: Any, state: Any, vector: Recorder) -> None:
    block = build_empty_block_for_next_slot(spec, state)
    block.proposer_index = (block.proposer_index + 1) % len(state.validators)
    _rejected(spec, state, vector, block, "the proposer is not the one drawn for the slot")


def test_proposer_outside_the_registry(spec: Any, state: Any, vector: Recorder) -> None:
    block = build_empty_block_for_next_slot(spec, state)
    signed = sign_block(spec, state, block)
    signed.message.proposer_index = len(state.validators)
    reason = "there is no such proposer"
    # So nobody's signature fits, and it is not the proposer of the slot.
    run_blocks(spec, state, vector, [signed], valid=False, reason=reason, faults=2)


def test_slashed_proposer(spec: Any, state: Any, vector: Recorder) -> None:
    block = build_empty_block_for_next_slot(spec, state)
    state.validators[block.proposer_index].slashed = True
    block.parent_root = build_empty_block_for_next_slot(spec, state).parent_root
    _rejected(spec, state, vector, block, "the proposer is slashed")


@pytest.mark.parametrize("slot", [0, 1], ids=["slot_of_the_state", "slot_of_its_parent"])
def test_slot_that_has_passed(spec: Any, state: Any, vector: Recorder, slot: int) -> None:
    """Nothing can be applied to a slot at which the state stands already, or did before."""
    next_slots(spec, state)
    block = build_block_at_slot(spec, state)
    if slot == 1:
        propose(spec, state, slot=2)
        block = build_block_at_slot(spec, state)
    reason = "the block's slot is not after the state's"
    # A block may not stand at the slot of the last block or before it either.
    faults = 1 + slot
    run_blocks(spec, state, vector, [block], valid=False, reason=reason, faults=faults)


def test_wrong_state_root(spec: Any, state: Any, vector: Recorder) -> None:
    block = build_empty_block_for_next_slot(spec, state)
    block.state_root = spec.Root(b"\x01" * 32)
    signed = sign_block(spec, state, block)
    reason = "the state root is not that of the state after the block"
    _rejected(spec, state, vector, signed, reason)


def test_state_root_of_before(spec: Any, state: Any, vector: Recorder) -> None:
    block = build_empty_block_for_next_slot(spec, state)
    block.state_root = spec.hash_tree_root(state)
    signed = sign_block(spec, state, block)
    reason = "the state root is not that of the state after the block"
    _rejected(spec, state, vector, signed, reason)


def test_second_block_is_wrong(spec: Any, state: Any, vector: Recorder) -> None:
    """The one before it is right."""

    def second(before: Any) -> Any:
        block = build_empty_block_for_next_slot(spec, before)
        block.body.execution_payload.parent_hash = spec.Hash32()
        return block

    blocks = [build_empty_block_for_next_slot(spec, state), second]
    reason = "the payload's parent is not the latest payload"
    run_blocks(spec, state, vector, blocks, valid=False, reason=reason)


def test_deposit_of_the_former_bridge(spec: Any, state: Any, vector: Recorder) -> None:
    block = build_empty_block_for_next_slot(spec, state)
    block.body.deposits.append(spec.Deposit())
    _rejected(spec, state, vector, block, "the block carries a deposit of the former bridge")


@pytest.mark.bls
def test_wrong_signature(spec: Any, state: Any, vector: Recorder) -> None:
    block = _finished(spec, state, build_empty_block_for_next_slot(spec, state))
    other = block.copy()
    other.body.graffiti = spec.Bytes32(b"\x01" * 32)
    signature = sign_block(spec, state, other).signature
    signed = spec.SignedBeaconBlock(message=block, signature=signature)
    _rejected(spec, state, vector, signed, "the signature is over another block")


@pytest.mark.bls
def test_signed_by_another(spec: Any, state: Any, vector: Recorder) -> None:
    block = _finished(spec, state, build_empty_block_for_next_slot(spec, state))
    domain = spec.get_domain(state, spec.DOMAIN_BEACON_PROPOSER)
    signer = secret_key((int(block.proposer_index) + 1) % len(state.validators))
    signed = spec.SignedBeaconBlock(message=block, signature=sign(spec, signer, block, domain))
    _rejected(spec, state, vector, signed, "not signed by the proposer")


@pytest.mark.bls
@pytest.mark.parametrize("fault", ["another_epoch", "another_validator"])
def test_wrong_reveal(spec: Any, state: Any, vector: Recorder, fault: str) -> None:
    next_slots(spec, state)
    proposer, epoch = int(state.proposer_lookahead[2]), 0
    if fault == "another_epoch":
        epoch = 1
    else:
        proposer = bystander(spec, state, [proposer, proposer_of(spec, state)])
    block = build_empty_block_for_next_slot(spec, state)
    domain = spec.get_domain(state, spec.DOMAIN_RANDAO)
    block.body.randao_reveal = sign(spec, secret_key(proposer), spec.Epoch(epoch), domain)
    reason = "the reveal is not the proposer's signature over the epoch"
    _rejected(spec, state, vector, block, reason)
