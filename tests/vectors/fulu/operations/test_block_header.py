"""Block headers: a block's place in the chain and its proposer."""

from collections.abc import Callable
from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.blocks import build_block_at_slot, propose
from tests.helpers.epochs import next_slots
from tests.helpers.running import run_operation
from tests.helpers.solo import bystander, proposer_of
from tests.helpers.verdicts import run_rejected

HANDLER = "block_header"

pytestmark = pytest.mark.vectors(runner="operations", handler=HANDLER, forks=["fulu", "poolbonds"])


def _block(spec: Any, state: Any, slots: int = 1) -> Any:
    next_slots(spec, state, slots)
    block = build_block_at_slot(spec, state)
    block.state_root = spec.Root(b"\x05" * 32)
    return block


@pytest.mark.parametrize("slots", [1, 3], ids=["next_slot", "empty_slots_before"])
def test_block(spec: Any, state: Any, vector: Recorder, slots: int) -> None:
    """The header is kept, but for the state root, which is filled in when the slot ends."""
    block = _block(spec, state, slots)
    run_operation(spec, state, vector, HANDLER, block)
    assert state.latest_block_header == spec.BeaconBlockHeader(
        slot=slots,
        proposer_index=block.proposer_index,
        parent_root=block.parent_root,
        state_root=spec.Root(),
        body_root=spec.hash_tree_root(block.body),
    )


def _earlier_slot(spec: Any, state: Any, block: Any) -> None:
    block.slot -= 1


def _later_slot(spec: Any, state: Any, block: Any) -> None:
    block.slot += 1


def _other_parent(spec: Any, state: Any, block: Any) -> None:
    block.parent_root = spec.Root(b"\x01" * 32)


def _grandparent(spec: Any, state: Any, block: Any) -> None:
    block.parent_root = state.latest_block_header.parent_root


def _other_proposer(spec: Any, state: Any, block: Any) -> None:
    block.proposer_index = bystander(spec, state)


def _slashed_proposer(spec: Any, state: Any, block: Any) -> None:
    state.validators[block.proposer_index].slashed = True


FAULTS: dict[str, tuple[Callable[[Any, Any, Any], None], str]] = {
    "earlier_slot": (_earlier_slot, "the block is for another slot than the state's"),
    "later_slot": (_later_slot, "the block is for another slot than the state's"),
    "parent": (_other_parent, "the parent is not the latest block"),
    "grandparent": (_grandparent, "the parent is not the latest block"),
    "proposer": (_other_proposer, "the proposer is not the one drawn for the slot"),
    "slashed_proposer": (_slashed_proposer, "the proposer is slashed"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_wrong(spec: Any, state: Any, vector: Recorder, fault: str) -> None:
    change, reason = FAULTS[fault]
    propose(spec, state)
    # Not the very next slot, so that an earlier one is not that of the parent.
    block = _block(spec, state, 2)
    change(spec, state, block)
    run_rejected(spec, state, vector, HANDLER, block, reason)


@pytest.mark.parametrize("ahead", [0, 1], ids=["same_slot", "later_slot"])
def test_latest_block_is_not_older(spec: Any, state: Any, vector: Recorder, ahead: int) -> None:
    """A block must come after its parent, not only after the state's last slot."""
    next_slots(spec, state)
    state.latest_block_header.slot = state.slot + ahead
    block = build_block_at_slot(spec, state)
    assert block.proposer_index == proposer_of(spec, state)
    run_rejected(spec, state, vector, HANDLER, block, "the slot has a block already")
