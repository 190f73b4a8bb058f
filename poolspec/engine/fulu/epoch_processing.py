"""The end of a Fulu epoch: finality, registry, slashings, effective balances, resets, duties."""

import numpy as np

from poolspec.engine.fulu.attendance import ACTIVE, CURRENT_TARGET, TARGET, Attendance
from poolspec.engine.fulu.queues import Queues
from poolspec.engine.fulu.rewards import Rewards
from poolspec.engine.fulu.sampling import Sampling
from poolspec.engine.hashing import merkleize
from poolspec.engine.numbers import (
    U64_MAX,
    Column,
    Indices,
    Mask,
    add,
    checked,
    chunks,
    multiply,
    subtract_saturating,
    total,
)
from poolspec.engine.records import Checkpoint
from poolspec.engine.state import State

__all__ = ["EpochProcessing"]


class EpochProcessing(Rewards, Queues, Sampling):
    """The steps that close an epoch, in `process_epoch` in their order."""

    def process_epoch(self, state: State) -> None:
        """Apply all steps. Who took part is found out once, and stands until the epoch is over."""
        attendance = self.attendance(state)
        self.process_justification_and_finalization(state, attendance)
        self.process_inactivity_updates(state, attendance)
        self.process_rewards_and_penalties(state, attendance)
        self.process_registry_updates(state)
        self.process_slashings(state)
        self.process_eth1_data_reset(state)
        self.process_pending_deposits(state)
        self.process_pending_consolidations(state)
        self.process_effective_balance_updates(state)
        self.finish_epoch(state)

    def finish_epoch(self, state: State) -> None:
        """Apply the steps after the last change of an effective balance."""
        self.process_slashings_reset(state)
        self.process_randao_mixes_reset(state)
        self.process_historical_summaries_update(state)
        self.process_participation_flag_updates(state)
        self.process_sync_committee_updates(state)
        self.process_proposer_lookahead(state)
        previous = self.current_epoch(state)
        for epoch in [each for each in state.memo.committees if each < previous]:
            del state.memo.committees[epoch]

    # Finality

    def process_justification_and_finalization(
        self, state: State, present: Attendance | None = None
    ) -> None:
        """Weigh the target votes of the previous and the current epoch."""
        current = self.current_epoch(state)
        if current <= self.p.GENESIS_EPOCH + 1:
            return
        attendance = present or self.attendance(state)
        total_balance = self.floored(attendance.weight(ACTIVE))
        state.memo.total_active_balance[current] = total_balance
        self._weigh(state, total_balance, self.target_weights(attendance))

    def floored(self, balance: int) -> int:
        """Return a sum of balances (Gwei), at least one increment."""
        return max(checked(balance), int(self.p.EFFECTIVE_BALANCE_INCREMENT))

    def target_weights(self, attendance: Attendance) -> tuple[int, int]:
        """Return the weights (Gwei) behind the previous and the current epoch's targets."""
        return (
            self.floored(attendance.weight(TARGET)),
            self.floored(attendance.weight(CURRENT_TARGET)),
        )

    def _weigh(self, state: State, total_balance: int, weights: tuple[int, int]) -> None:
        """Move the checkpoints and the bits, bit 0 being the current epoch's."""
        current, previous = self.current_epoch(state), self.previous_epoch(state)
        older, newer = state.previous_justified_checkpoint, state.current_justified_checkpoint
        state.previous_justified_checkpoint = newer
        bits = [False, *state.justification_bits[:-1]]
        for age, epoch, weight in ((1, previous, weights[0]), (0, current, weights[1])):
            if checked(3 * weight) >= checked(2 * total_balance):
                bits[age] = True
                root = self.block_root(state, epoch)
                state.current_justified_checkpoint = Checkpoint(epoch, root)
        state.justification_bits = bits
        for justified, age, needed in (
            (older, 3, bits[1:4]),
            (older, 2, bits[1:3]),
            (newer, 2, bits[0:3]),
            (newer, 1, bits[0:2]),
        ):
            if all(needed) and justified.epoch + age == current:
                state.finalized_checkpoint = justified

    # Registry

    def registry_candidates(self, state: State) -> Indices:
        """Return all to whom something may happen in the registry, ascending."""
        registry, far = state.registry, np.uint64(U64_MAX)
        waits = registry.activation_eligibility_epoch == far
        waits |= registry.activation_epoch == far
        waits |= registry.effective_balance <= np.uint64(self.p.EJECTION_BALANCE)
        return np.flatnonzero(waits)

    def process_registry_updates(self, state: State) -> None:
        """Line validators up, eject, and activate: the first of these that applies."""
        registry, current = state.registry, self.current_epoch(state)
        rows, far = self.registry_candidates(state), np.uint64(U64_MAX)
        eligibility, activation = (
            registry.activation_eligibility_epoch[rows],
            registry.activation_epoch[rows],
        )
        balances = registry.effective_balance[rows]
        queued = (eligibility == far) & (balances >= np.uint64(self.p.MIN_ACTIVATION_BALANCE))
        is_active = (activation <= current) & (registry.exit_epoch[rows] > current)
        ejected = is_active & (balances <= np.uint64(self.p.EJECTION_BALANCE)) & ~queued
        is_final = eligibility <= np.uint64(state.finalized_checkpoint.epoch)
        activated = (activation == far) & is_final & ~queued & ~ejected

        registry.activation_eligibility_epoch[rows[queued]] = checked(current + 1)
        for index in rows[ejected].tolist():
            self.initiate_exit(state, index)
        if activated.any():
            registry.activation_epoch[rows[activated]] = self.activation_exit_epoch(current)

    # Slashings

    def slashing_penalty_per_increment(self, state: State) -> int:
        """Return the correlation penalty (Gwei) for each increment of effective balance."""
        balance = self.total_active_balance(state)
        factor = self.p.PROPORTIONAL_SLASHING_MULTIPLIER_BELLATRIX
        slashed = checked(checked(total(state.slashings)) * factor)
        return min(slashed, balance) // (balance // int(self.p.EFFECTIVE_BALANCE_INCREMENT))

    def slashings_due(self, state: State) -> Indices:
        """Return who pays the correlation penalty now, ascending."""
        registry = state.registry
        half = self.p.EPOCHS_PER_SLASHINGS_VECTOR // 2
        withdrawable = np.uint64(checked(self.current_epoch(state) + half))
        slashed = np.flatnonzero(registry.slashed)
        due: Indices = slashed[registry.withdrawable_epoch[slashed] == withdrawable]
        return due

    def process_slashings(self, state: State) -> None:
        """Charge the correlation penalty to those for whom it is due."""
        registry, due = state.registry, self.slashings_due(state)
        per_increment = self.slashing_penalty_per_increment(state)
        increment = np.uint64(self.p.EFFECTIVE_BALANCE_INCREMENT)
        penalties = multiply(registry.effective_balance[due] // increment, per_increment)
        registry.balances[due] = subtract_saturating(registry.balances[due], penalties)

    def process_slashings_reset(self, state: State) -> None:
        """Empty the place that the next epoch adds to."""
        next_epoch = self.current_epoch(state) + 1
        state.slashings[next_epoch % self.p.EPOCHS_PER_SLASHINGS_VECTOR] = 0

    # Effective balances

    def has_left_band(self, balances: Column, effective_balances: Column) -> Mask:
        """Return which balances are so far from the effective ones that these must follow."""
        step = self.p.EFFECTIVE_BALANCE_INCREMENT // self.p.HYSTERESIS_QUOTIENT
        down = step * self.p.HYSTERESIS_DOWNWARD_MULTIPLIER
        up = step * self.p.HYSTERESIS_UPWARD_MULTIPLIER
        changes = np.empty(len(balances), np.bool_)
        for rows in chunks(len(balances)):
            changes[rows] = self.is_beyond(balances[rows], effective_balances[rows], down, up)
        return changes

    def is_beyond(self, balances: Column, effective: Column, down: int, up: int) -> Mask:
        """Return which balances are more than `down` below the effective one, or `up` above."""
        fell = add(balances, down) < effective
        rose = add(effective, up) < balances
        mask: Mask = fell | rose
        return mask

    def effective_balance_changes(self, state: State) -> Indices:
        """Return whose effective balance must follow the balance, ascending."""
        registry = state.registry
        return np.flatnonzero(self.has_left_band(registry.balances, registry.effective_balance))

    def process_effective_balance_updates(self, state: State) -> None:
        """Let effective balances follow balances that have moved far enough."""
        registry = state.registry
        rows = self.effective_balance_changes(state)
        balances = registry.balances[rows]
        compounds = registry.prefix[rows] == self.p.COMPOUNDING_WITHDRAWAL_PREFIX[0]
        ceilings = np.where(
            compounds,
            np.uint64(self.p.MAX_EFFECTIVE_BALANCE_ELECTRA),
            np.uint64(self.p.MIN_ACTIVATION_BALANCE),
        )
        whole = balances - balances % np.uint64(self.p.EFFECTIVE_BALANCE_INCREMENT)
        registry.effective_balance[rows] = np.minimum(whole, ceilings)
        state.memo.total_active_balance.clear()

    # Resets and history

    def process_eth1_data_reset(self, state: State) -> None:
        """Drop the votes when their period ends."""
        if (self.current_epoch(state) + 1) % self.p.EPOCHS_PER_ETH1_VOTING_PERIOD == 0:
            state.eth1_data_votes = []

    def process_randao_mixes_reset(self, state: State) -> None:
        """Let the next epoch's mix start from this one's."""
        current, ring = self.current_epoch(state), self.p.EPOCHS_PER_HISTORICAL_VECTOR
        state.randao_mixes[(current + 1) % ring] = state.randao_mixes[current % ring]

    def process_historical_summaries_update(self, state: State) -> None:
        """Accumulate block and state roots when their rings are full."""
        ring = self.p.SLOTS_PER_HISTORICAL_ROOT
        if (self.current_epoch(state) + 1) % (ring // self.p.SLOTS_PER_EPOCH) != 0:
            return
        depth = (ring - 1).bit_length()
        roots = [merkleize(each, depth) for each in (state.block_roots, state.state_roots)]
        summary = np.frombuffer(b"".join(roots), np.uint8).reshape(1, 64)
        state.historical_summaries = np.concatenate([state.historical_summaries, summary])

    def process_participation_flag_updates(self, state: State) -> None:
        """Make the current participation the previous one and start a blank one."""
        state.registry.swap("previous_participation", "current_participation")
        state.registry.current_participation[:] = 0

    # Duties

    def process_sync_committee_updates(self, state: State) -> None:
        """Rotate the sync committees when their period ends."""
        if (self.current_epoch(state) + 1) % self.p.EPOCHS_PER_SYNC_COMMITTEE_PERIOD == 0:
            state.current_sync_committee = state.next_sync_committee
            state.next_sync_committee = self.next_sync_committee(state)
            state.memo.sync_committee_indices = None

    def process_proposer_lookahead(self, state: State) -> None:
        """Append the proposers of the furthest known epoch."""
        furthest = self.current_epoch(state) + self.p.MIN_SEED_LOOKAHEAD + 1
        kept = state.proposer_lookahead[self.p.SLOTS_PER_EPOCH :]
        state.proposer_lookahead = kept + self.proposers(state, furthest)
