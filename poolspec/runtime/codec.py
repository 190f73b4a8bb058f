"""SSZ encoding: between bytes and trees, one codec per type, made once.

A codec decodes to nodes without making views of what is inside, and refuses everything that is not
the one canonical encoding of a value: offsets out of order or with gaps, bits beyond a length, a
missing delimiter, a boolean other than 0 and 1. The error is always :class:`ValueError`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Protocol

from remerkleable.basic import boolean, uint
from remerkleable.bitfields import Bitlist, Bitvector
from remerkleable.byte_arrays import ByteList, ByteVector
from remerkleable.complex import Container, List, Vector
from remerkleable.core import View
from remerkleable.tree import Node, RootNode, get_depth

from poolspec.runtime.nodes import (
    CHUNK_SIZE,
    chunk_roots,
    chunks_to_tree,
    leaves,
    mix_in_length,
    nodes_to_tree,
)

__all__ = ["Codec", "codec_of", "list_length"]

OFFSET_SIZE = 4
BITS_PER_CHUNK = 8 * CHUNK_SIZE


class Codec(Protocol):
    """Encoding and decoding of one type. ``size`` is its length in bytes, ``None`` if it varies."""

    size: int | None

    def decode(self, data: bytes) -> Node:
        """Return the tree that ``data`` encodes; raises ``ValueError``."""

    def encode(self, node: Node) -> bytes:
        """Return the encoding of the value behind ``node``."""


def list_length(node: Node) -> int:
    """Return the number of elements that is mixed into the tree of a list."""
    return int.from_bytes(node.get_right().root, "little")


def _expect_length(data: bytes, size: int, name: str) -> None:
    if len(data) != size:
        raise ValueError(f"{name} takes {size} bytes, got {len(data)}")


def _expect_at_most(count: int, limit: int, name: str) -> None:
    if count > limit:
        raise ValueError(f"{name} holds at most {limit}, got {count}")


def _expect_booleans(data: bytes, name: str) -> None:
    if data.strip(b"\x00\x01"):
        raise ValueError(f"{name}: a boolean is neither 0 nor 1")


class BasicCodec:
    """An unsigned integer or a boolean: one chunk, padded with zeros."""

    def __init__(self, view: type[View]) -> None:
        self.name = view.__name__
        self.size: int | None = view.type_byte_length()
        self.is_boolean = issubclass(view, boolean)

    def decode(self, data: bytes) -> Node:
        _expect_length(data, self.size or 0, self.name)
        if self.is_boolean:
            _expect_booleans(data, self.name)
        return RootNode(data.ljust(CHUNK_SIZE, b"\x00"))

    def encode(self, node: Node) -> bytes:
        return node.root[: self.size]


class ChunkVectorCodec:
    """A vector whose encoding is its chunks: bytes, or basic elements packed side by side."""

    def __init__(self, name: str, size: int, of_booleans: bool = False) -> None:
        self.name = name
        self.size: int | None = size
        self.of_booleans = of_booleans
        self.chunks = (size + CHUNK_SIZE - 1) // CHUNK_SIZE
        self.depth = get_depth(self.chunks)

    def decode(self, data: bytes) -> Node:
        _expect_length(data, self.size or 0, self.name)
        if self.of_booleans:
            _expect_booleans(data, self.name)
        return chunks_to_tree(data, self.depth)

    def encode(self, node: Node) -> bytes:
        return chunk_roots(node, self.depth, self.chunks)[: self.size]


class ChunkListCodec:
    """A list whose encoding is its chunks: bytes, or basic elements packed side by side."""

    size: int | None = None

    def __init__(self, name: str, width: int, limit: int, of_booleans: bool = False) -> None:
        self.name = name
        self.width = width
        self.limit = limit
        self.of_booleans = of_booleans
        self.depth = get_depth((width * limit + CHUNK_SIZE - 1) // CHUNK_SIZE)

    def decode(self, data: bytes) -> Node:
        count, rest = divmod(len(data), self.width)
        if rest:
            raise ValueError(f"{self.name}: {len(data)} bytes do not divide into its elements")
        _expect_at_most(count, self.limit, self.name)
        if self.of_booleans:
            _expect_booleans(data, self.name)
        return mix_in_length(chunks_to_tree(data, self.depth), count)

    def encode(self, node: Node) -> bytes:
        size = list_length(node) * self.width
        chunks = (size + CHUNK_SIZE - 1) // CHUNK_SIZE
        return chunk_roots(node.get_left(), self.depth, chunks)[:size]


class BitVectorCodec:
    """Bits, eight to a byte, the lowest first; the unused ones of the last byte are 0."""

    def __init__(self, view: type[Bitvector]) -> None:
        self.name = view.__name__
        self.bits = view.vector_length()
        self.size: int | None = (self.bits + 7) // 8
        self.chunks = (self.bits + BITS_PER_CHUNK - 1) // BITS_PER_CHUNK
        self.depth = get_depth(self.chunks)

    def decode(self, data: bytes) -> Node:
        _expect_length(data, self.size or 0, self.name)
        if self.bits % 8 and data[-1] >> self.bits % 8:
            raise ValueError(f"{self.name}: a bit beyond its length of {self.bits} is set")
        return chunks_to_tree(data, self.depth)

    def encode(self, node: Node) -> bytes:
        return chunk_roots(node, self.depth, self.chunks)[: self.size]


class BitListCodec:
    """Bits followed by a delimiting one, which tells how many they are."""

    size: int | None = None

    def __init__(self, view: type[Bitlist]) -> None:
        self.name = view.__name__
        self.limit = view.limit()
        self.depth = view.contents_depth()

    def decode(self, data: bytes) -> Node:
        if not data or not data[-1]:
            raise ValueError(f"{self.name}: the delimiting bit is missing")
        top = data[-1].bit_length() - 1
        count = 8 * (len(data) - 1) + top
        _expect_at_most(count, self.limit, self.name)
        bits = data[:-1] + bytes([data[-1] ^ 1 << top]) if top else data[:-1]
        return mix_in_length(chunks_to_tree(bits, self.depth), count)

    def encode(self, node: Node) -> bytes:
        count = list_length(node)
        chunks = (count + BITS_PER_CHUNK - 1) // BITS_PER_CHUNK
        bits = bytearray(chunk_roots(node.get_left(), self.depth, chunks)[: count // 8 + 1])
        if len(bits) == count // 8:
            bits.append(0)
        bits[-1] |= 1 << count % 8
        return bytes(bits)


def _decode_row(codec: Codec, name: str, data: bytes) -> list[Node]:
    """Decode elements of one type that fill ``data``."""
    if codec.size is not None:
        if len(data) % codec.size:
            raise ValueError(f"{name}: {len(data)} bytes do not divide into its elements")
        if isinstance(codec, ChunkVectorCodec) and codec.size == CHUNK_SIZE:
            return [RootNode(data[i : i + CHUNK_SIZE]) for i in range(0, len(data), CHUNK_SIZE)]
        decode, step = codec.decode, codec.size
        return [decode(data[i : i + step]) for i in range(0, len(data), step)]
    if not data:
        return []
    first = int.from_bytes(data[:OFFSET_SIZE], "little")
    if first % OFFSET_SIZE or not 0 < first <= len(data):
        raise ValueError(f"{name}: its first offset is {first}")
    heads = [data[i : i + OFFSET_SIZE] for i in range(0, first, OFFSET_SIZE)]
    offsets = [int.from_bytes(head, "little") for head in heads]
    return [codec.decode(part) for part in _split(data, offsets, first, name)]


def _split(data: bytes, offsets: Sequence[int], start: int, name: str) -> list[bytes]:
    """Cut ``data`` at ``offsets``, the first of which must be ``start``."""
    if offsets[0] != start:
        raise ValueError(f"{name}: its first offset is {offsets[0]}, expected {start}")
    bounds = [*offsets, len(data)]
    for lower, upper in pairwise(bounds):
        if lower > upper:
            raise ValueError(f"{name}: offset {lower} is beyond the next, {upper}")
    return [data[lower:upper] for lower, upper in pairwise(bounds)]


def _encode_row(codec: Codec, nodes: Sequence[Node]) -> bytes:
    if isinstance(codec, ChunkVectorCodec) and codec.chunks == 1:
        return b"".join([node.root[: codec.size] for node in nodes])
    encoded = [codec.encode(node) for node in nodes]
    if codec.size is not None:
        return b"".join(encoded)
    return _join_with_offsets(encoded, OFFSET_SIZE * len(encoded))


def _join_with_offsets(encoded: Sequence[bytes], start: int) -> bytes:
    offsets = []
    for part in encoded:
        offsets.append(start.to_bytes(OFFSET_SIZE, "little"))
        start += len(part)
    return b"".join([*offsets, *encoded])


class VectorCodec:
    """A fixed number of elements that have a tree each."""

    def __init__(self, view: type[Vector[Any]]) -> None:
        self.name = view.__name__
        self.element = codec_of(view.element_cls())
        self.count = view.vector_length()
        self.depth = get_depth(self.count)
        self.size = None if self.element.size is None else self.element.size * self.count

    def decode(self, data: bytes) -> Node:
        if self.size is not None:
            _expect_length(data, self.size, self.name)
            if self.element.size == CHUNK_SIZE and isinstance(self.element, ChunkVectorCodec):
                return chunks_to_tree(data, self.depth)
        nodes = _decode_row(self.element, self.name, data)
        if len(nodes) != self.count:
            raise ValueError(f"{self.name} holds {self.count} elements, got {len(nodes)}")
        return nodes_to_tree(nodes, self.depth)

    def encode(self, node: Node) -> bytes:
        return _encode_row(self.element, leaves(node, self.depth, self.count))


class ListCodec:
    """Elements that have a tree each, up to a limit."""

    size: int | None = None

    def __init__(self, view: type[List[Any]]) -> None:
        self.name = view.__name__
        self.element = codec_of(view.element_cls())
        self.limit = view.limit()
        self.depth = get_depth(self.limit)

    def decode(self, data: bytes) -> Node:
        nodes = _decode_row(self.element, self.name, data)
        _expect_at_most(len(nodes), self.limit, self.name)
        return mix_in_length(nodes_to_tree(nodes, self.depth), len(nodes))

    def encode(self, node: Node) -> bytes:
        return _encode_row(self.element, leaves(node.get_left(), self.depth, list_length(node)))


class ContainerCodec:
    """Named fields: those of fixed size in place, offsets to the others."""

    def __init__(self, view: type[Container]) -> None:
        self.name = view.__name__
        self.fields = [(name, codec_of(field)) for name, field in view.fields().items()]
        self.depth = get_depth(len(self.fields))
        sizes = [codec.size for _, codec in self.fields]
        self.head = sum(OFFSET_SIZE if size is None else size for size in sizes)
        self.size = None if None in sizes else self.head

    def decode(self, data: bytes) -> Node:
        if self.size is not None:
            _expect_length(data, self.size, self.name)
        elif len(data) < self.head:
            raise ValueError(f"{self.name} takes at least {self.head} bytes, got {len(data)}")
        parts: dict[str, bytes] = {}
        offsets: dict[str, int] = {}
        position = 0
        for name, codec in self.fields:
            end = position + (OFFSET_SIZE if codec.size is None else codec.size)
            if codec.size is None:
                offsets[name] = int.from_bytes(data[position:end], "little")
            else:
                parts[name] = data[position:end]
            position = end
        if offsets:
            tails = _split(data, list(offsets.values()), self.head, self.name)
            parts.update(zip(offsets, tails, strict=True))
        nodes = [self._decode_field(name, codec, parts[name]) for name, codec in self.fields]
        return nodes_to_tree(nodes, self.depth)

    def _decode_field(self, name: str, codec: Codec, data: bytes) -> Node:
        try:
            return codec.decode(data)
        except ValueError as error:
            raise ValueError(f"{self.name}.{name}: {error}") from None

    def encode(self, node: Node) -> bytes:
        head, tails, end = [], [], self.head
        nodes = leaves(node, self.depth, len(self.fields))
        for (_, codec), child in zip(self.fields, nodes, strict=True):
            part = codec.encode(child)
            if codec.size is None:
                head.append(end.to_bytes(OFFSET_SIZE, "little"))
                tails.append(part)
                end += len(part)
            else:
                head.append(part)
        return b"".join(head + tails)


_codecs: dict[type[View], Codec] = {}


def codec_of(view: type[View]) -> Codec:
    """Return the codec of a type; raises ``TypeError`` for one that SSZ does not have."""
    codec = _codecs.get(view)
    if codec is None:
        codec = _codecs[view] = _make_codec(view)
    return codec


def _make_codec(view: type[View]) -> Codec:
    if issubclass(view, (uint, boolean)):
        return BasicCodec(view)
    if issubclass(view, ByteVector):
        return ChunkVectorCodec(view.__name__, view.type_byte_length())
    if issubclass(view, ByteList):
        return ChunkListCodec(view.__name__, 1, view.limit())
    if issubclass(view, Bitvector):
        return BitVectorCodec(view)
    if issubclass(view, Bitlist):
        return BitListCodec(view)
    if issubclass(view, Container):
        return ContainerCodec(view)
    if issubclass(view, (Vector, List)):
        return _sequence_codec(view)
    raise TypeError(f"{view.__name__} is not an SSZ type")


def _sequence_codec(view: type[Vector[Any]] | type[List[Any]]) -> Codec:
    element = view.element_cls()
    if not issubclass(element, (uint, boolean)):
        return VectorCodec(view) if issubclass(view, Vector) else ListCodec(view)
    width = element.type_byte_length()
    of_booleans = issubclass(element, boolean)
    if issubclass(view, Vector):
        return ChunkVectorCodec(view.__name__, width * view.vector_length(), of_booleans)
    return ChunkListCodec(view.__name__, width, view.limit(), of_booleans)
