"""Replaying cases of a toy fork: what passes, what fails and why, what is not run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from poolspec.vectors.conformance import Options, Result, Verdict, counts, replay, replay_all
from poolspec.vectors.layout import Selection
from poolspec.vectors.source import find
from tests.conformance.toy import SEED, block, exit_of, state

Writer = Callable[..., Path]

EXIT = "operations/voluntary_exit"


@pytest.fixture
def run(tmp_path: Path, toy: str) -> Callable[[], Result]:
    """Replay the only case that was written."""

    def replay_it() -> Result:
        found, _ = find(tmp_path, Selection(), tmp_path)
        (only,) = found
        return replay(only, Options(implementation=toy))

    return replay_it


Run = Callable[[], Result]


def test_a_valid_operation(write_case: Writer, run: Run) -> None:
    write_case(
        f"{EXIT}/a",
        pre=state(balances=(100, 50)),
        voluntary_exit=exit_of(1, 20),
        post=state(balances=(100, 30)),
    )
    assert run().verdict is Verdict.PASSED


def test_another_state_is_a_failure_that_says_where(write_case: Writer, run: Run) -> None:
    write_case(
        f"{EXIT}/a",
        pre=state(balances=(100, 50)),
        voluntary_exit=exit_of(1, 20),
        post=state(slot=3, balances=(100, 31)),
    )
    result = run()
    assert result.verdict is Verdict.FAILED
    assert "slot: 0, expected 3" in result.reason
    assert "balances[1]: 30, expected 31" in result.reason
    assert "balances[0]" not in result.reason


@pytest.mark.parametrize(("index", "amount"), [(1, 0), (2, 1), (1, 51)])
def test_an_invalid_operation_that_is_rejected(
    write_case: Writer, run: Run, index: int, amount: int
) -> None:
    """A failed assertion, an index outside the list, a balance below zero."""
    write_case(f"{EXIT}/a", pre=state(), voluntary_exit=exit_of(index, amount))
    assert run().verdict is Verdict.PASSED


@pytest.mark.parametrize(
    ("amount", "reason"),
    [
        (1, "accepted what must be rejected"),
        (7, "crashed: AttributeError"),
        (8, "crashed: ValueError: invalid literal"),
    ],
)
def test_an_invalid_operation_that_is_not(
    write_case: Writer, run: Run, amount: int, reason: str
) -> None:
    write_case(f"{EXIT}/a", pre=state(), voluntary_exit=exit_of(0, amount))
    result = run()
    assert result.verdict is Verdict.FAILED
    assert reason in result.reason


def test_a_valid_operation_that_is_rejected(write_case: Writer, run: Run) -> None:
    write_case(f"{EXIT}/a", pre=state(), voluntary_exit=exit_of(1, 51), post=state())
    result = run()
    assert result.verdict is Verdict.FAILED
    assert "process_voluntary_exit rejected: ValueError" in result.reason


@pytest.mark.parametrize(
    ("setting", "good", "valid", "verdict"),
    [
        (1, True, True, Verdict.PASSED),
        (1, False, False, Verdict.PASSED),
        (1, False, True, Verdict.FAILED),
        (2, False, True, Verdict.PASSED),
        (0, False, False, Verdict.PASSED),
        (None, False, False, Verdict.PASSED),
    ],
)
def test_bls_setting(
    write_case: Writer, run: Run, setting: int | None, good: bool, valid: bool, verdict: Verdict
) -> None:
    """Signatures count unless the case says that they do not."""
    parts: dict[str, Any] = {"post": state(slot=4)} if valid else {}
    meta = {"blocks_count": 1} | ({} if setting is None else {"bls_setting": setting})
    write_case("sanity/blocks/a", pre=state(), blocks_0=block(4, good), meta=meta, **parts)
    assert run().verdict is verdict


def test_blocks_in_order_and_no_more_than_promised(write_case: Writer, run: Run) -> None:
    folder = write_case(
        "finality/finality/a",
        pre=state(),
        meta={"blocks_count": 2},
        blocks_0=block(4),
        blocks_1=block(6),
        blocks_2=block(7),
        post=state(slot=6),
    )
    result = run()
    assert result.verdict is Verdict.FAILED
    assert result.reason == f"{folder / 'blocks_2.ssz_snappy'}: 'blocks_count' is 2"
    (folder / "blocks_2.ssz_snappy").unlink()
    assert run().verdict is Verdict.PASSED


def test_empty_slots(write_case: Writer, run: Run) -> None:
    write_case("sanity/slots/a", pre=state(slot=2), slots=5, post=state(slot=7))
    assert run().verdict is Verdict.PASSED


def test_configuration_of_the_case(write_case: Writer, run: Run) -> None:
    """STEP 2 overshoots an odd slot; names that the fork does not know are left alone."""
    write_case(
        "sanity/slots/a", pre=state(), slots=5, post=state(slot=6), config={"STEP": 2, "OTHER": "1"}
    )
    assert run().verdict is Verdict.PASSED


def test_a_step_and_the_whole_epoch(write_case: Writer, run: Run) -> None:
    folder = write_case(
        "epoch_processing/slashings/a",
        pre=state(balances=(100, 50)),
        post=state(balances=(50, 50)),
        pre_epoch=state(balances=(40, 50)),
        post_epoch=state(slot=8, balances=(20, 50)),
    )
    assert run().verdict is Verdict.PASSED
    (folder / "post_epoch.ssz_snappy").write_bytes((folder / "post.ssz_snappy").read_bytes())
    assert "process_epoch gives another state" in run().reason
    (folder / "post_epoch.ssz_snappy").unlink()
    assert "post_epoch.ssz_snappy: missing part" in run().reason


def test_shuffling_is_the_same_for_all_forks(write_case: Writer, run: Run) -> None:
    folder = write_case(
        "minimal/phase0/shuffling/core/a",
        mapping={"seed": "0x" + SEED.hex(), "count": 3, "mapping": [2, 1, 0]},
    )
    assert run().verdict is Verdict.PASSED
    (folder / "mapping.yaml").write_text(f"seed: '0x{SEED.hex()}'\ncount: 2\nmapping: [0, 1]\n")
    assert "[0]: 1, expected 0" in run().reason
    (folder / "mapping.yaml").write_text("seed: '0x00'\ncount: 2\nmapping: [0, 1]\n")
    assert "mapping.yaml: 'seed' must be 32 bytes" in run().reason


def test_ssz_static(write_case: Writer, run: Run) -> None:
    value = state(slot=9)
    root = "0x" + value.hash_tree_root().hex()
    folder = write_case("ssz_static/BeaconState/a", serialized=value, roots={"root": root})
    assert run().verdict is Verdict.PASSED
    (folder / "roots.yaml").write_text("root: '0x" + "00" * 32 + "'\n")
    assert run().reason.startswith("hash_tree_root differs: value: 0x")


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("operations/deposit", "no operation 'deposit' in fulu"),
        ("operations/attestation", "no 'process_attestation' in fulu"),
        ("epoch_processing/full_withdrawals", "no 'process_full_withdrawals' in fulu"),
        ("ssz_static/LightClientHeader", "no container 'LightClientHeader' in fulu"),
        ("fork_choice/on_block", "the runner fork_choice is not replayed"),
        ("sanity/other", "no sanity handler 'other'"),
        ("fork/fork", "the fork before fulu is not specified here"),
    ],
)
def test_what_is_not_run(write_case: Writer, run: Run, place: str, reason: str) -> None:
    write_case(f"{place}/a", pre=state(), meta={"fork": "fulu"})
    assert run() == Result(run().id, Verdict.NOT_RUN, reason)


@pytest.mark.parametrize(
    ("names", "verdict", "reason"),
    [
        ("minimal/gloas", Verdict.NOT_RUN, "the fork gloas is not specified here"),
        ("mainnet/fulu", Verdict.NOT_RUN, "fulu is not compiled for the preset mainnet"),
        ("minimal/foolu", Verdict.FAILED, "unknown fork 'foolu'"),
        ("tiny/fulu", Verdict.FAILED, "unknown preset 'tiny'"),
    ],
)
def test_forks_and_presets(
    write_case: Writer, run: Run, names: str, verdict: Verdict, reason: str
) -> None:
    """What others publish is not run; what nobody has heard of is damage."""
    write_case(f"{names}/sanity/slots/a", pre=state(), slots=1, post=state(slot=1))
    result = run()
    assert result.verdict is verdict
    assert result.reason.endswith(reason)


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({}, "pre.ssz_snappy: missing part"),
        ({"voluntary_exit": b""}, "voluntary_exit.ssz_snappy: damaged snappy block"),
        ({"post": b"\x02\x04ab"}, "post.ssz_snappy: not a valid BeaconState"),
        ({"meta": {"bls_setting": 3}}, "meta.yaml: 'bls_setting' must be 0, 1 or 2, not 3"),
        ({"meta": [1]}, "meta.yaml: must be a mapping"),
    ],
)
def test_damage_names_the_file(
    write_case: Writer, run: Run, parts: dict[str, Any], reason: str
) -> None:
    complete = {"pre": state(), "voluntary_exit": exit_of(1, 1)} if parts else {"post": state()}
    folder = write_case(f"{EXIT}/a", **(complete | parts))
    result = run()
    assert result.verdict is Verdict.FAILED
    assert result.reason.startswith(f"{folder}/")
    assert reason in result.reason


@pytest.mark.parametrize(
    "meta", [{}, {"blocks_count": -1}, {"blocks_count": "two"}, {"blocks_count": 10**12}]
)
def test_unusable_block_counts(write_case: Writer, run: Run, meta: dict[str, Any]) -> None:
    write_case("random/random/a", pre=state(), meta={"bls_setting": 0} | meta, post=state())
    assert "meta.yaml: " in run().reason


def test_counts_by_runner(write_case: Writer, toy: str, tmp_path: Path) -> None:
    for case in ("a", "b"):
        write_case(f"sanity/slots/{case}", pre=state(), slots=1, post=state(slot=1))
    write_case("sanity/slots/c", pre=state(), slots=1, post=state(slot=2))
    write_case("kzg/verify/a", data={})
    found, _ = find(tmp_path, Selection(), tmp_path)
    results = list(replay_all(found, Options(implementation=toy), jobs=1))
    assert counts(results) == {
        "kzg": {Verdict.PASSED: 0, Verdict.FAILED: 0, Verdict.NOT_RUN: 1},
        "sanity": {Verdict.PASSED: 2, Verdict.FAILED: 1, Verdict.NOT_RUN: 0},
    }
