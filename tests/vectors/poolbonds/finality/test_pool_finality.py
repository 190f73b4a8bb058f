"""Finality where much of the weight is in pools: with it, without it, and after it has gone."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.epoch_end import weights
from tests.helpers.invariants import watched
from tests.helpers.pools import ETH, SEAT_BOND, add_pool, build_bond_request, make_pooled
from tests.helpers.scenarios import Chain, everyone_but, seats

pytestmark = pytest.mark.vectors(
    runner="finality", handler="finality", forks=["poolbonds"], presets=["minimal"]
)


def _chain(spec: Any, state: Any, members: range, bond: int) -> Chain:
    pool = add_pool(spec, state, bond=bond)
    make_pooled(spec, state, pool, members)
    chain = Chain(spec, state)
    chain.empty_until(1)
    return chain


def test_pools_vote_as_others_do(spec: Any, state: Any, vector: Recorder) -> None:
    """Half of the weight is pooled, and all vote."""
    with watched(spec):
        chain = _chain(spec, state, range(32), 50 * ETH)
        chain.begin(vector)
        chain.blocks_until(4)
        chain.end(vector)
    assert state.finalized_checkpoint.epoch == 2
    assert seats(state, 0) == 32


def test_a_third_in_an_absent_pool(spec: Any, state: Any, vector: Recorder) -> None:
    """22 of 64 are absent; with two thirds missing by one validator nothing is justified."""
    with watched(spec):
        chain = _chain(spec, state, range(22), 50 * ETH)
        chain.voters = everyone_but(range(22))
        chain.begin(vector)
        chain.blocks_until(4)
        chain.end(vector)
    assert state.current_justified_checkpoint.epoch == 0


def test_weight_that_is_gone_does_not_count(spec: Any, state: Any, vector: Recorder) -> None:
    """The same pool without a bond: its seats are gone at the first epoch's end.

    What is left is a whole of its own, and finalizes.
    """
    with watched(spec):
        chain = _chain(spec, state, range(22), 0)
        assert weights(state, range(22)) == [0] * 22
        chain.voters = everyone_but(range(22))
        chain.begin(vector)
        chain.blocks_until(4)
        chain.end(vector)
    assert state.finalized_checkpoint.epoch == 2


def test_votes_without_weight_do_not_count(spec: Any, state: Any, vector: Recorder) -> None:
    """A pool with two thirds of the validators and no bond votes alone."""
    members = range(43)
    with watched(spec):
        chain = _chain(spec, state, members, 0)
        chain.voters = everyone_but(range(43, 64))
        chain.begin(vector)
        chain.blocks_until(4)
        chain.end(vector)
    assert state.current_justified_checkpoint.epoch == 0


def test_leak_until_the_limit_and_recovery(spec: Any, state: Any, vector: Recorder) -> None:
    """A pool with surplus is absent; its weight is gone at the inactivity limit, and no earlier.

    Then the others finalize, and the pool, back again, waits until its scores have fallen.
    """
    absent = range(26)
    with watched(spec):
        chain = _chain(spec, state, absent, 50 * ETH)
        chain.voters = everyone_but(absent)
        chain.signs = lambda index: index not in absent
        limit = int(spec.config.SEAT_INACTIVITY_LIMIT)
        chain.sparse_until(1 + limit // 4)
        assert seats(state, 0) == 26
        assert state.finalized_checkpoint.epoch == 0
        chain.begin(vector)
        chain.until(lambda state: seats(state, 0) == 0)
        assert max(state.inactivity_scores) < limit + 8
        chain.until(lambda state: state.finalized_checkpoint.epoch > 0)
        assert seats(state, 0) == 0
        chain.voters = everyone_but([])
        chain.until(lambda state: seats(state, 0) > 0)
        chain.end(vector)
    assert state.pools[0].bond > 40 * ETH


def test_new_weight_waits_in_a_leak(spec: Any, state: Any, vector: Recorder) -> None:
    """A top-up while the chain does not finalize brings places in line, and no seats."""
    with watched(spec):
        chain = _chain(spec, state, range(22), 10 * SEAT_BOND)
        assert seats(state, 0) == 10
        chain.voters = everyone_but(range(36, 64))
        chain.epochs(1)
        chain.begin(vector)
        chain.block(deposits=[build_bond_request(spec, 0, 40 * ETH)])
        chain.epochs(2)
        assert seats(state, 0) == 10
        chain.voters = everyone_but([])
        chain.until(lambda state: seats(state, 0) > 10)
        chain.end(vector)
    assert state.finalized_checkpoint.epoch > 0
