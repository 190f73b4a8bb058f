"""States in which attacks are tried, and the steps that they take."""

from collections.abc import Sequence
from typing import Any

from tests.adversary.book import STAKE
from tests.helpers.epoch_end import EPOCH, NEXT_EPOCH, stand_at_epoch_end
from tests.helpers.pools import ETH, SEAT, add_pool, build_unbonding_request, make_pooled
from tests.helpers.requests import build_withdrawal_request
from tests.helpers.scenarios import FAR


def pool_with(spec: Any, state: Any, bond: int, members: Sequence[int], commission: int = 0) -> int:
    """A pool in whose seats some of the validators of genesis are."""
    pool = add_pool(spec, state, bond=bond, commission=commission)
    make_pooled(spec, state, pool, members)
    return pool


def end_epoch(spec: Any, state: Any, epoch: int, *steps: str, finalized: int | None = None) -> None:
    """Stand at the end of an epoch, by default of a chain that finalizes, and run some steps."""
    stand_at_epoch_end(spec, state, epoch - 2 if finalized is None else finalized, epoch)
    for step in steps:
        getattr(spec, step)(state)


def serve_seats(spec: Any, state: Any, epoch: int = EPOCH, finalized: int | None = None) -> None:
    """Run the step that takes and gives seats."""
    end_epoch(spec, state, epoch, "process_pool_seats", finalized=finalized)


def begin_epoch(spec: Any, state: Any, epoch: int) -> None:
    """Stand in an epoch's first slot."""
    state.slot = spec.Slot(epoch * int(spec.SLOTS_PER_EPOCH))


def ask_for_bond(spec: Any, state: Any, pool: int, amount: int = 0) -> None:
    """The operator asks for a part of its bond, or closes its pool."""
    spec.process_withdrawal_request(state, build_unbonding_request(spec, state, pool, amount))


def ask_to_leave(spec: Any, state: Any, index: int) -> None:
    """The holder of the address asks for the validator's exit."""
    spec.process_withdrawal_request(state, build_withdrawal_request(spec, state, index))


def seats_of(state: Any, pool: int) -> int:
    """How many seats a pool has, by its own record."""
    return int(state.pools[pool].seated_balance) // SEAT


def mainnet_state(mainnet: Any) -> Any:
    """All of the stake on mainnet, in validators of 2,048 ETH."""
    validator = mainnet.Validator(
        effective_balance=2048 * ETH,
        exit_epoch=mainnet.FAR_FUTURE_EPOCH,
        withdrawable_epoch=mainnet.FAR_FUTURE_EPOCH,
    )
    return mainnet.BeaconState(validators=mainnet.Validators([validator] * (STAKE // 2048)))


__all__ = [
    "EPOCH",
    "FAR",
    "NEXT_EPOCH",
    "ask_for_bond",
    "ask_to_leave",
    "begin_epoch",
    "end_epoch",
    "mainnet_state",
    "pool_with",
    "seats_of",
    "serve_seats",
]
