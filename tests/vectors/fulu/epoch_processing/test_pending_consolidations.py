"""Pending consolidations: balances move when their validators are withdrawable."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.epoch_end import EPOCH, stand_at_epoch_end
from tests.helpers.running import run_epoch_step
from tests.helpers.solo import ETH, depart, make_compounding

STEP = "process_pending_consolidations"

pytestmark = pytest.mark.vectors(
    runner="epoch_processing", handler="pending_consolidations", forks=["fulu", "poolbonds"]
)

NEXT = EPOCH + 1

TARGET = 5


def _merge(spec: Any, state: Any, source: int, withdrawable: int = NEXT) -> None:
    """Let the source have left, to be withdrawable then, and wait to be merged."""
    make_compounding(spec, state, TARGET)
    depart(state, source, 5, withdrawable)
    pending = spec.PendingConsolidation(source_index=source, target_index=TARGET)
    state.pending_consolidations.append(pending)


def _run(spec: Any, state: Any, vector: Recorder, moved: dict[int, int], left: int = 0) -> None:
    """What moves, in Gwei by source, all to one target; and how many stay in the queue."""
    stand_at_epoch_end(spec, state)
    waiting = list(state.pending_consolidations)
    run = run_epoch_step(spec, state, vector, STEP)
    expected = [int(balance) for balance in run.pre.balances]
    for source, amount in moved.items():
        expected[source] -= amount
        expected[TARGET] += amount
    assert [int(balance) for balance in run.post.balances] == expected
    assert list(run.post.validators) == list(run.pre.validators)
    assert list(run.post.pending_consolidations) == waiting[len(waiting) - left :]


@pytest.mark.parametrize("withdrawable", [NEXT, EPOCH], ids=["next_epoch", "before"])
def test_due(spec: Any, state: Any, vector: Recorder, withdrawable: int) -> None:
    _merge(spec, state, 1, withdrawable)
    _run(spec, state, vector, {1: 32 * ETH})


def test_an_epoch_early(spec: Any, state: Any, vector: Recorder) -> None:
    """One that is not due holds up those behind it."""
    _merge(spec, state, 1)
    _merge(spec, state, 2, NEXT + 1)
    _merge(spec, state, 3)
    _run(spec, state, vector, {1: 32 * ETH}, left=2)


@pytest.mark.parametrize(
    ("balance", "effective", "moved"),
    [
        (40 * ETH + 1, 32, 32 * ETH),
        (32 * ETH, 32, 32 * ETH),
        (32 * ETH - 1, 32, 32 * ETH - 1),
        (20 * ETH, 10, 10 * ETH),
        (0, 32, 0),
    ],
    ids=["excess_stays", "same", "less", "low_stake", "nothing"],
)
def test_amount(
    spec: Any, state: Any, vector: Recorder, balance: int, effective: int, moved: int
) -> None:
    """The effective balance, or what there is of it."""
    _merge(spec, state, 1)
    state.balances[1] = balance
    state.validators[1].effective_balance = effective * ETH
    _run(spec, state, vector, {1: moved})


def test_large_source(spec: Any, state: Any, vector: Recorder) -> None:
    _merge(spec, state, 1)
    make_compounding(spec, state, 1, 1500 * ETH)
    state.balances[1] += 7
    _run(spec, state, vector, {1: 1500 * ETH})


def test_slashed_source(spec: Any, state: Any, vector: Recorder) -> None:
    """The consolidation is dropped, also before it would be due, and holds nobody up."""
    _merge(spec, state, 1, NEXT + 50)
    state.validators[1].slashed = True
    _merge(spec, state, 2)
    _run(spec, state, vector, {2: 32 * ETH})


@pytest.mark.parametrize("what", ["slashed", "leaving", "withdrawable"])
def test_target_has_changed(spec: Any, state: Any, vector: Recorder, what: str) -> None:
    """Whatever has become of the target, it gets the money."""
    _merge(spec, state, 1)
    if what == "slashed":
        state.validators[TARGET].slashed = True
    elif what == "leaving":
        depart(state, TARGET, NEXT + 4)
    else:
        depart(state, TARGET, 5, EPOCH)
    _run(spec, state, vector, {1: 32 * ETH})


def test_chain(spec: Any, state: Any, vector: Recorder) -> None:
    """A source that was a target before hands on its effective balance, not what it got."""
    _merge(spec, state, 1)
    make_compounding(spec, state, 2)
    state.pending_consolidations[0].target_index = 2
    _merge(spec, state, 2)
    stand_at_epoch_end(spec, state)
    run = run_epoch_step(spec, state, vector, STEP)
    changes = [int(run.post.balances[i]) - int(run.pre.balances[i]) for i in (1, 2, TARGET)]
    assert changes == [-32 * ETH, 0, 32 * ETH]


def test_many(spec: Any, state: Any, vector: Recorder) -> None:
    """There is no limit to how many are done in an epoch."""
    sources = range(10, 40)
    for source in sources:
        _merge(spec, state, source)
    _run(spec, state, vector, dict.fromkeys(sources, 32 * ETH))
