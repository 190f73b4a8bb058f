"""How many seats a silent pool loses from day to day, by the surplus of its bond.

Each epoch a silent seat owes the penalties for source and target, and in a leak the inactivity
penalty divided by `POOL_INACTIVITY_PENALTY_DIVISOR`. A bond with surplus pays from that first;
afterwards seats stand up as the bond carries fewer, and those who stand owe nothing any more.
Without a leak the seats fall like `exp(-x (t - surplus / x))`, `x` being the penalties of a day as
a share of a seat's bond.

Two runs on the engine at scale 1:64, one pool for each surplus: 12% of the stake silent, so that
the chain finalizes, and 60%, so that it leaks.
"""

from collections.abc import Sequence
from math import exp

from matplotlib.figure import Figure

from poolspec.studies import plotting
from poolspec.studies.chains import ENGINE, Chain, Holders
from poolspec.studies.errors import CheckError
from poolspec.studies.protocol import (
    REFERENCE_STAKE,
    absence_penalty,
    epochs_per_day,
    parameters,
    seat,
)
from poolspec.studies.study import Number, Point, Row, Study, Table, grid, select

__all__ = ["STUDY"]

SURPLUSES = (0, 5, 10, 25, 50, 100)
DAYS = 18
SCALE = 64
ONE_SEAT = 1.5
"""Seats of a scaled pool by which engine and closed form may differ."""


def points() -> list[Point]:
    """Return the two runs."""
    return grid(silent_percent=[12, 60])


def run(point: Point) -> Row:
    """Return the shares of the seats that are left after each day, by surplus."""
    silent = int(point["silent_percent"] or 0) / 100
    each = silent / len(SURPLUSES)
    pools = [Holders(each, 1, surplus / 100) for surplus in SURPLUSES]
    chain = Chain([Holders(1 - silent), *pools], scale=SCALE, min_bond=False)
    for group in chain.groups[1:]:
        chain.simulation.set_offline(group)
    # Votes of the epoch before are still to be rewarded
    chain.step()
    before = [int(seats) for seats in chain.simulation.seats]
    left = [before]
    for day in range(1, DAYS + 1):
        chain.step(round(day * epochs_per_day()) - round((day - 1) * epochs_per_day()))
        left.append([int(seats) for seats in chain.simulation.seats])
    return {
        "seats_at_start": before,
        "is_leaking": not chain.is_final(),
        **{
            f"left_{surplus}_percent": [
                round(100 * seats[place] / before[place], 3) for seats in left
            ]
            for place, surplus in enumerate(SURPLUSES)
        },
    }


def daily_share() -> float:
    """Return what a day of silence takes of a seat's bond, at leverage 100, as a share of it."""
    bond = seat() // int(parameters().POOL_LEVERAGE)
    return absence_penalty(REFERENCE_STAKE) * epochs_per_day() / bond


def closed_share(surplus: float, days: float) -> float:
    """Return which share of its seats a silent pool has left after some days without a leak."""
    share = daily_share()
    return min(1.0, exp(-share * max(0.0, days - surplus / share)))


def check(rows: Sequence[Row]) -> None:
    """Without a leak the engine follows the closed form to a seat."""
    for row in rows:
        if row["is_leaking"] != (row["silent_percent"] > 33):
            raise CheckError(f"the chain leaks, or does not, against the plan: {row}")
    row = select(rows, silent_percent=12)[0]
    for place, surplus in enumerate(SURPLUSES):
        for day, found in enumerate(row[f"left_{surplus}_percent"]):
            expected = 100 * closed_share(surplus / 100, day)
            if abs(found - expected) / 100 * row["seats_at_start"][place] > ONE_SEAT:
                raise CheckError(f"day {day}, surplus {surplus}%: {found}%, not {expected}%")


def _left(rows: Sequence[Row], silent: int, surplus: int, day: int) -> float:
    """Return the share of the seats that is left, by the closed form where there is one."""
    if silent == 12:
        return 100 * closed_share(surplus / 100, day)
    return float(select(rows, silent_percent=silent)[0][f"left_{surplus}_percent"][day])


def numbers(rows: Sequence[Row]) -> list[Number]:
    """Return what the text quotes."""
    share = daily_share()
    penalty = absence_penalty(REFERENCE_STAKE) * epochs_per_day() / 10**9
    made = [
        Number("day.eth", round(penalty, 5), "ETH", "penalties of a silent seat for a day"),
        Number("day.share", round(100 * share, 3), "% of a seat's bond", "the same"),
    ]
    for silent, words in ((12, "no leak"), (60, "leak")):
        made += [
            Number(
                f"{'leak' if silent == 60 else 'final'}.surplus_{surplus}.day_{day}",
                round(100 - _left(rows, silent, surplus, day), 2),
                "% of the seats",
                f"lost after {day} days of silence, {words}, surplus {surplus}%",
            )
            for surplus in SURPLUSES
            for day in (1, 3, 5, 7, 14, 18)
        ]
    return made


def tables(rows: Sequence[Row]) -> list[Table]:
    """Return the seats lost by surplus."""
    body = [
        [
            f"{surplus}%",
            *(
                f"{100 - _left(rows, silent, surplus, day):.1f}%"
                for silent in (12, 60)
                for day in (1, 5, 14)
            ),
        ]
        for surplus in SURPLUSES
    ]
    head = ["surplus"] + [
        f"{day} day{'s' if day > 1 else ''}, {kind}"
        for kind in ("no leak", "leak")
        for day in (1, 5, 14)
    ]
    return [Table("offline", head, body)]


def figure(rows: Sequence[Row]) -> Figure:
    """Plot the seats that are left by day."""
    made, plots = plotting.figure()
    for axes, silent, title in zip(
        plots,
        (12, 60),
        ("the chain finalizes (x: engine)", "the chain leaks (60% silent)"),
        strict=True,
    ):
        for surplus, style in zip(SURPLUSES, plotting.line_styles(), strict=False):
            left = [_left(rows, silent, surplus, day) for day in range(DAYS + 1)]
            axes.plot(range(DAYS + 1), left, label=f"{surplus}%", markevery=3, **style)
            if silent == 12:
                found = select(rows, silent_percent=12)[0][f"left_{surplus}_percent"]
                axes.plot(range(0, DAYS + 1, 3), found[::3], "x", color="#000000", zorder=5)
        axes.set_ylim(bottom=90 if silent == 12 else 0)
        plotting.finish(
            axes, title, "silence (days)", "seats left (%)", "surplus of the bond", ncols=3
        )
    return made


STUDY = Study(
    name="offline",
    question="How many seats does a silent pool lose each day?",
    assumptions=(
        "34 million ETH at scale 1:64, leverage 100, divisor 100; nobody tops a bond up.",
        "All of the pool is silent, and none of its validators is in a sync committee.",
    ),
    points=points(),
    run=run,
    numbers=numbers,
    tables=tables,
    figure=figure,
    check=check,
    sources=ENGINE,
)
