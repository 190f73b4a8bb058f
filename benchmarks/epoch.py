"""CPU seconds of the epoch transition on synthetic states with full participation."""

from __future__ import annotations

import time
from typing import Any

import poolspec
from poolspec.runtime.hashing import hash

__all__ = ["give_to_pools", "synthetic_state", "time_epoch"]

FULL_PARTICIPATION = 0b111
EPOCH = 10
MEMBERS = 64
"""Validators of a pool."""


def synthetic_state(spec: Any, count: int) -> Any:
    """Return a state at the end of an epoch: ``count`` active validators, all of whom voted.

    Keys are no points of the curve: no signature is checked in an epoch transition, and no sync
    committee is drawn in the epoch chosen.
    """
    validator = spec.Validator(
        withdrawal_credentials=spec.Bytes32(b"\x01" + bytes(31)),
        effective_balance=spec.MIN_ACTIVATION_BALANCE,
        exit_epoch=spec.FAR_FUTURE_EPOCH,
        withdrawable_epoch=spec.FAR_FUTURE_EPOCH,
    )
    validators = []
    for index in range(count):
        validator.pubkey = spec.BLSPubkey(index.to_bytes(48, "little"))
        validators.append(validator.copy())
    flags = [spec.ParticipationFlags(FULL_PARTICIPATION)] * count
    checkpoint = spec.Checkpoint(epoch=spec.Epoch(EPOCH - 1), root=spec.Root(b"\x22" * 32))
    state = spec.BeaconState(
        slot=spec.Slot((EPOCH + 1) * spec.SLOTS_PER_EPOCH - 1),
        validators=spec.Validators(validators),
        balances=spec.Balances([spec.MIN_ACTIVATION_BALANCE] * count),
        previous_epoch_participation=spec.EpochParticipation(flags),
        current_epoch_participation=spec.EpochParticipation(flags),
        inactivity_scores=spec.InactivityScores([spec.Uint64(0)] * count),
        previous_justified_checkpoint=checkpoint,
        current_justified_checkpoint=checkpoint,
        finalized_checkpoint=checkpoint,
    )
    positions = range(spec.EPOCHS_PER_HISTORICAL_VECTOR)
    state.randao_mixes = spec.RandaoMixes([hash(each.to_bytes(8, "little")) for each in positions])
    return spec.BeaconState.decode_bytes(state.encode_bytes())


def give_to_pools(spec: Any, state: Any) -> Any:
    """Return the state with every second validator seated in a pool of 64 that has no surplus."""
    indices = range(0, len(state.validators), 2)
    bond = MEMBERS * int(spec.MIN_ACTIVATION_BALANCE) // int(spec.config.POOL_LEVERAGE)
    owners = [spec.NO_POOL] * len(state.validators)
    for position, index in enumerate(indices):
        pool = spec.PoolIndex(position // MEMBERS)
        credentials = spec.build_pooled_credentials(pool, spec.ExecutionAddress())
        state.validators[index].withdrawal_credentials = credentials
        owners[index] = pool
        if position % MEMBERS == 0:
            pubkey = spec.BLSPubkey((2**64 + int(pool)).to_bytes(48, "little"))
            state.pools.append(spec.Pool(pubkey=pubkey, commission=500, bond=bond))
        state.pools[pool].seated_balance += spec.MIN_ACTIVATION_BALANCE
    state.validator_pools = spec.ValidatorPools(owners)
    return spec.BeaconState.decode_bytes(state.encode_bytes())


def time_epoch(count: int, fast: bool = True, fork: str = "fulu") -> float:
    """Return the CPU seconds of ``process_epoch`` and of the root of its result.

    Where the fork has pools, half of the validators are in some. The root of the state before is
    known, as it is when a chain is followed.
    """
    spec: Any = poolspec.load(fork, "mainnet", fast=fast)
    state = synthetic_state(spec, count)
    if hasattr(spec, "Pool"):
        state = give_to_pools(spec, state)
    spec.hash_tree_root(state)
    start = time.process_time()
    spec.process_epoch(state)
    spec.hash_tree_root(state)
    return time.process_time() - start
