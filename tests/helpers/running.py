"""Run what a case is about, check the verdict, and hand the parts to the recorder."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from poolspec.vectors.recorder import Recorder
from poolspec.vectors.rejection import is_protocol_rejection
from poolspec.vectors.runners import (
    FLAG_DELTAS,
    OPERATIONS,
    POOL_DELTAS,
    AnsweringEngine,
    deltas_type,
    has_pools,
)
from tests.helpers.blocks import sign_block, state_transition_and_sign_block
from tests.helpers.epochs import transition_to, transition_to_last_slot_of_epoch
from tests.helpers.faults import check_faults, run_leniently
from tests.helpers.ledger import books_if_pools, run_with_books


def expect_rejection(action: Callable[[], Any]) -> None:
    """Run something that the protocol must reject; a crash is passed on."""
    try:
        action()
    except Exception as error:
        if not is_protocol_rejection(error):
            raise
        return
    raise AssertionError("was accepted, and must be rejected")


def run_operation(
    spec: Any,
    state: Any,
    vector: Recorder,
    handler: str,
    operation: Any,
    *,
    valid: bool = True,
    reason: str = "",
    execution_valid: bool = True,
    faults: int = 1,
) -> None:
    """`process_<handler>(state, operation)` as a case.

    An invalid one has a `reason`, and leaves `state` as it was. So many assertions must stand in
    its way, each of them once the others are gone: more than one only where one follows from
    another.
    """
    assert valid == (reason == ""), "an invalid operation has a reason, a valid one has none"
    name = f"process_{handler}"
    vector.pre(state)
    vector.operation(OPERATIONS[handler].part, operation)
    further: tuple[Any, ...] = ()
    if handler == "execution_payload":
        vector.yaml("execution", {"execution_valid": execution_valid})
        further = (AnsweringEngine(execution_valid),)
    if valid:
        run_with_books(spec, name, state, operation, *further)
        vector.post(state)
    else:
        expect_rejection(lambda: getattr(spec, name)(state.copy(), operation, *further))
        check_faults(
            run_leniently(
                spec, lambda lenient: getattr(lenient, name)(state.copy(), operation, *further)
            ),
            faults,
        )
        vector.invalid(reason)


class EpochRun(NamedTuple):
    """The states around a step and around the whole of an epoch's end."""

    pre_epoch: Any
    pre: Any
    post: Any
    post_epoch: Any


def run_epoch_step(
    spec: Any, state: Any, vector: Recorder, step: str, *, valid: bool = True, reason: str = ""
) -> EpochRun:
    """One step of `process_epoch` as a case, with the states around the whole of it.

    `state` is moved to its epoch's last slot if it is not there, that slot is processed, and it is
    left as it is right after the step; right before it if the step must reject it.
    """
    assert valid == (reason == ""), "an invalid step has a reason, a valid one has none"
    transition_to_last_slot_of_epoch(spec, state)
    spec.process_slot(state)
    pre_epoch = state.copy()
    around = _observe(spec, state.copy(), step, valid)
    vector.ssz("pre_epoch", pre_epoch)
    vector.pre(around.pre)
    if not valid:
        vector.invalid(reason)
        state.set_backing(around.pre.get_backing())
        return around
    vector.post(around.post)
    vector.ssz("post_epoch", around.post_epoch)
    state.set_backing(around.post.get_backing())
    return around


def _observe(spec: Any, state: Any, step: str, valid: bool) -> EpochRun:
    """Run `process_epoch` and note the states before and after a step, without a list of steps."""
    plain = getattr(spec, step)
    seen: list[Any] = []
    pre_epoch = state.copy()

    def observed(inner: Any) -> None:
        assert not seen, f"{step} ran twice"
        seen.append(inner.copy())
        plain(inner)
        seen.append(inner.copy())

    setattr(spec, step, observed)
    try:
        if valid:
            run_with_books(spec, "process_epoch", state)
        else:
            expect_rejection(lambda: spec.process_epoch(state))
    finally:
        setattr(spec, step, plain)
    assert len(seen) == (2 if valid else 1), f"{step} is not a step of process_epoch"
    return EpochRun(pre_epoch, seen[0], seen[-1], state)


def run_step_alone(spec: Any, state: Any, vector: Recorder, step: str) -> None:
    """One step on the state as it is, where earlier steps would undo what the case is about."""
    vector.pre(state)
    run_with_books(spec, step, state)
    vector.post(state)


def run_slots(spec: Any, state: Any, vector: Recorder, count: int) -> None:
    """Empty slots as a case."""
    vector.pre(state)
    vector.yaml("slots", count)
    run_with_books(spec, "process_slots", state, spec.Slot(state.slot + count))
    vector.post(state)


def run_blocks(
    spec: Any,
    state: Any,
    vector: Recorder,
    blocks: Sequence[Any],
    *,
    valid: bool = True,
    reason: str = "",
    faults: int = 1,
) -> list[Any]:
    """Blocks as a case; gives them signed.

    Each is a block, which gets its state root and signature here, a signed block, which is taken as
    it is, or a function that makes either from the state after the one before. In an invalid case
    it is the last block that must be rejected, with so many faults as in `run_operation`.
    """
    assert valid == (reason == ""), "an invalid case has a reason, a valid one has none"
    vector.pre(state)
    good = blocks if valid else blocks[:-1]
    with books_if_pools(spec):
        signed = [_apply(spec, state, made(block, state)) for block in good]
    if not valid:
        signed.append(_rejected(spec, state, made(blocks[-1], state), faults))
        vector.invalid(reason)
    vector.blocks(signed)
    if valid:
        vector.post(state)
    return signed


def made(block: Any, state: Any) -> Any:
    """The block itself, or what a function makes for the state."""
    return block(state) if callable(block) else block


def _apply(spec: Any, state: Any, block: Any) -> Any:
    if isinstance(block, spec.SignedBeaconBlock):
        spec.state_transition(state, block)
        return block
    return state_transition_and_sign_block(spec, state, block)


def _rejected(spec: Any, state: Any, block: Any, faults: int) -> Any:
    """Check that a block is rejected, and finish it if that is not done yet.

    Its state root is that of the state to which it would lead if the rule that it breaks did not
    exist: whoever forgets the rule then finds nothing else to reject the block for. Where nothing
    but a crash is in the way, there is no such state, and the root stays as it is.
    """
    if not isinstance(block, spec.SignedBeaconBlock):
        block = _finished_leniently(spec, state, block)
    expect_rejection(lambda: spec.state_transition(state.copy(), block))
    leniency = run_leniently(spec, lambda lenient: lenient.state_transition(state.copy(), block))
    check_faults(leniency, faults)
    return block


def _finished_leniently(spec: Any, state: Any, block: Any) -> Any:
    """The block, signed, with the root of the state after it, whatever rule it breaks."""

    def advance(lenient: Any) -> Any:
        after = state.copy()
        lenient.process_slots(after, block.slot)
        before = after.copy()
        lenient.process_block(after, block)
        return before, after

    leniency = run_leniently(spec, advance)
    assert leniency.faults or leniency.crash, "nothing is wrong with the block"
    if leniency.crash is not None:
        advanced = state.copy()
        transition_to(spec, advanced, int(block.slot))
        return sign_block(spec, advanced, block)
    before, after = leniency.result
    block.state_root = spec.hash_tree_root(after)
    return sign_block(spec, before, block)


def run_rewards(spec: Any, state: Any, vector: Recorder) -> dict[str, Any]:
    """Rewards and penalties of the previous epoch as a case; gives them by part, in Gwei.

    They are by validator, and in the last part, where the fork has pools, by pool.
    """
    vector.pre(state)
    container = deltas_type(spec)
    computed = {
        part: spec.get_flag_index_deltas(state, getattr(spec, flag))
        for part, flag in FLAG_DELTAS.items()
    }
    computed["inactivity_penalty_deltas"] = spec.get_inactivity_penalty_deltas(state)
    if has_pools(spec):
        computed[POOL_DELTAS] = spec.get_pool_deltas(state, list(computed.values()))
    for part, (rewards, penalties) in computed.items():
        deltas = container(
            rewards=spec.Balances(list(rewards)), penalties=spec.Balances(list(penalties))
        )
        vector.ssz(part, deltas)
    return computed


def run_fork(spec: Any, state: Any, vector: Recorder) -> Any:
    """The upgrade of a state of the fork before, as a case; gives the upgraded state."""
    vector.meta(fork=spec.fork)
    vector.pre(state)
    upgraded = getattr(spec, f"upgrade_to_{spec.fork}")(state)
    vector.post(upgraded)
    return upgraded


def run_transition(
    spec: Any,
    parent: Any,
    state: Any,
    vector: Recorder,
    fork_epoch: int,
    before: Sequence[Any] = (),
    after: Sequence[Any] = (),
) -> Any:
    """Blocks of the fork before, the upgrade, blocks of this fork; gives the last state.

    `spec` must have `<FORK>_FORK_EPOCH` set to `fork_epoch` (mark `config`). Blocks are given as
    to `run_blocks`; one in the very slot of the fork is made from the state that stands there.
    """
    vector.meta(post_fork=spec.fork, fork_epoch=fork_epoch)
    if before:
        vector.meta(fork_block=len(before) - 1)
    vector.pre(state)
    signed = [_apply(parent, state, made(block, state)) for block in before]
    fork_slot = fork_epoch * int(spec.SLOTS_PER_EPOCH)
    if state.slot < fork_slot:
        parent.process_slots(state, parent.Slot(fork_slot))
    state = getattr(spec, f"upgrade_to_{spec.fork}")(state)
    signed += [_apply_in_slot(spec, state, made(block, state)) for block in after]
    vector.blocks(signed)
    vector.post(state)
    return state


def _apply_in_slot(spec: Any, state: Any, block: Any) -> Any:
    """Apply a block; one for the slot at which the state stands needs no slot to pass."""
    if block.slot != state.slot:
        return state_transition_and_sign_block(spec, state, block)
    spec.process_block(state, block)
    block.state_root = spec.hash_tree_root(state)
    return sign_block(spec, state, block)
