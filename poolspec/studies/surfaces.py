"""What the new queues let an attacker do at most, and what it has to lock or burn for it.

Each surface is one that the fork adds or changes. The bound is what the rules allow in an epoch;
the price is for holding others up by one day, or for keeping up the growth of a registry. Locked
ETH comes back; gas and fees do not. Gas of a call is assumed: it depends on the execution layer,
not on us.
"""

from collections.abc import Callable, Sequence

from matplotlib.figure import Figure

from poolspec.studies import plotting
from poolspec.studies.errors import CheckError
from poolspec.studies.protocol import (
    ETH,
    REFERENCE_STAKE,
    churn_limit,
    days,
    epochs_per_day,
    epochs_per_year,
    parameters,
    seat,
)
from poolspec.studies.study import Number, Point, Row, Study, Table

__all__ = ["STUDY"]

DEPOSIT_GAS = 60_000
"""Gas of a deposit's transaction, assumed."""
REQUEST_GAS = 100_000
"""Gas of a withdrawal request's transaction, assumed."""
DEPOSIT_LEAST_ETH = 1
"""What the deposit contract asks for at least."""
POOL_BYTES = 48 + 20 + 6 * 8
"""Serialized size of a `Pool`."""


def refunds() -> Row:
    """Deposits that must come back take places in the queue of deposits, but no churn."""
    a_day = int(parameters().MAX_PENDING_DEPOSITS_PER_EPOCH) * epochs_per_day()
    return {
        "per_epoch": int(parameters().MAX_PENDING_DEPOSITS_PER_EPOCH),
        "locked_eth": a_day * DEPOSIT_LEAST_ETH,
        "gas": a_day * DEPOSIT_GAS,
        "unit": "refunds",
        "effect": "deposits wait a day",
    }


def payouts() -> Row:
    """Operators of many small pools unbond a Gwei each at once, and refunds wait behind them."""
    p = parameters()
    per_epoch = int(p.MAX_PAYOUTS_PER_PAYLOAD) * int(p.SLOTS_PER_EPOCH)
    a_day = per_epoch * epochs_per_day()
    return {
        "per_epoch": per_epoch,
        "locked_eth": a_day * int(p.MIN_POOL_BOND) / ETH,
        "gas": a_day * (DEPOSIT_GAS + REQUEST_GAS),
        "unit": "payouts served",
        "effect": "refunds wait a day",
    }


def admissions() -> Row:
    """Each admission needs a validator of its own, which has paid churn and locks its stake."""
    p = parameters()
    per_epoch = int(p.MAX_POOL_ADMISSIONS) * int(p.SLOTS_PER_EPOCH)
    # A full day of blocks with all their admissions
    a_day = per_epoch * epochs_per_day()
    return {
        "per_epoch": per_epoch,
        "locked_eth": a_day * seat() / ETH,
        "gas": a_day * DEPOSIT_GAS,
        "unit": "admissions",
        "effect": "admissions wait a day",
    }


def unbonding() -> Row:
    """Bond behind seats is unbonded and topped up again, which burns other operators' churn.

    What is unbonded and what replaces it are both locked until the payout; one runs at a time.
    """
    per_epoch = churn_limit(REFERENCE_STAKE)
    a_day = per_epoch * epochs_per_day() / ETH
    return {
        "per_epoch": per_epoch // ETH,
        "locked_eth": 2 * a_day / int(parameters().POOL_LEVERAGE),
        "gas": REQUEST_GAS + DEPOSIT_GAS,
        "unit": "ETH of seats",
        "effect": "other operators wait a day",
        "seats_eth": a_day,
    }


def seat_line() -> Row:
    """Only a validator with stake and bond of its own stands in line, and then it sits down."""
    per_epoch = churn_limit(REFERENCE_STAKE) // seat()
    a_day = per_epoch * epochs_per_day()
    leverage = int(parameters().POOL_LEVERAGE)
    return {
        "per_epoch": per_epoch,
        "locked_eth": a_day * seat() / ETH * (1 + 1 / leverage),
        "gas": a_day * DEPOSIT_GAS,
        "unit": "seats",
        "effect": "newcomers wait a day",
    }


def registry() -> Row:
    """Pools are founded and closed for ever; the bonds come back and found the next ones."""
    p = parameters()
    per_epoch = churn_limit(REFERENCE_STAKE) // int(p.MIN_POOL_BOND)
    # From the request: the next epoch, the delay, and the way through deposits anew
    cycle = 1 + int(p.MIN_VALIDATOR_WITHDRAWABILITY_DELAY)
    pools_a_year = per_epoch * epochs_per_year()
    return {
        "per_epoch": per_epoch,
        "locked_eth": per_epoch * cycle * int(p.MIN_POOL_BOND) / ETH,
        "gas": pools_a_year * (DEPOSIT_GAS + REQUEST_GAS),
        "unit": "pools",
        "effect": f"state grows by {pools_a_year * POOL_BYTES / 1e6:.0f} MB a year",
        "megabytes_a_year": pools_a_year * POOL_BYTES / 1e6,
    }


SURFACES: dict[str, Callable[[], Row]] = {
    "refunds": refunds,
    "payouts": payouts,
    "admissions": admissions,
    "unbonding": unbonding,
    "seat line": seat_line,
    "pool registry": registry,
}


def run(point: Point) -> Row:
    """Return one surface's bound and price."""
    return SURFACES[str(point["surface"])]()


def check(rows: Sequence[Row]) -> None:
    """Payouts are served faster than deposits can be refunded, so that refunds never pile up."""
    served = {row["surface"]: row["per_epoch"] for row in rows}
    if served["payouts"] <= served["refunds"]:
        raise CheckError(f"refunds pile up: {served}")


def numbers(rows: Sequence[Row]) -> list[Number]:
    """Return what the text quotes."""
    made = []
    for row in rows:
        key = row["surface"].replace(" ", "_")
        made += [
            Number(f"{key}.per_epoch", row["per_epoch"], f"{row['unit']} an epoch", "the bound"),
            Number(f"{key}.locked", round(row["locked_eth"]), "ETH", f"locked: {row['effect']}"),
            Number(f"{key}.gas", round(row["gas"] / 1e6, 2), "million gas", "spent, as assumed"),
        ]
    found = {row["surface"]: row for row in rows}
    cycle = 1 + int(parameters().MIN_VALIDATOR_WITHDRAWABILITY_DELAY)
    percent = REFERENCE_STAKE * ETH / 100 / churn_limit(REFERENCE_STAKE)
    return [
        *made,
        Number(
            "unbonding.seats",
            round(found["unbonding"]["seats_eth"]),
            "ETH",
            "seats whose bond is unbonded and replaced, for a day's delay",
        ),
        Number(
            "unbonding.again_after",
            cycle,
            "epochs",
            "from an unbonding epoch until the same pool can do it again",
        ),
        Number(
            "unbonding.percent_of_stake.epochs",
            round(percent),
            "epochs",
            "delay of other operators by a pool with 1% of the stake, once",
        ),
        Number("unbonding.percent_of_stake.days", round(days(percent), 1), "days", "the same"),
        Number(
            "pool_registry.megabytes",
            round(found["pool registry"]["megabytes_a_year"]),
            "MB a year",
            "growth of the registry of pools at most",
        ),
    ]


def tables(rows: Sequence[Row]) -> list[Table]:
    """Return bounds and prices."""
    body = [
        [
            row["surface"],
            f"{row['per_epoch']:,} {row['unit']}",
            row["effect"],
            f"{row['locked_eth']:,.0f}",
            f"{row['gas'] / 1e6:,.1f}",
        ]
        for row in rows
    ]
    head = ["surface", "bound for an epoch", "effect", "locked (ETH)", "gas (millions)"]
    return [Table("surfaces", head, body)]


def figure(rows: Sequence[Row]) -> Figure:
    """Plot what has to be locked."""
    made, (axes,) = plotting.figure(1, height=3.2)
    shown = rows[::-1]
    bars = axes.barh(
        [f"{row['surface']}:\n{row['effect']}" for row in shown],
        [row["locked_eth"] for row in shown],
        color=plotting.COLOURS[0],
        height=0.6,
    )
    axes.bar_label(bars, [f" {row['locked_eth']:,.0f}" for row in shown], fontsize=8.5)
    axes.set_xscale("log")
    axes.set_xlim(100, 3e7)
    axes.set_axisbelow(True)
    axes.grid(visible=False, axis="y")
    plotting.finish(axes, "Price of the new surfaces, 34 million ETH", "locked (ETH)", "")
    return made


STUDY = Study(
    name="surfaces",
    question="What bounds the new surfaces for denial of service, and what does using them cost?",
    assumptions=(
        f"A deposit's transaction takes {DEPOSIT_GAS:,} gas, a request's {REQUEST_GAS:,}.",
        "Who unbonds to delay others has 57,600 ETH of stake in its seats for each day of delay.",
        "The fee of EIP-7002, which rises with every request above two in a block, comes on top.",
        f"{REFERENCE_STAKE:,} ETH are staked.",
    ),
    points=[{"surface": name} for name in SURFACES],
    run=run,
    numbers=numbers,
    tables=tables,
    figure=figure,
    check=check,
)
