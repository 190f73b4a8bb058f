"""Justification by two thirds of the stake, and the four ways to become final."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.running import run_epoch_step
from tests.helpers.solo import ETH, depart

STEP = "process_justification_and_finalization"

pytestmark = [
    pytest.mark.vectors(
        runner="epoch_processing",
        handler="justification_and_finalization",
        forks=["fulu", "poolbonds"],
    ),
    pytest.mark.balances(*[32 * ETH] * 48),
]

VALIDATORS = 48
ENOUGH = 32
"""Two thirds of them."""

EPOCH = 5
"""The epoch that ends."""

TARGET = 0b010


def _root(epoch: int) -> bytes:
    """The checkpoint of an epoch, different for each."""
    return bytes([0xA0 + epoch]) * 32


def _stand(
    spec: Any,
    state: Any,
    *,
    bits: str = "0000",
    older: int = 0,
    newer: int = 0,
    epoch: int = EPOCH,
) -> None:
    """Stand in an epoch's last slot. `bits` are those before the step, the latest epoch first.

    The checkpoints of epochs `older` and `newer` were justified when the previous and the current
    epoch began; epoch 0 is final.
    """
    length = int(spec.SLOTS_PER_EPOCH)
    state.slot = (epoch + 1) * length - 1
    for number in range(epoch + 1):
        state.block_roots[number * length % int(spec.SLOTS_PER_HISTORICAL_ROOT)] = _root(number)
    state.justification_bits = spec.JustificationBits([bit == "1" for bit in bits])
    state.previous_justified_checkpoint = spec.Checkpoint(epoch=older, root=_root(older))
    state.current_justified_checkpoint = spec.Checkpoint(epoch=newer, root=_root(newer))
    state.finalized_checkpoint = spec.Checkpoint(epoch=0, root=_root(0))


def _vote(state: Any, *, previous: int = 0, current: int = 0) -> None:
    """Let so many validators have voted for the targets of the two epochs, and for nothing else."""
    for index in range(previous):
        state.previous_epoch_participation[index] = TARGET
    for index in range(VALIDATORS - current, VALIDATORS):
        state.current_epoch_participation[index] = TARGET


def _run(
    spec: Any,
    state: Any,
    vector: Recorder,
    *,
    bits: str,
    justified: int,
    finalized: int,
) -> None:
    """The bits after the step, and the epochs of the checkpoints, which have the right roots."""
    newer = state.current_justified_checkpoint.copy()
    run_epoch_step(spec, state, vector, STEP)
    assert "".join("1" if bit else "0" for bit in state.justification_bits) == bits
    assert state.previous_justified_checkpoint == newer
    for checkpoint, epoch in (
        (state.current_justified_checkpoint, justified),
        (state.finalized_checkpoint, finalized),
    ):
        assert checkpoint == spec.Checkpoint(epoch=epoch, root=_root(epoch))


@pytest.mark.parametrize("epoch", [0, 1])
def test_too_early(spec: Any, state: Any, vector: Recorder, epoch: int) -> None:
    """At the end of the first two epochs nothing is decided, whoever has voted."""
    _stand(spec, state, epoch=epoch)
    _vote(state, previous=VALIDATORS, current=VALIDATORS)
    checkpoints = (state.previous_justified_checkpoint, state.current_justified_checkpoint)
    run_epoch_step(spec, state, vector, STEP)
    assert not any(state.justification_bits)
    assert checkpoints == (state.previous_justified_checkpoint, state.current_justified_checkpoint)


def test_earliest(spec: Any, state: Any, vector: Recorder) -> None:
    """The end of epoch 2 is the first at which an epoch can be justified, and none final yet."""
    _stand(spec, state, epoch=2)
    _vote(state, previous=ENOUGH, current=ENOUGH)
    _run(spec, state, vector, bits="1100", justified=2, finalized=0)


@pytest.mark.parametrize(
    ("previous", "current", "bits", "justified"),
    [
        (ENOUGH, 0, "0100", 4),
        (ENOUGH - 1, 0, "0000", 0),
        (0, ENOUGH, "1000", 5),
        (0, ENOUGH - 1, "0000", 0),
        (ENOUGH, ENOUGH, "1100", 5),
        (0, 0, "0000", 0),
    ],
    ids=[
        "previous",
        "previous_one_too_few",
        "current",
        "current_one_too_few",
        "both",
        "neither",
    ],
)
def test_two_thirds(
    spec: Any,
    state: Any,
    vector: Recorder,
    previous: int,
    current: int,
    bits: str,
    justified: int,
) -> None:
    """32 of 48 are just enough."""
    _stand(spec, state)
    _vote(state, previous=previous, current=current)
    _run(spec, state, vector, bits=bits, justified=justified, finalized=0)


def test_slashed_votes(spec: Any, state: Any, vector: Recorder) -> None:
    """A slashed validator's vote does not count, though its stake does."""
    _stand(spec, state)
    _vote(state, previous=ENOUGH, current=ENOUGH)
    state.validators[0].slashed = True
    _run(spec, state, vector, bits="1000", justified=5, finalized=0)


def test_stake_counts_and_not_heads(spec: Any, state: Any, vector: Recorder) -> None:
    """Those that vote have lost a part of their effective balance, down to one ETH too little."""
    _stand(spec, state)
    _vote(state, previous=ENOUGH)
    state.validators[0].effective_balance = 31 * ETH
    _run(spec, state, vector, bits="0000", justified=0, finalized=0)


@pytest.mark.parametrize("exit_epoch", [EPOCH, EPOCH + 1], ids=["gone", "still_there"])
def test_exit_of_a_voter(spec: Any, state: Any, vector: Recorder, exit_epoch: int) -> None:
    """One that was active only in the previous epoch counts there, but not in the total.

    Without it 31 of 47 are too few, as 93 < 94.
    """
    _stand(spec, state)
    _vote(state, previous=ENOUGH - 1, current=ENOUGH)
    state.previous_epoch_participation[VALIDATORS - 1] = TARGET
    depart(state, VALIDATORS - 1, exit_epoch)
    if exit_epoch == EPOCH:
        _run(spec, state, vector, bits="0100", justified=4, finalized=0)
    else:
        _run(spec, state, vector, bits="1100", justified=5, finalized=0)


def test_other_flags(spec: Any, state: Any, vector: Recorder) -> None:
    """Votes with a right source and head, but no target."""
    _stand(spec, state)
    for index in range(VALIDATORS):
        state.previous_epoch_participation[index] = 0b101
        state.current_epoch_participation[index] = 0b101
    _run(spec, state, vector, bits="0000", justified=0, finalized=0)


PATTERNS = {
    # name: bits before, older, newer, previous votes, current votes, bits after, justified, final
    "three_epochs_by_the_previous": ("0110", 2, 3, 48, 0, "0111", 4, 2),
    "three_epochs_not_all": ("0010", 2, 2, 48, 0, "0101", 4, 0),
    "two_epochs_by_the_previous": ("0100", 3, 3, 48, 0, "0110", 4, 3),
    "two_epochs_not_all": ("0000", 3, 3, 48, 0, "0100", 4, 0),
    "two_epochs_by_the_current": ("0100", 0, 3, 48, 48, "1110", 5, 3),
    "two_epochs_previous_missing": ("0100", 0, 3, 0, 48, "1010", 5, 0),
    "previous_justified_late": ("1000", 0, 4, 0, 48, "1100", 5, 4),
    "one_epoch": ("1000", 3, 4, 48, 48, "1100", 5, 4),
    "one_epoch_without_the_current": ("1000", 0, 4, 48, 0, "0100", 4, 0),
    "all_four": ("1110", 3, 4, 48, 48, "1111", 5, 4),
    "older_is_too_old": ("1110", 1, 1, 48, 0, "0111", 4, 0),
    "newer_is_too_old": ("1110", 1, 2, 48, 48, "1111", 5, 0),
    "nothing_new": ("1110", 2, 4, 0, 0, "0111", 4, 2),
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_finality(spec: Any, state: Any, vector: Recorder, pattern: str) -> None:
    """Which epochs, counted from the one that ends, are justified decides what becomes final."""
    before, older, newer, previous, current, after, justified, finalized = PATTERNS[pattern]
    _stand(spec, state, bits=before, older=older, newer=newer)
    _vote(state, previous=previous, current=current)
    _run(spec, state, vector, bits=after, justified=justified, finalized=finalized)
