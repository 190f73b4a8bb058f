"""The next sync committee is drawn by weight, and somehow if nobody has any."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.epoch_end import leave_at, stand_at_epoch_end
from tests.helpers.keys import public_key
from tests.helpers.pools import SEAT_BOND, add_pool, make_pooled
from tests.helpers.running import EpochRun, run_epoch_step
from tests.helpers.sampling import accepted, first_candidates, make_heavy, make_seed

pytestmark = pytest.mark.vectors(
    runner="epoch_processing", handler="sync_committee_updates", forks=["poolbonds"]
)

STEP = "process_sync_committee_updates"
DOMAIN_TYPE = 7
LAST_EPOCH = {"minimal": 7, "mainnet": 255}
"""The last epoch of the first sync committee."""

MIX_WITH_A_ZERO = {"minimal": 819, "mainnet": 139}
"""Mixes, as numbers, under which a validator of even index is drawn with the random value 0."""


def _everybody(state: Any) -> list[int]:
    return list(range(len(state.validators)))


def _seed(spec: Any, state: Any) -> bytes:
    """The mix is that of the epoch before the one that ends."""
    epoch = LAST_EPOCH[spec.preset]
    return make_seed(bytes(state.randao_mixes[epoch - 1]), DOMAIN_TYPE, epoch + 1)


def _run(spec: Any, state: Any, vector: Recorder) -> EpochRun:
    epoch = LAST_EPOCH[spec.preset]
    stand_at_epoch_end(spec, state, finalized=epoch - 2, epoch=epoch)
    return run_epoch_step(spec, state, vector, STEP)


def _keys(indices: list[int]) -> list[bytes]:
    return [public_key(index) for index in indices]


def _committee(state: Any) -> list[bytes]:
    return [bytes(pubkey) for pubkey in state.next_sync_committee.pubkeys]


def _let_wait(spec: Any, state: Any, indices: list[int]) -> None:
    make_pooled(spec, state, add_pool(spec, state, bond=0), indices, seated=False)


def test_waiting_are_skipped(spec: Any, state: Any, vector: Recorder) -> None:
    """Also where a random value of 0 would let weight 0 pass. The committee before moves up."""
    everybody = _everybody(state)
    _let_wait(spec, state, everybody[::2])
    make_heavy(spec, state, everybody[1::2])
    mix = MIX_WITH_A_ZERO[spec.preset].to_bytes(32, "big")
    state.randao_mixes[LAST_EPOCH[spec.preset] - 1] = mix
    around = _run(spec, state, vector)
    size = int(spec.SYNC_COMMITTEE_SIZE)
    members = accepted(spec, state, _seed(spec, state), everybody, size)
    assert _committee(state) == _keys(members)
    assert all(index % 2 for index in members)
    otherwise = accepted(spec, state, _seed(spec, state), everybody, size, zero_passes=True)
    assert members != otherwise
    assert state.current_sync_committee == around.pre.next_sync_committee


@pytest.mark.vectors(presets=["minimal"])
def test_weights_of_32_eth(spec: Any, state: Any, vector: Recorder) -> None:
    """Each draw of a seat is taken with one chance in 64."""
    everybody = _everybody(state)
    _let_wait(spec, state, everybody[::3])
    _run(spec, state, vector)
    size = int(spec.SYNC_COMMITTEE_SIZE)
    members = accepted(spec, state, _seed(spec, state), everybody, size)
    assert _committee(state) == _keys(members)
    assert all(index % 3 for index in members)


def test_nobody_has_weight(spec: Any, state: Any, vector: Recorder) -> None:
    """Then every place goes to the first candidate drawn for it, everybody in turn."""
    everybody = _everybody(state)
    _let_wait(spec, state, everybody)
    _run(spec, state, vector)
    size = int(spec.SYNC_COMMITTEE_SIZE)
    members = first_candidates(spec, _seed(spec, state), everybody, size)
    assert _committee(state) == _keys(members)
    assert len(set(members)) == min(size, len(everybody))


@pytest.mark.parametrize("stays", [0, 1], ids=["gone", "last_epoch"])
def test_weight_that_leaves(spec: Any, state: Any, vector: Recorder, stays: int) -> None:
    """Only those count who are active in the epoch that begins."""
    everybody = _everybody(state)
    with_weight = 5
    others = [index for index in everybody if index != with_weight]
    _let_wait(spec, state, others)
    make_heavy(spec, state, [with_weight])
    leave_at(state, with_weight, LAST_EPOCH[spec.preset] + 1 + stays)
    _run(spec, state, vector)
    size = int(spec.SYNC_COMMITTEE_SIZE)
    seed = _seed(spec, state)
    members = [with_weight] * size if stays else first_candidates(spec, seed, others, size)
    assert _committee(state) == _keys(members)


def test_seats_lost_in_the_same_epoch(spec: Any, state: Any, vector: Recorder) -> None:
    """Who stands up is not drawn any more."""
    everybody = _everybody(state)
    members = everybody[::2]
    pool = add_pool(spec, state, bond=SEAT_BOND)
    make_pooled(spec, state, pool, members)
    make_heavy(spec, state, everybody[1::2])
    _run(spec, state, vector)
    assert not set(_committee(state)) & set(_keys(members[1:]))
    size = int(spec.SYNC_COMMITTEE_SIZE)
    drawn = accepted(spec, state, _seed(spec, state), everybody, size)
    assert _committee(state) == _keys(drawn)


def test_within_a_period(spec: Any, state: Any, vector: Recorder) -> None:
    """Nothing is drawn and nothing moves."""
    stand_at_epoch_end(spec, state)
    around = run_epoch_step(spec, state, vector, STEP)
    assert state.next_sync_committee == around.pre.next_sync_committee
    assert state.current_sync_committee == around.pre.current_sync_committee
