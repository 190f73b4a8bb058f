"""The rules of PoolBonds, and the upgrade to them."""

from poolspec.engine.numbers import U64_MAX
from poolspec.engine.poolbonds.deposits import Deposits
from poolspec.engine.poolbonds.epoch_processing import PoolEpochProcessing
from poolspec.engine.poolbonds.leaving import Leaving
from poolspec.engine.records import Fork
from poolspec.engine.registry import Pools
from poolspec.engine.state import State

__all__ = ["PoolBondsRules"]


class PoolBondsRules(PoolEpochProcessing, Deposits, Leaving):
    """The whole transition."""

    def upgrade(self, before: State) -> State:
        """Return the state with which the fork starts, from the last one under Fulu."""
        state = before.copy()
        version = self.p.POOLBONDS_FORK_VERSION
        state.fork = Fork(before.fork.current_version, version, self.current_epoch(state))
        state.registry.pool[:] = U64_MAX
        state.pools = Pools()
        state.pending_payouts, state.pending_pool_penalties = [], []
        state.unbonding_balance_to_consume = state.earliest_unbonding_epoch = 0
        return state
