"""A chain under test: blocks are built for it, and all implementations follow them."""

from collections.abc import Sequence
from typing import Any

from poolspec.vectors.rejection import is_protocol_rejection
from tests.fuzzing.attendance import Attendance
from tests.fuzzing.findings import Finding
from tests.fuzzing.history import History
from tests.fuzzing.operations import KINDS, LISTS, MOST, Draft, spoil_block, spoil_operation
from tests.fuzzing.parties import FORK, PARENT, Party, Verdict
from tests.fuzzing.requests import Requests
from tests.fuzzing.solo import SoloTwin
from tests.fuzzing.starts import Start
from tests.fuzzing.tally import Tally
from tests.helpers.blocks import build_block_at_slot, sign_block
from tests.helpers.sync_committee import build_sync_aggregate

REQUEST_LISTS = {"deposits": 16, "withdrawals": 16, "consolidations": 2}
"""Kinds of requests, and how many of each a block gets at most."""

LONGEST_WAIT = 24
"""Slots after which a chain without a proposer that may propose is given up."""

Wish = tuple[str, list[int]]
"""An operation to be carried out as soon as a block may carry it: kind, validators."""


class World:
    """A chain with its implementations. `state` is what blocks are built from."""

    def __init__(
        self,
        start: Start,
        parties: Sequence[Party],
        tally: Tally,
        pre: Any | None = None,
        fork: str | None = None,
    ) -> None:
        """A chain that begins as drawn, or with a given state of a fork."""
        self.tally = tally
        self.parties = parties
        self.modules = dict(parties[0].modules)
        self.fork = fork or (FORK if start.fork_epoch is None else PARENT)
        self.state = start.build(self.modules[self.fork]) if pre is None else pre
        self.history = History(start, self.fork, self.state.copy())
        content = self.state.encode_bytes()
        self.states = {party.name: party.decode(self.fork, content) for party in parties}
        self.attendance = Attendance()
        self.wishes: list[Wish] = []
        self.requests: dict[str, list[Any]] = {name: [] for name in REQUEST_LISTS}
        self.gap = 0
        self.voted_until = int(self.state.slot)
        self.twin = SoloTwin.of(self.modules, self.state) if self.fork == PARENT else None
        self.is_over = False

    @property
    def spec(self) -> Any:
        """The fork that the chain is in, as blocks are built with it."""
        return self.modules[self.fork]

    @property
    def maker(self) -> Requests:
        """Makes requests for the state."""
        return Requests(self.spec, self.state)

    def ask(self, kind: str, request: Any) -> None:
        """Let the next block carry a request, if it has room."""
        if request is not None and len(self.requests[kind]) < REQUEST_LISTS[kind]:
            self.requests[kind].append(request)
            if self.twin is not None and kind == "deposits":
                self.twin.see_deposit(request)

    # Blocks

    def propose(self, slot: int | None = None) -> None:
        """The next block: honest, with whatever is asked for; it must be possible (I10)."""
        advanced = self._advance(int(self.state.slot) + 1 + self.gap if slot is None else slot)
        self.gap = 0
        if advanced is None:
            return
        draft = Draft(self.spec, advanced)
        block = self._build(advanced, draft)
        state_root = self._try(advanced, block)
        if state_root is not None:
            block.state_root = state_root
        signed = sign_block(self.spec, self.state, block)
        self.follow(signed, must_reject=False)
        if state_root is None:
            self.fail(Finding("impossible", "only the specification blocks are built with rejects"))
        self._note_time(int(block.slot))
        self.state = advanced
        self.requests = {name: [] for name in REQUEST_LISTS}
        self.voted_until = int(block.slot)

    def _note_time(self, slot: int) -> None:
        """Count the slots and the ends of epochs that a block has brought."""
        before, length = int(self.state.slot), int(self.spec.SLOTS_PER_EPOCH)
        self.tally.note("slots", slot - before)
        self.tally.note("epochs", slot // length - before // length)

    def spoil(self, fault: str, kind: str, indices: list[int]) -> None:
        """A block that must be rejected; the chain goes on as if it had never been."""
        if self._crosses(int(self.state.slot) + 1 + self.gap + LONGEST_WAIT):
            return
        spare = self.state.copy()
        advanced = self._advance(int(self.state.slot) + 1 + self.gap)
        if advanced is None:
            self.state = spare
            return
        draft = Draft(self.spec, advanced)
        block = self._build(advanced, draft, with_wishes=False)
        if fault == "state_root":
            self._judge_root(advanced, block)
        elif self._spoil(block, draft, fault, kind, indices):
            signed = sign_block(self.spec, advanced, block)
            self.follow(signed, must_reject=True)
            self.tally.note(f"rejected: {fault if fault != 'as_it_is' else kind}")
        self.state = spare

    def _judge_root(self, advanced: Any, block: Any) -> None:
        """An honest block is accepted with the root of its state, and with no other."""
        root = self._try(advanced, block)
        for is_right in (True, False) if root is not None else ():
            block.state_root = root if is_right else self.spec.Root()
            signed = sign_block(self.spec, advanced, block)
            for party in self.parties:
                state = self.states[party.name].copy()
                verdict = party.apply_checked(self.fork, state, signed)
                if verdict.is_accepted != is_right:
                    if is_right:
                        # As a rule its own state differs: then it is that which is wrong
                        self.follow(signed, must_reject=False)
                    self.history.before_last = self.state.copy()
                    self.history.blocks.append(signed)
                    self.history.must_reject = not is_right
                    self.fail(Finding("accepted", f"by its state root: {party.name} {verdict}"))
            self.tally.note("rejected: state_root", not is_right)

    def _spoil(self, block: Any, draft: Draft, fault: str, kind: str, indices: list[int]) -> bool:
        """Make a block invalid; False if this is no way to do it here."""
        if fault not in ("as_it_is", "signature", "index", "pubkey"):
            return spoil_block(self.spec, draft.state, block, fault)
        if kind == "pool_admission" and self.fork == PARENT:
            return False
        chosen = [index % len(draft.state.validators) for index in indices]
        operation = draft.build(kind, chosen)
        if fault == "as_it_is":
            is_invalid = not draft.is_valid(kind, chosen)
        else:
            is_invalid = spoil_operation(self.spec, draft.state, kind, operation, fault)
        getattr(block.body, LISTS[kind]).append(operation)
        return is_invalid

    def _try(self, advanced: Any, block: Any) -> Any | None:
        """The root of the state after a block; None if the block is rejected."""
        try:
            self.spec.process_block(advanced, block)
        except Exception as error:
            if not is_protocol_rejection(error):
                # The same error awaits the party that is under test
                self.tally.note("crashed while building")
            return None
        return self.spec.hash_tree_root(advanced)

    def _advance(self, slot: int) -> Any | None:
        """The state at the first slot from there on whose proposer may propose; None if none."""
        if self._crosses(slot):
            self.cross()
            if self.is_over:
                return None
            slot = max(slot, int(self.state.slot))
        advanced = self.state.copy()
        for _ in range(LONGEST_WAIT):
            if advanced.slot < slot and not self._pass_slots(advanced, slot):
                return None
            proposer = self.spec.get_beacon_proposer_index(advanced)
            if not advanced.validators[proposer].slashed:
                return advanced
            slot = int(advanced.slot) + 1
            if self._crosses(slot):
                return self._advance(slot)
        self.tally.note("chains without a proposer")
        self.is_over = True
        return None

    def _pass_slots(self, advanced: Any, slot: int) -> bool:
        """Let empty slots pass, which must always be possible while anybody is active.

        If it is not, an empty block shows who thinks so. False where everybody has left.
        """
        try:
            self.spec.process_slots(advanced, self.spec.Slot(slot))
        except Exception:
            # The proposers of the epoch after the next one are drawn at an epoch's end
            epoch = self.spec.Epoch(self.spec.get_current_epoch(advanced) + 2)
            if not self.spec.get_active_validator_indices(advanced, epoch):
                self.tally.note("chains that everybody has left")
                self.is_over = True
                return False
            block = self.spec.BeaconBlock(slot=slot)
            self.follow(self.spec.SignedBeaconBlock(message=block), must_reject=False)
            self.fail(Finding("impossible", "empty slots crash where blocks are built"))
        return True

    def _build(self, advanced: Any, draft: Draft, *, with_wishes: bool = True) -> Any:
        """An honest block for the state that stands at its slot."""
        spec = self.spec
        block = build_block_at_slot(spec, advanced)
        self._vote(advanced, block)
        if with_wishes:
            self._carry_out(draft, block)
        for name, requests in self.requests.items():
            for request in requests:
                getattr(block.body.execution_requests, name).append(request)
        return block

    def _vote(self, advanced: Any, block: Any) -> None:
        """Votes of the slots since the last block, and the sync committee's signature."""
        spec, slot = self.spec, int(advanced.slot)
        length = int(spec.SLOTS_PER_EPOCH)
        first = max(self.voted_until, (slot // length - 1) * length, 0)
        for voted in range(first, slot)[-int(spec.MAX_ATTESTATIONS_ELECTRA) :]:
            vote = self.attendance.vote(spec, advanced, voted)
            if vote is not None:
                block.body.attestations.append(vote)
        members = spec.get_current_sync_committee_indices(advanced)
        signing = [self.attendance.signs(advanced, int(index)) for index in members]
        block.body.sync_aggregate = build_sync_aggregate(spec, advanced, signing)

    def _carry_out(self, draft: Draft, block: Any) -> None:
        """Those of the wished operations that the block may carry; the others are dropped."""
        for kind in KINDS:
            for _, indices in [wish for wish in self.wishes if wish[0] == kind]:
                operations = getattr(block.body, LISTS[kind], None)
                chosen = [index % len(draft.state.validators) for index in indices]
                if operations is None or len(operations) == MOST[kind]:
                    continue
                if draft.is_valid(kind, chosen):
                    operations.append(draft.build(kind, chosen))
                    draft.add(kind, chosen)
                    self.tally.note(f"accepted: {kind}")
        self.wishes = []

    # The fork

    def _crosses(self, slot: int) -> bool:
        """Whether the fork comes at a slot or before it."""
        return self.fork == PARENT and slot >= self.fork_slot

    @property
    def fork_slot(self) -> int:
        """The first slot of the fork."""
        epoch = self.history.start.fork_epoch
        assert epoch is not None
        return (self.history.start.first_epoch + epoch) * int(self.spec.SLOTS_PER_EPOCH)

    def cross(self) -> None:
        """The upgrade, in all implementations."""
        self.history.blocks_before_fork = len(self.history.blocks)
        slot = self.fork_slot
        if self.state.slot < slot and not self._pass_slots(self.state, slot):
            return
        self.history.before_last, self.history.is_upgrade = self.state.copy(), True
        self.state = Party("builder", self.modules).cross(self.state, slot)
        self.fork, self.twin = FORK, None
        roots = {}
        for party in self.parties:
            state = self.states[party.name] = party.cross(self.states[party.name], slot)
            roots[party.name] = bytes(state.hash_tree_root())
        if len({*roots.values()}) > 1:
            said = "; ".join(f"{name} gives {root.hex()[:16]}" for name, root in roots.items())
            posts = {name: state.encode_bytes() for name, state in self.states.items()}
            self.history.posts = posts
            self.fail(Finding("disagreement", f"the upgrade: {said}"))
        self.history.is_upgrade, self.history.has_crossed = False, True
        self.tally.note("forks")

    # Judgement

    def follow(self, signed: Any, *, must_reject: bool, with_root: bool = False) -> None:
        """Let all implementations judge a block; raises `Finding` unless they are unanimous.

        The block's own state root is looked at only if asked for: while a block is tried, it has
        none, or that of the implementation that blocks are built with.
        """
        history = self.history
        history.before_last = self.state.copy()
        history.blocks.append(signed)
        history.must_reject = must_reject
        history.verdicts.clear()
        broken: Finding | None = None
        tried = {}
        for party in self.parties:
            state = self.states[party.name]
            tried[party.name] = state.copy() if must_reject else state
            try:
                judge = party.apply_checked if with_root else party.apply
                history.verdicts[party.name] = judge(self.fork, tried[party.name], signed)
            except Finding as finding:
                broken = broken or finding
                history.verdicts[party.name] = Verdict(reason=finding.text)
        if broken is None and self.twin is not None and not must_reject:
            self.tally.note("blocks followed by a twin", self.twin.is_comparable)
            broken = self.twin.follow(signed)
        broken = broken or self._dispute(must_reject)
        if broken is not None:
            history.posts = {
                name: tried[name].encode_bytes()
                for name, verdict in history.verdicts.items()
                if verdict.is_accepted
            }
            self.fail(broken)
        if must_reject:
            history.blocks.pop()
        else:
            self.tally.note_block(next(iter(history.verdicts.values())).root)

    def _dispute(self, must_reject: bool) -> Finding | None:
        """What is wrong with the verdicts: they differ, or are not what they must be."""
        verdicts = self.history.verdicts
        outcomes = {verdict.root for verdict in verdicts.values()}
        said = "; ".join(f"{name} {verdict}" for name, verdict in verdicts.items())
        if len(outcomes) > 1:
            return Finding("disagreement", said)
        is_accepted = outcomes != {b""}
        if is_accepted and must_reject:
            return Finding("accepted", f"a block that must be rejected: {said}")
        if not is_accepted and not must_reject:
            return Finding("impossible", f"an honest block is rejected (I10): {said}")
        return None

    def fail(self, finding: Finding) -> None:
        """The chain is broken."""
        self.history.finding = finding
        self.tally.keep(self.history)
        raise finding
