"""Fast functions of block processing: participation flags, the sync aggregate, the sweep."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from poolspec.runtime.fast.columns import UINT64_MAX, Column, Mask
from poolspec.runtime.fast.contract import Function
from poolspec.runtime.fast.ledger import FuluLedger, Ledger, LedgerError
from poolspec.runtime.fast.registry import Registry
from poolspec.runtime.fast.state import StateColumns, columns_of

__all__ = [
    "make_add_participation_flags",
    "make_get_validators_sweep_withdrawals",
    "make_process_sync_aggregate",
]


def make_add_participation_flags(spec: ModuleType, plain: Function) -> Function:
    columns = columns_of(spec)

    def weights_of(flags: int) -> int:
        """Return the sum of the weights of some flags."""
        weights = spec.PARTICIPATION_FLAG_WEIGHTS
        return sum(int(weights[i]) for i in range(len(weights)) if flags >> i & 1)

    def add_participation_flags(state: Any, attestation: Any, flag_indices: Sequence[int]) -> Any:
        is_current = attestation.data.target.epoch == spec.get_current_epoch(state)
        field = ("previous", "current")[is_current] + "_epoch_participation"
        indices = [int(index) for index in spec.get_attesting_indices(state, attestation)]
        attesters = np.array(indices, np.intp)
        earned = sum(1 << int(flag_index) for flag_index in set(flag_indices))
        flags = columns.flags(state, field)
        effective_balance = columns.registry(state).effective_balance
        if attesters.size and attesters.max() >= min(flags.size, effective_balance.size):
            return plain(state, attestation, flag_indices)
        new = np.uint8(earned) & ~flags[attesters]
        increments = effective_balance[attesters] // np.uint64(spec.EFFECTIVE_BALANCE_INCREMENT)
        total = 0
        for combination in np.unique(new).tolist():
            earning = int(increments[new == combination].sum(dtype=object))
            total += earning * weights_of(combination)
        if new.any():
            total *= int(spec.get_base_reward_per_increment(state))
        if total > UINT64_MAX:
            return plain(state, attestation, flag_indices)
        updated = flags.copy()
        updated[attesters] |= new
        columns.write(state, field, updated)
        return spec.Gwei(total)

    return add_participation_flags


def make_process_sync_aggregate(
    spec: ModuleType, plain: Function, ledger_type: type[Ledger] = FuluLedger
) -> Function:
    columns = columns_of(spec)

    def settled(state: Any, sync_aggregate: Any) -> Ledger:
        """Return a ledger in which every seat has been paid or charged."""
        ledger = ledger_type(spec, columns, state)
        member, share = (int(reward) for reward in spec.get_sync_committee_rewards(state))
        proposer = int(spec.get_beacon_proposer_index(state))
        members = spec.get_current_sync_committee_indices(state)
        for index, has_signed in zip(members, sync_aggregate.sync_committee_bits, strict=True):
            if has_signed:
                ledger.reward(int(index), member)
                ledger.reward(proposer, share)
            else:
                ledger.penalty(int(index), member)
        return ledger

    def process_sync_aggregate(state: Any, sync_aggregate: Any) -> None:
        assert spec.is_valid_sync_aggregate(state, sync_aggregate)
        try:
            ledger = settled(state, sync_aggregate)
        except LedgerError:
            plain(state, sync_aggregate)
        else:
            ledger.commit()

    return process_sync_aggregate


def _may_be_swept(spec: ModuleType, registry: Registry, balances: Column, epoch: int) -> Mask:
    """Return who has something to be paid out by the sweep, if nothing is withdrawn before."""
    compounding = registry.credentials_prefix == spec.COMPOUNDING_WITHDRAWAL_PREFIX[0]
    with_address = registry.credentials_prefix == spec.ETH1_ADDRESS_WITHDRAWAL_PREFIX[0]
    most = np.where(
        compounding,
        np.uint64(int(spec.MAX_EFFECTIVE_BALANCE_ELECTRA)),
        np.uint64(int(spec.MIN_ACTIVATION_BALANCE)),
    )
    fully = (registry.withdrawable_epoch <= epoch) & (balances > 0)
    partially = (registry.effective_balance == most) & (balances > most)
    mask: Mask = (compounding | with_address) & (fully | partially)
    prefix = getattr(spec, "POOLED_WITHDRAWAL_PREFIX", None)
    if prefix is not None:
        mask |= (registry.credentials_prefix == prefix[0]) & (fully | (balances > most))
    return mask


def _sweep_candidates(
    spec: ModuleType, columns: StateColumns, state: Any, epoch: int, prior: Sequence[Any]
) -> list[tuple[int, int]] | None:
    """Return (place in the sweep, validator) of all that may be paid; ``None`` for odd states."""
    registry = columns.registry(state)
    balances = columns.read(state, "balances")
    if balances.size != registry.count or registry.count == 0:
        return None
    mask = _may_be_swept(spec, registry, balances, epoch)
    length = min(registry.count, int(spec.MAX_VALIDATORS_PER_WITHDRAWALS_SWEEP))
    start = int(state.next_withdrawal_validator_index)
    if start >= UINT64_MAX - length:
        return None
    window: npt.NDArray[np.int64] = (start % registry.count + np.arange(length)) % registry.count
    chosen = mask[window]
    # What prior withdrawals leave of a balance is for the documents' functions to judge.
    chosen |= np.isin(window, [int(each.validator_index) for each in prior])
    places: list[int] = np.flatnonzero(chosen).tolist()
    return [(place, int(window[place])) for place in places]


def make_get_validators_sweep_withdrawals(spec: ModuleType, plain: Function) -> Function:
    columns = columns_of(spec)

    def get_validators_sweep_withdrawals(
        state: Any, withdrawal_index: int, epoch: int, prior_withdrawals: Sequence[Any]
    ) -> Any:
        prior = list(prior_withdrawals)
        candidates = _sweep_candidates(spec, columns, state, int(epoch), prior)
        limit = int(spec.MAX_WITHDRAWALS_PER_PAYLOAD)
        if candidates is None or len(prior) >= limit:
            return plain(state, withdrawal_index, epoch, prior)
        count = list_count(state)
        visited = min(count, int(spec.MAX_VALIDATORS_PER_WITHDRAWALS_SWEEP))
        withdrawals: list[Any] = []
        for place, position in candidates:
            index = spec.ValidatorIndex(position)
            amount = swept_amount(state, index, epoch, [*prior, *withdrawals])
            if amount > 0:
                withdrawals.append(spec.build_withdrawal(state, withdrawal_index, index, amount))
                withdrawal_index = spec.WithdrawalIndex(withdrawal_index + 1)
                if len(prior) + len(withdrawals) == limit:
                    visited = place + 1
                    break
        return withdrawals, withdrawal_index, spec.Uint64(visited)

    def list_count(state: Any) -> int:
        return columns.registry(state).count

    def swept_amount(state: Any, index: int, epoch: int, earlier: Sequence[Any]) -> Any:
        """Return what the sweep pays a validator (Gwei), by the documents' own functions."""
        validator = state.validators[index]
        balance = spec.get_balance_after_withdrawals(state, index, earlier)
        if spec.is_fully_withdrawable_validator(validator, balance, epoch):
            return balance
        if spec.is_partially_withdrawable_validator(validator, balance):
            return spec.Gwei(balance - spec.get_max_effective_balance(validator))
        return spec.Gwei(0)

    return get_validators_sweep_withdrawals
