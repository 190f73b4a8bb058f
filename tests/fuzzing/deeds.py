"""What people do: requests and operations that the next block is to carry.

A deed is drawn as a name and numbers that fit any state, so that hypothesis can take deeds out of a
chain that breaks, and those that are left still mean the same.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from hypothesis import strategies as st

from tests.fuzzing.operations import KINDS
from tests.fuzzing.parties import FORK
from tests.fuzzing.requests import AMOUNTS, ASKED, HUGE, PREFIXES, SENDERS, TWISTS
from tests.fuzzing.starts import COMMISSIONS
from tests.fuzzing.world import World

TOO_MUCH = 10_001
"""Basis points that no pool may take."""

number = st.integers(0, 95)
amounts = st.sampled_from(AMOUNTS)
senders = st.sampled_from(("owner", "owner", *SENDERS))
twists = st.sampled_from(("none", "none", "none", *TWISTS))


class Deed(NamedTuple):
    """What is done, and with which numbers."""

    name: str
    arguments: dict[str, Any]

    def do(self, world: World) -> None:
        """Let the next block carry it."""
        world.tally.rules[f"deed: {self.name}"] += 1
        DEEDS[self.name][0](world, **self.arguments)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())
        return f"{self.name}({shown})"


def found_or_top_up(world: World, pool: int, amount: int, commission: int, twist: str) -> None:
    """Bond for a pool that is there or not."""
    world.ask("deposits", world.maker.bond(pool, amount, commission, twist))


def lock(world: World, pool: int, who: int, amount: int, twist: str) -> None:
    """Stake for a pool that is there or not."""
    world.ask("deposits", world.maker.lock(pool, who, amount, twist))


def deposit(world: World, who: int, amount: int, prefix: bytes, twist: str) -> None:
    """Stake under any prefix, for a key of one's own or of another."""
    world.ask("deposits", world.maker.solo(who, amount, prefix, twist))


def top_up(world: World, who: int, amount: int, twist: str) -> None:
    """More for somebody who is there."""
    world.ask("deposits", world.maker.top_up(who, amount, twist))


def top_up_hugely(world: World, who: int, amount: int) -> None:
    """An absurd sum for somebody who has left; under Fulu that would be the end."""
    if world.fork == FORK:
        world.ask("deposits", world.maker.huge_top_up(who, amount))


def deposit_huge_bond(world: World, pool: int, amount: int, twist: str) -> None:
    """Bond near 2**64: for a pool that is there, or so twisted that it must come back."""
    if pool % 4 < len(world.maker.pools):
        world.ask("deposits", world.maker.bond(pool, amount, 0, twist))


def lock_with_pool_key(world: World, pool: int, who: int, amount: int) -> None:
    """The same key in both registries."""
    world.ask("deposits", world.maker.key_of_both(pool, who, amount))


def spam(world: World, who: int, amount: int, copies: int, twist: str) -> None:
    """Many deposits, of which most are likely to come back."""
    for copy in range(copies):
        world.ask("deposits", world.maker.lock(copy, who, amount, twist))


def request_withdrawal(world: World, who: int, amount: int, sender: str) -> None:
    """Somebody asks for a validator's exit, or for a part of its balance."""
    world.ask("withdrawals", world.maker.withdrawal(who, amount, sender))


def request_unbonding(world: World, pool: int, amount: int, sender: str) -> None:
    """Somebody asks for a part of a pool's bond, or to close it."""
    world.ask("withdrawals", world.maker.unbonding(pool, amount, sender))


def request_consolidation(world: World, source: int, into: int, sender: str) -> None:
    """Somebody asks to merge two validators, or to switch one to compounding."""
    world.ask("consolidations", world.maker.consolidation(source, into, sender))


def admit(world: World, first: int) -> None:
    """Operators admit whoever can be admitted, as many as fit."""
    count = len(world.state.validators)
    for index in range(count):
        world.wishes.append(("pool_admission", [(first + index) % count]))


def operate(world: World, kind: str, who: list[int]) -> None:
    """An operation that the next block carries, if it is valid there."""
    world.wishes.append((kind, who))


Act = tuple[Callable[..., None], dict[str, st.SearchStrategy[Any]]]

DEEDS: dict[str, Act] = {
    "found_or_top_up": (
        found_or_top_up,
        {
            "pool": number,
            "amount": amounts,
            "commission": st.sampled_from((*COMMISSIONS, TOO_MUCH)),
            "twist": twists,
        },
    ),
    "lock": (lock, {"pool": number, "who": number, "amount": amounts, "twist": twists}),
    "deposit": (
        deposit,
        {"who": number, "amount": amounts, "prefix": st.sampled_from(PREFIXES), "twist": twists},
    ),
    "top_up": (top_up, {"who": number, "amount": amounts, "twist": twists}),
    "top_up_hugely": (top_up_hugely, {"who": number, "amount": st.sampled_from(HUGE)}),
    "deposit_huge_bond": (
        deposit_huge_bond,
        {"pool": number, "amount": st.sampled_from(HUGE), "twist": st.sampled_from(TWISTS)},
    ),
    "lock_with_pool_key": (lock_with_pool_key, {"pool": number, "who": number, "amount": amounts}),
    "spam": (
        spam,
        {
            "who": number,
            "amount": amounts,
            "copies": st.integers(2, 12),
            "twist": st.sampled_from(TWISTS),
        },
    ),
    "request_withdrawal": (
        request_withdrawal,
        {"who": number, "amount": st.sampled_from((0, 0, *ASKED)), "sender": senders},
    ),
    "request_unbonding": (
        request_unbonding,
        {"pool": number, "amount": st.sampled_from(ASKED), "sender": senders},
    ),
    "request_consolidation": (
        request_consolidation,
        {"source": number, "into": number, "sender": senders},
    ),
    "admit": (admit, {"first": number}),
    "operate": (
        operate,
        {"kind": st.sampled_from(KINDS), "who": st.lists(number, min_size=1, max_size=4)},
    ),
    "slash_many": (
        operate,
        {
            "kind": st.just("attester_slashing"),
            "who": st.lists(number, min_size=8, max_size=24),
        },
    ),
}
"""Each deed with what carries it out, and where its numbers come from."""


def some(*names: str) -> st.SearchStrategy[list[Deed]]:
    """One or more deeds of these names, or of all."""
    chosen = [
        st.builds(Deed, st.just(name), st.fixed_dictionaries(DEEDS[name][1]))
        for name in names or DEEDS
    ]
    return st.lists(st.one_of(chosen), min_size=1, max_size=6)


REQUESTS = ("request_withdrawal", "request_unbonding", "request_consolidation")
SIGNED = ("admit", "operate", "slash_many")
DEPOSITS = tuple(name for name in DEEDS if name not in (*REQUESTS, *SIGNED))
