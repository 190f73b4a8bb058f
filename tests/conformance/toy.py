"""A toy fork, small enough to see through, and values of it."""

from types import SimpleNamespace
from typing import Any, NamedTuple

from poolspec.runtime import bls
from poolspec.runtime.ssz import (
    Bytes32,
    Bytes96,
    Container,
    List,
    Uint64,
    hash_tree_root,
    serialize,
)


class Balances(List[Uint64, 16]):  # type: ignore[type-arg, valid-type]
    """Gwei by index."""


class BeaconState(Container):
    """A slot and some balances."""

    slot: Uint64
    balances: Balances


class VoluntaryExit(Container):
    """Here: take an amount from a balance."""

    index: Uint64
    amount: Uint64


class BeaconBlock(Container):
    """Here: a slot to move to, and the root of the state there."""

    slot: Uint64
    state_root: Bytes32


class SignedBeaconBlock(Container):
    """Here a signature is good if it begins with 1."""

    message: BeaconBlock
    signature: Bytes96


class Configuration(NamedTuple):
    """One value that a case may override."""

    STEP: int = 1


def toy_spec(config: Configuration | None = None) -> Any:
    """Functions with the names that the runners look for."""
    config = config or Configuration()

    def process_voluntary_exit(state: Any, operation: Any) -> None:
        assert operation.amount != 0
        if operation.amount == 7:
            operation.no_such_field  # noqa: B018 - the crash is the point
        if operation.amount == 8:
            int("eight")
        state.balances[operation.index] -= operation.amount

    def process_slots(state: Any, slot: Any) -> None:
        assert state.slot < slot
        while state.slot < slot:
            state.slot += config.STEP

    def state_transition(state: Any, signed_block: Any) -> None:
        process_slots(state, signed_block.message.slot)
        assert not bls.bls_active or signed_block.signature[0] == 1

    def process_epoch(state: Any) -> None:
        process_slashings(state)
        state.slot += 8

    def process_slashings(state: Any) -> None:
        state.balances[0] //= 2

    return SimpleNamespace(
        **{k: v for k, v in locals().items() if k.startswith("process_")},
        fork="fulu",
        preset="minimal",
        bls=bls,
        config=config,
        state_transition=state_transition,
        hash_tree_root=hash_tree_root,
        serialize=serialize,
        BeaconState=BeaconState,
        Balances=Balances,
        SignedVoluntaryExit=VoluntaryExit,
        SignedBeaconBlock=SignedBeaconBlock,
        Container=Container,
        Uint64=Uint64,
        compute_shuffled_index=lambda index, count, seed: count - 1 - index,
    )


def state(slot: int = 0, balances: tuple[int, ...] = (100, 50)) -> BeaconState:
    """A toy state."""
    return BeaconState(slot=Uint64(slot), balances=Balances(*map(Uint64, balances)))


def exit_of(index: int, amount: int) -> VoluntaryExit:
    """A toy operation."""
    return VoluntaryExit(index=Uint64(index), amount=Uint64(amount))


def block(slot: int, good: bool = True, state_root: bytes = b"\0" * 32) -> SignedBeaconBlock:
    """A toy block, whose signature is good or not."""
    return SignedBeaconBlock(
        message=BeaconBlock(slot=Uint64(slot), state_root=Bytes32(state_root)),
        signature=Bytes96(bytes([good]) + b"\0" * 95),
    )


SEED = Bytes32(b"\x05" * 32)
