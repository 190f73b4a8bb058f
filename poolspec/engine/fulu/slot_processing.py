"""Slots that pass, with or without a block."""

from typing import Any

import numpy as np

from poolspec.engine.encoding import encode_fields
from poolspec.engine.errors import check
from poolspec.engine.fulu.epoch_processing import EpochProcessing
from poolspec.engine.records import Header
from poolspec.engine.state import State

__all__ = ["SlotProcessing", "header_root"]


def header_root(spec: Any, header: Header) -> bytes:
    """Return the hash-tree root of a block header."""
    return bytes(spec.BeaconBlockHeader(**header._asdict()).hash_tree_root())


class SlotProcessing(EpochProcessing):
    """What happens between blocks."""

    def state_root(self, state: State) -> bytes:
        """Return the hash-tree root of a state."""
        state_type = self.spec.BeaconState
        return state.roots.root(state_type, encode_fields(state_type, state))

    def process_slots(self, state: State, slot: int) -> None:
        """Let the slots up to `slot`, which must lie ahead, pass without a block."""
        check(slot > state.slot, "the slot does not lie ahead")
        while state.slot < slot:
            self.process_slot(state)
            if (state.slot + 1) % self.p.SLOTS_PER_EPOCH == 0:
                self.process_epoch(state)
            state.slot += 1

    def process_slot(self, state: State) -> None:
        """Record the roots of the state and of the latest block."""
        position = state.slot % self.p.SLOTS_PER_HISTORICAL_ROOT
        root = self.state_root(state)
        state.state_roots[position] = np.frombuffer(root, np.uint8)
        if state.latest_block_header.state_root == bytes(32):
            state.latest_block_header = state.latest_block_header._replace(state_root=root)
        block_root = header_root(self.spec, state.latest_block_header)
        state.block_roots[position] = np.frombuffer(block_root, np.uint8)
