"""The output folder: cases are put there whole or not at all, and are known again by their hashes.

Beside `tests/` the folder `.generated/` keeps, for each case, a hash of what it was made from and
one of its files. A case is kept if both still hold; so an interrupted run resumes where it was.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from poolspec.vectors.layout import ROOT_FOLDER, CaseId, case_of

RECORDS = ".generated"
PARTIAL = ".partial"
LOCK = "lock"

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

    def write(self, case: CaseId, files: Mapping[str, bytes], inputs: str) -> None:
        """Put a case in place: its files are written beside and moved in as a folder."""
        partial = self.root / PARTIAL / f"{os.getpid()}"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        for name, content in files.items():
            (partial / name).write_bytes(content)
        self._move(partial, case)
        self._write_record(case, {"inputs": inputs, "content": content_hash(files)})

    def _move(self, partial: Path, case: CaseId) -> None:
        """Put a folder in the place of a case."""
        target = self.root / case.folder
        for attempt in range(ATTEMPTS):
            self.remove(case)
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                partial.replace(target)
            except OSError:
                if attempt == ATTEMPTS - 1 or not partial.is_dir():
                    raise
            else:
                return

    def _write_record(self, case: CaseId, record: Mapping[str, str]) -> None:
        path = self._record(case)
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.root / PARTIAL / f"{os.getpid()}.json"
        beside.write_text(json.dumps(record))
        beside.replace(path)

    @contextmanager
    def alone(self, waiting: Callable[[], None]) -> Iterator[None]:
        """Be the only run that writes here; `waiting` is called if another one is at it.

        The system gives the lock up when a process ends, however it ends.
        """
        path = self.root / RECORDS / LOCK
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waiting()
                fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def has(self, case: CaseId, inputs: str) -> bool:
        """Whether the case is there, made from the same inputs, and its files are as they were."""
        try:
            record = json.loads(self._record(case).read_text())
            if record["inputs"] != inputs:
                return False
            files = {path.name: path.read_bytes() for path in (self.root / case.folder).iterdir()}
        except (OSError, ValueError, KeyError, TypeError):
            return False
        return bool(record["content"] == content_hash(files))

    def remove(self, case: CaseId) -> None:
        """Remove a case; first its record, so that half a case is never taken for a whole one."""
        self._record(case).unlink(missing_ok=True)
        shutil.rmtree(self.root / case.folder, ignore_errors=True)

    def cases(self) -> list[CaseId]:
        """All cases that are there."""
        folders = {path.parent for path in (self.root / ROOT_FOLDER).rglob("*") if path.is_file()}
        return sorted(case for case in map(case_of, folders) if case is not None)

    def clear_partial(self) -> None:
        """Remove what an interrupted run has left behind, and folders without cases."""
        shutil.rmtree(self.root / PARTIAL, ignore_errors=True)
        for pattern in (".*.tar.gz.[0-9]*", ".SHA256SUMS.[0-9]*"):
            for path in self.root.glob(pattern):
                path.unlink(missing_ok=True)
        for top in (ROOT_FOLDER, RECORDS):
            for folder, _, _ in os.walk(self.root / top, topdown=False):
                # Of a folder that is not empty the system lets nobody be rid
                with suppress(OSError):
                    Path(folder).rmdir()

    def _record(self, case: CaseId) -> Path:
        return self.root / RECORDS / Path(*case.names[:-1]) / f"{case.case}.json"
