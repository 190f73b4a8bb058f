"""Compiled modules: what they hold, how they run, and the document lines they show."""

import ast
import traceback
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import pytest

from poolspec.runtime import module as runtime_module
from poolspec.runtime.ssz import Bytes4, List, Uint64, View
from pysetup.rewrite import qualify

Checkout = Any
Execute = Callable[..., Any]

# The line of each marked statement is looked up, so that the text can change.
DOCUMENT = '''\
# Parameters

| Type | SSZ equivalent | Description |
| --- | --- | --- |
| `Records` | `List[Record, LIMIT + 1]` | records, at most one "more" |
| `Gwei` | `Uint64` | an amount |
| `Version` | `Bytes4` | a \\| b |

| Preset value | Type | Minimal | Mainnet |
| --- | --- | --- | --- |
| `LIMIT` | `Uint64` | `HALF * 2` | `2**4` |

| Constant | Type | Value | Description |
| --- | --- | --- | --- |
| `HALF` | `Uint64` | `4` | half a limit |
| `GENESIS` | `Version` | `0x00000102` | |
| `NAMES` | `tuple[str, ...]` | `["a", "b"]` | |

| Configuration value | Type | Minimal | Mainnet |
| --- | --- | --- | --- |
| `DELAY` | `Gwei` | `3` | `5` |
| `FORK_VERSION` | `Version` | `"0x01020304"` | `"0x01020304"` |
| `SCHEDULE` | `tuple[Mapping[str, int], ...]` | `[]` | `[{"EPOCH": 7, "MAX": 9}]` |

## `Record`

```python
class Record(Container):
    first: Gwei
    second: Gwei
    third: Gwei
```

## `waiting`

```python
def waiting(amounts: Sequence[Gwei], *, DELAY_: Gwei = Gwei(1)) -> Gwei:
    """Return DELAY + DELAY; the word DELAY in a text stays."""
    text = "é DELAY é"; total = DELAY + DELAY if text else DELAY  # DELAY
    numbers = dict(DELAY=[DELAY for _ in amounts])
    return Gwei(total + sum(numbers["DELAY"]) + DELAY_)
```

## `failing`

```python
def failing(depth: int) -> int:
    """Fail in a function within this one."""

    def inner(rest: int) -> int:
        # A comment between.
        assert rest > 0  # inner
        return inner(rest - 1)

    return inner(depth + int(DELAY) * 0)  # outer
```

## `Engine`

```python
class Engine:
    """Fails in its methods."""

    @property
    def value(self) -> int:
        return 1 // 0  # property

    @staticmethod
    def static() -> int:
        return [1 // 0 for _ in range(1)][0]  # static
```

## `ENGINE`

```python
ENGINE: Engine = Engine()
```
'''
CONFIGURATION = {"DELAY": "3", "FORK_VERSION": "0x01020304", "SCHEDULE": "[]"}


@pytest.fixture
def document(checkout: Checkout) -> str:
    """Write the document with its values and return its path."""
    prelude = checkout.root / "poolspec" / "runtime" / "prelude.py"
    text = prelude.read_text().replace('"List"', '"List", "Mapping", "Sequence"')
    prelude.write_text(text)
    checkout.values("configs", CONFIGURATION)
    checkout.write(
        "configs/mainnet.yaml",
        "DELAY: 5\nFORK_VERSION: 0x01020304\nSCHEDULE:\n  - EPOCH: 7\n    MAX: 9\n",
    )
    checkout.write("presets/minimal/fulu.yaml", "LIMIT: 8\n")
    checkout.write("presets/mainnet/fulu.yaml", "LIMIT: 16\n")
    path: str = checkout.fulu(DOCUMENT)
    return path


def line_of(marker: str) -> int:
    """Return the line of the document that ends with a marker."""
    (found,) = [n for n, line in enumerate(DOCUMENT.split("\n"), 1) if line.endswith(marker)]
    return found


def test_types_constants_and_presets(document: str, execute: Execute) -> None:
    spec = execute()
    assert spec.fork == "fulu"
    assert spec.preset == "minimal"
    assert issubclass(spec.Gwei, Uint64)
    assert spec.Gwei.__doc__ == "an amount"
    assert issubclass(spec.Records, List)
    assert spec.Records.limit() == 9
    assert spec.Records.__doc__ == 'records, at most one "more"'
    assert spec.Records.element_cls() is spec.Record
    assert type(spec.HALF) is Uint64
    assert spec.LIMIT == 8
    assert spec.GENESIS.hex() == "00000102"
    assert isinstance(spec.GENESIS, Bytes4)
    assert spec.NAMES == ("a", "b")
    assert execute(preset="mainnet").LIMIT == 16


def test_configuration_is_read_when_a_function_is_called(document: str, execute: Execute) -> None:
    spec = execute()
    assert type(spec.config.DELAY) is spec.Gwei
    assert spec.config.FORK_VERSION.hex() == "01020304"
    assert not hasattr(spec, "DELAY")
    # 3 + 3, three times 3 for three amounts, and the default of 1.
    assert spec.waiting([0, 0, 0]) == 16
    spec.config = spec.config._replace(DELAY=spec.Gwei(10))
    assert spec.waiting([0]) == 31


def test_structured_configuration_values_cannot_change(document: str, execute: Execute) -> None:
    assert execute().config.SCHEDULE == ()
    schedule = execute(preset="mainnet").config.SCHEDULE
    assert schedule[0]["EPOCH"] == 7
    assert [type(entry) for entry in schedule] == [MappingProxyType]
    with pytest.raises(TypeError):
        schedule[0]["EPOCH"] = 8


def test_blocks_stand_as_they_are_written(document: str, checkout: Checkout) -> None:
    module = checkout.compile()["fulu/minimal"]
    block = DOCUMENT[DOCUMENT.index("class Engine:") : DOCUMENT.index("```\n\n## `ENGINE`")]
    assert block in module
    rewritten = (
        '    text = "é DELAY é"; total = config.DELAY + config.DELAY if text else config.DELAY'
        "  # DELAY\n    numbers = dict(DELAY=[config.DELAY for _ in amounts])\n"
    )
    assert rewritten in module


@pytest.mark.parametrize(
    ("call", "markers"),
    [
        (lambda spec: spec.failing(0), ["# outer", "# inner"]),
        (lambda spec: spec.ENGINE.value, ["# property"]),
        (lambda spec: spec.ENGINE.static(), ["# static"]),
    ],
)
def test_tracebacks_show_the_document(
    document: str, execute: Execute, call: Callable[[Any], object], markers: list[str]
) -> None:
    spec = execute()
    with pytest.raises((AssertionError, ZeroDivisionError)) as caught:
        call(spec)
    frames = traceback.extract_tb(caught.value.__traceback__)
    ours = [(f.filename, f.lineno) for f in frames if f.filename != __file__]
    # Before Python 3.12 a comprehension is a frame of its own.
    places = list(dict.fromkeys(ours))
    assert places == [(document, line_of(marker)) for marker in markers]


def test_documents_that_can_be_read_are_shown_with_their_full_path(
    document: str, checkout: Checkout, execute: Execute, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime_module, "_ROOTS", [checkout.root])
    code = execute().failing.__code__
    assert code.co_filename == str(checkout.root / document)
    assert code.co_firstlineno == line_of("def failing(depth: int) -> int:")


def test_generated_methods_are_left_alone(checkout: Checkout, execute: Execute) -> None:
    prelude = checkout.root / "poolspec" / "runtime" / "prelude.py"
    prelude.write_text(prelude.read_text().replace('"List"', '"List", "dataclass", "Protocol"'))
    checkout.fulu(
        "## `Point`\n\n```python\n@dataclass(frozen=True)\nclass Point:\n    x: int\n```\n\n"
        "## `Shape`\n\n```python\nclass Shape(Protocol):\n    def at(self, p: Point) -> int: ...\n"
        "```\n"
    )
    spec = execute()
    assert spec.Point(1) == spec.Point(1)
    assert repr(spec.Point(2)) == "Point(x=2)"
    assert spec.Shape.at.__code__.co_firstlineno == 13


OVERLAY = '''\
# Overlay

## Modified `Record`

```python
class Record(Container):
    first: Gwei
    second: Gwei
    third: Gwei
    fourth: Gwei
```

## New constants

| Constant | Type | Value |
| --- | --- | --- |
| `FOURTH` | `Gwei` | `HALF + 1` |

## Removed `failing`

It is not needed any more.

## New `use`

```python
def use() -> "Record":
    """Return a record with the new field."""
    return Record(fourth=FOURTH)
```
'''


def test_overlay_is_complete_in_itself(document: str, checkout: Checkout, execute: Execute) -> None:
    path = checkout.poolbonds(OVERLAY)
    spec = execute("poolbonds")
    assert list(spec.Record.fields()) == ["first", "second", "third", "fourth"]
    assert spec.Records.element_cls() is spec.Record
    assert spec.use().fourth == 5
    assert not hasattr(spec, "failing")
    assert spec.waiting([]) == 7
    assert spec.use.__code__.co_filename == path
    assert spec.waiting.__code__.co_filename == document


def test_overlay_imports_its_parent_only_if_it_names_it(document: str, checkout: Checkout) -> None:
    line = "from poolspec.fulu import minimal as fulu\n"
    checkout.poolbonds(OVERLAY)
    assert line not in checkout.compile()["poolbonds/minimal"]
    checkout.poolbonds(OVERLAY.replace("def use()", "def use(before: fulu.Record)"))
    modules = checkout.compile()
    assert line in modules["poolbonds/minimal"]
    assert line.replace("minimal", "mainnet") in modules["poolbonds/mainnet"]


def test_order_follows_what_definitions_need(document: str, checkout: Checkout) -> None:
    """Constants and types first, then containers; a list of containers after its element."""
    module = checkout.compile()["fulu/minimal"]
    marks = [
        "\nHALF = ",
        "\nclass Configuration(",
        "\nclass Record(",
        "class Records(",
        "\nENGINE: ",
        "\ndef waiting(",
        "\ndef failing(",
        "\nSOURCE_MAP = ",
        "\n_finish(",
    ]
    places = [module.index(mark) for mark in marks]
    assert places == sorted(places)


def test_containers_are_ssz_views(document: str, execute: Execute) -> None:
    spec = execute()
    records = spec.Records(spec.Record(first=1, second=2))
    assert issubclass(spec.Records, View)
    assert spec.Records.decode_bytes(records.encode_bytes()) == records
    assert records[0].second == 2


def test_resolved_fork_for_tools(document: str, checkout: Checkout) -> None:
    path = checkout.poolbonds(OVERLAY)
    fork = checkout.resolve("poolbonds")
    found = {d.name: (d.status.value, d.span.path) for d in fork.definitions.values()}
    assert found["Record"] == ("modified", path)
    assert found["FOURTH"] == ("new", path)
    assert found["waiting"] == ("inherited", document)
    assert set(fork.removals) == {"failing"}
    assert [d.name for d in fork.own()] == ["Record", "FOURTH", "use"]
    assert set(fork.definitions["use"].names.calling) == {"Record", "FOURTH"}
    assert fork.definitions["HALF"].prose == "half a limit"
    assert fork.parent is not None
    assert fork.parent.definitions["failing"].status.value == "original"
    with pytest.raises(KeyError):
        checkout.resolve("unknown")


def test_configuration_value_in_an_f_string(document: str, checkout: Checkout) -> None:
    checkout.helpers(
        '## `shown`\n\n```python\ndef shown() -> str:\n    """Return a text."""\n'
        '    return f"é DELAY {DELAY}" f"{{DELAY}} {1 + DELAY!r}"\n```\n'
    )
    line = 'return f"é DELAY {config.DELAY}" f"{{DELAY}} {1 + config.DELAY!r}"'
    assert line in checkout.compile()["fulu/minimal"]


def test_a_name_whose_place_is_wrong_is_not_rewritten() -> None:
    """The parser has been wrong about columns within f-strings before."""
    tree = ast.parse("a + DELAY")
    tree.body[0].value.right.col_offset -= 1  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="cannot tell where `DELAY` stands"):
        qualify("a + DELAY", tree, {"DELAY"}, "config.")
