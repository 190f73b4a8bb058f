"""Justification and finality over epochs of blocks."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.attestations import fraction
from tests.helpers.epochs import next_epoch, next_epoch_with_attestations

pytestmark = pytest.mark.vectors(
    runner="finality", handler="finality", forks=["fulu", "poolbonds"], presets=["minimal"]
)

FIRST = 2
"""The first epoch that is told here, unless a case begins with the chain."""

NONE = (False, False)
CURRENT = (True, False)
PREVIOUS = (False, True)
BOTH = (True, True)
"""Whose votes an epoch's blocks hold: those of the epoch itself, and those of the one before it."""


def _tell(
    spec: Any, state: Any, vector: Recorder, epochs: list[tuple[bool, bool]], start: int = FIRST
) -> None:
    """Epochs of blocks with votes of everybody, one epoch after the other."""
    if start:
        next_epoch(spec, state, start)
    vector.pre(state)
    blocks = []
    for current, previous in epochs:
        blocks += next_epoch_with_attestations(spec, state, current=current, previous=previous)
    vector.blocks(blocks)
    vector.post(state)
    assert int(state.slot) == (start + len(epochs)) * int(spec.SLOTS_PER_EPOCH)


def _expect(state: Any, previous: int, current: int, finalized: int) -> None:
    """The epochs of the three checkpoints."""
    checkpoints = (
        state.previous_justified_checkpoint,
        state.current_justified_checkpoint,
        state.finalized_checkpoint,
    )
    assert [int(each.epoch) for each in checkpoints] == [previous, current, finalized]


def test_first_epochs(spec: Any, state: Any, vector: Recorder) -> None:
    """At the end of the first two epochs nothing is decided."""
    _tell(spec, state, vector, [CURRENT, CURRENT], start=0)
    _expect(state, 0, 0, 0)


def test_first_justification(spec: Any, state: Any, vector: Recorder) -> None:
    """The end of the third epoch justifies the second and the third, and makes nothing final."""
    _tell(spec, state, vector, [CURRENT, CURRENT, CURRENT], start=0)
    _expect(state, 0, 2, 0)


def test_two_epochs_of_full_votes(spec: Any, state: Any, vector: Recorder) -> None:
    """Each epoch makes the one before it final."""
    _tell(spec, state, vector, [CURRENT, CURRENT, CURRENT], start=1)
    _expect(state, 2, 3, 2)


def test_votes_always_an_epoch_late(spec: Any, state: Any, vector: Recorder) -> None:
    """Three epochs in a row, justified each by the next, make the first of them final."""
    _tell(spec, state, vector, [PREVIOUS] * 4)
    # At the end of epoch 5: 4 is justified, and 3 and 2 were at the ends of 4 and 3.
    _expect(state, 3, 4, 2)


def test_votes_an_epoch_late_once(spec: Any, state: Any, vector: Recorder) -> None:
    """An epoch that only the next one justifies, on top of one that justified itself."""
    _tell(spec, state, vector, [CURRENT, NONE, PREVIOUS])
    # Epoch 2 by its own votes, 3 by those that epoch 4 brings: 2 is final.
    _expect(state, 2, 3, 2)


def test_two_at_once(spec: Any, state: Any, vector: Recorder) -> None:
    """An epoch's end that justifies two epochs makes the one before them final."""
    _tell(spec, state, vector, [NONE, PREVIOUS, BOTH])
    # Epoch 2 by what epoch 3 brings, then 3 and 4 by what epoch 4 brings.
    _expect(state, 2, 4, 2)


def test_gap(spec: Any, state: Any, vector: Recorder) -> None:
    """An epoch without votes between two justified ones: nothing is final."""
    _tell(spec, state, vector, [CURRENT, NONE, CURRENT])
    _expect(state, 2, 4, 0)


def test_leak_and_recovery(spec: Any, state: Any, vector: Recorder) -> None:
    """No votes for six epochs, and then all: scores go down again once something is final."""
    _tell(spec, state, vector, [NONE] * 6 + [CURRENT] * 3)
    _expect(state, 9, 10, 9)
    # The ends of epochs 6 to 8 brought them to 12, and that of 9, with epoch 8 final, to 0.
    assert set(state.inactivity_scores) == {0}


@pytest.mark.parametrize(
    ("part", "finalized"), [((3, 4), 2), ((1, 2), 0)], ids=["three_quarters", "half"]
)
def test_part_of_the_votes(
    spec: Any, state: Any, vector: Recorder, part: tuple[int, int], finalized: int
) -> None:
    """Committees have four members: three of them are enough, two are not.

    Three quarters do so only with an epoch's last slot, whose votes come with the next epoch.
    """
    next_epoch(spec, state, FIRST)
    vector.pre(state)
    blocks = []
    for _ in range(4):
        blocks += next_epoch_with_attestations(spec, state, voters=fraction(*part), previous=True)
    vector.blocks(blocks)
    vector.post(state)
    assert state.finalized_checkpoint.epoch == finalized
