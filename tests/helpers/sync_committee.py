"""Signatures of the sync committee."""

from collections.abc import Sequence
from typing import Any

from tests.helpers.keys import sign_together


def build_sync_aggregate(spec: Any, state: Any, participation: Sequence[bool] | None = None) -> Any:
    """The aggregate for a block at the state's slot, over its parent; by default nobody takes part.

    `participation` has a truth value for each place of the committee.
    """
    size = int(spec.SYNC_COMMITTEE_SIZE)
    bits = list(participation) if participation is not None else [False] * size
    assert len(bits) == size
    previous_slot = spec.Slot(max(int(state.slot), 1) - 1)
    domain = spec.get_domain(
        state, spec.DOMAIN_SYNC_COMMITTEE, spec.compute_epoch_at_slot(previous_slot)
    )
    pubkeys = state.current_sync_committee.pubkeys
    signers = [pubkeys[place] for place in range(size) if bits[place]]
    root = spec.get_block_root_at_slot(state, previous_slot) if signers else spec.Root()
    return spec.SyncAggregate(
        sync_committee_bits=spec.SyncCommitteeBits(bits),
        sync_committee_signature=sign_together(spec, signers, root, domain),
    )
