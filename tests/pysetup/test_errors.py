"""Every mistake in the documents or values is reported with its line, and nothing is written."""

from typing import Any

import pytest

Checkout = Any

FUNCTION = '''\
# Functions

## `double`

```python
def double(value: Uint64) -> Uint64:
    """Return twice the value."""
    return value * 2
```
'''
CONTAINER = """
## {heading}

```python
class {name}(Container):
    {field}: {type}
```
"""
CONSTANT = """\
## Constants

| Constant | Type | Value |
| --- | --- | --- |
| {row} |
"""
PRESET = """\
## {heading}

| Preset value | Type | Minimal | Mainnet |
| --- | --- | --- | --- |
| `LIMIT` | `Uint64` | `{minimal}` | `8` |
"""
CONFIGURATION = """\
## {heading}

| Configuration value | Type | Minimal | Mainnet | Description |
| --- | --- | --- | --- | --- |
| `DELAY` | `Uint64` | `3` | `3` | in seconds |
"""


def test_empty_documents_compile(checkout: Checkout) -> None:
    assert 'preset = "mainnet"' in checkout.compile()["poolbonds/mainnet"]


def test_all_errors_are_reported_in_order(checkout: Checkout) -> None:
    fulu = checkout.fulu(FUNCTION.replace("`double`", "`triple`"))
    overlay = checkout.poolbonds(FUNCTION.replace("`double`", "Modified `double`"))
    (checkout.root / "configs" / "minimal.yaml").write_text("DELAY: 3\n")
    errors = checkout.errors()
    assert errors[0] == "configs/minimal.yaml:1: error: the key `DELAY` has no row in a table"
    assert errors[1].startswith(f"{fulu}:6: error: the heading '`triple`' does not name its block")
    assert errors[2] == (f"{overlay}:6: error: Modified `double` does not exist in the parent fork")
    assert len(errors) == 3


def test_duplicate_definition(checkout: Checkout) -> None:
    path = checkout.fulu(FUNCTION + FUNCTION)
    assert checkout.errors() == [
        f"{path}:15: error: duplicate definition: `double` is also defined at {path}:6"
    ]


def test_duplicate_across_documents_and_kinds(checkout: Checkout) -> None:
    first = checkout.fulu(CONSTANT.format(row="`double` | `Uint64` | `2`"))
    second = checkout.helpers(FUNCTION)
    assert checkout.errors() == [
        f"{second}:6: error: duplicate definition: `double` is also defined at {first}:5"
    ]


@pytest.mark.parametrize("name", ["hash_tree_root", "config", "SOURCE_MAP"])
def test_name_of_the_runtime(checkout: Checkout, name: str) -> None:
    path = checkout.fulu(FUNCTION.replace("double", name))
    assert checkout.errors() == [
        f"{path}:6: error: duplicate definition: `{name}` is a name of the runtime"
    ]


def test_block_without_heading(checkout: Checkout) -> None:
    path = checkout.fulu(FUNCTION[FUNCTION.index("```") :])
    assert checkout.errors() == [
        f"{path}:2: error: no heading above the block of `double`; it must be `double`"
    ]


@pytest.mark.parametrize(
    "heading", ["`Double`", "double", "The function `double`", "New `double`", "`double` again"]
)
def test_heading_that_does_not_name_its_block(checkout: Checkout, heading: str) -> None:
    path = checkout.fulu(FUNCTION.replace("`double`", heading))
    assert checkout.errors() == [
        f"{path}:6: error: the heading {heading!r} does not name its block: write `double`"
    ]


@pytest.mark.parametrize("heading", ["`double`", "Changed `double`", "Removed `double`"])
def test_heading_without_a_change_in_an_overlay(checkout: Checkout, heading: str) -> None:
    path = checkout.poolbonds(FUNCTION.replace("`double`", heading))
    assert checkout.errors() == [
        f"{path}:6: error: the heading {heading!r} does not name its block: "
        "write New `double` or Modified `double`"
    ]


def test_heading_without_its_block(checkout: Checkout) -> None:
    path = checkout.fulu("# A\n\n## `double`\n\nProse.\n\n## B\n")
    assert checkout.errors() == [
        f"{path}:3: error: the heading names `double`, but no python block follows"
    ]


def test_new_that_exists(checkout: Checkout) -> None:
    fulu = checkout.fulu(FUNCTION)
    path = checkout.poolbonds(FUNCTION.replace("`double`", "New `double`"))
    assert checkout.errors() == [
        f"{path}:6: error: New `double` exists in the parent fork, {fulu}:6"
    ]


def test_removed_that_does_not_exist(checkout: Checkout) -> None:
    path = checkout.poolbonds("# Overlay\n\n## Removed `double`\n")
    assert checkout.errors() == [
        f"{path}:3: error: Removed `double` does not exist in the parent fork"
    ]


def test_modified_without_a_change(checkout: Checkout) -> None:
    fulu = checkout.fulu(FUNCTION)
    path = checkout.poolbonds(FUNCTION.replace("`double`", "Modified `double`"))
    assert checkout.errors() == [
        f"{path}:6: error: Modified `double` is the same as in the parent fork, {fulu}:6"
    ]


def test_modified_into_something_else(checkout: Checkout) -> None:
    fulu = checkout.fulu(FUNCTION)
    block = CONTAINER.format(heading="Modified `double`", name="double", field="a", type="Uint64")
    path = checkout.poolbonds(block)
    assert checkout.errors() == [
        f"{path}:5: error: Modified `double` is a container, was a function at {fulu}:6"
    ]


def test_modified_configuration_value(checkout: Checkout) -> None:
    checkout.fulu(CONFIGURATION.format(heading="Configuration"))
    changed = CONFIGURATION.format(heading="Modified").replace("`3` | `3`", "`4` | `4`")
    path = checkout.poolbonds(changed)
    checkout.values("configs", {"DELAY": "4"})
    assert checkout.errors() == [
        f"{path}:5: error: the configuration value `DELAY` cannot be modified: name a new one"
    ]


def test_removed_that_is_still_used(checkout: Checkout) -> None:
    user = FUNCTION.replace("double", "quadruple").replace("value * 2", "double(double(value))")
    checkout.fulu(FUNCTION + user)
    path = checkout.poolbonds("# Overlay\n\n## Removed `double`\n")
    assert checkout.errors() == [
        f"{path}:3: error: `quadruple` uses `double`, which was removed at {path}:3"
    ]


def test_removed_that_the_overlay_itself_uses(checkout: Checkout) -> None:
    checkout.fulu(FUNCTION)
    user = FUNCTION.replace("double", "quadruple").replace("value * 2", "double(double(value))")
    removed = "\n## Removed `double`\n"
    path = checkout.poolbonds(user.replace("`quadruple`", "New `quadruple`") + removed)
    assert checkout.errors() == [
        f"{path}:8: error: `quadruple` uses `double`, which was removed at {path}:11"
    ]


def test_removed_rows(checkout: Checkout) -> None:
    checkout.fulu(CONSTANT.format(row="`A` | `Uint64` | `2`"))
    rows = CONSTANT.format(row="`A` | `Uint64` | `2` |\n| `B` | `Uint64` | `2`")
    path = checkout.poolbonds(rows.replace("Constants", "Removed constants"))
    assert checkout.errors() == [f"{path}:6: error: Removed `B` does not exist in the parent fork"]


def test_removed_and_defined(checkout: Checkout) -> None:
    checkout.fulu(FUNCTION)
    changed = FUNCTION.replace("`double`", "Modified `double`").replace("* 2", "+ value")
    path = checkout.poolbonds(changed + "\n## Removed `double`\n")
    assert checkout.errors() == [
        f"{path}:11: error: `double` is removed and also defined at {path}:6"
    ]


def test_table_without_a_change_in_an_overlay(checkout: Checkout) -> None:
    path = checkout.poolbonds(CONSTANT.format(row="`A` | `Uint64` | `2`"))
    assert checkout.errors() == [
        f"{path}:3: error: the heading above the table must begin with New, Modified or Removed"
    ]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("return value * 2", "return value * factor", 8),
        ("return value * 2", "return sum(fctr for _ in range(2))", 8),
        ("value: Uint64)", "value: Uint)", 6),
        ("-> Uint64", "-> Uint", 6),
        ("value: Uint64)", "value: Uint64 = START)", 6),
        ("def double", "@cached\ndef double", 6),
        ("return value * 2", "return (lambda x: y)(value)", 8),
    ],
)
def test_unknown_name_in_a_function(checkout: Checkout, old: str, new: str, line: int) -> None:
    path = checkout.fulu(FUNCTION.replace(old, new))
    (error,) = checkout.errors()
    assert error.startswith(f"{path}:{line}: error: unknown name `")
    assert error.endswith("` in `double`")


def test_known_names(checkout: Checkout) -> None:
    """Parameters, variables, builtins, the function itself and what it nests are known."""
    body = """\
offset = len(range(3))
    def inner(x: int) -> int:
        return x + offset
    if value > 0:
        return double(Uint64(inner(0) - 1))
    return Uint64(max([inner(i) for i in range(offset)]))"""
    checkout.fulu(FUNCTION.replace("return value * 2", body))
    assert "def inner" in checkout.compile()["fulu/minimal"]


@pytest.mark.parametrize(
    "row",
    ["`A` | `Uint65` | `2`", "`A` | `Uint64` | `B + 1`", "`A` | `Uint64` | `Gwei(2)`"],
)
def test_unknown_name_in_a_row(checkout: Checkout, row: str) -> None:
    path = checkout.fulu(CONSTANT.format(row=row))
    assert any(e.startswith(f"{path}:5: error: unknown name `") for e in checkout.errors())


def test_unknown_name_in_a_container(checkout: Checkout) -> None:
    block = CONTAINER.format(heading="`Fork`", name="Fork", field="epoch", type="Epoch")
    path = checkout.fulu(block)
    assert checkout.errors() == [f"{path}:6: error: unknown name `Epoch` in `Fork`"]


def test_unknown_name_of_the_parent(checkout: Checkout) -> None:
    checkout.fulu(FUNCTION)
    user = FUNCTION.replace("`double`", "New `use`").replace("def double", "def use")
    path = checkout.poolbonds(user.replace("value * 2", "fulu.double(fulu.triple(value))"))
    assert checkout.errors() == [f"{path}:8: error: unknown name `fulu.triple` in `use`"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("`A` | `Uint64`", "it has 2 cells, the header has 3"),
        ("`A` | `Uint64` | `1` | `2`", "it has 4 cells, the header has 3"),
        ("A | `Uint64` | `1`", "the cell 'A' must be in backticks"),
        ("`A` | Uint64 | `1`", "the cell 'Uint64' must be in backticks"),
        ("`A` | `Uint64` | 1", "the cell '1' must be in backticks"),
        ("`A` | `Uint64` |", "the cell '' must be in backticks"),
        ("`A-B` | `Uint64` | `1`", "'A-B' is not a name"),
        ("`A` | `Uint64` | `2**`", "`2**` is not an expression"),
    ],
)
def test_row_that_is_not_understood(checkout: Checkout, row: str, reason: str) -> None:
    path = checkout.fulu(CONSTANT.format(row=row))
    assert checkout.errors() == [f"{path}:5: error: table row not understood: {reason}"]


def test_unknown_table(checkout: Checkout) -> None:
    table = "| Limit | Value |\n| --- | --- |\n| `A` | `1` |\n"
    path = checkout.fulu(f"# Limits\n\n{table}")
    (error,) = checkout.errors()
    assert error.startswith(f"{path}:3: error: unknown table 'Limit'")
    checkout.fulu(f"# Limits\n\n<!-- informative -->\n\n{table}")
    checkout.compile()


def test_table_with_wrong_columns(checkout: Checkout) -> None:
    path = checkout.fulu("# T\n\n| Constant | Value |\n| --- | --- |\n| `A` | `1` |\n")
    assert checkout.errors() == [
        f"{path}:3: error: the columns must be Constant, Type, Value and Description"
    ]


def test_table_that_markdown_takes_for_text(checkout: Checkout) -> None:
    path = checkout.fulu(
        "# T\n\n| Constant | Type | Value |\n| --- | --- |\n| `A` | `int` | `1` |\n"
    )
    assert checkout.errors() == [
        f"{path}:3: error: this looks like a table but is not one: check its first two lines"
    ]


def test_comment_without_its_table(checkout: Checkout) -> None:
    path = checkout.fulu("# T\n\n<!-- informative -->\n\nProse.\n")
    assert checkout.errors() == [
        f"{path}:3: error: no table follows the comment <!-- informative -->"
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("`A` | `Uint8` | `2**8`", "256 is out of the range of Uint8"),
        ("`A` | `Uint64` | `-1`", "-1 is out of the range of Uint64"),
        ("`A` | `Uint64` | `1 / 2`", "use // for division: values are whole numbers"),
        ("`A` | `Uint64` | `1 // 0`", "integer division or modulo by zero"),
        ("`A` | `Uint64` | `10**10**10`", "the exponent must be at most 1024"),
        ("`A` | `Bytes4` | `0x0102`", "0x0102 is not 4 bytes in hex"),
        ("`A` | `Bytes4` | `7`", "7 is not 4 bytes in hex"),
        ("`A` | `str` | `7`", "7 is not of the type str"),
        ("`A` | `Uint64` | `max(1, 2)`", "the value `max(1, 2)` is not understood"),
    ],
)
def test_value_that_its_type_cannot_hold(checkout: Checkout, row: str, reason: str) -> None:
    path = checkout.fulu(CONSTANT.format(row=row))
    assert checkout.errors() == [f"{path}:5: error: value of `A`: {reason}"]


def test_value_that_differs_from_the_yaml(checkout: Checkout) -> None:
    path = checkout.fulu(PRESET.format(heading="Limits", minimal="2**2"))
    checkout.write("presets/minimal/fulu.yaml", "# Limits\n\nLIMIT: 5\n")
    checkout.write("presets/mainnet/fulu.yaml", "LIMIT: 8\n")
    assert checkout.errors() == [
        f"presets/minimal/fulu.yaml:3: error: `LIMIT` is 5, but 4 at {path}:5"
    ]
    checkout.write("presets/minimal/fulu.yaml", "LIMIT: 4\n")
    assert "LIMIT = Uint64(2**2)" in checkout.compile()["fulu/minimal"]


@pytest.mark.parametrize(
    ("type_", "table", "yaml", "message"),
    [
        ("Bytes4", "0x00000001", "0x00000002", "`V` is 0x00000002, but 0x00000001"),
        ("Bytes4", '"0x00000001"', "0x01", "`V` is 0x01, but 0x00000001"),
        ("str", '"minimal"', "minimum", "`V` is 'minimum', but 'minimal'"),
        ("tuple[int, ...]", "[1, 2]", "[1]", "`V` is [1], but [1, 2]"),
        ("Uint64", "1", "one", "value of `V`: 'one' is not a value of the type Uint64"),
        ("Uint64", "1", "[1]", "`V` is [1], but 1"),
    ],
)
def test_values_of_every_type_are_compared(
    checkout: Checkout, type_: str, table: str, yaml: str, message: str
) -> None:
    row = f"| `V` | `{type_}` | `{table}` | `{table}` |"
    text = PRESET.format(heading="Values", minimal="1").splitlines()[:-1]
    checkout.fulu("\n".join([*text, row, ""]))
    checkout.values("presets", {"V": yaml}, "fulu")
    errors = checkout.errors()
    assert len(errors) == 2
    assert errors[0].startswith(f"presets/mainnet/fulu.yaml:1: error: {message}")


def test_key_without_a_row(checkout: Checkout) -> None:
    checkout.write("presets/mainnet/poolbonds.yaml", "LIMIT: 5\n")
    assert checkout.errors() == [
        "presets/mainnet/poolbonds.yaml:1: error: the key `LIMIT` has no row in a table"
    ]


def test_row_without_a_key(checkout: Checkout) -> None:
    path = checkout.fulu(CONFIGURATION.format(heading="Configuration"))
    checkout.write("configs/mainnet.yaml", "DELAY: 3\n")
    assert checkout.errors() == [f"{path}:5: error: `DELAY` has no key in configs/minimal.yaml"]


def test_key_that_stands_twice(checkout: Checkout) -> None:
    checkout.fulu(CONFIGURATION.format(heading="Configuration"))
    checkout.values("configs", {"DELAY": "3"})
    checkout.write("configs/mainnet.yaml", "DELAY: 3\nDELAY: 3\n")
    assert checkout.errors() == [
        "configs/mainnet.yaml:2: error: duplicate key `DELAY`, also at configs/mainnet.yaml:1"
    ]


@pytest.mark.parametrize("text", ["A: [1\nB: 2\n", "- A\n", "A: 1\n  B: 2\n"])
def test_file_that_is_not_a_mapping(checkout: Checkout, text: str) -> None:
    checkout.write("configs/mainnet.yaml", text)
    (error,) = checkout.errors()
    assert error.startswith("configs/mainnet.yaml:")


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("return value * 2", "return value *", 8),
        ("return value * 2", "return value\n   + 2", 9),
        ("def double", "return 1\ndef double", 6),
        ("value * 2", r'"\d"', 8),
    ],
)
def test_syntax_error(checkout: Checkout, old: str, new: str, line: int) -> None:
    path = checkout.fulu(FUNCTION.replace(old, new))
    (error,) = checkout.errors()
    assert error.startswith(f"{path}:{line}: error: syntax error: ")


def container(heading: str, fields: int, first: int = 0) -> str:
    """Return the block of a container `A` with so many fields."""
    lines = "".join(f"    f{number}: Uint64\n" for number in range(first, first + fields))
    return f'### {heading}\n\n```python\nclass A(Container):\n    """A."""\n\n{lines}```\n\n'


def test_container_that_grows_deeper(checkout: Checkout) -> None:
    before = checkout.fulu(container("`A`", 4))
    path = checkout.poolbonds(container("Modified `A`", 5))
    assert checkout.errors() == [
        f"{path}:4: error: Modified `A`, 5 fields, has a deeper tree than with 4, {before}:4",
    ]


def test_container_that_grows_within_its_depth(checkout: Checkout) -> None:
    checkout.fulu(container("`A`", 5))
    checkout.poolbonds(container("Modified `A`", 8))
    assert "f7" in checkout.compile()["poolbonds/minimal"]


def test_container_whose_fields_move(checkout: Checkout) -> None:
    checkout.fulu(container("`A`", 3))
    path = checkout.poolbonds(container("Modified `A`", 3, first=1))
    assert checkout.errors() == [
        f"{path}:4: error: Modified `A` must keep its fields in place and append new ones",
    ]


def test_cycle_of_containers(checkout: Checkout) -> None:
    first = CONTAINER.format(heading="`A`", name="A", field="b", type="B")
    second = CONTAINER.format(heading="`B`", name="B", field="c", type="C")
    third = CONTAINER.format(heading="`C`", name="C", field="a", type="A")
    itself = CONTAINER.format(heading="`D`", name="D", field="d", type="D")
    path = checkout.fulu(first + second + third + itself)
    assert checkout.errors() == [
        f"{path}:5: error: cycle: `A` ({path}:5) needs `B` ({path}:12) "
        f"needs `C` ({path}:19) needs `A`",
        f"{path}:26: error: cycle: `D` ({path}:26) needs `D`",
    ]


def test_cycle_of_constants(checkout: Checkout) -> None:
    rows = "`A` | `Uint64` | `B + 1` |\n| `B` | `Uint64` | `A - 1`"
    path = checkout.fulu(CONSTANT.format(row=rows))
    assert f"{path}:5: error: cycle: `A` ({path}:5) needs `B` ({path}:6) needs `A`" in (
        checkout.errors()
    )


def test_missing_document(checkout: Checkout) -> None:
    first, second = checkout.helpers(""), checkout.poolbonds("")
    (checkout.root / first).unlink()
    (checkout.root / second).unlink()
    assert checkout.errors() == [
        f"{first}:1: error: missing file",
        f"{second}:1: error: missing file",
    ]


def test_missing_values(checkout: Checkout) -> None:
    checkout.fulu(
        PRESET.format(heading="Limits", minimal="8") + CONFIGURATION.format(heading="Delays")
    )
    checkout.values("presets", {"LIMIT": "8"}, "fulu")
    checkout.values("configs", {"DELAY": "3"})
    (checkout.root / "presets/minimal/fulu.yaml").unlink()
    (checkout.root / "configs/mainnet.yaml").unlink()
    assert checkout.errors() == [
        "configs/mainnet.yaml:1: error: missing file",
        "presets/minimal/fulu.yaml:1: error: missing file",
    ]


def test_missing_prelude(checkout: Checkout) -> None:
    (checkout.root / "poolspec/runtime/prelude.py").unlink()
    assert checkout.errors() == ["poolspec/runtime/prelude.py:1: error: missing file"]


def test_file_that_is_not_text(checkout: Checkout) -> None:
    path = checkout.fulu("")
    (checkout.root / path).write_bytes(b"\xff\xfe")
    (error,) = checkout.errors()
    assert error.startswith(f"{path}:1: error: cannot be read: ")


@pytest.mark.parametrize(
    "text",
    [
        "## Types\n\n| Type | SSZ equivalent |\n| --- | --- |\n| `T` | `List[Uint64, DELAY]` |\n",
        CONSTANT.format(row="`A` | `Uint64` | `DELAY + 1`"),
        FUNCTION.replace("value: Uint64)", "value: Uint64 = DELAY)"),
    ],
)
def test_configuration_value_that_would_be_fixed(checkout: Checkout, text: str) -> None:
    checkout.fulu(CONFIGURATION.format(heading="Configuration"))
    checkout.values("configs", {"DELAY": "3"})
    path = checkout.helpers(text)
    (error,) = checkout.errors()
    assert error.startswith(f"{path}:")
    assert "uses the configuration value `DELAY` where it cannot be overridden" in error


def test_configuration_value_that_is_hidden(checkout: Checkout) -> None:
    checkout.fulu(CONFIGURATION.format(heading="Configuration"))
    checkout.values("configs", {"DELAY": "3"})
    hiding = FUNCTION.replace("return value * 2", "DELAY = value\n    return DELAY")
    path = checkout.helpers(hiding)
    assert checkout.errors() == [f"{path}:6: error: `double` hides the configuration value `DELAY`"]


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("```\n", "def more():\n    pass\n```\n", 9, "holds one definition, this is more"),
        ("def double", "limit = 1\n\ndef double", 6, "holds a function, class"),
        ("def double", "import os\n\ndef double", 6, "holds a function, class"),
    ],
)
def test_block_that_is_not_one_definition(
    checkout: Checkout, old: str, new: str, line: int, reason: str
) -> None:
    path = checkout.fulu(FUNCTION.replace(old, new))
    errors = checkout.errors()
    assert any(e.startswith(f"{path}:{line}: error: a python block {reason}") for e in errors)


def test_empty_block(checkout: Checkout) -> None:
    path = checkout.fulu("## `double`\n\n```python\n# nothing\n```\n")
    assert checkout.errors() == [f"{path}:4: error: the python block is empty"]


def test_function_without_docstring(checkout: Checkout) -> None:
    path = checkout.fulu(FUNCTION.replace('"""Return twice the value."""', "pass"))
    assert checkout.errors() == [f"{path}:6: error: `double` has no docstring"]


def test_block_that_is_not_closed(checkout: Checkout) -> None:
    path = checkout.fulu(FUNCTION.removesuffix("```\n"))
    assert checkout.errors() == [f"{path}:5: error: the code block is not closed"]


def test_nested_block(checkout: Checkout) -> None:
    block = "\n".join(f"  {line}" for line in FUNCTION.splitlines()[4:])
    path = checkout.fulu(f"## `double`\n\n- item\n\n{block}\n")
    assert checkout.errors() == [f"{path}:6: error: a python block must not be indented or nested"]


@pytest.mark.parametrize("info", ["py", "Python", "python3", "python title=x"])
def test_info_string_that_is_a_slip(checkout: Checkout, info: str) -> None:
    path = checkout.fulu(FUNCTION.replace("```python", f"```{info}"))
    assert (
        f"{path}:6: error: info string {info!r}: write python (compiled) or pycon (not)"
        in checkout.errors()
    )


def test_examples_are_not_compiled(checkout: Checkout) -> None:
    checkout.fulu("# Example\n\n```pycon\n>>> double(1)\n```\n\n```text\nunknown\n```\n")
    assert "double" not in checkout.compile()["fulu/minimal"]
