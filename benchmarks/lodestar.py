"""The engine beside Lodestar: the epoch transition of one and the same Fulu state.

    python -m benchmarks.lodestar

Lodestar runs in Node, from the packages that the client check has pinned (`make client-check`
installs them). Both must arrive at the same state, byte by byte. Its clock covers what it does in
an epoch transition, the shuffling of a later epoch's committees included, so the engine's is given
with the same work, and without.
"""

from __future__ import annotations

import argparse
import gc
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.engine import build, epoch_seconds, shuffling_seconds
from poolspec.engine.encoding import encode
from poolspec.output import plain_console, run

__all__ = ["Comparison", "compare"]

CLIENTS = Path(__file__).parents[1] / "clients"
SCRIPT = CLIENTS / "time-epoch.js"
WITH_SHUFFLING = 2.0
WITHOUT = 4.0
"""How many times less CPU than Lodestar the engine is to take."""


class LodestarError(Exception):
    """Lodestar could not be run, or arrived at another state."""


@dataclass
class Comparison:
    """CPU seconds, the least of some runs each."""

    lodestar: float
    epoch: float
    shuffling: float

    def is_met(self) -> bool:
        """Decide whether the engine is as much faster as it should be."""
        with_shuffling = self.epoch + self.shuffling
        return (
            self.lodestar >= WITH_SHUFFLING * with_shuffling
            and self.lodestar >= WITHOUT * self.epoch
        )


def _run_lodestar(before: Path, after: Path, repeats: int) -> list[float]:
    """Return the CPU seconds of Lodestar's runs; the state after the first is written."""
    node = shutil.which("node")
    if node is None or not (CLIENTS / "node_modules").is_dir():
        raise LodestarError("Lodestar is not installed: make client-check installs it")
    command = [node, "--expose-gc", "--max-old-space-size=8192", SCRIPT, before, after]
    done = subprocess.run(
        [*map(str, command), str(repeats)],
        cwd=CLIENTS,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["no message"]
        raise LodestarError(next((line for line in lines if "Error" in line), lines[-1]))
    seconds: list[float] = json.loads(done.stdout)
    return seconds


def compare(count: int, compounding: int, repeats: int) -> Comparison:
    """Run both on a registry of `count` solo validators, some of them with 2,048 ETH."""
    simulation = build(count, compounding, fork="fulu")
    simulation.vote()
    rules, state = simulation.rules, simulation.state
    with tempfile.TemporaryDirectory(prefix="engine-") as folder:
        before, after = Path(folder, "before.ssz"), Path(folder, "after.ssz")
        before.write_bytes(encode(rules.spec.BeaconState, state))
        lodestar = min(_run_lodestar(before, after, repeats))
        expected = state.copy()
        rules.process_epoch(expected)
        expected.slot += 1
        if encode(rules.spec.BeaconState, expected) != after.read_bytes():
            raise LodestarError("Lodestar arrived at another state than the engine")
    del expected
    gc.collect()
    epoch = epoch_seconds(simulation, repeats)
    return Comparison(lodestar, epoch, shuffling_seconds(simulation, repeats))


def main(arguments: Sequence[str]) -> int:
    """Measure and print; exit status 1 if a target is missed or Lodestar cannot be run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lodestar", description=__doc__)
    parser.add_argument("--validators", type=int, default=1_000_000)
    parser.add_argument("--compounding", type=int, default=0, help="of them, with 2,048 ETH each")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args(arguments)
    try:
        found = compare(options.validators, options.compounding, options.repeats)
    except LodestarError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    console, whole = plain_console(), found.epoch + found.shuffling
    console.print(f"epoch transition, Fulu, {options.validators:,} validators, CPU seconds")
    console.print(f"  Lodestar, shuffling included  {found.lodestar:.3f}")
    console.print(f"  engine, shuffling included    {whole:.3f}  ({found.lodestar / whole:.1f}x)")
    console.print(
        f"  engine, without               {found.epoch:.3f}  ({found.lodestar / found.epoch:.1f}x)"
    )
    return 0 if found.is_met() else 1


if __name__ == "__main__":
    sys.exit(run(lambda: main(sys.argv[1:])))
