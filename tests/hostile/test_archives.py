"""Archives that are damaged, or reach outside: an error, and nothing is written there."""

import gzip
import io
import tarfile
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolspec.vectors import source
from poolspec.vectors.errors import VectorError
from poolspec.vectors.layout import Selection
from poolspec.vectors.source import find
from tests.helpers.pace import within
from tests.hostile.fuzzing import damaged, examples, run_bounded

PLACE = "tests/minimal/fulu/operations/attestation/suite"
KINDS = [
    tarfile.REGTYPE,
    tarfile.AREGTYPE,
    tarfile.SYMTYPE,
    tarfile.LNKTYPE,
    tarfile.FIFOTYPE,
    tarfile.CHRTYPE,
    tarfile.BLKTYPE,
    tarfile.DIRTYPE,
    tarfile.CONTTYPE,
    tarfile.GNUTYPE_SPARSE,
    b"Z",
]
NAMES = [
    "pre.ssz_snappy",
    "../pre.ssz_snappy",
    "/etc/x",
    "..",
    ".",
    "",
    "a/b/c/d",
    "x\\..\\y",
    "\udcff",
    "\x1b[31m",
    "n" * 300,
]


@st.composite
def members(draw: st.DrawFn) -> tarfile.TarInfo:
    """A member of any kind, under any name, of a size that need not be true."""
    base = draw(st.sampled_from([PLACE, f"{PLACE}/one", f"./{PLACE}/two", "/", "..", ""]))
    member = tarfile.TarInfo(f"{base}/{draw(st.sampled_from(NAMES))}")
    member.type = draw(st.sampled_from(KINDS))
    member.linkname = draw(st.sampled_from(["", "/etc/passwd", "../../../x", "pre.ssz_snappy"]))
    member.size = draw(st.sampled_from([0, 1, 512, 2**28 + 1, 2**40]))
    member.mtime = draw(st.sampled_from([0, -1, 2**62]))
    return member


@cache
def sound() -> bytes:
    """A sound archive of two cases, not yet compressed."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in ("one/pre.ssz_snappy", "one/" + "long" * 60, "two/meta.yaml"):
            member = tarfile.TarInfo(f"{PLACE}/{name}")
            member.size = 100
            tar.addfile(member, io.BytesIO(b"x" * 100))
    return raw.getvalue()


def check(folder: Path, packed: bytes) -> None:
    """Cases are found inside the scratch folder only, or an error names the archive."""
    archive = folder / "v.tar.gz"
    archive.write_bytes(packed)
    scratch = folder / "scratch"
    with within(10):
        try:
            found, _ = find(archive, Selection(), scratch)
        except VectorError as error:
            found, path = [], error.path
            assert path.startswith(str(archive))
    assert all(each.folder.is_relative_to(scratch.resolve()) for each in found)
    written = {path.name for path in folder.iterdir()}
    assert written <= {"v.tar.gz", "scratch"}
    assert not any(path.is_symlink() for path in scratch.rglob("*"))


@examples(80)
@given(st.data())
def test_damaged_archives(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Damaged before or after it is compressed."""
    folder = tmp_path_factory.mktemp("archive")
    if data.draw(st.booleans()):
        check(folder, gzip.compress(data.draw(damaged(sound())), 1))
    else:
        check(folder, data.draw(damaged(gzip.compress(sound(), 1))))


@examples(80)
@given(st.data())
def test_hostile_members(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Members of all kinds, whose headers are not followed by what they claim."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for member in data.draw(st.lists(members(), min_size=1, max_size=4)):
            header = member.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")
            raw.write(header + bytes(min(-member.size % 512, 512)))
        tar.offset = raw.tell()
    check(tmp_path_factory.mktemp("archive"), gzip.compress(raw.getvalue(), 1))


def bomb(path: Path, name: str, size: int) -> None:
    """An archive of a few megabytes with one member of zeros."""
    member = tarfile.TarInfo(name)
    member.size = size
    with gzip.open(path, "wb", 1) as packed:
        packed.write(member.tobuf(tarfile.PAX_FORMAT))
        block = bytes(2**22)
        for _ in range(2**28 // len(block)):
            packed.write(block)


def test_bombs_are_left_packed(tmp_path: Path) -> None:
    """A part, and a file beside the cases, that claim to be 32 GiB and more."""
    for name in (f"{PLACE}/one/pre.ssz_snappy", "README.md"):
        archive = tmp_path / "v.tar.gz"
        bomb(archive, name, source.MAX_PASSED_BYTES + 1)
        done = run_bounded("-m", "poolspec", "conformance", str(archive), "--jobs", "1")
        assert done.returncode == 1
        assert "unpacks to more" in done.stderr
        assert "Traceback" not in done.stderr
