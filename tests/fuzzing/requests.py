"""Requests of the execution layer: whatever they say, the block that carries them is honest."""

from typing import Any

from tests.fuzzing.signatures import WRONG
from tests.helpers.deposits import build_deposit_request
from tests.helpers.genesis import execution_address, execution_credentials
from tests.helpers.keys import POOL_KEYS, pool_public_key, public_key
from tests.helpers.pools import (
    ETH,
    SEAT,
    SEAT_BOND,
    bond_credentials,
    operator_address,
    pooled_credentials,
)
from tests.helpers.reckoning import LARGEST

STRANGER = 2**19
"""The number of an address that nobody's credentials name."""

FRESH_KEYS = 8
"""Keys of validators that are deposited for, beside those in the registry."""

POOLS = 4
"""Keys of pools that are founded and topped up, known or not."""

AMOUNTS = (SEAT, 1, 0, ETH, SEAT_BOND, SEAT_BOND - 1, SEAT - 1, SEAT + 1, 33 * ETH, 64 * ETH)
HUGE = (LARGEST, 2**63, LARGEST - SEAT, LARGEST - ETH // 4)
"""Gwei deposited. No real deposit is huge; the queue holds one up unless it costs no churn."""

ASKED = (0, 1, SEAT_BOND, ETH, SEAT, LARGEST, LARGEST - 1)
"""Gwei of requests: 0 is for all of it."""

SENDERS = ("owner", "stranger", "operator", "staker")
"""Whose address a request comes from."""

TWISTS = ("none", "padding", "unsigned", "other_address", "other_prefix")
"""What is odd about a deposit."""

PREFIXES = (b"\x01", b"\x02", b"\x00", b"\x03", b"\xb5", b"\xb4")


class Requests:
    """Makes requests for a state; numbers choose among what is there."""

    def __init__(self, spec: Any, state: Any) -> None:
        self.spec = spec
        self.state = state

    @property
    def pools(self) -> Any:
        """The registry of pools; under Fulu there is none."""
        return getattr(self.state, "pools", ())

    def _pool_key(self, number: int) -> tuple[int, bytes]:
        """A pool's number with its key; of those that are there the first ones."""
        return number % POOLS, pool_public_key(number % POOLS)

    def _deposit(self, key: bytes, credentials: bytes, amount: int, twist: str) -> Any:
        """A deposit, with what is odd about it."""
        if twist == "padding":
            credentials = credentials[:10] + b"\x01" + credentials[11:]
        elif twist == "other_address":
            credentials = credentials[:12] + execution_address(STRANGER)
        elif twist == "other_prefix":
            other = {0xB4: b"\xb5", 0xB5: b"\xb4"}.get(credentials[0], b"\xb4")
            credentials = other + credentials[1:]
        request = build_deposit_request(self.spec, key, credentials, amount)
        if twist == "unsigned":
            request.signature = self.spec.BLSSignature(WRONG)
        return request

    def bond(self, number: int, amount: int, commission: int, twist: str) -> Any:
        """Bond to found a pool, or to top one up as its credentials are."""
        pool, key = self._pool_key(number)
        if pool < len(self.pools) and twist != "other_address":
            commission = int(self.pools[pool].commission)
        return self._deposit(key, bond_credentials(pool, commission), amount, twist)

    def lock(self, number: int, who: int, amount: int, twist: str) -> Any:
        """Stake for a pool that may or may not exist, with a key that is new or not."""
        pool = number % (len(self.pools) + 1)
        key = self._validator_key(who)
        return self._deposit(public_key(key), pooled_credentials(pool, key), amount, twist)

    def solo(self, who: int, amount: int, prefix: bytes, twist: str) -> Any:
        """Stake under other credentials."""
        key = self._validator_key(who)
        credentials = execution_credentials(key, prefix)
        return self._deposit(public_key(key), credentials, amount, twist)

    def top_up(self, who: int, amount: int, twist: str) -> Any:
        """More for a validator of the registry, under its own credentials unless twisted."""
        validator = self.state.validators[who % len(self.state.validators)]
        credentials = bytes(validator.withdrawal_credentials)
        return self._deposit(bytes(validator.pubkey), credentials, amount, twist)

    def huge_top_up(self, who: int, amount: int) -> Any | None:
        """An absurd sum for a validator that has left; None if nobody has."""
        epoch = int(self.spec.get_current_epoch(self.state))
        gone = [
            validator
            for validator in self.state.validators
            if validator.withdrawable_epoch <= epoch
        ]
        if not gone:
            return None
        validator = gone[who % len(gone)]
        credentials = bytes(validator.withdrawal_credentials)
        return self._deposit(bytes(validator.pubkey), credentials, amount, "none")

    def key_of_both(self, number: int, who: int, amount: int) -> Any:
        """Stake with a pool's own key."""
        pool, key = self._pool_key(number)
        named = who % (len(self.pools) + 1)
        return self._deposit(key, pooled_credentials(named, POOL_KEYS + pool), amount, "none")

    def _validator_key(self, who: int) -> int:
        """The number of a key: of the registry's validators, or one that comes after them."""
        count = len(self.state.validators)
        return who % count if who % 3 == 0 else 64 + who % FRESH_KEYS

    def withdrawal(self, who: int, amount: int, sender: str) -> Any:
        """A request that names a validator."""
        validator = self.state.validators[who % len(self.state.validators)]
        credentials = bytes(validator.withdrawal_credentials)
        address = credentials[12:]
        if sender == "stranger":
            address = execution_address(STRANGER)
        elif sender == "operator":
            address = operator_address(int.from_bytes(credentials[1:9], "little") % 2**10)
        return self.spec.WithdrawalRequest(
            source_address=self.spec.ExecutionAddress(address),
            validator_pubkey=validator.pubkey,
            amount=amount,
        )

    def unbonding(self, number: int, amount: int, sender: str) -> Any:
        """A request that names a pool."""
        pool, key = self._pool_key(number)
        address = operator_address(pool)
        if sender == "stranger":
            address = execution_address(STRANGER)
        elif sender == "staker":
            address = execution_address(number)
        return self.spec.WithdrawalRequest(
            source_address=self.spec.ExecutionAddress(address),
            validator_pubkey=self.spec.BLSPubkey(key),
            amount=amount,
        )

    def consolidation(self, source: int, target: int, sender: str) -> Any:
        """From one validator to another, or to itself."""
        validators = self.state.validators
        giving = validators[source % len(validators)]
        address = bytes(giving.withdrawal_credentials)[12:]
        if sender == "stranger":
            address = execution_address(STRANGER)
        return self.spec.ConsolidationRequest(
            source_address=self.spec.ExecutionAddress(address),
            source_pubkey=giving.pubkey,
            target_pubkey=validators[target % len(validators)].pubkey,
        )
