"""The names that every document may use without importing them.

A compiled module begins with an import of all of them, so this list is the whole language that
the markdown is written in, besides Python's builtins and the document's own definitions.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from poolspec.runtime import bls
from poolspec.runtime.hashing import hash
from poolspec.runtime.ssz import (
    BitList,
    BitVector,
    Boolean,
    ByteList,
    Bytes1,
    Bytes4,
    Bytes8,
    Bytes20,
    Bytes31,
    Bytes32,
    Bytes48,
    Bytes96,
    ByteVector,
    Container,
    List,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Uint128,
    Uint256,
    Vector,
    View,
    copy,
    hash_tree_root,
    serialize,
    uint_to_bytes,
)

__all__ = [
    "Any",
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
    "Callable",
    "Container",
    "Enum",
    "Final",
    "Iterable",
    "Iterator",
    "List",
    "Mapping",
    "NamedTuple",
    "Protocol",
    "Sequence",
    "TypeVar",
    "Uint8",
    "Uint16",
    "Uint32",
    "Uint64",
    "Uint128",
    "Uint256",
    "Vector",
    "View",
    "bls",
    "copy",
    "dataclass",
    "field",
    "hash",
    "hash_tree_root",
    "serialize",
    "uint_to_bytes",
]
