"""The figures of a run that are looked at first, for the terminal and the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from poolspec.simulator import timing
from poolspec.simulator.recording import Series
from poolspec.simulator.running import Check, Result
from poolspec.simulator.units import GWEI_PER_ETH

__all__ = [
    "HEADINGS",
    "MEANINGS",
    "Line",
    "chain_title",
    "check_cells",
    "eth",
    "lines",
    "short",
    "time_text",
]

HEADINGS = (
    "variant",
    "chain",
    "lowest stake",
    "of start",
    "not final",
    "final alone",
    "seats lost",
    "bonds",
    "stakers",
    "operators",
    "burned",
)
MEANINGS = {
    "lowest stake": "least active stake in ETH, and its share of that at the start",
    "not final": "how long the chain did not finalize",
    "final alone": "after how long a side of a partition finalized by itself",
    "seats lost": "most seats missing at a time, compared with the start",
    "bonds": "change of all bonds in ETH",
    "stakers": "income in ETH of all stakers, solo ones included",
    "operators": "commissions less penalties in ETH",
    "burned": "all penalties in ETH",
}
_DAY = 86_400
_NONE = "\N{EN DASH}"
_MILLION = 10**6


@dataclass(frozen=True)
class Line:
    """A line of the summary: a cell for each of the headings."""

    cells: tuple[str, ...]


def chain_title(chain: str, side: str, *, is_divided: bool) -> str:
    """Return what a chain is called in tables and figures."""
    if is_divided:
        return f"{'pools' if chain == 'pools' else 'all solo'}, side {side.upper()}"
    return "with pools" if chain == "pools" else "all solo"


def eth(gwei: int, *, sign: bool = False) -> str:
    """Write an amount in ETH, as exactly as a reader needs it."""
    value = gwei / GWEI_PER_ETH
    size = abs(value)
    if size >= _MILLION:
        text = f"{value / _MILLION:+,.2f}M" if sign else f"{value / _MILLION:,.2f}M"
    else:
        digits = 0 if size >= 10_000 else 2 if size >= 1 or size == 0 else 4
        text = f"{value:+,.{digits}f}" if sign else f"{value:,.{digits}f}"
    return f"{text} ETH"


def short(gwei: int, *, sign: bool = False) -> str:
    """Write an amount in ETH with four digits or so, without the unit."""
    value = gwei / GWEI_PER_ETH
    for limit, divisor, letter in ((_MILLION, _MILLION, "M"), (10_000, 1000, "k")):
        if abs(value) >= limit:
            return f"{value / divisor:{'+' if sign else ''},.2f}{letter}"
    digits = 1 if abs(value) >= 10 else 3
    return f"{value:{'+' if sign else ''},.{digits}f}"


def time_text(epochs: int, seconds_per_epoch: int) -> str:
    """Write a number of epochs as a time."""
    seconds = epochs * seconds_per_epoch
    if seconds >= _DAY:
        return f"{seconds / _DAY:.1f} days"
    return f"{epochs} epochs"


def lines(variant: str, result: Result) -> list[Line]:
    """Return a line for each chain and side of a run."""
    is_divided = bool(result.other_sides)
    return [
        Line((variant, chain_title(chain, side, is_divided=is_divided), *_cells(result, series)))
        for chain, side, series in result.chains()
    ]


def _cells(result: Result, series: Series) -> tuple[str, ...]:
    """Return the figures of one chain."""
    active = series["active_weight"]
    lowest = int(active.min())
    share = lowest / max(int(active[0]), 1)
    bonds, seats = _sum(series, ".bond"), _sum(series, ".seats")
    stakers, operators = _sum(series, ".staker_income"), _sum(series, ".operator_income")
    return (
        short(lowest),
        f"{share:.1%}",
        _outage(result, series),
        _alone(result, series),
        _NONE if seats is None else f"{int(np.max(seats[0] - seats)):,}",
        _NONE if bonds is None else short(int(bonds[-1] - bonds[0]), sign=True),
        _NONE if stakers is None else short(int(stakers[-1]), sign=True),
        _NONE if operators is None else short(int(operators[-1]), sign=True),
        short(int(series["burned"][-1])),
    )


def _sum(series: Series, ending: str) -> np.ndarray[tuple[int], np.dtype[np.int64]] | None:
    """Return the sum over all groups of a column, None if no group has it."""
    found = [values for name, values in series.columns.items() if name.endswith(ending)]
    return np.sum(found, axis=0) if found else None


def _outage(result: Result, series: Series) -> str:
    """Say for how long nothing was finalized."""
    lost, back = series.when("finality lost"), series.when("finality back")
    ends: Sequence[int] = [*back, int(series["epoch"][-1])]
    epochs = sum(end - begin for begin, end in zip(lost, ends, strict=False))
    if not epochs:
        return "never"
    return time_text(epochs, timing.seconds_per_epoch(result.scenario.preset))


def _alone(result: Result, series: Series) -> str:
    """Say after how long a side of a partition finalized."""
    if not result.other_sides:
        return _NONE
    begun = int(next(iter(result.other_sides.values()))["epoch"][0])
    found = series.when("side finalizes")
    if not found:
        return "not"
    seconds = timing.seconds_per_epoch(result.scenario.preset)
    return "after " + time_text(found[0] - begun, seconds)


_COUNTS = ("seats", "waiting", "validators", "epoch")


def check_cells(check: Check) -> tuple[str, ...]:
    """Return what a table says of an expectation: when, event, column, expected, found."""
    expected = check.expectation
    is_count = expected.column.endswith(_COUNTS)
    show = "{:,}".format if is_count else eth
    found = show(check.found) + ("" if check.holds else " (!)")
    return (str(expected.at), expected.event, expected.column, show(expected.value), found)
