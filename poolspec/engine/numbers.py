"""Unsigned 64-bit arithmetic that never wraps around.

Single numbers are Python integers and are checked where the protocol would store or reuse them.
Columns are `uint64` arrays, on which numpy wraps in silence; the functions here prove from the
largest values that a result fits before they let numpy compute it, and otherwise reckon with
Python's integers. What does not fit into 64 bits is rejected (`InvalidError`), or saturates where
the name says so.
"""

from math import isqrt

import numpy as np
from numpy.typing import NDArray

from poolspec.engine.errors import InvalidError

__all__ = [
    "U64_MAX",
    "Column",
    "Indices",
    "Mask",
    "Numbers",
    "add",
    "add_saturating",
    "checked",
    "chunks",
    "column",
    "isqrt",
    "largest",
    "multiply",
    "multiply_saturating",
    "subtract_saturating",
    "sum_by_group",
    "total",
]

U64_MAX = 2**64 - 1

Column = NDArray[np.uint64]
Mask = NDArray[np.bool_]
Indices = NDArray[np.int64]
Numbers = NDArray[np.uint64] | int

_CHUNK = 2**15
_LOW = np.uint64(2**32 - 1)
_HALF = np.uint64(32)


def checked(value: int) -> int:
    """Return a number that fits into 64 bits; reject any other."""
    if 0 <= value <= U64_MAX:
        return value
    raise InvalidError(f"{value} is out of bounds for 64 bits")


def column(length: int, value: int = 0) -> Column:
    """Return a `uint64` column of equal values."""
    return np.full(length, value, np.uint64) if value else np.zeros(length, np.uint64)


def chunks(length: int) -> list[slice]:
    """Return the stretches of a column that fit into a core's cache together with their results.

    Several steps on one stretch at a time are faster than each step on the whole column.
    """
    return [slice(first, min(first + _CHUNK, length)) for first in range(0, length, _CHUNK)]


def largest(values: Numbers) -> int:
    """Return the largest of some numbers, 0 if there are none."""
    if isinstance(values, int):
        return values
    return int(values.max()) if values.size else 0


def _operand(values: Numbers) -> Column | np.uint64:
    return np.uint64(values) if isinstance(values, int) else values


def add(left: Column, right: Numbers) -> Column:
    """Return the sums; reject them if one does not fit."""
    if largest(left) + largest(right) > U64_MAX:
        room = np.uint64(U64_MAX) - left
        if np.any(_operand(right) > room):
            raise InvalidError("a sum is out of bounds for 64 bits")
    return left + _operand(right)


def add_saturating(left: Column, right: Numbers) -> Column:
    """Return the sums, `2**64 - 1` where they do not fit."""
    if largest(left) + largest(right) <= U64_MAX:
        return left + _operand(right)
    sums: Column = left + np.minimum(_operand(right), np.uint64(U64_MAX) - left)
    return sums


def subtract_saturating(left: Column, right: Numbers) -> Column:
    """Return the differences, 0 where they would be negative."""
    return left - np.minimum(left, _operand(right))


def _overflows(left: Column, right: Numbers) -> Mask:
    """Tell where a product does not fit: where the left factor is above `2**64 - 1 // right`."""
    if isinstance(right, int):
        most = U64_MAX // right if right else U64_MAX
        return np.greater(left, np.uint64(most))
    most_of_each = np.uint64(U64_MAX) // np.maximum(right, np.uint64(1))
    return np.greater(left, most_of_each)


def multiply(left: Column, right: Numbers) -> Column:
    """Return the products; reject them if one does not fit."""
    if largest(left) * largest(right) > U64_MAX and np.any(_overflows(left, right)):
        raise InvalidError("a product is out of bounds for 64 bits")
    return left * _operand(right)


def multiply_saturating(left: Column, right: Numbers) -> Column:
    """Return the products, `2**64 - 1` where they do not fit."""
    if largest(left) * largest(right) <= U64_MAX:
        return left * _operand(right)
    overflows = _overflows(left, right)
    fitting = np.where(overflows, np.uint64(0), left)
    return np.where(overflows, np.uint64(U64_MAX), fitting * _operand(right))


def total(values: Column) -> int:
    """Return the exact sum, which may be larger than 64 bits."""
    if largest(values) * values.size <= U64_MAX:
        return int(values.sum(dtype=np.uint64))
    high = (values >> _HALF).sum(dtype=np.uint64)
    return (int(high) << 32) + int((values & _LOW).sum(dtype=np.uint64))


def sum_by_group(values: Column, groups: Indices, count: int) -> list[int]:
    """Return the exact sums of the values of each group, `groups` holding numbers below `count`.

    Numpy counts in floating point, which is exact for integers up to `2**53`; larger sums are made
    of sums of parts of 24 bits, exact for up to `2**29` values.
    """
    if largest(values) * values.size < 2**53:
        return [int(each) for each in np.bincount(groups, values, count)]
    sums = [0] * count
    for shift in (0, 24, 48):
        part = (values >> np.uint64(shift)) & np.uint64(2**24 - 1)
        for group, each in enumerate(np.bincount(groups, part, count)):
            sums[group] += int(each) << shift
    return sums
