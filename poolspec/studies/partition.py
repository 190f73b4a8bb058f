"""When a chain finalizes again after a part of the stake has fallen silent, solo or pooled.

A side of a partition sees the other side as silent, so both are one question: with so much of the
stake online, how long until the rest has so little weight left that two thirds vote? Silent solo
stake loses weight by its balance. Silent pooled stake loses seats as its bonds leak, by a divisor
more slowly, and not at all while they have surplus; at the inactivity limit its seats end in any
case.

Every point is a run on the engine at scale 1:256, so each pool's seats are a 256th in number.
Pools lie on one side as a whole. The other side of a partition is its own run.
"""

from collections.abc import Sequence

from matplotlib.figure import Figure

from poolspec.studies import plotting
from poolspec.studies.chains import ENGINE, Chain, Holders
from poolspec.studies.errors import CheckError
from poolspec.studies.protocol import days, leak_epochs, parameters
from poolspec.studies.study import Number, Point, Row, Study, Table, select

__all__ = ["STUDY"]

ONLINE = (40, 50, 60, 64, 66)
LONGEST = 8000
"""Epochs after which a run gives up: 35 days, after which nothing that leaks has weight."""
EVERY = 50
POOLS = 10
FINALITY = 6
"""Epochs that justifying and finalizing may take after there is weight enough for it."""

VARIANTS: dict[str, dict[str, int]] = {
    "solo": {"divisor": 1, "surplus_percent": 0},
    "pooled": {"divisor": 100, "surplus_percent": 0},
    "pooled, surplus 10%": {"divisor": 100, "surplus_percent": 10},
    "pooled, surplus 25%": {"divisor": 100, "surplus_percent": 25},
    "pooled, surplus 100%": {"divisor": 100, "surplus_percent": 100},
    "pooled, divisor 1": {"divisor": 1, "surplus_percent": 0},
    "pooled, divisor 1, surplus 25%": {"divisor": 1, "surplus_percent": 25},
}


def points() -> list[Point]:
    """Return all variants for each share of the stake that is online."""
    return [
        {"variant": name, **values, "online_percent": online}
        for name, values in VARIANTS.items()
        for online in ONLINE
    ]


def run(point: Point) -> Row:
    """Silence a share of the stake and step until the chain finalizes."""
    online = int(point["online_percent"] or 0) / 100
    surplus = int(point["surplus_percent"] or 0) / 100
    if point["variant"] == "solo":
        chain = Chain([Holders(online), Holders(1 - online)], fork="fulu")
    else:
        chain = Chain(
            [Holders(online, POOLS, surplus), Holders(1 - online, POOLS, surplus)],
            min_bond=False,
            POOL_INACTIVITY_PENALTY_DIVISOR=int(point["divisor"] or 1),
        )
    chain.simulation.set_offline(chain.groups[1])
    final, start = chain.simulation.finalized_epoch, chain.epoch
    full = chain.weight(1)
    series = []
    # The epochs before the silence are finalized within its first two
    while chain.simulation.finalized_epoch <= max(final, start) and chain.epoch < start + LONGEST:
        if (chain.epoch - start) % EVERY == 0:
            series.append(round(100 * chain.weight(1) / full, 2))
        chain.step()
    if chain.epoch == start + LONGEST:
        raise CheckError(f"nothing is finalized within {LONGEST} epochs: {dict(point)}")
    epochs = chain.epoch - start
    return {
        "epochs": epochs,
        "days": round(days(epochs), 2),
        "weight_left_percent": round(100 * chain.weight(1) / full, 2),
        "weight_percent": series,
    }


def closed_epochs(online_percent: int) -> float | None:
    """Return when the leak alone lets silent solo stake weigh half of the rest.

    Effective balances are whole ETH and fall as soon as a balance is a quarter below them. None if
    it takes longer than until ejection, after which exits count too.
    """
    needed = 32 * online_percent // (2 * (100 - online_percent))
    share = 1 - (needed + 0.75) / 32
    epochs = leak_epochs(share)
    limit = int(parameters().SEAT_INACTIVITY_LIMIT) / int(parameters().INACTIVITY_SCORE_BIAS)
    return epochs if epochs < limit else None


def check(rows: Sequence[Row]) -> None:
    """Solo stake keeps the leak's quadratic; no seat outlasts the inactivity limit."""
    p = parameters()
    limit = int(p.SEAT_INACTIVITY_LIMIT) // int(p.INACTIVITY_SCORE_BIAS)
    for row in rows:
        if row["variant"] != "solo":
            if row["epochs"] > limit + FINALITY:
                raise CheckError(f"seats outlast the inactivity limit: {row}")
            continue
        expected = closed_epochs(row["online_percent"])
        if expected is not None and abs(row["epochs"] - expected) > 0.05 * expected + FINALITY:
            raise CheckError(f"the leak took {row['epochs']} epochs, not {expected:.0f}: {row}")


def _row(rows: Sequence[Row], variant: str, online: int) -> Row:
    return select(rows, variant=variant, online_percent=online)[0]


def numbers(rows: Sequence[Row]) -> list[Number]:
    """Return what the text quotes."""
    made = []
    for row in rows:
        name = row["variant"].replace(",", "").replace("%", "").replace(" ", "_")
        words = (
            f"until a side with {row['online_percent']}% of the stake finalizes, {row['variant']}"
        )
        key = f"online_{row['online_percent']}.{name}"
        made += [
            Number(f"{key}.epochs", row["epochs"], "epochs", words),
            Number(f"{key}.days", round(row["days"], 1), "days", words),
        ]
    return made


def tables(rows: Sequence[Row]) -> list[Table]:
    """Return days by variant and share online."""
    body = [
        [variant, *(f"{_row(rows, variant, online)['days']:.1f}" for online in ONLINE)]
        for variant in VARIANTS
    ]
    return [Table("partition", ["stake", *(f"{online}% online (days)" for online in ONLINE)], body)]


def figure(rows: Sequence[Row]) -> Figure:
    """Plot the time to finality by share online, and how silent weight goes in a half."""
    made, (left, right) = plotting.figure()
    shown = [name for name in VARIANTS if name != "pooled, surplus 10%"]
    for variant, style in zip(shown, plotting.line_styles(), strict=False):
        left.plot(
            ONLINE,
            [_row(rows, variant, online)["days"] for online in ONLINE],
            label=variant,
            **style,
        )
        row = _row(rows, variant, 40)
        times = [days(place * EVERY) for place in range(len(row["weight_percent"]))]
        right.plot(
            [*times, row["days"]],
            [*row["weight_percent"], row["weight_left_percent"]],
            label=variant,
            markevery=10,
            **style,
        )
    left.set_xticks((40, 50, 60, 66))
    left.set_ylim(bottom=0)
    plotting.finish(left, "until finality is back", "stake online (%)", "time (days)")
    right.set_ylim(0, 105)
    plotting.finish(right, "40% online, until finality is back", "time (days)", "silent weight (%)")
    handles, labels = left.get_legend_handles_labels()
    made.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=8.5)
    return made


STUDY = Study(
    name="partition",
    question="When does each side of a partition finalize, and what does the divisor cost?",
    assumptions=(
        "34 million ETH at scale 1:256; all of it is solo under Fulu, or all of it pooled.",
        "Each pool is on one side as a whole, and nobody tops a bond up.",
        "Those online miss nothing.",
    ),
    points=points(),
    run=run,
    numbers=numbers,
    tables=tables,
    figure=figure,
    check=check,
    sources=ENGINE,
)
