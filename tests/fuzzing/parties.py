"""The implementations that follow a chain side by side, and what each says of a block."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from typing import Any

import poolspec
from poolspec.engine import facade
from poolspec.mutation.bench import bind_independent
from poolspec.vectors.rejection import describe, is_protocol_rejection
from tests.fuzzing.findings import Finding, is_from_a_check
from tests.helpers.invariants import watched

PRESET = "minimal"
FORK, PARENT = "poolbonds", "fulu"


@dataclass(frozen=True)
class Verdict:
    """What came of a block: the state's root after it, or the reason why it was rejected."""

    root: bytes = b""
    reason: str = ""

    @property
    def is_accepted(self) -> bool:
        """Whether the block is valid, as this implementation sees it."""
        return not self.reason

    def __str__(self) -> str:
        return f"gives {self.root.hex()[:16]}" if self.is_accepted else f"rejects ({self.reason})"


@dataclass(frozen=True)
class Party:
    """One implementation: its modules by fork, and whether invariants are checked while it runs."""

    name: str
    modules: Mapping[str, Any]
    is_watched: bool = False

    def decode(self, fork: str, content: bytes) -> Any:
        """A state of its own."""
        return self.modules[fork].BeaconState.decode_bytes(content)

    def apply(self, fork: str, state: Any, signed_block: Any) -> Verdict:
        """Let the state follow a block, whose own state root is not looked at.

        Raises `Finding` if an invariant breaks, or for an error that is no verdict.
        """
        module = self.modules[fork]

        def follow() -> None:
            if signed_block.message.slot == state.slot:
                # A fork's first block may stand in the slot of the upgrade itself
                module.process_block(state, signed_block.message)
            else:
                module.state_transition(state, signed_block, False)

        return self._judged(fork, state, follow)

    def apply_checked(self, fork: str, state: Any, signed_block: Any) -> Verdict:
        """The same, the block's state root and its proposer's signature included."""
        module = self.modules[fork]
        return self._judged(fork, state, lambda: module.state_transition(state, signed_block))

    def _judged(self, fork: str, state: Any, follow: Callable[[], None]) -> Verdict:
        with ExitStack() as stack:
            if self.is_watched and fork == FORK:
                stack.enter_context(watched(self.modules[fork]))
            try:
                follow()
            except Exception as error:
                if is_from_a_check(error):
                    raise Finding("invariant", f"{self.name}: {error}") from error
                if not is_protocol_rejection(error):
                    raise Finding("crash", f"{self.name}: {describe(error)}") from error
                return Verdict(reason=describe(error))
        return Verdict(bytes(state.hash_tree_root()))

    def cross(self, state: Any, slot: int) -> Any:
        """The upgraded state, from one of the fork before, at the fork's first slot."""
        old, new = self.modules[PARENT], self.modules[FORK]
        if state.slot < slot:
            old.process_slots(state, old.Slot(slot))
        return getattr(new, f"upgrade_to_{FORK}")(state)


Values = tuple[tuple[str, int], ...]
"""Configuration values that replace the preset's, in order."""

Assembly = Callable[[Values], Sequence[Party]]
"""Gives the implementations for a configuration.

Blocks are built with the first one; the second one is what the documents say.
"""


def known_values(fork: str, values: Values) -> dict[str, int] | None:
    """Those values that a fork's configuration has; None if there are none."""
    fields = poolspec.load(fork, PRESET).config._fields
    return {name: value for name, value in values if name in fields} or None


def load_both(values: Values, *, fast: bool) -> dict[str, Any]:
    """Fresh copies of both forks' modules, so that nobody else sees what is done to them."""
    return {
        fork: poolspec.load(fork, PRESET, fast=fast, config=known_values(fork, values) or {})
        for fork in (PARENT, FORK)
    }


@cache
def assemble(values: Values) -> tuple[Party, ...]:
    """The fast specification, watched; the plain one; the engine."""
    return (_fast(values), Party("plain", load_both(values, fast=False)), _engine(values))


@cache
def _fast(values: Values) -> Party:
    return Party("fast", load_both(values, fast=True), is_watched=True)


def load_half_plain(values: Values) -> dict[str, Any]:
    """Fresh copies whose functions are plain where they hold anything of the fork's own."""
    modules = load_both(values, fast=False)
    bind_independent(modules[FORK], FORK)
    bind_independent(modules[PARENT], "")
    return modules


@cache
def assemble_half_plain(values: Values) -> tuple[Party, ...]:
    """The same, several times as fast: what the fork does not change is not plain."""
    return (_fast(values), Party("plain", load_half_plain(values)), _engine(values))


@cache
def _engine(values: Values) -> Party:
    modules = {
        fork: facade.load(fork, PRESET, known_values(fork, values)) for fork in (PARENT, FORK)
    }
    return Party("engine", modules)
