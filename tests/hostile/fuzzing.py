"""What fuzz tests share: damage, and a bound on memory."""

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

ROOT = Path(__file__).parents[2]

FACTOR = float(os.environ.get("POOLSPEC_FUZZ", "1"))
"""How many times as many examples as in an ordinary run; then others in each run, too."""

MOST_MEMORY = 2 * 2**30
"""Of a command that is fed with a bomb, in bytes of address space."""


def examples(count: int) -> Callable[[Any], Any]:
    """Try so many examples: the same in every ordinary run, others and more when fuzzing."""
    return settings(
        max_examples=max(1, int(count * FACTOR)),
        deadline=None,
        database=None,
        derandomize="POOLSPEC_FUZZ" not in os.environ,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )


def run_bounded(
    *arguments: str, memory: int = MOST_MEMORY, cwd: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """Run Python with bounded memory; more of it is an error there."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        errors="replace",
        preexec_fn=limit,
        check=False,
    )


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """Bytes with some of them changed, removed, doubled or added."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["flip", "cut", "number", "double", "insert", "swap"]))
        place = draw(st.integers(0, max(len(data) - 1, 0)))
        if kind == "flip" and data:
            data[place] ^= 1 << draw(st.integers(0, 7))
        elif kind == "cut":
            del data[place : place + draw(st.integers(1, max(len(data), 1)))]
        elif kind == "number":
            # What an offset, a length or an amount may be at worst
            number = draw(st.sampled_from([0, 1, 2**31 - 1, 2**31, 2**32 - 1, len(data)]))
            data[place : place + 4] = number.to_bytes(4, "little")
        elif kind == "double":
            data[place:place] = data[place : place + 64]
        elif kind == "insert":
            data[place:place] = draw(st.binary(min_size=1, max_size=40))
        elif kind == "swap":
            data[place : place + 8] = data[place : place + 8][::-1]
    return bytes(data)
