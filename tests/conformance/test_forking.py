"""The runners `fork` and `transition` on the toy, which doubles balances when it forks."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from poolspec.vectors.case import read_case
from poolspec.vectors.checks import Outcome
from poolspec.vectors.conformance import prepare
from poolspec.vectors.errors import VectorError
from poolspec.vectors.layout import CaseId
from tests.conformance.toy import Balances, BeaconState, block, state, toy_spec

Writer = Callable[..., Path]

EPOCH = 8
"""Slots of an epoch, and the first slot after the fork."""


@pytest.fixture
def fork() -> Any:
    """A fork named `next`, with the toy as its parent."""
    parent = ModuleType("parent")
    vars(parent).update(vars(toy_spec()), Slot=int)
    spec = toy_spec()

    def upgrade_to_next(pre: Any) -> Any:
        return BeaconState(slot=pre.slot, balances=Balances(*(2 * each for each in pre.balances)))

    def process_block(before: Any, message: Any) -> None:
        assert message.slot == before.slot

    vars(spec).update(
        fork="next",
        parent=parent,
        SLOTS_PER_EPOCH=EPOCH,
        upgrade_to_next=upgrade_to_next,
        process_block=process_block,
        verify_block_signature=lambda before, signed: signed.signature[0] == 1,
    )
    return spec


def _run(fork: Any, folder: Path) -> Outcome:
    names = folder.parts[-6:]
    return prepare(fork, read_case(CaseId(*names), folder)).run()


def test_the_upgrade(fork: Any, write_case: Writer) -> None:
    parts = {"pre": state(balances=(1, 2)), "meta": {"fork": "next"}}
    good = write_case("minimal/next/fork/fork/good", **parts, post=state(balances=(2, 4)))
    assert _run(fork, good).passed
    bad = write_case("minimal/next/fork/fork/bad", **parts, post=state(balances=(2, 2)))
    assert "balances[1]: 4, expected 2" in _run(fork, bad).reason
    other = write_case("minimal/next/fork/fork/other", **(parts | {"meta": {"fork": "fulu"}}))
    with pytest.raises(VectorError, match=r"meta\.yaml: 'fork' must be 'next', not 'fulu'"):
        _run(fork, other)


@pytest.mark.parametrize(
    ("slots", "last_before", "expected"),
    [((), None, EPOCH), ((3, 7), 1, EPOCH), ((3, 9), 0, 9), ((9, 12), None, 12)],
    ids=["no blocks", "only before", "on both sides", "only after"],
)
def test_blocks_around_the_fork(
    fork: Any, write_case: Writer, slots: tuple[int, ...], last_before: int | None, expected: int
) -> None:
    """The upgrade happens once, whatever blocks there are."""
    meta = {"post_fork": "next", "fork_epoch": 1, "blocks_count": len(slots)}
    if last_before is not None:
        meta["fork_block"] = last_before
    folder = write_case(
        "minimal/next/transition/core/a",
        pre=state(balances=(1, 2)),
        meta=meta,
        post=state(slot=expected, balances=(2, 4)),
        **{f"blocks_{index}": block(slot) for index, slot in enumerate(slots)},
    )
    assert _run(fork, folder) == Outcome(True)


def test_a_block_in_the_slot_of_the_fork(fork: Any, write_case: Writer) -> None:
    """It needs no slot to pass; its signature and its state root are checked all the same."""
    after = state(slot=EPOCH, balances=(2, 4))
    root = bytes(after.hash_tree_root())
    meta = {"post_fork": "next", "fork_epoch": 1, "blocks_count": 1}
    for name, first, passes in (
        ("good", block(EPOCH, state_root=root), True),
        ("unsigned", block(EPOCH, good=False, state_root=root), False),
        ("other_root", block(EPOCH, state_root=b"\1" * 32), False),
    ):
        folder = write_case(
            f"minimal/next/transition/core/{name}",
            pre=state(balances=(1, 2)),
            meta=meta,
            blocks_0=first,
            post=after,
        )
        outcome = _run(fork, folder)
        assert outcome.passed is passes
        assert passes or "transition rejected: AssertionError" in outcome.reason


@pytest.mark.parametrize(
    "meta",
    [
        {"post_fork": "fulu"},
        {"fork_epoch": None},
        {"fork_epoch": -1},
        {"fork_block": 1},
        {"fork_block": -1},
        {"blocks_count": 2**40},
    ],
)
def test_unusable_settings(fork: Any, write_case: Writer, meta: dict[str, Any]) -> None:
    good = {"post_fork": "next", "fork_epoch": 1, "fork_block": 0, "blocks_count": 1}
    folder = write_case(
        "minimal/next/transition/core/a", pre=state(), meta=good | meta, blocks_0=block(3)
    )
    with pytest.raises(VectorError, match=r"meta\.yaml: "):
        _run(fork, folder)
