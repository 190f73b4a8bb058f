"""The command: what it writes, that it always writes the same, and what it says of bad input."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from poolspec.specdiff import __main__ as command
from poolspec.specdiff.index import PLACE
from poolspec.specdiff.page import html_page
from poolspec.specdiff.places import SITE
from poolspec.specdiff.report import gather
from tests.pysetup.conftest import Checkout
from tests.specdiff.conftest import ROOT


def test_bytes_do_not_depend_on_the_process(
    tmp_path: Path, real_markdown: str, real_page: str
) -> None:
    """Another process with other hashes writes what this one has made."""
    out, base = tmp_path / "out", "https://example.org/tree"
    seed = "4242" if os.environ.get("PYTHONHASHSEED") != "4242" else "1"
    done = subprocess.run(
        [sys.executable, "-m", "poolspec.specdiff", "--out", str(out), "--base", base],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{out}/poolbonds.md\n{out}/poolbonds.html\n"
    assert sorted(path.name for path in out.iterdir()) == ["poolbonds.html", "poolbonds.md"]
    assert (out / "poolbonds.md").read_text() == real_markdown
    assert (out / "poolbonds.html").read_text() == real_page
    for text in (real_markdown, real_page):
        assert f"{base}/specs/poolbonds/seats.md#modified-process_epoch" in text
        assert str(ROOT) not in text


def test_links_lead_from_the_folder_to_the_checkout(small: Checkout) -> None:
    out = small.root / "build" / "deep" / "diff"
    written = command.write_pages(
        small.root, out, small.root / PLACE, command.way_to(small.root, out)
    )
    assert [path.name for path in written] == ["poolbonds.md", "poolbonds.html"]
    link = "../../../specs/poolbonds/beacon-chain.md"
    assert all(f"{link}#modified-take" in path.read_text() for path in written)
    assert (out / link).is_file()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (None, "No such file"),
        ("[]", "must be a mapping of functions"),
        ('{"share": {}}', "it lacks take, fill: renew it with"),
    ],
)
def test_bad_index_is_named_and_nothing_is_written(
    small: Checkout,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    text: str | None,
    complaint: str,
) -> None:
    monkeypatch.setattr(command, "ROOT", small.root)
    index = tmp_path / "index.json"
    if text is not None:
        index.write_text(text)
    out = tmp_path / "out"
    assert command.main(["--out", str(out), "--vectors-index", str(index)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert str(index) in error
    assert complaint in error
    assert error.count("\n") == 1
    assert not out.exists()


def test_documents_that_do_not_compile_are_named(
    small: Checkout,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(command, "ROOT", small.root)
    small.poolbonds("### New `take`\n\n```python\ndef other(): ...\n```\n")
    assert command.main(["--out", str(tmp_path / "out")]) == 1
    error = capsys.readouterr().err
    assert error.startswith("specs/poolbonds/beacon-chain.md:4: error: ")
    assert not (tmp_path / "out").exists()


def test_pages_for_the_site_lead_to_its_pages(small: Checkout) -> None:
    text = html_page(gather(small.root, SITE, small.root / PLACE))
    assert "../specs/poolbonds/beacon-chain.html#modified-take" in text
    assert '<a class="home" href="../index.html">' in text
    assert not re.search(r'href="[^"]*\.md\b', text)


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_script_has_no_slips() -> None:
    script = ROOT / "poolspec" / "specdiff" / "web" / "page.js"
    done = subprocess.run(["node", "--check", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
