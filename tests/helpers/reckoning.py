"""What the steps that pay and charge should make of balances and bonds, in integers.

Each is reckoned from the state before it, in the words of the rules. What Fulu's functions say of
weights and deltas is taken from them: the reference vectors pin those.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

LARGEST = 2**64 - 1
"""No balance and no bond grows beyond it; what would is burned."""

POOLED = 0xB4
"""First byte of a pooled validator's credentials."""

POOL_BOND = 0xB5
"""First byte of a deposit of bond."""

SEAT = 32 * 10**9
"""Gwei that an admitted validator is slashed for."""

FLAG_WEIGHTS = (14, 26, 14)
"""Of 64 parts of a base reward: source, target, head."""


@dataclass
class Flows:
    """Gwei that came into a state or left it."""

    deposited: int = 0
    withdrawn: int = 0
    issued: int = 0
    burned: int = 0

    @property
    def change(self) -> int:
        """What all of it makes of the state's money."""
        return self.deposited - self.withdrawn + self.issued - self.burned

    def add(self, other: "Flows") -> None:
        """Take up other flows."""
        self.deposited += other.deposited
        self.withdrawn += other.withdrawn
        self.issued += other.issued
        self.burned += other.burned


def numbers(column: Any) -> memoryview:
    """A list of 64-bit numbers, without a view for each."""
    return memoryview(column.encode_bytes()).cast("Q")


class Accounts:
    """The accounts that a step touches, in integers, with what it issues and burns."""

    def __init__(self, state: Any) -> None:
        self.flows = Flows()
        self._state = state
        self._before = numbers(state.balances)
        self._pools = numbers(state.validator_pools)
        self._balances: dict[int, int] = {}
        self._bonds: dict[int, int] = {}

    def pool_of(self, index: int) -> int | None:
        """The pool that has admitted a validator."""
        pool = self._pools[index]
        return None if pool == LARGEST else pool

    def balance(self, index: int) -> int:
        """What a validator has by now."""
        return self._balances.get(index, self._before[index])

    def bond(self, pool: int) -> int:
        """What a pool has by now."""
        if pool not in self._bonds:
            self._bonds[pool] = int(self._state.pools[pool].bond)
        return self._bonds[pool]

    def is_without_pool(self, index: int) -> bool:
        """Whether it is pooled and admitted by nobody, so that it neither earns nor pays."""
        credentials = self._state.validators[index].withdrawal_credentials
        return self.pool_of(index) is None and credentials[0] == POOLED

    def credit(self, index: int, amount: int) -> None:
        """New money for a balance."""
        balance = self.balance(index)
        self._balances[index] = min(balance + amount, LARGEST)
        self.flows.issued += self._balances[index] - balance

    def reward(self, index: int, amount: int) -> None:
        """New money for a duty done: all of it to the validator, or in part to its pool."""
        pool = self.pool_of(index)
        if pool is not None:
            commission = amount * int(self._state.pools[pool].commission) // 10_000
            self.settle(pool, commission)
            self.credit(index, amount - commission)
        elif not self.is_without_pool(index):
            self.credit(index, amount)

    def penalty(self, index: int, amount: int) -> None:
        """Money burned for a duty missed, as far as who answers for it has any."""
        pool = self.pool_of(index)
        if pool is not None:
            self.settle(pool, -amount)
        elif not self.is_without_pool(index):
            paid = min(self.balance(index), amount)
            self._balances[index] = self.balance(index) - paid
            self.flows.burned += paid

    def settle(self, pool: int, change: int) -> None:
        """Add to a bond, or take from it what it has."""
        before = self.bond(pool)
        self._bonds[pool] = min(max(before + change, 0), LARGEST)
        moved = self._bonds[pool] - before
        if moved > 0:
            self.flows.issued += moved
        else:
            self.flows.burned -= moved

    def check(self, state: Any, step: str) -> None:
        """Every account that was touched stands as reckoned."""
        after = numbers(state.balances)
        for index, balance in self._balances.items():
            assert after[index] == balance, (
                f"{step}: balance {index}: {after[index]}, not {balance}"
            )
        for pool, bond in self._bonds.items():
            found = int(state.pools[pool].bond)
            assert found == bond, f"{step}: bond {pool}: {found}, not {bond}"


def reckon_attestation(spec: Any, accounts: Accounts, before: Any, after: Any) -> None:
    """The proposer's part for every flag that an aggregate was the first to bring."""
    per_increment = int(spec.get_base_reward_per_increment(before))
    weighted = 0
    for name in ("current_epoch_participation", "previous_epoch_participation"):
        old, new = (bytes(getattr(state, name).encode_bytes()) for state in (before, after))
        for index in (i for i in range(len(new)) if new[i] != old[i]):
            increments = int(before.validators[index].effective_balance) // 10**9
            flags = [
                weight
                for bit, weight in enumerate(FLAG_WEIGHTS)
                if (new[index] ^ old[index]) >> bit & 1
            ]
            weighted += increments * per_increment * sum(flags)
    accounts.reward(int(spec.get_beacon_proposer_index(before)), weighted // ((64 - 8) * 64 // 8))


def reckon_sync(spec: Any, accounts: Accounts, before: Any, bits: Any) -> None:
    """A part of a slot's rewards for each member that signed, a penalty for each that did not."""
    increments = int(spec.get_total_active_balance(before)) // 10**9
    per_slot = int(spec.get_base_reward_per_increment(before)) * increments * 2 // 64
    member_reward = per_slot // int(spec.SLOTS_PER_EPOCH) // int(spec.SYNC_COMMITTEE_SIZE)
    proposer = int(spec.get_beacon_proposer_index(before))
    members = spec.get_current_sync_committee_indices(before)
    for member, has_signed in zip(members, bits, strict=True):
        if has_signed:
            accounts.reward(int(member), member_reward)
            accounts.reward(proposer, member_reward * 8 // (64 - 8))
        else:
            accounts.penalty(int(member), member_reward)


def reckon_slashing(spec: Any, accounts: Accounts, before: Any, index: int) -> None:
    """The initial penalty, and the proposer's reward for the evidence."""
    stake = int(before.validators[index].effective_balance)
    charged = SEAT if accounts.pool_of(index) is not None else stake
    accounts.penalty(index, charged // 4096)
    reward = stake // 4096
    if before.validators[index].withdrawal_credentials[0] == POOLED:
        reward = min(reward, accounts.flows.burned)
    accounts.reward(int(spec.get_beacon_proposer_index(before)), reward)


def reckon_rewards(spec: Any, accounts: Accounts, before: Any) -> None:
    """Attestation and inactivity deltas: a pool's in one sum, anybody else's source by source."""
    if spec.get_current_epoch(before) == 0:
        return
    deltas = [spec.get_flag_index_deltas(before, flag) for flag in range(3)]
    deltas.append(spec.get_inactivity_penalty_deltas(before))
    columns = [
        ([int(r) for r in rewards], [int(p) for p in penalties]) for rewards, penalties in deltas
    ]
    sums: dict[int, int] = {}
    for index in range(len(before.validators)):
        pool = accounts.pool_of(index)
        if pool is None:
            for rewards, penalties in columns:
                if rewards[index]:
                    accounts.reward(index, rewards[index])
                if penalties[index]:
                    accounts.penalty(index, penalties[index])
            continue
        reward = sum(rewards[index] for rewards, _ in columns)
        commission = reward * int(before.pools[pool].commission) // 10_000
        accounts.credit(index, reward - commission)
        owed = sum(penalties[index] for _, penalties in columns)
        sums[pool] = sums.get(pool, 0) + commission - owed
    for pool, change in sums.items():
        accounts.settle(pool, change)


def _penalty_per_increment(spec: Any, state: Any) -> int:
    """The correlation penalty for 1 ETH of stake: three times the slashed part of the whole."""
    total = int(spec.get_total_active_balance(state))
    return int(min(3 * sum(numbers(state.slashings)), total) // (total // 10**9))


def reckon_correlation(spec: Any, accounts: Accounts, before: Any) -> None:
    """Correlation penalties of solo validators, half a slashings vector before withdrawal."""
    due = int(spec.get_current_epoch(before)) + int(spec.EPOCHS_PER_SLASHINGS_VECTOR) // 2
    per_increment = _penalty_per_increment(spec, before)
    for index, validator in enumerate(before.validators):
        is_solo = validator.withdrawal_credentials[0] != POOLED
        if is_solo and validator.slashed and validator.withdrawable_epoch == due:
            accounts.penalty(index, per_increment * (int(validator.effective_balance) // 10**9))


def reckon_pool_correlation(spec: Any, accounts: Accounts, before: Any) -> None:
    """Correlation penalties of pooled validators, 32 ETH at most with the initial one."""
    penalty = min(32 * _penalty_per_increment(spec, before), SEAT - SEAT // 4096)
    for pending in before.pending_pool_penalties:
        if pending.penalty_epoch <= spec.get_current_epoch(before):
            accounts.settle(int(pending.pool_index), -penalty)


def departed(before: Any, after: Any) -> list[Any]:
    """The deposits that have left the queue, in order; postponed ones have not."""
    staying = Counter(bytes(deposit.hash_tree_root()) for deposit in after.pending_deposits)
    gone = []
    # From the end: of equal deposits it is the later ones that stay
    for deposit in reversed(list(before.pending_deposits)):
        root = bytes(deposit.hash_tree_root())
        if staying[root]:
            staying[root] -= 1
        else:
            gone.append(deposit)
    return gone[::-1]


def reckon_deposits(spec: Any, before: Any, after: Any) -> Flows:
    """What is lost of the deposits that left the queue, as under Fulu.

    Those are first deposits of solo validators that nobody has signed, and what a balance cannot
    hold of those that cannot be sent back.
    """
    flows = Flows()
    balances = dict(zip(_keys(before), map(int, before.balances), strict=True))
    credentials = dict(zip(_keys(after), _credentials(after), strict=True))
    for deposit in departed(before, after):
        key, own = bytes(deposit.pubkey), bytes(deposit.withdrawal_credentials)
        amount = int(deposit.amount)
        if own[0] == POOL_BOND:
            continue
        if key in balances:
            is_fulus = own[0] == 0 or POOLED not in (own[0], credentials[key][0])
            if is_fulus or (own == credentials[key] and balances[key] + amount <= LARGEST):
                flows.burned += max(balances[key] + amount - LARGEST, 0)
                balances[key] = min(balances[key] + amount, LARGEST)
        elif own[0] == POOLED:
            if credentials.get(key) == own:
                balances[key] = amount
        elif spec.is_valid_deposit_signature(
            deposit.pubkey, deposit.withdrawal_credentials, deposit.amount, deposit.signature
        ):
            balances[key] = amount
        else:
            flows.burned += amount
    return flows


def _keys(state: Any) -> list[bytes]:
    return [bytes(validator.pubkey) for validator in state.validators]


def _credentials(state: Any) -> list[bytes]:
    return [bytes(validator.withdrawal_credentials) for validator in state.validators]


def reckon_consolidations(spec: Any, before: Any) -> Flows:
    """What the targets' balances cannot hold."""
    flows = Flows()
    balances = [int(balance) for balance in before.balances]
    next_epoch = int(spec.get_current_epoch(before)) + 1
    for pending in before.pending_consolidations:
        source = before.validators[pending.source_index]
        if source.slashed:
            continue
        if source.withdrawable_epoch > next_epoch:
            break
        moved = min(balances[pending.source_index], int(source.effective_balance))
        balances[pending.source_index] -= moved
        flows.burned += max(balances[pending.target_index] + moved - LARGEST, 0)
        balances[pending.target_index] = min(balances[pending.target_index] + moved, LARGEST)
    return flows


EPOCH_STEPS = {
    "process_rewards_and_penalties": reckon_rewards,
    "process_slashings": reckon_correlation,
    "process_pending_pool_penalties": reckon_pool_correlation,
}
"""Steps of an epoch's end, each with what reckons it from the state before."""
