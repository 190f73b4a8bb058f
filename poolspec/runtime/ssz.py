"""SSZ: the types that the documents are written in, over eth-remerkleable.

A value is a view over an immutable binary Merkle tree: reading walks the tree, writing builds the
nodes on the way to the changed leaf and shares all others. A copy therefore costs nothing, and the
root of an unchanged part is computed once. The identity of a node (``view.get_backing()``) stands
for its contents, which is what the fast functions key their caches on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from remerkleable.basic import boolean, uint8, uint16, uint32, uint64, uint128, uint256
from remerkleable.byte_arrays import ByteList, ByteVector
from remerkleable.core import View
from remerkleable.tree import Node, get_depth

from poolspec.runtime.codec import codec_of

if TYPE_CHECKING:  # the library's stubs are generic, our views are not
    from remerkleable.bitfields import Bitlist as BitList
    from remerkleable.bitfields import Bitvector as BitVector
    from remerkleable.complex import Container, List, Vector
else:
    from poolspec.runtime.sequences import BitList, BitVector, List, Vector
    from poolspec.runtime.views import Container

__all__ = [
    "BitList",
    "BitVector",
    "Boolean",
    "ByteList",
    "ByteVector",
    "Bytes1",
    "Bytes4",
    "Bytes8",
    "Bytes20",
    "Bytes31",
    "Bytes32",
    "Bytes48",
    "Bytes96",
    "Container",
    "List",
    "Uint8",
    "Uint16",
    "Uint32",
    "Uint64",
    "Uint128",
    "Uint256",
    "Vector",
    "View",
    "copy",
    "deserialize",
    "hash_tree_root",
    "serialize",
    "uint_to_bytes",
]

AnyView = TypeVar("AnyView", bound=View)


class Boolean(boolean):
    """One byte, 0 or 1."""

    __slots__ = ()


class Uint8(uint8):
    """An unsigned integer of 8 bits. Results out of range raise ``ValueError``, as in all below."""

    __slots__ = ()


class Uint16(uint16):
    """An unsigned integer of 16 bits."""

    __slots__ = ()


class Uint32(uint32):
    """An unsigned integer of 32 bits."""

    __slots__ = ()


class Uint64(uint64):
    """An unsigned integer of 64 bits."""

    __slots__ = ()


class Uint128(uint128):
    """An unsigned integer of 128 bits."""

    __slots__ = ()


class Uint256(uint256):
    """An unsigned integer of 256 bits."""

    __slots__ = ()


class FixedBytes(ByteVector):
    """A byte vector whose length is named by its class."""

    _length: ClassVar[int]

    @classmethod
    def type_byte_length(cls) -> int:
        return cls._length

    @classmethod
    def tree_depth(cls) -> int:
        return get_depth((cls._length + 31) // 32)

    @classmethod
    def default_node(cls) -> Node:
        return cls().get_backing()


class Bytes1(FixedBytes):
    """One byte."""

    _length = 1


class Bytes4(FixedBytes):
    """Four bytes."""

    _length = 4


class Bytes8(FixedBytes):
    """Eight bytes."""

    _length = 8


class Bytes20(FixedBytes):
    """Twenty bytes, an execution address."""

    _length = 20


class Bytes31(FixedBytes):
    """Thirty-one bytes."""

    _length = 31


class Bytes32(FixedBytes):
    """Thirty-two bytes, a root or a hash."""

    _length = 32


class Bytes48(FixedBytes):
    """Forty-eight bytes, a compressed point of G1."""

    _length = 48


class Bytes96(FixedBytes):
    """Ninety-six bytes, a compressed point of G2."""

    _length = 96


def serialize(view: View) -> bytes:
    """Return the SSZ encoding."""
    return codec_of(type(view)).encode(view.get_backing())


def deserialize(view_type: type[AnyView], data: bytes) -> AnyView:
    """Return the value that ``data`` encodes.

    Raises ``ValueError`` if it does not encode exactly one value of the type.
    """
    return view_type.view_from_backing(codec_of(view_type).decode(data))


def hash_tree_root(view: Any) -> Bytes32:
    """Return the Merkle root of a value."""
    return Bytes32(view.hash_tree_root())


def uint_to_bytes(number: Uint8 | Uint16 | Uint32 | Uint64 | Uint128 | Uint256) -> bytes:
    """Return the little-endian bytes of an integer, as many as its type has."""
    return number.encode_bytes()


def copy(view: AnyView) -> AnyView:
    """Return an independent value with the same contents, in constant time."""
    return view.copy()
