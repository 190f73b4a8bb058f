"""An epoch's end at which every step has something to do."""

from typing import Any

import pytest

from poolspec.vectors.recorder import Recorder
from tests.helpers.epoch_end import leave_at, line, stand_at_epoch_end, weights
from tests.helpers.pools import (
    ETH,
    SEAT,
    SEAT_BOND,
    add_pool,
    add_waiting,
    make_pooled,
    operator_address,
    put_in_line,
)
from tests.helpers.running import run_epoch_step

pytestmark = pytest.mark.vectors(
    runner="epoch_processing", handler="pool_seats", forks=["poolbonds"]
)

LAST_EPOCH = {"minimal": 7, "mainnet": 255}
"""A period of votes on eth1 data, one of sync committees and one of history end with it."""

SEATED, NEWCOMER, ABSENT = 3, 4, 30
BOND_OF_CLOSING = 33 * ETH
EJECTED, SLASHED, TOPPED_UP, SOURCE, TARGET, POORER = 31, 32, 33, 34, 35, 36


def _prepare_pools(spec: Any, state: Any, epoch: int) -> tuple[int, int]:
    """A pool with a seat, a free one and one in line; a pool that owes, and is closing."""
    pool = add_pool(spec, state, bond=3 * SEAT_BOND, commission=5000)
    make_pooled(spec, state, pool, [SEATED])
    make_pooled(spec, state, pool, [NEWCOMER], seated=False)
    (new,) = add_waiting(spec, state, pool)
    put_in_line(state, new, epoch - 2)
    closing = add_pool(spec, state, bond=BOND_OF_CLOSING)
    state.pools[closing].unbonding_amount = 2**64 - 1
    state.pools[closing].unbonding_epoch = 1
    state.pools[closing].withdrawable_epoch = epoch + 1
    state.pending_pool_penalties.append(
        spec.PendingPoolPenalty(pool_index=closing, penalty_epoch=epoch)
    )
    return pool, closing


def _prepare_solo(spec: Any, state: Any, epoch: int) -> None:
    """Something to do for each step that Fulu has."""
    state.inactivity_scores[ABSENT] = 40
    state.validators[EJECTED].effective_balance = 16 * ETH
    state.balances[EJECTED] = 16 * ETH
    vector_length = int(spec.EPOCHS_PER_SLASHINGS_VECTOR)
    state.validators[SLASHED].slashed = True
    leave_at(state, SLASHED, 2)
    state.validators[SLASHED].withdrawable_epoch = epoch + vector_length // 2
    # Nothing is left of the stake of those slashed together
    state.slashings[(epoch + 1) % vector_length] = 32 * len(state.validators) * ETH
    state.eth1_data_votes.append(state.eth1_data)
    state.pending_deposits.append(
        spec.PendingDeposit(
            pubkey=state.validators[TOPPED_UP].pubkey,
            withdrawal_credentials=state.validators[TOPPED_UP].withdrawal_credentials,
            amount=ETH,
            slot=spec.GENESIS_SLOT,
        )
    )
    leave_at(state, SOURCE, 1)
    state.validators[SOURCE].withdrawable_epoch = epoch + 1
    state.pending_consolidations.append(
        spec.PendingConsolidation(source_index=SOURCE, target_index=TARGET)
    )
    state.balances[POORER] = 20 * ETH
    state.randao_mixes[epoch] = b"\x17" * 32


def test_every_step(spec: Any, state: Any, vector: Recorder) -> None:
    """What each step leaves behind, in the order of the steps."""
    epoch = LAST_EPOCH[spec.preset]
    pool, closing = _prepare_pools(spec, state, epoch)
    _prepare_solo(spec, state, epoch)
    stand_at_epoch_end(spec, state, finalized=epoch - 2, epoch=epoch)
    state.previous_epoch_participation[ABSENT] = 0
    before = state.copy()
    after = run_epoch_step(spec, state, vector, "process_pool_seats").post_epoch
    new = len(state.validators) - 1

    assert after.current_justified_checkpoint.epoch == epoch
    assert after.inactivity_scores[ABSENT] == 40 + 4 - 16
    assert after.pools[pool].bond > before.pools[pool].bond
    assert after.balances[SEATED] > SEAT > after.balances[ABSENT]
    assert after.validators[EJECTED].exit_epoch == epoch + 5
    assert after.balances[SLASHED] == 0
    _check_closing(after, closing)
    assert len(after.eth1_data_votes) == 0
    assert len(after.pending_deposits) == len(after.pending_consolidations) == 0
    assert after.balances[TOPPED_UP] > SEAT + ETH
    assert after.balances[SOURCE] == 0
    assert after.balances[TARGET] > 2 * SEAT
    assert weights(after, [SEATED, NEWCOMER, new]) == [32, 0, 32]
    assert line(spec, after, [NEWCOMER, new]) == [epoch + 1, epoch - 2]
    assert after.validators[new].activation_epoch == epoch + 5
    assert weights(after, [POORER]) == [20]
    assert sum(after.slashings) == 0
    assert after.randao_mixes[epoch + 1] == b"\x17" * 32
    assert len(after.historical_summaries) == len(before.historical_summaries) + 1
    assert after.previous_epoch_participation == before.current_epoch_participation
    assert set(after.current_epoch_participation) == {0}
    assert after.current_sync_committee == before.next_sync_committee
    assert after.next_sync_committee != before.next_sync_committee
    length = int(spec.SLOTS_PER_EPOCH)
    assert list(after.proposer_lookahead)[:length] == list(before.proposer_lookahead)[length:]
    assert after.proposer_lookahead != before.proposer_lookahead


def _check_closing(after: Any, closing: int) -> None:
    """The penalty, 32 ETH less the initial one, came first; the rest of 33 ETH is on its way."""
    assert len(after.pending_pool_penalties) == 0
    assert after.pools[closing].bond == 0
    (payout,) = after.pending_payouts
    assert payout.amount == BOND_OF_CLOSING - (SEAT - SEAT // 4096)
    assert payout.address == operator_address(closing)
