"""Between SSZ bytes and columns, in bulk.

A state's encoding is cut into its fields, and each field is read as a whole: numbers as a column,
containers of fixed size as rows of a structured array or as tuples.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from poolspec.engine.numbers import U64_MAX
from poolspec.engine.records import (
    Checkpoint,
    Eth1Data,
    Fork,
    Header,
    Payout,
    PendingConsolidation,
    PendingDeposit,
    PendingPartialWithdrawal,
    PendingPoolPenalty,
    pack,
    pack_all,
    unpack,
    unpack_all,
)
from poolspec.engine.registry import Pools, Registry
from poolspec.engine.state import State, SyncCommittee
from poolspec.runtime.codec import codec_of

__all__ = ["decode", "encode", "encode_fields"]

_OFFSET = 4
_KEY = 48

_VALIDATOR = np.dtype(
    [
        ("pubkeys", np.uint8, 48),
        ("credentials", np.uint8, 32),
        ("effective_balance", "<u8"),
        ("slashed", np.uint8),
        ("activation_eligibility_epoch", "<u8"),
        ("activation_epoch", "<u8"),
        ("exit_epoch", "<u8"),
        ("withdrawable_epoch", "<u8"),
    ]
)

_POOL = np.dtype(
    [
        ("pubkeys", np.uint8, 48),
        ("addresses", np.uint8, 20),
        ("commission", "<u8"),
        ("bond", "<u8"),
        ("seated_balance", "<u8"),
        ("unbonding_amount", "<u8"),
        ("unbonding_epoch", "<u8"),
        ("withdrawable_epoch", "<u8"),
    ]
)

# SSZ field -> column of the registry
_REGISTRY_COLUMNS = {
    "balances": ("balances", np.uint64),
    "previous_epoch_participation": ("previous_participation", np.uint8),
    "current_epoch_participation": ("current_participation", np.uint8),
    "inactivity_scores": ("inactivity_scores", np.uint64),
    "validator_pools": ("pool", np.uint64),
}


class _Codec(NamedTuple):
    """How a field that is no part of the registry is read and written."""

    read: Callable[[bytes], Any]
    write: Callable[[Any], bytes]


def _record(record: Any) -> _Codec:
    return _Codec(lambda data: unpack(record, data), pack)


def _records(record: Any) -> _Codec:
    return _Codec(lambda data: unpack_all(record, data), pack_all)


def _array(dtype: Any, width: int = 1) -> _Codec:
    def read(data: bytes) -> NDArray[Any]:
        values = np.frombuffer(data, dtype).copy()
        return values.reshape(-1, width) if width > 1 else values

    return _Codec(read, lambda values: bytes(values.tobytes()))


def _read_sync_committee(data: bytes) -> SyncCommittee:
    pubkeys = np.frombuffer(data[:-_KEY], np.uint8).reshape(-1, _KEY)
    return SyncCommittee(pubkeys, data[-_KEY:])


def _read_bits(data: bytes) -> list[bool]:
    return [data[0] >> position & 1 == 1 for position in range(4)]


def _write_bits(bits: list[bool]) -> bytes:
    return bytes([sum(1 << position for position, is_set in enumerate(bits) if is_set)])


_UINT = _Codec(
    lambda data: int.from_bytes(data, "little"), lambda value: value.to_bytes(8, "little")
)
_BYTES = _Codec(bytes, bytes)
_ROOTS = _array(np.uint8, 32)
_SYNC_COMMITTEE = _Codec(
    _read_sync_committee, lambda value: value.pubkeys.tobytes() + value.aggregate_pubkey
)
_CHECKPOINT = _record(Checkpoint)

_CODECS: dict[str, _Codec] = {
    "genesis_validators_root": _BYTES,
    "fork": _record(Fork),
    "latest_block_header": _record(Header),
    "block_roots": _ROOTS,
    "state_roots": _ROOTS,
    "historical_roots": _ROOTS,
    "eth1_data": _record(Eth1Data),
    "eth1_data_votes": _records(Eth1Data),
    "randao_mixes": _ROOTS,
    "slashings": _array(np.uint64),
    "justification_bits": _Codec(_read_bits, _write_bits),
    "previous_justified_checkpoint": _CHECKPOINT,
    "current_justified_checkpoint": _CHECKPOINT,
    "finalized_checkpoint": _CHECKPOINT,
    "current_sync_committee": _SYNC_COMMITTEE,
    "next_sync_committee": _SYNC_COMMITTEE,
    "historical_summaries": _array(np.uint8, 64),
    "pending_deposits": _records(PendingDeposit),
    "pending_partial_withdrawals": _records(PendingPartialWithdrawal),
    "pending_consolidations": _records(PendingConsolidation),
    "proposer_lookahead": _Codec(
        lambda data: np.frombuffer(data, "<u8").tolist(),
        lambda values: np.array(values, np.uint64).tobytes(),
    ),
    "pending_payouts": _records(Payout),
    "pending_pool_penalties": _records(PendingPoolPenalty),
}


def _split(state_type: Any, data: bytes) -> dict[str, bytes]:
    """Cut a state's encoding into those of its fields; raises `ValueError` if it is damaged."""
    parts: dict[str, bytes] = {}
    offsets: list[tuple[str, int]] = []
    position = 0
    for name, field_type in state_type.fields().items():
        size = codec_of(field_type).size
        end = position + (_OFFSET if size is None else size)
        if end > len(data):
            raise ValueError(f"the state ends within {name}")
        parts[name] = data[position:end]
        if size is None:
            offsets.append((name, int.from_bytes(data[position:end], "little")))
        position = end
    bounds = [offset for _, offset in offsets] + [len(data)]
    if bounds[0] != position or bounds != sorted(bounds):
        raise ValueError("the state's offsets are not in order")
    for (name, start), end in zip(offsets, bounds[1:], strict=True):
        parts[name] = data[start:end]
    return parts


def _rows(data: bytes, dtype: Any, name: str) -> NDArray[Any]:
    if len(data) % dtype.itemsize:
        raise ValueError(f"{name}: {len(data)} bytes do not divide into its elements")
    return np.frombuffer(data, dtype)


def _decode_registry(parts: dict[str, bytes]) -> Registry:
    rows = _rows(parts["validators"], _VALIDATOR, "validators")
    if (rows["slashed"] > 1).any():
        raise ValueError("validators: slashed is neither 0 nor 1")
    registry = Registry(len(rows))
    columns = {name: rows[name].copy() for name in _VALIDATOR.names or ()}
    columns["slashed"] = columns["slashed"].view(np.bool_)
    columns["prefix"] = columns["credentials"][:, 0].copy()
    columns["pool"] = np.full(len(rows), U64_MAX, np.uint64)
    for field_name, (name, dtype) in _REGISTRY_COLUMNS.items():
        if field_name in parts:
            values = _rows(parts[field_name], np.dtype(dtype), field_name)
            if len(values) != len(rows):
                raise ValueError(f"{field_name} has another length than validators")
            columns[name] = values.copy()
    registry.adopt(columns)
    return registry


def _decode_pools(data: bytes) -> Pools:
    rows = _rows(data, _POOL, "pools")
    pools = Pools(len(rows))
    pools.adopt({name: rows[name].copy() for name in _POOL.names or ()})
    return pools


def decode(state_type: Any, data: bytes) -> State:
    """Return the state that the bytes encode; `state_type` is the compiled `BeaconState`.

    Raises `ValueError` if they do not encode one, or if lists by validator index differ in length.
    """
    parts = _split(state_type, data)
    registry = _decode_registry(parts)
    values: dict[str, Any] = {"registry": registry}
    for name, content in parts.items():
        if name == "validators" or name in _REGISTRY_COLUMNS:
            continue
        if name == "pools":
            values[name] = _decode_pools(content)
        elif name == "latest_execution_payload_header":
            values[name] = state_type.fields()[name].decode_bytes(content)
        else:
            values[name] = _read_field(name, content)
    return State(**values)


def _read_field(name: str, content: bytes) -> Any:
    try:
        return _CODECS.get(name, _UINT).read(content)
    except Exception as error:
        raise ValueError(f"{name}: {error}") from error


def _table_bytes(table: Registry | Pools, dtype: Any) -> bytes:
    rows = np.empty(len(table), dtype)
    for name in dtype.names:
        rows[name] = getattr(table, name)
    return rows.tobytes()


def encode_fields(state_type: Any, state: State) -> dict[str, bytes]:
    """Return the encodings of a state's fields, in order."""
    parts: dict[str, bytes] = {}
    for name in state_type.fields():
        if name == "validators":
            parts[name] = _table_bytes(state.registry, _VALIDATOR)
        elif name == "pools":
            parts[name] = _table_bytes(state.pools, _POOL)
        elif name in _REGISTRY_COLUMNS:
            parts[name] = getattr(state.registry, _REGISTRY_COLUMNS[name][0]).tobytes()
        elif name == "latest_execution_payload_header":
            parts[name] = bytes(state.latest_execution_payload_header.encode_bytes())
        else:
            parts[name] = _CODECS.get(name, _UINT).write(getattr(state, name))
    return parts


def encode(state_type: Any, state: State) -> bytes:
    """Return the SSZ encoding of a state."""
    parts = encode_fields(state_type, state)
    fixed = {name for name, each in state_type.fields().items() if codec_of(each).size is not None}
    head, tails = [], []
    end = sum(len(part) if name in fixed else _OFFSET for name, part in parts.items())
    for name, part in parts.items():
        if name in fixed:
            head.append(part)
        else:
            head.append(end.to_bytes(_OFFSET, "little"))
            tails.append(part)
            end += len(part)
    return b"".join([*head, *tails])
