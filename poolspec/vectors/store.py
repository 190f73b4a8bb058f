"""The output folder: cases are put there whole or not at all, and are known again by their hashes.

The folder may hold what somebody else has put there. What was written here has a record in
`.generated/`: for each case a hash of what it was made from and one of its files, for each archive
its name. Only what has a record is ever replaced or removed. A case is kept if both hashes still
hold, so an interrupted run resumes where it was.

The record comes before what it is about: a process that is killed between the two leaves a record
of something that is not there, which the next run makes again.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from poolspec.vectors.errors import VectorError
from poolspec.vectors.layout import DEPTH, CaseId

RECORDS = ".generated"
ARCHIVES = ".archives"
"""Below the records: an empty file of the name of each archive."""

PARTIAL = ".partial"
"""Below the records: what is not yet, or no longer, in its place."""

LOCK = ".lock"

ATTEMPTS = 5
"""How often a case is put in place again, if a process that outlived its run does the same."""


def content_hash(files: Mapping[str, bytes]) -> str:
    """A hash over names and contents of files."""
    total = sha256()
    for name, content in sorted(files.items()):
        total.update(f"{name}\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()


def source_hash(paths: Iterable[Path], *further: str) -> str:
    """A hash over source files, and whatever else decides what is made from them."""
    total = sha256("\0".join(further).encode())
    for path in sorted(paths):
        total.update(sha256(path.read_bytes()).digest())
    return total.hexdigest()


class Store:
    """The output folder of a generation."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._records = root / RECORDS

    # Cases

    def write(self, case: CaseId, files: Mapping[str, bytes], inputs: str) -> None:
        """Put a case in place: its files are written elsewhere and moved in as a folder."""
        self.check_free(case)
        partial = self._partial()
        for name, content in files.items():
            (partial / name).write_bytes(content)
        self._write_record(case, {"inputs": inputs, "content": content_hash(files)})
        self._move(partial, case)

    def check_free(self, case: CaseId) -> None:
        """Raise VectorError if the place of a case is taken by something not written here."""
        if not self._record(case).exists():
            self._refuse(self.root / case.folder)

    def has(self, case: CaseId, inputs: str) -> bool:
        """Whether the case is there, made from the same inputs, and its files are as they were."""
        try:
            record = json.loads(self._record(case).read_text(encoding="utf-8"))
            if record["inputs"] != inputs:
                return False
            files = {path.name: path.read_bytes() for path in (self.root / case.folder).iterdir()}
        except (OSError, ValueError, KeyError, TypeError):
            return False
        return bool(record["content"] == content_hash(files))

    def remove(self, case: CaseId) -> None:
        """Remove a case that was written here; one that was not is left alone."""
        record = self._record(case)
        if record.exists():
            self._take_away(case)
            record.unlink(missing_ok=True)
            _remove_empty((self.root / case.folder).parent, self.root)
            _remove_empty(record.parent, self._records)

    def cases(self) -> list[CaseId]:
        """All cases that were written here."""
        paths = (path.relative_to(self._records) for path in self._records.rglob("*.json"))
        found = (path.with_name(path.name.removesuffix(".json")).parts for path in paths)
        return sorted(CaseId(*parts) for parts in found if len(parts) == DEPTH)

    def _move(self, partial: Path, case: CaseId) -> None:
        """Put a folder in the place of a case."""
        target = self.root / case.folder
        for attempt in range(ATTEMPTS):
            self._take_away(case)
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                partial.replace(target)
            except OSError:
                if attempt == ATTEMPTS - 1 or not partial.is_dir():
                    raise
            else:
                return

    def _take_away(self, case: CaseId) -> None:
        """Remove a case's folder in one step, so that half a case never stands in its place."""
        with suppress(FileNotFoundError):
            removed = self._partial(".removed")
            (self.root / case.folder).replace(removed)
            shutil.rmtree(removed, ignore_errors=True)

    def _write_record(self, case: CaseId, record: Mapping[str, str]) -> None:
        path = self._record(case)
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._partial(".json") / path.name
        beside.write_text(json.dumps(record), encoding="utf-8")
        beside.replace(path)

    def _record(self, case: CaseId) -> Path:
        return self._records / Path(*case.names[:-1]) / f"{case.case}.json"

    # Archives

    def check_file_free(self, name: str) -> None:
        """Raise VectorError if a file of this name is there that was not written here."""
        if not (self._records / ARCHIVES / name).exists():
            self._refuse(self.root / name)

    def put(self, name: str, write: Callable[[Path], None]) -> None:
        """Put a file in place that `write` writes to the path that it is given."""
        self.check_file_free(name)
        beside = self._partial(".file") / name
        write(beside)
        record = self._records / ARCHIVES / name
        record.parent.mkdir(parents=True, exist_ok=True)
        record.touch()
        beside.replace(self.root / name)

    def files(self) -> list[Path]:
        """The files that were put in place here and are still there."""
        recorded = sorted((self._records / ARCHIVES).glob("*"))
        return [self.root / each.name for each in recorded if (self.root / each.name).is_file()]

    # The folder as a whole

    @contextmanager
    def alone(self, waiting: Callable[[], None]) -> Iterator[None]:
        """Be the only run that writes here; `waiting` is called if another one is at it.

        The folder is made if need be, and if nothing was written here there is nothing left of it.
        The system gives the lock up when a process ends, however it ends.
        """
        made = _make_folder(self._records)
        try:
            with _locked(self._records / LOCK, waiting):
                self.clear_partial()
                try:
                    yield
                finally:
                    self.clear_partial()
                    if not self.cases() and not self.files():
                        (self._records / LOCK).unlink(missing_ok=True)
        finally:
            for folder in (self._records / ARCHIVES, self._records, *reversed(made)):
                with suppress(OSError):  # it is not empty
                    folder.rmdir()

    def clear_partial(self) -> None:
        """Remove what is in no place, such as what an interrupted run has left behind."""
        shutil.rmtree(self._records / PARTIAL, ignore_errors=True)

    def _partial(self, kind: str = "") -> Path:
        """A new empty folder of this process."""
        partial = self._records / PARTIAL / f"{os.getpid()}{kind}"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        return partial

    @staticmethod
    def _refuse(path: Path) -> None:
        if path.is_symlink() or path.exists():
            raise VectorError(
                path, "is there and was not written by this command; move it, or write elsewhere"
            )


def _make_folder(folder: Path) -> list[Path]:
    """Make a folder and those that it lies in; gives all that were not there, outermost first."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()][::-1]
    folder.mkdir(parents=True, exist_ok=True)
    return missing


def _remove_empty(folder: Path, top: Path) -> None:
    """Remove a folder and those that it lies in, as far as they are empty and below `top`."""
    for each in (folder, *folder.parents):
        if each == top:
            return
        try:
            each.rmdir()
        except OSError:  # it is not empty, or was not there
            if each.exists():
                return


@contextmanager
def _locked(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold a lock on a file, which whoever held it before may have removed in the meantime."""
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError), path.open("wb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waiting()
                fcntl.flock(file, fcntl.LOCK_EX)
            if _is_same(path, file.fileno()):
                yield
                return


def _is_same(path: Path, descriptor: int) -> bool:
    """Whether a path still leads to an open file."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
