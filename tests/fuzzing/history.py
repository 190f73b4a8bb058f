"""What has happened to a chain: enough to do it again, and to write it as a test vector."""

from dataclasses import dataclass, field
from typing import Any

from tests.fuzzing.findings import Finding
from tests.fuzzing.parties import FORK, PARENT, Verdict
from tests.fuzzing.starts import Start


@dataclass
class History:
    """The state before, and the blocks since; the last one may be what breaks the chain."""

    start: Start
    fork: str
    pre: Any
    blocks: list[Any] = field(default_factory=list)
    before_last: Any = None
    """The state right before the last block."""
    blocks_before_fork: int = 0
    """How many of the blocks are of the fork before, if the chain has begun there."""
    must_reject: bool = False
    """Whether the last block is invalid by intent."""
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    """What each implementation says of the last block."""
    posts: dict[str, bytes] = field(default_factory=dict)
    """The encoded states that they give, where they disagree."""
    finding: Finding | None = None
    has_crossed: bool = False
    """Whether the upgrade is part of it."""
    is_upgrade: bool = False
    """Whether it is the upgrade that breaks the chain, of the state `before_last`."""

    @property
    def last_fork(self) -> str:
        """The fork of the last block."""
        return FORK if self.fork == FORK or self.has_crossed else PARENT

    @property
    def size(self) -> tuple[int, int]:
        """How much there is to read: blocks, and the bytes of them."""
        return len(self.blocks), sum(len(block.encode_bytes()) for block in self.blocks)
