"""`python -m tests.fuzzing`: fuzz for hours, or replay what has been found."""

import argparse
import secrets
import sys
from pathlib import Path

from poolspec.output import run
from poolspec.vectors.errors import VectorError
from tests.fuzzing.campaign import Campaign, Plan
from tests.fuzzing.reach import save
from tests.fuzzing.vectors import replay

REPORT = "report.json"
LONGEST_HOURS = 24.0 * 365


def _hours(text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        hours = -1.0
    if not 0 < hours <= LONGEST_HOURS:
        raise argparse.ArgumentTypeError(f"'{text}' is no number of hours")
    return hours


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"'{text}' is no seed; it is a number from 0")
    return int(text)


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    top = argparse.ArgumentParser(prog="python -m tests.fuzzing", description=__doc__)
    top.add_argument("--hours", type=_hours, default=1.0, help="how long (1)")
    top.add_argument("--seed", type=_seed, help="the first seed (drawn, and printed)")
    top.add_argument("--output", type=Path, default=Path("build/fuzz"), help="folder to write to")
    top.add_argument("--replay", type=Path, metavar="FOLDER", help="check a finding once more")
    return top


def fuzz(hours: float, first_seed: int, output: Path) -> int:
    """Run a campaign, write its report, and give the exit status."""
    print(f"seed {first_seed}, for {hours:g} hours; report in {output / REPORT}", flush=True)
    campaign = Campaign(Plan(output, first_seed, hours * 3600))
    try:
        campaign.run()
    except KeyboardInterrupt:
        print("interrupted")
    report = campaign.report()
    save(report, output / REPORT)
    reached = report["coverage"]["all"]
    print(
        f"{report['chains']} chains, {report['steps']} steps, {report['blocks']} blocks over "
        f"{report['epochs']} epochs, {report['states']} states, "
        f"{sum(report['rejected'].values())} invalid blocks; {reached['reached']} of "
        f"{reached['points']} lines and branches of the fork reached"
    )
    for failure in campaign.failures:
        print(f"\nfound with seed {failure['seed']}, {failure['blocks']} blocks: {failure['what']}")
        print(f"  {failure['replay']}\n  {failure['replay_with_invariants']}")
    return 1 if campaign.failures else 0


def main() -> int:
    """Run the command; what is wrong with the input is said in one line."""
    chosen = parser().parse_args()
    try:
        if chosen.replay is not None:
            finding = replay(chosen.replay)
            print("nothing breaks" if finding is None else f"still broken: {finding}")
            return 0 if finding is None else 1
        first_seed = secrets.randbelow(2**32) if chosen.seed is None else chosen.seed
        return fuzz(chosen.hours, first_seed, chosen.output)
    except (VectorError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(run(main))
