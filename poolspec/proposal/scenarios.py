"""The numbers of simulated scenarios that the proposal quotes, as `eip/scenarios.json`.

`poolspec simulate NAME --out DIR/NAME` writes the series of a scenario. For each folder in DIR,
`python -m poolspec.proposal.scenarios DIR` works out a few numbers and puts them into the file, in
the form of the studies' numbers: under scenario, variant, and chain (`pools`, or `solo` for the
same stake without pools).
"""

import argparse
import csv
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from poolspec.files import replace_file
from poolspec.output import run

__all__ = ["main", "numbers_of_scenario"]

OUTPUT = Path(__file__).resolve().parents[2] / "eip" / "scenarios.json"

_GWEI_PER_ETH = 10**9
Row = Mapping[str, str]
Numbers = dict[str, dict[str, object]]


def numbers_of_scenario(rows: Sequence[Row]) -> Numbers:
    """Return the numbers of a scenario by `variant.chain.name`, from the rows of its series."""
    numbers: Numbers = {}
    for variant, chain in dict.fromkeys((row["variant"], row["chain"]) for row in rows):
        series = [row for row in rows if (row["variant"], row["chain"]) == (variant, chain)]
        key = f"{_slug(variant)}.{chain}"
        for name, value, unit in _measure(series):
            numbers[f"{key}.{name}"] = {"value": value, "unit": unit, "about": variant}
    return numbers


def _slug(variant: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", variant.lower()).strip("_")


def _measure(series: Sequence[Row]) -> Iterator[tuple[str, float, str]]:
    """Return name, value and unit of each number of one chain."""
    weights = [int(row["active_weight"]) for row in series]
    yield "lowest_percent", round(100 * min(weights) / weights[0], 2), "% of the first weight"
    lags = [int(row["epoch"]) - int(row["finalized_epoch"]) for row in series]
    yield "longest_lag", max(lags), "epochs between the current and the last final one"
    seats = _sums(series, ".seats")
    if seats:
        yield "seats_lost", seats[0] - min(seats), "seats"
        bonds = _sums(series, ".bond")
        yield "bonds_lost", round((bonds[0] - bonds[-1]) / _GWEI_PER_ETH, 1), "ETH"
        yield "bonds_lost_percent", round(100 * (1 - bonds[-1] / bonds[0]), 2), "% of all bonds"
    penalties = int(series[-1]["burned"]) / _GWEI_PER_ETH
    yield "burned", round(penalties, 1), "ETH of penalties, of all validators"


def _sums(series: Sequence[Row], ending: str) -> list[int]:
    """Return the sum over all pools of a column, epoch by epoch; nothing without pools."""
    names = [name for name in series[0] if name.endswith(ending) and series[0][name]]
    return [sum(int(row[name]) for name in names) for row in series] if names else []


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m poolspec.proposal.scenarios")
    parser.add_argument("folder", type=Path, help="folder of folders that `simulate` has written")
    options = parser.parse_args(arguments)
    found = {}
    for path in sorted(options.folder.glob("*/series.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        try:
            found[path.parent.name] = {"numbers": numbers_of_scenario(rows)}
        except (KeyError, TypeError, ValueError) as error:
            print(f"{path}: error: no series that `simulate` writes: {error}", file=sys.stderr)
            return 1
    if not found:
        print(f"{options.folder}: error: no series.csv in any folder of it", file=sys.stderr)
        return 1
    replace_file(OUTPUT, json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
