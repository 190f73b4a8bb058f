"""Writing modules: only what changed, whole or not at all, the same bytes every time."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pysetup import FORKS, PRESETS, CompileError, compile_all
from pysetup.__main__ import main

Checkout = Any
ROOT = Path(__file__).resolve().parents[2]
MODULES = [f"{fork.name}/{preset}.py" for fork in FORKS for preset in PRESETS]

DOCUMENT = """\
| Type | SSZ equivalent |
| --- | --- |
| `Gwei` | `Uint64` |

## `double`

```python
def double(value: Gwei) -> Gwei:
    \"\"\"Return twice the value.\"\"\"
    return value * 2
```
"""


def command(checkout: Checkout, *options: str, seed: str = "0") -> "subprocess.Popen[str]":
    """Start the compiler in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "pysetup", "--root", str(checkout.root), *options],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": seed},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def contents(output: Path) -> dict[str, bytes]:
    """Return every file below a folder, temporary ones too."""
    return {
        str(path.relative_to(output)): path.read_bytes()
        for path in output.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_unchanged_input_compiles_nothing(checkout: Checkout) -> None:
    checkout.fulu(DOCUMENT)
    first = compile_all(checkout.root)
    assert [str(path.relative_to(checkout.output)) for path in first.written] == MODULES
    before = {path: path.stat() for path in first.written}
    second = compile_all(checkout.root)
    assert second.written == ()
    assert second.unchanged == first.written
    for path, stat in before.items():
        assert (path.stat().st_mtime_ns, path.stat().st_ino) == (stat.st_mtime_ns, stat.st_ino)


@pytest.mark.parametrize(
    "path",
    ["configs/mainnet.yaml", "presets/minimal/fulu.yaml", "poolspec/runtime/prelude.py", None],
)
def test_changed_input_compiles(checkout: Checkout, path: str | None) -> None:
    compile_all(checkout.root)
    if path is None:
        checkout.poolbonds("# Only prose\n")
    else:
        with (checkout.root / path).open("a", encoding="utf-8") as file:
            file.write("# a comment\n")
    assert len(compile_all(checkout.root).written) == len(MODULES)
    assert compile_all(checkout.root).written == ()


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.write_text(path.read_text()[:-10]),
        lambda path: path.write_text(path.read_text().replace("* 2", "* 3")),
        lambda path: path.write_bytes(b"\xff"),
        lambda path: (path.parent / "__init__.py").unlink(),
    ],
)
def test_damaged_output_is_written_again(checkout: Checkout, damage: Any) -> None:
    checkout.fulu(DOCUMENT)
    compile_all(checkout.root)
    before = contents(checkout.output)
    damage(checkout.output / "fulu" / "minimal.py")
    assert compile_all(checkout.root).written
    assert contents(checkout.output) == before


def test_errors_leave_the_modules_as_they_were(checkout: Checkout) -> None:
    checkout.fulu(DOCUMENT)
    compile_all(checkout.root)
    before = contents(checkout.output)
    checkout.fulu(DOCUMENT.replace("value * 2", "value * two"))
    with pytest.raises(CompileError):
        compile_all(checkout.root)
    assert contents(checkout.output) == before


def test_interrupted_run_leaves_no_half_module(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout.fulu(DOCUMENT)
    compile_all(checkout.root)
    before = contents(checkout.output)
    checkout.fulu(DOCUMENT.replace("twice", "two times"))

    def interrupted(self: Path, target: Path) -> Path:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            compile_all(checkout.root)
    assert contents(checkout.output) == before
    assert len(compile_all(checkout.root).written) == len(MODULES)


def test_two_runs_at_once_write_the_same(checkout: Checkout) -> None:
    """With other hash seeds, too: nothing depends on the order of a set."""
    checkout.fulu(DOCUMENT)
    runs = [command(checkout, seed=seed) for seed in ("1", "2")]
    outputs = [run.communicate()[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], outputs
    both = contents(checkout.output)
    assert {*MODULES} < both.keys()
    assert not [name for name in both if Path(name).name.startswith(".")]
    assert compile_all(checkout.root).written == ()


def test_this_project_compiles_the_same_under_every_hash_seed(tmp_path: Path) -> None:
    written = compile_all(ROOT, tmp_path / "here").written
    assert len(written) == len(MODULES)
    for seed in ("1", "77"):
        output = tmp_path / seed
        subprocess.run(
            [sys.executable, "-m", "pysetup", "--output", str(output)],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
        )
        assert contents(output) == contents(tmp_path / "here")


def test_one_fork_and_preset(checkout: Checkout) -> None:
    checkout.poolbonds("## `wrong`\n")
    result = compile_all(checkout.root, forks=["fulu"], presets=["mainnet"])
    assert [path.name for path in result.written] == ["mainnet.py"]
    assert not (checkout.output / "poolbonds").exists()


def test_draft_puts_up_with_what_is_not_written_yet(checkout: Checkout) -> None:
    path = checkout.fulu(DOCUMENT.replace("value * 2", "value * two()"))
    missing = checkout.helpers("")
    (checkout.root / missing).unlink()
    result = compile_all(checkout.root, draft=True)
    assert [str(problem) for problem in result.tolerated] == [
        f"{path}:10: error: unknown name `two` in `double`",
        f"{missing}:1: error: missing file",
    ]
    assert len(result.written) == len(MODULES)
    with pytest.raises(CompileError):
        compile_all(checkout.root)
    checkout.fulu(DOCUMENT.replace("value: Gwei", "value: Wei"))
    with pytest.raises(CompileError):
        compile_all(checkout.root, draft=True)


def test_command_reports_errors(checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    path = checkout.fulu(DOCUMENT.replace("value * 2", "value * two"))
    assert main(["--root", str(checkout.root)]) == 1
    assert capsys.readouterr().err == (
        f"{path}:10: error: unknown name `two` in `double`\n1 error, nothing written\n"
    )


def test_command_writes_where_it_is_told(
    checkout: Checkout, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "other"
    options = ["--root", str(checkout.root), "--output", str(output), "--fork", "fulu"]
    assert main(options) == 0
    first = capsys.readouterr().out
    assert first.splitlines() == [
        f"compiled {output}/fulu/minimal.py",
        f"compiled {output}/fulu/mainnet.py",
    ]
    assert main(options) == 0
    assert capsys.readouterr().out == ""
    assert main(["list", *options]) == 0
    assert capsys.readouterr().out == first.replace("compiled ", "")


def test_command_with_an_output_that_cannot_be_written(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    file = checkout.root / "file"
    file.write_text("")
    assert main(["--root", str(checkout.root), "--output", str(file)]) == 1
    assert capsys.readouterr().err == f"{file}/fulu: error: Not a directory\n"


def test_command_without_a_checkout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--root", str(tmp_path)]) == 1
    first = FORKS[0]
    message = f"{first.folder}/{first.documents[0]}:1: error: missing file\n"
    assert message in capsys.readouterr().err
