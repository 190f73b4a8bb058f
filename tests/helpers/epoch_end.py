"""An epoch's end at which little happens but what a test is about, and what it leaves behind."""

from collections.abc import Iterable
from math import isqrt
from typing import Any

from tests.helpers.epochs import set_participation
from tests.helpers.pools import ETH
from tests.helpers.running import EpochRun, run_epoch_step

EPOCH = 10
"""The epoch that ends: no committee's, voting or history period ends with it, under any preset."""

NEXT_EPOCH = EPOCH + 1

FINALIZED = EPOCH - 2
"""The finalized epoch."""

MIN_SEATS_SERVED = {"minimal": 2, "mainnet": 4}
"""Seats that the smallest churn limit serves in an epoch: 64 and 128 ETH."""


def stand_at_epoch_end(
    spec: Any,
    state: Any,
    finalized: int = FINALIZED,
    epoch: int = EPOCH,
    justified: int | None = None,
) -> None:
    """Stand in the epoch's last slot, with everybody's votes.

    No bond is touched at the epoch's end unless a validator is slashed or a pool takes commission,
    and the finalized epoch stays, as long as the previous epoch is not justified already. If
    `justified` is not given it is the finalized epoch.
    """
    state.slot = spec.Slot((epoch + 1) * int(spec.SLOTS_PER_EPOCH) - 1)
    state.finalized_checkpoint = spec.Checkpoint(epoch=finalized)
    state.previous_justified_checkpoint = state.finalized_checkpoint
    state.current_justified_checkpoint = spec.Checkpoint(
        epoch=finalized if justified is None else justified
    )
    set_participation(spec, state)


def run_at_epoch_end(
    spec: Any, state: Any, vector: Any, step: str, finalized: int = FINALIZED
) -> EpochRun:
    """Stand at the epoch's end and run a step of it as a case."""
    stand_at_epoch_end(spec, state, finalized)
    return run_epoch_step(spec, state, vector, step)


def let_score_become(spec: Any, state: Any, index: int, score: int) -> None:
    """Give a validator the inactivity score that becomes `score` by the time of seats.

    The present lose 1, slashed ones gain 4, both recover 16; who never was active keeps its score.
    """
    validator = state.validators[index]
    change = 17
    if validator.activation_epoch == spec.FAR_FUTURE_EPOCH:
        change = 0
    elif validator.slashed:
        change = 12
    state.inactivity_scores[index] = score + change


def slash_at(spec: Any, state: Any, index: int, exit_epoch: int) -> None:
    """Write the marks of an earlier slashing of a pooled validator into the registry."""
    validator = state.validators[index]
    validator.slashed = True
    leave_at(state, index, exit_epoch)


def leave_at(state: Any, index: int, exit_epoch: int) -> None:
    """Let a validator be on its way out."""
    state.validators[index].exit_epoch = exit_epoch
    state.validators[index].withdrawable_epoch = exit_epoch + 256


def weights(state: Any, indices: Iterable[int]) -> list[int]:
    """Effective balances, in ETH."""
    return [int(state.validators[index].effective_balance) // ETH for index in indices]


def line(spec: Any, state: Any, indices: Iterable[int]) -> list[int | None]:
    """The epochs in which validators joined the line; None for those that are not in it."""
    epochs = [state.validators[index].activation_eligibility_epoch for index in indices]
    return [None if epoch == spec.FAR_FUTURE_EPOCH else int(epoch) for epoch in epochs]


def reward_per_increment(total_eth: int) -> int:
    """What 1 ETH of effective balance earns at best in an epoch, in Gwei: 64 / sqrt(total)."""
    return ETH * 64 // isqrt(total_eth * ETH)


def flag_rewards(total_eth: int, present_eth: int) -> list[int]:
    """What 32 ETH earn for source, target and head, where so much of the total has each flag."""
    base = 32 * reward_per_increment(total_eth)
    return [base * weight * present_eth // (total_eth * 64) for weight in (14, 26, 14)]


def flag_penalties(total_eth: int) -> list[int]:
    """What 32 ETH pay for a missed source and a missed target, in Gwei."""
    base = 32 * reward_per_increment(total_eth)
    return [base * weight // 64 for weight in (14, 26)]
