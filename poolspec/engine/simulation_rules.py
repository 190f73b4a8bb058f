"""The rules of both forks as a simulation needs them: without keys, with a scale and books."""

from __future__ import annotations

import numpy as np

from poolspec.engine.fulu.attendance import Attendance
from poolspec.engine.fulu.rewards import InactivityPenalties, Tables
from poolspec.engine.fulu.rules import FuluRules
from poolspec.engine.numbers import Indices, Mask, isqrt, total
from poolspec.engine.poolbonds.rules import PoolBondsRules
from poolspec.engine.records import PendingDeposit
from poolspec.engine.simulation_books import Books
from poolspec.engine.state import State

__all__ = ["PoolBondsSimulated", "Simulated"]


class Simulated(FuluRules):
    """Rules under which keys are only names: none is a point of a curve, none is added up.

    With a `scale`, each validator stands for so many: limits for the whole chain are parts of the
    real ones, and what depends on the whole stake is reckoned with the real one.
    """

    draws_duties: bool = True
    scale: int = 1
    books: Books | None = None
    lottery: int | None = None
    """A seed for drawing who is paid for a slashing, where no proposers are drawn."""

    def aggregate_pubkeys(self, pubkeys: list[bytes]) -> bytes:
        """Return the sum of keys, of which nothing is known."""
        return bytes(48)

    def has_valid_deposit_signature(self, deposit: PendingDeposit) -> bool:
        """Take every deposit as signed."""
        return True

    def process_sync_committee_updates(self, state: State) -> None:
        """Draw a sync committee when it is time, if anybody wants to know."""
        if self.draws_duties:
            super().process_sync_committee_updates(state)

    def process_proposer_lookahead(self, state: State) -> None:
        """Draw proposers, if anybody wants to know."""
        if self.draws_duties:
            super().process_proposer_lookahead(state)

    def proposer(self, state: State) -> int:
        """Return who proposes now; without duties anybody who has weight, by the lottery."""
        if self.draws_duties or self.lottery is None:
            return super().proposer(state)
        registry = state.registry
        may = self.active_mask(state, self.current_epoch(state)) & ~registry.slashed
        candidates = np.flatnonzero(may & (registry.effective_balance > 0))
        if not len(candidates):
            return super().proposer(state)
        # One draw for each slashing, however often its proposer is asked for.
        slashed = int(np.count_nonzero(registry.slashed))
        chance = np.random.default_rng([self.lottery, state.slot, slashed])
        return int(candidates[chance.integers(len(candidates))])

    # Scale

    def shrink(self) -> None:
        """Let an epoch's withdrawals fit into one payload, and scale what is a number of them."""
        values, slots = vars(self.p), int(self.p.SLOTS_PER_EPOCH)
        for name in (
            "MAX_PENDING_PARTIALS_PER_WITHDRAWALS_SWEEP",
            "MAX_VALIDATORS_PER_WITHDRAWALS_SWEEP",
            "MAX_PAYOUTS_PER_PAYLOAD",
        ):
            if name in values:
                values[name] = max(values[name] * slots // self.scale, 1)
        # One place of a payload is the sweep's alone, and partial withdrawals leave it free.
        room = self.p.MAX_WITHDRAWALS_PER_PAYLOAD * slots // self.scale
        values["MAX_WITHDRAWALS_PER_PAYLOAD"] = max(room, 2)
        if "MIN_POOL_BOND" in values:
            values["MIN_POOL_BOND"] //= self.scale

    def base_reward_per_increment(self, state: State) -> int:
        """Return what an increment earns at best (Gwei), given the stake that is stood for."""
        reward = int(self.p.EFFECTIVE_BALANCE_INCREMENT) * int(self.p.BASE_REWARD_FACTOR)
        return reward // isqrt(self.total_active_balance(state) * self.scale)

    def balance_churn_limit(self, state: State) -> int:
        """Return an epoch's churn (Gwei), a part of the real one."""
        return self._real_churn(state) // self.scale

    def activation_exit_churn_limit(self, state: State) -> int:
        """Return an epoch's churn for deposits, and as much for exits (Gwei)."""
        return self.real_activation_exit_churn(state) // self.scale

    def real_activation_exit_churn(self, state: State) -> int:
        """Return the churn (Gwei) of the chain that is stood for."""
        return min(self._real_churn(state), int(self.p.MAX_PER_EPOCH_ACTIVATION_EXIT_CHURN_LIMIT))

    def _real_churn(self, state: State) -> int:
        stake = self.total_active_balance(state) * self.scale
        share = stake // int(self.p.CHURN_LIMIT_QUOTIENT)
        limit = max(share, int(self.p.MIN_PER_EPOCH_CHURN_LIMIT_ELECTRA))
        return limit - limit % int(self.p.EFFECTIVE_BALANCE_INCREMENT)

    # Books

    def answering_pool(self, state: State, index: int) -> int | None:
        """Return the pool that answers for a validator, None if it does itself."""
        return None

    def is_outsider(self, state: State, index: int) -> bool:
        """Decide whether a validator neither earns nor pays."""
        return False

    def outsiders(self, state: State) -> Mask:
        """Return who neither earns nor pays, (n,)."""
        return np.zeros(len(state.registry), np.bool_)

    def commission_on(self, state: State, pool: int, reward: int) -> int:
        """Return what a pool keeps of a reward (Gwei)."""
        return 0

    def apply_reward(self, state: State, index: int, amount: int) -> None:
        """Credit Gwei for a duty done, and note it."""
        if self.books is not None and not self.is_outsider(state, index):
            pool = self.answering_pool(state, index)
            share = 0 if pool is None else self.commission_on(state, pool, amount)
            self.books.reward(pool, amount, share)
        super().apply_reward(state, index, amount)

    def slash(self, state: State, index: int) -> None:
        """Slash a validator, and note the penalty that falls at once."""
        if self.books is not None and not self.is_outsider(state, index):
            pool = self.answering_pool(state, index)
            seat = int(self.p.MIN_ACTIVATION_BALANCE)
            stake = int(state.registry.effective_balance[index]) if pool is None else seat
            penalty = stake // int(self.p.MIN_SLASHING_PENALTY_QUOTIENT_ELECTRA)
            self.books.penalty(state, pool, index, penalty)
        super().slash(state, index)

    def settle(
        self,
        state: State,
        attendance: Attendance,
        tables: Tables,
        inactivity: InactivityPenalties,
    ) -> None:
        """Settle an epoch's votes, and note what is to come of it."""
        if self.books is not None:
            self.books.settlement(state, self.outsiders(state), attendance, tables, inactivity)
        super().settle(state, attendance, tables, inactivity)

    def process_slashings(self, state: State) -> None:
        """Charge the correlation penalty, and note it."""
        if self.books is not None:
            increment = int(self.p.EFFECTIVE_BALANCE_INCREMENT)
            rate = self.correlation_rate(state)
            for index in self.slashings_due(state).tolist():
                stake = int(state.registry.effective_balance[index])
                self.books.penalty(state, None, index, stake // increment * rate)
        super().process_slashings(state)

    def correlation_rate(self, state: State) -> int:
        """Return the correlation penalty (Gwei) for each increment, reckoned for the books."""
        stake = self.total_active_balance(state)
        multiplied = total(state.slashings) * int(self.p.PROPORTIONAL_SLASHING_MULTIPLIER_BELLATRIX)
        return min(multiplied, stake) // (stake // int(self.p.EFFECTIVE_BALANCE_INCREMENT))

    # Withdrawals

    def pay(self, state: State) -> None:
        """Pay what the payloads of a whole epoch would: payouts first, and then the sweep."""
        if state.pending_partial_withdrawals:
            self._pay_one_by_one(state)
        else:
            room = int(self.p.MAX_WITHDRAWALS_PER_PAYLOAD)
            self._sweep(state, room - self.serve_payouts(state))

    def _pay_one_by_one(self, state: State) -> None:
        """Carry the expected withdrawals out, as a block would."""
        expected = self.expected_withdrawals(state)
        self.carry_out(state, expected)
        if self.books is not None:
            flag = int(getattr(self.p, "POOL_INDEX_FLAG", 0))
            for each in expected.withdrawals:
                self.books.withdrawal(state, each.validator_index, each.amount, flag)

    def serve_payouts(self, state: State) -> int:
        """Pay the head of the queue of payouts; return how many entries that were."""
        return 0

    def _sweep(self, state: State, room: int) -> None:
        """Pay up to so many validators, in columns, from where the last sweep stopped."""
        registry, rows = state.registry, self._swept(state)
        balances = registry.balances[rows]
        compounds = registry.prefix[rows] == self.p.COMPOUNDING_WITHDRAWAL_PREFIX[0]
        ceilings = np.where(
            compounds,
            np.uint64(self.p.MAX_EFFECTIVE_BALANCE_ELECTRA),
            np.uint64(self.p.MIN_ACTIVATION_BALANCE),
        )
        is_over = registry.withdrawable_epoch[rows] <= np.uint64(self.current_epoch(state))
        in_full = is_over & (balances > 0) & self.pays_in_full(state, rows)
        excess = ~in_full & (balances > ceilings) & self.pays_excess(state, rows, ceilings)
        paid = np.flatnonzero(in_full | excess)[:room]
        amounts = balances[paid] - np.where(in_full[paid], np.uint64(0), ceilings[paid])
        registry.balances[rows[paid]] -= amounts
        if self.books is not None:
            self.books.sweep(state, rows[paid], amounts)
        is_full = len(paid) == room and room > 0
        further = state.next_withdrawal_validator_index + int(
            self.p.MAX_VALIDATORS_PER_WITHDRAWALS_SWEEP
        )
        position = int(rows[paid[-1]]) + 1 if is_full else further
        state.next_withdrawal_validator_index = position % len(registry)

    def _swept(self, state: State) -> Indices:
        """Return the validators that a sweep visits, in its order."""
        count = min(len(state.registry), int(self.p.MAX_VALIDATORS_PER_WITHDRAWALS_SWEEP))
        return (state.next_withdrawal_validator_index + np.arange(count)) % len(state.registry)


class PoolBondsSimulated(Simulated, PoolBondsRules):
    """The same for PoolBonds."""

    _spare_churn: int = 0
    """Real seats that the churn would have let sit and that made no whole one yet."""
    _seats_to_serve: int = 0

    def process_pool_seats(self, state: State) -> None:
        """Serve the line as the real churn would, in portions of the scale."""
        seat = int(self.p.MIN_ACTIVATION_BALANCE)
        self._spare_churn += self.real_activation_exit_churn(state) // seat
        self._seats_to_serve, self._spare_churn = divmod(self._spare_churn, self.scale)
        super().process_pool_seats(state)

    def _sit_down(self, state: State, waiting: Indices, count: int) -> None:
        super()._sit_down(state, waiting, self._seats_to_serve)

    def serve_payouts(self, state: State) -> int:
        """Pay the head of the queue of payouts; return how many entries that were."""
        most = int(self.p.MAX_PAYOUTS_PER_PAYLOAD)
        served, state.pending_payouts = state.pending_payouts[:most], state.pending_payouts[most:]
        if self.books is not None:
            for payout in served:
                flag = int(self.p.POOL_INDEX_FLAG)
                self.books.withdrawal(state, payout.source, payout.amount, flag)
        return len(served)

    def answering_pool(self, state: State, index: int) -> int | None:
        """Return the pool that answers for a validator, None if it does itself."""
        return self.pool_of(state, index)

    def is_outsider(self, state: State, index: int) -> bool:
        """Decide whether a validator is pooled and not admitted."""
        return self.is_pooled(state, index) and self.pool_of(state, index) is None

    def outsiders(self, state: State) -> Mask:
        """Return who is pooled and not admitted, (n,)."""
        mask: Mask = self.pooled_mask(state) & ~self.admitted_mask(state)
        return mask

    def commission_on(self, state: State, pool: int, reward: int) -> int:
        """Return what a pool keeps of a reward (Gwei)."""
        return self.commission(state, pool, reward)

    def process_pending_pool_penalties(self, state: State) -> None:
        """Charge the correlation penalties that are due to the bonds, and note them."""
        if self.books is not None:
            self._book_pool_penalties(state, self.books)
        super().process_pending_pool_penalties(state)

    def _book_pool_penalties(self, state: State, books: Books) -> None:
        seat = int(self.p.MIN_ACTIVATION_BALANCE)
        initial = seat // int(self.p.MIN_SLASHING_PENALTY_QUOTIENT_ELECTRA)
        increments = seat // int(self.p.EFFECTIVE_BALANCE_INCREMENT)
        penalty = min(self.correlation_rate(state) * increments, seat - initial)
        now, count = self.current_epoch(state), [0] * len(state.pools)
        for pending in state.pending_pool_penalties:
            if pending.penalty_epoch > now:
                break
            count[pending.pool_index] += 1
        for pool, slashed in enumerate(count):
            if slashed:
                books.penalty(state, pool, -1, slashed * penalty)
