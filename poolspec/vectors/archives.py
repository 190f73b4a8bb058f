"""Pack the cases of a preset into a `.tar.gz` archive whose bytes depend on the cases alone."""

import gzip
import io
import os
import tarfile
from hashlib import sha256
from pathlib import Path

from poolspec.vectors.layout import ROOT_FOLDER

SUMS = "SHA256SUMS"
COMPRESSION = 6


def write_archive(root: Path, preset: str) -> Path:
    """Write `<preset>.tar.gz` beside `tests/`: files in order of their names, without dates."""
    path = root / f"{preset}.tar.gz"
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    files = sorted(
        (file.relative_to(root).as_posix(), file)
        for file in (root / ROOT_FOLDER / preset).rglob("*")
        if file.is_file()
    )
    try:
        with (
            beside.open("wb") as raw,
            gzip.GzipFile("", "wb", COMPRESSION, raw, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            for name, file in files:
                content = file.read_bytes()
                tar.addfile(_member(name, len(content)), io.BytesIO(content))
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return path


def _member(name: str, size: int) -> tarfile.TarInfo:
    """A regular file of nobody, from the beginning of time."""
    member = tarfile.TarInfo(name)
    member.size = size
    member.mode = 0o644
    return member


def write_sums(root: Path) -> Path:
    """Write the list of SHA-256 sums of all archives, in the format of `sha256sum`."""
    lines = [
        f"{sha256(archive.read_bytes()).hexdigest()}  {archive.name}\n"
        for archive in sorted(root.glob("*.tar.gz"))
    ]
    beside = root / f".{SUMS}.{os.getpid()}"
    beside.write_text("".join(lines))
    beside.replace(root / SUMS)
    return root / SUMS
