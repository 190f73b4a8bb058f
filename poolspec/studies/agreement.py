"""How far the engine and the closed forms agree, and a scaled chain with the whole.

The other studies rest on formulas, and on chains of a 256th of the stake. Here each is held
against something else once: the leak against its exponential, correlation penalties and late
evidence against their products, and a chain at 1:256 against all 34 million ETH.
"""

from collections.abc import Callable, Sequence

from matplotlib.figure import Figure

from poolspec.studies import plotting
from poolspec.studies.chains import ENGINE, Chain, Holders
from poolspec.studies.errors import CheckError
from poolspec.studies.protocol import (
    ETH,
    days,
    initial_penalty,
    leaked_share,
    parameters,
    seat,
)
from poolspec.studies.study import Number, Point, Row, Study, Table, select

__all__ = ["STUDY"]

EVERY = 250
LEAK_EPOCHS = 4500
SCALE_EPOCHS = 60


def leak() -> Row:
    """Return the balance that a leak leaves a silent solo validator of 32 ETH, from time to time.

    The closed form lets the stake that pays shrink continuously; the protocol goes by effective
    balance, whole ETH, and charges missed votes as well.
    """
    chain = Chain([Holders(0.3), Holders(0.7)], fork="fulu")
    chain.simulation.set_offline(chain.groups[1])
    row = int(chain.groups[1][0])
    balances = []
    for _ in range(LEAK_EPOCHS // EVERY):
        chain.step(EVERY)
        balances.append(int(chain.simulation.balances[row]) / ETH)
    return {
        "found": balances[-1],
        "expected": 32 * (1 - leaked_share(LEAK_EPOCHS)),
        "tolerance": 0.03,
        "unit": "ETH",
        "about": f"balance of a silent solo validator after {LEAK_EPOCHS} epochs of a leak",
        "series": balances,
    }


def correlation_of(group: int) -> Row:
    """Slash 5% of the stake solo and 5% pooled; return what the penalty takes of each validator.

    It is three times what was slashed, in relation to the stake of 18 days later, when many of the
    slashed have left.
    """
    chain = Chain([Holders(0.9), Holders(0.05), Holders(0.05, 1, surplus=1000.0)])
    count = chain.slash(chain.groups[1]) + chain.slash(chain.groups[2])
    chain.step(int(parameters().EPOCHS_PER_SLASHINGS_VECTOR) // 2)

    def wealth() -> int:
        if group == 2:
            return chain.bond(2)
        return int(chain.simulation.balances[chain.groups[1]].sum())

    before, total = wealth(), chain.simulation.active_balance()
    chain.step()
    size = len(chain.groups[group])
    expected = 3 * count * seat() / total * seat() / ETH
    return {
        "found": (before - wealth()) / size / ETH,
        "expected": expected,
        "tolerance": 0.002,
        "unit": "ETH",
        "about": f"correlation penalty of a {'pooled' if group == 2 else 'solo'} validator, "
        "10% of the stake slashed",
    }


def solo_correlation() -> Row:
    """Of a solo validator."""
    return correlation_of(1)


def pooled_correlation() -> Row:
    """Of a pooled validator."""
    return correlation_of(2)


def evidence(is_late: bool) -> Row:
    """Slash a third of the stake, in a closed pool before or after its seats are gone.

    A larger churn limit lets the closing take them in one epoch, as the wait itself matters not.
    """
    chain = Chain(
        [Holders(0.67), Holders(0.33, 1)],
        MAX_PER_EPOCH_ACTIVATION_EXIT_CHURN_LIMIT=10**6 * ETH,
        MIN_PER_EPOCH_CHURN_LIMIT_ELECTRA=10**6 * ETH,
    )
    simulation, members = chain.simulation, chain.groups[1]
    if is_late:
        simulation.unbond([0], 0)
        while chain.weight(1):
            chain.step()
    before = chain.bond(1)
    chain.slash(members)
    chain.step(int(parameters().EPOCHS_PER_SLASHINGS_VECTOR) // 2 + 2)
    paid = before - chain.bond(1)
    if is_late:
        payouts = simulation.state.pending_payouts
        paid -= sum(payout.amount for payout in payouts)
    return {
        "found": paid / len(members) / ETH,
        "expected": (initial_penalty() if is_late else before / len(members)) / ETH,
        "tolerance": 0.001,
        "unit": "ETH",
        "about": "what each seat of a pool with a third of the stake costs its bond, evidence "
        + ("after" if is_late else "before")
        + " its seats are gone",
    }


def early_evidence() -> Row:
    """Before."""
    return evidence(False)


def late_evidence() -> Row:
    """After."""
    return evidence(True)


def scaled(scale: int) -> tuple[float, float]:
    """Return the bond (share of the start) and seats that an hour-long leak leaves at a scale."""
    pools = [Holders(0.3, 2), Holders(0.3, 2, surplus=0.25)]
    chain = Chain(
        [Holders(0.4), *pools],
        scale=scale,
        min_bond=False,
        POOL_LEVERAGE=1000,
        POOL_INACTIVITY_PENALTY_DIVISOR=1,
    )
    for group in chain.groups[1:]:
        chain.simulation.set_offline(group)
    bond, weight = chain.bond(1), chain.weight(1)
    chain.step(SCALE_EPOCHS)
    return chain.bond(1) / bond, chain.weight(1) / weight


def scale() -> Row:
    """Return what is left of a bond on all 34 million ETH, and at 1:256.

    Leverage 1000 and divisor 1 make something happen in few epochs.
    """
    (whole, whole_weight), (part, part_weight) = scaled(1), scaled(256)
    return {
        "found": part,
        "expected": whole,
        "tolerance": 0.005,
        "unit": "share",
        "about": f"of a bond left after {SCALE_EPOCHS} epochs of a leak, at 1:256 and whole",
        "weight_found": part_weight,
        "weight_expected": whole_weight,
    }


CASES: dict[str, Callable[[], Row]] = {
    "leak": leak,
    "solo correlation": solo_correlation,
    "pooled correlation": pooled_correlation,
    "early evidence": early_evidence,
    "late evidence": late_evidence,
    "scale": scale,
}


def run(point: Point) -> Row:
    """Return a case's finding beside what it must be."""
    return CASES[str(point["case"])]()


def check(rows: Sequence[Row]) -> None:
    """Everything is within its tolerance, a share of what is expected."""
    for row in rows:
        if abs(row["found"] - row["expected"]) > row["tolerance"] * row["expected"]:
            raise CheckError(f"{row['case']}: {row['found']} instead of {row['expected']}")
    for row in select(rows, case="scale"):
        if abs(row["weight_found"] - row["weight_expected"]) > 0.01:
            raise CheckError(f"weights differ with the scale: {row}")


def numbers(rows: Sequence[Row]) -> list[Number]:
    """Return both values of each case."""
    made = []
    for row in rows:
        key = row["case"].replace(" ", "_")
        made += [
            Number(f"{key}.engine", round(row["found"], 6), row["unit"], row["about"]),
            Number(f"{key}.expected", round(row["expected"], 6), row["unit"], row["about"]),
        ]
    return made


def tables(rows: Sequence[Row]) -> list[Table]:
    """Return both values of each case."""
    body = [
        [
            row["about"],
            f"{row['expected']:.5f}",
            f"{row['found']:.5f}",
            f"{100 * (row['found'] / row['expected'] - 1):+.2f}%",
        ]
        for row in rows
    ]
    return [Table("agreement", ["quantity", "expected", "engine", "difference"], body)]


def figure(rows: Sequence[Row]) -> Figure:
    """Plot the leak of a silent validator, closed form and engine."""
    made, (axes,) = plotting.figure(1, height=3.4)
    epochs = range(0, LEAK_EPOCHS + 1, 50)
    axes.plot(
        [days(epoch) for epoch in epochs],
        [32 * (1 - leaked_share(epoch)) for epoch in epochs],
        color=plotting.COLOURS[0],
        label="closed form",
    )
    series = select(rows, case="leak")[0]["series"]
    axes.plot(
        [days((place + 1) * EVERY) for place in range(len(series))],
        series,
        "s",
        color=plotting.COLOURS[1],
        label="engine",
    )
    axes.set_ylim(bottom=0)
    plotting.finish(
        axes, "A silent solo validator in a leak", "leak (days)", "balance (ETH)", "", ncols=2
    )
    return made


STUDY = Study(
    name="agreement",
    question="How far do closed forms, scaled chains and the engine agree?",
    assumptions=("34 million ETH at scale 1:256, except where it is compared with the whole.",),
    points=[{"case": name} for name in CASES],
    run=run,
    numbers=numbers,
    tables=tables,
    figure=figure,
    check=check,
    sources=ENGINE,
)
