"""The runners `fork` (the upgrade function alone) and `transition` (blocks on both sides of it)."""

from collections.abc import Sequence
from types import ModuleType
from typing import Any

from poolspec.vectors.case import Case
from poolspec.vectors.checks import Check, transition
from poolspec.vectors.errors import NotRunError, VectorError, shown
from poolspec.vectors.replaying import (
    apply_blocks,
    block_count,
    blocks_of,
    check_blocks,
    check_slots,
    expected_state,
    member,
)


def parent_of(spec: Any) -> Any | None:
    """The compiled fork before this one: a fork that upgrades its state refers to it by name."""
    for value in vars(spec).values():
        if isinstance(value, ModuleType) and getattr(value, "fork", spec.fork) != spec.fork:
            return value
    return None


def _parent(spec: Any, case: Case) -> Any:
    """The fork before, without which the case cannot be run."""
    parent = parent_of(spec)
    if parent is None:
        raise NotRunError(f"the fork before {case.id.fork} is not specified here")
    return parent


def _check_fork_name(case: Case, key: str) -> None:
    """`meta.yaml` names the fork that the case leads to, which is the one it lies under."""
    name = case.meta.get(key)
    if name != case.id.fork:
        raise VectorError(
            case.folder / "meta.yaml", f"'{key}' must be '{case.id.fork}', not {shown(name)}"
        )


def fork_checks(spec: Any, case: Case) -> tuple[Check, ...]:
    """`upgrade_to_<fork>(pre)`."""
    _check_fork_name(case, "fork")
    name = f"upgrade_to_{case.id.fork}"
    parent = _parent(spec, case)
    return (
        transition(
            name,
            case.ssz("pre", parent.BeaconState),
            member(spec, name, case),
            expected_state(spec, case),
        ),
    )


def transition_checks(spec: Any, case: Case) -> tuple[Check, ...]:
    """Blocks of the fork before, the upgrade at the start of `fork_epoch`, blocks of this fork.

    `fork_block` is the index of the last block of the fork before; without it there is none.
    """
    _check_fork_name(case, "post_fork")
    parent = _parent(spec, case)
    upgrade = member(spec, f"upgrade_to_{case.id.fork}", case)
    count = block_count(case)
    last_before = case.count("fork_block", -1) if "fork_block" in case.meta else -1
    if last_before >= count:
        raise VectorError(case.folder / "meta.yaml", "'fork_block' must be below 'blocks_count'")
    early = last_before + 1
    types = [parent.SignedBeaconBlock] * early + [spec.SignedBeaconBlock] * (count - early)
    signed_blocks = blocks_of(case, types)
    fork_slot = case.count("fork_epoch") * int(spec.SLOTS_PER_EPOCH)
    before = case.ssz("pre", parent.BeaconState)
    check_slots(case.folder / "meta.yaml", before, fork_slot)
    check_blocks(case, before, signed_blocks)

    def apply(state: Any) -> Any:
        apply_blocks(parent, state, signed_blocks[:early])
        if state.slot < fork_slot:
            parent.process_slots(state, parent.Slot(fork_slot))
        return apply_from_fork(spec, upgrade(state), signed_blocks[early:])

    return (
        transition(
            "transition",
            before,
            apply,
            expected_state(spec, case),
        ),
    )


def apply_from_fork(spec: Any, state: Any, signed_blocks: Sequence[Any]) -> Any:
    """The state after the first blocks of a fork.

    A block in the very slot of the fork finds the state already there, where `state_transition`
    would ask for a later slot, so its other steps are done one by one.
    """
    later = list(signed_blocks)
    if later and later[0].message.slot == state.slot:
        signed_block = later.pop(0)
        assert spec.verify_block_signature(state, signed_block)
        spec.process_block(state, signed_block.message)
        assert signed_block.message.state_root == spec.hash_tree_root(state)
    return apply_blocks(spec, state, later)
