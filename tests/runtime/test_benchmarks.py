"""The benchmarks run, and compare what is comparable."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import poolspec
from benchmarks.__main__ import REFERENCE_VECTORS, main
from benchmarks.epoch import synthetic_state, time_epoch
from benchmarks.official import CALIBRATION_SECONDS
from benchmarks.replay import Timing
from benchmarks.report import print_epochs, targets_met


def _console() -> tuple[Console, StringIO]:
    text = StringIO()
    return Console(file=text, width=120), text


def test_targets_compare_equal_work_on_equal_machines() -> None:
    console, text = _console()
    # Official: 0.8 s and 2.7 s for these cases; on a machine half as fast, 7.0 s.
    timings = {("minimal", "rewards"): Timing(22, 1.0), ("mainnet", "rewards"): Timing(16, 2.5)}
    assert targets_met(console, timings, 2 * CALIBRATION_SECONDS)
    assert "rewards: 2.0 times less CPU, wanted 2: met" in text.getvalue()
    timings["mainnet", "rewards"].seconds = 2.6
    assert not targets_met(console, timings, 2 * CALIBRATION_SECONDS)
    assert "NOT MET" in text.getvalue()


def test_other_numbers_of_cases_are_not_compared() -> None:
    console, text = _console()
    assert targets_met(console, {("minimal", "rewards"): Timing(21, 99.0)}, CALIBRATION_SECONDS)
    assert text.getvalue() == ""


def test_flat_is_per_validator() -> None:
    console, text = _console()
    assert print_epochs(console, {1024: 0.1, 8192: 0.8}, CALIBRATION_SECONDS)
    assert "97.7" in text.getvalue()  # 0.1 s over 1,024 validators, in microseconds
    assert not print_epochs(console, {1024: 0.1, 8192: 6.4}, CALIBRATION_SECONDS)


def test_synthetic_states_have_full_participation(plain_spec: Any) -> None:
    state = synthetic_state(plain_spec, 20)
    epoch = plain_spec.get_current_epoch(state)
    everybody = set(range(20))
    assert set(plain_spec.get_active_validator_indices(state, epoch)) == everybody
    for flag in range(3):
        voters = plain_spec.get_unslashed_participating_indices(state, flag, epoch)
        assert voters == everybody
    assert state.slot + 1 == (epoch + 1) * plain_spec.SLOTS_PER_EPOCH


def test_fast_and_plain_epochs_agree() -> None:
    fast, plain = (poolspec.load("fulu", "minimal", fast=each) for each in (True, False))
    state = synthetic_state(fast, 40)
    other = state.copy()
    fast.process_epoch(state)
    plain.process_epoch(other)
    assert state.hash_tree_root() == other.hash_tree_root()
    assert time_epoch(16) > 0


def test_missing_vectors(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["--vectors", str(tmp_path / "nothing"), "--epochs"]) == 1
    assert "no such file or folder" in capsys.readouterr().err


@pytest.mark.skipif(not REFERENCE_VECTORS.is_dir(), reason="no reference vectors beside")
def test_replaying_reference_vectors(capsys: pytest.CaptureFixture[str]) -> None:
    vectors = str(REFERENCE_VECTORS / "fulu-minimal.tar.gz")
    assert main(["--vectors", vectors, "--runner", "rewards", "--epochs"]) == 0
    assert "rewards:" in capsys.readouterr().out
