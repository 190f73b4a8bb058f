"""The machine: people do things, somebody proposes blocks or nobody does, and time passes."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import wraps
from time import monotonic
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from poolspec.vectors.rejection import describe
from tests.fuzzing.attendance import GROUPS, MISTAKES, TENTHS, Attendance
from tests.fuzzing.deeds import DEPOSITS, REQUESTS, SIGNED, Deed, some
from tests.fuzzing.findings import Finding
from tests.fuzzing.operations import FAULTS, KINDS
from tests.fuzzing.parties import Assembly, Values, assemble, assemble_half_plain
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

afters = st.sampled_from(AFTER)
pools = st.tuples(st.sampled_from(BONDS), st.sampled_from(COMMISSIONS))


def starts_of(
    kinds: Sequence[str], fork_epochs: st.SearchStrategy[int | None]
) -> st.SearchStrategy[Start]:
    """Starts with validators of these kinds."""
    return st.builds(
        Start,
        fork_epoch=fork_epochs,
        count=st.sampled_from((32, 16)),
        kinds=st.lists(st.sampled_from(kinds), max_size=24),
        pools=st.lists(pools, max_size=3) | st.lists(pools, min_size=2, max_size=3),
        first_epoch=st.sampled_from((0, 70)),
        payouts=st.sampled_from((0, 0, 1, 31, 32)),
        closed_pools=st.sampled_from((0, 0, 0, 60, 61)),
    )


any_start = starts_of((*VALIDATORS, *IN_POOLS), st.none() | st.none() | st.integers(1, 6))
solo_start = starts_of([kind for kind in VALIDATORS if kind not in IN_POOLS], st.integers(1, 6))
"""Before the fork and without pooled credentials, as few of the others are: has a twin."""

starts = any_start | any_start | any_start | solo_start


class OutOfTime(KeyboardInterrupt):
    """The time that was given is over.

    As an interruption, which is all that hypothesis takes for a reason to stop in the middle of an
    example; of anything else it would say that the example behaves differently from one run to the
    next.
    """


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

    @rule(what=some(), then=afters)
    @counted
    def act(self, what: list[Deed], then: str) -> None:
        """People ask for things and sign things, and the chain goes on."""
        self._do(what, then)

    @rule(what=some(*DEPOSITS), then=afters)
    @counted
    def deposit(self, what: list[Deed], then: str) -> None:
        """Money comes in."""
        self._do(what, then)

    @rule(what=some(*REQUESTS), then=afters)
    @counted
    def request(self, what: list[Deed], then: str) -> None:
        """People want their money."""
        self._do(what, then)

    @rule(what=some(*SIGNED), then=afters)
    @counted
    def sign(self, what: list[Deed], then: str) -> None:
        """Operators and validators sign things, some of them twice."""
        self._do(what, then)

    def _do(self, what: list[Deed], then: str) -> None:
        for deed in what:
            deed.do(self.world)
        self._go_on(then)

    @rule(
        fault=st.sampled_from(FAULTS),
        kind=st.sampled_from(KINDS),
        who=st.lists(st.integers(0, 95), min_size=1, max_size=4),
    )
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
