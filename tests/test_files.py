"""Files are written whole or not at all."""

from pathlib import Path

import pytest

from poolspec.files import replace_file


def test_replaced_with_its_folders(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "one.md"
    for text in ("before", "after\n"):
        replace_file(path, text)
        assert path.read_bytes() == text.encode()
    assert list(path.parent.iterdir()) == [path]


def test_failure_leaves_what_was(tmp_path: Path) -> None:
    path = tmp_path / "one.md"
    replace_file(path, "before")
    with pytest.raises(UnicodeEncodeError):
        replace_file(path, "after \ud800")
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]
