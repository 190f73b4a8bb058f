"""The state that a simulation starts from, made from a short description."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from poolspec.engine.numbers import U64_MAX
from poolspec.engine.records import Checkpoint, Eth1Data, Fork, Header
from poolspec.engine.registry import Pools, Registry
from poolspec.engine.state import State, SyncCommittee

__all__ = ["Description", "PoolDescription", "build_state"]


@dataclass(frozen=True)
class PoolDescription:
    """A pool with members in their seats and a bond (Gwei); the commission is in basis points."""

    members: int
    bond: int
    commission: int = 0


@dataclass(frozen=True)
class Description:
    """Who is there at the start.

    The registry begins with `solo` validators of 32 ETH. `compounding` ones follow, of
    `compounding_balance` Gwei, and then the members of the pools, pool by pool. All of them have
    been active for long.
    """

    solo: int = 0
    compounding: int = 0
    compounding_balance: int = 2048 * 10**9
    pools: Sequence[PoolDescription] = ()
    epoch: int = 1000
    seed: int = 0


def _registry(rules: Any, description: Description) -> Registry:
    """Return the validators, all of them active from the first epoch."""
    seat = int(rules.p.MIN_ACTIVATION_BALANCE)
    members = np.array([pool.members for pool in description.pools], np.int64)
    simple = description.solo + description.compounding
    registry = Registry(simple + int(members.sum()))
    count = len(registry)
    registry.pubkeys[:, :8] = np.arange(count, dtype="<u8")[:, None].view(np.uint8)
    registry.pubkeys[:, 47] = 1
    registry.credentials[:, 12:] = 0x0F
    registry.credentials[: description.solo, 0] = rules.p.ETH1_ADDRESS_WITHDRAWAL_PREFIX[0]
    registry.credentials[description.solo : simple, 0] = rules.p.COMPOUNDING_WITHDRAWAL_PREFIX[0]
    pool_of = np.repeat(np.arange(len(members), dtype=np.uint64), members)
    registry.pool[:] = U64_MAX
    if len(pool_of):
        registry.credentials[simple:, 0] = rules.p.POOLED_WITHDRAWAL_PREFIX[0]
        registry.credentials[simple:, 1:9] = pool_of.astype("<u8")[:, None].view(np.uint8)
        registry.pool[simple:] = pool_of
    registry.prefix = registry.credentials[:, 0]
    registry.balances[:] = seat
    registry.balances[description.solo : simple] = description.compounding_balance
    increment = np.uint64(rules.p.EFFECTIVE_BALANCE_INCREMENT)
    registry.effective_balance = registry.balances - registry.balances % increment
    registry.exit_epoch[:] = U64_MAX
    registry.withdrawable_epoch[:] = U64_MAX
    return registry


def _pools(rules: Any, description: Description) -> Pools:
    """Return the pools, with everybody in a seat."""
    pools = Pools(len(description.pools))
    seat = int(rules.p.MIN_ACTIVATION_BALANCE)
    for index, pool in enumerate(description.pools):
        pools.pubkeys[index, :8] = np.frombuffer(index.to_bytes(8, "little"), np.uint8)
        pools.pubkeys[index, 47] = 2
        pools.addresses[index] = 0x0E
        pools.commission[index] = pool.commission
        pools.bond[index] = pool.bond
        pools.seated_balance[index] = pool.members * seat
    pools.unbonding_epoch[:] = U64_MAX
    return pools


def build_state(rules: Any, description: Description) -> State:
    """Return a state at the last slot of the described epoch, in which the last epochs were final.

    All active validators have voted in the previous epoch.
    """
    p, epoch = rules.p, description.epoch
    registry = _registry(rules, description)
    registry.previous_participation[:] = 0b111
    version = bytes(p.GENESIS_FORK_VERSION)
    mixes = np.random.default_rng(description.seed).bytes(32 * int(p.EPOCHS_PER_HISTORICAL_VECTOR))
    rings = [np.zeros((int(p.SLOTS_PER_HISTORICAL_ROOT), 32), np.uint8) for _ in range(2)]
    nobody = SyncCommittee(np.zeros((int(p.SYNC_COMMITTEE_SIZE), 48), np.uint8), bytes(48))
    state = State(
        genesis_time=0,
        genesis_validators_root=bytes(32),
        slot=(epoch + 1) * int(p.SLOTS_PER_EPOCH) - 1,
        fork=Fork(version, version, 0),
        latest_block_header=Header(0, 0, bytes(32), bytes(32), bytes(32)),
        block_roots=rings[0],
        state_roots=rings[1],
        historical_roots=np.zeros((0, 32), np.uint8),
        eth1_data=Eth1Data(bytes(32), 0, bytes(32)),
        eth1_data_votes=[],
        eth1_deposit_index=0,
        registry=registry,
        randao_mixes=np.frombuffer(mixes, np.uint8).reshape(-1, 32).copy(),
        slashings=np.zeros(int(p.EPOCHS_PER_SLASHINGS_VECTOR), np.uint64),
        justification_bits=[True] * 4,
        previous_justified_checkpoint=Checkpoint(max(epoch - 2, 0), bytes(32)),
        current_justified_checkpoint=Checkpoint(max(epoch - 1, 0), bytes(32)),
        finalized_checkpoint=Checkpoint(max(epoch - 2, 0), bytes(32)),
        current_sync_committee=nobody,
        next_sync_committee=nobody,
        latest_execution_payload_header=rules.spec.ExecutionPayloadHeader(),
        next_withdrawal_index=0,
        next_withdrawal_validator_index=0,
        historical_summaries=np.zeros((0, 64), np.uint8),
        deposit_requests_start_index=0,
        deposit_balance_to_consume=0,
        exit_balance_to_consume=0,
        earliest_exit_epoch=0,
        consolidation_balance_to_consume=0,
        earliest_consolidation_epoch=0,
        pending_deposits=[],
        pending_partial_withdrawals=[],
        pending_consolidations=[],
        proposer_lookahead=[],
        pools=_pools(rules, description),
    )
    epochs = range(epoch, epoch + int(p.MIN_SEED_LOOKAHEAD) + 1)
    state.proposer_lookahead = [slot for each in epochs for slot in rules.proposers(state, each)]
    state.current_sync_committee = state.next_sync_committee = rules.next_sync_committee(state)
    return state
