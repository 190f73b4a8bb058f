"""Blocks of Fulu, the fork, blocks of pool bonds; in the middle of whatever is going on."""

from collections.abc import Iterator
from typing import Any

import pytest

import poolspec
from poolspec.vectors.recorder import Recorder
from tests.helpers.deposits import build_deposit_request
from tests.helpers.epoch_end import weights
from tests.helpers.genesis import execution_address, genesis_state
from tests.helpers.invariants import watched
from tests.helpers.pools import (
    ETH,
    SEAT,
    bond_credentials,
    build_bond_request,
    build_lock_request,
    build_pool_admission,
    pooled_credentials,
)
from tests.helpers.requests import (
    build_consolidation_request,
    build_voluntary_exit,
    build_withdrawal_request,
)
from tests.helpers.scenarios import Chain, seats
from tests.helpers.slashings import build_attester_slashing

pytestmark = pytest.mark.vectors(
    runner="transition", handler="core", forks=["poolbonds"], presets=["minimal"]
)

FORK_EPOCH = 2
FORK = {"POOLBONDS_FORK_EPOCH": FORK_EPOCH}
LATE_FORK = {"POOLBONDS_FORK_EPOCH": 5}
FAR = 2**64 - 1
LEGACY = 5
"""A validator that carries a new prefix before the fork."""


class Crossing:
    """A chain of Fulu that becomes one of pool bonds, recorded as one case."""

    def __init__(self, spec: Any, vector: Recorder) -> None:
        self.spec = spec
        self.vector = vector
        self.parent = poolspec.load("fulu", spec.preset)
        self.fork_epoch = int(spec.config.POOLBONDS_FORK_EPOCH)
        self.before = Chain(self.parent, genesis_state(self.parent))

    def begin(self) -> Chain:
        """What follows is recorded."""
        self.before.begin(self.vector)
        return self.before

    def cross(self) -> Chain:
        """The fork; gives the chain after it, which stands at the fork's first slot."""
        state = self.before.state
        fork_slot = self.parent.Slot(self.fork_epoch * int(self.parent.SLOTS_PER_EPOCH))
        if state.slot < fork_slot:
            self.parent.process_slots(state, fork_slot)
        after = Chain(self.spec, self.spec.upgrade_to_poolbonds(state))
        assert after.state.fork.epoch == self.fork_epoch
        after.voted_until = self.before.voted_until
        return after

    def end(self, after: Chain) -> None:
        """Record it all."""
        early = self.before.blocks
        self.vector.meta(post_fork="poolbonds", fork_epoch=self.fork_epoch)
        if early:
            self.vector.meta(fork_block=len(early) - 1)
        self.vector.blocks([*early, *after.blocks])
        self.vector.post(after.state)


@pytest.fixture
def crossing(spec: Any, vector: Recorder) -> Iterator[Crossing]:
    """A crossing whose second part is checked while it runs."""
    with watched(spec):
        yield Crossing(spec, vector)


@pytest.mark.config(**FORK)
@pytest.mark.vectors(presets=["minimal", "mainnet"])
def test_a_block_on_either_side(crossing: Crossing) -> None:
    """The last slot of Fulu has a block, and so has the first slot after the fork's."""
    length = int(crossing.spec.SLOTS_PER_EPOCH)
    before = crossing.begin()
    before.block(FORK_EPOCH * length - 1)
    after = crossing.cross()
    after.block()
    assert [int(signed.message.slot) for signed in (*before.blocks, *after.blocks)] == [
        FORK_EPOCH * length - 1,
        FORK_EPOCH * length + 1,
    ]
    crossing.end(after)


@pytest.mark.config(**FORK)
@pytest.mark.vectors(presets=["minimal", "mainnet"])
def test_first_block_in_the_slot_of_the_fork(crossing: Crossing) -> None:
    """It is built on the upgraded state, in the slot where that stands."""
    length = int(crossing.spec.SLOTS_PER_EPOCH)
    before = crossing.begin()
    before.block(FORK_EPOCH * length - 2)
    after = crossing.cross()
    signed = after.block(FORK_EPOCH * length)
    assert len(signed.message.body.pool_admissions) == 0
    after.block()
    crossing.end(after)


@pytest.mark.config(**FORK)
def test_full_epochs(crossing: Crossing) -> None:
    """Votes of Fulu's last slots are in blocks after the fork, signed under Fulu's version."""
    before = crossing.begin()
    before.block(1)
    while before.state.slot < FORK_EPOCH * 8 - 1:
        before.block()
    after = crossing.cross()
    first = after.block(FORK_EPOCH * 8)
    assert [int(vote.data.slot) for vote in first.message.body.attestations] == [FORK_EPOCH * 8 - 1]
    after.blocks_until(FORK_EPOCH + 3)
    assert after.state.finalized_checkpoint.epoch >= FORK_EPOCH
    crossing.end(after)


@pytest.mark.config(**FORK)
@pytest.mark.parametrize(("last", "first"), [(3, 2), (15, 7), (9, 23)])
def test_slots_skipped_around_the_fork(crossing: Crossing, last: int, first: int) -> None:
    """The last block before, and the first one after, are far from the fork."""
    before = crossing.begin()
    before.block(last)
    after = crossing.cross()
    after.block(FORK_EPOCH * 8 + first)
    crossing.end(after)


@pytest.mark.config(**FORK)
def test_no_block_before(crossing: Crossing) -> None:
    crossing.begin()
    after = crossing.cross()
    after.block()
    crossing.end(after)


@pytest.mark.config(**FORK)
def test_no_block_after(crossing: Crossing) -> None:
    before = crossing.begin()
    before.block()
    crossing.end(crossing.cross())


@pytest.mark.config(**FORK)
def test_votes_missing_at_the_fork(crossing: Crossing) -> None:
    """No block in an epoch before and an epoch after."""
    before = crossing.begin()
    before.block(7)
    after = crossing.cross()
    after.block((FORK_EPOCH + 1) * 8 + 1)
    after.blocks_until(FORK_EPOCH + 2)
    crossing.end(after)


@pytest.mark.config(POOLBONDS_FORK_EPOCH=8)
def test_fork_with_a_new_sync_committee(crossing: Crossing) -> None:
    """The committee's period ends with Fulu's last epoch."""
    before = crossing.begin()
    before.block(7 * 8 + 5)
    expected = before.state.next_sync_committee.hash_tree_root()
    after = crossing.cross()
    assert after.state.current_sync_committee.hash_tree_root() == expected
    after.block()
    after.block()
    crossing.end(after)


# What is in the queues when the fork comes


@pytest.mark.config(**FORK)
def test_pool_founded_by_deposits_from_before(crossing: Crossing) -> None:
    """Under Fulu they are deposits like any other, and they wait; the fork comes first."""
    spec = crossing.parent
    before = crossing.begin()
    requests = [build_bond_request(spec, 0, 32 * ETH, 100), build_lock_request(spec, 0, 64)]
    before.block(1, deposits=requests)
    before.blocks_until(FORK_EPOCH)
    after = crossing.cross()
    assert len(after.state.pending_deposits) == 2
    after.until(lambda state: len(state.validators) == 65)
    assert [pool.bond for pool in after.state.pools] == [32 * ETH]
    after.admit([64])
    after.until(lambda state: seats(state, 0) == 1)
    crossing.end(after)


@pytest.mark.config(**FORK)
def test_deposits_from_before_that_are_sent_back(crossing: Crossing) -> None:
    """A stake for a pool that does not exist, too little bond, another's validator."""
    spec = crossing.parent
    before = crossing.begin()
    requests = [
        build_lock_request(spec, 3, 64),
        build_bond_request(spec, 0, 31 * ETH),
        build_deposit_request(spec, LEGACY, pooled_credentials(0, 900), ETH),
    ]
    before.block(1, deposits=requests)
    before.blocks_until(FORK_EPOCH)
    after = crossing.cross()
    after.until(lambda state: not state.pending_deposits)
    after.until(lambda state: not state.pending_payouts)
    paid = after.paid()
    assert [paid[bytes(request.withdrawal_credentials)[12:]] for request in requests] == [
        SEAT,
        31 * ETH,
        ETH,
    ]
    assert (len(after.state.validators), len(after.state.pools)) == (64, 0)
    crossing.end(after)


@pytest.mark.config(**LATE_FORK)
def test_validators_from_before(crossing: Crossing) -> None:
    """Fulu has made validators of both deposits. One has no weight any more, the other stays."""
    spec = crossing.parent
    before = crossing.before
    requests = [build_lock_request(spec, 0, 64), build_bond_request(spec, 0, 32 * ETH)]
    before.block(1, deposits=requests)
    before.blocks_until(4)
    crossing.begin()
    before.blocks_until(5)
    assert weights(before.state, [64, 65]) == [32, 32]
    after = crossing.cross()
    after.blocks_until(6)
    assert weights(after.state, [64, 65]) == [0, 32]
    assert len(after.state.pools) == 0
    after.leave(64)
    assert after.state.validators[64].exit_epoch == 6 + 5
    crossing.end(after)


def _make_legacy(crossing: Crossing, credentials: bytes) -> None:
    state = crossing.before.state
    validator = state.validators[LEGACY]
    validator.withdrawal_credentials = crossing.parent.Bytes32(credentials)


@pytest.mark.config(**FORK)
def test_active_validator_from_before(crossing: Crossing) -> None:
    """It keeps its weight for the first epoch, and its place in the committees for longer.

    It neither earns nor pays from the fork on.
    """
    _make_legacy(crossing, pooled_credentials(0, LEGACY))
    before = crossing.begin()
    before.block(1)
    before.blocks_until(FORK_EPOCH)
    after = crossing.cross()
    balance = int(after.state.balances[LEGACY])
    after.block()
    assert weights(after.state, [LEGACY]) == [32]
    after.blocks_until(FORK_EPOCH + 1)
    assert weights(after.state, [LEGACY]) == [0]
    after.blocks_until(FORK_EPOCH + 2)
    assert after.state.validators[LEGACY].exit_epoch == FAR
    paid = after.paid().get(execution_address(LEGACY), 0)
    assert after.state.balances[LEGACY] + paid == balance
    crossing.end(after)


@pytest.mark.config(**FORK)
def test_admission_of_a_validator_from_before(crossing: Crossing) -> None:
    """It names pool 0, which is founded later; from its admission on it is like any other."""
    _make_legacy(crossing, pooled_credentials(0, LEGACY))
    before = crossing.begin()
    before.block(1, deposits=[build_bond_request(crossing.parent, 0, 33 * ETH)])
    before.blocks_until(FORK_EPOCH)
    after = crossing.cross()
    after.until(lambda state: len(state.pools) == 1)
    after.admit([LEGACY])
    after.until(lambda state: seats(state, 0) == 1)
    assert weights(after.state, [LEGACY]) == [32]
    assert after.state.validators[LEGACY].activation_epoch == 0
    crossing.end(after)


@pytest.mark.config(**FORK)
def test_slashed_before_the_fork(crossing: Crossing) -> None:
    """A solo validator's correlation penalty falls after the fork; a pooled one's does not.

    64 ETH of 2048 have been slashed, so each loses 3 * 64 of 2048 parts of its 32 ETH.
    """
    _make_legacy(crossing, pooled_credentials(0, LEGACY))
    state = crossing.before.state
    both = (LEGACY, LEGACY + 1)
    for index in both:
        validator = state.validators[index]
        validator.slashed = True
        validator.exit_epoch = FORK_EPOCH + 5
        validator.withdrawable_epoch = FORK_EPOCH + 32
    state.slashings[0] = 2 * SEAT
    before = crossing.begin()
    before.block(1)
    after = crossing.cross()
    after.block()
    balances = [int(after.state.balances[index]) for index in both]
    after.block((FORK_EPOCH + 1) * 8)
    lost = [balances[n] - int(after.state.balances[index]) for n, index in enumerate(both)]
    assert lost[0] == 0
    votes = 10**6
    assert 0 <= lost[1] - 3 * ETH < votes
    crossing.end(after)


@pytest.mark.config(**FORK)
def test_evidence_from_before(crossing: Crossing) -> None:
    """A double vote of Fulu's time in a later block: nothing is charged, and it must go."""
    _make_legacy(crossing, pooled_credentials(0, LEGACY))
    before = crossing.begin()
    before.block(1)
    evidence = build_attester_slashing(crossing.parent, before.state, [LEGACY])
    after = crossing.cross()
    balance = int(after.state.balances[LEGACY])
    converted = crossing.spec.AttesterSlashing.decode_bytes(evidence.encode_bytes())
    after.block(attester_slashings=[converted])
    validator = after.state.validators[LEGACY]
    assert validator.slashed
    assert after.state.balances[LEGACY] == balance
    assert validator.withdrawable_epoch == validator.exit_epoch + 256
    assert sum(after.state.slashings) == SEAT
    crossing.end(after)


@pytest.mark.config(POOLBONDS_FORK_EPOCH=66)
def test_exits_and_withdrawals_from_before(crossing: Crossing) -> None:
    """An exit, a partial withdrawal and a consolidation go on, after 64 epochs of service."""
    parent = crossing.parent
    state = crossing.before.state
    for index in (7, 8, 9):
        compounding = b"\x02" + bytes(state.validators[index].withdrawal_credentials)[1:]
        state.validators[index].withdrawal_credentials = parent.Bytes32(compounding)
    state.balances[7] = 40 * ETH
    state.slot = 65 * 8
    _make_legacy(crossing, pooled_credentials(0, LEGACY))
    before = crossing.begin()
    before.voters = None
    before.block(
        65 * 8 + 1,
        voluntary_exits=[build_voluntary_exit(parent, state, LEGACY)],
        withdrawals=[build_withdrawal_request(parent, state, 7, 3 * ETH)],
        consolidations=[build_consolidation_request(parent, state, 8, 9)],
    )
    assert state.validators[LEGACY].exit_epoch != FAR
    exit_epoch = int(state.validators[LEGACY].exit_epoch)
    counts = (len(state.pending_partial_withdrawals), len(state.pending_consolidations))
    after = crossing.cross()
    after.blocks_until(67)
    assert after.state.validators[LEGACY].exit_epoch == exit_epoch
    assert counts == (
        len(after.state.pending_partial_withdrawals),
        len(after.state.pending_consolidations),
    )
    assert counts[0] == 1
    crossing.end(after)


@pytest.mark.config(**FORK)
def test_pool_credentials_stay_solo(crossing: Crossing) -> None:
    """A validator with the prefix of bonds earns and pays for itself."""
    _make_legacy(crossing, bond_credentials(0, 500))
    before = crossing.begin()
    before.block(1)
    before.blocks_until(FORK_EPOCH)
    after = crossing.cross()
    balance = int(after.state.balances[LEGACY])
    after.blocks_until(FORK_EPOCH + 2)
    assert weights(after.state, [LEGACY]) == [32]
    assert after.state.balances[LEGACY] > balance
    crossing.end(after)


@pytest.mark.config(**FORK)
def test_admission_in_the_first_block(crossing: Crossing) -> None:
    """There is no pool before the fork, so the first block cannot admit anybody; it is empty."""
    _make_legacy(crossing, pooled_credentials(0, LEGACY))
    crossing.begin()
    after = crossing.cross()
    signed = build_pool_admission(crossing.spec, after.state, LEGACY)
    with pytest.raises(AssertionError):
        crossing.spec.process_pool_admission(after.state.copy(), signed)
    after.block(FORK_EPOCH * 8)
    crossing.end(after)
