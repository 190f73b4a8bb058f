"""The state as the engine holds it: columns for the long lists, plain values for the rest.

Fields have the names of the SSZ `BeaconState`, except that everything kept by validator index is in
`registry`. Amounts are Gwei. Epochs and indices are plain integers, roots 32 bytes; `block_roots`,
`state_roots` and `randao_mixes` are (n, 32) arrays of bytes, `historical_summaries` one of (n, 64),
and `slashings` is a `uint64` column.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from poolspec.engine.keys import KeyIndex
from poolspec.engine.numbers import Column
from poolspec.engine.records import (
    Checkpoint,
    Eth1Data,
    Fork,
    Header,
    Payout,
    PendingConsolidation,
    PendingDeposit,
    PendingPartialWithdrawal,
    PendingPoolPenalty,
)
from poolspec.engine.registry import Pools, Registry
from poolspec.engine.roots import RootMemo
from poolspec.engine.shuffling import Committees

__all__ = ["Memo", "State", "SyncCommittee"]

Roots = NDArray[np.uint8]


@dataclass
class SyncCommittee:
    """Keys (n, 48) as one array of bytes, and their sum (48)."""

    pubkeys: NDArray[np.uint8]
    aggregate_pubkey: bytes


@dataclass
class Memo:
    """What was derived from a state and stands until the state changes in the respect named.

    Whoever writes columns from outside the transition calls `State.forget`.
    """

    # By epoch: until effective balances change, or an activation or exit in that epoch
    total_active_balance: dict[int, int] = field(default_factory=dict)
    # By epoch: until an activation or exit in that epoch
    committees: dict[int, Committees] = field(default_factory=dict)
    # Until the committee is replaced: validator indices by seat
    sync_committee_indices: list[int] | None = None
    # Rows that are appended are noticed
    validator_keys: KeyIndex | None = None
    pool_keys: KeyIndex | None = None


@dataclass
class State:
    """A state of any fork."""

    genesis_time: int
    genesis_validators_root: bytes
    slot: int
    fork: Fork
    latest_block_header: Header
    block_roots: Roots
    state_roots: Roots
    historical_roots: Roots
    eth1_data: Eth1Data
    eth1_data_votes: list[Eth1Data]
    eth1_deposit_index: int
    registry: Registry
    randao_mixes: Roots
    slashings: Column
    justification_bits: list[bool]
    previous_justified_checkpoint: Checkpoint
    current_justified_checkpoint: Checkpoint
    finalized_checkpoint: Checkpoint
    current_sync_committee: SyncCommittee
    next_sync_committee: SyncCommittee
    # A container of the compiled module, which is only ever replaced as a whole
    latest_execution_payload_header: Any
    next_withdrawal_index: int
    next_withdrawal_validator_index: int
    historical_summaries: Roots
    deposit_requests_start_index: int
    deposit_balance_to_consume: int
    exit_balance_to_consume: int
    earliest_exit_epoch: int
    consolidation_balance_to_consume: int
    earliest_consolidation_epoch: int
    pending_deposits: list[PendingDeposit]
    pending_partial_withdrawals: list[PendingPartialWithdrawal]
    pending_consolidations: list[PendingConsolidation]
    proposer_lookahead: list[int]
    # New in PoolBonds; under Fulu they stay as they are and are not encoded
    pools: Pools = field(default_factory=Pools)
    pending_payouts: list[Payout] = field(default_factory=list)
    pending_pool_penalties: list[PendingPoolPenalty] = field(default_factory=list)
    unbonding_balance_to_consume: int = 0
    earliest_unbonding_epoch: int = 0
    memo: Memo = field(default_factory=Memo, init=False, repr=False, compare=False)
    roots: RootMemo = field(default_factory=RootMemo, init=False, repr=False, compare=False)

    def copy(self) -> State:
        """Return an independent state with the same contents. What was hashed is shared."""
        other = copy(self)
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, list | np.ndarray | Registry | Pools):
                setattr(other, each.name, value.copy())
        other.memo = Memo()
        return other

    def forget(self) -> None:
        """Drop all that was derived from the columns; to be called after writing to them."""
        self.memo = Memo()
