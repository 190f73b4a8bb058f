"""What becomes of validators over epochs of blocks."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.deposits import build_deposit_request
from tests.helpers.genesis import execution_credentials
from tests.helpers.requests import build_consolidation_request, build_voluntary_exit
from tests.helpers.scenarios import Chain
from tests.helpers.slashings import build_proposer_slashing
from tests.helpers.solo import ETH, depart, let_all_serve

pytestmark = pytest.mark.vectors(
    runner="sanity", handler="blocks", forks=["fulu", "poolbonds"], presets=["minimal"]
)

SERVICE = 64
"""Epochs that an exit needs."""


def _stand_late(spec: Any, state: Any) -> list[int]:
    """Stand where everybody may leave; gives validators that do not propose in the two epochs."""
    let_all_serve(spec, state)
    for name in ("previous_justified", "current_justified", "finalized"):
        setattr(state, f"{name}_checkpoint", spec.Checkpoint(epoch=SERVICE - 2))
    proposers = {int(index) for index in state.proposer_lookahead}
    return [index for index in range(len(state.validators)) if index not in proposers]


def test_from_deposit_to_duty(spec: Any, state: Any, vector: Recorder) -> None:
    """In order: final, applied, lined up, final again, activated after the lookahead, voting."""
    chain = Chain(spec, state)
    chain.begin(vector)
    key = len(state.validators)
    deposit = build_deposit_request(spec, key, execution_credentials(key), 32 * ETH)
    chain.block(deposits=[deposit])
    chain.sparse_until(5)
    assert len(state.validators) == key + 1
    chain.until(lambda after: after.validators[key].activation_epoch != spec.FAR_FUTURE_EPOCH)
    activation = int(state.validators[key].activation_epoch)
    chain.sparse_until(activation + 2)
    # The vote of an epoch's last slot comes with the first block of the next.
    chain.block()
    chain.end(vector)
    assert state.previous_epoch_participation[key] & 0b010
    lined_up = int(state.validators[key].activation_eligibility_epoch)
    # At the end of the epoch after it this is final; then it is activated for five epochs later.
    assert activation == lined_up + 1 + 5


def test_top_up_to_compound(spec: Any, state: Any, vector: Recorder) -> None:
    """A switch to compounding, a deposit on top, and the effective balance that comes of both."""
    index = 5
    chain = Chain(spec, state)
    chain.begin(vector)
    switch = build_consolidation_request(spec, state, index, index)
    deposit = build_deposit_request(spec, index, execution_credentials(index), 8 * ETH)
    chain.block(consolidations=[switch], deposits=[deposit])
    chain.sparse_until(6)
    chain.block()
    chain.end(vector)
    assert state.validators[index].effective_balance == 40 * ETH
    assert state.validators[index + 1].effective_balance == 32 * ETH


def test_exit_until_it_is_out(spec: Any, state: Any, vector: Recorder) -> None:
    """It votes until its exit epoch, and has no committee afterwards."""
    index = _stand_late(spec, state)[0]
    chain = Chain(spec, state)
    chain.begin(vector)
    chain.block(voluntary_exits=[build_voluntary_exit(spec, state, index)])
    chain.sparse_until(SERVICE + 7)
    chain.block()
    chain.end(vector)
    assert state.validators[index].exit_epoch == SERVICE + 5
    assert not state.current_epoch_participation[index]
    assert not state.previous_epoch_participation[index]
    assert state.previous_epoch_participation[index + 1] or (index + 1) % 8 == 0


def test_whole_balance_paid_out(spec: Any, state: Any, vector: Recorder) -> None:
    """The sweep reaches one that becomes withdrawable with the next epoch."""
    index = _stand_late(spec, state)[20]
    depart(state, index, 5, SERVICE + 1)
    chain = Chain(spec, state)
    chain.begin(vector)
    chain.epochs(2)
    chain.end(vector)
    assert state.balances[index] == 0
    address = execution_credentials(index)[12:]
    assert chain.paid()[address] == 32 * ETH


def test_slashed_validator_over_epochs(spec: Any, state: Any, vector: Recorder) -> None:
    """It leaves, and its proposals are missed; it pays for the votes that do not count."""
    index = _stand_late(spec, state)[0]
    chain = Chain(spec, state)
    chain.begin(vector)
    chain.block(proposer_slashings=[build_proposer_slashing(spec, state, index)])
    chain.sparse_until(SERVICE + 3)
    chain.block()
    chain.end(vector)
    penalty = 32 * ETH // 4096
    assert state.balances[index] < 32 * ETH - penalty
    assert state.balances[index + 1] > 32 * ETH - penalty
