"""Execution payloads that a state accepts."""

from typing import Any

GAS_LIMIT = 30_000_000


def build_empty_payload(spec: Any, state: Any) -> Any:
    """The payload without transactions for a state that stands at the block's slot."""
    parent = state.latest_execution_payload_header
    epoch = spec.get_current_epoch(state)
    payload = spec.ExecutionPayload(
        parent_hash=parent.block_hash,
        state_root=parent.state_root,
        receipts_root=parent.receipts_root,
        prev_randao=spec.get_randao_mix(state, epoch),
        block_number=parent.block_number + 1,
        gas_limit=GAS_LIMIT,
        timestamp=spec.compute_time_at_slot(state, state.slot),
        base_fee_per_gas=parent.base_fee_per_gas,
        withdrawals=list(spec.get_expected_withdrawals(state).withdrawals),
    )
    payload.block_hash = payload_hash(spec, payload)
    return payload


def payload_hash(spec: Any, payload: Any) -> Any:
    """A stand-in for the hash of the execution block: it depends on every field but itself."""
    bare = payload.copy()
    bare.block_hash = spec.Hash32()
    return spec.Hash32(spec.hash(b"execution block" + spec.hash_tree_root(bare)))
