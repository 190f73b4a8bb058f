"""Finding cases in folders and archives, and what is refused there."""

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from poolspec.vectors.errors import VectorError
from poolspec.vectors.layout import CaseId, Selection, case_of
from poolspec.vectors.source import find

PLACE = "tests/minimal/fulu/operations/attestation/suite"


def _tree(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return root


def _archive(path: Path, *members: tuple[str, bytes] | tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                tar.addfile(member)
            else:
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                tar.addfile(info, io.BytesIO(member[1]))
    return path


def test_a_case_is_known_by_its_last_folders() -> None:
    assert case_of(Path(f"/any/where/{PLACE}/one")) == CaseId(
        "minimal", "fulu", "operations", "attestation", "suite", "one"
    )
    assert case_of(Path(f"/any/where/{PLACE}")) is None
    assert case_of(Path("minimal/fulu/operations/attestation/suite/one")) is None


def test_folders_are_searched_from_any_depth(tmp_path: Path) -> None:
    root = _tree(tmp_path, f"{PLACE}/b/pre.ssz_snappy", f"{PLACE}/a/meta.yaml", "README.md")
    for start in (root, root / "tests", root / PLACE, root / PLACE / "a"):
        found, others = find(start, Selection(), tmp_path)
        names = [each.id.case for each in found]
        assert names == (["a"] if start.name == "a" else ["a", "b"])
        assert others == 0
        assert found[0].shown.startswith(str(start))


def test_selection_by_patterns(tmp_path: Path) -> None:
    _tree(tmp_path, *(f"{PLACE}/{case}/pre.ssz_snappy" for case in ("one", "two", "three")))
    for selection, expected in (
        (Selection(case=("t*",)), ["three", "two"]),
        (Selection(case=("one", "two")), ["one", "two"]),
        (Selection(runner=("operations",), case=("*e",)), ["one", "three"]),
        (Selection(handler=("attest",)), []),
        (Selection(preset=("mainnet",)), []),
        (Selection(fork=("f?lu",), case=("one",)), ["one"]),
    ):
        found, others = find(tmp_path, selection, tmp_path)
        assert [each.id.case for each in found] == expected
        assert others == 3 - len(expected)


def test_an_archive_gives_the_selected_cases(tmp_path: Path) -> None:
    archive = _archive(
        tmp_path / "v.tar.gz",
        (f"{PLACE}/one/pre.ssz_snappy", b"abc"),
        (f"./{PLACE}/two/pre.ssz_snappy", b"defg"),
        ("README.md", b"hello"),
    )
    found, others = find(archive, Selection(case=("two",)), tmp_path / "out")
    assert [(each.id.case, each.size, others) for each in found] == [("two", 4, 1)]
    assert (found[0].folder / "pre.ssz_snappy").read_bytes() == b"defg"
    assert found[0].shown == f"{archive}/{PLACE}/two"
    assert not list((tmp_path / "out").rglob("one"))
    assert find(archive, Selection(case=("none",)), tmp_path / "none") == ([], 2)


def _link(name: str, target: str, kind: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        (("/etc/cron", b""), "outside the archive"),
        ((f"{PLACE}/../../../../../../../x", b""), "outside the archive"),
        ((f"{PLACE}/one/..\\x", b""), "outside the archive"),
        (_link(f"{PLACE}/one/pre.ssz_snappy", "/etc/passwd", tarfile.SYMTYPE), "is a link"),
        (_link(f"{PLACE}/one/pre.ssz_snappy", "other", tarfile.LNKTYPE), "is a link"),
        (_link(f"{PLACE}/one/pre.ssz_snappy", "", tarfile.FIFOTYPE), "is a link or a device"),
        ((f"{PLACE}/pre.ssz_snappy", b""), "not in a folder"),
        (("README.md", b""), "no case in it"),
    ],
)
def test_hostile_archives(
    tmp_path: Path, member: tuple[str, bytes] | tarfile.TarInfo, reason: str
) -> None:
    archive = _archive(tmp_path / "v.tar.gz", member)
    with pytest.raises(VectorError, match=reason) as caught:
        find(archive, Selection(), tmp_path / "out")
    assert str(caught.value).startswith(str(archive))
    assert not (tmp_path / "out").exists()


def test_a_part_twice_in_an_archive(tmp_path: Path) -> None:
    name = f"{PLACE}/one/pre.ssz_snappy"
    archive = _archive(tmp_path / "v.tar.gz", (name, b"a"), (name, b"b"))
    with pytest.raises(VectorError, match="twice"):
        find(archive, Selection(), tmp_path / "out")


def test_an_archive_that_unpacks_to_too_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = [(f"{PLACE}/{case}/pre.ssz_snappy", b"\0" * 600) for case in ("one", "two")]
    archive = _archive(tmp_path / "v.tar.gz", *members)
    monkeypatch.setattr("poolspec.vectors.source.MAX_UNPACKED_BYTES", 1199)
    with pytest.raises(VectorError, match="unpacks to more"):
        find(archive, Selection(), tmp_path / "out")
    found, _ = find(archive, Selection(case=("two",)), tmp_path / "other")
    assert len(found) == 1


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("damage", [_cut, _flip, lambda path: path.write_bytes(b"no archive")])
def test_damaged_archives(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    noise = bytes(i * i * 31 % 251 for i in range(5000))
    archive = _archive(tmp_path / "v.tar.gz", (f"{PLACE}/one/pre.ssz_snappy", noise))
    damage(archive)
    with pytest.raises(VectorError, match="damaged archive"):
        find(archive, Selection(), tmp_path / "out")


def test_what_is_neither_folder_nor_archive(tmp_path: Path) -> None:
    (tmp_path / "file.txt").write_text("x")
    with pytest.raises(VectorError, match="neither a folder nor"):
        find(tmp_path / "file.txt", Selection(), tmp_path)
    with pytest.raises(VectorError, match="no such file"):
        find(tmp_path / "nothing", Selection(), tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(VectorError, match="no case in it"):
        find(tmp_path / "empty", Selection(), tmp_path)


def test_links_and_lost_parts_in_folders(tmp_path: Path) -> None:
    lost = _tree(tmp_path / "lost", f"{PLACE}/pre.ssz_snappy")
    with pytest.raises(VectorError, match="not in a folder"):
        find(lost, Selection(), tmp_path)
    linked = _tree(tmp_path / "linked", f"{PLACE}/one/pre.ssz_snappy")
    (linked / PLACE / "two").symlink_to(linked / PLACE / "one")
    with pytest.raises(VectorError, match=r"two: is a link"):
        find(linked, Selection(), tmp_path)
