"""Withdrawal requests for validators: the staker ends a pooled one, and nobody else does."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.genesis import execution_address, execution_credentials
from tests.helpers.keys import pool_public_key
from tests.helpers.pools import (
    ETH,
    add_pool,
    add_waiting,
    make_pooled,
    operator_address,
    pooled_credentials,
    put_in_line,
)
from tests.helpers.queues import least_churn
from tests.helpers.requests import build_withdrawal_request
from tests.helpers.running import run_operation

HANDLER = "withdrawal_request"

pytestmark = pytest.mark.vectors(runner="operations", handler=HANDLER, forks=["poolbonds"])

MOST = 2**64 - 1
NEVER = 2**64 - 1
SEATED = 5

LOOKAHEAD = 5
"""From an epoch to the first in which somebody can leave it: the next one and 4 more."""

DELAY = 256
"""Epochs from a validator's exit until its balance can be withdrawn."""


def _pool(spec: Any, state: Any) -> int:
    """A pool; genesis validators are just old enough to leave. Gives the current epoch."""
    add_pool(spec, state, bond=40 * ETH)
    epoch = int(spec.config.SHARD_COMMITTEE_PERIOD)
    state.slot = epoch * spec.SLOTS_PER_EPOCH
    return epoch


def _leaves(
    spec: Any, state: Any, vector: Recorder, index: int, exit_epoch: int, room: int | None = None
) -> None:
    """A full exit makes the validator leave in `exit_epoch`.

    It is booked into the exit queue, which then has `room` Gwei left in that epoch, or goes past
    it (None).
    """
    expected = state.copy()
    expected.validators[index].exit_epoch = exit_epoch
    expected.validators[index].withdrawable_epoch = exit_epoch + DELAY
    if room is not None:
        expected.earliest_exit_epoch = exit_epoch
        expected.exit_balance_to_consume = room
    request = build_withdrawal_request(spec, state, index)
    run_operation(spec, state, vector, HANDLER, request)
    assert state.validators[index].exit_epoch == exit_epoch
    assert spec.hash_tree_root(state) == spec.hash_tree_root(expected)


def _ignored(spec: Any, state: Any, vector: Recorder, request: Any) -> None:
    before = spec.hash_tree_root(state)
    run_operation(spec, state, vector, HANDLER, request)
    assert spec.hash_tree_root(state) == before


# Without weight: past the exit queue


@pytest.mark.parametrize("admitted", [True, False], ids=["admitted", "not_admitted"])
def test_never_activated(spec: Any, state: Any, vector: Recorder, admitted: bool) -> None:
    """There is no time to serve for one that has never been activated."""
    epoch = _pool(spec, state)
    (index,) = add_waiting(spec, state, 0, admitted=admitted)
    _leaves(spec, state, vector, index, epoch + LOOKAHEAD)


def test_never_activated_in_the_first_epoch(spec: Any, state: Any, vector: Recorder) -> None:
    add_pool(spec, state, bond=32 * ETH)
    (index,) = add_waiting(spec, state, 0)
    _leaves(spec, state, vector, index, LOOKAHEAD)


def test_in_line(spec: Any, state: Any, vector: Recorder) -> None:
    """The place in line is given up at the epoch's end, when seats are served."""
    epoch = _pool(spec, state)
    (index,) = add_waiting(spec, state, 0)
    put_in_line(state, index, 3)
    _leaves(spec, state, vector, index, epoch + LOOKAHEAD)


def test_waiting_again(spec: Any, state: Any, vector: Recorder) -> None:
    """It had a seat once and has served its time."""
    epoch = _pool(spec, state)
    make_pooled(spec, state, 0, [SEATED], seated=False)
    _leaves(spec, state, vector, SEATED, epoch + LOOKAHEAD)


def test_waiting_does_not_queue(spec: Any, state: Any, vector: Recorder) -> None:
    """However long the exit queue is."""
    epoch = _pool(spec, state)
    make_pooled(spec, state, 0, [SEATED], seated=False)
    state.earliest_exit_epoch = epoch + 100
    state.exit_balance_to_consume = 7
    _leaves(spec, state, vector, SEATED, epoch + LOOKAHEAD)


@pytest.mark.parametrize("balance", [0, 31 * ETH], ids=["nothing", "something"])
def test_waiting_with_too_little(spec: Any, state: Any, vector: Recorder, balance: int) -> None:
    epoch = _pool(spec, state)
    (index,) = add_waiting(spec, state, 0)
    state.balances[index] = balance
    _leaves(spec, state, vector, index, epoch + LOOKAHEAD)


def test_closing_pool(spec: Any, state: Any, vector: Recorder) -> None:
    """A pool cannot hold a staker: closing, it lets go like any other."""
    epoch = _pool(spec, state)
    state.pools[0].unbonding_amount = MOST
    state.pools[0].unbonding_epoch = 1
    state.pools[0].withdrawable_epoch = 257
    (index,) = add_waiting(spec, state, 0)
    _leaves(spec, state, vector, index, epoch + LOOKAHEAD)


@pytest.mark.parametrize("pool_index", [1, MOST], ids=["next", "largest"])
def test_unknown_pool(spec: Any, state: Any, vector: Recorder, pool_index: int) -> None:
    """A validator from before the fork may name a pool that does not exist."""
    epoch = _pool(spec, state)
    (index,) = add_waiting(spec, state, 0, admitted=False)
    credentials = pooled_credentials(pool_index, index)
    state.validators[index].withdrawal_credentials = spec.Bytes32(credentials)
    _leaves(spec, state, vector, index, epoch + LOOKAHEAD)


# With weight: through the exit queue


def test_seated(spec: Any, state: Any, vector: Recorder) -> None:
    """Its 32 ETH take room in the first epoch that it can leave in."""
    epoch = _pool(spec, state)
    make_pooled(spec, state, 0, [SEATED])
    room = least_churn(spec) - 32 * ETH
    _leaves(spec, state, vector, SEATED, epoch + LOOKAHEAD, room)


def test_seated_queues(spec: Any, state: Any, vector: Recorder) -> None:
    """1 Gwei of room is missing, so it leaves an epoch later."""
    epoch = _pool(spec, state)
    make_pooled(spec, state, 0, [SEATED])
    state.earliest_exit_epoch = epoch + 100
    state.exit_balance_to_consume = 32 * ETH - 1
    _leaves(spec, state, vector, SEATED, epoch + 101, least_churn(spec) - 1)


def test_seated_without_admission(spec: Any, state: Any, vector: Recorder) -> None:
    """Active since before the fork, it has weight until seats are reckoned, and pays for it."""
    epoch = _pool(spec, state)
    make_pooled(spec, state, 0, [SEATED])
    state.validator_pools[SEATED] = MOST
    room = least_churn(spec) - 32 * ETH
    _leaves(spec, state, vector, SEATED, epoch + LOOKAHEAD, room)


def test_seated_with_a_higher_balance(spec: Any, state: Any, vector: Recorder) -> None:
    """It is the effective balance that takes room."""
    epoch = _pool(spec, state)
    make_pooled(spec, state, 0, [SEATED])
    state.balances[SEATED] = 50 * ETH
    room = least_churn(spec) - 32 * ETH
    _leaves(spec, state, vector, SEATED, epoch + LOOKAHEAD, room)


def test_pending_partial_withdrawal(spec: Any, state: Any, vector: Recorder) -> None:
    """Pooled validators have none, and one that stands in the queue all the same holds nobody."""
    epoch = _pool(spec, state)
    make_pooled(spec, state, 0, [SEATED], seated=False)
    state.pending_partial_withdrawals.append(
        spec.PendingPartialWithdrawal(validator_index=SEATED, amount=1, withdrawable_epoch=0)
    )
    _leaves(spec, state, vector, SEATED, epoch + LOOKAHEAD)


@pytest.mark.parametrize("seated", [True, False], ids=["seated", "waiting"])
def test_just_old_enough(spec: Any, state: Any, vector: Recorder, seated: bool) -> None:
    """It was not activated at genesis, and has served to the epoch."""
    epoch = _pool(spec, state) + 10
    state.slot = epoch * spec.SLOTS_PER_EPOCH
    make_pooled(spec, state, 0, [SEATED], seated=seated)
    state.validators[SEATED].activation_epoch = 10
    room = least_churn(spec) - 32 * ETH if seated else None
    _leaves(spec, state, vector, SEATED, epoch + LOOKAHEAD, room)


# Ignored


@pytest.mark.parametrize("seated", [True, False], ids=["seated", "waiting"])
def test_activated_too_recently(spec: Any, state: Any, vector: Recorder, seated: bool) -> None:
    """In the last slot of the epoch before it has served its time."""
    _pool(spec, state)
    state.slot -= 1
    make_pooled(spec, state, 0, [SEATED], seated=seated)
    _ignored(spec, state, vector, build_withdrawal_request(spec, state, SEATED))


def test_activation_to_come(spec: Any, state: Any, vector: Recorder) -> None:
    """It has its first seat, but is not active yet."""
    epoch = _pool(spec, state)
    make_pooled(spec, state, 0, [SEATED])
    state.validators[SEATED].activation_epoch = epoch + LOOKAHEAD
    _ignored(spec, state, vector, build_withdrawal_request(spec, state, SEATED))


@pytest.mark.parametrize("seated", [True, False], ids=["seated", "waiting"])
def test_exiting_already(spec: Any, state: Any, vector: Recorder, seated: bool) -> None:
    epoch = _pool(spec, state)
    make_pooled(spec, state, 0, [SEATED], seated=seated)
    state.validators[SEATED].exit_epoch = epoch + 50
    state.validators[SEATED].withdrawable_epoch = epoch + 50 + DELAY
    _ignored(spec, state, vector, build_withdrawal_request(spec, state, SEATED))


def test_slashed(spec: Any, state: Any, vector: Recorder) -> None:
    """Slashing has started the exit; the staker need not ask, and cannot change it."""
    epoch = _pool(spec, state)
    make_pooled(spec, state, 0, [SEATED])
    spec.slash_validator(state, spec.ValidatorIndex(SEATED))
    assert state.validators[SEATED].withdrawable_epoch == epoch + LOOKAHEAD + DELAY
    _ignored(spec, state, vector, build_withdrawal_request(spec, state, SEATED))


@pytest.mark.parametrize(
    "address",
    [execution_address(SEATED + 1), operator_address(0), bytes(20)],
    ids=["neighbour", "operator", "nobody"],
)
def test_wrong_address(spec: Any, state: Any, vector: Recorder, address: bytes) -> None:
    _pool(spec, state)
    make_pooled(spec, state, 0, [SEATED], seated=False)
    request = build_withdrawal_request(spec, state, SEATED, address=address)
    _ignored(spec, state, vector, request)


@pytest.mark.parametrize("amount", [1, ETH, MOST], ids=["one", "more", "most"])
@pytest.mark.parametrize("seated", [True, False], ids=["seated", "waiting"])
def test_part(spec: Any, state: Any, vector: Recorder, amount: int, seated: bool) -> None:
    """The sweep pays what is above 32 ETH; no other part can be asked for."""
    _pool(spec, state)
    make_pooled(spec, state, 0, [SEATED], seated=seated)
    state.balances[SEATED] = 40 * ETH
    _ignored(spec, state, vector, build_withdrawal_request(spec, state, SEATED, amount))


def test_unknown_key(spec: Any, state: Any, vector: Recorder) -> None:
    _pool(spec, state)
    request = build_withdrawal_request(spec, state, SEATED)
    request.validator_pubkey = spec.BLSPubkey(pool_public_key(1))
    _ignored(spec, state, vector, request)


# Solo validators, for whom nothing changes


def test_solo_exit(spec: Any, state: Any, vector: Recorder) -> None:
    epoch = _pool(spec, state)
    room = least_churn(spec) - 32 * ETH
    _leaves(spec, state, vector, SEATED, epoch + LOOKAHEAD, room)


def test_solo_without_weight(spec: Any, state: Any, vector: Recorder) -> None:
    """It stands in the exit queue all the same, where it takes no room."""
    epoch = _pool(spec, state)
    state.validators[SEATED].effective_balance = 0
    state.earliest_exit_epoch = epoch + 100
    state.exit_balance_to_consume = 7
    _leaves(spec, state, vector, SEATED, epoch + 100, 7)


def test_solo_never_activated(spec: Any, state: Any, vector: Recorder) -> None:
    _pool(spec, state)
    state.validators[SEATED].activation_epoch = NEVER
    _ignored(spec, state, vector, build_withdrawal_request(spec, state, SEATED))


@pytest.mark.parametrize("prefix", [b"\x00", b"\xb5"], ids=bytes.hex)
def test_solo_that_names_no_address(spec: Any, state: Any, vector: Recorder, prefix: bytes) -> None:
    """Credentials of a pool's kind give a validator's owner no right to ask."""
    _pool(spec, state)
    credentials = execution_credentials(SEATED, prefix)
    state.validators[SEATED].withdrawal_credentials = spec.Bytes32(credentials)
    _ignored(spec, state, vector, build_withdrawal_request(spec, state, SEATED))


def test_solo_part(spec: Any, state: Any, vector: Recorder) -> None:
    """Asked for above what there is; compounding validators keep 32 ETH."""
    epoch = _pool(spec, state)
    credentials = execution_credentials(SEATED, b"\x02")
    state.validators[SEATED].withdrawal_credentials = spec.Bytes32(credentials)
    state.balances[SEATED] = 35 * ETH
    request = build_withdrawal_request(spec, state, SEATED, MOST)
    run_operation(spec, state, vector, HANDLER, request)
    (entry,) = state.pending_partial_withdrawals
    assert entry.validator_index == SEATED
    assert entry.amount == 3 * ETH
    assert entry.withdrawable_epoch == epoch + LOOKAHEAD + DELAY
    assert state.validators[SEATED].exit_epoch == NEVER
