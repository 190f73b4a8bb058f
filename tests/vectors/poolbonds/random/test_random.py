"""Random chains full of pools, with everything checked on the way."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.invariants import watched
from tests.helpers.pools import SEAT
from tests.helpers.random_chain import RandomChain
from tests.helpers.reckoning import Flows

pytestmark = pytest.mark.vectors(runner="random", handler="random", forks=["poolbonds"])

SHORT = {
    # Lives that begin and end within a case
    "SHARD_COMMITTEE_PERIOD": 2,
    "MIN_VALIDATOR_WITHDRAWABILITY_DELAY": 6,
    "MIN_POOL_BOND": SEAT // 100,
    "SEAT_INACTIVITY_LIMIT": 40,
}


def _run(spec: Any, state: Any, vector: Recorder, seed: int, start: int, epochs: int) -> None:
    """The epochs from `start` on are the case. All that came and went is in its blocks."""
    with watched(spec) as ledger:
        chain = RandomChain(spec, state, seed)
        chain.run(start)
        chain.begin(vector)
        ledger.total = Flows()
        chain.run(epochs)
        chain.end(vector)
    bodies = [signed.message.body for signed in chain.blocks]
    deposits = [each for body in bodies for each in body.execution_requests.deposits]
    withdrawals = [each for body in bodies for each in body.execution_payload.withdrawals]
    assert deposits
    assert ledger.total.deposited == sum(int(each.amount) for each in deposits)
    assert ledger.total.withdrawn == sum(int(each.amount) for each in withdrawals)


@pytest.mark.config(**SHORT)
@pytest.mark.vectors(presets=["minimal"])
@pytest.mark.parametrize("seed", range(8))
def test_short_lives(spec: Any, state: Any, vector: Recorder, seed: int) -> None:
    """From pools that are there already, some epochs in."""
    _run(spec, state, vector, seed, start=3 * seed, epochs=5)


@pytest.mark.vectors(presets=["minimal"])
@pytest.mark.parametrize("seed", range(100, 104))
def test_ordinary_delays(spec: Any, state: Any, vector: Recorder, seed: int) -> None:
    """With the preset's own configuration."""
    _run(spec, state, vector, seed, start=4, epochs=5)


@pytest.mark.vectors(presets=["mainnet"])
@pytest.mark.parametrize("seed", [200, 201])
def test_mainnet(spec: Any, state: Any, vector: Recorder, seed: int) -> None:
    """With the mainnet preset's lengths: two epochs are 64 slots."""
    _run(spec, state, vector, seed, start=1, epochs=1)
