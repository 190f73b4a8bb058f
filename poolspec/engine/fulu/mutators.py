"""The small steps by which a Fulu transition changes one validator."""

from poolspec.engine.fulu.accessors import Accessors
from poolspec.engine.numbers import U64_MAX, checked
from poolspec.engine.records import PendingDeposit
from poolspec.engine.state import State

__all__ = ["Mutators", "book_churn"]


def book_churn(epoch: int, room: int, limit: int, balance: int) -> tuple[int, int]:
    """Book a balance into an epoch with so much room and, at `limit` each, the epochs after it.

    Returns the last epoch used and the room left in it. Balances are Gwei.
    """
    if balance > room:
        further = (balance - room - 1) // limit + 1
        epoch, room = checked(epoch + further), checked(room + checked(further * limit))
    return epoch, room - balance


class Mutators(Accessors):
    """Balances, exits, slashing and compounding."""

    def increase_balance(self, state: State, index: int, amount: int) -> None:
        """Add Gwei to a balance."""
        state.registry.balances[index] = checked(int(state.registry.balances[index]) + amount)

    def decrease_balance(self, state: State, index: int, amount: int) -> None:
        """Take Gwei from a balance, or all of it."""
        state.registry.balances[index] = max(int(state.registry.balances[index]) - amount, 0)

    def apply_reward(self, state: State, index: int, amount: int) -> None:
        """Credit Gwei for a duty done."""
        self.increase_balance(state, index, amount)

    def apply_penalty(self, state: State, index: int, amount: int) -> None:
        """Burn Gwei for a fault, as far as they are there."""
        self.decrease_balance(state, index, amount)

    # Exits

    def book_exit(self, state: State, balance: int) -> int:
        """Book Gwei into the exit queue and return the epoch in which they leave."""
        limit = self.activation_exit_churn_limit(state)
        epoch, room = state.earliest_exit_epoch, state.exit_balance_to_consume
        first = self.activation_exit_epoch(self.current_epoch(state))
        if epoch < first:
            epoch, room = first, limit
        epoch, room = book_churn(epoch, room, limit, balance)
        state.earliest_exit_epoch, state.exit_balance_to_consume = epoch, room
        return epoch

    def book_consolidation(self, state: State, balance: int) -> int:
        """Book Gwei into the consolidation queue and return the epoch in which they move."""
        limit = self.consolidation_churn_limit(state)
        epoch, room = state.earliest_consolidation_epoch, state.consolidation_balance_to_consume
        first = self.activation_exit_epoch(self.current_epoch(state))
        if epoch < first:
            epoch, room = first, limit
        epoch, room = book_churn(epoch, room, limit, balance)
        state.earliest_consolidation_epoch, state.consolidation_balance_to_consume = epoch, room
        return epoch

    def exit_epoch_for(self, state: State, index: int) -> int:
        """Return when a validator that asks now leaves, and book it."""
        return self.book_exit(state, int(state.registry.effective_balance[index]))

    def set_exit(self, state: State, index: int, exit_epoch: int) -> None:
        """Write the epochs of a validator's way out."""
        withdrawable = checked(exit_epoch + self.p.MIN_VALIDATOR_WITHDRAWABILITY_DELAY)
        state.registry.exit_epoch[index] = exit_epoch
        state.registry.withdrawable_epoch[index] = withdrawable

    def initiate_exit(self, state: State, index: int) -> None:
        """Send a validator into the exit queue, unless it is there already."""
        if int(state.registry.exit_epoch[index]) == U64_MAX:
            self.set_exit(state, index, self.exit_epoch_for(state, index))

    # Slashing

    def add_to_slashings(self, state: State, stake: int) -> None:
        """Count slashed Gwei in the current epoch's place of the ring."""
        position = self.current_epoch(state) % self.p.EPOCHS_PER_SLASHINGS_VECTOR
        state.slashings[position] = checked(int(state.slashings[position]) + stake)

    def initial_penalty(self, stake: int) -> int:
        """Return what a slashing costs at once (Gwei)."""
        return stake // int(self.p.MIN_SLASHING_PENALTY_QUOTIENT_ELECTRA)

    def delay_withdrawal(self, state: State, index: int) -> None:
        """Keep a slashed validator's funds for a whole slashings vector."""
        registry = state.registry
        last = checked(self.current_epoch(state) + self.p.EPOCHS_PER_SLASHINGS_VECTOR)
        registry.withdrawable_epoch[index] = max(last, int(registry.withdrawable_epoch[index]))

    def slash(self, state: State, index: int) -> None:
        """Slash a validator; the proposer who brought the proof is paid for it."""
        self.initiate_exit(state, index)
        state.registry.slashed[index] = True
        self.delay_withdrawal(state, index)
        stake = int(state.registry.effective_balance[index])
        self.add_to_slashings(state, stake)
        self.apply_penalty(state, index, self.initial_penalty(stake))

        reward = stake // int(self.p.WHISTLEBLOWER_REWARD_QUOTIENT_ELECTRA)
        share = checked(reward * self.p.PROPOSER_WEIGHT) // self.p.WEIGHT_DENOMINATOR
        self.apply_reward(state, self.proposer(state), share)
        self.apply_reward(state, self.proposer(state), reward - share)

    # Compounding

    def switch_to_compounding(self, state: State, index: int) -> None:
        """Give a validator the compounding prefix and queue what it holds above the minimum."""
        registry = state.registry
        address = registry.withdrawal_credentials(index)[1:]
        registry.set_credentials(index, self.p.COMPOUNDING_WITHDRAWAL_PREFIX + address)
        excess = int(registry.balances[index]) - int(self.p.MIN_ACTIVATION_BALANCE)
        if excess <= 0:
            return
        self.decrease_balance(state, index, excess)
        state.pending_deposits.append(
            PendingDeposit(
                registry.pubkey(index),
                registry.withdrawal_credentials(index),
                excess,
                self.p.G2_POINT_AT_INFINITY,
                self.p.GENESIS_SLOT,
            )
        )
