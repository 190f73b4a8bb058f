"""The states that chains begin with: all kinds of validators and pools, at their edges."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.fuzzing.parties import Values
from tests.helpers.genesis import execution_credentials, genesis_state
from tests.helpers.pools import (
    ETH,
    SEAT,
    SEAT_BOND,
    add_pool,
    make_pooled,
    operator_address,
    pooled_credentials,
)
from tests.helpers.queues import fill_payouts
from tests.helpers.reckoning import LARGEST
from tests.helpers.solo import make_compounding, make_keyed

QUARTER = SEAT // 4 // 100
"""Bond that may be missing behind the last seat."""

BRIEF = {
    "SHARD_COMMITTEE_PERIOD": 2,
    "MIN_VALIDATOR_WITHDRAWABILITY_DELAY": 4,
    "SEAT_INACTIVITY_LIMIT": 40,
}
"""Lives that begin and end within a chain of some epochs."""

CONFIGURATIONS: tuple[Values, ...] = tuple(
    tuple(sorted(values.items()))
    for values in (
        BRIEF,
        {**BRIEF, "MIN_POOL_BOND": SEAT_BOND},
        # Bonds that one loss empties, and a seat an epoch
        {
            **BRIEF,
            "MIN_POOL_BOND": SEAT_BOND,
            "POOL_INACTIVITY_PENALTY_DIVISOR": 1,
            "MIN_PER_EPOCH_CHURN_LIMIT_ELECTRA": SEAT,
            "INACTIVITY_SCORE_BIAS": 16,
        },
        # Seats that are dear
        {**BRIEF, "POOL_LEVERAGE": 10, "EJECTION_BALANCE": 31 * ETH},
        {},
    )
)

KINDS = ("solo", "rich", "compounding", "keyed", "bond", "seated", "waiting", "stranger")
"""Of a validator that is there at the start. `bond` carries the pools' prefix, a stranger names a
pool that has not admitted it."""

BONDS = (
    0,
    -1,
    1,
    QUARTER,
    -QUARTER,
    -QUARTER - 1,
    SEAT_BOND,
    -SEAT_BOND,
    SEAT,
    40 * ETH,
    LARGEST,
)
"""What a pool has beyond what its seats need, in Gwei, as far as numbers go."""

COMMISSIONS = (0, 1, 500, 10_000)


@dataclass(frozen=True)
class Start:
    """What is drawn of a start. A chain that begins under Fulu has no pools yet."""

    values: Values = CONFIGURATIONS[0]
    fork_epoch: int | None = None
    count: int = 32
    kinds: Sequence[str] = ()
    pools: Sequence[tuple[int, int]] = ()
    first_epoch: int = 0
    payouts: int = 0
    closed_pools: int = 0

    def build(self, spec: Any) -> Any:
        """The state, of the fork that `spec` is."""
        state = genesis_state(spec, [SEAT] * self.count)
        self._stand(spec, state)
        has_pools = self.fork_epoch is None
        named: dict[int, list[int]] = {number: [] for number in range(len(self.pools) or 1)}
        for index, kind in enumerate(self.kinds[: self.count]):
            pool = index % (len(self.pools) or 1)
            if kind in ("seated", "waiting") and has_pools and self.pools:
                named[pool].append(index)
            else:
                _make_alone(spec, state, index, kind, pool)
        if has_pools:
            self._add_pools(spec, state, named)
            fill_payouts(spec, state, self.payouts)
        return state

    def _stand(self, spec: Any, state: Any) -> None:
        """Stand in the first epoch of the chain, the one before it final."""
        if self.first_epoch == 0:
            return
        state.slot = spec.Slot(self.first_epoch * int(spec.SLOTS_PER_EPOCH))
        checkpoint = spec.Checkpoint(epoch=self.first_epoch - 2)
        for name in ("previous_justified", "current_justified", "finalized"):
            setattr(state, f"{name}_checkpoint", checkpoint)

    def _add_pools(self, spec: Any, state: Any, named: dict[int, list[int]]) -> None:
        leverage = int(spec.config.POOL_LEVERAGE)
        for number, (beyond, commission) in enumerate(self.pools):
            members = named[number]
            seated = [index for index in members if self.kinds[index] == "seated"]
            bond = min(max(len(seated) * SEAT // leverage + beyond, 0), LARGEST)
            pool = add_pool(spec, state, bond=bond, commission=commission)
            make_pooled(spec, state, pool, seated)
            waiting = [index for index in members if index not in seated]
            make_pooled(spec, state, pool, waiting, seated=False)
        for _ in range(self.closed_pools):
            added = add_pool(spec, state, bond=0)
            closed = state.pools[added]
            closed.unbonding_amount, closed.unbonding_epoch = LARGEST, 0


def _make_alone(spec: Any, state: Any, index: int, kind: str, pool: int) -> None:
    """A validator that no pool has admitted."""
    validator = state.validators[index]
    if kind == "rich":
        state.balances[index] = 40 * ETH
    elif kind == "compounding":
        make_compounding(spec, state, index, 33 * ETH + index * ETH)
    elif kind == "keyed":
        make_keyed(spec, state, index)
    elif kind == "bond":
        validator.withdrawal_credentials = spec.Bytes32(
            b"\xb5" + bytes(11) + operator_address(pool)
        )
    elif kind in ("seated", "waiting", "stranger"):
        validator.withdrawal_credentials = spec.Bytes32(pooled_credentials(pool, index))
    else:
        credentials = execution_credentials(index)
        validator.withdrawal_credentials = spec.Bytes32(credentials)
