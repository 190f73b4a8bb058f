"""What stakers and operators earn at a commission, and what the bond's capital brings.

A validator that fulfils all duties earns its base reward in the long run: 54/64 of it for votes,
2/64 in sync committees, 8/64 for blocks. The operator gets the commission on that, the staker the
rest. Tips and MEV go to whom the operator names; they are left out, as are the operator's running
costs.
"""

from collections.abc import Sequence

from matplotlib.figure import Figure

from poolspec.engine.simulation import Description, PoolDescription, Simulation
from poolspec.studies import plotting
from poolspec.studies.errors import CheckError
from poolspec.studies.protocol import (
    ETH,
    REFERENCE_STAKE,
    base_reward,
    epochs_per_year,
    parameters,
    seat,
)
from poolspec.studies.study import Number, Point, Row, Study, Table, grid, select

__all__ = ["STUDY"]

TOTALS = (8_000_000, 16_000_000, REFERENCE_STAKE, 67_000_000)
COMMISSIONS = (0, 50, 100, 200, 300, 500, 1000, 1500, 2000, 3000, 5000, 7500, 10_000)
LEVERAGES = (10, 30, 100, 300, 1000)


def points() -> list[Point]:
    """Return the sweep, and runs on the engine at two commissions."""
    closed = grid(
        kind=["closed form"], total_eth=TOTALS, leverage=LEVERAGES, commission_bp=COMMISSIONS
    )
    return closed + grid(
        kind=["engine"], total_eth=[1_000_000], leverage=[100], commission_bp=[0, 333, 10_000]
    )


def run(point: Point) -> Row:
    """Return a year's income of each side of one seat (ETH), and its yield in percent."""
    total, basis_points = int(point["total_eth"] or 0), int(point["commission_bp"] or 0)
    if point["kind"] == "engine":
        return run_engine(total, basis_points)
    year = base_reward(total) * epochs_per_year() / ETH
    share = basis_points / int(parameters().BASIS_POINTS)
    stake = seat() / ETH
    bond = stake / int(point["leverage"] or 1)
    return {
        "solo_eth": round(year, 6),
        "solo_percent": round(100 * year / stake, 4),
        "staker_eth": round(year * (1 - share), 6),
        "staker_percent": round(100 * year * (1 - share) / stake, 4),
        "operator_eth": round(year * share, 6),
        "bond_percent": round(100 * year * share / bond, 4),
    }


def run_engine(total: int, basis_points: int) -> Row:
    """Return what an epoch's votes bring each side of a seat on the engine (Gwei)."""
    count = total // 32
    pool = PoolDescription(count // 2, bond=count * seat(), commission=basis_points)
    chain = Simulation(Description(solo=count - count // 2, pools=[pool]), duties=False)
    chain.step()
    balance, bond = chain.balances.copy(), int(chain.bonds[0])
    chain.step()
    return {
        "solo_gwei": int(chain.balances[0] - balance[0]),
        "staker_gwei": int(chain.balances[-1] - balance[-1]),
        "operator_gwei": (int(chain.bonds[0]) - bond) / (count // 2),
    }


def check(rows: Sequence[Row]) -> None:
    """On the engine, votes bring 54/64 of the base reward, and the parts add up."""
    for row in select(rows, kind="engine"):
        base = base_reward(row["total_eth"])
        votes = base * 14 // 64 + base * 26 // 64 + base * 14 // 64
        commission = votes * row["commission_bp"] // 10_000
        found = (row["solo_gwei"], row["staker_gwei"], row["operator_gwei"])
        if found != (votes, votes - commission, commission):
            raise CheckError(f"votes must bring {votes}, {votes - commission}, {commission}: {row}")


def _row(
    rows: Sequence[Row], basis_points: int, leverage: int = 100, total: int = REFERENCE_STAKE
) -> Row:
    return select(
        rows,
        kind="closed form",
        total_eth=total,
        leverage=leverage,
        commission_bp=basis_points,
    )[0]


def numbers(rows: Sequence[Row]) -> list[Number]:
    """Return what the text quotes."""
    made = [
        Number(
            f"solo_percent.total_{total}",
            round(_row(rows, 0, total=total)["solo_percent"], 2),
            "% a year",
            "yield of solo stake, consensus rewards only",
        )
        for total in TOTALS
    ]
    for basis_points in COMMISSIONS:
        row = _row(rows, basis_points)
        made += [
            Number(
                f"commission_{basis_points}.{who}",
                round(row[who], digits),
                unit,
                f"{about} at a commission of {basis_points / 100:g}%, 34 million ETH, leverage 100",
            )
            for who, digits, unit, about in (
                ("staker_percent", 2, "% a year", "the staker's yield"),
                ("operator_eth", 4, "ETH a year", "the operator's income from a seat"),
                ("bond_percent", 1, "% a year", "return on a bond without surplus"),
            )
        ]
    made += [
        Number(
            f"even_commission.leverage_{leverage}",
            round(10_000 / leverage),
            "basis points",
            "commission at which a bond without surplus brings what solo stake does",
        )
        for leverage in LEVERAGES
    ]
    return made


def tables(rows: Sequence[Row]) -> list[Table]:
    """Return incomes by commission at 34 million ETH, leverage 100."""
    body = []
    for basis_points in (0, 100, 300, 500, 1000, 2000, 5000, 10_000):
        row = _row(rows, basis_points)
        body.append(
            [
                f"{basis_points / 100:g}%",
                f"{row['staker_percent']:.2f}%",
                f"{row['staker_eth']:.3f}",
                f"{row['operator_eth']:.4f}",
                f"{row['bond_percent']:.1f}%",
            ]
        )
    head = [
        "commission",
        "staker's yield",
        "staker (ETH a year)",
        "operator, for each seat (ETH a year)",
        "return on the bond",
    ]
    return [Table("income", head, body)]


def figure(rows: Sequence[Row]) -> Figure:
    """Plot the staker's yield by total stake, and the return on the bond by leverage."""
    made, (left, right) = plotting.figure()
    percent = [each / 100 for each in COMMISSIONS]
    for total, style in zip(TOTALS, plotting.line_styles(), strict=False):
        yields = [_row(rows, each, total=total)["staker_percent"] for each in COMMISSIONS]
        left.plot(percent, yields, label=f"{total / 1e6:.0f}", **style)
    plotting.finish(
        left, "staker", "commission (%)", "yield (% a year)", "active stake (million ETH)"
    )
    shown = [each for each in COMMISSIONS if 50 <= each <= 3000]
    for leverage, style in zip(LEVERAGES, plotting.line_styles(), strict=False):
        returns = [_row(rows, each, leverage)["bond_percent"] for each in shown]
        right.plot([each / 100 for each in shown], returns, label=str(leverage), **style)
    right.axhline(_row(rows, 0)["solo_percent"], color="#777777", linewidth=1, label="solo yield")
    right.set_xscale("log")
    right.set_yscale("log")
    right.set_xticks([0.5, 1, 2, 5, 10, 30], ["0.5", "1", "2", "5", "10", "30"])
    right.set_yticks([0.1, 1, 10, 100, 1000], ["0.1", "1", "10", "100", "1000"])
    right.minorticks_off()
    plotting.finish(
        right,
        "operator, 34 million ETH, no surplus",
        "commission (%)",
        "return on the bond (% a year)",
        "leverage",
        ncols=3,
    )
    return made


STUDY = Study(
    name="income",
    question="What do staker and operator earn at a commission?",
    assumptions=(
        "Every duty of every validator is fulfilled; rewards are those of the protocol alone.",
        "The bond has no surplus; with one, its return falls in proportion.",
    ),
    points=points(),
    run=run,
    numbers=numbers,
    tables=tables,
    figure=figure,
    check=check,
    sources=("engine", "studies/protocol.py"),
)
