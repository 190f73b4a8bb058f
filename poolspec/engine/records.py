"""The small containers of a state as plain tuples.

Their fields have fixed sizes, so that `struct` packs and unpacks them as SSZ does: in order,
little-endian, without padding. A list of them is unpacked in one go.
"""

import struct
from collections.abc import Iterable
from typing import Any, NamedTuple, TypeVar

__all__ = [
    "Checkpoint",
    "Eth1Data",
    "Fork",
    "Header",
    "Payout",
    "PendingConsolidation",
    "PendingDeposit",
    "PendingPartialWithdrawal",
    "PendingPoolPenalty",
    "pack",
    "pack_all",
    "unpack",
    "unpack_all",
]


class Fork(NamedTuple):
    """The versions before and from `epoch` on."""

    previous_version: bytes
    current_version: bytes
    epoch: int


class Checkpoint(NamedTuple):
    """An epoch and the root of the block that stands for it."""

    epoch: int
    root: bytes


class Header(NamedTuple):
    """A beacon block with its body replaced by the root."""

    slot: int
    proposer_index: int
    parent_root: bytes
    state_root: bytes
    body_root: bytes


class Eth1Data(NamedTuple):
    """What a vote on the former deposit bridge says."""

    deposit_root: bytes
    deposit_count: int
    block_hash: bytes


class PendingDeposit(NamedTuple):
    """A deposit on its way; `amount` in Gwei."""

    pubkey: bytes
    withdrawal_credentials: bytes
    amount: int
    signature: bytes
    slot: int


class PendingPartialWithdrawal(NamedTuple):
    """A part of a balance that leaves; `amount` in Gwei."""

    validator_index: int
    amount: int
    withdrawable_epoch: int


class PendingConsolidation(NamedTuple):
    """A validator that merges into another."""

    source_index: int
    target_index: int


class Payout(NamedTuple):
    """Money on its way to an address; `amount` in Gwei."""

    source: int
    address: bytes
    amount: int


class PendingPoolPenalty(NamedTuple):
    """The correlation penalty of one slashed validator of a pool."""

    pool_index: int
    penalty_epoch: int


Record = TypeVar(
    "Record",
    Fork,
    Checkpoint,
    Header,
    Eth1Data,
    PendingDeposit,
    PendingPartialWithdrawal,
    PendingConsolidation,
    Payout,
    PendingPoolPenalty,
)

_LAYOUTS: dict[type[Any], struct.Struct] = {
    Fork: struct.Struct("<4s4sQ"),
    Checkpoint: struct.Struct("<Q32s"),
    Header: struct.Struct("<QQ32s32s32s"),
    Eth1Data: struct.Struct("<32sQ32s"),
    PendingDeposit: struct.Struct("<48s32sQ96sQ"),
    PendingPartialWithdrawal: struct.Struct("<QQQ"),
    PendingConsolidation: struct.Struct("<QQ"),
    Payout: struct.Struct("<Q20sQ"),
    PendingPoolPenalty: struct.Struct("<QQ"),
}


def unpack(record: type[Record], data: bytes) -> Record:
    """Return the record that exactly these bytes encode; raises `struct.error` for others."""
    return record(*_LAYOUTS[record].unpack(data))


def unpack_all(record: type[Record], data: bytes) -> list[Record]:
    """Return the records that these bytes encode one after another."""
    return [record(*values) for values in _LAYOUTS[record].iter_unpack(data)]


def pack(value: Any) -> bytes:
    """Return the encoding of a record."""
    return _LAYOUTS[type(value)].pack(*value)


def pack_all(values: Iterable[Any]) -> bytes:
    """Return the encodings of records one after another."""
    return b"".join(map(pack, values))
