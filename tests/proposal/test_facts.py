"""What the real proposal repeats of the specification cannot drift from it."""

from dataclasses import replace
from pathlib import Path

import pytest

from poolspec.proposal.checking import other_names
from poolspec.proposal.document import read
from poolspec.proposal.facts import Facts
from poolspec.proposal.tables import check_facts, rewrite_tables
from pysetup.errors import Problems

ROOT = Path(__file__).parents[2]
PROPOSAL = ROOT / "eip" / "eip-draft_pool_bonds.md"
WHOLE = PROPOSAL.read_text(encoding="utf-8")
_RULES = slice(WHOLE.index("### Credentials\n"), WHOLE.index("### Changed definitions\n"))
_REST = slice(WHOLE.index("## Rationale\n"), len(WHOLE))
TEXT = WHOLE.replace(WHOLE[_RULES], "").replace(WHOLE[_REST], "")
"""The real proposal without the text between and after its tables, which takes time to read."""


def row(start: str) -> str:
    """Return the only line of the proposal that begins like this."""
    found = [line for line in TEXT.split("\n") if line.startswith(start)]
    assert len(found) == 1, start
    return found[0]


def differences(tmp_path: Path, text: str, facts: Facts) -> list[str]:
    """Return what is reported of a text, as `line: message`."""
    path = tmp_path / "eip-draft_pool_bonds.md"
    path.write_text(text, encoding="utf-8")
    problems = Problems()
    proposal = read(path, path.name, problems)
    check_facts(proposal, facts, other_names(ROOT), problems)
    return [f"{each.line}: {each.message}" for each in problems.sorted()]


def line_of(text: str, part: str) -> int:
    """Return the number of the first line that holds a part."""
    return text[: text.index(part)].count("\n") + 1


def test_real_proposal(tmp_path: Path, facts: Facts) -> None:
    assert differences(tmp_path, WHOLE, facts) == []
    assert differences(tmp_path, TEXT, facts) == []


@pytest.mark.parametrize(
    ("start", "old", "new", "message"),
    [
        (
            "| `DOMAIN_POOL_ADMISSION`",
            "0xB5000000",
            "0xB4000000",
            "DOMAIN_POOL_ADMISSION: Value is `0xB5000000`, not `0xB4000000`",
        ),
        (
            "| `POOLED_WITHDRAWAL_PREFIX`",
            "`0xB4`",
            "`0xB6`",
            "POOLED_WITHDRAWAL_PREFIX: Value is `0xB4`, not `0xB6`",
        ),
        (
            "| `PENDING_PAYOUTS_LIMIT`",
            "2**27",
            "2**26",
            "PENDING_PAYOUTS_LIMIT: Mainnet is `2**27`, not `2**26`",
        ),
        (
            "| `SEAT_INACTIVITY_LIMIT`",
            "`64`",
            "`63`",
            "SEAT_INACTIVITY_LIMIT: Minimal is `64`, not `63`",
        ),
        (
            "| `PendingPayouts`",
            "PENDING_PAYOUTS_LIMIT]",
            "POOL_REGISTRY_LIMIT]",
            "PendingPayouts: SSZ equivalent is `List[Payout, PENDING_PAYOUTS_LIMIT]`, "
            "not `List[Payout, POOL_REGISTRY_LIMIT]`",
        ),
        (
            "| [`keep_seats`]",
            "| New ",
            "| Modified ",
            "keep_seats: Status is New, not Modified",
        ),
        (
            "| [`slash_validator`]",
            "leaving.md",
            "seats.md",
            "slash_validator: Function is "
            "[`slash_validator`](../specs/poolbonds/leaving.md#modified-slash_validator), "
            "not [`slash_validator`](../specs/poolbonds/seats.md#modified-slash_validator)",
        ),
    ],
)
def test_drift_in_a_row(
    tmp_path: Path, facts: Facts, start: str, old: str, new: str, message: str
) -> None:
    line = row(start)
    assert line.count(old) == 1
    text = TEXT.replace(line, line.replace(old, new))
    assert differences(tmp_path, text, facts) == [f"{line_of(TEXT, line)}: {message}"]


def test_drift_in_a_field(tmp_path: Path, facts: Facts) -> None:
    line = next(each for each in TEXT.split("\n") if "`commission` " in each and "`Uint64`" in each)
    text = TEXT.replace(line, line.replace("`Uint64`", "`Uint16`"))
    expected = f"{line_of(TEXT, line)}: Pool.commission: Type is `Uint64`, not `Uint16`"
    assert expected in differences(tmp_path, text, facts)


@pytest.mark.parametrize(
    ("start", "name"),
    [("| `MAX_POOL_ADMISSIONS`", "MAX_POOL_ADMISSIONS"), ("| [`stand_up`]", "stand_up")],
)
def test_missing_twice_and_foreign_rows(
    tmp_path: Path, facts: Facts, start: str, name: str
) -> None:
    line = row(start)
    missing = differences(tmp_path, TEXT.replace(f"{line}\n", ""), facts)
    assert [each.split(": ", 1)[1] for each in missing] == [f"the row of {name} is missing"]
    number = line_of(TEXT, line)
    twice = differences(tmp_path, TEXT.replace(line, f"{line}\n{line}"), facts)
    assert twice == [f"{number + 1}: {name} stands twice"]
    foreign = line.replace(f"`{name}`", "`is_gone`")
    found = differences(tmp_path, TEXT.replace(line, f"{line}\n{foreign}"), facts)
    assert f"{number + 1}: is_gone is not in the specification" in found


def test_order_of_rows(tmp_path: Path, facts: Facts) -> None:
    first, second = row("| `POOLED_WITHDRAWAL_PREFIX`"), row("| `POOL_BOND_PREFIX`")
    text = TEXT.replace(f"{first}\n{second}", f"{second}\n{first}")
    header = line_of(TEXT, first) - 2
    expected = f"{header}: the rows are not in the order of the specification"
    assert differences(tmp_path, text, facts) == [expected]


def test_tables_and_cells_that_are_missing(tmp_path: Path, facts: Facts) -> None:
    without = TEXT.replace("| Constant ", "| Number ")
    assert "1: the table 'Constant' is missing" in differences(tmp_path, without, facts)
    line = row("| [`stand_up`]")
    empty = line[: line.rindex("[Seats]")] + "|"
    found = differences(tmp_path, TEXT.replace(line, empty), facts)
    assert found == [f"{line_of(TEXT, line)}: stand_up: a cell is empty"]


@pytest.mark.parametrize(
    ("added", "message"),
    [
        ("`MAX_POOL_ADMISSIONS` (15)", "`MAX_POOL_ADMISSIONS` is 16, not 15"),
        ("`MIN_POOL_BOND` (31 ETH)", "`MIN_POOL_BOND` is 32 ETH, not 31 ETH"),
        ("`POOL_BOND_PREFIX` (5)", "`POOL_BOND_PREFIX` has no value that is a number"),
        ("`pool_bonds`", "`pool_bonds` is no name of the specification"),
        ("`keep_seat`", "`keep_seat` is no name of the specification"),
    ],
)
def test_drift_in_text(tmp_path: Path, facts: Facts, added: str, message: str) -> None:
    text = TEXT.replace("### The problem\n", f"### The problem\n\n{added}\n")
    number = line_of(TEXT, "### The problem\n") + 2
    assert differences(tmp_path, text, facts) == [f"{number}: {message}"]


@pytest.mark.parametrize(
    "added",
    [
        "`MAX_POOL_ADMISSIONS` (16), `MIN_POOL_BOND` (32 ETH), `SEAT_INACTIVITY_LIMIT` (18,700)",
        "`ssz_static`, `pool_seats`, `minimal`, `seated_balance` and `make test`",
    ],
)
def test_names_and_values_that_hold(tmp_path: Path, facts: Facts, added: str) -> None:
    text = TEXT.replace("### The problem\n", f"### The problem\n\n{added}\n")
    assert differences(tmp_path, text, facts) == []


def test_specification_that_moves_on(tmp_path: Path, facts: Facts) -> None:
    """A value that changes in the specification is noticed, and written, without the prose."""
    key = ("Configuration value", "")
    rows = [
        replace(each, cells={**each.cells, "Mainnet": "`50`"})
        if each.key == ("POOL_LEVERAGE",)
        else each
        for each in facts.tables[key]
    ]
    later = replace(facts, tables={**facts.tables, key: rows})
    line = line_of(TEXT, "| `POOL_LEVERAGE`")
    expected = [f"{line}: POOL_LEVERAGE: Mainnet is `50`, not `100`"]
    assert differences(tmp_path, TEXT, later) == expected

    written = rewrite_tables(read(tmp_path / "eip-draft_pool_bonds.md", "x", Problems()), later)
    assert differences(tmp_path, written, later) == []
    new_row = written.split("\n")[line - 1]
    assert [cell.strip() for cell in new_row.strip("|").split("|")] == [
        "`POOL_LEVERAGE`",
        "`Uint64`",
        "`100`",
        "`50`",
        row("| `POOL_LEVERAGE`").strip("|").split("|")[-1].strip(),
    ]


def test_new_definition_gets_a_row(tmp_path: Path, facts: Facts) -> None:
    key = ("Constant", "")
    added = replace(
        facts.tables[key][0],
        cells={"Constant": "`NO_POOL`", "Type": "`Uint64`", "Value": "`7`"},
        prose="seven",
    )
    later = replace(facts, tables={**facts.tables, key: [added]})
    path = tmp_path / "eip-draft_pool_bonds.md"
    path.write_text(TEXT.replace(f"{row('| `NO_POOL`')}\n", ""), encoding="utf-8")
    written = rewrite_tables(read(path, path.name, Problems()), later)
    assert "| `NO_POOL` | `Uint64` | `7` | seven |" in written
    assert "`REFUND_INDEX` |" not in written
