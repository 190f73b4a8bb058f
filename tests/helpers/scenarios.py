"""Lives of pools, told in blocks: a chain that goes on by real operations only.

Nothing here writes into a state. What a story needs to happen goes into a block; what is due comes
with time.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from poolspec.runtime import bls
from poolspec.vectors.recorder import Recorder
from tests.helpers.attestations import Voters, build_attestation, everyone
from tests.helpers.blocks import Change, build_block_at_slot, sign_block
from tests.helpers.pools import build_pool_admission
from tests.helpers.requests import build_withdrawal_request
from tests.helpers.sync_committee import build_sync_aggregate

FAR = 2**64 - 1


def build_vote(spec: Any, state: Any, slot: int, voters: Voters) -> Any:
    """The votes of a slot's committees, each chosen from by `voters`; None if nobody votes.

    A committee of which nobody votes is not named: an attestation that names it is invalid.
    """
    count = int(spec.get_committee_count_per_slot(state, spec.compute_epoch_at_slot(slot)))
    voting = [
        index
        for index in range(count)
        if list(voters([int(i) for i in spec.get_beacon_committee(state, spec.Slot(slot), index)]))
    ]
    if not voting:
        return None
    return build_attestation(spec, state, slot, voting, voters, signed=bls.bls_active)


class Chain:
    """A state, and the signed blocks that have led to it since the last `begin`.

    `voters` choose of each committee who votes (None: nobody), `signs` of the sync committee's
    members who signs; both go on until they are changed.
    """

    def __init__(self, spec: Any, state: Any) -> None:
        self.spec = spec
        self.state = state
        self.blocks: list[Any] = []
        self.voters: Voters | None = everyone
        self.signs: Callable[[int], bool] = lambda _index: True
        self.voted_until = 0

    @property
    def epoch(self) -> int:
        """The current epoch."""
        return int(self.state.slot) // int(self.spec.SLOTS_PER_EPOCH)

    def voters_in(self, slot: int) -> Voters | None:
        """Who votes in a slot."""
        return self.voters

    def is_fit(self, slot: int) -> bool:
        """Whether the proposer of a slot of this epoch or the next has not been slashed."""
        place = slot - self.epoch * int(self.spec.SLOTS_PER_EPOCH)
        return not self.state.validators[self.state.proposer_lookahead[place]].slashed

    def begin(self, vector: Recorder) -> None:
        """What follows is a case: this is the state before it."""
        self.blocks.clear()
        vector.pre(self.state)

    def end(self, vector: Recorder) -> None:
        """The case ends here; with a block, as blocks are all that it is replayed from."""
        if self.blocks[-1].message.slot != self.state.slot:
            self.block()
        vector.blocks(self.blocks)
        vector.post(self.state)

    def block(self, slot: int | None = None, **body: Sequence[Any]) -> Any:
        """Add a block for a slot, or for the next one whose proposer may propose; gives it, signed.

        Beside votes it holds what is given: lists of the body by name, and under `deposits`,
        `withdrawals` and `consolidations` the requests of the execution layer.
        """

        def change(block: Any) -> None:
            self._fill(block)
            requests = block.body.execution_requests
            for name in ("deposits", "withdrawals", "consolidations"):
                for request in body.get(name, ()):
                    getattr(requests, name).append(request)
            for name in body.keys() - {"deposits", "withdrawals", "consolidations"}:
                for operation in body[name]:
                    getattr(block.body, name).append(operation)

        if slot is None:
            slot = int(self.state.slot) + 1
            while not self.is_fit(slot):
                slot += 1
        signed = self._propose(slot, change)
        self.blocks.append(signed)
        return signed

    def _propose(self, slot: int, change: Change) -> Any:
        """Advance by a block; a fork's first one may be for the slot where the state stands."""
        spec, state = self.spec, self.state
        if state.slot < slot:
            spec.process_slots(state, spec.Slot(slot))
        block = build_block_at_slot(spec, state)
        change(block)
        spec.process_block(state, block)
        block.state_root = spec.hash_tree_root(state)
        return sign_block(spec, state, block)

    def _fill(self, block: Any) -> None:
        """Votes of the slots since the last block, and the sync committee's signature."""
        spec, state = self.spec, self.state
        start = (self.epoch - 1) * int(spec.SLOTS_PER_EPOCH)
        last = int(state.slot) - 1
        slots = range(max(self.voted_until, start, 0), last + 1)
        for slot in slots[-int(spec.MAX_ATTESTATIONS_ELECTRA) :]:
            voters = self.voters_in(slot)
            vote = voters and build_vote(spec, state, slot, voters)
            if vote is not None:
                block.body.attestations.append(vote)
        self.voted_until = last + 1
        members = spec.get_current_sync_committee_indices(state)
        signing = [self.signs(int(index)) for index in members]
        block.body.sync_aggregate = build_sync_aggregate(spec, state, signing)

    def blocks_until(self, epoch: int) -> None:
        """Full epochs, up to the first slot of `epoch`."""
        while self.state.slot < epoch * int(self.spec.SLOTS_PER_EPOCH):
            self.block()

    def epochs(self, count: int = 1) -> None:
        """Full epochs: up to the start of the `count`-th from here."""
        self.blocks_until(self.epoch + count)

    def sparse_until(self, epoch: int) -> None:
        """One block in each epoch, in the last slot that can have one, with the votes before it.

        Under the minimal preset those are all, and nearly all of them count for the target.
        """
        length = int(self.spec.SLOTS_PER_EPOCH)
        while self.epoch < epoch:
            rest = range(int(self.state.slot) + 1, (self.epoch + 1) * length)
            for slot in [slot for slot in rest if self.is_fit(slot)][-1:]:
                self.block(slot)
            self.empty_until(self.epoch + 1)

    def empty_until(self, epoch: int) -> None:
        """Slots without blocks, up to the first slot of `epoch`."""
        slot = epoch * int(self.spec.SLOTS_PER_EPOCH)
        if self.state.slot < slot:
            self.spec.process_slots(self.state, self.spec.Slot(slot))

    def until(self, condition: Callable[[Any], bool], limit: int = 40) -> None:
        """Full epochs until something holds; more than `limit` of them are a failure."""
        for _ in range(limit):
            if condition(self.state):
                return
            self.epochs()
        assert condition(self.state), "has not happened"

    def admit(self, indices: Iterable[int]) -> None:
        """Admissions, as many in a block as fit."""
        waiting = list(indices)
        most = int(self.spec.MAX_POOL_ADMISSIONS)
        while waiting:
            batch, waiting = waiting[:most], waiting[most:]
            signed = [build_pool_admission(self.spec, self.state, index) for index in batch]
            self.block(pool_admissions=signed)

    def leave(self, *indices: int) -> None:
        """Exits asked for by stakers, in one block."""
        requests = [build_withdrawal_request(self.spec, self.state, index) for index in indices]
        self.block(withdrawals=requests)

    def paid(self) -> dict[bytes, int]:
        """Gwei paid to each address by the blocks so far."""
        sums: dict[bytes, int] = {}
        for signed in self.blocks:
            for withdrawal in signed.message.body.execution_payload.withdrawals:
                address = bytes(withdrawal.address)
                sums[address] = sums.get(address, 0) + int(withdrawal.amount)
        return sums


def seats(state: Any, pool: int) -> int:
    """How many seats a pool has, by its own record."""
    return int(state.pools[pool].seated_balance) // (32 * 10**9)


def in_line(state: Any) -> list[int]:
    """Admitted validators in line for a seat, the head first."""
    line = [
        (int(validator.activation_eligibility_epoch), index)
        for index, (validator, pool) in enumerate(
            zip(state.validators, state.validator_pools, strict=True)
        )
        if pool != FAR
        and validator.effective_balance == 0
        and validator.activation_eligibility_epoch != FAR
    ]
    return [index for _, index in sorted(line)]


def everyone_but(absent: Iterable[int]) -> Voters:
    """All members of a committee but these validators."""
    missing = frozenset(absent)
    return lambda members: [index for index in members if index not in missing]
