"""The period of weak subjectivity, with its values reckoned by hand."""

from types import SimpleNamespace
from typing import Any

import pytest

from poolspec.fulu import mainnet
from poolspec.runtime.ssz import Uint64
from tests.fulu.chain import ETH, GENESIS_TIME, propose

pytestmark = pytest.mark.forks("fulu")

SLOT_SECONDS = 6
EPOCH_SECONDS = 8 * SLOT_SECONDS


def registry_of(spec: Any, total_eth: int) -> Any:
    """A state of validators with 2,048 ETH each, all active."""
    validator = spec.Validator(
        effective_balance=2048 * ETH,
        exit_epoch=spec.FAR_FUTURE_EPOCH,
        withdrawable_epoch=spec.FAR_FUTURE_EPOCH,
    )
    return spec.BeaconState(validators=spec.Validators([validator] * (total_eth // 2048)))


@pytest.mark.parametrize(
    ("total_eth", "churn_eth", "period"),
    [
        # 256 + 10 * 1,048,576 / (2 * 128 * 100)
        (1_048_576, 128, 256 + 409),
        (8_388_608, 128, 256 + 3276),
        # From here the churn grows with the stake.
        (16_777_216, 256, 256 + 3276),
        (33_554_432, 512, 256 + 3276),
    ],
)
def test_period_on_mainnet(total_eth: int, churn_eth: int, period: int) -> None:
    state = registry_of(mainnet, total_eth)
    assert mainnet.get_balance_churn_limit(state) == churn_eth * ETH
    assert mainnet.compute_weak_subjectivity_period(state) == period


def test_period_of_the_small_chain(spec: Any, state: Any) -> None:
    # 2,048 ETH, 64 ETH of churn: 10 * 2048 / (2 * 64 * 100) is 1.6, rounded down.
    assert spec.compute_weak_subjectivity_period(state) == 257


def clock(epochs: int, seconds: int = 0) -> Any:
    """A store whose time is so long after genesis."""
    time = GENESIS_TIME + epochs * EPOCH_SECONDS + seconds
    return SimpleNamespace(time=Uint64(time), genesis_time=Uint64(GENESIS_TIME))


def test_current_slot_changes_on_the_slot(spec: Any) -> None:
    assert spec.get_current_slot(clock(0)) == 0
    assert spec.get_current_slot(clock(0, 5)) == 0
    assert spec.get_current_slot(clock(0, 6)) == 1
    assert spec.get_current_slot(clock(2)) == 16


def test_time_before_genesis_is_an_error(spec: Any) -> None:
    with pytest.raises(ValueError, match="bounds"):
        spec.get_current_slot(clock(0, -1))


@pytest.fixture
def epoch_one(spec: Any, state: Any) -> Any:
    """The state after blocks in slots 7 and 9, and epoch 1's checkpoint, which is the former."""
    boundary_block = propose(spec, state, 7)
    spec.state_transition(state, boundary_block)
    spec.state_transition(state, propose(spec, state, 9))
    return state, spec.Checkpoint(epoch=1, root=spec.hash_tree_root(boundary_block.message))


def test_the_period_is_counted_in_whole_epochs(spec: Any, epoch_one: Any) -> None:
    state, checkpoint = epoch_one
    assert spec.is_within_weak_subjectivity_period(clock(1), state, checkpoint)
    last = clock(1 + 257, EPOCH_SECONDS - 1)
    assert spec.is_within_weak_subjectivity_period(last, state, checkpoint)
    assert not spec.is_within_weak_subjectivity_period(clock(1 + 258), state, checkpoint)


def test_state_of_the_very_first_slot(spec: Any, state: Any) -> None:
    spec.state_transition(state, propose(spec, state, 7))
    without_block = state.copy()
    spec.process_slots(without_block, spec.Slot(8))
    block = propose(spec, state, 8)
    spec.state_transition(state, block)
    for ws_state, root in (
        (without_block, block.message.parent_root),
        (state, spec.hash_tree_root(block.message)),
    ):
        checkpoint = spec.Checkpoint(epoch=1, root=root)
        assert spec.is_within_weak_subjectivity_period(clock(1), ws_state, checkpoint)


def test_state_and_checkpoint_must_belong_together(spec: Any, epoch_one: Any) -> None:
    state, checkpoint = epoch_one
    other_root = spec.Checkpoint(epoch=1, root=spec.Root(b"\x01" * 32))
    other_epoch = spec.Checkpoint(epoch=0, root=checkpoint.root)
    for wrong in (other_root, other_epoch):
        with pytest.raises(AssertionError):
            spec.is_within_weak_subjectivity_period(clock(1), state, wrong)
