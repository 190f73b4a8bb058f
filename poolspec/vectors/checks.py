"""What a replay does with decoded parts: run, compare, and say in a line what went wrong."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from poolspec.vectors.difference import difference
from poolspec.vectors.rejection import describe, is_protocol_rejection


class Check(Protocol):
    """One thing that a case asserts."""

    def failure(self) -> str | None:
        """Run it; None if it holds, else what went wrong."""


@dataclass(frozen=True)
class Transition:
    """A state goes in; the expected state comes out, or (`after` None) the input is rejected."""

    name: str
    before: Any
    apply: Callable[[Any], Any]
    after: Any | None
    after_root: bytes = b""

    def failure(self) -> str | None:
        """Transition and final root; `before` stays as it is, so it can be run again."""
        try:
            state = self.apply(self.before.copy())
            root = bytes(state.hash_tree_root())
        except Exception as error:  # any error of the code under test is a verdict or a failure
            if not is_protocol_rejection(error):
                return f"{self.name} crashed: {describe(error)}"
            return None if self.after is None else f"{self.name} rejected: {describe(error)}"
        if self.after is None:
            return f"{self.name} accepted what must be rejected"
        if root == self.after_root:
            return None
        return f"{self.name} gives another state: {difference(self.after, state)}"


def transition(
    name: str, before: Any, apply: Callable[[Any], Any], after: Any | None
) -> Transition:
    """A transition check whose roots, before and expected, are known before the clock runs."""
    before.hash_tree_root()
    return Transition(
        name, before, apply, after, bytes(after.hash_tree_root()) if after is not None else b""
    )


@dataclass(frozen=True)
class Equality:
    """A function gives the expected value."""

    name: str
    compute: Callable[[], Any]
    expected: Any

    def failure(self) -> str | None:
        """Compute and compare."""
        try:
            value = self.compute()
        except Exception as error:  # the value is expected, so no error is a verdict
            return f"{self.name} crashed: {describe(error)}"
        if value == self.expected:
            return None
        return f"{self.name} differs: {difference(self.expected, value)}"


@dataclass(frozen=True)
class Outcome:
    """Whether a case passed, and if not, why."""

    passed: bool
    reason: str = ""


@dataclass(frozen=True)
class Prepared:
    """A case with every part decoded, ready to run and to be timed."""

    spec: Any
    checks: tuple[Check, ...]
    signatures: bool

    def run(self) -> Outcome:
        """Run all checks; the first that fails is reported. Can be called again."""
        with signatures_set(self.spec, self.signatures):
            for check in self.checks:
                reason = check.failure()
                if reason is not None:
                    return Outcome(False, reason)
        return Outcome(True)


@contextmanager
def signatures_set(spec: Any, active: bool) -> Iterator[None]:
    """Check signatures, or take them all as good, while inside."""
    before = spec.bls.bls_active
    spec.bls.bls_active = active
    try:
        yield
    finally:
        spec.bls.bls_active = before
