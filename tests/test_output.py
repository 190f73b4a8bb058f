"""What commands print: no text is markup, and none is too much for the encoding."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from poolspec.output import marked, plain_console, prepare_streams, progress_bar, run

ROOT = Path(__file__).parents[1]

ODD = "dir … [v1.5] [red]x[/b] :b: é"
"""A name with what rich takes for markup and for a picture, and with what ASCII lacks."""

ENCODINGS = {
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "C": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
}
SHOWN = {
    "ascii": ODD.replace("…", "\\u2026").replace("é", "\\xe9"),
    "latin-1": ODD.replace("…", "\\u2026"),
    # Here even names of files are bytes, and no text, beyond ASCII.
    "C": ODD.encode()
    .decode("ascii", "surrogateescape")
    .encode("ascii", "backslashreplace")
    .decode(),
    "UTF-8": ODD,
}

SCENARIO = f"""\
name: tiny
title: "{ODD}"
preset: minimal
duration: 20 minutes
registry:
  solo:
    - {{name: solo, validators: 64}}
"""


def command(
    *arguments: str | Path, encoding: str = "UTF-8"
) -> "subprocess.CompletedProcess[bytes]":
    """Run Python with another encoding for what is printed."""
    changed = ENCODINGS.get(encoding, {"PYTHONIOENCODING": "UTF-8"})
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LC_")}
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=ROOT,
        env={**kept, "PYTHONPATH": str(ROOT), **changed},
        capture_output=True,
        check=False,
    )


def said(done: "subprocess.CompletedProcess[bytes]", encoding: str) -> str:
    """All that was printed, which must be text of the encoding and no traceback."""
    text = (done.stdout + done.stderr).decode("ascii" if encoding == "C" else encoding)
    assert "Traceback" not in text, text
    return text


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A folder of the odd name."""
    folder = tmp_path / ODD
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize("encoding", [*ENCODINGS, "UTF-8"])
def test_conformance(odd: Path, encoding: str) -> None:
    """A case that is not run, and a case whose name is odd as well, where it is text."""
    for name in ("plain", ODD.replace("/", "") if encoding != "C" else "other"):
        case = odd / "tests/minimal/fulu/kzg/verify/suite" / name
        case.mkdir(parents=True)
        (case / "data.yaml").write_text("a: 1\n")
    done = command("-m", "poolspec", "conformance", odd, "--jobs", "1", encoding=encoding)
    text = said(done, encoding)
    assert done.returncode == 1
    assert "not run: the runner kzg is not replayed" in text
    assert f"{SHOWN[encoding]}: no case was run" in text


@pytest.mark.parametrize("encoding", ["ascii", "UTF-8"])
def test_simulate(odd: Path, encoding: str) -> None:
    """The title is in the table, the folder in the last line, and the report is whole."""
    (odd / "tiny.yaml").write_text(SCENARIO, encoding="utf-8")
    arguments = ("simulate", odd / "tiny.yaml", "--out", odd / "out")
    done = command("-m", "poolspec", *arguments, encoding=encoding)
    text = said(done, encoding)
    assert done.returncode == 0, text
    assert SHOWN[encoding] in text
    assert f"{SHOWN[encoding]}/out: series.csv, " in text
    assert "…" in (odd / "out/report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "program",
    [
        ("poolspec", "conformance"),
        ("poolspec", "vectors", "--case", "none", "--output"),
        ("poolspec", "simulate"),
        ("poolspec", "studies"),
        ("poolspec.mutation", "coverage"),
        ("poolspec.specdiff", "--vectors-index"),
        ("poolspec.specdiff.reached",),
        ("poolspec.proposal",),
        ("poolspec.proposal.scenarios",),
        ("poolspec.site", "--output"),
        ("tests.fuzzing", "--replay"),
    ],
    ids=" ".join,
)
def test_every_command_names_what_is_wrong(tmp_path: Path, program: tuple[str, ...]) -> None:
    """A path that is no such thing for any of them: one line, with the path as far as it goes."""
    path = tmp_path / ODD / "nothing"
    if program[0] == "poolspec.site" or "vectors" in program:
        path.parent.mkdir(parents=True)
        path.write_text("a file")
    done = command("-m", *program, path, encoding="ascii")
    text = said(done, "ascii")
    assert done.returncode in (1, 2), text
    assert "error" in text
    assert SHOWN["ascii"] in text


def test_streams_print_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, "ascii", write_through=True))
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    prepare_streams()
    print("a … \udcff")
    assert raw.getvalue() == b"a \\u2026 \\udcff\n"


def test_console_takes_nothing_for_markup(capsys: pytest.CaptureFixture[str]) -> None:
    console = plain_console()
    console.print(ODD, soft_wrap=True)
    console.print(marked("failed", "red", f" {ODD}"), soft_wrap=True)
    with progress_bar(console) as bar:
        bar.update(bar.add_task(ODD, total=1), advance=1)
    assert capsys.readouterr().out == f"{ODD}\nfailed {ODD}\n"


def test_an_interrupt_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    def main() -> int:
        raise KeyboardInterrupt

    assert run(main) == 130
    assert capsys.readouterr().err == "interrupted\n"
    assert run(lambda: 3) == 3
