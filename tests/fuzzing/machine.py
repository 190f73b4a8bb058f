"""The machine: its rules are what stakers, operators, strangers, proposers and the network may do.

Rules that ask for something put it into the next block; `then` says how the chain goes on. All that
is drawn are numbers and names that fit any state, so that hypothesis can take steps out of a chain
that breaks and what is left still means the same.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import wraps
from time import monotonic
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from poolspec.vectors.rejection import describe
from tests.fuzzing.attendance import GROUPS, MISTAKES, TENTHS, Attendance
from tests.fuzzing.findings import Finding
from tests.fuzzing.operations import FAULTS, KINDS
from tests.fuzzing.parties import FORK, Assembly, Values, assemble, assemble_half_plain
from tests.fuzzing.requests import AMOUNTS, ASKED, HUGE, PREFIXES, SENDERS, TWISTS
from tests.fuzzing.starts import BONDS, COMMISSIONS, CONFIGURATIONS, Start
from tests.fuzzing.starts import KINDS as VALIDATORS
from tests.fuzzing.tally import Tally
from tests.fuzzing.world import World

SLOTS_PER_EPOCH = 8
LONGEST_GAP = 40 * SLOTS_PER_EPOCH
"""Empty slots before a block at most; a correlation penalty falls 32 epochs after its slashing."""

SHRINKING_SECONDS = 300.0
"""For a finding to be made smaller; hypothesis takes no more by itself."""

AFTER = ("nothing", "block", "block", "epoch", "epochs", "last_slot")
"""How a chain goes on after a rule."""

IN_POOLS = ("seated", "waiting", "stranger")

starts = st.builds(
    Start,
    fork_epoch=st.none() | st.none() | st.integers(1, 6),
    count=st.sampled_from((32, 16)),
    kinds=st.lists(st.sampled_from(VALIDATORS), max_size=24)
    | st.lists(st.sampled_from(IN_POOLS), min_size=8, max_size=24),
    pools=st.lists(st.tuples(st.sampled_from(BONDS), st.sampled_from(COMMISSIONS)), max_size=3),
    first_epoch=st.sampled_from((0, 70)),
    payouts=st.sampled_from((0, 0, 1, 31, 32)),
    closed_pools=st.sampled_from((0, 0, 0, 60, 61)),
)

number = st.integers(0, 95)
numbers = st.lists(number, min_size=1, max_size=4)
amounts = st.sampled_from(AMOUNTS)
twists = st.sampled_from(TWISTS)
senders = st.sampled_from(SENDERS)
afters = st.sampled_from(AFTER)
ordinary = st.sampled_from(("none", "none", "none", *TWISTS))


class OutOfTime(BaseException):
    """The time is up. No `Exception`, so that hypothesis takes it for no failure."""


def counted(run: Callable[..., None]) -> Callable[..., None]:
    """Count a rule, and make sure that whatever goes wrong in it is kept as a finding."""

    @wraps(run)
    def step(self: "ChainMachine", **arguments: Any) -> None:
        self.check_time()
        if self.world.is_over:
            return
        self.tally.rules[run.__name__] += 1
        try:
            run(self, **arguments)
        except Finding:
            raise
        except Exception as error:
            self.world.fail(Finding("crash", describe(error)))

    return step


class ChainMachine(RuleBasedStateMachine):
    """A chain that is pushed in all directions."""

    tally: ClassVar[Tally] = Tally()
    assemblies: ClassVar[Sequence[Assembly]] = (assemble_half_plain, assemble)
    configurations: ClassVar[Sequence[Values]] = CONFIGURATIONS
    until: ClassVar[float] = float("inf")
    """When to stop, by the clock of `monotonic`."""
    shrinking: ClassVar[float] = SHRINKING_SECONDS

    world: World

    def check_time(self) -> None:
        """Leave everything if the time is up; a finding has its own time to be made smaller."""
        is_shrinking = bool(self.tally.findings)
        limit = self.tally.found_at + self.shrinking if is_shrinking else self.until
        if monotonic() > limit:
            raise OutOfTime

    @initialize(
        start=starts,
        configuration=st.integers(0, len(CONFIGURATIONS) - 1),
        assembly=st.sampled_from((0, 0, 0, 1)),
    )
    def begin(self, start: Start, configuration: int, assembly: int) -> None:
        """A new chain; every fourth is followed by functions that are plain throughout."""
        self.check_time()
        values = self.configurations[configuration % len(self.configurations)]
        start = replace(start, values=values)
        parties = self.assemblies[assembly % len(self.assemblies)](values)
        self.world = World(start, parties, self.tally)
        self.tally.note("chains")

    # Requests

    @rule(
        pool=number,
        amount=amounts,
        commission=st.sampled_from((*COMMISSIONS, 10_001)),
        twist=ordinary,
        then=afters,
    )
    @counted
    def deposit_bond(self, pool: int, amount: int, commission: int, twist: str, then: str) -> None:
        """Found a pool or top one up."""
        self._deposit(self.world.maker.bond(pool, amount, commission, twist), then)

    @rule(pool=number, who=number, amount=amounts, twist=ordinary, then=afters)
    @counted
    def lock_stake(self, pool: int, who: int, amount: int, twist: str, then: str) -> None:
        """Lock stake in a pool."""
        self._deposit(self.world.maker.lock(pool, who, amount, twist), then)

    @rule(who=number, amount=amounts, prefix=st.sampled_from(PREFIXES), twist=ordinary, then=afters)
    @counted
    def deposit_solo(self, who: int, amount: int, prefix: bytes, twist: str, then: str) -> None:
        """Deposit under any prefix, for a key of one's own or of another."""
        self._deposit(self.world.maker.solo(who, amount, prefix, twist), then)

    @rule(who=number, amount=amounts, twist=ordinary, then=afters)
    @counted
    def top_up(self, who: int, amount: int, twist: str, then: str) -> None:
        """More for somebody who is there."""
        self._deposit(self.world.maker.top_up(who, amount, twist), then)

    @rule(who=number, amount=st.sampled_from(HUGE), then=afters)
    @counted
    def top_up_hugely(self, who: int, amount: int, then: str) -> None:
        """An absurd sum for somebody who has left; under Fulu that would be the end."""
        if self.world.fork == FORK:
            self._deposit(self.world.maker.huge_top_up(who, amount), then)

    @rule(pool=number, amount=st.sampled_from(HUGE), twist=twists, then=afters)
    @counted
    def deposit_huge_bond(self, pool: int, amount: int, twist: str, then: str) -> None:
        """Bond near 2**64: for a pool that is there, or so twisted that it must come back."""
        if pool % 4 < len(self.world.maker.pools):
            self._deposit(self.world.maker.bond(pool, amount, 0, twist), then)

    @rule(pool=number, who=number, amount=amounts, then=afters)
    @counted
    def lock_with_pool_key(self, pool: int, who: int, amount: int, then: str) -> None:
        """The same key in both registries."""
        self._deposit(self.world.maker.key_of_both(pool, who, amount), then)

    @rule(who=number, amount=amounts, copies=st.integers(2, 12), twist=twists, then=afters)
    @counted
    def spam(self, who: int, amount: int, copies: int, twist: str, then: str) -> None:
        """Many deposits that are likely to come back, more than the queue of payouts holds."""
        for copy in range(copies):
            self.world.ask("deposits", self.world.maker.lock(copy, who, amount, twist))
        self._go_on(then)

    def _deposit(self, request: Any, then: str) -> None:
        self.world.ask("deposits", request)
        self._go_on(then)

    @rule(who=number, amount=st.sampled_from(ASKED), sender=senders, then=afters)
    @counted
    def request_withdrawal(self, who: int, amount: int, sender: str, then: str) -> None:
        """Somebody asks for a validator's exit, or for a part of its balance."""
        self.world.ask("withdrawals", self.world.maker.withdrawal(who, amount, sender))
        self._go_on(then)

    @rule(pool=number, amount=st.sampled_from(ASKED), sender=senders, then=afters)
    @counted
    def request_unbonding(self, pool: int, amount: int, sender: str, then: str) -> None:
        """Somebody asks for a pool's bond, or to close it."""
        self.world.ask("withdrawals", self.world.maker.unbonding(pool, amount, sender))
        self._go_on(then)

    @rule(source=number, into=number, sender=senders, then=afters)
    @counted
    def request_consolidation(self, source: int, into: int, sender: str, then: str) -> None:
        """Somebody asks to merge two validators, or to switch one to compounding."""
        self.world.ask("consolidations", self.world.maker.consolidation(source, into, sender))
        self._go_on(then)

    # Signed operations

    @rule(who=st.lists(number, min_size=1, max_size=16), then=afters)
    @counted
    def admit(self, who: list[int], then: str) -> None:
        """Operators admit whoever can be admitted, some validators first."""
        for index in [*who, *range(len(self.world.state.validators))]:
            self.world.wishes.append(("pool_admission", [index]))
        self._go_on(then)

    @rule(kind=st.sampled_from(KINDS), who=numbers, then=afters)
    @counted
    def operate(self, kind: str, who: list[int], then: str) -> None:
        """An operation that the next block carries, if it is valid there."""
        self.world.wishes.append((kind, who))
        self._go_on(then)

    @rule(who=st.lists(number, min_size=8, max_size=24), then=afters)
    @counted
    def slash_many(self, who: list[int], then: str) -> None:
        """Many at once, so that the correlation penalty is all of the stake."""
        self.world.wishes.append(("attester_slashing", who))
        self._go_on(then)

    @rule(fault=st.sampled_from(FAULTS), kind=st.sampled_from(KINDS), who=numbers)
    @counted
    def propose_invalid(self, fault: str, kind: str, who: list[int]) -> None:
        """A block with one fault, which all must reject."""
        self.world.spoil(fault, kind, who)

    # Time

    @rule(
        group=st.sampled_from(GROUPS),
        voting=st.integers(0, TENTHS),
        signing=st.integers(0, TENTHS),
        mistake=st.sampled_from(MISTAKES),
    )
    @counted
    def attend(self, group: str, voting: int, signing: int, mistake: str) -> None:
        """From now on, these vote and sign."""
        self.world.attendance = Attendance(group, TENTHS - voting, TENTHS - signing, mistake)

    @rule(slots=st.integers(1, SLOTS_PER_EPOCH))
    @counted
    def skip_slots(self, slots: int) -> None:
        """Nobody proposes for a while."""
        self._skip(slots)

    @rule(epochs=st.sampled_from((1, 2, 3, 8, 20, 33)))
    @counted
    def skip_epochs(self, epochs: int) -> None:
        """Nobody proposes for long: a leak."""
        self._skip(epochs * SLOTS_PER_EPOCH)

    @rule(blocks=st.integers(1, SLOTS_PER_EPOCH))
    @counted
    def propose(self, blocks: int) -> None:
        """Block after block."""
        for _ in range(blocks):
            self._propose()

    @rule(epochs=st.integers(1, 3))
    @counted
    def live(self, epochs: int) -> None:
        """Epochs with a single block each, in which all votes are: enough to finalize."""
        for _ in range(epochs):
            self._finish_epoch()

    def _skip(self, slots: int) -> None:
        self.world.gap = min(self.world.gap + slots, LONGEST_GAP)

    def _propose(self, slot: int | None = None) -> None:
        self.check_time()
        if not self.world.is_over:
            self.world.propose(slot)

    def _finish_epoch(self) -> None:
        """A block in the last slot of the epoch in which the next block could be."""
        first = int(self.world.state.slot) + 1 + self.world.gap
        self._propose(first // SLOTS_PER_EPOCH * SLOTS_PER_EPOCH + SLOTS_PER_EPOCH - 1)

    def _go_on(self, then: str) -> None:
        if then == "block":
            self._propose()
        elif then == "last_slot":
            self._finish_epoch()
        elif then != "nothing":
            for _ in range(1 if then == "epoch" else 2):
                self._finish_epoch()

    def teardown(self) -> None:
        """Whatever has been asked for last takes effect."""
        if not hasattr(self, "world") or self.world.history.finding is not None:
            return
        end(self)


@counted
def end(machine: ChainMachine) -> None:
    """The last epochs of a chain."""
    machine._go_on("epochs")
