"""How much weight goes when bonds lose money, and what that does to majorities.

A pool keeps as many seats as its bond carries. With `surplus` above what its seats need, a bond
that loses the share `x` keeps `min(1, (1 + surplus) * (1 - x))` of its seats: that does not depend
on the leverage. Leverage decides how much of the bond a loss is: one ETH per seat is `leverage /
32` of it.

Slashings that come together are the loss that grows fastest. If the share `q` of all stake is
slashed, evenly among pools that hold the share `p` of it, each slashed seat costs about `32 * 3q`,
and there are `q / p` slashed seats for each seat; the bonds are empty from `q = sqrt(p * (1 +
surplus) / (3 * leverage))` on (initial penalties, `q / p / 4096` of the stake, left aside in the
formula, not in the sweep). This is what a client bug in some of a pool's machines does.

What remains finalizes with two thirds of the remaining weight, and a third of it is a veto.
"""

from collections.abc import Sequence
from math import sqrt

import numpy as np
from matplotlib.figure import Figure

from poolspec.studies import plotting
from poolspec.studies.chains import ENGINE, Chain, Holders
from poolspec.studies.errors import CheckError
from poolspec.studies.protocol import (
    ETH,
    REFERENCE_STAKE,
    churn_limit,
    days,
    initial_penalty,
    parameters,
    seat,
)
from poolspec.studies.study import Number, Point, Row, Study, Table, Value, grid, select

__all__ = ["STUDY"]

LEVERAGES = (10, 30, 100, 300, 1000)
SURPLUSES = (0, 10, 25, 50, 100)
SLASHED = (0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 2.5, 3, 3.5, 4, 5, 6, 8, 10)
GROUP = 30
"""Percent of the stake that the pools of the example hold."""


def points() -> list[Point]:
    """Return three sweeps: bond lost, ETH lost for each seat, stake slashed; and one engine run."""
    by_bond = grid(kind=["bond"], surplus_percent=SURPLUSES, loss=list(range(0, 101, 5)))
    by_seat = grid(
        kind=["seat"],
        leverage=LEVERAGES,
        surplus_percent=[0, 25],
        loss=[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5],
    )
    by_slashing = grid(
        kind=["slashing"],
        leverage=LEVERAGES,
        surplus_percent=SURPLUSES,
        pooled_percent=[GROUP, 60, 100],
        loss=SLASHED,
    )
    engine: list[Point] = [
        {"kind": "engine", "surplus_percent": surplus, "loss": loss}
        for surplus, loss in ((0, 2), (0, 3.6), (25, 2.5), (100, 3.6))
    ]
    return [*by_bond, *by_seat, *by_slashing, *engine]


def slashing_loss(slashed: float, pooled: float) -> float:
    """Return what a seat loses when such a share of all is slashed, as a share of its stake."""
    correlation = min(1 - initial_penalty() / seat(), 3 * slashed)
    return min(slashed / pooled, 1) * (initial_penalty() / seat() + correlation)


def kept_share(loss_of_stake: float, leverage: float, surplus: float) -> float:
    """Return which share of the seats a bond keeps after a loss, a share of their stake."""
    return float(np.clip(1 + surplus - leverage * loss_of_stake, 0, 1))


def emptying_share(pooled: float, leverage: float, surplus: float) -> float:
    """Return which share of all stake, slashed evenly among the pools, empties their bonds."""
    return sqrt(pooled * (1 + surplus) / (3 * leverage))


def run(point: Point) -> Row:
    """Return which share of the pools' weight goes."""
    kind, loss = point["kind"], float(point["loss"] or 0)
    surplus = float(point["surplus_percent"] or 0) / 100
    if kind == "engine":
        return run_engine(loss / 100, surplus)
    if kind == "bond":
        kept = min(1.0, (1 + surplus) * (1 - loss / 100))
    elif kind == "seat":
        kept = kept_share(loss * ETH / seat(), float(point["leverage"] or 0), surplus)
    else:
        pooled = float(point["pooled_percent"] or 0) / 100
        loss_of_stake = slashing_loss(min(loss / 100, pooled), pooled)
        # The slashed have left their seats, so of those who stayed no more can go.
        kept = kept_share(loss_of_stake, float(point["leverage"] or 0), surplus)
    return {"weight_gone_percent": round(100 * (1 - kept), 4)}


def run_engine(slashed: float, surplus: float) -> Row:
    """Slash some of each pool on the engine, wait for the correlation penalty, and look.

    Scale 1:256. Of the weight that is left in the end, seats of the slashed are not part: they have
    left through the exit queue or still weigh without voting.
    """
    group = GROUP / 100
    chain = Chain([Holders(1 - group), Holders(group, pools=5, surplus=surplus)], min_bond=False)
    total = chain.simulation.active_balance()
    members = chain.groups[1].reshape(5, -1)
    each = round(members.shape[1] * slashed / group)
    slashed_count = chain.slash(members[:, -each:].ravel())
    before = chain.bond(1)
    chain.step(int(parameters().EPOCHS_PER_SLASHINGS_VECTOR) // 2 - 1)
    still = int(chain.simulation.seats.sum())
    chain.step(3)
    seats = int(chain.simulation.seats.sum())
    return {
        "slashed_percent": round(100 * slashed_count * seat() / total, 4),
        "bond_before_eth": before / ETH,
        "bond_after_eth": chain.bond(1) / ETH,
        "seats_before": still,
        "seats_after": seats,
        "weight_gone_percent": round(100 * (1 - seats / still), 4),
    }


def check(rows: Sequence[Row]) -> None:
    """On the engine, bonds are empty where the closed form says so, and only there."""
    for row in select(rows, kind="engine"):
        surplus = row["surplus_percent"] / 100
        slashed, pooled = row["slashed_percent"] / 100, GROUP / 100
        kept = kept_share(slashing_loss(slashed, pooled), 100, surplus)
        expected = 100 * min(1.0, max(0.0, 1 - kept / (1 - slashed / pooled)))
        if abs(row["weight_gone_percent"] - expected) > 6:
            raise CheckError(f"the engine takes {row['weight_gone_percent']}%, not {expected}%")


def _gone(rows: Sequence[Row], **values: Value) -> list[float]:
    return [row["weight_gone_percent"] for row in select(rows, **values)]


def numbers(rows: Sequence[Row]) -> list[Number]:
    """Return what the text quotes."""
    group = GROUP / 100
    left = 1 - group
    back = group * REFERENCE_STAKE * ETH / churn_limit(REFERENCE_STAKE)
    made = [
        Number("group.share", GROUP, "%", "stake in the pools of the example"),
        Number("group.left", 100 * left, "%", "former stake that still weighs without them"),
        Number(
            "group.veto", round(100 * left / 3, 1), "%", "former stake that is a veto afterwards"
        ),
        Number(
            "group.quarter",
            round(25 / left, 1),
            "%",
            "of the remaining weight that a minority of 25% of the former has",
        ),
        Number(
            "group.finalizing",
            round(100 * left * 2 / 3, 1),
            "%",
            "former stake that finalizes afterwards",
        ),
        Number("group.back_epochs", round(back), "epochs", "until all of it is seated again"),
        Number("group.back_days", round(days(back)), "days", "the same in days"),
    ]
    made += [
        Number(
            f"emptying.pooled_{pooled}.leverage_{leverage}.surplus_{surplus}",
            round(100 * emptying_share(pooled / 100, leverage, surplus / 100), 2),
            "% of all stake",
            "slashed evenly among pools that hold so much of the stake, empties all their bonds",
        )
        for pooled in (GROUP, 60, 100)
        for leverage in LEVERAGES
        for surplus in SURPLUSES
    ]
    for row in select(rows, kind="engine"):
        made.append(
            Number(
                f"engine.surplus_{row['surplus_percent']}.slashed_{row['loss']}.gone",
                round(row["weight_gone_percent"], 1),
                "% of the seats",
                f"taken by slashing {row['slashed_percent']:.2f}% of all stake, pools with "
                f"{GROUP}% of it, leverage 100",
            )
        )
    return made


def tables(rows: Sequence[Row]) -> list[Table]:
    """Return from which slashings on bonds are empty."""
    body = [
        [
            f"{leverage}",
            *(
                f"{100 * emptying_share(pooled / 100, leverage, surplus / 100):.1f}%"
                for pooled in (GROUP, 100)
                for surplus in (0, 25, 100)
            ),
        ]
        for leverage in LEVERAGES
    ]
    head = ["leverage"] + [
        f"{pooled}% pooled, surplus {surplus}%"
        for pooled in (GROUP, 100)
        for surplus in (0, 25, 100)
    ]
    return [Table("swing", head, body)]


def figure(rows: Sequence[Row]) -> Figure:
    """Plot the weight that goes, by loss of each seat and by stake slashed."""
    made, (left, right) = plotting.figure()
    for leverage, style in zip(LEVERAGES, plotting.line_styles(), strict=False):
        chosen = select(rows, kind="seat", leverage=leverage, surplus_percent=0)
        left.plot(
            [row["loss"] for row in chosen],
            [row["weight_gone_percent"] for row in chosen],
            label=str(leverage),
            **style,
        )
    left.axvline(0.002, color="#777777", linewidth=1)
    left.annotate("a day\noffline", (0.0022, 96), fontsize=8, va="top", color="#555555")
    left.set_xscale("log")
    plotting.finish(
        left,
        "no surplus, by loss",
        "loss for each seat (ETH)",
        "pools' weight that goes (%)",
        "leverage",
        ncols=3,
    )
    for surplus, style in zip(SURPLUSES, plotting.line_styles(), strict=False):
        gone = _gone(
            rows, kind="slashing", leverage=100, surplus_percent=surplus, pooled_percent=GROUP
        )
        right.plot(SLASHED, gone, label=f"{surplus}%", **style)
    plotting.finish(
        right,
        f"leverage 100, {GROUP}% of the stake in pools",
        "stake slashed, of all (%)",
        "pools' weight that goes (%)",
        "surplus of the bonds",
        ncols=3,
    )
    return made


STUDY = Study(
    name="swing",
    question="How far does active stake swing with the bonds' losses, leverage and surplus?",
    assumptions=(
        "All pools are alike and lose alike; nobody tops a bond up.",
        "The slashed are spread evenly among the pools; their seats are not counted as going.",
        "Coming back takes the seating churn of 34 million ETH, and new bond at once.",
    ),
    points=points(),
    run=run,
    numbers=numbers,
    tables=tables,
    figure=figure,
    check=check,
    sources=ENGINE,
)
