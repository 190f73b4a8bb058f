"""The output folder: whole cases or none, known again by hashes; archives that repeat."""

import tarfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from threading import Event, Thread

import pytest

from poolspec.vectors.archives import write_archive, write_sums
from poolspec.vectors.errors import VectorError
from poolspec.vectors.layout import CaseId
from poolspec.vectors.store import PARTIAL, RECORDS, Store, content_hash

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
    assert not [path for path in (store.root / RECORDS / PARTIAL).rglob("*") if path.is_file()]


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
    assert not (store.root / RECORDS / PARTIAL).exists()


@pytest.mark.parametrize("place", ["record", "case"])
def test_a_write_that_is_killed_is_made_good(
    store: Store, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Between the record and the case, and between taking the old case away and the new one."""
    plain = Path.replace
    record = store.root / RECORDS / Path(*CASE.names).with_suffix(".json")
    places = {"record": record, "case": store.root / CASE.folder}

    def killed(path: Path, target: Path) -> Path:
        if target == places[place]:
            raise KeyboardInterrupt
        return plain(path, target)

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        store.write(CASE, {"pre.ssz_snappy": b"new"}, "others")
    monkeypatch.undo()
    assert store.has(CASE, "inputs") == (place == "record")
    assert not store.has(CASE, "others")
    store.write(CASE, {"pre.ssz_snappy": b"new"}, "others")
    assert store.has(CASE, "others")


def test_removing(store: Store) -> None:
    with store.alone(pytest.fail):
        store.remove(CASE)
        assert store.cases() == []
        assert not store.has(CASE, "inputs")
    assert not list(store.root.iterdir())


def test_what_others_have_written_stays(store: Store) -> None:
    """A case, a folder without a case, and files; in our own folders, too."""
    others = [
        replace(CASE, case="theirs").folder / "pre.ssz_snappy",
        replace(CASE, fork="electra").folder / "pre.ssz_snappy",
        Path("tests/notes.txt"),
        Path("minimal.tar.gz"),
    ]
    for path in others:
        (store.root / path).parent.mkdir(parents=True, exist_ok=True)
        (store.root / path).write_bytes(b"theirs")
    (store.root / "tests/empty").mkdir()
    assert store.cases() == [CASE]
    with pytest.raises(VectorError, match=r"one/theirs|theirs: is there and was not written by"):
        store.write(replace(CASE, case="theirs"), FILES, "inputs")
    with pytest.raises(VectorError, match=r"minimal.tar.gz: is there and was not written by"):
        write_archive(store, "minimal", [CASE])
    with store.alone(pytest.fail):
        store.remove(replace(CASE, case="theirs"))
        store.remove(CASE)
    assert all((store.root / path).read_bytes() == b"theirs" for path in others)
    assert {path.name for path in store.root.iterdir()} == {"tests", "minimal.tar.gz"}
    assert (store.root / "tests/empty").is_dir()
    assert not (store.root / CASE.folder).exists()


def test_a_link_in_the_place_of_a_case_is_not_replaced(tmp_path: Path) -> None:
    place = tmp_path / CASE.folder
    place.parent.mkdir(parents=True)
    place.symlink_to(tmp_path / "nowhere")
    with pytest.raises(VectorError, match="is there and was not written by"):
        Store(tmp_path).write(CASE, FILES, "inputs")
    assert place.is_symlink()


def test_a_run_without_cases_leaves_nothing(tmp_path: Path) -> None:
    """Not even the folders that the output lies in, if they were not there."""
    with Store(tmp_path / "a/b/c").alone(pytest.fail):
        assert (tmp_path / "a/b/c").is_dir()
    assert not list(tmp_path.iterdir())
    (tmp_path / "a").mkdir()
    with pytest.raises(KeyboardInterrupt), Store(tmp_path / "a/b").alone(pytest.fail):
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.rglob("*")] == ["a"]


def test_two_runs_wait_for_each_other(tmp_path: Path) -> None:
    """Also where the first of them removes the lock, as it leaves nothing."""
    store, waited = Store(tmp_path / "out"), Event()
    held: list[str] = []

    def second() -> None:
        with store.alone(waited.set):
            held.append("second")
            store.write(CASE, FILES, "inputs")

    thread = Thread(target=second)
    with store.alone(pytest.fail):
        thread.start()
        waited.wait()
        held.append("first")
    thread.join()
    assert held == ["first", "second"]
    assert store.has(CASE, "inputs")


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
        write_archive(Store(root), "minimal", order)
    first, second = (root / "minimal.tar.gz" for root in roots)
    assert first.read_bytes() == second.read_bytes()
    with tarfile.open(first) as tar:
        assert tar.getnames() == [
            f"{case.folder.as_posix()}/{name}" for case in cases for name in FILES
        ]
        assert {(m.mtime, m.uid, m.uname, m.mode) for m in tar} == {(0, 0, "", 0o644)}
    assert sorted(path.name for path in roots[0].iterdir() if path.is_file()) == ["minimal.tar.gz"]


def test_the_list_of_sums(store: Store) -> None:
    """Of what was written here, and of nothing else."""
    write_archive(store, "minimal", [CASE])
    (store.root / "mainnet.tar.gz").write_bytes(b"theirs")
    write_sums(store)
    digest = sha256((store.root / "minimal.tar.gz").read_bytes()).hexdigest()
    assert (store.root / "SHA256SUMS").read_text() == f"{digest}  minimal.tar.gz\n"
