"""Which errors are verdicts of the protocol, and which are crashes."""

from collections.abc import Callable
from typing import Any

import pytest

from poolspec.runtime.ssz import Bytes32, List, Uint8, Uint64
from poolspec.vectors.rejection import describe, is_protocol_rejection


class Numbers(List[Uint64, 2]):  # type: ignore[type-arg, valid-type]
    """At most two."""


NUMBERS = Numbers(1, 2)


def _fail() -> None:
    raise AssertionError


def _full_list() -> None:
    numbers = Numbers(1, 2)
    numbers.append(Uint64(3))


VERDICTS: list[Callable[[], Any]] = [
    _fail,
    lambda: NUMBERS[2],
    lambda: [0, 1][Uint64(2)],
    lambda: Uint64(2**64 - 1) + 1,
    lambda: Uint64(0) - 1,
    lambda: Uint64(2**63) * 2,
    lambda: Uint64(2**64),
    lambda: Uint8(256),
]

CRASHES: list[Callable[[], Any]] = [
    lambda: {0: 0}[1],
    lambda: None.slot,  # type: ignore[attr-defined]
    lambda: int("one"),
    lambda: Uint64(1) // 0,
    lambda: Uint64(1) + Uint8(1),
    lambda: Uint64(1) / 2,
    lambda: Uint64("1"),  # type: ignore[arg-type]
    lambda: Bytes32(b""),
    lambda: undefined_name,  # type: ignore[name-defined]  # noqa: F821
    lambda: next(iter(())),
    lambda: bytes.fromhex("zz"),
    _full_list,
]


def _error(action: Callable[[], Any]) -> BaseException:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the kind is what is judged
        action()
    return caught.value


@pytest.mark.parametrize("action", VERDICTS)
def test_verdicts(action: Callable[[], Any]) -> None:
    assert is_protocol_rejection(_error(action))


@pytest.mark.parametrize("action", CRASHES)
def test_crashes(action: Callable[[], Any]) -> None:
    assert not is_protocol_rejection(_error(action))


def test_an_own_error_that_copies_the_text_is_no_verdict() -> None:
    def pretend() -> None:
        raise ValueError("value out of bounds")

    assert not is_protocol_rejection(_error(pretend))


def test_the_description_is_one_line_with_the_place() -> None:
    def two_lines() -> None:
        raise KeyError("first\nsecond")

    text = describe(_error(two_lines))
    assert text.startswith("KeyError: ")
    assert f" at {__file__}:" in text
    assert "\n" not in text
