"""Who votes and who signs, and for what."""

from dataclasses import dataclass
from typing import Any

from tests.helpers.attestations import Voters
from tests.helpers.reckoning import POOLED
from tests.helpers.scenarios import build_vote

TENTHS = 10

GROUPS = ("all", "solo", "pooled", "even")
"""Whom a share is taken of; the others are away."""

MISTAKES = ("none", "head", "target")
"""What the votes of an epoch are wrong about."""


@dataclass(frozen=True)
class Attendance:
    """So many tenths of a group vote, and so many tenths of the committee sign."""

    group: str = "all"
    voting: int = TENTHS
    signing: int = TENTHS
    mistake: str = "none"

    def _is_of_group(self, state: Any, index: int) -> bool:
        is_pooled = bool(state.validators[index].withdrawal_credentials[0] == POOLED)
        belongs = {"all": True, "solo": not is_pooled, "pooled": is_pooled, "even": index % 2 == 0}
        return belongs[self.group]

    def voters(self, state: Any, slot: int) -> Voters:
        """Who votes, of the committees of a slot."""
        return lambda members: [
            index
            for index in members
            if (index * 7 + slot) % TENTHS < self.voting and self._is_of_group(state, index)
        ]

    def signs(self, state: Any, index: int) -> bool:
        """Whether a member of the sync committee signs."""
        return (index * 3) % TENTHS < self.signing and self._is_of_group(state, index)

    def vote(self, spec: Any, state: Any, slot: int) -> Any | None:
        """The votes of a slot's committees in one aggregate; None if nobody votes."""
        vote = build_vote(spec, state, slot, self.voters(state, slot))
        if vote is not None and self.mistake == "head":
            vote.data.beacon_block_root = spec.Root(b"\x0d" * 32)
        if vote is not None and self.mistake == "target":
            vote.data.target.root = spec.Root(b"\x0d" * 32)
        return vote
