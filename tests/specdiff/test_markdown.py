"""The Markdown of a small fork, to the letter."""

import re

from poolspec.anchors import anchor_of
from poolspec.specdiff.markdown import markdown_page
from poolspec.specdiff.report import Report

SPECS = "../specs"


def section(page: str, heading: str) -> str:
    """The text below a heading, up to the next of any level."""
    body = page.split(f"\n{heading}\n", 1)[1]
    return re.split(r"^#+ ", body, maxsplit=1, flags=re.MULTILINE)[0].strip()


def test_summary_counts_all(small_report: Report) -> None:
    page = markdown_page(small_report)
    table = [line for line in page.split("\n## ")[0].splitlines() if line.startswith("|")]
    assert table == [
        "|  | Modified | New | Removed |",
        "| --- | --- | --- | --- |",
        "| [Constants](#constants) | [1](#modified-constants) |  |  |",
        "| [Preset values](#preset-values) | [1](#modified-preset-values) |  |  |",
        "| [Configuration values](#configuration-values) |  | [1](#new-configuration-values) |  |",
        "| [Types](#types) | [1](#modified-types) |  | [1](#removed-types) |",
        "| [Containers](#containers) | [1](#modified-containers) |  |  |",
        "| [Functions](#functions) | [2](#modified-functions) | [1](#new-functions) "
        "| [1](#removed-functions) |",
    ]


def test_rows(small_report: Report) -> None:
    page = markdown_page(small_report)
    eip = "[Functions](../eip/eip-draft_pool_bonds.md#functions)"
    assert section(page, "### Modified constants").splitlines()[-1] == (
        "| `LIMIT` | `Gwei` → `Coin` | `32` → `64` | twice the most "
        f"| [`take`](#take), [`fill`](#fill) | {eip} |"
    )
    assert section(page, "### New configuration values").splitlines()[-1] == (
        "| `SHARE` | `Gwei` | `3` | `5` | of a \\| or more | [`share`](#share) "
        "| Stated in no section |"
    )
    assert section(page, "### Removed types").splitlines()[-1] == (
        "| `Bits` | `List[Uint64, 2**4]` | a list |  | Stated in no section |"
    )


def test_container(small_report: Report) -> None:
    assert section(markdown_page(small_report), "#### `Box`") == (
        "- Modified in [specs/poolbonds/beacon-chain.md:39]"
        f"({SPECS}/poolbonds/beacon-chain.md#modified-box), was "
        f"[specs/fulu/parameters.md:30]({SPECS}/fulu/parameters.md#box)\n"
        "- Used by: [`take`](#take), [`fill`](#fill)\n"
        "- Stated in: [What is kept: Box](../eip/eip-draft_pool_bonds.md#what-is-kept-box)\n\n"
        "What is kept.\n\n"
        "|  | Field | Type |  |\n| --- | --- | --- | --- |\n"
        "| **±** | `amount` | `Gwei` → `Coin` | In Gwei |\n"
        "| **+** | `owner` | `Uint64` |  |\n"
        "|  | 2 fields unchanged |  |  |"
    )


def test_modified_function(small_report: Report) -> None:
    text = section(markdown_page(small_report), "#### `take`")
    facts, _, rest = text.partition("\n\n")
    assert facts.splitlines()[1:] == [
        "- Called by nothing",
        "- Stated in: [Functions](../eip/eip-draft_pool_bonds.md#functions)",
        "- Vectors: 13 cases, in operations/taking (12: `all`, …), sanity/blocks (1: `once`)",
    ]
    assert rest == (
        "The text was:\n\n"
        "> Whoever takes gives <del>nothing</del> back, so the box is the lighter for it and its "
        "owner the poorer.\n\n"
        "It is:\n\n"
        "> Whoever takes gives <ins>a share</ins> back, so the box is the lighter for it and its "
        "owner the poorer.\n\n"
        "```diff\n"
        " def take(box: Box, amount: Gwei) -> Gwei:\n"
        '     """Return what is left."""\n'
        "-    if amount > LIMIT:\n"
        "+    # [Modified in PoolBonds]\n"
        "+    if amount >= LIMIT:\n"
        "         return Gwei(0)\n"
        "-    return Gwei(box.amount - amount)\n"
        "+    return Gwei(box.amount - share(amount))\n"
        "```\n\n"
        "<details>\n<summary>Changed lines, word by word</summary>\n\n<pre>\n"
        "-    if amount &gt; LIMIT:\n"
        "+    # [Modified in PoolBonds]\n"
        "+    if amount &gt;<ins>=</ins> LIMIT:\n"
        "-    return Gwei(box.amount - amount)\n"
        "+    return Gwei(box.amount - <ins>share(</ins>amount)<ins>)</ins>\n"
        "</pre>\n\n</details>"
    )


def test_new_and_removed_functions(small_report: Report) -> None:
    page = markdown_page(small_report)
    assert section(page, "#### `share`").partition("\n\n")[2] == (
        "A [taker](#take) of more pays `SHARE` for it; see "
        f"[Fulu]({SPECS}/fulu/parameters.md#fill) too.\n\n"
        "<details>\n<summary>The code</summary>\n\n```python\n"
        'def share(amount: Gwei) -> Gwei:\n    """Return the part of an amount that stays."""\n'
        "    return Gwei(amount // SHARE)\n```\n\n</details>"
    )
    removed = section(page, "#### `empty`")
    assert removed.startswith("- Removed in [specs/poolbonds/beacon-chain.md:")
    assert "- Called by: [`fill`](#fill)\n- Stated in no section\n\nIt is emptied." in removed
    assert "    return take(box, FLOOR)" in removed


def test_every_entry_of_the_real_fork_is_there_once(
    real_report: Report, real_markdown: str
) -> None:
    names = re.findall(r"^#### `(\w+)`$|^\| `(\w+)` ", real_markdown, re.MULTILINE)
    listed = [heading or row for heading, row in names]
    assert listed == [each.name for each in real_report.diff.entries]
    anchors = {anchor_of(each) for each in re.findall(r"^#+ (.*)$", real_markdown, re.MULTILINE)}
    assert set(re.findall(r"\]\(#([^)]+)\)", real_markdown)) <= anchors
    # Code-review sites do not render what is larger.
    assert len(real_markdown.encode()) < 500_000
