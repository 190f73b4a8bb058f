"""What a campaign has done, and what it has found."""

from collections import Counter
from dataclasses import dataclass, field
from time import monotonic

from tests.fuzzing.history import History

STATES_KEPT = 2**22
"""Different states that are counted at most."""


@dataclass
class Tally:
    """Counts by name, the roots of the states seen, and the smallest history of each finding."""

    counts: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    findings: dict[str, History] = field(default_factory=dict)
    found_at: float = 0.0
    """When the first finding was made, by the clock of `monotonic`."""
    _roots: set[bytes] = field(default_factory=set)

    @property
    def states(self) -> int:
        """How many different states have come out of blocks."""
        return len(self._roots)

    def note(self, what: str, number: int = 1) -> None:
        """Count something."""
        self.counts[what] += number

    def note_block(self, root: bytes) -> None:
        """Count a block that all implementations have followed."""
        self.counts["blocks"] += 1
        if len(self._roots) < STATES_KEPT:
            self._roots.add(root[:8])

    def keep(self, history: History) -> None:
        """Keep the history of a broken chain, unless a smaller one is broken in the same way."""
        assert history.finding is not None
        if not self.findings:
            self.found_at = monotonic()
        kind = history.finding.kind
        known = self.findings.get(kind)
        if known is None or history.size < known.size:
            self.findings[kind] = history
