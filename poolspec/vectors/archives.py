"""Pack the cases of a preset into a `.tar.gz` archive whose bytes depend on the cases alone."""

import gzip
import io
import tarfile
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from poolspec.vectors.layout import CaseId
from poolspec.vectors.store import Store

SUMS = "SHA256SUMS"
ARCHIVE_SUFFIX = ".tar.gz"
COMPRESSION = 6


def archive_name(preset: str) -> str:
    """The name of the archive of a preset."""
    return f"{preset}{ARCHIVE_SUFFIX}"


def write_archive(store: Store, preset: str, cases: Iterable[CaseId]) -> None:
    """Put `<preset>.tar.gz` beside `tests/`: files in order of their names, without dates."""
    files = sorted(
        ((case.folder / file.name).as_posix(), file)
        for case in cases
        for file in (store.root / case.folder).iterdir()
    )

    def write(path: Path) -> None:
        with (
            path.open("wb") as raw,
            gzip.GzipFile("", "wb", COMPRESSION, raw, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            for name, file in files:
                content = file.read_bytes()
                tar.addfile(_member(name, len(content)), io.BytesIO(content))

    store.put(archive_name(preset), write)


def _member(name: str, size: int) -> tarfile.TarInfo:
    """A regular file of nobody, from the beginning of time."""
    member = tarfile.TarInfo(name)
    member.size = size
    member.mode = 0o644
    return member


def write_sums(store: Store) -> None:
    """Put the list of SHA-256 sums of our archives there, in the format of `sha256sum`."""
    lines = [
        f"{sha256(archive.read_bytes()).hexdigest()}  {archive.name}\n"
        for archive in store.files()
        if archive.name.endswith(ARCHIVE_SUFFIX)
    ]

    def write(path: Path) -> None:
        path.write_text("".join(lines), encoding="utf-8", newline="\n")

    store.put(SUMS, write)
