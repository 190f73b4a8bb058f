"""Random states for comparing functions: plausible ones, and ones with hostile numbers."""

from __future__ import annotations

from random import Random
from typing import Any

# Large enough to overflow sums, products and comparisons in every order.
HOSTILE_NUMBERS = (0, 1, 2**32 - 1, 2**47, 2**63, 2**64 - 2, 2**64 - 1)


def random_state(spec: Any, random: Random, count: int, hostile: bool = False) -> Any:
    """Return a state in some epoch of the first hundred, with ``count`` validators."""
    epoch = random.randrange(0, 100)
    number = _numbers(random, hostile)
    validators = [random_validator(spec, random, index, epoch, hostile) for index in range(count)]
    members = [random.randrange(count) for _ in range(spec.SYNC_COMMITTEE_SIZE)]
    state = spec.BeaconState(
        slot=epoch * spec.SLOTS_PER_EPOCH + random.randrange(spec.SLOTS_PER_EPOCH),
        validators=validators,
        balances=[number(40 * 10**9) for _ in range(count)],
        previous_epoch_participation=[random.randrange(8) for _ in range(count)],
        current_epoch_participation=[random.randrange(8) for _ in range(count)],
        inactivity_scores=[number(1000) for _ in range(count)],
        slashings=[number(10**9) for _ in range(spec.EPOCHS_PER_SLASHINGS_VECTOR)],
        randao_mixes=[random.randbytes(32) for _ in range(spec.EPOCHS_PER_HISTORICAL_VECTOR)],
        block_roots=[random.randbytes(32) for _ in range(spec.SLOTS_PER_HISTORICAL_ROOT)],
        proposer_lookahead=[random.randrange(count) for _ in range(2 * spec.SLOTS_PER_EPOCH)],
        current_sync_committee=spec.SyncCommittee(
            pubkeys=[validators[index].pubkey for index in members]
        ),
        next_withdrawal_validator_index=random.choice([0, random.randrange(count), number(count)]),
    )
    for name in ("previous_justified", "current_justified", "finalized"):
        checkpoint = spec.Checkpoint(
            epoch=max(0, epoch - random.randrange(1, 8)), root=random.randbytes(32)
        )
        setattr(state, f"{name}_checkpoint", checkpoint)
    if hasattr(spec, "Pool"):
        _add_pools(spec, random, state, hostile)
    return state


def _add_pools(spec: Any, random: Random, state: Any, hostile: bool) -> None:
    """Make some validators pooled, and most of these admitted, by pools of all kinds."""
    number = _numbers(random, hostile)
    state.pools = [
        spec.Pool(
            pubkey=(2**40 + position).to_bytes(48, "big"),
            commission=min(number(10_000), 2**64 - 1),
            bond=number(10 * 10**9),
            seated_balance=32 * 10**9 * random.randrange(20),
            unbonding_amount=random.choice([0, 0, number(10**9), spec.FAR_FUTURE_EPOCH]),
            unbonding_epoch=max(0, int(spec.get_current_epoch(state)) + random.randrange(-1, 4)),
        )
        for position in range(random.randrange(4))
    ]
    state.pending_pool_penalties = [
        spec.PendingPoolPenalty(pool_index=random.randrange(len(state.pools)))
        for _ in range(random.choice([0, 0, 0, 1, 2]) if len(state.pools) else 0)
    ]
    pools = []
    for index, validator in enumerate(state.validators):
        pool = int(spec.NO_POOL)
        if random.random() < 0.6:
            credentials = spec.POOLED_WITHDRAWAL_PREFIX + validator.withdrawal_credentials[1:]
            state.validators[index].withdrawal_credentials = credentials
            if random.random() < 0.5:
                state.validators[index].effective_balance = 0
            if len(state.pools) and random.random() < 0.8:
                pool = random.randrange(len(state.pools) + (hostile and random.random() < 0.01))
        pools.append(pool)
    state.validator_pools = pools


def _numbers(random: Random, hostile: bool) -> Any:
    def number(limit: int) -> int:
        if hostile and random.random() < 0.05:
            return random.choice(HOSTILE_NUMBERS)
        return random.randrange(limit + 1)

    return number


def random_validator(spec: Any, random: Random, index: int, epoch: int, hostile: bool) -> Any:
    """Return a validator in any stage of life around ``epoch``."""
    far = int(spec.FAR_FUTURE_EPOCH)
    number = _numbers(random, hostile)
    eligible = random.choice([far, epoch, max(0, epoch - 10)])
    active = far if eligible == far else random.choice([far, epoch, max(0, epoch - 5)])
    exits = far if active == far else random.choice([far, far, epoch, epoch + 1, epoch + 3])
    due = epoch + spec.EPOCHS_PER_SLASHINGS_VECTOR // 2
    increments = random.choice([0, 15, 16, 17, 31, 32, 32, 32, 33, 64, 2048])
    effective = increments * int(spec.EFFECTIVE_BALANCE_INCREMENT)
    return spec.Validator(
        pubkey=index.to_bytes(48, "big"),
        withdrawal_credentials=bytes([random.choice([0, 1, 1, 2])]) + random.randbytes(31),
        effective_balance=number(0) or effective,
        slashed=random.random() < 0.2,
        activation_eligibility_epoch=eligible,
        activation_epoch=active,
        exit_epoch=exits,
        withdrawable_epoch=random.choice([far, epoch, epoch + 1, epoch + 2, due]),
    )


def random_attestation(spec: Any, random: Random, state: Any) -> Any:
    """Return an unsigned attestation of the state's current or previous epoch.

    Its committees exist; most often its bits fit them.
    """
    current = int(spec.get_current_epoch(state))
    epoch = random.choice([current, max(0, current - 1)])
    slot = epoch * spec.SLOTS_PER_EPOCH + random.randrange(spec.SLOTS_PER_EPOCH)
    per_slot = int(spec.get_committee_count_per_slot(state, spec.Epoch(epoch)))
    chosen = sorted(random.sample(range(per_slot), random.randrange(1, per_slot + 1)))
    length = sum(
        len(spec.get_beacon_committee(state, spec.Slot(slot), spec.CommitteeIndex(index)))
        for index in chosen
    )
    length += random.choice([0, 0, 0, 0, 1, -1]) if length else 0
    return spec.Attestation(
        aggregation_bits=[random.random() < 0.7 for _ in range(length)],
        committee_bits=[index in chosen for index in range(spec.MAX_COMMITTEES_PER_SLOT)],
        data=spec.AttestationData(
            slot=slot,
            beacon_block_root=random.randbytes(32),
            source=state.previous_justified_checkpoint,
            target=spec.Checkpoint(epoch=epoch, root=random.randbytes(32)),
        ),
    )
