"""What must hold of every chain with pools, checked while it runs (invariants I1 to I8).

Each check compares the states around a slot's block, an epoch's end or a step of it, and restates
the rule in its own terms. I9 and I10 have tests of their own; that nothing raises here is I10 too.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.helpers.hooks import hooked
from tests.helpers.ledger import Ledger, books
from tests.helpers.reckoning import LARGEST, POOL_BOND, POOLED, SEAT, departed, numbers

POOL_INDEX_FLAG = 2**41
REFUND_INDEX = 2**42
FAR = LARGEST
"""Both the epoch that never comes and "no pool"."""


def is_pooled(validator: Any) -> bool:
    """By the first byte of its credentials."""
    return bool(validator.withdrawal_credentials[0] == POOLED)


def named_pool(validator: Any) -> int:
    """The index in bytes 1 to 8 of its credentials."""
    return int.from_bytes(bytes(validator.withdrawal_credentials)[1:9], "little")


def pooled_indices(state: Any) -> list[int]:
    """All pooled validators."""
    return [index for index, validator in enumerate(state.validators) if is_pooled(validator)]


def members_of(state: Any, pool: int) -> list[int]:
    """Who has been admitted by a pool."""
    return [index for index, named in enumerate(numbers(state.validator_pools)) if named == pool]


def is_seated(state: Any, index: int, epoch: int) -> bool:
    """Whether an admitted validator holds a seat in an epoch."""
    validator = state.validators[index]
    is_staying = not validator.slashed and epoch < validator.exit_epoch
    return bool(is_staying and validator.effective_balance > 0)


def check_principal(before: Any, after: Any, withdrawals: Any = ()) -> None:
    """I1: only a withdrawal to the address in its credentials lowers a pooled balance."""
    old, new = numbers(before.balances), numbers(after.balances)
    paid: dict[int, int] = {}
    for withdrawal in withdrawals:
        index = int(withdrawal.validator_index)
        if index < POOL_INDEX_FLAG and is_pooled(before.validators[index]):
            credentials = bytes(before.validators[index].withdrawal_credentials)
            assert bytes(withdrawal.address) == credentials[12:], f"I1: {index} pays a stranger"
            paid[index] = paid.get(index, 0) + int(withdrawal.amount)
    for index in pooled_indices(before):
        assert new[index] >= old[index] - paid.get(index, 0), f"I1: balance {index} falls"
        held, holds = (state.validators[index].withdrawal_credentials for state in (before, after))
        assert held == holds, f"I1: credentials of {index} change"


def check_exit_request(spec: Any, before: Any, after: Any, request: Any) -> None:
    """I2: a full exit asked for from the staker's address is always begun."""
    keys = [bytes(validator.pubkey) for validator in before.validators]
    if bytes(request.validator_pubkey) not in keys:
        return
    index = keys.index(bytes(request.validator_pubkey))
    old, new = before.validators[index], after.validators[index]
    if not is_pooled(old):
        return
    is_staker = bytes(request.source_address) == bytes(old.withdrawal_credentials)[12:]
    served = int(old.activation_epoch) + int(spec.config.SHARD_COMMITTEE_PERIOD)
    has_served = old.activation_epoch == FAR or int(spec.get_current_epoch(before)) >= served
    is_leaving = old.exit_epoch != FAR
    if is_leaving or (is_staker and request.amount == 0 and has_served):
        assert new.exit_epoch != FAR, f"I2: {index} cannot leave"
    else:
        assert new.exit_epoch == FAR, f"I2: {index} is sent away"


def check_delays(spec: Any, before: Any, after: Any) -> None:
    """I2: who begins to leave, slashed or not, is paid the ordinary delay after its exit."""
    delay = int(spec.config.MIN_VALIDATOR_WITHDRAWABILITY_DELAY)
    for index in pooled_indices(before):
        old, new = before.validators[index], after.validators[index]
        expected = old.withdrawable_epoch
        if old.exit_epoch == FAR and new.exit_epoch != FAR:
            expected = int(new.exit_epoch) + delay
        assert new.withdrawable_epoch == expected, f"I2: {index} is held back"


def check_consent(before: Any, after: Any, admitted: set[int]) -> None:
    """I3: nobody joins a pool but by its admission, nor another one than its credentials name."""
    old, new = numbers(before.validator_pools), numbers(after.validator_pools)
    for index, pool in enumerate(new):
        was = old[index] if index < len(old) else FAR
        if pool != was:
            assert was == FAR, f"I3: {index} changes its pool"
            assert index in admitted, f"I3: {index} is admitted by nobody"
        if pool != FAR:
            assert pool == named_pool(after.validators[index]), f"I3: {index} is in another pool"
    for index, (pool, later) in enumerate(zip(before.pools, after.pools, strict=False)):
        for field in ("pubkey", "execution_address", "commission"):
            assert getattr(pool, field) == getattr(later, field), f"I3: {field} of {index} changes"


def check_leverage(spec: Any, state: Any) -> None:
    """I4: seats are within leverage times the bond behind them, and a quarter-seat."""
    epoch, leverage = int(spec.get_current_epoch(state)), int(spec.config.POOL_LEVERAGE)
    seats: dict[int, int] = {}
    for index, pool in enumerate(numbers(state.validator_pools)):
        if pool != FAR and is_seated(state, index, epoch):
            assert state.validators[index].effective_balance == SEAT, f"I4: {index} in half a seat"
            seats[pool] = seats.get(pool, 0) + SEAT
    for index, pool in enumerate(state.pools):
        leaving = int(pool.unbonding_amount) if pool.unbonding_epoch <= epoch else 0
        backing = max(int(pool.bond) - leaving, 0)
        seated = seats.get(index, 0)
        assert seated <= leverage * backing + SEAT // 4, f"I4: pool {index} is beyond its bond"
        assert int(pool.seated_balance) == seated, f"I4: pool {index} misstates its seats"


def _line(state: Any) -> dict[int, int]:
    """Who is in line, by the epoch of joining it."""
    line = {}
    for index, pool in enumerate(numbers(state.validator_pools)):
        validator = state.validators[index]
        joined = int(validator.activation_eligibility_epoch)
        if pool != FAR and validator.effective_balance == 0 and joined != FAR:
            line[index] = joined
    return line


def check_order(spec: Any, before: Any, after: Any) -> None:
    """I5: the last of a pool stands up first; the head of the line of all pools sits down first."""
    current = int(spec.get_current_epoch(before))
    epoch, limit = current + 1, int(spec.config.SEAT_INACTIVITY_LIMIT)
    scores = numbers(before.inactivity_scores)
    sat_down = []
    for pool in range(len(before.pools)):
        members = members_of(before, pool)
        kept: list[int] = []
        stood: list[int] = []
        for index in members:
            was, stays = (is_seated(state, index, epoch) for state in (before, after))
            if stays and not was:
                sat_down.append(index)
            elif was and scores[index] < limit:
                (kept if stays else stood).append(index)
        if kept and stood:
            assert max(kept) < min(stood), f"I5: in pool {pool}, {stood} stand up before {kept}"
    _check_line(before, after, sat_down, epoch)
    churn = int(spec.get_activation_exit_churn_limit(before))
    assert len(sat_down) * SEAT <= churn, "I5: more seats than the churn allows"
    finalized = int(before.finalized_checkpoint.epoch)
    for index, joined in _line(after).items():
        # A full house or a line that is not final yet, and no other reason to wait
        assert joined > finalized or (len(sat_down) + 1) * SEAT > churn, f"I5: {index} waits"


def _check_line(before: Any, after: Any, sat_down: list[int], epoch: int) -> None:
    """Nobody who stays in line loses its place, and nobody overtakes."""
    finalized = int(before.finalized_checkpoint.epoch)
    was, stays = _line(before), _line(after)
    for index, joined in stays.items():
        assert joined == was.get(index, epoch), f"I5: {index} loses its place"
    for index in sat_down:
        assert was.get(index, FAR) <= finalized, f"I5: {index} has not waited"
        ahead = [other for other in stays if (stays[other], other) < (was[index], index)]
        assert not ahead, f"I5: {index} overtakes {ahead}"


def check_escape(spec: Any, before: Any, after: Any) -> None:
    """I6: bond leaves after its time, none before a correlation penalty that is still to come."""
    next_epoch = int(spec.get_current_epoch(before)) + 1
    pending = {int(each.pool_index) for each in after.pending_pool_penalties}
    for index, (pool, later) in enumerate(zip(before.pools, after.pools, strict=True)):
        if later.bond != pool.bond:
            assert int(pool.withdrawable_epoch) <= next_epoch, f"I6: bond {index} leaves early"
            assert pool.unbonding_amount > 0, f"I6: nobody asked for bond {index}"
            assert index not in pending, f"I6: bond {index} leaves before a penalty"
            assert later.bond <= pool.bond, f"I6: bond {index} grows"


def check_locks(before: Any, after: Any) -> None:
    """I6: a lock is never shortened, and lasts until every pending penalty has fallen."""
    for index, (pool, later) in enumerate(zip(before.pools, after.pools, strict=False)):
        assert later.withdrawable_epoch >= pool.withdrawable_epoch, f"I6: lock {index} is shortened"
    for pending in after.pending_pool_penalties:
        lock = int(after.pools[pending.pool_index].withdrawable_epoch)
        assert lock > int(pending.penalty_epoch), f"I6: pool {pending.pool_index} is not locked"


def check_whole_or_back(spec: Any, before: Any, after: Any) -> None:
    """I7: a deposit that leaves the queue is applied as written, or all of it is sent back."""
    refunds = Counter(
        (bytes(payout.address), int(payout.amount))
        for payout in list(after.pending_payouts)[len(before.pending_payouts) :]
        if payout.source == REFUND_INDEX
    )
    assert refunds.total() == len(after.pending_payouts) - len(before.pending_payouts), "I7: source"
    applied: Counter[tuple[bytes, int]] = Counter()
    for deposit in departed(before, after):
        refund = bytes(deposit.withdrawal_credentials)[12:], int(deposit.amount)
        if _could_be_applied(spec, after, deposit):
            applied[refund] += 1
        else:
            assert refunds[refund] > 0, f"I7: a deposit of {refund[1]} is swallowed"
            refunds[refund] -= 1
    assert refunds <= applied, "I7: refunds of what was not deposited"


def _could_be_applied(spec: Any, after: Any, deposit: Any) -> bool:
    """Whether the registries hold what a deposit would have made, or added to."""
    credentials = bytes(deposit.withdrawal_credentials)
    if credentials[0] == POOL_BOND:
        index = spec.get_pool_index_by_pubkey(after, deposit.pubkey)
        return index is not None and spec.get_pool_credentials(after.pools[index]) == credentials
    index = spec.get_validator_index_by_pubkey(after, deposit.pubkey)
    if index is None:
        # Lost, as under Fulu; the books know whether it was unsigned
        return credentials[0] != POOLED
    held = bytes(after.validators[index].withdrawal_credentials)
    is_pool_business = POOLED in (held[0], credentials[0]) and credentials[0] != 0
    return held == credentials or not is_pool_business


class Watch:
    """Checks the invariants around what the spec's functions do."""

    def __init__(self, spec: Any) -> None:
        self.spec = spec

    def block(self, name: str, plain: Callable[..., Any], state: Any, block: Any) -> None:
        """A block: I1, the delays of I2, I3 and the locks of I6."""
        before = state.copy()
        plain(state, block)
        body = block.body
        check_principal(before, state, body.execution_payload.withdrawals)
        admitted = {int(signed.message.validator_index) for signed in body.pool_admissions}
        check_consent(before, state, admitted)
        check_locks(before, state)
        check_delays(self.spec, before, state)

    def epoch(self, name: str, plain: Callable[..., Any], state: Any) -> None:
        """An epoch's end: I1, I3, the locks of I6."""
        before = state.copy()
        plain(state)
        check_principal(before, state)
        check_consent(before, state, set())
        check_locks(before, state)
        check_delays(self.spec, before, state)
        advanced = state.copy()
        advanced.slot += 1
        check_leverage(self.spec, advanced)

    def request(self, name: str, plain: Callable[..., Any], state: Any, request: Any) -> None:
        """A withdrawal request: I2."""
        before = state.copy()
        plain(state, request)
        check_exit_request(self.spec, before, state, request)

    def step(self, name: str, plain: Callable[..., Any], state: Any) -> None:
        """A step of an epoch's end: I5, I6 or I7."""
        before = state.copy()
        plain(state)
        _STEPS[name](self.spec, before, state)


_STEPS = {
    "process_pool_seats": check_order,
    "process_pool_unbonding": check_escape,
    "process_pending_deposits": check_whole_or_back,
}


@contextmanager
def watched(spec: Any) -> Iterator[Ledger]:
    """Check everything that is run inside, and keep books over it."""
    watch = Watch(spec)
    with (
        books(spec) as ledger,
        hooked(spec, ["process_block"], watch.block),
        hooked(spec, ["process_epoch"], watch.epoch),
        hooked(spec, ["process_withdrawal_request"], watch.request),
        hooked(spec, _STEPS, watch.step),
    ):
        yield ledger
