"""Books beside a chain of pools: at every slot, all money is where the rules say (invariant I8).

While books are kept, each step that may make or destroy money is reckoned a second time, with
integers, from the state before it; the balances and bonds that it touched must come out the same.
Around every slot, every block and every epoch's end, the money of the whole state must have changed
by exactly what was reckoned, so a step that moves money and should not is found as well.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.helpers.hooks import hooked
from tests.helpers.reckoning import (
    EPOCH_STEPS,
    Accounts,
    Flows,
    numbers,
    reckon_attestation,
    reckon_consolidations,
    reckon_deposits,
    reckon_slashing,
    reckon_sync,
)


class Purse:
    """The money of a state, summed again only where something has changed."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Any, int]] = {}

    def total(self, state: Any) -> int:
        """All Gwei in balances, bonds, and the queues of payouts and deposits."""
        return (
            self._sum("balances", state.balances, lambda column: sum(numbers(column)))
            + self._sum("pools", state.pools, lambda pools: sum(int(p.bond) for p in pools))
            + self._sum("payouts", state.pending_payouts, _amounts)
            + self._sum("deposits", state.pending_deposits, _amounts)
        )

    def _sum(self, name: str, values: Any, reckon: Callable[[Any], int]) -> int:
        backing = values.get_backing()
        known = self._known.get(name)
        if known is None or known[0] is not backing:
            known = self._known[name] = (backing, reckon(values))
        return known[1]


def _amounts(queue: Any) -> int:
    return sum(int(each.amount) for each in queue)


class Ledger:
    """The books. `total` sums up what has flowed through all states since they were opened."""

    def __init__(self, spec: Any) -> None:
        self.spec = spec
        self.total = Flows()
        self._purse = Purse()
        self._open: list[Flows] = []

    def book(self, flows: Flows) -> None:
        """Note what a step has moved."""
        self.total.add(flows)
        if self._open:
            self._open[-1].add(flows)

    def around(self, name: str, plain: Callable[..., Any], state: Any, *arguments: Any) -> Any:
        """Run a slot, a block or an epoch's end: the books must close."""
        before = self._purse.total(state)
        self._open.append(Flows())
        try:
            result = plain(state, *arguments)
        finally:
            flows = self._open.pop()
        if self._open:
            self._open[-1].add(flows)
        difference = self._purse.total(state) - before
        assert difference == flows.change, (
            f"{name} at slot {state.slot}: money changed by {difference}, the books say {flows}"
        )
        return result

    def reckoned(self, name: str, plain: Callable[..., Any], state: Any, *arguments: Any) -> Any:
        """Run a step that pays or charges, and reckon it again."""
        before = state.copy()
        accounts = Accounts(before)
        result = plain(state, *arguments)
        spec = self.spec
        if name == "process_attestation":
            reckon_attestation(spec, accounts, before, state)
        elif name == "process_sync_aggregate":
            reckon_sync(spec, accounts, before, arguments[0].sync_committee_bits)
        elif name == "slash_validator":
            reckon_slashing(spec, accounts, before, int(arguments[0]))
        else:
            EPOCH_STEPS[name](spec, accounts, before)
        accounts.check(state, name)
        self.book(accounts.flows)
        return result

    def transfers(self, name: str, plain: Callable[..., Any], state: Any, *arguments: Any) -> Any:
        """Run a step through which money enters or leaves the state."""
        before = state.copy()
        result = plain(state, *arguments)
        if name == "process_deposit_request":
            self.book(Flows(deposited=int(arguments[0].amount)))
        elif name == "process_withdrawals":
            self.book(Flows(withdrawn=_amounts(arguments[0].withdrawals)))
        elif name == "process_pending_deposits":
            self.book(reckon_deposits(self.spec, before, state))
        else:
            self.book(reckon_consolidations(self.spec, before))
        return result


RECKONED = (*EPOCH_STEPS, "process_attestation", "process_sync_aggregate", "slash_validator")
TRANSFERS = (
    "process_deposit_request",
    "process_withdrawals",
    "process_pending_deposits",
    "process_pending_consolidations",
)
CLOSING = ("process_slot", "process_epoch", "process_block")


@contextmanager
def books(spec: Any) -> Iterator[Ledger]:
    """Keep books over all that the spec's functions do inside, to whatever states."""
    ledger = Ledger(spec)
    with (
        hooked(spec, RECKONED, ledger.reckoned),
        hooked(spec, TRANSFERS, ledger.transfers),
        hooked(spec, CLOSING, ledger.around),
    ):
        yield ledger


def run_with_books(spec: Any, name: str, state: Any, *arguments: Any) -> None:
    """Run a function of the specification; in a fork with pools, its books must close."""
    with books_if_pools(spec) as ledger:
        function = getattr(spec, name)
        if ledger is None:
            function(state, *arguments)
        else:
            ledger.around(name, function, state, *arguments)


@contextmanager
def books_if_pools(spec: Any) -> Iterator[Ledger | None]:
    """Keep books in a fork with pools; nothing is done, and None given, in one without."""
    if not hasattr(spec, "Pool"):
        yield None
        return
    with books(spec) as ledger:
        yield ledger
