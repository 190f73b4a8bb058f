"""Blocks of Fulu, the fork, blocks of PoolBonds."""

from typing import Any

import pytest

from poolspec.vectors.forking import parent_of
from poolspec.vectors.recorder import Recorder
from tests.helpers.attestations import build_attestation
from tests.helpers.blocks import (
    build_block_at_slot,
    build_empty_block,
    build_empty_block_for_next_slot,
)
from tests.helpers.genesis import genesis_state
from tests.helpers.running import run_transition

FORK_EPOCH = 2

pytestmark = [
    pytest.mark.vectors(runner="transition", handler="core", forks=["poolbonds"]),
    pytest.mark.config(POOLBONDS_FORK_EPOCH=FORK_EPOCH),
]


def test_blocks_in_every_slot_around_the_fork(spec: Any, vector: Recorder) -> None:
    """The last block is in the slot before the fork, the first new one in that of the fork."""
    parent = parent_of(spec)
    state = genesis_state(parent)
    last_slot = FORK_EPOCH * int(spec.SLOTS_PER_EPOCH) - 1
    after = run_transition(
        spec,
        parent,
        state,
        vector,
        FORK_EPOCH,
        before=[lambda now: build_empty_block(parent, now, last_slot)],
        after=[
            lambda now: build_block_at_slot(spec, now),
            lambda now: build_empty_block_for_next_slot(spec, now),
        ],
    )
    assert after.slot == last_slot + 2
    assert after.fork.epoch == FORK_EPOCH
    assert after.latest_block_header.slot == after.slot


def test_no_block_before_and_none_in_the_slot_of_the_fork(spec: Any, vector: Recorder) -> None:
    parent = parent_of(spec)
    fork_slot = FORK_EPOCH * int(spec.SLOTS_PER_EPOCH)
    after = run_transition(
        spec,
        parent,
        genesis_state(parent),
        vector,
        FORK_EPOCH,
        after=[lambda now: build_empty_block(spec, now, fork_slot + 1)],
    )
    assert after.slot == fork_slot + 1


@pytest.mark.bls
def test_votes_of_the_fork_before_count_after_it(spec: Any, vector: Recorder) -> None:
    """A vote is signed under the version of its target's epoch."""
    parent = parent_of(spec)
    state = genesis_state(parent)
    last_slot = FORK_EPOCH * int(spec.SLOTS_PER_EPOCH) - 1

    def with_votes(now: Any) -> Any:
        block = build_block_at_slot(spec, now)
        block.body.attestations.append(build_attestation(spec, now, last_slot))
        return block

    after = run_transition(
        spec,
        parent,
        state,
        vector,
        FORK_EPOCH,
        before=[lambda now: build_empty_block(parent, now, last_slot)],
        after=[with_votes],
    )
    voters = sum(1 for flags in after.previous_epoch_participation if flags)
    assert voters == len(after.validators) // spec.SLOTS_PER_EPOCH
