"""Encodings of every container of both forks, damaged: an error, or the same bytes again."""

from collections.abc import Iterator
from functools import cache
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import poolspec
from poolspec.runtime.codec import codec_of
from tests.helpers.pace import within
from tests.helpers.plain_ssz import is_basic
from tests.helpers.random_ssz import Mode, random_value
from tests.hostile.fuzzing import damaged, examples

SECONDS = 10


@cache
def containers() -> dict[str, Any]:
    """All containers, by fork and name."""
    found = {}
    for fork in ("fulu", "poolbonds"):
        spec = poolspec.load(fork, "minimal")
        for name, kind in vars(spec).items():
            is_container = isinstance(kind, type) and issubclass(kind, spec.Container)
            if is_container and kind is not spec.Container and kind.fields():
                found[f"{fork}.{name}"] = kind
    return found


@cache
def encoded(name: str, seed: int) -> bytes:
    """An encoding of a container with random content."""
    mode = [Mode.RANDOM, Mode.ONE, Mode.LENGTHY, Mode.NIL, Mode.CHAOS][seed % 5]
    kind = containers()[name]
    plain = random_value(kind, mode, Random(seed))
    return bytes(typed(kind, plain).encode_bytes())


def typed(kind: Any, plain: Any) -> Any:
    """A value of the type from plain ones."""
    if isinstance(plain, dict):
        fields = kind.fields()
        return kind(**{name: typed(fields[name], value) for name, value in plain.items()})
    if isinstance(plain, list) and hasattr(kind, "element_cls") and not is_bitfield(kind):
        element = kind.element_cls()
        return kind([each if is_basic(element) else typed(element, each) for each in plain])
    return kind(plain)


def is_bitfield(kind: Any) -> bool:
    """Whether elements are bits."""
    return "Bit" in "".join(base.__name__ for base in kind.__mro__)


def check(kind: Any, data: bytes) -> None:
    """It is refused with a ValueError, or it is the one encoding of what it gives."""
    with within(SECONDS):
        try:
            value = kind.decode_bytes(data)
        except ValueError:
            return
        assert value.encode_bytes() == data
        value.hash_tree_root()


def test_there_are_containers() -> None:
    assert {"fulu.BeaconState", "poolbonds.Pool", "poolbonds.SignedBeaconBlock"} <= set(
        containers()
    )
    assert len(containers()) > 80


@examples(150)
@given(st.data())
def test_damaged_encodings(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(containers())))
    check(containers()[name], data.draw(damaged(encoded(name, data.draw(st.integers(0, 9))))))


@examples(100)
@given(st.data())
def test_any_bytes(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(containers())))
    check(containers()[name], data.draw(st.binary(max_size=3000)))


@pytest.mark.parametrize("offset", [0, 1, 2**31, 2**32 - 1])
def test_giant_and_overlapping_offsets(offset: int) -> None:
    """Each offset of a state by another one: each kind is refused, and quickly."""
    kind = containers()["poolbonds.BeaconState"]
    whole = encoded("poolbonds.BeaconState", 0)
    places = list(offset_places(kind))
    assert len(places) > 15
    for place in places:
        wrong = whole[:place] + offset.to_bytes(4, "little") + whole[place + 4 :]
        with within(SECONDS), pytest.raises(ValueError, match="offset"):
            kind.decode_bytes(wrong)


def offset_places(kind: Any) -> Iterator[int]:
    """Where the offsets of a container stand."""
    place = 0
    for field in kind.fields().values():
        size = codec_of(field).size
        if size is None:
            yield place
        place += 4 if size is None else size


def test_many_offsets_in_few_bytes() -> None:
    """A list of thousands of empty elements, which are next to no bytes, takes next to no time."""
    kind = containers()["fulu.ExecutionPayload"].fields()["transactions"]
    count = 2**15
    data = (4 * count).to_bytes(4, "little") * count
    with within(SECONDS):
        check(kind, data)


def test_truncated_everywhere() -> None:
    """A block cut off at any place is refused."""
    kind = containers()["poolbonds.SignedBeaconBlock"]
    whole = encoded("poolbonds.SignedBeaconBlock", 1)
    for length in range(0, len(whole), 37):
        with within(SECONDS), pytest.raises(ValueError, match=r"."):
            kind.decode_bytes(whole[:length])
