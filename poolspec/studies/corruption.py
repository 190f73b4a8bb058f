"""What it costs to sign two histories with a third, or two thirds, of the weight.

Who finalizes two conflicting blocks has to sign both with a third of the weight; who finalizes
what it likes alone needs two thirds. All of it can be slashed. The attackers take pooled seats
first, since they are cheaper, and solo validators only where those do not suffice.

Per seat, slashing takes 1/4096 of the stake at once, and the correlation penalty later: three
times the share of the stake that is slashed, at most all (a little more where many of the slashed
have left before it falls). From a third of the weight on that is the whole stake. A solo validator
pays it; a pool pays what its bond has: `32 / leverage` ETH for a seat, more with surplus, and at
least `MIN_POOL_BOND` for all seats of a pool together.

With late evidence, all attacking seats have stood up before the first of them is slashed:
weightless validators add nothing to the sum of slashings, so only solo attackers raise the
correlation penalty.
"""

from collections.abc import Sequence

from matplotlib.figure import Figure

from poolspec.studies import plotting
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
from poolspec.studies.study import Number, Point, Row, Study, Table, grid, select

__all__ = ["STUDY"]

LARGE = 100_000
"""Seats of a pool that is so large that `MIN_POOL_BOND` does not matter to it."""

SHARES = tuple(sorted({*range(0, 101, 5), 33, 34}))
_MARKED = [SHARES.index(share) for share in range(0, 101, 20)]
LEVERAGES = (10, 30, 100, 300, 1000)


def points() -> list[Point]:
    """Return the sweep: by shares for all leverages, and what pools may be like at each of them."""
    common = grid(
        part=["third", "two thirds"],
        leverage=LEVERAGES,
        surplus_percent=[0, 25],
        pool_seats=[LARGE],
        late_evidence=[False, True],
        pooled_percent=SHARES,
    )
    small = grid(
        part=["third", "two thirds"],
        leverage=LEVERAGES,
        surplus_percent=[0],
        pool_seats=[1, 10, 100],
        late_evidence=[False],
        pooled_percent=SHARES,
    )
    return [*common, *small]


def bond_of_seat(leverage: int, surplus_percent: int, pool_seats: int) -> float:
    """Return how much bond (ETH) stands behind each seat of a pool."""
    needed = seat() / leverage * (1 + surplus_percent / 100)
    return max(needed, int(parameters().MIN_POOL_BOND) / pool_seats) / ETH


def run(point: Point) -> Row:
    """Return the cost of one attack in ETH, and what the stakers' solo equivalent would cost."""
    part = {"third": 1 / 3, "two thirds": 2 / 3}[str(point["part"])]
    pooled = min(part, float(point["pooled_percent"] or 0) / 100)
    solo = part - pooled
    is_late = bool(point["late_evidence"])
    # Weight that has stood up is neither among the slashed nor in the total.
    slashed, total = (solo, 1 - pooled) if is_late else (part, 1.0)
    correlation = min(1.0, 3 * slashed / total) if slashed else 0.0
    initial = initial_penalty() / seat()
    liability = min(1.0, initial + correlation) * seat() / ETH
    bond = bond_of_seat(
        int(point["leverage"] or 0),
        int(point["surplus_percent"] or 0),
        int(point["pool_seats"] or 0),
    )
    seats = REFERENCE_STAKE * ETH / seat()
    cost = seats * (solo * liability + pooled * min(liability, bond))
    return {
        "cost_eth": round(cost, 3),
        "cost_of_solo_eth": round(part * REFERENCE_STAKE, 3),
        "pooled_seat_pays_eth": round(min(liability, bond), 7),
    }


def check(rows: Sequence[Row]) -> None:
    """A solo attack costs all of its stake; a pool of one seat is no cheaper than that."""
    for row in select(rows, late_evidence=False):
        if row["pooled_percent"] == 0 or row["pool_seats"] == 1:
            if abs(row["cost_eth"] / row["cost_of_solo_eth"] - 1) > 1e-9:
                raise CheckError(f"an attack by solo stake must cost all of it: {row}")
        elif row["cost_eth"] > row["cost_of_solo_eth"] * (1 + 1e-9):
            raise CheckError(f"no attack costs more than its stake: {row}")


def _cost(rows: Sequence[Row], part: str, pooled: int, **others: int | bool) -> float:
    chosen = {"leverage": 100, "surplus_percent": 0, "pool_seats": LARGE, "late_evidence": False}
    found = select(rows, part=part, pooled_percent=pooled, **{**chosen, **others})
    return float(found[0]["cost_eth"])


def closing_epochs() -> float:
    """Return how long a pool with a third of the stake waits until its closing takes its seats."""
    return REFERENCE_STAKE * ETH / 3 / churn_limit(REFERENCE_STAKE)


def numbers(rows: Sequence[Row]) -> list[Number]:
    """Return what the text quotes."""
    made = [
        Number(
            f"{name}.pooled_{pooled}.{kind}",
            round(_cost(rows, part, pooled, **others)),
            "ETH",
            f"cost of corrupting {part} of the weight with {pooled}% pooled, leverage 100, {words}",
        )
        for name, part in (("third", "third"), ("two_thirds", "two thirds"))
        for pooled in (0, 10, 30, 50, 100)
        for kind, words, others in (
            ("minimal", "no surplus", {}),
            ("surplus_25", "25% surplus", {"surplus_percent": 25}),
            ("late_evidence", "no surplus, evidence after standing up", {"late_evidence": True}),
            ("pools_of_10", "pools of 10 seats", {"pool_seats": 10}),
            ("pools_of_1", "pools of one seat", {"pool_seats": 1}),
        )
    ]
    made += [
        Number(
            f"third.pooled_100.leverage_{leverage}",
            round(_cost(rows, "third", 100, leverage=leverage)),
            "ETH",
            f"cost of corrupting a third of the weight, all pooled, leverage {leverage}",
        )
        for leverage in LEVERAGES
    ]
    return [
        *made,
        Number("late_seat", initial_penalty() / ETH, "ETH", "price of a seat with late evidence"),
        Number("seat", seat() / 100 / ETH, "ETH", "bond of a seat at leverage 100"),
        Number(
            "notice_epochs",
            round(closing_epochs()),
            "epochs",
            "from the closing of one pool with a third of the stake until its seats are gone",
        ),
        Number("notice_days", round(days(closing_epochs())), "days", "the same in days"),
    ]


def tables(rows: Sequence[Row]) -> list[Table]:
    """Return the cost by pooled share at leverage 100."""
    variants: tuple[dict[str, int | bool], ...] = (
        {},
        {"surplus_percent": 25},
        {"pool_seats": 10},
        {"late_evidence": True},
    )
    body = [
        [
            f"{pooled}%",
            *(f"{_cost(rows, 'third', pooled, **variant):,.0f}" for variant in variants),
            f"{_cost(rows, 'two thirds', pooled):,.0f}",
        ]
        for pooled in (0, 10, 20, 30, 50, 70, 100)
    ]
    head = [
        "stake in pools",
        "1/3, no surplus (ETH)",
        "1/3, 25% surplus",
        "1/3, pools of 10 seats",
        "1/3, late evidence",
        "2/3, no surplus",
    ]
    return [Table("corruption", head, body)]


def figure(rows: Sequence[Row]) -> Figure:
    """Plot the cost of a third, by pooled share and by leverage."""
    made, (left, right) = plotting.figure(2)
    for leverage, style in zip(LEVERAGES, plotting.line_styles(), strict=False):
        costs = [_cost(rows, "third", share, leverage=leverage) for share in SHARES]
        left.plot(SHARES, costs, label=str(leverage), markevery=_MARKED, **style)
    left.set_yscale("log")
    plotting.finish(
        left, "by share of stake in pools", "stake in pools (%)", "cost (ETH)", "leverage", ncols=3
    )
    kinds: list[tuple[str, dict[str, int | bool]]] = [
        ("pools of 1 seat", {"pool_seats": 1}),
        ("pools of 10 seats", {"pool_seats": 10}),
        ("large, surplus 25%", {"surplus_percent": 25}),
        ("large, no surplus", {}),
        ("large, late evidence", {"late_evidence": True}),
    ]
    for (name, others), style in zip(kinds, plotting.line_styles(), strict=False):
        costs = [
            _cost(rows, "third", 100, **{**others, "leverage": leverage}) for leverage in LEVERAGES
        ]
        right.plot(LEVERAGES, costs, label=name, **style)
    right.set_xscale("log")
    right.set_yscale("log")
    right.set_xticks(LEVERAGES, [str(leverage) for leverage in LEVERAGES])
    plotting.finish(right, "all stake in pools", "leverage", "cost (ETH)", "pools")
    made.suptitle("Cost of corrupting a third of 34 million ETH", fontsize=11.5)
    return made


STUDY = Study(
    name="corruption",
    question="What does it cost to corrupt a third, or two thirds, of the weight?",
    assumptions=(
        f"{REFERENCE_STAKE:,} ETH are staked, every seat is taken, and all evidence is included.",
        "Attackers use pooled seats first; all pools are alike.",
        "Only slashing penalties count; the pools' stakers lose nothing in any case.",
    ),
    points=points(),
    run=run,
    numbers=numbers,
    tables=tables,
    figure=figure,
    check=check,
)
