"""The queues in which deposits and payouts wait, and what leaves them."""

from typing import Any

from poolspec.vectors.recorder import Recorder
from tests.helpers.deposits import build_pending_deposit
from tests.helpers.keys import POOL_KEYS
from tests.helpers.pools import bond_credentials, pooled_credentials, total_money
from tests.helpers.running import EpochRun, run_epoch_step

POOL_INDEX_FLAG = 2**41
"""Added to a pool's index it is the source of a payout of bond."""

REFUND_INDEX = 2**42
"""The source of a refund."""

Money = tuple[int, bytes, int]
"""A payout: source, address, Gwei."""


def least_churn(spec: Any) -> int:
    """Gwei that may come, and that may go, in an epoch where there is as little stake as in tests.

    The limit is a fraction of the stake (a 32nd of 2,048 ETH under the minimal preset), but never
    less than this minimum: 64 ETH, or 128 ETH on mainnet.
    """
    return int(spec.config.MIN_PER_EPOCH_CHURN_LIMIT_ELECTRA)


def pending_bond(
    spec: Any, pool_index: int, amount: int, commission: int = 0, signed: bool = True
) -> Any:
    """Bond that waits to found the pool with this key, or to top it up."""
    credentials = bond_credentials(pool_index, commission)
    return build_pending_deposit(spec, POOL_KEYS + pool_index, credentials, amount, signed=signed)


def pending_lock(
    spec: Any, pool_index: int, key: int, amount: int, staker: int | None = None
) -> Any:
    """Stake that waits to be locked in a pool; the staker's number is the key's by default."""
    credentials = pooled_credentials(pool_index, key if staker is None else staker)
    return build_pending_deposit(spec, key, credentials, amount)


def queue_deposits(state: Any, *deposits: Any) -> None:
    """Put deposits at the end of the queue."""
    for deposit in deposits:
        state.pending_deposits.append(deposit)


def refund_of(deposit: Any) -> Money:
    """The payout that sends a deposit back to the address in its own credentials."""
    return REFUND_INDEX, bytes(deposit.withdrawal_credentials)[12:], int(deposit.amount)


def payouts(state: Any) -> list[Money]:
    """What waits to be paid out, in order."""
    return [
        (int(payout.source), bytes(payout.address), int(payout.amount))
        for payout in state.pending_payouts
    ]


def fill_payouts(spec: Any, state: Any, count: int) -> None:
    """Let `count` refunds of 1 Gwei wait."""
    for number in range(count):
        address = spec.ExecutionAddress(number.to_bytes(20, "big"))
        state.pending_payouts.append(spec.Payout(source=REFUND_INDEX, address=address, amount=1))


def run_deposits(spec: Any, state: Any, vector: Recorder, lost: int = 0) -> EpochRun:
    """`process_pending_deposits` as a case; it moves money, and loses `lost` Gwei of it."""
    run = run_epoch_step(spec, state, vector, "process_pending_deposits")
    assert total_money(run.pre) - total_money(run.post) == lost
    return run
