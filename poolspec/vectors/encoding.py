"""Encode states quickly when most of their fields have been encoded before.

The states of one filler after another share nearly everything with the state they all began from,
and under the mainnet preset most of the time of writing would go into encoding the same 65,536
RANDAO mixes again. Trees are immutable, so a field's encoding can be kept by the identity of its
node.
"""

from collections import OrderedDict
from typing import Any

from remerkleable.tree import to_gindex

from poolspec.runtime.codec import codec_of
from poolspec.runtime.ssz import Container, serialize

MAX_KEPT_BYTES = 2**26
"""Most that is kept, 64 MiB; what was not used for longest goes first."""

MIN_FIELD_BYTES = 2**12
"""Smaller encodings are not worth keeping."""

OFFSET_BYTES = 4


class FieldEncodings:
    """Encodings of fields, by node. The node is kept too, so that its identity stays its own."""

    def __init__(self, limit: int = MAX_KEPT_BYTES) -> None:
        self._limit = limit
        self._size = 0
        self._kept: OrderedDict[tuple[int, Any], tuple[Any, bytes]] = OrderedDict()

    def of(self, kind: Any, node: Any) -> bytes:
        """The encoding of a value of the type behind a node."""
        key = (id(node), kind)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key][1]
        encoded = codec_of(kind).encode(node)
        if len(encoded) >= MIN_FIELD_BYTES:
            self._kept[key] = (node, encoded)
            self._size += len(encoded)
            while self._size > self._limit:
                self._size -= len(self._kept.popitem(last=False)[1][1])
        return encoded

    def encode(self, value: Any) -> bytes:
        """The encoding of a value; that of a container is put together from its fields'."""
        if not isinstance(value, Container):
            return serialize(value)
        root, depth = value.get_backing(), value.tree_depth()
        head: list[bytes] = []
        tails: list[bytes] = []
        offset = 0
        for place, kind in enumerate(value.fields().values()):
            part = self.of(kind, root.getter(to_gindex(place, depth)))
            fixed = codec_of(kind).size is not None
            head.append(part if fixed else b"")
            tails.append(b"" if fixed else part)
            offset += len(part) if fixed else OFFSET_BYTES
        for place, kind in enumerate(value.fields().values()):
            if codec_of(kind).size is None:
                head[place] = offset.to_bytes(OFFSET_BYTES, "little")
                offset += len(tails[place])
        return b"".join(head + tails)
