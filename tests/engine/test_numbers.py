"""Columns of 64-bit numbers at their limits: nothing wraps around in silence."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolspec.engine import numbers
from poolspec.engine.errors import InvalidError

MOST = 2**64 - 1

EDGES = [0, 1, 2, 2**31, 2**32 - 1, 2**32, 2**32 + 1, 2**63, MOST - 1, MOST]
VALUES = st.one_of(st.sampled_from(EDGES), st.integers(0, MOST))
PAIRS = st.lists(st.tuples(VALUES, VALUES), max_size=8)


def u64(values: list[int]) -> numbers.Column:
    """A column."""
    return np.array(values, np.uint64)


@given(PAIRS)
def test_sums_are_exact_or_rejected(pairs: list[tuple[int, int]]) -> None:
    left, right = u64([pair[0] for pair in pairs]), u64([pair[1] for pair in pairs])
    expected = [one + other for one, other in pairs]
    assert numbers.add_saturating(left, right).tolist() == [min(each, MOST) for each in expected]
    if all(each <= MOST for each in expected):
        assert numbers.add(left, right).tolist() == expected
    else:
        with pytest.raises(InvalidError):
            numbers.add(left, right)


@given(PAIRS)
def test_products_are_exact_or_rejected(pairs: list[tuple[int, int]]) -> None:
    left, right = u64([pair[0] for pair in pairs]), u64([pair[1] for pair in pairs])
    expected = [one * other for one, other in pairs]
    saturated = [min(each, MOST) for each in expected]
    assert numbers.multiply_saturating(left, right).tolist() == saturated
    if all(each <= MOST for each in expected):
        assert numbers.multiply(left, right).tolist() == expected
    else:
        with pytest.raises(InvalidError):
            numbers.multiply(left, right)


@given(st.lists(VALUES, max_size=8), VALUES)
def test_a_column_and_a_number(values: list[int], number: int) -> None:
    column = u64(values)
    differences = numbers.subtract_saturating(column, number).tolist()
    assert differences == [max(value - number, 0) for value in values]
    products = numbers.multiply_saturating(column, number).tolist()
    assert products == [min(value * number, MOST) for value in values]
    sums = numbers.add_saturating(column, number).tolist()
    assert sums == [min(value + number, MOST) for value in values]


@given(st.lists(VALUES, max_size=20))
def test_totals_are_exact(values: list[int]) -> None:
    assert numbers.total(u64(values)) == sum(values)


@given(st.lists(st.tuples(st.integers(0, 3), VALUES), max_size=20))
def test_sums_by_group_are_exact(rows: list[tuple[int, int]]) -> None:
    groups = np.array([row[0] for row in rows], np.int64)
    sums = numbers.sum_by_group(u64([row[1] for row in rows]), groups, 4)
    assert sums == [sum(value for group, value in rows if group == each) for each in range(4)]


def test_a_product_at_the_very_limit() -> None:
    # 2**64 - 1 is 3 * 5 * 17 * 257 * 641 * 65537 * 6700417: the largest product that fits
    assert numbers.multiply(u64([4294967295]), 4294967297).tolist() == [MOST]
    with pytest.raises(InvalidError):
        numbers.multiply(u64([4294967296]), 4294967296)


def test_numbers_out_of_bounds_are_rejected() -> None:
    assert numbers.checked(0) == 0
    assert numbers.checked(MOST) == MOST
    for value in (-1, MOST + 1):
        with pytest.raises(InvalidError, match="out of bounds"):
            numbers.checked(value)


def test_chunks_cover_a_column() -> None:
    for length in (0, 1, 2**15, 2**15 + 1, 100_000):
        rows = [row for stretch in numbers.chunks(length) for row in range(length)[stretch]]
        assert rows == list(range(length))
