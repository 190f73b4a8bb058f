"""Fuzz the tools for some hours: `make fuzz-tools HOURS=…`.

Each round tries other examples, twenty times as many as an ordinary run. A failure ends it; what
pytest prints then has the shrunk example.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from poolspec.output import run

HERE = Path(__file__).parent
FACTOR = 20


def main() -> int:
    """Run rounds until the time is over or one fails; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--factor", type=float, default=FACTOR, help="of the number of examples")
    arguments = parser.parse_args()
    end = time.monotonic() + 3600 * arguments.hours
    rounds = 0
    while rounds == 0 or time.monotonic() < end:
        rounds += 1
        print(f"round {rounds}", flush=True)
        environment = {**os.environ, "POOLSPEC_FUZZ": str(arguments.factor)}
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", str(HERE)]
        status = subprocess.run(command, env=environment, check=False).returncode
        if status:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
