"""Sync committees: each reward and each penalty is settled at once, place after place."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.epoch_end import leave_at, reward_per_increment
from tests.helpers.keys import public_key
from tests.helpers.offences import PROPOSER, stand_in_epoch
from tests.helpers.pools import ETH, SEAT, add_pool, make_pooled, pooled_credentials
from tests.helpers.running import run_operation
from tests.helpers.sync_committee import build_sync_aggregate

HANDLER = "sync_aggregate"

pytestmark = pytest.mark.vectors(runner="operations", handler=HANDLER, forks=["poolbonds"])

BOND = 5 * ETH
LARGEST = 2**64 - 1
FIRST_SOLO = 20
"""From here on solo validators hold the places that a test does not give to others."""


def _rewards(spec: Any, state: Any) -> tuple[int, int]:
    """For one signature, to the member and to the proposer: 2 of 64 parts, and 8 for 56."""
    total_eth = sum(int(validator.effective_balance) for validator in state.validators) // ETH
    epoch_rewards = reward_per_increment(total_eth) * total_eth * 2 // 64
    member = epoch_rewards // int(spec.SLOTS_PER_EPOCH) // int(spec.SYNC_COMMITTEE_SIZE)
    return member, member * 8 // 56


def _run(
    spec: Any,
    state: Any,
    vector: Recorder,
    members: list[int],
    signed: list[bool],
    others_sign: bool = False,
) -> None:
    """Give the first places to these validators, and let them sign or not."""
    stand_in_epoch(spec, state)
    others = int(spec.SYNC_COMMITTEE_SIZE) - len(members)
    committee = [*members, *(FIRST_SOLO + place % 20 for place in range(others))]
    pubkeys = [spec.BLSPubkey(public_key(index)) for index in committee]
    state.current_sync_committee = spec.SyncCommittee(
        pubkeys=spec.SyncCommitteePubkeys(pubkeys),
        aggregate_pubkey=spec.eth_aggregate_pubkeys(pubkeys),
    )
    aggregate = build_sync_aggregate(spec, state, [*signed, *[others_sign] * others])
    run_operation(spec, state, vector, HANDLER, aggregate)


def _make_unadmitted(spec: Any, state: Any, index: int) -> None:
    credentials = spec.Bytes32(pooled_credentials(0, index))
    state.validators[index].withdrawal_credentials = credentials


@pytest.mark.vectors(presets=["minimal"])
def test_amounts(spec: Any, state: Any, vector: Recorder) -> None:
    """2048 ETH at 44,721 Gwei each give 11,180 Gwei for a signature; a third of that is 3,726."""
    pool = add_pool(spec, state, bond=BOND, commission=3333)
    make_pooled(spec, state, pool, [3])
    assert _rewards(spec, state) == (11_180, 1_597)
    _run(spec, state, vector, [3], [True])
    assert state.pools[pool].bond == BOND + 3_726
    assert state.balances[3] == SEAT + 7_454
    assert state.balances[PROPOSER] == SEAT + 1_597
    assert state.balances[FIRST_SOLO] < SEAT


@pytest.mark.parametrize("commission", [0, 1, 5000, 9999, 10_000])
def test_each_reward_is_split(spec: Any, state: Any, vector: Recorder, commission: int) -> None:
    """A member with three places has its commission rounded down three times."""
    pool = add_pool(spec, state, bond=BOND, commission=commission)
    make_pooled(spec, state, pool, [3])
    reward, proposer_reward = _rewards(spec, state)
    _run(spec, state, vector, [3, 3, 3], [True] * 3)
    kept = reward * commission // 10_000
    assert state.pools[pool].bond == BOND + 3 * kept
    assert state.balances[3] == SEAT + 3 * (reward - kept)
    assert state.balances[PROPOSER] == SEAT + 3 * proposer_reward


def test_everybody_signs(spec: Any, state: Any, vector: Recorder) -> None:
    """Waiting, exited and slashed members are paid like others, an unadmitted one is not."""
    pool = add_pool(spec, state, bond=BOND, commission=5000)
    make_pooled(spec, state, pool, [3, 5, 6])
    make_pooled(spec, state, pool, [4], seated=False)
    leave_at(state, 5, 8)
    leave_at(state, 6, 12)
    state.validators[6].slashed = True
    _make_unadmitted(spec, state, 7)
    reward, proposer_reward = _sum_of_active(spec, state, gone=[5])
    _run(spec, state, vector, [3, 4, 5, 6, 7], [True] * 5, others_sign=True)
    assert state.pools[pool].bond == BOND + 4 * (reward // 2)
    assert [state.balances[index] for index in (3, 4, 5, 6)] == [SEAT + reward - reward // 2] * 4
    assert state.balances[7] == SEAT
    assert state.balances[PROPOSER] == SEAT + int(spec.SYNC_COMMITTEE_SIZE) * proposer_reward


def _sum_of_active(spec: Any, state: Any, gone: list[int]) -> tuple[int, int]:
    """The rewards if these do not count as active any more."""
    active = state.copy()
    for index in gone:
        active.validators[index].effective_balance = 0
    return _rewards(spec, active)


def test_nobody_signs(spec: Any, state: Any, vector: Recorder) -> None:
    """The bond pays for the seated and the waiting; nobody pays for the unadmitted."""
    pool = add_pool(spec, state, bond=BOND, commission=5000)
    make_pooled(spec, state, pool, [3])
    make_pooled(spec, state, pool, [4], seated=False)
    _make_unadmitted(spec, state, 7)
    penalty, _ = _rewards(spec, state)
    _run(spec, state, vector, [3, 4, 7, 8], [False] * 4)
    assert state.pools[pool].bond == BOND - 2 * penalty
    assert [state.balances[index] for index in (3, 4, 7)] == [SEAT] * 3
    assert state.balances[8] == SEAT - penalty
    assert state.balances[PROPOSER] == SEAT


@pytest.mark.parametrize(
    ("signed", "rewards_left"),
    [([False, True], 1), ([True, False], 0)],
    ids=["pays_first", "earns_first"],
)
def test_empty_bond_in_order_of_places(
    spec: Any, state: Any, vector: Recorder, signed: list[bool], rewards_left: int
) -> None:
    """A penalty finds an empty bond, or takes the commission that came before it."""
    pool = add_pool(spec, state, bond=0, commission=10_000)
    make_pooled(spec, state, pool, [3, 7])
    reward, _ = _rewards(spec, state)
    _run(spec, state, vector, [3, 7], signed)
    assert state.pools[pool].bond == rewards_left * reward
    assert state.balances[3] == state.balances[7] == SEAT


def test_bond_runs_dry_within_a_committee(spec: Any, state: Any, vector: Recorder) -> None:
    """Half a penalty is left for the second place, nothing for the third; then it earns again."""
    penalty, _ = _rewards(spec, state)
    pool = add_pool(spec, state, bond=penalty + penalty // 2, commission=10_000)
    other = add_pool(spec, state, bond=BOND)
    make_pooled(spec, state, pool, [3, 7])
    make_pooled(spec, state, other, [9])
    _run(spec, state, vector, [7, 9, 3, 7, 3], [False, False, False, False, True])
    assert state.pools[pool].bond == penalty
    assert state.pools[other].bond == BOND - penalty
    assert [state.balances[index] for index in (3, 7, 9)] == [SEAT] * 3


@pytest.mark.parametrize("commission", [3333, 10_000])
def test_pooled_proposer(spec: Any, state: Any, vector: Recorder, commission: int) -> None:
    """It gets one reward for each signature, and each is rounded for itself."""
    pool = add_pool(spec, state, bond=BOND, commission=commission)
    make_pooled(spec, state, pool, [PROPOSER])
    _, reward = _rewards(spec, state)
    _run(spec, state, vector, [], [], others_sign=True)
    size = int(spec.SYNC_COMMITTEE_SIZE)
    kept = reward * commission // 10_000
    assert state.pools[pool].bond == BOND + size * kept
    assert state.balances[PROPOSER] == SEAT + size * (reward - kept)


def test_proposer_keeps_its_bond_afloat(spec: Any, state: Any, vector: Recorder) -> None:
    """Its pool has a silent member between signatures: only what has come before can be taken."""
    pool = add_pool(spec, state, bond=0, commission=10_000)
    make_pooled(spec, state, pool, [3, PROPOSER])
    _, proposer_reward = _rewards(spec, state)
    _run(spec, state, vector, [20, 3, 21, 22], [True, False, True, True])
    assert state.pools[pool].bond == 2 * proposer_reward
    assert state.balances[PROPOSER] == SEAT


def test_unadmitted_proposer(spec: Any, state: Any, vector: Recorder) -> None:
    pool = add_pool(spec, state, bond=BOND, commission=10_000)
    _make_unadmitted(spec, state, PROPOSER)
    reward, _ = _rewards(spec, state)
    _run(spec, state, vector, [8], [True])
    assert state.balances[PROPOSER] == SEAT
    assert state.pools[pool].bond == BOND
    assert state.balances[8] == SEAT + reward


def test_everything_is_clamped(spec: Any, state: Any, vector: Recorder) -> None:
    """Neither bonds nor balances grow beyond 64 bits, and no honest block fails by that."""
    pool = add_pool(spec, state, bond=LARGEST - 1, commission=5000)
    make_pooled(spec, state, pool, [3])
    for index in (3, 8, PROPOSER):
        state.balances[index] = LARGEST - 1
    _run(spec, state, vector, [3, 8], [True, True])
    assert state.pools[pool].bond == LARGEST
    assert [state.balances[index] for index in (3, 8, PROPOSER)] == [LARGEST] * 3
