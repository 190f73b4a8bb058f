"""Pieces that several runners share: members of a fork, lists of blocks, the expected state."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from poolspec.vectors.case import Case
from poolspec.vectors.errors import NotRunError, VectorError
from poolspec.vectors.parts import SSZ_SUFFIX

MAX_BLOCKS = 2**16
"""Most blocks of one case."""

MAX_SLOTS = 2**16
"""Most slots that a case lets pass. A number can claim more of them than anybody can wait for."""

_BLOCK_PART = re.compile(r"blocks_(\d+)" + re.escape(SSZ_SUFFIX))


def member(spec: Any, name: str, case: Case) -> Any:
    """A function or type of the fork; a case that needs one that is not there cannot be run."""
    if not hasattr(spec, name):
        raise NotRunError(f"no '{name}' in {case.id.fork}")
    return getattr(spec, name)


def expected_state(spec: Any, case: Case, part: str = "post") -> Any | None:
    """The state that must come out; None if the case has no such part and must be rejected."""
    return case.ssz(part, spec.BeaconState) if case.has_ssz(part) else None


def block_count(case: Case) -> int:
    """How many blocks `meta.yaml` promises."""
    count = case.count("blocks_count")
    if count > MAX_BLOCKS:
        raise VectorError(case.folder / "meta.yaml", f"more than {MAX_BLOCKS} blocks")
    return count


def blocks_of(case: Case, types: Sequence[Any]) -> list[Any]:
    """The signed blocks `blocks_0`, `blocks_1`, …, one of each given type, and no more."""
    for name in case.names:
        if (match := _BLOCK_PART.fullmatch(name)) and int(match[1]) >= len(types):
            raise VectorError(case.folder / name, f"'blocks_count' is {len(types)}")
    return [case.ssz(f"blocks_{index}", value_type) for index, value_type in enumerate(types)]


def check_slots(path: Path, before: Any, slot: int) -> None:
    """Raise `VectorError` if `slot`, which stands in the file, is too far from the state's."""
    if slot > int(before.slot) + MAX_SLOTS:
        raise VectorError(path, f"leads more than {MAX_SLOTS} slots ahead of the state")


def check_blocks(case: Case, before: Any, signed_blocks: Sequence[Any]) -> None:
    """Raise `VectorError` if a block is for a slot that is too far from the state's."""
    for index, signed_block in enumerate(signed_blocks):
        check_slots(case.path(f"blocks_{index}"), before, int(signed_block.message.slot))


def apply_blocks(spec: Any, state: Any, signed_blocks: Sequence[Any]) -> Any:
    """The state after the blocks."""
    for signed_block in signed_blocks:
        spec.state_transition(state, signed_block)
    return state
