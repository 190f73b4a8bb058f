"""Lists, vectors and bit fields as views with direct element access.

See ``poolspec.runtime.views`` for what they share with containers, and how they differ from
eth-remerkleable's, from which they are derived.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from types import GeneratorType
from typing import Any, ClassVar

from remerkleable.basic import boolean, uint
from remerkleable.bitfields import Bitlist as LibraryBitlist
from remerkleable.bitfields import Bitvector as LibraryBitvector
from remerkleable.complex import List as LibraryList
from remerkleable.complex import MonoSubtreeView
from remerkleable.complex import Vector as LibraryVector
from remerkleable.core import View
from remerkleable.tree import Node, RootNode, get_depth, subtree_fill_to_length

from poolspec.runtime.codec import list_length
from poolspec.runtime.nodes import (
    CHUNK_SIZE,
    Pair,
    chunk_roots,
    chunks_to_tree,
    leaves,
    mix_in_length,
    node_at,
    nodes_to_tree,
    replace_at,
    zero_subtree,
)
from poolspec.runtime.views import CodedView, Hook, coerce, make_view, reader_of, tree_of

__all__ = ["BitList", "BitVector", "List", "Vector"]


class _Elements(CodedView, MonoSubtreeView):  # type: ignore[type-arg]
    """Elements of one type; ``_depth`` is that of their tree without a mixed-in length."""

    _element: ClassVar[type[Any]]
    _read: ClassVar[tuple[Callable[[Node], Any]] | None]  # wrapped: it is no method
    _width: ClassVar[int]
    _per_chunk: ClassVar[int]
    _depth: ClassVar[int]

    @classmethod
    def _specialize(cls, element: type[View], count: int, name: str) -> dict[str, Any]:
        """Return the class attributes of a type with up to ``count`` elements."""
        width = element.type_byte_length() if issubclass(element, (uint, boolean)) else CHUNK_SIZE
        per_chunk = CHUNK_SIZE // width
        reader = reader_of(element)
        return {
            "_element": element,
            "_read": None if reader is None else (reader,),
            "_width": width,
            "_per_chunk": per_chunk,
            "_depth": get_depth((count + per_chunk - 1) // per_chunk),
            "__doc__": f"{name} of {count} {element.__name__}",
        }

    @classmethod
    def element_cls(cls) -> type[View]:
        return cls._element

    @classmethod
    def is_packed(cls) -> bool:
        return issubclass(cls._element, (uint, boolean))

    def _contents(self) -> Node:
        raise NotImplementedError

    def _replace(self, index: int, node: Node) -> None:
        raise NotImplementedError

    @classmethod
    def _tree_of_values(cls, values: Sequence[Any]) -> Node:
        if cls.is_packed():
            width = cls._width
            packed = [coerce(cls._element, value).to_bytes(width, "little") for value in values]
            return chunks_to_tree(b"".join(packed), cls._depth)
        return nodes_to_tree([tree_of(cls._element, value) for value in values], cls._depth)

    @classmethod
    def _values(cls, arguments: tuple[Any, ...]) -> Sequence[Any]:
        """Return the elements that a constructor was given: one by one or as one iterable."""
        if len(arguments) != 1:
            return arguments
        (argument,) = arguments
        if isinstance(argument, (GeneratorType, list, tuple)):
            return list(argument)
        if isinstance(argument, bytes) and cls._width == 1:
            return list(argument)
        return arguments

    def get(self, i: int) -> Any:
        i = int(i)
        if not 0 <= i < self.length():
            raise IndexError(f"{type(self).__name__} has no element {i}")
        if self._width == CHUNK_SIZE:
            return self._element_view(i, node_at(self._contents(), i, self._depth))
        chunk, position = divmod(i, self._per_chunk)
        root = node_at(self._contents(), chunk, self._depth).root
        start = position * self._width
        value = int.from_bytes(root[start : start + self._width], "little")
        return int.__new__(self._element, value)

    def _element_view(self, i: int, node: Node) -> Any:
        if self._read is not None:
            return self._read[0](node)
        return make_view(self._element, node, partial(self._rebind, i))

    def _rebind(self, i: int, child: Any) -> None:
        """Take over the changed tree of an element that was read from here."""
        if i >= self.length():
            raise IndexError(f"{type(self).__name__} has no element {i} any more")
        self._replace(i, child._backing)

    def set(self, i: int, v: Any) -> None:
        i = int(i)
        if not 0 <= i < self.length():
            raise IndexError(f"{type(self).__name__} has no element {i}")
        if self._width == CHUNK_SIZE:
            self._replace(i, tree_of(self._element, v))
            return
        chunk, position = divmod(i, self._per_chunk)
        root = node_at(self._contents(), chunk, self._depth).root
        self._replace(chunk, RootNode(self._patched(root, position, coerce(self._element, v))))

    def _patched(self, root: bytes, position: int, value: int) -> bytes:
        """Return a chunk with one of the elements packed in it replaced."""
        start = position * self._width
        encoded = int(value).to_bytes(self._width, "little")
        return root[:start] + encoded + root[start + self._width :]

    def __iter__(self) -> Iterator[Any]:
        """Yield the elements; those that the loop's body changes ahead of it are seen changed."""
        length = self.length()
        if self._width < CHUNK_SIZE:
            return map(self.get, range(length)) if length < 4 else self._iterate_packed(length)
        return self._iterate_nodes(length)

    def _iterate_nodes(self, length: int) -> Iterator[Any]:
        backing = self._backing
        for i, node in enumerate(leaves(self._contents(), self._depth, length)):
            unchanged = self._backing is backing
            yield self._element_view(i, node) if unchanged else self.get(i)

    def _iterate_packed(self, length: int) -> Iterator[Any]:
        backing = self._backing
        element, width = self._element, self._width
        data = self._packed_bytes(length)
        for i in range(length):
            if self._backing is backing:
                value = int.from_bytes(data[i * width : (i + 1) * width], "little")
                yield int.__new__(element, value)
            else:
                yield self.get(i)

    def _packed_bytes(self, length: int) -> bytes:
        chunks = (length + self._per_chunk - 1) // self._per_chunk
        return chunk_roots(self._contents(), self._depth, chunks)

    def readonly_iter(self) -> Iterator[Any]:
        return iter(self)

    def __getitem__(self, k: Any) -> Any:
        if isinstance(k, slice):
            return self._slice(range(*k.indices(self.length())))
        return self.get(k)

    def _slice(self, chosen: range) -> list[Any]:
        most = max(chosen, default=-1)
        # Going through all that comes before is worth it if much of it is wanted.
        if self._width < CHUNK_SIZE or 8 * len(chosen) <= most:
            return [self.get(i) for i in chosen]
        nodes = leaves(self._contents(), self._depth, most + 1)
        return [self._element_view(i, nodes[i]) for i in chosen]

    def __contains__(self, value: object) -> bool:
        return any(element == value for element in self)


class List(_Elements, LibraryList):  # type: ignore[type-arg]
    """Up to a limit of elements: ``List[element type, limit]``."""

    _limit: ClassVar[int]

    def __class_getitem__(cls, parameters: Any) -> type[List]:
        element, limit = parameters
        attributes = cls._specialize(element, int(limit), "List")
        name = f"List[{element.__name__}, {limit}]"
        return type(name, (cls,), {**attributes, "_limit": int(limit)})

    def __new__(cls, *args: Any, backing: Node | None = None, hook: Hook | None = None) -> Any:
        if backing is None:
            values = cls._values(args)
            if len(values) > cls._limit:
                raise ValueError(f"{cls.__name__} holds at most {cls._limit}, got {len(values)}")
            backing = mix_in_length(cls._tree_of_values(values), len(values))
        elif args:
            raise TypeError("a list takes a tree or elements, not both")
        return make_view(cls, backing, hook)

    @classmethod
    def limit(cls) -> int:
        return cls._limit

    @classmethod
    def contents_depth(cls) -> int:
        return cls._depth

    @classmethod
    def default_node(cls) -> Node:
        return mix_in_length(zero_subtree(cls._depth), 0)

    def length(self) -> int:
        return list_length(self._backing)

    def _contents(self) -> Node:
        return self._backing.get_left()

    def _replace(self, index: int, node: Node) -> None:
        contents = replace_at(self._contents(), index, self._depth, node)
        self.set_backing(Pair(contents, self._backing.get_right()))

    def append(self, v: Any) -> None:
        length = self.length()
        if length >= self._limit:
            raise ValueError(f"{type(self).__name__} is full: it holds {self._limit}")
        if self._width == CHUNK_SIZE:
            index, node = length, tree_of(self._element, v)
        else:
            index, position = divmod(length, self._per_chunk)
            root = node_at(self._contents(), index, self._depth).root if position else bytes(32)
            node = RootNode(self._patched(root, position, coerce(self._element, v)))
        contents = replace_at(self._contents(), index, self._depth, node)
        self.set_backing(mix_in_length(contents, length + 1))

    def pop(self) -> None:
        length = self.length()
        if length == 0:
            raise IndexError(f"{type(self).__name__} is empty")
        if self._width == CHUNK_SIZE:
            kept = nodes_to_tree(leaves(self._contents(), self._depth, length - 1), self._depth)
        else:
            data = self._packed_bytes(length)[: (length - 1) * self._width]
            kept = chunks_to_tree(data, self._depth)
        self.set_backing(mix_in_length(kept, length - 1))


class Vector(_Elements, LibraryVector):  # type: ignore[type-arg]
    """A fixed number of elements: ``Vector[element type, length]``."""

    _length: ClassVar[int]

    def __class_getitem__(cls, parameters: Any) -> type[Vector]:
        element, length = parameters
        if length <= 0:
            raise ValueError(f"a vector has at least one element, not {length}")
        attributes = cls._specialize(element, int(length), "Vector")
        name = f"Vector[{element.__name__}, {length}]"
        return type(name, (cls,), {**attributes, "_length": int(length)})

    def __new__(cls, *args: Any, backing: Node | None = None, hook: Hook | None = None) -> Any:
        if backing is None:
            if not args:
                return make_view(cls, cls.default_node(), hook)
            values = cls._values(args)
            if len(values) != cls._length:
                raise ValueError(f"{cls.__name__} holds {cls._length}, got {len(values)}")
            backing = cls._tree_of_values(values)
        elif args:
            raise TypeError("a vector takes a tree or elements, not both")
        return make_view(cls, backing, hook)

    @classmethod
    def vector_length(cls) -> int:
        return cls._length

    @classmethod
    def tree_depth(cls) -> int:
        return cls._depth

    @classmethod
    def default_node(cls) -> Node:
        element = zero_subtree(0) if cls.is_packed() else cls._element.default_node()
        chunks = (cls._length + cls._per_chunk - 1) // cls._per_chunk
        return subtree_fill_to_length(element, cls._depth, chunks)

    def length(self) -> int:
        return self._length

    def _contents(self) -> Node:
        return self._backing

    def _replace(self, index: int, node: Node) -> None:
        self.set_backing(replace_at(self._backing, index, self._depth, node))


def _pack_bits(bits: Iterable[Any]) -> tuple[bytes, int]:
    """Return bits as bytes, the lowest first, and how many they are."""
    text = "".join("1" if bit else "0" for bit in bits)
    return int(text[::-1] or "0", 2).to_bytes((len(text) + 7) // 8, "little"), len(text)


def _given_bits(arguments: tuple[Any, ...]) -> Iterable[Any]:
    if len(arguments) == 1 and isinstance(arguments[0], (GeneratorType, list, tuple)):
        return arguments[0]
    return arguments


def _iterate_bits(data: bytes, length: int) -> Iterator[bool]:
    number = int.from_bytes(data, "little")
    return iter([bit == "1" for bit in f"{number:0{length}b}"[::-1][:length]] if length else [])


class _Bits(CodedView):
    """Slices of bit fields, read at once."""

    def __getitem__(self, k: Any) -> Any:
        if isinstance(k, slice):
            bits: Any = self
            return [boolean(bit) for bit in list(bits)[k]]
        bits = super()
        return bits.__getitem__(k)


class BitList(_Bits, LibraryBitlist):
    """Up to a limit of bits: ``BitList[limit]``."""

    _limit: ClassVar[int]

    def __class_getitem__(cls, limit: int) -> type[BitList]:
        return type(f"BitList[{limit}]", (cls,), {"_limit": int(limit)})

    def __new__(cls, *args: Any, backing: Node | None = None, hook: Hook | None = None) -> Any:
        if backing is None:
            data, length = _pack_bits(_given_bits(args))
            if length > cls._limit:
                raise ValueError(f"{cls.__name__} holds at most {cls._limit}, got {length}")
            backing = mix_in_length(chunks_to_tree(data, cls.contents_depth()), length)
        return make_view(cls, backing, hook)

    @classmethod
    def limit(cls) -> int:
        return cls._limit

    def length(self) -> int:
        return list_length(self._backing)

    def __iter__(self) -> Iterator[Any]:
        length = self.length()
        chunks = (length + 255) // 256
        contents = self._backing.get_left()
        return _iterate_bits(chunk_roots(contents, self.contents_depth(), chunks), length)


class BitVector(_Bits, LibraryBitvector):
    """A fixed number of bits: ``BitVector[length]``."""

    _length: ClassVar[int]

    def __class_getitem__(cls, length: int) -> type[BitVector]:
        if length <= 0:
            raise ValueError(f"a bit vector has at least one bit, not {length}")
        return type(f"BitVector[{length}]", (cls,), {"_length": int(length)})

    def __new__(cls, *args: Any, backing: Node | None = None, hook: Hook | None = None) -> Any:
        if backing is None:
            if not args:
                return make_view(cls, cls.default_node(), hook)
            data, length = _pack_bits(_given_bits(args))
            if length != cls._length:
                raise ValueError(f"{cls.__name__} holds {cls._length}, got {length}")
            backing = chunks_to_tree(data, cls.tree_depth())
        return make_view(cls, backing, hook)

    @classmethod
    def vector_length(cls) -> int:
        return cls._length

    def __iter__(self) -> Iterator[Any]:
        chunks = (self._length + 255) // 256
        return _iterate_bits(chunk_roots(self._backing, self.tree_depth(), chunks), self._length)
