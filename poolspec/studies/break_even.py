"""From which leverage on a pool's commission covers what its bond must be expected to lose.

Per seat and year, the operator of a profile loses

- the penalties of its routine absence, and the commission it would have earned meanwhile;
- the initial penalty of isolated slashings;
- with some probability, all seats at once together with a share of all stake: three times that
  share of the stake of each, but never more than the bond, `32 / leverage` ETH for a seat and its
  surplus;
- the commission of seats that a long outage takes because the bond no longer carries them, until
  they are back.

All but the last two are the same at any leverage. The risk of a correlated slashing falls with it,
for a smaller bond has less to lose; the seats that an outage takes rise with it. Capital is
counted as well, in a column of its own: a bond could be solo stake instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from poolspec.studies import plotting
from poolspec.studies.errors import CheckError
from poolspec.studies.protocol import (
    ETH,
    REFERENCE_STAKE,
    absence_penalty,
    base_reward,
    epochs_per_day,
    epochs_per_year,
    initial_penalty,
    seat,
)
from poolspec.studies.study import Number, Point, Row, Study, Table, grid, select

__all__ = ["STUDY"]

LEVERAGES = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000)
COMMISSIONS = (100, 300, 500, 1000)


@dataclass(frozen=True)
class Profile:
    """How an operator works; all of it assumed, none of it measured."""

    absent: float
    """Share of the time in which a seat is absent, outside long outages."""
    isolated: float
    """Probability that a seat is slashed by itself in a year."""
    correlated: float
    """Probability that all its seats are slashed with many others in a year."""
    with_others: float
    """Share of all stake that is slashed then."""
    outage_days: float
    """Length of the year's one long outage."""
    back_days: float
    """Time until seats that it has taken are filled again."""


PROFILES = {
    "careful": Profile(0.001, 1e-5, 0.001, 0.05, 0.25, 7),
    "usual": Profile(0.005, 1e-4, 0.005, 0.1, 1, 30),
    "careless": Profile(0.03, 1e-3, 0.02, 0.1, 7, 90),
}


def points() -> list[Point]:
    """Return the sweep."""
    return grid(
        profile=list(PROFILES),
        commission_bp=COMMISSIONS,
        surplus_percent=[0, 25],
        leverage=LEVERAGES,
    )


def run(point: Point) -> Row:
    """Return a seat's expected loss, commission and cost of capital (ETH a year)."""
    profile = PROFILES[str(point["profile"])]
    leverage, surplus = int(point["leverage"] or 1), float(point["surplus_percent"] or 0) / 100
    reward = base_reward(REFERENCE_STAKE) * epochs_per_year() / ETH
    absence = absence_penalty(REFERENCE_STAKE) * epochs_per_year() / ETH
    stake = seat() / ETH
    bond = stake / leverage * (1 + surplus)
    full_commission = reward * int(point["commission_bp"] or 0) / 10_000

    routine = profile.absent * (absence + full_commission)
    isolated = profile.isolated * initial_penalty() / ETH
    liability = min(1.0, initial_penalty() / seat() + 3 * profile.with_others) * stake
    correlated = profile.correlated * min(bond, liability)
    outage = absence * profile.outage_days / 365
    taken = min(1.0, max(0.0, leverage * outage / stake - surplus))
    unseated = taken * full_commission * profile.back_days / 365
    lost = routine + isolated + correlated + min(outage, bond) + unseated
    return {
        "commission_eth": round(full_commission, 8),
        "loss_eth": round(lost, 8),
        "capital_eth": round(bond * reward / stake, 8),
        "seats_taken_percent": round(100 * taken, 4),
        "loss_of_commission_percent": round(100 * lost / full_commission, 3),
        "all_of_commission_percent": round(
            100 * (lost + bond * reward / stake) / full_commission, 3
        ),
    }


def check(rows: Sequence[Row]) -> None:
    """An expected loss is at least an outage's penalties and at most all that there is."""
    outage = absence_penalty(REFERENCE_STAKE) * epochs_per_day() / ETH
    for row in rows:
        days = PROFILES[row["profile"]].outage_days
        least = min(days * outage, seat() / ETH / row["leverage"])
        if not least * 0.999 <= row["loss_eth"] <= seat() / ETH:
            raise CheckError(f"a loss of {row['loss_eth']} ETH a year cannot be: {row}")


def break_even(rows: Sequence[Row], column: str) -> float | None:
    """Return the lowest leverage from which on a column is no more than all of the commission.

    Between two points of the sweep it is found on the straight line; None if there is no such
    leverage, 1 if any will do.
    """
    before: Row | None = None
    found: float | None = None
    for row in rows:
        if row[column] > 100:
            found = None
        elif found is None:
            if before is None:
                found = float(row["leverage"])
            else:
                rise = (before[column] - 100) / (before[column] - row[column])
                found = before["leverage"] + rise * (row["leverage"] - before["leverage"])
        before = row
    return found


def _text(leverage: float | None) -> str:
    if leverage is None:
        return "none"
    return "any" if leverage <= LEVERAGES[0] else f"{leverage:.0f}"


def _sweep(rows: Sequence[Row], profile: str, basis_points: int, surplus: int = 0) -> list[Row]:
    return select(rows, profile=profile, commission_bp=basis_points, surplus_percent=surplus)


def numbers(rows: Sequence[Row]) -> list[Number]:
    """Return what the text quotes; a break-even of 0 says that there is none."""
    made = []
    for profile in PROFILES:
        for basis_points in COMMISSIONS:
            sweep = _sweep(rows, profile, basis_points)
            key = f"{profile}.commission_{basis_points}"
            words = f"{profile} operator, commission {basis_points / 100:g}%, no surplus"
            at = select(sweep, leverage=100)[0]
            made += [
                Number(
                    f"{key}.leverage",
                    round(break_even(sweep, "loss_of_commission_percent") or 0, 1),
                    "leverage",
                    f"from which commission covers the loss: {words}",
                ),
                Number(
                    f"{key}.leverage_with_capital",
                    round(break_even(sweep, "all_of_commission_percent") or 0, 1),
                    "leverage",
                    f"from which it also pays for the bond's capital: {words}",
                ),
                Number(
                    f"{key}.loss_at_100",
                    round(at["loss_of_commission_percent"], 1),
                    "% of the commission",
                    f"expected loss at leverage 100: {words}",
                ),
            ]
    return made


def tables(rows: Sequence[Row]) -> list[Table]:
    """Return break-even leverages, and the expected loss at leverage 100."""
    body = []
    for profile in PROFILES:
        for basis_points in COMMISSIONS:
            sweep = _sweep(rows, profile, basis_points)
            at = select(sweep, leverage=100)[0]
            body.append(
                [
                    profile,
                    f"{basis_points / 100:g}%",
                    _text(break_even(sweep, "loss_of_commission_percent")),
                    _text(break_even(sweep, "all_of_commission_percent")),
                    f"{at['loss_of_commission_percent']:.0f}%",
                    f"{at['all_of_commission_percent']:.0f}%",
                ]
            )
    head = [
        "operator",
        "commission",
        "loss covered from leverage",
        "capital too from",
        "loss at 100, of the commission",
        "with capital",
    ]
    return [Table("break_even", head, body)]


def figure(rows: Sequence[Row]) -> Figure:
    """Plot the expected loss by leverage at a commission of 5%, without capital and with it."""
    made, plots = plotting.figure()
    columns = ("loss_of_commission_percent", "all_of_commission_percent")
    titles = ("expected loss", "expected loss and capital")
    for axes, column, title in zip(plots, columns, titles, strict=True):
        for profile, style in zip(PROFILES, plotting.line_styles(), strict=False):
            sweep = _sweep(rows, profile, 500)
            axes.plot(
                [row["leverage"] for row in sweep],
                [row[column] for row in sweep],
                label=profile,
                **style,
            )
        axes.axhline(100, color="#777777", linewidth=1)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xticks(
            [1, 3, 10, 30, 100, 300, 1000], ["1", "3", "10", "30", "100", "300", "1000"]
        )
        axes.set_yticks([1, 10, 100, 1000], ["1", "10", "100", "1000"])
        axes.minorticks_off()
        plotting.finish(
            axes,
            f"{title}, commission 5%",
            "leverage",
            "of the commission (%)",
            "operator",
            ncols=3,
        )
    return made


STUDY = Study(
    name="break_even",
    question="At which leverage does a pool's expected loss exceed its commission?",
    assumptions=(
        f"{REFERENCE_STAKE:,} ETH are staked; rewards are those of the protocol alone.",
        *(
            f"{name}: absent {profile.absent:.1%} of the time, one outage of"
            f" {profile.outage_days:g} days a year with seats back after"
            f" {profile.back_days:g} days, slashed by itself with probability"
            f" {profile.isolated:g} a year for each seat, and with"
            f" {profile.correlated:.1%} all at once together with {profile.with_others:.0%} of all"
            " stake."
            for name, profile in PROFILES.items()
        ),
    ),
    points=points(),
    run=run,
    numbers=numbers,
    tables=tables,
    figure=figure,
    check=check,
)
