"""Attacks on rewards, penalties and payments, each tried on the compiled specification."""

from typing import Any

import pytest

from tests.adversary.book import STAKE, states
from tests.adversary.world import EPOCH, end_epoch, pool_with, serve_seats
from tests.helpers.blocks import propose
from tests.helpers.epoch_end import flag_rewards, reward_per_increment, weights
from tests.helpers.execution import payload_hash
from tests.helpers.pools import ETH, SEAT, SEAT_BOND, make_pooled
from tests.helpers.queues import POOL_INDEX_FLAG, fill_payouts
from tests.helpers.sync_committee import build_sync_aggregate

pytestmark = pytest.mark.forks("poolbonds")

SYNC_REWARD = reward_per_increment(STAKE) * STAKE * 2 // 64 // 32 // 512
"""What one place in mainnet's sync committee earns, or loses, in a slot (Gwei)."""


def test_commission_games(spec: Any, state: Any) -> None:
    """Without bond there are no seats, without seats no rewards; what is fixed stays fixed."""
    pool = pool_with(spec, state, SEAT_BOND, range(2), commission=10_000)
    end_epoch(spec, state, EPOCH, "process_rewards_and_penalties")
    # The whole reward of both, and nothing for the stakers
    assert state.pools[pool].bond == SEAT_BOND + 2 * sum(flag_rewards(2048, 2048))
    assert state.balances[0] == SEAT
    state.pools[pool].bond = 0
    serve_seats(spec, state)
    end_epoch(spec, state, EPOCH + 1, "process_rewards_and_penalties")
    assert state.pools[pool].bond == 0
    assert state.pools[pool].commission == 10_000
    states("Games with the commission", "0 ETH")


def test_duties_that_outlive_the_bond(spec: Any, state: Any) -> None:
    """Of the sync committee, who has no bond is paid if there, and not charged if not."""
    members = [int(index) for index in spec.get_current_sync_committee_indices(state)]
    pool = pool_with(spec, state, 0, sorted(set(members)))
    serve_seats(spec, state)
    assert set(weights(state, set(members))) == {0}
    state.slot += 1
    absent = state.copy()
    spec.process_sync_aggregate(absent, build_sync_aggregate(spec, absent, [False] * 32))
    assert absent.pools[pool].bond == 0
    assert list(absent.balances) == list(state.balances)
    present = state.copy()
    spec.process_sync_aggregate(present, build_sync_aggregate(spec, present, [True] * 32))
    assert present.balances[members[0]] > state.balances[members[0]]
    assert SYNC_REWARD == 22_336
    states(
        "Duties that outlive the bond",
        f"{SYNC_REWARD:,} Gwei",
        f"{SYNC_REWARD * 8192 / ETH:.2f} ETH",
        "512 epochs",
    )


def test_excluding_signatures(spec: Any, state: Any) -> None:
    """A proposer that leaves a signature out costs its bond what it costs a solo validator."""
    members = [int(index) for index in spec.get_current_sync_committee_indices(state)]
    victim = members[0]
    pool = pool_with(spec, state, SEAT_BOND, [victim])
    solo = next(index for index in members if index != victim)
    state.slot += 1
    state.proposer_lookahead[1] = next(i for i in range(64) if i not in members)
    flags = [index not in (victim, solo) for index in members]
    balance = int(state.balances[solo])
    spec.process_sync_aggregate(state, build_sync_aggregate(spec, state, flags))
    lost = [SEAT_BOND - int(state.pools[pool].bond), balance - int(state.balances[solo])]
    assert lost[0] // members.count(victim) == lost[1] // members.count(solo) > 0
    blocks = -(-SEAT_BOND // 4 // SYNC_REWARD)
    states("Leaving signatures out", f"{SYNC_REWARD:,} Gwei", f"{blocks:,} blocks")


@pytest.mark.parametrize("recipient", [b"\x01" * 20, b"\x02" * 20], ids=["one", "other"])
def test_execution_rewards(spec: Any, state: Any, recipient: bytes) -> None:
    """The consensus layer does not look at whom the execution layer pays."""
    pool_with(spec, state, 40 * ETH, range(64))

    def change(block: Any) -> None:
        block.body.execution_payload.fee_recipient = spec.ExecutionAddress(recipient)
        payload = block.body.execution_payload
        block.body.execution_payload.block_hash = payload_hash(spec, payload)

    propose(spec, state, change)
    assert bytes(state.latest_execution_payload_header.fee_recipient) == recipient
    states("Keeping the execution layer's rewards", "all of them")


@pytest.mark.parametrize("reward", [1, 9_999, 10_000, 10_001, 2**64 - 1])
def test_rounding(spec: Any, state: Any, reward: int) -> None:
    """Commission is what it should be, or less than a Gwei below."""
    for commission in (0, 1, 3_333, 10_000):
        pool = spec.Pool(commission=commission)
        taken = int(spec.get_commission(pool, spec.Gwei(reward)))
        assert 0 <= reward * commission - 10_000 * taken < 10_000
    states("Rounding", "1 Gwei")


def test_crowding_out_the_sweep(spec: Any, state: Any, mainnet: Any) -> None:
    """However many payouts wait, they take so many places of a payload, and the sweep the rest."""
    state.balances[7] = SEAT + ETH
    state.balances[8] = SEAT + ETH
    state.balances[9] = SEAT + ETH
    fill_payouts(spec, state, 20)
    expected = spec.get_expected_withdrawals(state)
    sources = [int(withdrawal.validator_index) for withdrawal in expected.withdrawals]
    assert [source >= POOL_INDEX_FLAG for source in sources] == [True, False, False, False]
    assert int(mainnet.MAX_PAYOUTS_PER_PAYLOAD) == 4
    assert int(mainnet.MAX_WITHDRAWALS_PER_PAYLOAD) == 16
    # By refunds alone: 16 in an epoch of 32 payloads
    share = 16 / (32 * 16)
    states("Crowding out the sweep", "4 of 16", f"{100 * share:.1f} %")


def test_weightless_serve_nobody(spec: Any, state: Any) -> None:
    """A pooled validator that nobody admitted earns and pays nothing, whatever it does."""
    pool = pool_with(spec, state, 40 * ETH, [])
    make_pooled(spec, state, pool, [4])
    state.validator_pools[4] = spec.NO_POOL
    end_epoch(spec, state, EPOCH, "process_rewards_and_penalties")
    spec.apply_reward(state, 4, spec.Gwei(ETH))
    spec.apply_penalty(state, 4, spec.Gwei(ETH))
    assert (state.balances[4], state.pools[pool].bond) == (SEAT, 40 * ETH)
    states("Earning without a pool", "0 ETH")
