"""How old a trusted checkpoint may be, by the specification's own function, beside Fulu's.

The states are those of the document's table: solo stake in validators of 2,048 ETH, the pooled
share in one pool without surplus, and a line for seats that is empty or longer than the period can
serve.
"""

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from poolspec.studies import plotting
from poolspec.studies.errors import CheckError
from poolspec.studies.protocol import ETH, days, parameters, seat, specification
from poolspec.studies.study import Number, Point, Row, Study, Table, grid, select

__all__ = ["STUDY"]

TOTALS = (2**20, 2**22, 2**23, 2**24, 2**25)
SHARES = (0, 1, 5, 10, 30, 50, 100)


def points() -> list[Point]:
    """Return the sweep by total stake (ETH), pooled share, line and pending penalties."""
    sweep = grid(total_eth=TOTALS, pooled_percent=SHARES, line=["nobody", "full"], penalties=[0])
    sweep += grid(total_eth=TOTALS, pooled_percent=[30], line=["full"], penalties=[100, 1000])
    return sweep


def state_of(spec: Any, total_eth: int, pooled_percent: int, waiting: int, penalties: int) -> Any:
    """Return a state with nothing in it but what the period depends on."""
    far = spec.FAR_FUTURE_EPOCH
    solo = spec.Validator(effective_balance=2048 * ETH, exit_epoch=far, withdrawable_epoch=far)
    rows = [solo] * (total_eth // 2048)
    if spec is specification("fulu"):
        return spec.BeaconState(validators=spec.Validators(rows))
    waiter = spec.Validator(
        withdrawal_credentials=spec.Bytes32(bytes(spec.POOLED_WITHDRAWAL_PREFIX) + bytes(31)),
        activation_epoch=far,
        exit_epoch=far,
        withdrawable_epoch=far,
    )
    state = spec.BeaconState(validators=spec.Validators(rows + [waiter] * waiting))
    seats = total_eth * pooled_percent // 100 // (seat() // ETH)
    if seats:
        bond = seats * seat() // int(parameters().POOL_LEVERAGE)
        state.pools.append(spec.Pool(bond=bond, seated_balance=seats * seat(), unbonding_epoch=far))
    for _ in range(penalties):
        state.pending_pool_penalties.append(spec.PendingPoolPenalty(pool_index=0, penalty_epoch=1))
    return state


def run(point: Point) -> Row:
    """Return the period in epochs, and Fulu's for the same stake."""
    total, share = int(point["total_eth"] or 0), int(point["pooled_percent"] or 0)
    spec, fulu = specification(), specification("fulu")
    before = fulu.compute_weak_subjectivity_period(state_of(fulu, total, 0, 0, 0))
    # In the longest period, what two chains can seat at most
    churn = int(spec.get_activation_exit_churn_limit(state_of(spec, total, 0, 0, 0)))
    waiting = 2 * int(before) * (churn // seat()) if point["line"] == "full" else 0
    state = state_of(spec, total, share, waiting, int(point["penalties"] or 0))
    return {
        "epochs": int(spec.compute_weak_subjectivity_period(state)),
        "fulu_epochs": int(before),
    }


def check(rows: Sequence[Row]) -> None:
    """Without pools the period is Fulu's; more of anything never makes it longer."""
    for total in TOTALS:
        for row in select(rows, total_eth=total, pooled_percent=0, line="nobody", penalties=0):
            if row["epochs"] != row["fulu_epochs"]:
                raise CheckError(f"without pools the period must be Fulu's: {row}")
        for line in ("nobody", "full"):
            periods = [
                row["epochs"] for row in select(rows, total_eth=total, line=line, penalties=0)
            ]
            if periods != sorted(periods, reverse=True):
                raise CheckError(f"more pools made the period longer at {total} ETH: {periods}")


def _period(rows: Sequence[Row], total: int, share: int, line: str, penalties: int = 0) -> int:
    found = select(rows, total_eth=total, pooled_percent=share, line=line, penalties=penalties)
    return int(found[0]["epochs"])


def numbers(rows: Sequence[Row]) -> list[Number]:
    """Return what the text quotes."""
    return [
        Number(
            f"total_{row['total_eth']}.pooled_{row['pooled_percent']}.line_{row['line']}"
            f".penalties_{row['penalties']}",
            row["epochs"],
            "epochs",
            f"period of weak subjectivity ({days(row['epochs']):.1f} days)",
        )
        for row in rows
    ]


def tables(rows: Sequence[Row]) -> list[Table]:
    """Return the periods in days by total stake and pooled share."""
    chosen = (2**20, 2**23, 2**25)
    body = [
        [
            f"{share}%",
            line,
            *(
                f"{_period(rows, total, share, line):,} "
                f"({days(_period(rows, total, share, line)):.1f})"
                for total in chosen
            ),
        ]
        for share, line in (
            (0, "nobody"),
            (10, "nobody"),
            (10, "full"),
            (30, "nobody"),
            (30, "full"),
            (50, "full"),
            (100, "full"),
        )
    ]
    head = ["stake in seats", "in line", *(f"{total:,} ETH" for total in chosen)]
    return [Table("weak_subjectivity", head, body)]


def figure(rows: Sequence[Row]) -> Figure:
    """Plot the period by total stake and by pooled share."""
    made, (left, right) = plotting.figure()
    for share, style in zip((0, 10, 30, 50, 100), plotting.line_styles(), strict=False):
        left.plot(
            [total / 10**6 for total in TOTALS],
            [days(_period(rows, total, share, "full")) for total in TOTALS],
            label=f"{share}%",
            **style,
        )
    fulu = [select(rows, total_eth=total)[0]["fulu_epochs"] for total in TOTALS]
    left.plot(
        [total / 10**6 for total in TOTALS],
        [days(each) for each in fulu],
        color="#777777",
        linewidth=1,
        label="Fulu",
    )
    left.set_xscale("log", base=2)
    left.set_xticks(
        [total / 10**6 for total in TOTALS], [f"{total / 10**6:.0f}" for total in TOTALS]
    )
    left.set_ylim(bottom=0)
    plotting.finish(
        left, "full line", "active stake (million ETH)", "period (days)", "in seats", ncols=3
    )
    for (line, penalties), style in zip(
        (("nobody", 0), ("full", 0)), plotting.line_styles(), strict=False
    ):
        right.plot(
            SHARES,
            [days(_period(rows, 2**25, share, line, penalties)) for share in SHARES],
            label=line,
            **style,
        )
    right.axhline(days(fulu[TOTALS.index(2**25)]), color="#777777", linewidth=1, label="Fulu")
    right.set_ylim(bottom=0)
    plotting.finish(
        right, "33.6 million ETH", "stake in seats (%)", "period (days)", "in line", ncols=3
    )
    return made


STUDY = Study(
    name="weak_subjectivity",
    question="How old may a trusted checkpoint be, with two inflows and an outflow at once?",
    assumptions=(
        "Pooled stake is in one pool without surplus; solo stake in validators of 2,048 ETH.",
        "A full line holds more than two chains can seat within the period.",
    ),
    points=points(),
    run=run,
    numbers=numbers,
    tables=tables,
    figure=figure,
    check=check,
    sources=("studies/protocol.py", "fulu", "poolbonds", "runtime"),
)
