"""The proposer lookahead: an epoch's proposers go, those of the furthest known epoch come."""

from hashlib import sha256
from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.drawing import draw_by_balance, seed_of
from tests.helpers.running import run_epoch_step
from tests.helpers.solo import ETH, add_solo, depart, make_compounding

STEP = "process_proposer_lookahead"

pytestmark = pytest.mark.vectors(
    runner="epoch_processing", handler="proposer_lookahead", forks=["fulu", "poolbonds"]
)

EPOCH = 10
DRAWN = EPOCH + 2
"""The epoch whose proposers are drawn at the end of this one."""

PROPOSER_DOMAIN = bytes(4)


def _drawn(spec: Any, state: Any) -> list[int]:
    """A proposer for each slot, each with a seed of its own."""
    seed = seed_of(state, DRAWN, PROPOSER_DOMAIN, int(spec.EPOCHS_PER_HISTORICAL_VECTOR))
    active = [
        index
        for index, validator in enumerate(state.validators)
        if validator.activation_epoch <= DRAWN < validator.exit_epoch
    ]
    length = int(spec.SLOTS_PER_EPOCH)
    proposers = []
    for slot in range(DRAWN * length, (DRAWN + 1) * length):
        slot_seed = sha256(seed + slot.to_bytes(8, "little")).digest()
        proposers += draw_by_balance(spec, state, active, slot_seed, 1)
    return proposers


def _run(spec: Any, state: Any, vector: Recorder) -> list[int]:
    """Check the step and give the proposers that are new."""
    length = int(spec.SLOTS_PER_EPOCH)
    state.slot = (EPOCH + 1) * length - 1
    state.finalized_checkpoint.epoch = EPOCH - 1
    mixes = [i.to_bytes(32, "big") for i in range(int(spec.EPOCHS_PER_HISTORICAL_VECTOR))]
    state.randao_mixes = spec.RandaoMixes(mixes)
    state.proposer_lookahead = spec.ProposerLookahead(list(range(2 * length)))
    run = run_epoch_step(spec, state, vector, STEP)
    lookahead = [int(index) for index in state.proposer_lookahead]
    assert lookahead[:length] == list(range(length, 2 * length))
    assert lookahead[length:] == _drawn(spec, run.pre)
    return lookahead[length:]


def test_equal_validators(spec: Any, state: Any, vector: Recorder) -> None:
    assert len(set(_run(spec, state, vector))) > 1


def test_unequal_validators(spec: Any, state: Any, vector: Recorder) -> None:
    """Two of the validators have nearly all the stake."""
    for index in (3, 5):
        make_compounding(spec, state, index, 2048 * ETH)
    for index in range(10, 40):
        state.validators[index].effective_balance = ETH
        state.balances[index] = ETH
    assert {3, 5} & set(_run(spec, state, vector))


def test_who_is_active_by_then(spec: Any, state: Any, vector: Recorder) -> None:
    """Who is to leave or to enter until the drawn epoch is out or in already."""
    for index in range(40):
        depart(state, index, DRAWN if index % 2 else DRAWN + 1)
    for activation in (DRAWN, DRAWN + 1):
        index = add_solo(spec, state, 32 * ETH)
        state.validators[index].activation_epoch = activation
        state.validators[index].activation_eligibility_epoch = 0
    drawn = _run(spec, state, vector)
    assert not {index for index in drawn if index < 40 and index % 2}


def test_slashed_validators_are_drawn(spec: Any, state: Any, vector: Recorder) -> None:
    """As long as they are active; their slots will stay empty."""
    for index in range(len(state.validators) - 1):
        state.validators[index].slashed = True
    _run(spec, state, vector)


def test_effective_balances_as_just_updated(spec: Any, state: Any, vector: Recorder) -> None:
    """The step comes after the one that lets effective balances follow."""
    for index in range(len(state.validators)):
        if index != 7:
            state.balances[index] = ETH
    make_compounding(spec, state, 7)
    state.balances[7] = 2048 * ETH
    assert 7 in _run(spec, state, vector)
