"""The upgrade alone: what it adds and leaves, at every stage of a life with the new prefixes."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

import poolspec
from poolspec.vectors.recorder import Recorder
from tests.helpers.deposits import build_pending_deposit
from tests.helpers.epochs import next_epoch, next_epoch_with_attestations
from tests.helpers.genesis import execution_credentials, genesis_state
from tests.helpers.keys import POOL_KEYS
from tests.helpers.pools import ETH, SEAT, bond_credentials, pooled_credentials
from tests.helpers.running import run_fork

pytestmark = pytest.mark.vectors(runner="fork", handler="fork", forks=["poolbonds"])

FAR = 2**64 - 1
LEGACY = 5
"""A validator that carries one of the new prefixes before the fork."""


@pytest.fixture
def parent(spec: Any) -> ModuleType:
    """The compiled fork before."""
    return poolspec.load("fulu", spec.preset)


@pytest.fixture
def pre(parent: Any) -> Any:
    """Its state at genesis."""
    return genesis_state(parent)


def _upgrade(spec: Any, parent: Any, pre: Any, vector: Recorder) -> Any:
    """Run the upgrade; check that it has changed the fork and added the new fields, no more."""
    before = pre.copy()
    post = run_fork(spec, pre, vector)
    for name in parent.BeaconState.fields():
        if name != "fork":
            inherited = getattr(before, name)
            assert getattr(post, name).hash_tree_root() == inherited.hash_tree_root(), name
    assert post.fork.previous_version == before.fork.current_version
    assert post.fork.current_version == spec.config.POOLBONDS_FORK_VERSION
    assert post.fork.epoch == before.slot // spec.SLOTS_PER_EPOCH
    assert list(post.validator_pools) == [FAR] * len(before.validators)
    for empty in (post.pools, post.pending_payouts, post.pending_pool_penalties):
        assert len(empty) == 0
    assert post.unbonding_balance_to_consume == post.earliest_unbonding_epoch == 0
    return post


def _set_credentials(parent: Any, pre: Any, index: int, credentials: bytes) -> None:
    pre.validators[index].withdrawal_credentials = parent.Bytes32(credentials)


def test_after_an_epoch(spec: Any, parent: Any, pre: Any, vector: Recorder) -> None:
    next_epoch(parent, pre)
    post = _upgrade(spec, parent, pre, vector)
    assert post.fork.epoch == 1


def test_after_epochs_of_blocks(spec: Any, parent: Any, pre: Any, vector: Recorder) -> None:
    """Votes, participation and checkpoints go on."""
    next_epoch(parent, pre)
    for _ in range(3):
        next_epoch_with_attestations(parent, pre)
    post = _upgrade(spec, parent, pre, vector)
    assert post.finalized_checkpoint.epoch == 2
    assert any(post.current_epoch_participation) or any(post.previous_epoch_participation)


def test_in_the_middle_of_an_epoch(spec: Any, parent: Any, pre: Any, vector: Recorder) -> None:
    """A chain forks at an epoch's start; the function asks for no such thing."""
    parent.process_slots(pre, parent.Slot(int(parent.SLOTS_PER_EPOCH) + 3))
    post = _upgrade(spec, parent, pre, vector)
    assert post.fork.epoch == 1


def test_one_validator(spec: Any, parent: Any, vector: Recorder) -> None:
    _upgrade(spec, parent, genesis_state(parent, [SEAT]), vector)


def test_other_fork_version(spec: Any, parent: Any, pre: Any, vector: Recorder) -> None:
    """The previous version is the state's own, whatever the configuration says of it."""
    pre.fork.current_version = parent.Version(b"\x0a\x0b\x0c\x0d")
    post = _upgrade(spec, parent, pre, vector)
    assert post.fork.previous_version == b"\x0a\x0b\x0c\x0d"


def test_everything_numbered(spec: Any, parent: Any, pre: Any, vector: Recorder) -> None:
    """Every plain number of the state has a value of its own, so that none can be swapped."""
    names = [
        "next_withdrawal_index",
        "next_withdrawal_validator_index",
        "deposit_requests_start_index",
        "deposit_balance_to_consume",
        "exit_balance_to_consume",
        "earliest_exit_epoch",
        "consolidation_balance_to_consume",
        "earliest_consolidation_epoch",
        "eth1_deposit_index",
        "genesis_time",
    ]
    for number, name in enumerate(names, start=1):
        setattr(pre, name, number)
    for index in range(len(pre.validators)):
        pre.inactivity_scores[index] = index
        pre.balances[index] = SEAT + index
    _upgrade(spec, parent, pre, vector)


# Validators that carry the new prefixes already


def _is_active(parent: Any, pre: Any) -> None:
    """As at genesis."""


def _is_new(parent: Any, pre: Any) -> None:
    validator = pre.validators[LEGACY]
    validator.activation_eligibility_epoch = validator.activation_epoch = FAR


def _is_waiting(parent: Any, pre: Any) -> None:
    pre.validators[LEGACY].activation_eligibility_epoch = 1
    pre.validators[LEGACY].activation_epoch = FAR


def _is_below_the_minimum(parent: Any, pre: Any) -> None:
    pre.balances[LEGACY] = 17 * ETH + 5
    pre.validators[LEGACY].effective_balance = 17 * ETH


def _is_exiting(parent: Any, pre: Any) -> None:
    pre.validators[LEGACY].exit_epoch = 7
    pre.validators[LEGACY].withdrawable_epoch = 263


def _is_slashed(parent: Any, pre: Any) -> None:
    parent.slash_validator(pre, parent.ValidatorIndex(LEGACY))


def _is_withdrawable(parent: Any, pre: Any) -> None:
    pre.validators[LEGACY].exit_epoch = 0
    pre.validators[LEGACY].withdrawable_epoch = 0


def _is_empty(parent: Any, pre: Any) -> None:
    _is_withdrawable(parent, pre)
    pre.balances[LEGACY] = 0
    pre.validators[LEGACY].effective_balance = 0


STAGES: list[Callable[[Any, Any], None]] = [
    _is_active,
    _is_new,
    _is_waiting,
    _is_below_the_minimum,
    _is_exiting,
    _is_slashed,
    _is_withdrawable,
    _is_empty,
]


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.__name__.removeprefix("_is_"))
@pytest.mark.parametrize("prefix", ["pooled", "pool_bond"])
def test_validator_with_prefix(
    spec: Any, parent: Any, pre: Any, vector: Recorder, prefix: str, stage: Any
) -> None:
    """It keeps its place, its weight and its balance for now, and nobody has admitted it."""
    credentials = pooled_credentials(0, LEGACY) if prefix == "pooled" else bond_credentials(0, 500)
    _set_credentials(parent, pre, LEGACY, credentials)
    stage(parent, pre)
    before = pre.validators[LEGACY].copy()
    post = _upgrade(spec, parent, pre, vector)
    assert post.validators[LEGACY] == before
    assert not spec.is_admitted(post, LEGACY)


def test_validators_all_pooled(spec: Any, parent: Any, pre: Any, vector: Recorder) -> None:
    """Pools that do not exist, padding that is not zero: the upgrade reads none of it."""
    for index in range(len(pre.validators)):
        noise = bytes((index * 37 + place) % 256 for place in range(31))
        _set_credentials(parent, pre, index, b"\xb4" + noise)
    _upgrade(spec, parent, pre, vector)


# Queues


def test_pending_deposits(spec: Any, parent: Any, pre: Any, vector: Recorder) -> None:
    """Of every kind; they are judged when they leave the queue, not now."""
    deposits = [
        build_pending_deposit(parent, POOL_KEYS, bond_credentials(0), 32 * ETH, slot=1),
        build_pending_deposit(parent, POOL_KEYS, bond_credentials(0), 1, slot=2),
        build_pending_deposit(parent, 900, pooled_credentials(0, 900), SEAT, slot=3),
        build_pending_deposit(parent, 3, pooled_credentials(9, 3), FAR, slot=4, signed=False),
        build_pending_deposit(parent, 901, execution_credentials(901), SEAT, slot=5),
        build_pending_deposit(parent, 902, b"\x00" * 32, 0, slot=6),
    ]
    for deposit in deposits:
        pre.pending_deposits.append(deposit)
    post = _upgrade(spec, parent, pre, vector)
    assert [deposit.slot for deposit in post.pending_deposits] == [1, 2, 3, 4, 5, 6]


def test_pending_withdrawals_and_consolidations(
    spec: Any, parent: Any, pre: Any, vector: Recorder
) -> None:
    """Also where a side of them has taken on a new prefix."""
    _set_credentials(parent, pre, 1, pooled_credentials(0, 1))
    _set_credentials(parent, pre, 2, bond_credentials(0))
    for index in (1, 2, 3):
        pre.pending_partial_withdrawals.append(
            parent.PendingPartialWithdrawal(
                validator_index=index, amount=index * ETH, withdrawable_epoch=index
            )
        )
        pre.pending_consolidations.append(
            parent.PendingConsolidation(source_index=index, target_index=index + 1)
        )
    post = _upgrade(spec, parent, pre, vector)
    assert len(post.pending_partial_withdrawals) == len(post.pending_consolidations) == 3


def test_slashings(spec: Any, parent: Any, pre: Any, vector: Recorder) -> None:
    """The sum that scales correlation penalties goes on; none of it is a pool's."""
    for index in (LEGACY, 9):
        parent.slash_validator(pre, parent.ValidatorIndex(index))
    post = _upgrade(spec, parent, pre, vector)
    assert post.slashings[0] == 2 * SEAT
    assert len(post.pending_pool_penalties) == 0
