"""Messages about compiled modules become messages about the documents."""

import io
import sys
from pathlib import Path
from typing import Any

import pytest

from pysetup.__main__ import main
from pysetup.line_map import map_lines

Checkout = Any

DOCUMENT = """\
| Type | SSZ equivalent |
| --- | --- |
| `Gwei` | `Uint64` |
| `Balances` | `List[Gwei, 8]` |

## `double`

```python
def double(value: Gwei) -> Gwei:
    \"\"\"Return twice the value.\"\"\"
    return value * 2
```
"""


@pytest.fixture
def module(checkout: Checkout) -> Path:
    """Return a compiled module."""
    checkout.fulu(DOCUMENT)
    checkout.compile()
    path: Path = checkout.output / "fulu" / "minimal.py"
    return path


def place(module: Path, text: str) -> str:
    """Return the place of the first line of a module that contains a text."""
    lines = module.read_text().split("\n")
    return f"{module}:{next(n for n, line in enumerate(lines, 1) if text in line)}"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("return value * 2", 11),
        ("def double", 9),
        ("class Gwei(", 3),
        ("class Balances(List[Gwei]):", 4),
        ("class Balances(List[Gwei, 8]):", 4),
    ],
)
def test_places_are_mapped(module: Path, checkout: Checkout, text: str, line: int) -> None:
    path = checkout.fulu(DOCUMENT)
    here = place(module, text)
    number = here.rpartition(":")[2]
    messages = [
        f"{here}: error: wrong  [misc]\n",
        f"{here}:7: E501 too long\n",
        f"  --> {here}:7\n",
        f'  File "{module}", line {number}, in double\n',
    ]
    assert list(map_lines(messages)) == [
        f"{path}:{line}: error: wrong  [misc]\n",
        f"{path}:{line}:7: E501 too long\n",
        f"  --> {path}:{line}:7\n",
        f'  File "{path}", line {line}, in double\n',
    ]


def test_other_lines_are_left_alone(module: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.py"
    other.write_text("SOURCE_MAP = (('a', 'b.md', 1, 9, 1, 9),)\n")
    messages = [
        "Found 2 errors in 1 file\n",
        f"{other}:1: error: wrong\n",
        f"{tmp_path}/missing.py:1: error: wrong\n",
        f"{module}:1: the header is no part of a document\n",
        f"{place(module, 'SOURCE_MAP = (')}: neither is the map\n",
    ]
    assert list(map_lines(messages)) == messages


def test_command_is_a_filter(
    module: Path,
    checkout: Checkout,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    message = f"{place(module, 'return value * 2')}:5: note: here\n"
    monkeypatch.setattr(sys, "stdin", io.StringIO(message))
    assert main(["map"]) == 0
    assert capsys.readouterr().out == f"{checkout.fulu(DOCUMENT)}:11:5: note: here\n"
