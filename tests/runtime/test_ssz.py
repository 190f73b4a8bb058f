"""Our views and codecs against eth-remerkleable's, and against damaged encodings."""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from remerkleable import basic, bitfields, byte_arrays
from remerkleable import complex as library

from poolspec.runtime import ssz

# Types are made at run time here, with lengths that mypy cannot follow.
OURS: Any = ssz
uint8, uint64, boolean = basic.uint8, basic.uint64, basic.boolean
List: Any = library.List
Vector: Any = library.Vector
ByteList: Any = byte_arrays.ByteList
ByteVector: Any = byte_arrays.ByteVector
Bitlist: Any = bitfields.Bitlist
Bitvector: Any = bitfields.Bitvector


def _container(base: Any, **fields: Any) -> Any:
    return type("All" if "items" in fields else "Item", (base,), {"__annotations__": fields})


LibraryItem = _container(library.Container, number=uint64, flag=boolean, key=ByteVector[48])
LibraryAll = _container(
    library.Container,
    item=LibraryItem,
    items=List[LibraryItem, 9],
    numbers=List[uint64, 1000],
    small=Vector[uint8, 70],
    roots=Vector[ByteVector[32], 6],
    data=ByteList[100],
    many=List[ByteList[40], 5],
    bits=Bitlist[600],
    fixed_bits=Bitvector[12],
)
Item = _container(OURS.Container, number=OURS.Uint64, flag=OURS.Boolean, key=OURS.Bytes48)
All = _container(
    OURS.Container,
    item=Item,
    items=OURS.List[Item, 9],
    numbers=OURS.List[OURS.Uint64, 1000],
    small=OURS.Vector[OURS.Uint8, 70],
    roots=OURS.Vector[OURS.Bytes32, 6],
    data=OURS.ByteList[100],
    many=OURS.List[OURS.ByteList[40], 5],
    bits=OURS.BitList[600],
    fixed_bits=OURS.BitVector[12],
)


def _random_item(random: Random) -> dict[str, Any]:
    return {
        "number": random.randrange(2**64),
        "flag": random.randrange(2),
        "key": random.randbytes(48),
    }


def _random_values(random: Random) -> dict[str, Any]:
    return {
        "items": [_random_item(random) for _ in range(random.randrange(10))],
        "numbers": [random.randrange(2**64) for _ in range(random.choice([0, 3, 4, 5, 1000]))],
        "small": [random.randrange(256) for _ in range(70)],
        "roots": [random.randbytes(32)] * 4 + [random.randbytes(32)] * 2,
        "data": random.randbytes(random.choice([0, 1, 31, 32, 33, 100])),
        "many": [random.randbytes(random.randrange(41)) for _ in range(random.randrange(6))],
        "bits": [random.random() < 0.5 for _ in range(random.choice([0, 1, 7, 8, 256, 257, 600]))],
        "fixed_bits": [random.random() < 0.5 for _ in range(12)],
    }


def _pair(random: Random) -> tuple[Any, Any]:
    """Return the same random value as a view of ours and as one of the library's."""
    values, item = _random_values(random), _random_item(random)
    ours = {**values, "items": [Item(**each) for each in values["items"]]}
    theirs = {**values, "items": [LibraryItem(**each) for each in values["items"]]}
    return All(item=Item(**item), **ours), LibraryAll(item=LibraryItem(**item), **theirs)


@pytest.mark.parametrize("seed", range(30))
def test_same_root_and_encoding(seed: int) -> None:
    ours, theirs = _pair(Random(seed))
    assert ours.hash_tree_root() == theirs.hash_tree_root()
    encoded = theirs.encode_bytes()
    assert ssz.serialize(ours) == encoded
    assert ours.encode_bytes() == encoded
    decoded = ssz.deserialize(All, encoded)
    assert decoded.hash_tree_root() == theirs.hash_tree_root()
    assert decoded == ours
    assert decoded.to_obj() == theirs.to_obj()


def test_defaults() -> None:
    assert ssz.hash_tree_root(All()) == LibraryAll().hash_tree_root()
    assert All().encode_bytes() == LibraryAll().encode_bytes()
    assert All.is_fixed_byte_length() is False
    assert Item.type_byte_length() == 57


@pytest.mark.parametrize("seed", range(20))
def test_same_after_changes(seed: int) -> None:
    random = Random(seed)
    ours, theirs = _pair(random)
    for _ in range(40):
        _change(random, ours, theirs)
        assert ours.hash_tree_root() == theirs.hash_tree_root()


def _change(random: Random, ours: Any, theirs: Any) -> None:
    number = random.randrange(2**64)
    kind = random.randrange(8)
    if kind == 0:
        ours.item.number = theirs.item.number = number
    elif kind == 1 and len(ours.items):
        position = random.randrange(len(ours.items))
        ours.items[position].number = theirs.items[position].number = number
    elif kind == 2 and len(ours.items) < 9:
        item = _random_item(random)
        ours.items.append(Item(**item))
        theirs.items.append(LibraryItem(**item))
    elif kind == 3 and len(ours.numbers) < 1000:
        ours.numbers.append(ssz.Uint64(number))
        theirs.numbers.append(uint64(number))
    elif kind == 4 and len(ours.numbers):
        ours.numbers.pop()
        theirs.numbers.pop()
    elif kind == 5:
        ours.small[number % 70] = theirs.small[number % 70] = number % 256
    elif kind == 6:
        ours.fixed_bits[number % 12] = theirs.fixed_bits[number % 12] = bool(number & 16)
    elif kind == 7 and len(ours.items):
        ours.items.pop()
        theirs.items.pop()


def test_copies_are_independent() -> None:
    value, _ = _pair(Random(1))
    before = value.hash_tree_root()
    other = ssz.copy(value)
    other.item.number = 1
    assert value.hash_tree_root() == before
    assert other.hash_tree_root() != before
    # All that did not change is shared.
    assert other.numbers.get_backing() is value.numbers.get_backing()


@pytest.mark.parametrize("container", [All, LibraryAll])
def test_iteration_sees_changes_made_through_the_same_view(container: Any) -> None:
    value, element = container(), container.fields()["items"].element_cls()
    value.items = [element(number=number) for number in range(4)]
    items, seen = value.items, []
    for position, item in enumerate(items):
        seen.append(int(item.number))
        if position == 0:
            items[2].number = 50
    assert seen == [0, 1, 50, 3]
    value.numbers = [1, 2, 3, 4, 5]
    numbers, seen = value.numbers, []
    for position, number in enumerate(numbers):
        seen.append(int(number))
        if position == 1:
            numbers[4] = 9
    assert seen == [1, 2, 3, 4, 9]
    assert list(value.numbers) == [1, 2, 3, 4, 9]


@pytest.mark.parametrize("container", [All, LibraryAll])
def test_iteration_does_not_see_changes_made_through_another_view(container: Any) -> None:
    value, element = container(), container.fields()["items"].element_cls()
    value.items = [element(number=number) for number in range(3)]
    seen = []
    for item in value.items:
        seen.append(int(item.number))
        value.items[2].number = 50
    assert seen == [0, 1, 2]


@pytest.mark.parametrize("field", ["items", "numbers", "roots", "bits", "fixed_bits"])
def test_slices_are_those_of_a_list(field: str) -> None:
    value, _ = _pair(Random(10))
    view, listed = getattr(value, field), list(getattr(value, field))
    for part in (slice(None), slice(2), slice(3, None), slice(1, 4), slice(-2, None), slice(5, 2)):
        assert view[part] == listed[part]


def test_elements_of_a_slice_write_through() -> None:
    value, _ = _pair(Random(10))
    value.items = [Item()] * 3
    value.items[1:][0].number = 5
    assert [int(item.number) for item in value.items] == [0, 5, 0]


def test_unknown_fields() -> None:
    value = Item()
    with pytest.raises(AttributeError, match="has no field missing"):
        value.missing = 3
    with pytest.raises(AttributeError, match="has no field missing"):
        Item(missing=3)
    with pytest.raises(AttributeError, match="has no field missing"):
        _ = value.missing


def test_what_does_not_fit() -> None:
    value = All()
    with pytest.raises(ValueError, match="out of bounds"):
        value.item.number = 2**64
    with pytest.raises(IndexError):
        value.numbers[0] = 1
    with pytest.raises(IndexError):
        _ = value.small[70]
    with pytest.raises(IndexError):
        _ = value.small[-1]
    with pytest.raises(ValueError, match="at most 9"):
        value.items = [Item()] * 10
    value.items = [Item()] * 9
    with pytest.raises(ValueError, match="full"):
        value.items.append(Item())
    with pytest.raises(ValueError, match="holds 12"):
        value.fixed_bits = [True]


def test_integers_stay_in_range() -> None:
    most = ssz.Uint64(2**64 - 1)
    with pytest.raises(ValueError, match="out of bounds"):
        _ = most + 1
    with pytest.raises(ValueError, match="out of bounds"):
        _ = ssz.Uint64(0) - 1
    assert type(ssz.Uint64(3) + 4) is ssz.Uint64
    assert ssz.uint_to_bytes(ssz.Uint64(258)) == b"\x02\x01" + bytes(6)


BAD_ENCODINGS: dict[str, tuple[Any, bytes]] = {
    "empty": (All, b""),
    "too long a number": (ssz.Uint64, bytes(9)),
    "boolean two": (ssz.Boolean, b"\x02"),
    "boolean within": (Item, bytes(8) + b"\x02" + bytes(48)),
    "bit beyond the vector": (OURS.BitVector[12], b"\x00\x10"),
    "no delimiter": (OURS.BitList[8], b"\x00"),
    "no byte for bits": (OURS.BitList[8], b""),
    "too many bits": (OURS.BitList[8], b"\x00\x02"),
    "trailing zero byte": (OURS.BitList[80], b"\x01\x00"),
    "half a number": (OURS.List[ssz.Uint64, 4], bytes(12)),
    "too many numbers": (OURS.List[ssz.Uint64, 4], bytes(40)),
    "too few elements": (OURS.Vector[ssz.Uint8, 4], bytes(3)),
    "too many bytes": (OURS.ByteList[3], bytes(4)),
    "first offset too small": (OURS.List[OURS.ByteList[9], 4], b"\x02\x00\x00\x00"),
    "first offset beyond": (OURS.List[OURS.ByteList[9], 4], b"\x08\x00\x00\x00"),
    "offset of nothing": (OURS.List[OURS.ByteList[9], 4], b"\x00\x00\x00\x00"),
    "offsets fall": (OURS.List[OURS.ByteList[9], 4], b"\x08\x00\x00\x00\x07\x00\x00\x00"),
    "too many elements": (OURS.List[OURS.ByteList[9], 1], b"\x08\x00\x00\x00" * 2),
    "element too long": (OURS.List[OURS.ByteList[1], 1], b"\x04\x00\x00\x00ab"),
}


@pytest.mark.parametrize("kind", BAD_ENCODINGS)
def test_bad_encodings_are_refused(kind: str) -> None:
    view, data = BAD_ENCODINGS[kind]
    with pytest.raises(ValueError, match=r"."):
        ssz.deserialize(view, data)


def test_errors_name_the_field() -> None:
    encoded = bytearray(All().encode_bytes())
    encoded[8] = 2
    with pytest.raises(ValueError, match=r"All\.item: Item\.flag: Boolean: a boolean is neither"):
        ssz.deserialize(All, bytes(encoded))


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_no_other_encoding_is_accepted(data: bytes) -> None:
    """Whatever is accepted encodes back to itself; whatever is not is a ValueError."""
    for view in (All, Item, OURS.List[OURS.ByteList[9], 4], OURS.BitList[40]):
        try:
            value = ssz.deserialize(view, data)
        except ValueError:
            continue
        assert ssz.serialize(value) == data


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 400))
def test_damage_to_an_encoding(seed: int, position: int) -> None:
    """A changed byte gives another value or an error, never the same value."""
    value, _ = _pair(Random(seed % 50))
    encoded = bytearray(value.encode_bytes())
    position %= len(encoded)
    encoded[position] ^= 1 << seed % 8
    try:
        other = ssz.deserialize(All, bytes(encoded))
    except ValueError:
        return
    assert other != value
