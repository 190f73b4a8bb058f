"""Write a file so that nobody sees half of it."""

import os
from pathlib import Path


def replace_file(path: Path, text: str) -> None:
    """Write a text beside its place, then move it there; folders are made as needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8", newline="\n")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
