"""Random plain values of SSZ types (see `plain_ssz`), the same for the same seed."""

from collections.abc import Callable
from enum import Enum
from random import Random
from typing import Any

from poolspec.runtime.ssz import Boolean, Container
from tests.helpers.plain_ssz import is_basic, is_bits, is_bytes, is_list

MAX_ELEMENTS = 10
"""Most elements of a list."""

MAX_BYTES = 256
"""Most bytes of a byte list, and bits of a bit list."""


class Mode(Enum):
    """How values are chosen. The names are those of the suites."""

    RANDOM = "random"
    ZERO = "zero"
    MAX = "max"
    NIL = "nil"
    """Lists are empty."""
    ONE = "one"
    """Lists have one element."""
    LENGTHY = "lengthy"
    """Lists are as long as the limits above and their own allow."""
    CHAOS = "random_chaos"
    """A mode of its own for each part."""


def random_value(kind: Any, mode: Mode, random: Random) -> Any:
    """A plain value of the type."""
    if mode is Mode.CHAOS:
        here = random.choice([each for each in Mode if each is not Mode.CHAOS])
    else:
        here = mode
    if issubclass(kind, Container):
        return {name: random_value(field, mode, random) for name, field in kind.fields().items()}
    if issubclass(kind, Boolean):
        return _one_of(here, False, True, lambda: random.random() < 0.5)
    if is_basic(kind):
        bits = 8 * int(kind.type_byte_length())
        return _one_of(here, 0, 2**bits - 1, lambda: random.getrandbits(bits))
    length = _length(kind, here, random)
    if is_bytes(kind):
        return _one_of(here, b"\0" * length, b"\xff" * length, lambda: random.randbytes(length))
    if is_bits(kind):
        return [_one_of(here, False, True, lambda: random.random() < 0.5) for _ in range(length)]
    return [random_value(kind.element_cls(), mode, random) for _ in range(length)]


def _one_of(mode: Mode, zero: Any, most: Any, draw: Callable[[], Any]) -> Any:
    """The value that the mode asks for; every mode but two draws."""
    if mode is Mode.ZERO:
        return zero
    return most if mode is Mode.MAX else draw()


def _length(kind: Any, mode: Mode, random: Random) -> int:
    """How many elements, bytes or bits a value gets."""
    if not is_list(kind):
        return int(kind.vector_length())
    most = min(int(kind.limit()), MAX_BYTES if is_bytes(kind) or is_bits(kind) else MAX_ELEMENTS)
    fixed = {Mode.NIL: 0, Mode.ONE: min(1, most), Mode.LENGTHY: most}
    return fixed[mode] if mode in fixed else random.randint(0, most)
