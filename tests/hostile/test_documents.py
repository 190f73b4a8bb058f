"""Documents for the compiler, damaged: modules, or errors with their lines, and nothing halfway."""

import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pysetup import FORKS, CompileError, compile_all
from pysetup.__main__ import main
from pysetup.collect import collect
from pysetup.errors import Problems
from pysetup.markdown import parse
from tests.helpers.pace import within
from tests.hostile.fuzzing import ROOT, damaged, examples

PLACE = re.compile(r"(specs|presets|configs|poolspec)/[^:\n]+:\d+: error: [^\n]+")
SECONDS = 30

SMALL = """\
# A small document

## Constants

| Constant | Type     | Value     | Description |
| -------- | -------- | --------- | ----------- |
| `FAR`    | `Uint64` | `2**64 - 1` | far away  |
| `NEAR`   | `Uint64` | `FAR // 2`  | not so    |

### `Pair`

```python
class Pair(Container):
    \"\"\"Two numbers.\"\"\"

    left: Uint64
    right: Uint64
```

### `is_far`

```python
def is_far(pair: Pair) -> bool:
    \"\"\"Decide whether a pair is far.\"\"\"
    return pair.left == FAR and not is_near(pair)
```

### `is_near`

```python
def is_near(pair: Pair) -> bool:
    \"\"\"Decide whether a pair is near.\"\"\"
    return bool(pair.right < NEAR)
```
"""

PRELUDE = '''\
"""Names known without a definition."""

__all__ = ["Container", "Uint64"]
'''

PIECES = [
    "```python\n",
    "```\n",
    "~~~\n",
    "> " * 200 + "x\n",
    "- " * 200 + "x\n",
    "| `A` | `Uint64` | `" + "(" * 300 + "1" + ")" * 300 + "` | x |\n",
    "| `A` | `Uint64` | `" + "-" * 3000 + "1` | x |\n",
    "| `A` | `Uint64` | `10**10**10` | x |\n",
    "| `A` | `Uint64` | `2**1024 ** 1024` | x |\n",
    "| `A` | `Uint64` | `" + "9" * 5000 + "` | x |\n",
    "| `A` | `Uint64` | `0x" + "f" * 5000 + "` | x |\n",
    "| `A` | `Uint64` | `1 if 1 else 2` | x |\n",
    "| `A` | `Bytes32` | `'0x00'` | x |\n",
    "| `A` | `A` | `A` | `A` |\n",
    "### `is_far`\n",
    "### New `is_far`\n",
    "### Removed `Pair`\n",
    "<!-- informative -->\n",
    "\x00",
    "\x0c\n",
    "\u2028",
    "\r",
    "\ufeff",
    "    return " + "not " * 4000 + "1\n",
    "    return " + "a." * 4000 + "b\n",
    "\\|",
    "`" * 50,
    "\t",
]


@cache
def documents() -> dict[str, str]:
    """The documents of both forks, by path."""
    return {
        f"{fork.folder}/{name}": (ROOT / fork.folder / name).read_text()
        for fork in FORKS
        for name in fork.documents
    }


@st.composite
def changed(draw: st.DrawFn, text: str) -> bytes:
    """A document with lines moved, doubled, removed and changed, or with bytes damaged."""
    if draw(st.integers(0, 3)) == 0:
        return draw(damaged(text.encode()))
    lines = text.splitlines(keepends=True)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(len(lines) - 1, 0)))
        kind = draw(st.sampled_from(["drop", "double", "move", "piece", "cut", "indent", "word"]))
        if kind == "drop":
            del lines[place : place + draw(st.integers(1, 3))]
        elif kind == "double":
            lines[place:place] = lines[place : place + draw(st.integers(1, 20))]
        elif kind == "move" and lines:
            lines.insert(draw(st.integers(0, len(lines) - 1)), lines.pop(place))
        elif kind == "piece":
            lines.insert(place, draw(st.sampled_from(PIECES)))
        elif kind == "cut":
            lines[place + 1 :] = []
        elif kind == "indent" and lines:
            lines[place] = draw(st.sampled_from(["> ", "    ", "- ", "\t"])) + lines[place]
        elif kind == "word" and lines:
            words = lines[place].split(" ")
            words[draw(st.integers(0, len(words) - 1))] = draw(st.sampled_from(PIECES)).strip("\n")
            lines[place] = " ".join(words)
    return "".join(lines).encode()


@examples(40)
@given(st.data())
def test_phases_on_real_documents(data: st.DataObject) -> None:
    """Parsing and collecting find problems in lines that are there."""
    path = data.draw(st.sampled_from(sorted(documents())))
    text = data.draw(changed(documents()[path])).decode(errors="replace")
    fork = next(fork for fork in FORKS if path.startswith(fork.folder + "/"))
    problems = Problems()
    with within(SECONDS):
        collect(fork, [parse(path, text, problems)], problems)
    last = text.count("\n") + 1
    for problem in problems.sorted():
        assert problem.path == path
        assert 1 <= problem.line <= last
        assert PLACE.fullmatch(str(problem)), str(problem)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout whose only document with content is a small one."""
    root = tmp_path_factory.mktemp("checkout")
    for path in documents():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("")
    for preset in ("minimal", "mainnet"):
        for fork in FORKS:
            (root / "presets" / preset).mkdir(parents=True, exist_ok=True)
            (root / "presets" / preset / f"{fork.name}.yaml").write_text("")
        (root / "configs").mkdir(exist_ok=True)
        (root / "configs" / f"{preset}.yaml").write_text("")
    (root / "poolspec/runtime").mkdir(parents=True)
    (root / "poolspec/runtime/prelude.py").write_text(PRELUDE)
    return root


def outputs(folder: Path) -> dict[str, str]:
    """All files below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def compile_or_nothing(root: Path, output: Path) -> list[str]:
    """Compile; after errors, which are given, the output must be as it was."""
    before = outputs(output)
    with within(SECONDS):
        try:
            compile_all(root, output)
        except CompileError as error:
            problems = [str(problem) for problem in error.problems]
            assert problems, "an error that names nothing"
        else:
            return []
    assert outputs(output) == before
    return problems


@examples(60)
@given(st.data())
def test_small_documents(checkout: Path, data: st.DataObject) -> None:
    """The whole way from a document to modules, which are sound Python then."""
    document = checkout / "specs/fulu" / FORKS[0].documents[0]
    document.write_bytes(data.draw(changed(SMALL)))
    output = checkout / "output"
    problems = compile_or_nothing(checkout, output)
    assert all(PLACE.fullmatch(problem) for problem in problems), problems
    if not problems:
        for name, text in outputs(output).items():
            compile(text, name, "exec")


def test_the_small_document_compiles(checkout: Path) -> None:
    (checkout / "specs/fulu" / FORKS[0].documents[0]).write_text(SMALL)
    assert compile_or_nothing(checkout, checkout / "output") == []
    assert "fulu/minimal.py" in outputs(checkout / "output")


@pytest.mark.parametrize("character", ["\x00", "\x0c", "\x1b", "\x7f"])
def test_control_characters(checkout: Path, character: str) -> None:
    """In a description, which becomes a comment, they would break the module."""
    text = SMALL.replace("far away", f"far{character}away")
    (checkout / "specs/fulu" / FORKS[0].documents[0]).write_bytes(text.encode())
    (problem,) = compile_or_nothing(checkout, checkout / "output")
    assert problem.endswith(f":7: error: the control character {character!a}")


@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: ascii(piece[:30]))
def test_pieces(checkout: Path, piece: str) -> None:
    """Each of the pieces in each part of the small document."""
    lines = SMALL.splitlines(keepends=True)
    for place in (0, 6, 7, 14, 18, 24, len(lines)):
        text = "".join([*lines[:place], piece, *lines[place:]])
        (checkout / "specs/fulu" / FORKS[0].documents[0]).write_bytes(text.encode())
        problems = compile_or_nothing(checkout, checkout / "output")
        assert all(PLACE.fullmatch(problem) for problem in problems), problems


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the real documents, and of what else is compiled from."""
    root = tmp_path_factory.mktemp("real")
    for folder in ("specs", "presets", "configs"):
        shutil.copytree(ROOT / folder, root / folder)
    (root / "poolspec/runtime").mkdir(parents=True)
    shutil.copy(ROOT / "poolspec/runtime/prelude.py", root / "poolspec/runtime/prelude.py")
    yield root
    shutil.rmtree(root)


@examples(2)
@given(st.data())
def test_the_command_on_real_documents(real: Path, data: st.DataObject) -> None:
    """One document damaged: the command says what is wrong, or compiles."""
    path = data.draw(st.sampled_from(sorted(documents())))
    try:
        (real / path).write_bytes(data.draw(changed(documents()[path])))
        before = outputs(real / "output")
        with within(SECONDS):
            status = main(["--root", str(real), "--output", str(real / "output")])
        assert status in (0, 1)
        if status:
            assert outputs(real / "output") == before
    finally:
        (real / path).write_text(documents()[path])


@pytest.mark.parametrize("depth", [50, 150, 1000, 20_000])
@pytest.mark.parametrize("kind", ["attribute", "parenthesis", "list", "not", "block", "quote"])
def test_nesting(checkout: Path, kind: str, depth: int) -> None:
    """Whatever is nested however deeply: modules, or a problem with its line."""
    text = {
        "attribute": "a" + ".a" * depth,
        "parenthesis": "(" * depth + "FAR" + ")" * depth,
        "list": "[" * depth + "]" * depth,
        "not": "not " * depth + "FAR",
        "block": "FAR",
        "quote": "FAR",
    }[kind]
    document = SMALL.replace("bool(pair.right < NEAR)", text)
    if kind == "block":
        blocks = "".join("    " * (n + 1) + "if pair:\n" for n in range(min(depth, 150)))
        body = blocks + "    " * (min(depth, 150) + 1) + "return True"
        document = SMALL.replace("    return bool(pair.right < NEAR)", body)
    if kind == "quote":
        document = SMALL + "> " * depth + "### `x`\n"
    (checkout / "specs/fulu" / FORKS[0].documents[0]).write_text(document)
    problems = compile_or_nothing(checkout, checkout / "output")
    assert all(PLACE.fullmatch(problem) for problem in problems), problems


@pytest.mark.parametrize("value", ["-" * 100 + "1", "((" * 40 + "1" + "))" * 40, "[[[" * 20])
def test_nesting_in_tables(checkout: Path, value: str) -> None:
    document = SMALL.replace("`FAR // 2`", f"`{value}`")
    (checkout / "specs/fulu" / FORKS[0].documents[0]).write_text(document)
    problems = compile_or_nothing(checkout, checkout / "output")
    assert all(PLACE.fullmatch(problem) for problem in problems), problems
