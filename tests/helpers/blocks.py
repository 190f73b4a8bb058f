"""Build, sign and apply blocks."""

from collections.abc import Callable
from typing import Any

from tests.helpers.execution import build_empty_payload
from tests.helpers.keys import secret_of, sign
from tests.helpers.sync_committee import build_sync_aggregate

Change = Callable[[Any], None]


def head_root(spec: Any, state: Any) -> Any:
    """The root of the latest block, as a vote cast in the state's slot names it."""
    header = state.latest_block_header.copy()
    if header.state_root == spec.Root():
        header.state_root = spec.hash_tree_root(state)
    return spec.Root(spec.hash_tree_root(header))


def build_block_at_slot(spec: Any, state: Any) -> Any:
    """An empty block for the slot at which the state stands, with all but the state root."""
    proposer_index = spec.get_beacon_proposer_index(state)
    epoch = spec.get_current_epoch(state)
    body = spec.BeaconBlockBody(
        randao_reveal=sign(
            spec,
            secret_of(state.validators[proposer_index].pubkey),
            epoch,
            spec.get_domain(state, spec.DOMAIN_RANDAO),
        ),
        eth1_data=state.eth1_data,
        sync_aggregate=build_sync_aggregate(spec, state),
        execution_payload=build_empty_payload(spec, state),
    )
    return spec.BeaconBlock(
        slot=state.slot,
        proposer_index=proposer_index,
        parent_root=spec.hash_tree_root(state.latest_block_header),
        body=body,
    )


def build_empty_block(spec: Any, state: Any, slot: Any) -> Any:
    """An empty block for a later slot; the state stays where it is."""
    advanced = state.copy()
    spec.process_slots(advanced, spec.Slot(slot))
    return build_block_at_slot(spec, advanced)


def build_empty_block_for_next_slot(spec: Any, state: Any) -> Any:
    """An empty block for the slot after the state's."""
    return build_empty_block(spec, state, state.slot + 1)


def sign_block(spec: Any, state: Any, block: Any) -> Any:
    """The block with its proposer's signature; the state gives the registry and the fork."""
    domain = spec.get_domain(
        state, spec.DOMAIN_BEACON_PROPOSER, spec.compute_epoch_at_slot(block.slot)
    )
    secret = secret_of(state.validators[block.proposer_index].pubkey)
    return spec.SignedBeaconBlock(message=block, signature=sign(spec, secret, block, domain))


def state_transition_and_sign_block(spec: Any, state: Any, block: Any) -> Any:
    """Apply a block whose state root is not known yet; gives the signed block with the root."""
    spec.process_slots(state, block.slot)
    return _finish_block(spec, state, block)


def propose(spec: Any, state: Any, change: Change | None = None, slot: Any = None) -> Any:
    """Advance the state by a block and give it, signed.

    The block is empty but for what `change` does to it; it is for the next slot, or a later one.
    """
    spec.process_slots(state, spec.Slot(state.slot + 1 if slot is None else slot))
    block = build_block_at_slot(spec, state)
    if change is not None:
        change(block)
    return _finish_block(spec, state, block)


def _finish_block(spec: Any, state: Any, block: Any) -> Any:
    spec.process_block(state, block)
    block.state_root = spec.hash_tree_root(state)
    return sign_block(spec, state, block)
