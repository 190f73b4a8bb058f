"""Random operations for random states: some valid, some nearly, some not at all."""

import random
from collections.abc import Iterator
from typing import Any

from tests.engine.random_states import ETH, Maker
from tests.helpers.attestations import build_attestation

Operation = tuple[str, Any]
"""The name of the function that processes it, and the operation."""


class Operations:
    """Makes operations for a state of a `Maker`; signatures are not looked at.

    Each one is made when it is asked for, for `state` as it is then.
    """

    def __init__(self, maker: Maker, state: Any) -> None:
        self.maker = maker
        self.spec = maker.spec
        self.state = state
        self.random: random.Random = maker.random

    def all(self) -> Iterator[Operation]:
        """One of each kind; kinds that a state easily accepts come more than once."""
        for _ in range(4):
            yield "process_deposit_request", self.deposit_request()
            yield "process_withdrawal_request", self.withdrawal_request()
            yield "process_consolidation_request", self.consolidation_request()
            if self.maker.has_pools:
                yield "process_pool_admission", self.admission()
                yield "process_withdrawal_request", self.unbonding_request()
        yield "process_proposer_slashing", self.proposer_slashing()
        yield "process_attester_slashing", self.attester_slashing()
        yield "process_voluntary_exit", self.voluntary_exit()
        yield "process_bls_to_execution_change", self.address_change()
        yield "process_sync_aggregate", self.sync_aggregate()
        yield "process_withdrawals", self.payload()
        if self.maker.epoch > 0:
            for distance in (1, 3, int(self.spec.SLOTS_PER_EPOCH)):
                yield "process_attestation", self.attestation(distance)

    def index(self) -> int:
        """A validator."""
        return self.random.randrange(self.maker.count)

    def some_index(self) -> int:
        """A validator, or rarely nobody."""
        return self.random.choice([self.index()] * 9 + [self.maker.count, 2**40])

    def address_of(self, index: int) -> bytes:
        """The address in a validator's credentials, or rarely another."""
        credentials = bytes(self.state.validators[index].withdrawal_credentials)
        return credentials[12:] if self.maker.chance(0.85) else self.maker.address()

    # Requests

    def deposit_request(self) -> Any:
        """A deposit for a validator, a pool or nobody yet."""
        deposit = self.maker.pending_deposit(self.state)
        pools = list(self.state.pools) if self.maker.has_pools else []
        pubkey, credentials = deposit.pubkey, bytes(deposit.withdrawal_credentials)
        if pools and self.maker.chance(0.5):
            pool = self.random.choice(pools)
            commission = int(pool.commission).to_bytes(2, "little")
            pubkey = pool.pubkey
            credentials = b"\xb5" + commission + bytes(9) + bytes(pool.execution_address)
        return self.spec.DepositRequest(
            pubkey=pubkey,
            withdrawal_credentials=credentials,
            amount=self.maker.some_amount(),
            signature=deposit.signature,
            index=self.random.randrange(100),
        )

    def withdrawal_request(self) -> Any:
        """An exit or a partial withdrawal."""
        index = self.index()
        return self.spec.WithdrawalRequest(
            source_address=self.address_of(index),
            validator_pubkey=self.state.validators[index].pubkey,
            amount=self.random.choice([0, 0, 1, ETH, 2**64 - 1]),
        )

    def unbonding_request(self) -> Any:
        """A request that names a pool, if there is one."""
        if not len(self.state.pools):
            return self.withdrawal_request()
        pool = self.random.choice(list(self.state.pools))
        return self.spec.WithdrawalRequest(
            source_address=pool.execution_address,
            validator_pubkey=pool.pubkey,
            amount=self.random.choice([0, 1, ETH, 3 * ETH, 2**64 - 1]),
        )

    def consolidation_request(self) -> Any:
        """A merger, or a switch to compounding."""
        source, target = self.index(), self.index()
        if self.maker.chance(0.3):
            target = source
        return self.spec.ConsolidationRequest(
            source_address=self.address_of(source),
            source_pubkey=self.state.validators[source].pubkey,
            target_pubkey=self.state.validators[target].pubkey,
        )

    def admission(self) -> Any:
        """An admission of a pooled validator, preferably one that waits for it."""
        state = self.state
        waiting = [
            index
            for index, validator in enumerate(state.validators)
            if bytes(validator.withdrawal_credentials)[0] == 0xB4
            and state.validator_pools[index] == 2**64 - 1
        ]
        index = self.random.choice([*waiting, self.some_index()])
        named = state.validators[min(index, self.maker.count - 1)].pubkey
        message = self.spec.PoolAdmission(validator_index=index, validator_pubkey=named)
        return self.spec.SignedPoolAdmission(message=message)

    # Signed operations

    def proposer_slashing(self) -> Any:
        """Two headers, mostly different."""
        index, slot = self.some_index(), self.random.randrange(1000)
        roots = [b"\1" * 32, self.random.choice([b"\2" * 32, b"\2" * 32, b"\1" * 32])]
        headers = [
            self.spec.SignedBeaconBlockHeader(
                message=self.spec.BeaconBlockHeader(
                    slot=slot, proposer_index=index, parent_root=root
                )
            )
            for root in roots
        ]
        return self.spec.ProposerSlashing(signed_header_1=headers[0], signed_header_2=headers[1])

    def attester_slashing(self) -> Any:
        """Two votes of overlapping groups, mostly contradictory."""
        spec = self.spec
        votes = []
        for number in range(2):
            count = self.random.randint(1, min(8, self.maker.count))
            voters = sorted(self.random.sample(range(self.maker.count), count))
            if self.maker.chance(0.05):
                voters.append(self.maker.count + 5)
            data = spec.AttestationData(
                beacon_block_root=bytes([number]) * 32,
                source=spec.Checkpoint(epoch=self.random.choice([1, 2])),
                target=spec.Checkpoint(epoch=self.random.choice([3, 3, 4])),
            )
            votes.append(spec.IndexedAttestation(attesting_indices=voters, data=data))
        return spec.AttesterSlashing(attestation_1=votes[0], attestation_2=votes[1])

    def voluntary_exit(self) -> Any:
        """An exit signed with a validator's key."""
        epoch = max(self.maker.epoch + self.random.choice([0, 0, -1, 1]), 0)
        message = self.spec.VoluntaryExit(epoch=epoch, validator_index=self.some_index())
        return self.spec.SignedVoluntaryExit(message=message)

    def address_change(self) -> Any:
        """A change of credentials, which only BLS ones allow."""
        index, key = self.index(), b"\5" * 48
        if self.maker.chance(0.5):
            credentials = b"\0" + bytes(self.spec.hash(key))[1:]
            self.state.validators[index].withdrawal_credentials = credentials
        change = self.spec.BLSToExecutionChange(
            validator_index=index, from_bls_pubkey=key, to_execution_address=b"\6" * 20
        )
        return self.spec.SignedBLSToExecutionChange(message=change)

    # What every block has

    def sync_aggregate(self) -> Any:
        """Random participation."""
        size = int(self.spec.SYNC_COMMITTEE_SIZE)
        bits = [self.maker.chance(0.7) for _ in range(size)]
        return self.spec.SyncAggregate(sync_committee_bits=bits)

    def payload(self) -> Any:
        """A payload with the withdrawals that the state asks for, or rarely others."""
        expected = self.spec.get_expected_withdrawals(self.state).withdrawals
        withdrawals = [each.copy() for each in expected]
        if withdrawals and self.maker.chance(0.2):
            withdrawals[0].amount = (int(withdrawals[0].amount) + 1) % 2**64
        return self.spec.ExecutionPayload(withdrawals=withdrawals)

    def attestation(self, distance: int) -> Any:
        """A vote of all committees of an earlier slot, of which some members take part."""
        slot = int(self.state.slot) - distance
        probability = self.random.choice([0.2, 0.7, 1.0])
        attestation = build_attestation(
            self.spec,
            self.state,
            slot,
            voters=lambda members: [each for each in members if self.maker.chance(probability)],
            signed=False,
        )
        if self.maker.chance(0.1):
            attestation.data.source.epoch += 1
        if self.maker.chance(0.1):
            attestation.aggregation_bits.append(True)
        return attestation
