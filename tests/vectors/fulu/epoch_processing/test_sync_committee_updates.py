"""Sync committees: they change when their period ends."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.drawing import draw_by_balance, seed_of
from tests.helpers.running import run_epoch_step
from tests.helpers.solo import ETH, add_solo, depart, make_compounding

STEP = "process_sync_committee_updates"

pytestmark = pytest.mark.vectors(
    runner="epoch_processing", handler="sync_committee_updates", forks=["fulu", "poolbonds"]
)

PERIOD = {"minimal": 8, "mainnet": 256}
"""Epochs for which a committee serves."""

SIZE = {"minimal": 32, "mainnet": 512}

SYNC_DOMAIN = bytes([7, 0, 0, 0])


def _stand(spec: Any, state: Any, epoch: int) -> None:
    """Stand in the epoch's last slot, with randomness that tells epochs apart."""
    state.slot = (epoch + 1) * int(spec.SLOTS_PER_EPOCH) - 1
    state.finalized_checkpoint.epoch = epoch - 1
    length = int(spec.EPOCHS_PER_HISTORICAL_VECTOR)
    state.randao_mixes = spec.RandaoMixes([i.to_bytes(32, "big") for i in range(length)])
    keys = list(state.next_sync_committee.pubkeys)
    state.next_sync_committee.pubkeys = spec.SyncCommitteePubkeys(keys[1:] + keys[:1])


def _diversify(spec: Any, state: Any) -> None:
    """Some weigh more, one has almost nothing, one is leaving and one not active yet."""
    for index in range(6):
        make_compounding(spec, state, index, (100 + 300 * index) * ETH)
    state.validators[10].effective_balance = ETH
    depart(state, 11, PERIOD[spec.preset])
    depart(state, 12, PERIOD[spec.preset] + 1)
    add_solo(spec, state, 32 * ETH)


@pytest.mark.parametrize("diverse", [False, True], ids=["equal", "diverse"])
def test_end_of_a_period(spec: Any, state: Any, vector: Recorder, diverse: bool) -> None:
    """The next committee becomes the current one; another is drawn from who will be active."""
    if diverse:
        _diversify(spec, state)
    period = PERIOD[spec.preset]
    _stand(spec, state, period - 1)
    following = state.next_sync_committee.copy()
    run = run_epoch_step(spec, state, vector, STEP)
    assert state.current_sync_committee == following
    seed = seed_of(run.pre, period, SYNC_DOMAIN, int(spec.EPOCHS_PER_HISTORICAL_VECTOR))
    active = [
        index
        for index, validator in enumerate(run.pre.validators)
        if validator.activation_epoch <= period < validator.exit_epoch
    ]
    members = draw_by_balance(spec, run.pre, active, seed, SIZE[spec.preset])
    pubkeys = [run.pre.validators[index].pubkey for index in members]
    assert list(state.next_sync_committee.pubkeys) == pubkeys
    assert state.next_sync_committee.aggregate_pubkey == spec.eth_aggregate_pubkeys(pubkeys)


@pytest.mark.parametrize("from_end", [-1, 1], ids=["before", "after"])
def test_not_at_the_end(spec: Any, state: Any, vector: Recorder, from_end: int) -> None:
    _stand(spec, state, PERIOD[spec.preset] - 1 + from_end)
    run = run_epoch_step(spec, state, vector, STEP)
    assert spec.hash_tree_root(run.pre) == spec.hash_tree_root(run.post)
