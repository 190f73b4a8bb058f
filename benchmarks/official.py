"""The official executable specification's figures, and how to compare machines.

Measured once with consensus-specs v1.7.0-alpha, eth-remerkleable 0.1.31 and arkworks, on the same
reference vectors. The clock covers the transition and the final root, with signatures verified and
without decoding; for ``ssz_static``, whose work is the encoding itself, everything.
"""

from __future__ import annotations

import hashlib
import time

__all__ = ["CALIBRATION_SECONDS", "OFFICIAL_SECONDS", "TARGETS", "calibrate"]

# What the loop below took where the figures were measured.
CALIBRATION_SECONDS = 0.50

# (preset, runner) -> (cases, CPU seconds)
OFFICIAL_SECONDS: dict[tuple[str, str], tuple[int, float]] = {
    ("minimal", "epoch_processing"): (91, 3.0),
    ("minimal", "finality"): (5, 7.3),
    ("minimal", "operations"): (215, 1.0),
    ("minimal", "random"): (8, 29.7),
    ("minimal", "rewards"): (22, 0.8),
    ("minimal", "sanity"): (59, 12.4),
    ("minimal", "ssz_static"): (506, 1.1),
    ("mainnet", "epoch_processing"): (65, 12.4),
    ("mainnet", "operations"): (204, 16.1),
    ("mainnet", "rewards"): (16, 2.7),
    ("mainnet", "sanity"): (52, 62.5),
    ("mainnet", "ssz_static"): (92, 6.0),
}

# The official epoch transition, mainnet preset: validators -> CPU seconds
OFFICIAL_EPOCH_SECONDS = {1024: 72.0}

# Runners that are taken together, and how many times less CPU they must take than the figures.
TARGETS: dict[str, tuple[tuple[str, ...], float]] = {
    "sanity, finality, random": (("sanity", "finality", "random"), 5.0),
    "epoch_processing": (("epoch_processing",), 2.0),
    "operations": (("operations",), 2.0),
    "rewards": (("rewards",), 2.0),
    "ssz_static": (("ssz_static",), 2.0),
}


def calibrate() -> float:
    """Return the CPU seconds of the loop by which machines are compared."""
    start = time.process_time()
    digest = b""
    for _ in range(1_000_000):
        digest = hashlib.sha256(digest + b"x").digest()
    return time.process_time() - start
