"""Folders of vectors with parts missing, of wrong types, linked, or much too large."""

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import poolspec
from poolspec.cli import main
from poolspec.vectors.parts import pack_snappy, write_yaml
from tests.helpers.genesis import genesis_state
from tests.helpers.pace import within
from tests.hostile.fuzzing import damaged, examples, run_bounded

PLACE = "tests/minimal/poolbonds"
SECONDS = 30


@cache
def parts() -> dict[str, bytes]:
    """Sound parts of a case for empty slots."""
    spec = poolspec.load("poolbonds", "minimal")
    state = genesis_state(spec)
    before = state.encode_bytes()
    spec.process_slots(state, spec.Slot(2))
    return {
        "pre.ssz_snappy": pack_snappy(before),
        "post.ssz_snappy": pack_snappy(state.encode_bytes()),
        "slots.yaml": b"2\n...\n",
        "meta.yaml": write_yaml({"description": "two slots", "bls_setting": 2}),
        "blocks_0.ssz_snappy": pack_snappy(spec.SignedBeaconBlock().encode_bytes()),
    }


def write(root: Path, files: dict[str, bytes], kind: str = "sanity/slots/suite/case") -> Path:
    """Put the files into a case's folder, and give the root."""
    folder = root / PLACE / kind
    shutil.rmtree(root, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return root


def replay(root: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The exit status of the command, and what it printed."""
    with within(SECONDS):
        status = main(["conformance", str(root), "--jobs", "1"])
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    return status, " ".join((out + err).split())


def test_sound_parts_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {name: content for name, content in parts().items() if "blocks" not in name}
    status, said = replay(write(tmp_path / "v", files), capsys)
    assert status == 0, said


YAMLS = [
    b"",
    b"[]",
    b"{}",
    b"null",
    b"- 1",
    b"2.5",
    b"-1",
    b"true",
    b"'2'",
    b"{a: {b: [1, {c: d}]}}",
    b"!!python/object/apply:os.system ['true']",
    b"&a [*a]",
    b"\xff\xfe",
    b"? [1, 2]\n: 3",
    b"1e999999999",
    b"2026-99-99",
    b"9" * 10_000,
    b"[" * 20_000,
    b"0x" + b"f" * 5000,
    b"18446744073709551615",
    b"1000000000000",
]


MAPPINGS = (b"{}", b"{a: {b: [1, {c: d}]}}")
"""Settings that say nothing to anybody."""


@pytest.mark.parametrize("content", YAMLS, ids=lambda content: repr(content[:12]))
@pytest.mark.parametrize("name", ["slots.yaml", "meta.yaml", "config.yaml"])
def test_wrong_yaml(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes
) -> None:
    """A file of the wrong type is damage that is named; numbers too large do not hang."""
    files = {each: made for each, made in parts().items() if "blocks" not in each}
    status, said = replay(write(tmp_path / "v", files | {name: content}), capsys)
    if content in MAPPINGS and name != "slots.yaml":
        assert status == 0, said
    else:
        assert status == 1, said
        assert f"suite/case/{name}: " in said


SETTINGS: list[tuple[str, Any, str]] = [
    ("blocks_count", 10**12, "meta.yaml: more than 65536 blocks"),
    ("blocks_count", 2, "blocks_1.ssz_snappy: missing part"),
    ("blocks_count", "1", "meta.yaml: 'blocks_count' must be a non-negative integer"),
    ("bls_setting", {"a": 1}, "meta.yaml: 'bls_setting' must be"),
    ("bls_setting", 3, "meta.yaml: 'bls_setting' must be"),
]
FORK_SETTINGS: list[tuple[str, Any, str]] = [
    ("fork_epoch", 2**64, "does not fit"),
    ("fork_epoch", 10**12, "meta.yaml: leads more than 65536 slots ahead"),
    ("fork_epoch", -1, "meta.yaml: 'fork_epoch' must be a non-negative integer"),
    ("fork_block", 5, "meta.yaml: 'fork_block' must be below"),
    ("post_fork", ["poolbonds"], "meta.yaml: 'post_fork' must be"),
]


@pytest.mark.parametrize(
    ("kind", "key", "value", "words"),
    [("sanity/blocks", *each) for each in SETTINGS]
    + [("transition/core", *each) for each in SETTINGS + FORK_SETTINGS],
)
def test_wrong_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, key: str, value: Any, words: str
) -> None:
    """Of cases of blocks; the reason names a file and what is wrong in it."""
    fulu = poolspec.load("fulu", "minimal")
    meta = {"blocks_count": 0, "post_fork": "poolbonds", "fork_epoch": 1} | {key: value}
    files = dict(parts()) | {"meta.yaml": write_yaml(meta)}
    files["pre.ssz_snappy"] = pack_snappy(
        genesis_state(fulu).encode_bytes() if "transition" in kind else parts_state()
    )
    del files["slots.yaml"]
    if key != "blocks_count":
        del files["blocks_0.ssz_snappy"]
    status, said = replay(write(tmp_path / "v", files, f"{kind}/suite/case"), capsys)
    assert status == 1, said
    assert words in said


def parts_state() -> bytes:
    """The encoding of a state at genesis."""
    spec = poolspec.load("poolbonds", "minimal")
    return bytes(genesis_state(spec).encode_bytes())


def test_blocks_of_the_far_future(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A block for a slot in a trillion years is refused before any slot passes."""
    spec = poolspec.load("poolbonds", "minimal")
    block = spec.SignedBeaconBlock(message=spec.BeaconBlock(slot=2**60))
    files = {
        "pre.ssz_snappy": pack_snappy(parts_state()),
        "blocks_0.ssz_snappy": pack_snappy(block.encode_bytes()),
        "meta.yaml": write_yaml({"blocks_count": 1}),
    }
    status, said = replay(write(tmp_path / "v", files, "sanity/blocks/suite/case"), capsys)
    assert status == 1
    assert "blocks_0.ssz_snappy: leads more than 65536 slots ahead" in said


@examples(25)
@given(st.data())
def test_damaged_parts(
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
) -> None:
    """Any part damaged or missing: pass, fail or an error, but no traceback and no hang."""
    files = {name: content for name, content in parts().items() if "blocks" not in name}
    for name in data.draw(st.sets(st.sampled_from(sorted(files)), max_size=2)):
        del files[name]
    if files:
        name = data.draw(st.sampled_from(sorted(files)))
        files[name] = data.draw(damaged(files[name]))
    root = write(tmp_path_factory.getbasetemp() / "damaged", files)
    with within(SECONDS):
        assert main(["conformance", str(root), "--jobs", "1"]) in (0, 1)


def link_to_outside(folder: Path) -> None:
    (folder / "post.ssz_snappy").unlink()
    (folder / "post.ssz_snappy").symlink_to("/etc/passwd")


def link_in_a_circle(folder: Path) -> None:
    (folder / "again").symlink_to(folder.parent)


def folder_for_a_file(folder: Path) -> None:
    (folder / "pre.ssz_snappy").unlink()
    (folder / "pre.ssz_snappy").mkdir()


def huge_meta(folder: Path) -> None:
    with (folder / "meta.yaml").open("wb") as file:
        file.truncate(2**40)


def huge_part(folder: Path) -> None:
    with (folder / "pre.ssz_snappy").open("wb") as file:
        file.truncate(2**40)


def slow_yaml(folder: Path) -> None:
    (folder / "meta.yaml").write_bytes(b"a: {b: [c, d]}\n" + b"k: {b: [c, d]}\n" * 10**6)


def name_that_is_not_text(folder: Path) -> None:
    """A case whose name cannot be printed, and that fails."""
    (folder / "pre.ssz_snappy").write_bytes(b"\x05")
    folder.rename(folder.parent / "bad\udcff\x1b[31m")


@pytest.mark.parametrize(
    "harm",
    [
        link_to_outside,
        link_in_a_circle,
        folder_for_a_file,
        huge_meta,
        huge_part,
        slow_yaml,
        name_that_is_not_text,
    ],
    ids=lambda harm: harm.__name__,
)
def test_hostile_folders(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    """The command ends in time and memory with an error of one line, and no traceback."""
    files = {name: content for name, content in parts().items() if "blocks" not in name}
    root = write(tmp_path / "v", files)
    harm(root / PLACE / "sanity/slots/suite/case")
    done = run_bounded("-m", "poolspec", "conformance", str(root), "--jobs", "1")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr, done.stderr


def test_aliases_do_not_multiply(tmp_path: Path) -> None:
    """A billion laughs in the configuration of a case."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [" + ", ".join([f"*a{n - 1}"] * 10) + "]" for n in range(1, 10)]
    lines.append("BLOB_SCHEDULE: *a9")
    files = {name: content for name, content in parts().items() if "blocks" not in name}
    files["config.yaml"] = "\n".join(lines).encode()
    root = write(tmp_path / "v", files)
    done = run_bounded("-m", "poolspec", "conformance", str(root), "--jobs", "1")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "config.yaml" in done.stdout + done.stderr
