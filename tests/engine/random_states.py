"""Random states, from ordinary to hostile, for running specification and engine side by side.

They need not be reachable: the rules say what follows from any state, so the odd ones find more.
"""

import random
from typing import Any

from tests.helpers.keys import pool_public_key, public_key

ETH = 10**9
FAR = 2**64 - 1
MOST = 2**64 - 1

EFFECTIVE_BALANCES = [0, 1, 15, 16, 17, 31, 32, 32, 32, 32, 33, 64, 1000, 2047, 2048]
PREFIXES = [0x00, 0x01, 0x01, 0x01, 0x02, 0x02, 0xB5]
EPOCHS = [0, 1, 2, 3, 5, 9, 40, 63, 64, 300]


class Maker:
    """Makes states of one compiled fork from a seed."""

    def __init__(self, spec: Any, seed: int) -> None:
        self.spec = spec
        self.random = random.Random(seed)
        self.has_pools = "pools" in spec.BeaconState.fields()
        self.epoch = self.random.choice(EPOCHS)
        self.count = self.random.randint(4, 48)
        self.pool_count = self.random.choice([0, 1, 2, 3, 6]) if self.has_pools else 0
        self.hostile = self.random.random() < 0.15
        self.weightless = self.random.random() < 0.05

    def chance(self, probability: float) -> bool:
        """Throw a coin."""
        return self.random.random() < probability

    def noise(self, count: int) -> bytes:
        """Random bytes."""
        return self.random.randbytes(count)

    def address(self) -> bytes:
        """One of a few addresses, so that some are equal."""
        return bytes([self.random.randrange(4)]) * 20

    def some_epoch(self) -> int:
        """An epoch around the current one, or none."""
        near = self.random.randint(-6, 8)
        return self.random.choice([FAR, max(self.epoch + near, 0), max(self.epoch + near, 0), 0])

    def some_amount(self) -> int:
        """Gwei of a deposit or request."""
        small = [0, 1, ETH, 31 * ETH, 32 * ETH, 32 * ETH, 33 * ETH, 40 * ETH, 300 * ETH]
        return self.random.choice([*small, self.random.randrange(64 * ETH), MOST, MOST - 32 * ETH])

    # Validators

    def credentials(self) -> bytes:
        """Credentials of any kind."""
        if self.has_pools and self.chance(0.6):
            pool = self.random.randrange(self.pool_count + 1)
            padding = b"\0\0\1" if self.chance(0.03) else bytes(3)
            return b"\xb4" + pool.to_bytes(8, "little") + padding + self.address()
        return bytes([self.random.choice(PREFIXES)]) + bytes(11) + self.address()

    def lifecycle(self) -> dict[str, int]:
        """The four epochs of a validator, mostly in order."""
        spec, kind = self.spec, self.random.random()
        epochs = dict.fromkeys(
            (
                "activation_eligibility_epoch",
                "activation_epoch",
                "exit_epoch",
                "withdrawable_epoch",
            ),
            FAR,
        )
        if kind < 0.12:
            epochs["activation_eligibility_epoch"] = self.some_epoch()
        elif kind < 0.2:
            epochs = {name: self.some_epoch() for name in epochs}
        else:
            epochs["activation_eligibility_epoch"] = self.random.choice([0, self.some_epoch()])
            epochs["activation_epoch"] = max(self.epoch - self.random.choice([0, 1, 2, 70, 400]), 0)
            if kind > 0.75:
                epochs["exit_epoch"] = max(self.epoch + self.random.randint(-5, 8), 0)
                delay = self.random.choice(
                    [
                        spec.config.MIN_VALIDATOR_WITHDRAWABILITY_DELAY,
                        self.random.randrange(8),
                        0,
                    ]
                )
                epochs["withdrawable_epoch"] = int(epochs["exit_epoch"] + delay)
        return epochs

    def validator(self, index: int) -> Any:
        """A validator."""
        spec, epochs = self.spec, self.lifecycle()
        credentials = self.credentials()
        effective_balance = self.random.choice(EFFECTIVE_BALANCES) * ETH
        if credentials[0] == 0xB4 and self.chance(0.9):
            effective_balance = self.random.choice([0, 32 * ETH, 32 * ETH])
        if self.hostile and self.chance(0.1):
            effective_balance += self.random.randrange(ETH)
        if self.weightless:
            effective_balance = 0
        slashed = self.chance(0.15)
        if credentials[0] == 0xB4 and self.chance(0.5):
            # One that may sit
            slashed, epochs["exit_epoch"], epochs["withdrawable_epoch"] = False, FAR, FAR
            waits = effective_balance == 0
            before = max(self.epoch - self.random.randint(0, 6), 0)
            line = self.random.choice([FAR, FAR, before, self.epoch])
            epochs["activation_eligibility_epoch"] = line if waits else 0
        if slashed and self.chance(0.5):
            half = int(spec.EPOCHS_PER_SLASHINGS_VECTOR) // 2
            epochs["withdrawable_epoch"] = self.epoch + self.random.choice(
                [half, half, 1, half * 2]
            )
            epochs["exit_epoch"] = self.epoch + self.random.randint(-2, 6) if self.epoch > 2 else 5
        return spec.Validator(
            pubkey=public_key(index),
            withdrawal_credentials=credentials,
            effective_balance=effective_balance,
            slashed=slashed,
            **epochs,
        )

    def balance(self, validator: Any) -> int:
        """A balance (Gwei) near the effective one, or not."""
        effective_balance = int(validator.effective_balance)
        if bytes(validator.withdrawal_credentials)[0] == 0xB4 and self.chance(0.7):
            return 32 * ETH + self.random.choice([0, 0, 1, ETH, 5 * ETH])
        near = max(effective_balance + self.random.randint(-2 * ETH, 3 * ETH), 0)
        choices = [effective_balance, near, near, 32 * ETH, 32 * ETH - 1, 0, 1, 50_000]
        if self.hostile:
            choices += [MOST, MOST - 10, MOST - 2 * ETH]
        return self.random.choice(choices)

    def score(self) -> int:
        """An inactivity score."""
        limit = int(getattr(self.spec.config, "SEAT_INACTIVITY_LIMIT", 64))
        around = limit + self.random.randint(-20, 6)
        choices = [0, 0, 0, 0, 1, 3, 16, 17, 40, max(around, 0), 10_000]
        if self.hostile:
            choices += [MOST, MOST - 3, 2**40]
        return self.random.choice(choices)

    # The whole state

    def build(self) -> Any:
        """A state at the last slot of an epoch."""
        spec = self.spec
        validators = [self.validator(index) for index in range(self.count)]
        slots = int(spec.SLOTS_PER_EPOCH)
        flags = [self.random.choice([0, 1, 2, 3, 6, 7, 7, 7, 255]) for _ in range(2 * self.count)]
        version = bytes(spec.config.GENESIS_FORK_VERSION)
        state = spec.BeaconState(
            genesis_time=1_700_000_000,
            genesis_validators_root=self.noise(32),
            slot=(self.epoch + 1) * slots - 1,
            fork=spec.Fork(previous_version=version, current_version=version, epoch=0),
            validators=validators,
            balances=[self.balance(validator) for validator in validators],
            previous_epoch_participation=flags[: self.count],
            current_epoch_participation=flags[self.count :],
            inactivity_scores=[self.score() for _ in validators],
            eth1_data_votes=[spec.Eth1Data(deposit_count=1)] * self.random.randrange(4),
            deposit_requests_start_index=self.random.choice([0, 5, FAR]),
            eth1_deposit_index=self.random.choice([0, 5, 6]),
            next_withdrawal_index=self.random.randrange(100),
            next_withdrawal_validator_index=self.random.randrange(self.count),
        )
        self._fill_history(state)
        self._fill_finality(state)
        self._fill_churn(state)
        self._fill_queues(state)
        if self.has_pools:
            self._fill_pools(state)
        return state

    def _fill_history(self, state: Any) -> None:
        spec = self.spec
        for name in ("block_roots", "state_roots", "randao_mixes"):
            ring = getattr(state, name)
            for position in range(min(len(ring), 128)):
                ring[position] = self.noise(32)
        for _ in range(self.random.randrange(4)):
            position = self.random.randrange(len(state.slashings))
            amount = self.random.choice([32, 64, 1000, 5]) * ETH
            state.slashings[position] = MOST // 4 if self.hostile and self.chance(0.2) else amount
        for name in ("current_sync_committee", "next_sync_committee"):
            committee = getattr(state, name)
            for position in range(int(spec.SYNC_COMMITTEE_SIZE)):
                member = self.random.randrange(self.count)
                committee.pubkeys[position] = state.validators[member].pubkey
        for position in range(len(state.proposer_lookahead)):
            state.proposer_lookahead[position] = self.random.randrange(self.count)

    def _fill_finality(self, state: Any) -> None:
        spec = self.spec

        def checkpoint(distance: int) -> Any:
            epoch = max(self.epoch - distance, 0)
            return spec.Checkpoint(epoch=epoch, root=self.noise(32))

        state.justification_bits = spec.JustificationBits([self.chance(0.6) for _ in range(4)])
        state.previous_justified_checkpoint = checkpoint(self.random.choice([2, 2, 3, 5]))
        state.current_justified_checkpoint = checkpoint(self.random.choice([1, 1, 2, 4]))
        state.finalized_checkpoint = checkpoint(self.random.choice([2, 2, 2, 2, 3, 3, 6, 9]))

    def _fill_churn(self, state: Any) -> None:
        for name in ("exit", "consolidation", "unbonding"):
            if name == "unbonding" and not self.has_pools:
                continue
            epoch = max(self.epoch + self.random.choice([0, 5, 6, 7]), 0)
            setattr(state, f"earliest_{name}_epoch", epoch)
            room = self.random.choice([0, 10 * ETH, 64 * ETH])
            setattr(state, f"{name}_balance_to_consume", room)
        state.deposit_balance_to_consume = self.random.choice([0, 0, ETH, 40 * ETH])

    def deposit_key(self) -> bytes:
        """The key of a validator, of a pool, or of neither."""
        kind = self.random.random()
        if kind < 0.4:
            return public_key(self.random.randrange(self.count))
        if kind < 0.7 and self.has_pools:
            return pool_public_key(self.random.randrange(self.pool_count + 2))
        return public_key(self.count + self.random.randrange(6))

    def bond_credentials(self) -> bytes:
        """Credentials for a bond, mostly well formed."""
        commission = self.random.choice([0, 500, 500, 10_000, 10_001])
        padding = bytes(9) if self.chance(0.95) else b"\1" * 9
        return b"\xb5" + commission.to_bytes(2, "little") + padding + self.address()

    def pending_deposit(self, state: Any) -> Any:
        """A deposit that fits a validator or a pool, or does not."""
        pubkey, credentials = self.deposit_key(), self.credentials()
        if self.has_pools and self.chance(0.4):
            credentials = self.bond_credentials()
        known = {bytes(validator.pubkey): validator for validator in state.validators}
        if pubkey in known and self.chance(0.5):
            credentials = bytes(known[pubkey].withdrawal_credentials)
        latest = int(state.finalized_checkpoint.epoch) * int(self.spec.SLOTS_PER_EPOCH)
        slot = self.random.choice(
            [0, 0, latest, max(latest - 3, 0), max(latest - 30, 0), latest + 1]
        )
        return self.spec.PendingDeposit(
            pubkey=pubkey,
            withdrawal_credentials=credentials,
            amount=self.some_amount() if self.hostile else self.some_amount() % (400 * ETH),
            signature=self.noise(96),
            slot=slot,
        )

    def _fill_queues(self, state: Any) -> None:
        spec = self.spec
        for _ in range(self.random.choice([0, 1, 3, 20])):
            state.pending_deposits.append(self.pending_deposit(state))
        for _ in range(self.random.choice([0, 0, 2, 5])):
            entry = spec.PendingPartialWithdrawal(
                validator_index=self.random.randrange(self.count),
                amount=self.random.randrange(1, 40 * ETH),
                withdrawable_epoch=max(self.epoch + self.random.randint(-3, 2), 0),
            )
            state.pending_partial_withdrawals.append(entry)
        for _ in range(self.random.choice([0, 0, 2, 5])):
            source, target = (self.random.randrange(self.count) for _ in range(2))
            state.pending_consolidations.append(
                spec.PendingConsolidation(source_index=source, target_index=target)
            )

    # Pools

    def pool(self, index: int) -> Any:
        """A pool with a bond for about as many seats as validators may name it."""
        seats = self.random.randrange(0, 12)
        bond = seats * 32 * ETH // 100 + self.random.choice([0, -1, 1, 80_000_000, -80_000_001])
        choices = [max(bond, 0), max(bond, 0), bond + 64 * ETH // 100, 32 * ETH, 40 * ETH, 0]
        if self.hostile:
            choices += [MOST, MOST // 100, MOST - 5]
        state = self.random.random()
        fields: dict[str, int] = {"unbonding_epoch": FAR}
        if state > 0.7:
            fields["unbonding_amount"] = self.random.choice([MOST, ETH, ETH // 10, 40 * ETH])
            fields["unbonding_epoch"] = max(self.epoch + self.random.randint(-3, 5), 0)
            fields["withdrawable_epoch"] = max(self.epoch + self.random.randint(-3, 5), 0)
        return self.spec.Pool(
            pubkey=pool_public_key(index),
            execution_address=self.address(),
            commission=self.random.choice([0, 1, 500, 500, 9_999, 10_000]),
            bond=max(self.random.choice(choices), 0),
            seated_balance=self.random.randrange(6) * 32 * ETH,
            **fields,
        )

    def _fill_pools(self, state: Any) -> None:
        spec = self.spec
        for index in range(self.pool_count):
            state.pools.append(self.pool(index))
        for validator in state.validators:
            credentials = bytes(validator.withdrawal_credentials)
            named = int.from_bytes(credentials[1:9], "little")
            is_named = credentials[0] == 0xB4 and named < self.pool_count
            is_admitted = is_named and self.chance(0.85)
            state.validator_pools.append(named if is_admitted else FAR)
        for _ in range(self.random.choice([0, 0, 2, min(int(spec.PENDING_PAYOUTS_LIMIT), 32) - 1])):
            source = self.random.choice([spec.REFUND_INDEX, spec.POOL_INDEX_FLAG])
            amount = self.random.randrange(1, 40 * ETH)
            state.pending_payouts.append(
                spec.Payout(source=source, address=self.address(), amount=amount)
            )
        if self.pool_count:
            epochs = sorted(
                max(self.epoch + self.random.choice([0, 0, 3, 32, -1]), 0)
                for _ in range(self.random.choice([0, 1, 4]))
            )
            for epoch in epochs:
                pool = self.random.randrange(self.pool_count)
                state.pending_pool_penalties.append(
                    spec.PendingPoolPenalty(pool_index=pool, penalty_epoch=epoch)
                )
