"""Views over SSZ trees whose element access does no repeated work.

They have the contract of eth-remerkleable's views, from which they are derived: the same values and
the same sharing of trees. What differs is that a field's place and type are looked up when its
class is made, not at each access, that paths are walked in a loop, and that what does not fit a
type is always a ``ValueError`` or an ``IndexError``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from inspect import get_annotations
from typing import Any, ClassVar

from remerkleable.basic import boolean, uint
from remerkleable.byte_arrays import ByteList, ByteVector
from remerkleable.complex import Container as LibraryContainer
from remerkleable.core import BackedView, View
from remerkleable.tree import Node, RootNode, get_depth

from poolspec.runtime.codec import codec_of
from poolspec.runtime.nodes import (
    CHUNK_SIZE,
    chunk_roots,
    chunks_to_tree,
    nodes_to_tree,
    replace_at,
)

__all__ = ["CodedView", "Container", "Hook", "coerce", "make_view", "reader_of", "tree_of"]

Hook = Callable[[Any], None]

_new_integer = int.__new__
_new_bytes = bytes.__new__
_new_object = object.__new__
# Storing through the slots passes by the attribute check of Container.
_store_backing: Callable[[Any, Node], None] = BackedView.__dict__["_backing"].__set__
_store_hook: Callable[[Any, Hook | None], None] = BackedView.__dict__["_hook"].__set__


def make_view(view_type: type[Any], node: Node, hook: Hook | None) -> Any:
    """Return a view of ``node`` that reports its changes to ``hook``."""
    view = _new_object(view_type)
    _store_backing(view, node)
    _store_hook(view, hook)
    return view


def _read_integer(view_type: Any, size: int, node: Node) -> Any:
    return _new_integer(view_type, int.from_bytes(node.root[:size], "little"))


def _read_bytes(view_type: Any, size: int, node: Node) -> Any:
    return _new_bytes(view_type, node.root[:size])


def _read_long_bytes(view_type: Any, size: int, depth: int, node: Node) -> Any:
    chunks = (size + CHUNK_SIZE - 1) // CHUNK_SIZE
    return _new_bytes(view_type, chunk_roots(node, depth, chunks)[:size])


def reader_of(view_type: type[View]) -> Callable[[Node], Any] | None:
    """Return the function that reads an immutable value from a node; ``None`` for other types."""
    if issubclass(view_type, uint):
        return partial(_read_integer, view_type, view_type.type_byte_length())
    if issubclass(view_type, ByteVector):
        size = view_type.vector_length()
        if size <= CHUNK_SIZE:
            return partial(_read_bytes, view_type, size)
        return partial(_read_long_bytes, view_type, size, view_type.tree_depth())
    if issubclass(view_type, (boolean, ByteList)):
        return view_type.view_from_backing
    return None


def coerce(view_type: type[Any], value: Any) -> Any:
    if type(value) is view_type or isinstance(value, view_type):
        return value
    return view_type.coerce_view(value)


def _write_integer(size: int, value: int) -> Node:
    return RootNode(value.to_bytes(size, "little").ljust(CHUNK_SIZE, b"\x00"))


def _write_bytes(depth: int, value: bytes) -> Node:
    return chunks_to_tree(bytes(value), depth)


def _write_view(value: Any) -> Node:
    node: Node = value.get_backing()
    return node


def _make_writer(view_type: type[View]) -> Callable[[Any], Node]:
    if issubclass(view_type, (uint, boolean)):
        return partial(_write_integer, view_type.type_byte_length())
    if issubclass(view_type, ByteVector):
        return partial(_write_bytes, view_type.tree_depth())
    return _write_view


_writers: dict[type[Any], Callable[[Any], Node]] = {}


def tree_of(view_type: type[Any], value: Any) -> Node:
    """Return the tree of ``value`` taken as a ``view_type``."""
    writer = _writers.get(view_type)
    if writer is None:
        writer = _writers[view_type] = _make_writer(view_type)
    return writer(value if type(value) is view_type else coerce(view_type, value))


class _Field:
    """The descriptor of one container field: where it is in the tree, and how it is read."""

    __slots__ = ("depth", "index", "name", "read", "type")

    def __init__(self, name: str, view_type: type[View], index: int, depth: int) -> None:
        self.name = name
        self.type = view_type
        self.index = index
        self.depth = depth
        self.read = reader_of(view_type)

    def __get__(self, view: Any, owner: type | None = None) -> Any:
        if view is None:
            return self
        node = view._backing
        index, level = self.index, self.depth
        while level:
            level -= 1
            node = node.right if index >> level & 1 else node.left
        if self.read is not None:
            return self.read(node)
        return make_view(self.type, node, partial(self.rebind, view))

    def __set__(self, view: Any, value: Any) -> None:
        node = tree_of(self.type, value)
        view.set_backing(replace_at(view._backing, self.index, self.depth, node))

    def rebind(self, view: Any, child: Any) -> None:
        """Take over the changed tree of a child that was read from ``view``."""
        view.set_backing(replace_at(view._backing, self.index, self.depth, child._backing))


class CodedView(BackedView):
    """What every view with a tree has in common: encoding, copying, reporting its changes."""

    def __init_subclass__(cls, **arguments: Any) -> None:
        """Stop here: the library would look for fields in classes that are only bases."""

    @classmethod
    def view_from_backing(cls, node: Node, hook: Hook | None = None) -> Any:
        return make_view(cls, node, hook)

    @classmethod
    def decode_bytes(cls, bytez: bytes) -> Any:
        return make_view(cls, codec_of(cls).decode(bytes(bytez)), None)

    @classmethod
    def deserialize(cls, stream: Any, scope: int) -> Any:
        return cls.decode_bytes(stream.read(scope))

    def encode_bytes(self) -> bytes:
        return codec_of(type(self)).encode(self._backing)

    def serialize(self, stream: Any) -> int:
        encoded = self.encode_bytes()
        stream.write(encoded)
        return len(encoded)

    def value_byte_length(self) -> int:
        return len(self.encode_bytes())

    def copy(self) -> Any:
        return make_view(type(self), self._backing, None)

    def get_backing(self) -> Node:
        return self._backing

    def set_backing(self, value: Node) -> None:
        _store_backing(self, value)
        if self._hook is not None:
            self._hook(self)


class Container(CodedView, LibraryContainer):
    """A value with named fields. Subclasses declare them as annotations."""

    _fields: ClassVar[dict[str, type[View]]]

    def __init_subclass__(cls, **arguments: Any) -> None:
        own = {name: view for name, view in get_annotations(cls).items() if name[0] != "_"}
        for name, view in own.items():
            if not isinstance(view, type):
                raise TypeError(f"{cls.__name__}.{name} is annotated with no type: {view!r}")
        fields = {**getattr(cls, "_fields", {}), **own}
        if not fields:
            raise TypeError(f"container {cls.__name__} has no fields")
        cls._fields = fields
        cls._field_indices = {name: index for index, name in enumerate(fields)}
        depth = get_depth(len(fields))
        for index, (name, view_type) in enumerate(fields.items()):
            setattr(cls, name, _Field(name, view_type, index, depth))

    def __new__(
        cls, *, backing: Node | None = None, hook: Hook | None = None, **values: Any
    ) -> Any:
        if backing is None:
            unknown = values.keys() - cls._fields.keys()
            if unknown:
                raise AttributeError(f"{cls.__name__} has no field {', '.join(sorted(unknown))}")
            nodes = [
                tree_of(view_type, values[name]) if name in values else view_type.default_node()
                for name, view_type in cls._fields.items()
            ]
            backing = nodes_to_tree(nodes, get_depth(len(nodes)))
        elif values:
            raise TypeError("a container takes a tree or fields, not both")
        return make_view(cls, backing, hook)

    @classmethod
    def fields(cls) -> dict[str, type[View]]:
        return cls._fields

    @classmethod
    def tree_depth(cls) -> int:
        return get_depth(len(cls._fields))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{type(self).__name__} has no field {name}")

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self._field_indices and name[0] != "_":
            raise AttributeError(f"{type(self).__name__} has no field {name}")
        object.__setattr__(self, name, value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LibraryContainer) or len(self._fields) != len(other.fields()):
            return False
        return self._backing is other._backing or self.hash_tree_root() == other.hash_tree_root()

    def __hash__(self) -> int:
        return hash((self.hash_tree_root(), len(self._fields)))
