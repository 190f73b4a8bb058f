"""Finding cases in folders and archives, and what is refused there."""

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from poolspec.cli import main
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


BLOCK = tarfile.BLOCKSIZE
NOISE = bytes(i * i * 31 % 251 for i in range(700))
CASES = ("one", "two")
MEMBER = BLOCK + 2 * BLOCK
"""A header, and 700 bytes that fill two blocks."""

ENDING = 2 * BLOCK


def _unpacked() -> bytes:
    """A sound archive of two cases, of seven blocks and the end, before it is compressed."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for case in CASES:
            info = tarfile.TarInfo(f"{PLACE}/{case}/pre.ssz_snappy")
            info.size = len(NOISE)
            tar.addfile(info, io.BytesIO(NOISE))
    return raw.getvalue()[: 2 * MEMBER + ENDING]


def _flipped(content: bytes, place: int, bits: int = 1) -> bytes:
    changed = bytearray(content)
    changed[place] ^= bits
    return bytes(changed)


def _packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


SOUND = _unpacked()
SECOND = MEMBER
"""Where the header of the second case begins."""

DAMAGED = {
    "no archive": b"no archive",
    "empty": b"",
    "compressed, but no archive": _packed(b"no archive"),
    "compressed, but empty": _packed(b""),
    "a bit of the first name": _packed(_flipped(SOUND, 3)),
    "a bit of the second name": _packed(_flipped(SOUND, SECOND + 3)),
    "a bit of a size": _packed(_flipped(SOUND, SECOND + 130)),
    "a bit of a header's checksum": _packed(_flipped(SOUND, SECOND + 150)),
    "cut before the second header": _packed(SOUND[:SECOND]),
    "cut inside the second header": _packed(SOUND[: SECOND + 100]),
    "cut inside the second content": _packed(SOUND[: SECOND + BLOCK + 100]),
    "cut inside the second padding": _packed(SOUND[: SECOND + BLOCK + len(NOISE) + 1]),
    "without the end": _packed(SOUND[:-ENDING]),
    "with half of the end": _packed(SOUND[:-BLOCK]),
    "cut inside the end": _packed(SOUND[:-1]),
    "end that is not zero": _packed(_flipped(SOUND, len(SOUND) - 1)),
    "second archive behind it": _packed(SOUND + SOUND),
    "second compressed archive behind it": _packed(SOUND) + _packed(SOUND),
    "something behind it": _packed(SOUND) + b"more",
    "checksum inverted": _flipped(_packed(SOUND), -8, 0xFF),
    "length inverted": _flipped(_packed(SOUND), -4, 0xFF),
    "last byte missing": _packed(SOUND)[:-1],
    "last 20 bytes missing": _packed(SOUND)[:-20],
    "half missing": _packed(SOUND)[: len(_packed(SOUND)) // 2],
    "a byte in the middle": _flipped(_packed(SOUND), len(_packed(SOUND)) // 2, 0xFF),
}


def _found(archive: Path, selection: Selection, scratch: Path) -> dict[str, bytes]:
    """The cases that are found, with their contents."""
    found, _ = find(archive, selection, scratch)
    return {each.id.case: (each.folder / "pre.ssz_snappy").read_bytes() for each in found}


@pytest.mark.parametrize("name", DAMAGED)
@pytest.mark.parametrize("case", ["*", "one", "none"])
def test_damaged_archives(tmp_path: Path, name: str, case: str) -> None:
    """Whichever cases are selected: what could be read before the damage is not taken for all."""
    archive = tmp_path / "v.tar.gz"
    archive.write_bytes(DAMAGED[name])
    with pytest.raises(VectorError, match="damaged archive") as caught:
        find(archive, Selection(case=(case,)), tmp_path / "out")
    assert caught.value.path == str(archive)


def test_sound_archives(tmp_path: Path) -> None:
    """The same archive undamaged; with more zeros at its end; compressed in two parts."""
    parts = (_packed(SOUND), _packed(SOUND + bytes(20 * BLOCK)), _packed(SOUND) + bytes(100))
    for number, content in enumerate((*parts, _packed(SOUND[:700]) + _packed(SOUND[700:]))):
        archive = tmp_path / f"{number}.tar.gz"
        archive.write_bytes(content)
        found = _found(archive, Selection(), tmp_path / str(number))
        assert found == dict.fromkeys(CASES, NOISE)


def test_no_flipped_bit_loses_a_case(tmp_path: Path) -> None:
    """One bit of every byte of an archive: an error, or all cases with their contents."""
    whole, noticed = _packed(SOUND), 0
    archive = tmp_path / "v.tar.gz"
    for place in range(len(whole)):
        archive.write_bytes(_flipped(whole, place, 1 << place % 8))
        scratch = tmp_path / str(place)
        try:
            assert _found(archive, Selection(), scratch) == dict.fromkeys(CASES, NOISE), place
        except VectorError:
            noticed += 1
    # The time, the system and a hint about the contents, in gzip's header, are nobody's concern.
    assert noticed >= len(whole) - 10


def test_a_case_in_two_places_of_an_archive(tmp_path: Path) -> None:
    """Its files would be mixed."""
    archive = _archive(
        tmp_path / "v.tar.gz",
        (f"a/{PLACE}/one/pre.ssz_snappy", b"a"),
        (f"b/{PLACE}/one/post.ssz_snappy", b"b"),
    )
    with pytest.raises(VectorError, match=r"is the case minimal/fulu/.*/one once more"):
        find(archive, Selection(), tmp_path / "out")


@pytest.mark.parametrize("name", ["checksum inverted", "a bit of the second name"])
def test_conformance_fails_on_a_damaged_archive(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "v.tar.gz"
    archive.write_bytes(DAMAGED[name])
    assert main(["conformance", "--jobs", "1", str(archive)]) == 1
    assert capsys.readouterr().err.startswith(f"error: {archive}: damaged archive: ")


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
