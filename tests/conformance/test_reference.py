"""Replay a part of the reference vectors, where they lie beside the checkout."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT.parent / "shared" / "reference-vectors"

SAMPLE = {
    "minimal": (
        ("operations", "*"),
        ("epoch_processing", "*"),
        ("rewards", "*"),
        ("sanity", "*e*"),
        ("finality", "finality_rule_[12]"),
        ("random", "randomized_1*"),
        ("ssz_static", "case_0"),
        ("shuffling", "*_[0-9]"),
    ),
    "mainnet": (
        ("operations", "*[aeiou]_[st]*"),
        ("epoch_processing", "activation_*"),
        ("rewards", "*_leak"),
        ("sanity", "*withdrawal*"),
        ("ssz_static", "case_0"),
        ("shuffling", "*_[0-9]"),
    ),
}
"""Shell patterns on the cases of each runner, so that the whole takes well under a minute."""


@pytest.mark.parametrize(
    ("preset", "runner", "pattern"),
    [(preset, *chosen) for preset, sample in SAMPLE.items() for chosen in sample],
    ids=lambda value: value.replace("*", "") or "all",
)
def test_reference_vectors(preset: str, runner: str, pattern: str) -> None:
    """The command passes, in a process of its own."""
    archive = REFERENCE / f"fulu-{preset}.tar.gz"
    if not archive.is_file():
        pytest.skip(f"no reference vectors beside the checkout (shared/{archive.name})")
    command = ["conformance", str(archive), "--runner", runner, "--case", pattern, "--jobs", "1"]
    done = subprocess.run(
        [sys.executable, "-m", "poolspec", *command],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
