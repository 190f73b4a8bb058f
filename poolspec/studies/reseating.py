"""How long weight takes to come back after a shock.

Weight comes back through one line of all pools: an epoch seats `floor(churn limit / 32 ETH)`
validators, the limit being reckoned on what is active at the time. The bonds are topped up at once,
so this is the shortest time; each operator's own delay comes on top. The closed form follows the
limit epoch by epoch and leaves out the few epochs until the places in line are final.
"""

from collections.abc import Sequence

from matplotlib.figure import Figure

from poolspec.studies import plotting
from poolspec.studies.chains import ENGINE, Chain, Holders
from poolspec.studies.errors import CheckError
from poolspec.studies.protocol import ETH, REFERENCE_STAKE, churn_limit, days, seat
from poolspec.studies.study import Number, Point, Row, Study, Table, grid, select

__all__ = ["STUDY"]

TOTALS = (1_000_000, 4_000_000, 8_000_000, 16_000_000, REFERENCE_STAKE, 67_000_000)
SHOCKS = (0.1, 0.3, 1, 3, 5, 10, 20, 30)
FEW = 8
"""Epochs by which the engine may be later than the closed form: until a place in line is final."""


def points() -> list[Point]:
    """Return the sweep, and three runs on the engine."""
    closed = grid(kind=["closed form"], total_eth=TOTALS, shock_percent=SHOCKS, scale=[1])
    engine: list[Point] = [
        {"kind": "engine", "total_eth": 1_000_000, "shock_percent": 5, "scale": 1},
        {"kind": "engine", "total_eth": 8_000_000, "shock_percent": 1, "scale": 1},
        {"kind": "engine", "total_eth": REFERENCE_STAKE, "shock_percent": 0.3, "scale": 4},
    ]
    return [*closed, *engine]


def closed_epochs(total_eth: int, seats: int) -> int:
    """Return in how many epochs so many seats of a total are given out again."""
    stake = seat() // ETH
    active = total_eth - seats * stake
    epochs = 0
    while seats > 0:
        served = min(churn_limit(active) // seat(), seats)
        seats -= served
        active += served * stake
        epochs += 1
    return epochs


def run(point: Point) -> Row:
    """Return the time until the last seat is taken again."""
    total, shock = int(point["total_eth"] or 0), float(point["shock_percent"] or 0) / 100
    if point["kind"] == "engine":
        return run_engine(total, shock, int(point["scale"] or 1))
    epochs = closed_epochs(total, round(total * shock / 32))
    return {"epochs": epochs, "days": round(days(epochs), 2)}


def run_engine(total: int, shock: float, scale: int) -> Row:
    """Empty the bond of a pool with so much of the stake, fill it again, and wait."""
    chain = Chain([Holders(1 - shock), Holders(shock, pools=1)], scale=scale, total_eth=total)
    bonds = chain.simulation.bonds
    bond = int(bonds[0])
    bonds[0] = 0
    chain.ledger.open()
    chain.step()
    if chain.weight(1) != 0:
        raise CheckError("a pool without bond has kept seats")
    chain.top_up([0], bond)
    start, seats = chain.epoch, len(chain.groups[1])
    while chain.simulation.seats[0] < seats:
        chain.step()
    epochs = chain.epoch - start
    return {"epochs": epochs, "days": round(days(epochs), 2), "seats": seats * scale}


def check(rows: Sequence[Row]) -> None:
    """The engine takes as long as the closed form says, but for the finality of the line."""
    for row in select(rows, kind="engine"):
        expected = closed_epochs(row["total_eth"], row["seats"])
        if not expected <= row["epochs"] <= expected + FEW:
            raise CheckError(f"the engine took {row['epochs']} epochs, not {expected}: {row}")


def _days(rows: Sequence[Row], total: int, shock: float) -> float:
    found = select(rows, kind="closed form", total_eth=total, shock_percent=shock)
    return float(found[0]["days"])


def numbers(rows: Sequence[Row]) -> list[Number]:
    """Return what the text quotes."""
    made = [
        Number(
            f"total_{row['total_eth']}.shock_{row['shock_percent']}",
            round(row["days"], 1),
            "days",
            "until so many percent of the stake are seated again",
        )
        for row in select(rows, kind="closed form")
    ]
    return made + [
        Number(
            f"engine.total_{row['total_eth']}.excess",
            row["epochs"] - closed_epochs(row["total_eth"], row["seats"]),
            "epochs",
            f"by which the engine is later than the closed form (scale 1:{row['scale']})",
        )
        for row in select(rows, kind="engine")
    ]


def tables(rows: Sequence[Row]) -> list[Table]:
    """Return days by total and shock."""
    shocks = (0.3, 1, 3, 10, 30)
    body = [
        [f"{total:,}", *(f"{_days(rows, total, shock):,.1f}" for shock in shocks)]
        for total in TOTALS
    ]
    head = ["stake (ETH)", *(f"{shock}% gone (days)" for shock in shocks)]
    return [Table("reseating", head, body)]


def figure(rows: Sequence[Row]) -> Figure:
    """Plot days by shock for each total."""
    made, (axes,) = plotting.figure(1)
    for total, style in zip(TOTALS, plotting.line_styles(), strict=False):
        axes.plot(
            SHOCKS,
            [_days(rows, total, shock) for shock in SHOCKS],
            label=f"{total / 1e6:.0f}",
            **style,
        )
    runs = select(rows, kind="engine")
    axes.scatter(
        [row["shock_percent"] for row in runs],
        [row["days"] for row in runs],
        s=90,
        facecolors="none",
        edgecolors="#000000",
        zorder=5,
        label="on the engine",
    )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(SHOCKS, [str(shock) for shock in SHOCKS])
    axes.set_yticks([0.1, 1, 10, 100], ["0.1", "1", "10", "100"])
    axes.minorticks_off()
    plotting.finish(
        axes,
        "Time until all weight is back, bonds topped up at once",
        "stake that has lost its seats (%)",
        "time (days)",
        "active stake before (million ETH)",
        ncols=4,
    )
    return made


STUDY = Study(
    name="reseating",
    question="How long does weight take to be seated again after a shock?",
    assumptions=(
        "All bonds are topped up at once and nobody else stands in line.",
        "The chain finalizes throughout.",
    ),
    points=points(),
    run=run,
    numbers=numbers,
    tables=tables,
    figure=figure,
    check=check,
    sources=ENGINE,
)
