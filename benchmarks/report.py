"""The tables that the benchmarks print."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from benchmarks.official import (
    CALIBRATION_SECONDS,
    OFFICIAL_EPOCH_SECONDS,
    OFFICIAL_SECONDS,
    TARGETS,
)
from benchmarks.replay import Timing

__all__ = ["print_epochs", "print_replay", "targets_met"]

# How much longer a validator may take in a larger registry than in the smallest.
FLAT = 1.5

Timings = Mapping[tuple[str, str], Timing]


def _compared(
    timings: Timings, runners: tuple[str, ...], preset: str | None = None
) -> float | None:
    """Return official CPU over ours, machine differences left in; ``None`` if nothing compares.

    Only rows with the same number of cases on both sides are comparable.
    """
    ours = theirs = 0.0
    for key, timing in timings.items():
        official = OFFICIAL_SECONDS.get(key)
        wanted = key[1] in runners and preset in (None, key[0])
        if official is not None and wanted and official[0] == timing.cases:
            ours += timing.seconds
            theirs += official[1]
    return theirs / ours if ours else None


def print_replay(console: Console, timings: Timings, calibration: float) -> None:
    """Print a row for each preset and runner."""
    slowdown = calibration / CALIBRATION_SECONDS
    console.print(
        f"calibration loop: {calibration:.2f} s here, {CALIBRATION_SECONDS:.2f} s there; "
        f"the official figures are multiplied by {slowdown:.2f}"
    )
    table = Table(title="CPU seconds to replay the reference vectors")
    table.add_column("preset")
    table.add_column("runner")
    for heading in ("cases", "official", "here", "times less"):
        table.add_column(heading, justify="right")
    for key, timing in sorted(timings.items()):
        ratio = _compared(timings, (key[1],), key[0])
        official = OFFICIAL_SECONDS.get(key)
        table.add_row(
            *key,
            str(timing.cases),
            "-" if official is None else f"{official[1] * slowdown:.1f}",
            f"{timing.seconds:.2f}",
            "-" if ratio is None else f"{ratio * slowdown:.1f}",
        )
    console.print(table)


def targets_met(console: Console, timings: Timings, calibration: float) -> bool:
    """Print each target and whether it is met; a target with nothing to compare is left out."""
    slowdown = calibration / CALIBRATION_SECONDS
    all_met = True
    for name, (runners, wanted) in TARGETS.items():
        ratio = _compared(timings, runners)
        if ratio is None:
            continue
        met = ratio * slowdown >= wanted
        all_met = all_met and met
        verdict = "met" if met else "NOT MET"
        console.print(
            f"{name}: {ratio * slowdown:.1f} times less CPU, wanted {wanted:g}: {verdict}"
        )
    return all_met


def _is_flat(seconds: Mapping[int, float]) -> bool:
    smallest = min(seconds)
    most = max(taken / count for count, taken in seconds.items())
    return most <= FLAT * seconds[smallest] / smallest


def print_epochs(
    console: Console,
    seconds: Mapping[int, float],
    with_pools: Mapping[int, float],
    calibration: float,
) -> bool:
    """Print a row for each number of validators; return whether the time per validator is flat.

    Flat means that no size takes much longer per validator than the smallest. ``with_pools`` are
    the seconds of the pool-bonds fork with half of the validators in pools.
    """
    slowdown = calibration / CALIBRATION_SECONDS
    table = Table(title="process_epoch and root, mainnet preset, full participation")
    headings = (
        "validators",
        "official",
        "CPU seconds",
        "µs per validator",
        "half in pools",
        "ratio",
    )
    for heading in headings:
        table.add_column(heading, justify="right")
    for count, taken in seconds.items():
        official = OFFICIAL_EPOCH_SECONDS.get(count)
        theirs = "-" if official is None else f"{official * slowdown:.0f}"
        pooled = with_pools[count]
        table.add_row(
            f"{count:,}",
            theirs,
            f"{taken:.3f}",
            f"{taken / count * 1e6:.1f}",
            f"{pooled:.3f}",
            f"{pooled / taken:.2f}",
        )
    console.print(table)
    is_flat = _is_flat(seconds) and _is_flat(with_pools)
    console.print(f"time per validator: {'flat' if is_flat else 'NOT FLAT'}")
    return is_flat
