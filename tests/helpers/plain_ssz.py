"""SSZ once more, the slow and obvious way, over plain values: what vectors of `ssz_static` expect.

A plain value is an `int` (unsigned integers), a `bool`, `bytes` (byte vectors and lists), a list of
bools (bitfields), a list, or a dict of fields. Types are those of the compiled forks; nothing of
them is used but their parameters, so that an error in the runtime's views, codecs or trees shows.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from poolspec.runtime.ssz import BitList, BitVector, ByteList, ByteVector, Container, List, Vector

CHUNK = 32
OFFSET = 4
LONG_INTEGER = 16
"""Integers of more bytes are written as strings in YAML."""


def is_list(kind: Any) -> bool:
    """Whether the type has a length of its own."""
    return issubclass(kind, (List, BitList, ByteList))


def is_bits(kind: Any) -> bool:
    """Whether the type is a bitfield."""
    return issubclass(kind, (BitList, BitVector))


def is_bytes(kind: Any) -> bool:
    """Whether the type is a string of bytes."""
    return issubclass(kind, (ByteList, ByteVector))


def is_sequence(kind: Any) -> bool:
    """Whether the type has elements of another type."""
    return issubclass(kind, (List, Vector))


def is_basic(kind: Any) -> bool:
    """Whether values are packed into chunks: integers and booleans."""
    return issubclass(kind, int)


def is_fixed(kind: Any) -> bool:
    """Whether all values of the type have the same size."""
    if issubclass(kind, Container):
        return all(map(is_fixed, kind.fields().values()))
    if is_list(kind):
        return False
    return is_fixed(kind.element_cls()) if issubclass(kind, Vector) else True


def encode(kind: Any, value: Any) -> bytes:
    """The encoding of a plain value."""
    if is_basic(kind):
        return int(value).to_bytes(kind.type_byte_length(), "little")
    if is_bytes(kind):
        return bytes(value)
    if is_bits(kind):
        return _pack_bits([*value, True] if issubclass(kind, BitList) else value)
    if issubclass(kind, Container):
        fields = kind.fields()
        return _join([(field, value[name]) for name, field in fields.items()])
    return _join([(kind.element_cls(), each) for each in value])


def _join(parts: Sequence[tuple[Any, Any]]) -> bytes:
    """Parts of fixed size in place, offsets for the others, and these behind."""
    encoded = [(is_fixed(kind), encode(kind, value)) for kind, value in parts]
    offset = sum(len(part) if fixed else OFFSET for fixed, part in encoded)
    heads: list[bytes] = []
    tails: list[bytes] = []
    for fixed, part in encoded:
        heads.append(part if fixed else offset.to_bytes(OFFSET, "little"))
        if not fixed:
            tails.append(part)
            offset += len(part)
    return b"".join(heads + tails)


def _pack_bits(bits: Sequence[bool]) -> bytes:
    """Eight to a byte, the first lowest."""
    number = sum(1 << place for place, bit in enumerate(bits) if bit)
    return number.to_bytes((len(bits) + 7) // 8, "little")


def root(kind: Any, value: Any) -> bytes:
    """The Merkle root of a plain value."""
    if is_basic(kind):
        return encode(kind, value).ljust(CHUNK, b"\0")
    if issubclass(kind, Container):
        return merkleize([root(each, value[name]) for name, each in kind.fields().items()])
    contents = merkleize(_chunks(kind, value), _chunk_limit(kind))
    if not is_list(kind):
        return contents
    return sha256(contents + len(value).to_bytes(CHUNK, "little")).digest()


def _chunks(kind: Any, value: Any) -> list[bytes]:
    """The leaves of a sequence, without what is beyond its length."""
    if is_sequence(kind) and not is_basic(kind.element_cls()):
        return [root(kind.element_cls(), each) for each in value]
    if is_bits(kind):
        packed = _pack_bits(value)
    elif is_bytes(kind):
        packed = bytes(value)
    else:
        packed = b"".join(encode(kind.element_cls(), each) for each in value)
    return [packed[at : at + CHUNK].ljust(CHUNK, b"\0") for at in range(0, len(packed), CHUNK)]


def _chunk_limit(kind: Any) -> int:
    """The most leaves that a value of the type can have."""
    most = int(kind.limit() if is_list(kind) else kind.vector_length())
    if is_bits(kind):
        return (most + 8 * CHUNK - 1) // (8 * CHUNK)
    if is_bytes(kind):
        return (most + CHUNK - 1) // CHUNK
    if is_basic(kind.element_cls()):
        return (most * int(kind.element_cls().type_byte_length()) + CHUNK - 1) // CHUNK
    return most


def merkleize(leaves: Sequence[bytes], limit: int | None = None) -> bytes:
    """The root over leaves, padded with zeros to the next power of two of the limit."""
    depth = max((limit if limit is not None else len(leaves)) - 1, 0).bit_length()
    zero = b"\0" * CHUNK
    layer = list(leaves)
    for _ in range(depth):
        if len(layer) % 2:
            layer.append(zero)
        layer = [sha256(layer[at] + layer[at + 1]).digest() for at in range(0, len(layer), 2)]
        zero = sha256(zero + zero).digest()
    return layer[0] if layer else zero


def to_yaml(kind: Any, value: Any) -> bytes:
    """The value as `value.yaml` shows it."""
    return ("\n".join(_yaml_lines(kind, value)) + "\n").encode()


def _yaml_lines(kind: Any, value: Any) -> list[str]:
    """The lines of a value in block style, not indented."""
    if issubclass(kind, Container):
        lines: list[str] = []
        for name, field in kind.fields().items():
            inner = _yaml_lines(field, value[name])
            if issubclass(field, Container):
                lines += [f"{name}:", *(f"  {line}" for line in inner)]
            elif inner[0].startswith("- "):
                lines += [f"{name}:", *inner]
            else:
                lines.append(f"{name}: {inner[0]}")
        return lines
    if is_sequence(kind) and value and not is_basic(kind.element_cls()):
        element = kind.element_cls()
        return [
            ("- " if place == 0 else "  ") + line
            for each in value
            for place, line in enumerate(_yaml_lines(element, each))
        ]
    if is_sequence(kind):
        return ["[" + ", ".join(_yaml_lines(kind.element_cls(), each)[0] for each in value) + "]"]
    return [_yaml_scalar(kind, value)]


def _yaml_scalar(kind: Any, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if is_basic(kind):
        return f"'{value}'" if kind.type_byte_length() >= LONG_INTEGER else str(value)
    return f"'0x{encode(kind, value).hex()}'"
