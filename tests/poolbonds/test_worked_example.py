"""The worked example of the original proposal, on the compiled specification.

1000 stakers and a pool with 320 ETH of bond, in a network of about 20 million ETH. All that happens
is in blocks; between the events nothing is written into the state. What the bond must be is
reckoned here, to the Gwei, from nothing but the rules.

The rest of the network are solo validators with 2047 ETH each, as few as can hold so much stake. In
each of the two disasters enough of them are slashed too: a slashing takes all of the stake only
where a third of everybody's is slashed.
"""

from enum import Enum
from math import isqrt
from typing import Any

import pytest

from tests.helpers.attestations import Voters
from tests.helpers.genesis import BLOCK_HASH, GENESIS_TIME, execution_address
from tests.helpers.keys import public_key
from tests.helpers.pools import (
    ETH,
    SEAT,
    build_bond_request,
    build_lock_request,
    build_pool_admission,
)
from tests.helpers.reckoning import numbers
from tests.helpers.requests import build_withdrawal_request
from tests.helpers.scenarios import Chain, everyone_but, seats
from tests.helpers.slashings import build_attester_slashing

pytestmark = pytest.mark.forks("poolbonds")

DAY = 225
"""Epochs of 32 slots of 12 seconds in a day."""

SOLO_BALANCE = 2047 * ETH + ETH // 2
"""Far enough from whole increments for no effective balance to change, and nothing to be swept."""

STAYING = 7_000
"""Solo validators after the first disaster. With those 14.4 million ETH, 1 ETH of stake earns
64 * 10**9 / sqrt(14.4 * 10**15) = 534 Gwei an epoch at best; a vote missed by a seat costs 40 of 64
parts of that for 32 ETH, which is 10,680 Gwei, and 225 of them 0.0024 ETH. The 0.002 of the
proposal is exact at 20.7 million ETH, which would take half as long again to run."""

FIRST_LOST, SECOND_LOST = 2_500, 1_850
"""Solo validators slashed in the disasters: each time a third of those that stay, and more."""

FIRST = STAYING + FIRST_LOST
"""The first index of the pool's validators."""

STAKERS = 1000
INITIAL = SEAT // 4096
"""Of a slashing's 32 ETH, what is charged at once."""

CONFIG = {
    # The default would take 250 epochs to let 32,000 ETH in, and 250 more to seat them; and a third
    # of the network leaves at once, so that what is left can finalize
    "CHURN_LIMIT_QUOTIENT": 2,
    "MAX_PER_EPOCH_ACTIVATION_EXIT_CHURN_LIMIT": 2**60,
    # A shorter way from exit to withdrawal at the end
    "MIN_VALIDATOR_WITHDRAWABILITY_DELAY": 32,
}


def network(spec: Any, count: int) -> Any:
    """A state at genesis with solo validators of 2047 ETH, made at once instead of one by one."""
    first = spec.GenesisValidator(
        pubkey=spec.BLSPubkey(public_key(0)),
        withdrawal_credentials=spec.Bytes32(b"\x02" + bytes(11) + execution_address(0)),
        balance=spec.Gwei(SOLO_BALANCE),
    )
    state = spec.initialize_genesis_state(
        spec.Uint64(GENESIS_TIME), spec.Hash32(BLOCK_HASH), [first]
    )
    validators = [state.validators[0].copy() for _ in range(count)]
    for index, validator in enumerate(validators):
        validator.pubkey = spec.BLSPubkey(public_key(index))
        validator.withdrawal_credentials = spec.Bytes32(
            b"\x02" + bytes(11) + execution_address(index)
        )
    state.validators = spec.Validators(validators)
    state.balances = spec.Balances([SOLO_BALANCE] * count)
    state.validator_pools = spec.ValidatorPools([spec.NO_POOL] * count)
    state.inactivity_scores = spec.InactivityScores([0] * count)
    for name in ("previous_epoch_participation", "current_epoch_participation"):
        setattr(state, name, spec.EpochParticipation([0] * count))
    state.genesis_validators_root = spec.Root(spec.hash_tree_root(state.validators))
    state.eth1_data.deposit_count = state.eth1_deposit_index = count
    state.current_sync_committee = spec.get_next_sync_committee(state)
    state.next_sync_committee = spec.get_next_sync_committee(state)
    state.proposer_lookahead = spec.initialize_proposer_lookahead(state)
    return state


class Plan(Enum):
    """Which slots of an epoch have blocks, and who votes in it."""

    FULL = "a block in every slot"
    LAST = "one block, in the last slot, with all votes"
    EMPTY = "no block"


class Example(Chain):
    """The chain, and beside it what the bond must be.

    Between two calls it stands in the last slot of an epoch. A block is left out where its proposer
    is slashed, or belongs to the pool while that is offline.
    """

    def __init__(self, spec: Any, state: Any) -> None:
        super().__init__(spec, state)
        self.bond = 0
        self.offline: set[int] = set()
        self.are_all_voting = True
        self.are_silent = False
        self.condemned: set[int] = set()
        self.slashed: set[int] = set()
        self.delays: dict[int, int] = {}
        self.signs = lambda index: index < FIRST or self.state.slot not in self.offline
        spec.process_slots(state, spec.Slot(spec.SLOTS_PER_EPOCH - 1))

    def pool(self) -> range:
        """The indices of the pool's validators."""
        return range(FIRST, len(self.state.validators))

    def run(self, plan: Plan, count: int = 1, **body: Any) -> None:
        """Go through epochs; what `body` holds is in the first block of them."""
        length = int(self.spec.SLOTS_PER_EPOCH)
        for _ in range(count):
            self.settle_epoch()
            self.slashed |= self.condemned
            last = int(self.state.slot) + length
            slots = list(range(last - length + 1, last + 1))
            if plan is Plan.LAST:
                slots = [slot for slot in slots if self.is_fit(slot)][-1:]
            for slot in slots if plan is not Plan.EMPTY else ():
                if self.is_fit(slot):
                    self.add(slot, body)
                    body = {}
            if self.state.slot < last:
                self.spec.process_slots(self.state, self.spec.Slot(last))

    def voters_in(self, slot: int) -> Voters | None:
        """The pool if it is online, and the others, in two epochs out of five at least.

        That is enough for a chain to finalize in time: it leaks from the fifth epoch on.
        """
        if self.are_silent:
            return None
        absent = self.slashed.union(self.pool() if slot in self.offline else ())
        if self.are_all_voting or slot // int(self.spec.SLOTS_PER_EPOCH) % 5 < 2:
            return everyone_but(absent)
        return lambda members: [i for i in members if i >= FIRST and i not in absent]

    def is_fit(self, slot: int) -> bool:
        """Whether the slot's proposer may and will propose."""
        place = slot - self.epoch * int(self.spec.SLOTS_PER_EPOCH)
        is_there = self.state.proposer_lookahead[place] < FIRST or slot not in self.offline
        return is_there and super().is_fit(slot)

    def add(self, slot: int, body: dict[str, Any]) -> None:
        """Add a block, and note when the votes in it were cast, and who has not signed it."""
        signed = self.block(slot, **body)
        for attestation in signed.message.body.attestations:
            cast = int(attestation.data.slot)
            self.delays.setdefault(cast, slot - cast)
        if slot in self.offline:
            committee = self.spec.get_current_sync_committee_indices(self.state)
            missing = sum(int(index) >= FIRST for index in committee)
            self.bond -= missing * self.base_reward(1) * self.total() * 2 // 64 // 8 // 32

    def total(self) -> int:
        """The active stake in ETH."""
        return int(self.spec.get_total_active_balance(self.state)) // ETH

    def base_reward(self, stake: int = 32) -> int:
        """What so many ETH earn at best in an epoch, in Gwei."""
        return stake * (64 * ETH // isqrt(self.total() * ETH))

    def settle_epoch(self) -> None:
        """Take from the expected bond what this epoch's end will charge: votes of the one before.

        A vote counts for the source if it is in a block within 2 slots, and for the target if it is
        in any. Whoever is slashed has not voted, as long as it may not withdraw.
        """
        source, target = (self.base_reward() * weight // 64 for weight in (14, 26))
        state, epoch = self.state, self.epoch
        for index in sorted(self.slashed):
            if index >= FIRST and epoch < state.validators[index].withdrawable_epoch:
                self.bond -= source + target
        length = int(self.spec.SLOTS_PER_EPOCH)
        for slot in range(max(epoch - 1, 0) * length, epoch * length):
            delay = 99 if slot in self.offline else self.delays.get(slot, 99)
            missed = (source if delay > 2 else 0) + (target if delay == 99 else 0)
            if missed:
                self.bond -= missed * self.count_weighty(slot)

    def count_weighty(self, slot: int) -> int:
        """Validators of the pool with weight in a slot's committees."""
        spec, state = self.spec, self.state
        count = int(spec.get_committee_count_per_slot(state, slot // int(spec.SLOTS_PER_EPOCH)))
        return sum(
            index >= FIRST
            and index not in self.slashed
            and state.validators[index].effective_balance > 0
            for committee in range(count)
            for index in spec.get_beacon_committee(state, spec.Slot(slot), committee)
        )

    def slash(self, *ranges: range) -> None:
        """Go through an epoch whose first block slashes all of these."""
        self.condemned.update(index for each in ranges for index in each)
        evidence = build_attester_slashing(
            self.spec, self.state, sorted(self.condemned - self.slashed)
        )
        own = sum(index >= FIRST for index in self.condemned - self.slashed)
        self.run(Plan.FULL, attester_slashings=[evidence])
        self.bond -= own * INITIAL

    def found_and_lock(self) -> None:
        """A pool with 320 ETH, and its stakers; all deposits are asked for in one block.

        They come in 16 an epoch once they are final, whether there are blocks or not.
        """
        requests = [build_bond_request(self.spec, 0, 320 * ETH)]
        requests += [build_lock_request(self.spec, 0, FIRST + n) for n in range(STAKERS)]
        self.run(Plan.LAST, deposits=requests)
        self.run(Plan.LAST, 3)
        self.run(Plan.EMPTY, -(-len(requests) // 16))
        self.bond = 320 * ETH
        assert len(self.pool()) == STAKERS

    def admit_all(self) -> None:
        """Blocks with as many admissions as fit."""
        while waiting := [i for i in self.pool() if self.state.validator_pools[i] != 0]:
            batch = [build_pool_admission(self.spec, self.state, i) for i in waiting[:16]]
            self.silent_block(pool_admissions=batch)
        self.end_epoch()

    def ask_for_exits(self) -> None:
        """All stakers ask for their exit, as many in a block as fit."""
        indices = list(self.pool())
        for start in range(0, len(indices), 16):
            asking = indices[start : start + 16]
            requests = [build_withdrawal_request(self.spec, self.state, i) for i in asking]
            self.silent_block(withdrawals=requests)

    def silent_block(self, **body: Any) -> None:
        """A block without votes in the next slot whose proposer may propose."""
        self.are_silent = True
        self.block(None, **body)
        self.are_silent = False

    def end_epoch(self) -> None:
        """Go to the epoch's last slot."""
        last = (self.epoch + 1) * int(self.spec.SLOTS_PER_EPOCH) - 1
        if self.state.slot < last:
            self.spec.process_slots(self.state, self.spec.Slot(last))

    def go_offline(self, count: int) -> None:
        """The pool misses so many epochs, and comes back. The last of them is charged one later."""
        length = int(self.spec.SLOTS_PER_EPOCH)
        first = int(self.state.slot) + 1
        self.offline = set(range(first, first + count * length))
        for _ in range(count):
            is_voting = (self.epoch + 1) % 5 < 2
            self.run(Plan.LAST if is_voting else Plan.EMPTY)
        self.run(Plan.FULL, 2)


Row = tuple[str, int, int, int]
"""An event, and after it ETH locked, Gwei of bond, and seats."""


def locked(state: Any) -> int:
    """ETH of the stakers that cannot have it back yet."""
    epoch = int(state.slot) // 8
    withdrawable = [int(v.withdrawable_epoch) for v in list(state.validators)[FIRST:]]
    return 32 * sum(epoch < other for other in withdrawable)


def show(rows: list[Row]) -> None:
    """Print the table."""
    print(f"\n{'':44}{'locked':>8}{'bond':>18}{'seats':>7}")
    for event, eth, bond, count in rows:
        print(f"{event:44}{eth:>8,}{bond / ETH:>18,.9f}{count:>7,}")


@pytest.mark.config(**CONFIG)
def test_worked_example(spec: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """320 and 1000, 288 and 900, 400 and 1000, about 398, 0 and 0; and every staker is paid."""
    state = network(spec, FIRST)
    example = Example(spec, state)
    rows: list[Row] = []

    def note(event: str, count: int) -> None:
        """Check the state against what is expected, and write a row."""
        pool = state.pools[0]
        assert (pool.bond, seats(state, 0)) == (example.bond, count), event
        rows.append((event, locked(state), int(pool.bond), count))

    example.found_and_lock()
    example.admit_all()
    # Two epochs of votes make the line final; activations take five epochs
    example.run(Plan.LAST, 3)
    note("1000 stakers join", 1000)
    assert example.bond == 320 * ETH
    example.run(Plan.LAST, 3)

    # Its exit takes 5 epochs, the correlation penalty half of the slashings vector, which is 32
    example.slash(range(FIRST_LOST), range(FIRST, FIRST + 1))
    example.run(Plan.FULL, 6)
    assert example.total() < 3 * (FIRST_LOST * 2047 + 32)
    example.are_all_voting = False
    example.run(Plan.FULL, 32 - 6 - 1)
    example.are_all_voting = True
    example.run(Plan.FULL, deposits=[build_lock_request(spec, 0, FIRST + STAKERS)])
    example.bond -= SEAT - INITIAL
    example.run(Plan.FULL)
    note("one is slashed with many and loses 32 ETH", 900)
    # The slashed one's votes are charged for as missed, and so are some that came late: so many
    # proposers are slashed that two slots in a row have no block
    assert 288 * ETH - ETH // 200 < example.bond < 288 * ETH

    example.bond += 112 * ETH
    example.run(Plan.FULL, 2, deposits=[build_bond_request(spec, 0, 112 * ETH)])
    newcomer = build_pool_admission(spec, state, FIRST + STAKERS)
    example.run(Plan.FULL, 4, pool_admissions=[newcomer])
    note("another joins, and 112 ETH top the bond up", 1000)
    # The newcomer's activation takes five epochs
    example.run(Plan.FULL, 3)
    example.are_all_voting = False

    before = example.bond
    missed = sum(example.base_reward() * weight // 64 for weight in (14, 26))
    example.go_offline(DAY)
    note("the pool is offline for a day", 1000)
    # Beside the votes there are a few signatures of the sync committee
    loss = (before - example.bond) // STAKERS
    assert 0 <= loss - DAY * missed < DAY * missed // 100
    assert round(loss / ETH, 3) == 0.002
    assert round(example.bond / ETH) == 398

    example.slash(
        range(FIRST_LOST, FIRST_LOST + SECOND_LOST), range(FIRST + 1, FIRST + 1 + STAKERS)
    )
    example.run(Plan.EMPTY, 32)
    assert example.total() < 3 * SECOND_LOST * 2047
    example.run(Plan.EMPTY)
    example.bond = max(0, example.bond - STAKERS * (SEAT - INITIAL))
    note("the pool is hacked, all are slashed in full", 0)

    example.ask_for_exits()
    while any(numbers(state.balances)[FIRST:]):
        example.silent_block()
    paid = example.paid()
    assert min(paid[execution_address(index)] for index in example.pool()) >= SEAT
    with capsys.disabled():
        show(rows)
