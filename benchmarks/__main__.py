"""``python -m benchmarks``: replay times beside the official figures, and epochs by size."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from benchmarks.epoch import time_epoch
from benchmarks.official import calibrate
from benchmarks.replay import BenchmarkError, measure
from benchmarks.report import print_epochs, print_replay, targets_met
from poolspec.output import plain_console, run
from poolspec.vectors.errors import VectorError
from poolspec.vectors.source import Found

ROOT = Path(__file__).resolve().parents[1]
REFERENCE_VECTORS = ROOT.parent / "shared" / "reference-vectors"
EPOCH_SIZES = (1024, 8192, 65536)


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--vectors",
        type=Path,
        nargs="+",
        help="folders or .tar.gz archives (default: the reference vectors beside the checkout)",
    )
    parser.add_argument("--preset", default="*", help="only presets that match this pattern")
    parser.add_argument("--runner", default="*", help="only runners that match this pattern")
    parser.add_argument("--plain", action="store_true", help="without the fast functions")
    parser.add_argument(
        "--epochs",
        type=int,
        nargs="*",
        default=EPOCH_SIZES,
        metavar="COUNT",
        help="validators of the synthetic states (none: leave them out)",
    )
    return parser.parse_args(arguments)


def _archives() -> list[Path]:
    return sorted(REFERENCE_VECTORS.glob("*.tar.gz"))


def main(arguments: Sequence[str]) -> int:
    """Run the benchmarks; exit status 1 if a case fails or a target is missed."""
    options = _arguments(arguments)
    console = plain_console()

    def wanted(found: Found) -> bool:
        preset, runner = found.id.preset, found.id.runner
        return fnmatchcase(preset, options.preset) and fnmatchcase(runner, options.runner)

    met = True
    calibration = calibrate()
    paths = options.vectors or _archives()
    if paths:
        try:
            timings = measure(paths, not options.plain, wanted)
        except (BenchmarkError, VectorError) as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
        print_replay(console, timings, calibration)
        met = targets_met(console, timings, calibration)
    else:
        console.print("no reference vectors beside the checkout: replay times are left out")
    if options.epochs:
        seconds = {size: time_epoch(size, not options.plain) for size in options.epochs}
        pooled = {size: time_epoch(size, not options.plain, "poolbonds") for size in options.epochs}
        met = print_epochs(console, seconds, pooled, calibration) and met
    return 0 if met or options.plain else 1


if __name__ == "__main__":
    sys.exit(run(lambda: main(sys.argv[1:])))
