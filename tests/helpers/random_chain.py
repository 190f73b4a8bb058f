"""Random chains full of pools: a seed gives the same blocks everywhere.

Each block is honest, as a block; what stakers, operators and strangers ask for in it may be
anything. The numbers are drawn where the rules have their edges.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from tests.helpers.attestations import Voters
from tests.helpers.deposits import build_deposit_request
from tests.helpers.genesis import execution_address, execution_credentials
from tests.helpers.keys import POOL_KEYS
from tests.helpers.pools import (
    ETH,
    SEAT,
    add_pool,
    bond_credentials,
    build_pool_admission,
    make_pooled,
    operator_address,
    pooled_credentials,
)
from tests.helpers.scenarios import FAR, Chain
from tests.helpers.slashings import build_attester_slashing, build_proposer_slashing

STRANGER = 2**19
"""The number of an address that nobody's credentials name."""

KEYS = 24
"""Keys of validators that deposits are made for, beside those in the registry."""

AMOUNTS = (1, ETH, SEAT // 100, SEAT - 1, SEAT, SEAT, SEAT, SEAT, 33 * ETH, 64 * ETH)
"""Gwei deposited."""

COMMISSIONS = (0, 1, 500, 10_000)
"""Basis points."""

HUGE = (2**63, FAR - SEAT, FAR)
"""Gwei of deposits that must be sent back; any other of that size would hold up the queue."""


class RandomChain(Chain):
    """A chain whose blocks are drawn from a seed."""

    def __init__(self, spec: Any, state: Any, seed: int, pools: int = 3) -> None:
        super().__init__(spec, state)
        self.random = Random(seed)
        self.pool_keys = pools + 2
        self.presence = 10
        self.signs = lambda index: (index + seed) % 10 < self.presence
        count = len(state.validators)
        members = self.random.sample(range(count), count // 3)
        for number in range(pools):
            commission = self.random.choice(COMMISSIONS)
            mine = sorted(members[number::pools])
            bond = SEAT // 100 * len(mine) + self.random.choice([0, SEAT // 200, 40 * ETH])
            pool = add_pool(spec, state, bond=bond, commission=commission)
            make_pooled(spec, state, pool, mine)

    def voters_in(self, slot: int) -> Voters:
        """A part of the validators, the same throughout an epoch."""
        epoch = slot // int(self.spec.SLOTS_PER_EPOCH)
        return lambda members: [i for i in members if (i * 7 + epoch) % 10 < self.presence]

    def run(self, epochs: int) -> None:
        """Go through epochs: most with blocks in most slots, some without any."""
        end = (self.epoch + epochs) * int(self.spec.SLOTS_PER_EPOCH)
        while self.state.slot < end:
            self.presence = self.random.choice([10, 10, 9, 9, 8, 6])
            if self.random.random() < 0.1:
                self.empty_until(self.epoch + 1)
            else:
                self.random_epoch()

    def random_epoch(self) -> None:
        """The rest of an epoch in blocks, a few slots left out."""
        length = int(self.spec.SLOTS_PER_EPOCH)
        last = (self.epoch + 1) * length - 1
        while self.state.slot < last:
            is_missed = self.random.random() < 0.1
            if is_missed or not self.is_fit(int(self.state.slot) + 1):
                self.spec.process_slots(self.state, self.spec.Slot(self.state.slot + 1))
            else:
                self.random_block()
        self.empty_until(self.epoch + 1)

    def random_block(self) -> None:
        """One block of whatever."""
        self.block(
            None,
            deposits=self.some(self.deposit, 0.4),
            withdrawals=self.some(self.withdrawal, 0.3),
            consolidations=self.some(self.consolidation, 0.05),
            pool_admissions=self.admissions(),
            **self.slashings(),
        )

    def some(self, make: Callable[[], Any], share: float) -> list[Any]:
        """None, one, or a few."""
        made: list[Any] = []
        while len(made) < 2 and self.random.random() < share:
            made.append(make())
        return made

    def deposit(self) -> Any:
        """For a pool or a validator, known or new, under credentials that may or may not fit."""
        draw = self.random
        count = len(self.state.validators)
        key: int = draw.choice([draw.randrange(count), count, count, 1000 + draw.randrange(KEYS)])
        amount = draw.choice(AMOUNTS)
        kind = draw.choice(["bond", "bond", "lock", "lock", "lock", "solo", "again", "misfit"])
        if kind == "bond":
            pool = draw.randrange(self.pool_keys)
            key, credentials = POOL_KEYS + pool, bond_credentials(pool, draw.choice(COMMISSIONS))
            if pool < len(self.state.pools) and draw.random() < 0.8:
                credentials = bond_credentials(pool, int(self.state.pools[pool].commission))
        elif kind == "lock":
            credentials = pooled_credentials(draw.randrange(len(self.state.pools)), key)
        elif kind == "again" and key < count:
            credentials = bytes(self.state.validators[key].withdrawal_credentials)
        elif kind == "misfit":
            amount = draw.choice([*AMOUNTS, *HUGE])
            credentials = draw.choice(
                [
                    pooled_credentials(draw.choice([77, FAR]), key),
                    bond_credentials(77, 10_001),
                    b"\xb4" + draw.randbytes(31),
                    b"\xb5" + draw.randbytes(1) + b"\xff" + draw.randbytes(29),
                ]
            )
        else:
            credentials = execution_credentials(key)
        signed = draw.random() < 0.9
        return build_deposit_request(self.spec, key, credentials, amount, signed=signed)

    def withdrawal(self) -> Any:
        """A request of a staker, an operator, a solo validator, or of somebody else."""
        draw, state, spec = self.random, self.state, self.spec
        amount = draw.choice([0, 1, SEAT // 100, ETH, FAR])
        if draw.random() < 0.4:
            index = draw.randrange(len(state.pools))
            pubkey, address = state.pools[index].pubkey, operator_address(index)
            # Closing is for good, so it must not come too soon
            amount = amount or draw.choice([0, ETH, ETH, ETH, ETH, ETH])
        else:
            index = draw.randrange(len(state.validators))
            pubkey = state.validators[index].pubkey
            address = bytes(state.validators[index].withdrawal_credentials)[12:]
        if draw.random() < 0.15:
            address = execution_address(STRANGER)
        return spec.WithdrawalRequest(
            source_address=spec.ExecutionAddress(address), validator_pubkey=pubkey, amount=amount
        )

    def consolidation(self) -> Any:
        """From anybody to anybody, by the address of the source."""
        validators = list(self.state.validators)
        source, target = (self.random.choice(validators) for _ in range(2))
        return self.spec.ConsolidationRequest(
            source_address=self.spec.ExecutionAddress(bytes(source.withdrawal_credentials)[12:]),
            source_pubkey=source.pubkey,
            target_pubkey=target.pubkey,
        )

    def admissions(self) -> Sequence[Any]:
        """Some of those that can be admitted."""
        able = [i for i in range(len(self.state.validators)) if self.can_be_admitted(i)]
        chosen = [index for index in able if self.random.random() < 0.3]
        most = int(self.spec.MAX_POOL_ADMISSIONS)
        return [build_pool_admission(self.spec, self.state, index) for index in chosen[:most]]

    def can_be_admitted(self, index: int) -> bool:
        """The rule, in the words of the design."""
        validator = self.state.validators[index]
        credentials = bytes(validator.withdrawal_credentials)
        if credentials[0] != 0xB4 or self.state.validator_pools[index] != FAR:
            return False
        pool = int.from_bytes(credentials[1:9], "little")
        if any(credentials[9:12]) or pool >= len(self.state.pools):
            return False
        is_open = self.state.pools[pool].unbonding_amount != FAR
        return bool(is_open and validator.exit_epoch == FAR and not validator.slashed)

    def slashings(self) -> dict[str, list[Any]]:
        """Now and then evidence against one or two, pooled or not."""
        if self.random.random() > 0.02:
            return {}
        epoch = self.epoch
        slashable = [
            index
            for index, validator in enumerate(self.state.validators)
            if not validator.slashed and validator.activation_epoch <= epoch < validator.exit_epoch
        ]
        # Half of the stake must stay for the chain to go on
        if len(slashable) < 40:
            return {}
        chosen = sorted(self.random.sample(slashable, 2))
        if self.random.random() < 0.5:
            evidence = build_proposer_slashing(self.spec, self.state, chosen[0])
            return {"proposer_slashings": [evidence]}
        return {
            "attester_slashings": [build_attester_slashing(self.spec, self.state, chosen)],
        }
