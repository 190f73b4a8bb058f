"""The benchmarks run, and compare what is comparable."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import poolspec
from benchmarks.__main__ import REFERENCE_VECTORS, main
from benchmarks.epoch import give_to_pools, synthetic_state, time_epoch
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
    flat, steep = {1024: 0.1, 8192: 0.8}, {1024: 0.1, 8192: 6.4}
    assert print_epochs(console, flat, {1024: 0.2, 8192: 1.6}, CALIBRATION_SECONDS)
    assert "97.7" in text.getvalue()  # 0.1 s over 1,024 validators, in microseconds
    assert text.getvalue().count("2.00") == 2  # with pools it takes twice as long
    assert not print_epochs(console, steep, flat, CALIBRATION_SECONDS)
    assert not print_epochs(console, flat, steep, CALIBRATION_SECONDS)


def test_synthetic_states_have_full_participation(plain_spec: Any) -> None:
    state = synthetic_state(plain_spec, 20)
    epoch = plain_spec.get_current_epoch(state)
    everybody = set(range(20))
    assert set(plain_spec.get_active_validator_indices(state, epoch)) == everybody
    for flag in range(3):
        voters = plain_spec.get_unslashed_participating_indices(state, flag, epoch)
        assert voters == everybody
    assert state.slot + 1 == (epoch + 1) * plain_spec.SLOTS_PER_EPOCH


def test_pools_have_just_the_bond_that_their_seats_need() -> None:
    spec = poolspec.load("poolbonds", "minimal")
    state = give_to_pools(spec, synthetic_state(spec, 2 * 100))
    assert [int(pool.bond) for pool in state.pools] == [64 * 32 * 10**9 // 100] * 2
    assert [int(pool.seated_balance) // (32 * 10**9) for pool in state.pools] == [64, 36]
    assert [int(pool) for pool in state.validator_pools[:3]] == [0, int(spec.NO_POOL), 0]
    spec.process_epoch(state)
    assert {int(each.effective_balance) for each in state.validators} == {32 * 10**9}


@pytest.mark.parametrize("fork", ["fulu", "poolbonds"])
def test_fast_and_plain_epochs_agree(fork: str) -> None:
    fast, plain = (poolspec.load(fork, "minimal", fast=each) for each in (True, False))
    state = synthetic_state(fast, 40)
    if fork == "poolbonds":
        state = give_to_pools(fast, state)
    other = state.copy()
    fast.process_epoch(state)
    plain.process_epoch(other)
    assert state.hash_tree_root() == other.hash_tree_root()
    assert time_epoch(16, fork=fork) > 0


def test_missing_vectors(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["--vectors", str(tmp_path / "nothing"), "--epochs"]) == 1
    assert "no such file or folder" in capsys.readouterr().err


@pytest.mark.skipif(not REFERENCE_VECTORS.is_dir(), reason="no reference vectors beside")
def test_replaying_reference_vectors(capsys: pytest.CaptureFixture[str]) -> None:
    vectors = str(REFERENCE_VECTORS / "fulu-minimal.tar.gz")
    assert main(["--vectors", vectors, "--runner", "rewards", "--epochs"]) == 0
    assert "rewards:" in capsys.readouterr().out
