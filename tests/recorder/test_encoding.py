"""Encodings put together from remembered fields are the ordinary ones."""

from typing import Any

import pytest

from poolspec.runtime.codec import codec_of
from poolspec.runtime.ssz import Bytes32, Container, List, Uint64, Vector, serialize
from poolspec.vectors.encoding import MIN_FIELD_BYTES, FieldEncodings
from tests.helpers.blocks import propose
from tests.helpers.genesis import genesis_state


class Roots(Vector[Bytes32, 256]):  # type: ignore[type-arg, valid-type]
    """8,192 bytes."""


class Numbers(List[Uint64, 1048576]):  # type: ignore[type-arg, valid-type]
    """Of any length."""


class Mixed(Container):
    """Fixed and variable parts, large and small."""

    first: Uint64
    numbers: Numbers
    roots: Roots
    more: Numbers


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The types of the fields that are really encoded."""
    seen: list[str] = []

    class Counting:
        def __init__(self, kind: Any) -> None:
            self.kind, self.codec = kind, plain(kind)
            self.size = self.codec.size

        def encode(self, node: Any) -> bytes:
            seen.append(self.kind.__name__)
            return self.codec.encode(node)

    plain = codec_of
    monkeypatch.setattr("poolspec.vectors.encoding.codec_of", Counting)
    return seen


def test_changes_show_and_the_rest_is_remembered(counted: list[str]) -> None:
    kept = FieldEncodings()
    value = Mixed(numbers=Numbers(*range(1000)), more=Numbers(1))
    assert kept.encode(value) == serialize(value)
    assert counted == ["Uint64", "Numbers", "Roots", "Numbers"]
    counted.clear()
    value.first = Uint64(7)
    value.more.append(Uint64(2))
    assert kept.encode(value) == serialize(value)
    assert counted == ["Uint64", "Numbers"]
    counted.clear()
    value.roots[200] = Bytes32(b"\1" * 32)
    assert kept.encode(value) == serialize(value)
    assert counted == ["Uint64", "Roots", "Numbers"]


def test_what_was_not_used_for_longest_is_forgotten(counted: list[str]) -> None:
    kept = FieldEncodings(limit=3 * MIN_FIELD_BYTES)
    values = [Mixed(roots=Roots([Bytes32(bytes([i]) * 32)] * 256)) for i in range(2)]
    for value in values:
        kept.encode(value)
    counted.clear()
    kept.encode(values[1])
    assert "Roots" not in counted
    kept.encode(values[0])
    assert "Roots" in counted


def test_states_and_blocks(spec: Any, state: Any) -> None:
    kept = FieldEncodings()
    assert kept.encode(state) == serialize(state)
    for _ in range(2):
        signed = propose(spec, state)
        assert kept.encode(signed) == serialize(signed)
        assert kept.encode(state) == serialize(state)
    assert kept.encode(genesis_state(spec)) == serialize(genesis_state(spec))
    assert kept.encode(spec.Uint64(5)) == serialize(spec.Uint64(5))
