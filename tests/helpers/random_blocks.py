"""Random blocks that are valid: seeded, with every kind of operation that is not about pools."""

from collections.abc import Sequence
from random import Random
from typing import Any

from tests.helpers.deposits import build_deposit_request
from tests.helpers.genesis import execution_credentials
from tests.helpers.requests import (
    build_bls_to_execution_change,
    build_consolidation_request,
    build_voluntary_exit,
    build_withdrawal_request,
)
from tests.helpers.scenarios import Chain
from tests.helpers.slashings import build_attester_slashing, build_proposer_slashing
from tests.helpers.solo import ETH, depart, make_compounding, make_keyed

FAR_FUTURE = 2**64 - 1

Body = dict[str, list[Any]]


def stand_with_random_stake(spec: Any, state: Any, random: Random) -> None:
    """Stand where everybody may leave, with validators of all kinds, balances and histories."""
    epoch = int(spec.config.SHARD_COMMITTEE_PERIOD)
    state.slot = epoch * int(spec.SLOTS_PER_EPOCH)
    for name in ("previous_justified", "current_justified", "finalized"):
        setattr(state, f"{name}_checkpoint", spec.Checkpoint(epoch=epoch - 2))
    for index in range(len(state.validators)):
        kind = random.randrange(6)
        if kind == 0:
            make_compounding(spec, state, index, random.randrange(32 * ETH, 100 * ETH))
        elif kind == 1:
            make_keyed(spec, state, index)
        elif kind == 2:
            state.balances[index] = random.randrange(31 * ETH, 34 * ETH)
        elif kind == 3 and random.random() < 0.3:
            depart(state, index, epoch - 3, epoch + random.randrange(5))
        state.inactivity_scores[index] = random.choice([0, 0, random.randrange(200)])


class RandomChain:
    """A chain of random blocks, and what they have been about, by kind of operation."""

    def __init__(self, spec: Any, state: Any, random: Random) -> None:
        self.spec = spec
        self.state = state
        self.random = random
        self.chain = Chain(spec, state)
        self.done: dict[str, list[int]] = {}
        self._deposits = 0

    def _note(self, kind: str, index: int) -> None:
        self.done.setdefault(kind, []).append(index)

    def _staying(self) -> list[int]:
        """Active validators that nothing has happened to yet."""
        epoch = self.chain.epoch
        touched = {index for indices in self.done.values() for index in indices}
        return [
            index
            for index, validator in enumerate(self.state.validators)
            if index not in touched
            and int(validator.activation_epoch) + 64 <= epoch
            and validator.exit_epoch == FAR_FUTURE
        ]

    def run(self, blocks: int) -> None:
        """So many blocks, at times with empty slots before them."""
        for _ in range(blocks):
            gap = self.random.choices((1, 2, 3, 9), (12, 3, 1, 1))[0]
            share = self.random.choice((1.0, 0.9, 0.6))
            self.chain.voters = self._some(share)
            self.chain.signs = lambda index: self.random.random() < 0.8
            slot = self._unslashed_slot(int(self.state.slot) + gap)
            self.chain.block(slot, **self._operations())

    def _some(self, share: float) -> Any:
        """A choice of voters that is the same whenever a committee is asked again."""
        salt = self.random.random()

        def choose(members: Sequence[int]) -> list[int]:
            chosen = Random(f"{salt} {list(members)}")
            return [index for index in members if chosen.random() < share]

        return choose

    def _unslashed_slot(self, slot: int) -> int:
        """The first slot from there on whose proposer may propose."""
        ahead = self.state.copy()
        self.spec.process_slots(ahead, self.spec.Slot(slot))
        while ahead.validators[self.spec.get_beacon_proposer_index(ahead)].slashed:
            slot += 1
            self.spec.process_slots(ahead, self.spec.Slot(slot))
        return slot

    def _operations(self) -> Body:
        """Operations on validators that nothing else happens to; some blocks have none."""
        body: Body = {}
        staying = self._staying()
        self.random.shuffle(staying)
        makers = [
            self._proposer_slashing,
            self._attester_slashing,
            self._exit,
            self._change,
            self._deposit,
            self._withdrawal,
            self._switch,
        ]
        for make in makers:
            if self.random.random() < 0.2 and staying:
                name, operation = make(staying.pop())
                if operation is not None:
                    body.setdefault(name, []).append(operation)
        return body

    def _proposer_slashing(self, index: int) -> tuple[str, Any]:
        self._note("slashed", index)
        return "proposer_slashings", build_proposer_slashing(self.spec, self.state, index)

    def _attester_slashing(self, index: int) -> tuple[str, Any]:
        self._note("slashed", index)
        return "attester_slashings", build_attester_slashing(self.spec, self.state, [index])

    def _exit(self, index: int) -> tuple[str, Any]:
        self._note("leaving", index)
        return "voluntary_exits", build_voluntary_exit(self.spec, self.state, index)

    def _change(self, index: int) -> tuple[str, Any]:
        if bytes(self.state.validators[index].withdrawal_credentials)[0]:
            return "", None
        self._note("changed", index)
        return "bls_to_execution_changes", build_bls_to_execution_change(
            self.spec, self.state, index
        )

    def _deposit(self, index: int) -> tuple[str, Any]:
        """For a new key, or on top of what a validator has."""
        if self.random.random() < 0.5:
            index = len(self.state.validators) + self._deposits
        self._deposits += 1
        amount = self.random.choice((ETH, 5 * ETH + 7, 32 * ETH))
        credentials = execution_credentials(index, self.random.choice((b"\x01", b"\x02")))
        return "deposits", build_deposit_request(
            self.spec, index, credentials, amount, index=self._deposits
        )

    def _withdrawal(self, index: int) -> tuple[str, Any]:
        """For all or for a part; where it does not apply it is ignored."""
        amount = self.random.choice((0, ETH, 100 * ETH))
        self._note("asking", index)
        return "withdrawals", build_withdrawal_request(self.spec, self.state, index, amount)

    def _switch(self, index: int) -> tuple[str, Any]:
        if bytes(self.state.validators[index].withdrawal_credentials)[0] != 1:
            return "", None
        self._note("switching", index)
        return "consolidations", build_consolidation_request(self.spec, self.state, index, index)
