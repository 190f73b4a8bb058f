"""The output folder: whole cases or none, known again by hashes; archives that repeat."""

import tarfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from poolspec.vectors.archives import write_archive, write_sums
from poolspec.vectors.layout import CaseId
from poolspec.vectors.store import PARTIAL, Store, content_hash

CASE = CaseId("minimal", "fulu", "sanity", "slots", "pyspec_tests", "one")
FILES = {"pre.ssz_snappy": b"abc", "slots.yaml": b"1\n"}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A folder with one case."""
    store = Store(tmp_path)
    store.write(CASE, FILES, "inputs")
    return store


def test_a_case_is_known_again(store: Store) -> None:
    assert store.cases() == [CASE]
    assert store.has(CASE, "inputs")
    assert not store.has(CASE, "other inputs")
    assert not list((store.root / PARTIAL).iterdir())


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "slots.yaml").write_bytes(b"2\n"),
        lambda folder: (folder / "slots.yaml").unlink(),
        lambda folder: (folder / "more.yaml").write_bytes(b""),
        lambda folder: (folder / "slots.yaml").rename(folder / "slot.yaml"),
    ],
)
def test_a_changed_case_is_not(store: Store, damage: object) -> None:
    damage(store.root / CASE.folder)  # type: ignore[operator]
    assert not store.has(CASE, "inputs")


def test_writing_again_replaces_all_files(store: Store) -> None:
    store.write(CASE, {"pre.ssz_snappy": b"new"}, "others")
    assert [path.name for path in (store.root / CASE.folder).iterdir()] == ["pre.ssz_snappy"]
    assert store.has(CASE, "others")


def test_an_interrupted_write_leaves_no_case(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files are beside, not in place, until all of them are written."""
    other = replace(CASE, case="other")
    plain = Path.write_bytes

    def interrupted(path: Path, content: bytes) -> int:
        if path.name == "slots.yaml":
            raise KeyboardInterrupt
        return plain(path, content)

    monkeypatch.setattr(Path, "write_bytes", interrupted)
    with pytest.raises(KeyboardInterrupt):
        store.write(other, FILES, "inputs")
    monkeypatch.undo()
    assert store.cases() == [CASE]
    assert not store.has(other, "inputs")
    store.clear_partial()
    assert not (store.root / PARTIAL).exists()


def test_removing(store: Store) -> None:
    store.remove(CASE)
    assert store.cases() == []
    assert not store.has(CASE, "inputs")
    store.clear_partial()
    assert not list(store.root.iterdir())


def test_the_hash_tells_names_from_contents() -> None:
    assert content_hash({"a": b"b", "c": b""}) != content_hash({"a": b"", "c": b"b"})
    assert content_hash({"a": b"1", "b": b"2"}) == content_hash({"b": b"2", "a": b"1"})


def test_archives_depend_on_contents_alone(tmp_path: Path) -> None:
    roots = [tmp_path / "first", tmp_path / "second"]
    cases = [replace(CASE, case=name) for name in ("a", "b" * 120)]
    for root, order in zip(roots, (cases, cases[::-1]), strict=True):
        for case in order:
            Store(root).write(case, FILES, "inputs")
        Store(root).write(replace(CASE, preset="mainnet"), FILES, "inputs")
    first, second = (write_archive(root, "minimal") for root in roots)
    assert first.read_bytes() == second.read_bytes()
    with tarfile.open(first) as tar:
        assert tar.getnames() == [
            f"{case.folder.as_posix()}/{name}" for case in cases for name in FILES
        ]
        assert {(m.mtime, m.uid, m.uname, m.mode) for m in tar} == {(0, 0, "", 0o644)}
    assert sorted(path.name for path in roots[0].iterdir() if path.is_file()) == ["minimal.tar.gz"]


def test_the_list_of_sums(store: Store) -> None:
    archive = write_archive(store.root, "minimal")
    sums = write_sums(store.root).read_text()
    assert sums == f"{sha256(archive.read_bytes()).hexdigest()}  minimal.tar.gz\n"
