"""Proposers are drawn by weight, never without it, and somehow if nobody has any."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.epoch_end import EPOCH, leave_at, stand_at_epoch_end, weights
from tests.helpers.pools import SEAT_BOND, add_pool, make_pooled
from tests.helpers.running import run_epoch_step
from tests.helpers.sampling import (
    accepted,
    draw_value,
    first_candidates,
    make_heavy,
    proposer_seeds,
)

pytestmark = pytest.mark.vectors(
    runner="epoch_processing", handler="proposer_lookahead", forks=["poolbonds"]
)

STEP = "process_proposer_lookahead"
DRAWN_EPOCH = EPOCH + 2
MIX_WITH_A_ZERO = {"minimal": 3076, "mainnet": 3475}
"""Mixes, as numbers, under which a validator of even index is drawn with the random value 0."""

MIX_WITH_THE_LARGEST = {"minimal": 11_961, "mainnet": 351}
"""Mixes, as numbers, under which the first draw for one of the slots has all bits set."""


def _seeds(spec: Any, state: Any) -> list[bytes]:
    """The seeds of the slots whose proposers are drawn, from the mix of the epoch that ends."""
    return proposer_seeds(spec, bytes(state.randao_mixes[EPOCH]), DRAWN_EPOCH)


def _drawn(spec: Any, state: Any, active: list[int], *, zero_passes: bool = False) -> list[int]:
    """The proposers by the rule."""
    return [
        accepted(spec, state, seed, active, 1, zero_passes=zero_passes)[0]
        for seed in _seeds(spec, state)
    ]


def _everybody(state: Any) -> list[int]:
    return list(range(len(state.validators)))


def _new(spec: Any, state: Any) -> list[int]:
    """What the step has appended."""
    return [int(index) for index in state.proposer_lookahead[int(spec.SLOTS_PER_EPOCH) :]]


def _let_wait(spec: Any, state: Any, indices: list[int]) -> None:
    make_pooled(spec, state, add_pool(spec, state, bond=0), indices, seated=False)


def test_waiting_are_skipped(spec: Any, state: Any, vector: Recorder) -> None:
    """Three of four wait. What was drawn before stays."""
    waiting = [index for index in _everybody(state) if index % 4]
    _let_wait(spec, state, waiting)
    stand_at_epoch_end(spec, state)
    before = list(state.proposer_lookahead)
    run_epoch_step(spec, state, vector, STEP)
    assert _new(spec, state) == _drawn(spec, state, _everybody(state))
    assert not set(_new(spec, state)) & set(waiting)
    length = int(spec.SLOTS_PER_EPOCH)
    assert list(state.proposer_lookahead)[:length] == before[length:]


def test_waiting_are_skipped_at_a_draw_of_zero(spec: Any, state: Any, vector: Recorder) -> None:
    """A random value of 0 is no larger than any weight; still weight 0 does not pass."""
    waiting = _everybody(state)[::2]
    _let_wait(spec, state, waiting)
    make_heavy(spec, state, _everybody(state)[1::2])
    state.randao_mixes[EPOCH] = MIX_WITH_A_ZERO[spec.preset].to_bytes(32, "big")
    stand_at_epoch_end(spec, state)
    run_epoch_step(spec, state, vector, STEP)
    active = _everybody(state)
    assert _new(spec, state) == _drawn(spec, state, active)
    assert _new(spec, state) != _drawn(spec, state, active, zero_passes=True)
    assert not set(_new(spec, state)) & set(waiting)


def test_heaviest_pass_every_draw(spec: Any, state: Any, vector: Recorder) -> None:
    """2048 ETH are no less than any random value, and a slot's first candidate proposes."""
    everybody = _everybody(state)
    make_heavy(spec, state, everybody)
    state.randao_mixes[EPOCH] = MIX_WITH_THE_LARGEST[spec.preset].to_bytes(32, "big")
    stand_at_epoch_end(spec, state)
    run_epoch_step(spec, state, vector, STEP)
    seeds = _seeds(spec, state)
    assert 65_535 in [draw_value(seed, 0) for seed in seeds]
    assert _new(spec, state) == [first_candidates(spec, seed, everybody, 1)[0] for seed in seeds]


def test_nobody_has_weight(spec: Any, state: Any, vector: Recorder) -> None:
    """Then the first candidate of each slot proposes, so that the chain goes on."""
    _let_wait(spec, state, _everybody(state))
    stand_at_epoch_end(spec, state)
    run_epoch_step(spec, state, vector, STEP)
    seeds = _seeds(spec, state)
    expected = [first_candidates(spec, seed, _everybody(state), 1)[0] for seed in seeds]
    assert _new(spec, state) == expected
    assert len(set(expected)) > 1


@pytest.mark.parametrize("exit_epoch", [DRAWN_EPOCH, DRAWN_EPOCH + 1], ids=["gone", "last_epoch"])
def test_weight_that_leaves(spec: Any, state: Any, vector: Recorder, exit_epoch: int) -> None:
    """Only the weight of those who are active in the drawn epoch matters."""
    with_weight = 5
    everybody = _everybody(state)
    _let_wait(spec, state, [index for index in everybody if index != with_weight])
    make_heavy(spec, state, [with_weight])
    leave_at(state, with_weight, exit_epoch)
    stand_at_epoch_end(spec, state)
    run_epoch_step(spec, state, vector, STEP)
    if exit_epoch > DRAWN_EPOCH:
        assert set(_new(spec, state)) == {with_weight}
    else:
        active = [index for index in everybody if index != with_weight]
        seeds = _seeds(spec, state)
        expected = [first_candidates(spec, seed, active, 1)[0] for seed in seeds]
        assert _new(spec, state) == expected


def test_seats_lost_in_the_same_epoch(spec: Any, state: Any, vector: Recorder) -> None:
    """Who stands up is not drawn any more, and keeps the slots it was drawn for before."""
    members = _everybody(state)[::2]
    pool = add_pool(spec, state, bond=SEAT_BOND)
    make_pooled(spec, state, pool, members)
    stand_at_epoch_end(spec, state)
    length = int(spec.SLOTS_PER_EPOCH)
    state.proposer_lookahead[length] = members[1]
    before = list(state.proposer_lookahead)
    run_epoch_step(spec, state, vector, STEP)
    assert weights(state, members[:2]) == [32, 0]
    assert not set(_new(spec, state)) & set(members[1:])
    assert list(state.proposer_lookahead)[:length] == before[length:]
    assert state.proposer_lookahead[0] == members[1]


def test_only_one_is_active(spec: Any, state: Any, vector: Recorder) -> None:
    for index in _everybody(state)[1:]:
        leave_at(state, index, DRAWN_EPOCH)
    stand_at_epoch_end(spec, state)
    run_epoch_step(spec, state, vector, STEP)
    assert set(_new(spec, state)) == {0}


def test_nobody_is_active(spec: Any, state: Any, vector: Recorder) -> None:
    for index in _everybody(state):
        leave_at(state, index, DRAWN_EPOCH)
    stand_at_epoch_end(spec, state)
    run_epoch_step(
        spec,
        state,
        vector,
        STEP,
        valid=False,
        reason="nobody is active in the epoch whose proposers are drawn",
    )
