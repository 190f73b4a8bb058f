"""Rewards and penalties once more, from their definition, in plain integers."""

from collections.abc import Sequence
from math import isqrt
from typing import Any

from poolspec.vectors.recorder import Recorder
from tests.helpers.running import run_rewards

ETH = 10**9

ABSENT, EVERYTHING = 0b000, 0b111
"""No flag, and those of source, target and head."""

TARGET = 1

WEIGHTS = {"source_deltas": (0, 14), "target_deltas": (1, 26), "head_deltas": (2, 14)}
"""Flag and weight of each part."""

EPOCH = 10
"""The epoch in which a test stands, unless it says otherwise."""

LAST_WITHOUT_LEAK, FIRST_WITH_LEAK = EPOCH - 1 - 4, EPOCH - 1 - 5
"""Finalized epochs: the previous one may be four ahead, and not five."""

Deltas = tuple[list[int], list[int]]
"""Rewards and penalties by validator, in Gwei."""


def reach_epoch(spec: Any, state: Any, epoch: int = EPOCH, finalized: int | None = None) -> None:
    """Stand in the last slot of an epoch, with the epoch before the previous one final."""
    state.slot = (epoch + 1) * int(spec.SLOTS_PER_EPOCH) - 1
    if finalized is None:
        finalized = max(epoch - 2, 0)
    state.finalized_checkpoint = spec.Checkpoint(epoch=finalized)


class Attendance:
    """The validators of a state at an epoch's end, as far as rewards go by them."""

    def __init__(self, state: Any, epoch: int, flags: Sequence[int]) -> None:
        self.increments = [int(each.effective_balance) // ETH for each in state.validators]
        self.flags = flags
        self.slashed = [bool(each.slashed) for each in state.validators]
        was_active = _active(state, epoch - 1)
        self.eligible = [
            active or (bool(each.slashed) and epoch < each.withdrawable_epoch)
            for active, each in zip(was_active, state.validators, strict=True)
        ]
        self.counted = [
            active and not slashed for active, slashed in zip(was_active, self.slashed, strict=True)
        ]
        self.total = self._sum(_active(state, epoch))
        self.leaking = epoch - 1 - int(state.finalized_checkpoint.epoch) > 4

    def _sum(self, chosen: Sequence[bool]) -> int:
        """The increments of those that are chosen; sums are one at least."""
        pairs = zip(self.increments, chosen, strict=True)
        return max(sum(increments for increments, is_in in pairs if is_in), 1)

    def present(self, flag: int) -> list[bool]:
        """Who has a flag that counts."""
        pairs = zip(self.flags, self.counted, strict=True)
        return [counted and bool(flags >> flag & 1) for flags, counted in pairs]

    def flag_deltas(self, flag: int, weight: int) -> Deltas:
        """A flag's share of the base reward, for or from everybody who is eligible."""
        per_increment = ETH * 64 // isqrt(self.total * ETH)
        present = self.present(flag)
        present_sum = self._sum(present)
        rewards, penalties = ([0] * len(present) for _ in range(2))
        for index, increments in enumerate(self.increments):
            if not self.eligible[index]:
                continue
            share = increments * per_increment * weight
            if present[index]:
                if not self.leaking:
                    rewards[index] = share * present_sum // (self.total * 64)
            elif flag != 2:
                penalties[index] = share // 64
        return rewards, penalties

    def inactivity_deltas(self, scores: Sequence[int]) -> Deltas:
        """Stake times score over 2^26, from everybody who is eligible and missed the target."""
        penalties = [
            increments * ETH * score // 2**26 if eligible and not present else 0
            for increments, score, eligible, present in zip(
                self.increments, scores, self.eligible, self.present(TARGET), strict=True
            )
        ]
        return [0] * len(penalties), penalties


def _active(state: Any, epoch: int) -> list[bool]:
    return [each.activation_epoch <= epoch < each.exit_epoch for each in state.validators]


def expect_deltas(
    spec: Any, state: Any, vector: Recorder, flags: Sequence[int]
) -> dict[str, Deltas]:
    """Let the validators have voted so in the previous epoch; check what it earns and costs."""
    state.previous_epoch_participation = spec.EpochParticipation(list(flags))
    epoch = int(state.slot) // int(spec.SLOTS_PER_EPOCH)
    attendance = Attendance(state, epoch, flags)
    scores = [int(score) for score in state.inactivity_scores]
    computed = run_rewards(spec, state, vector)
    plain = {
        part: ([int(each) for each in rewards], [int(each) for each in penalties])
        for part, (rewards, penalties) in computed.items()
    }
    for part, (flag, weight) in WEIGHTS.items():
        assert plain[part] == attendance.flag_deltas(flag, weight)
    assert plain["inactivity_penalty_deltas"] == attendance.inactivity_deltas(scores)
    return plain
