"""Tables of the studies stand in the proposal as the studies left them."""

from pathlib import Path

import pytest

from poolspec.proposal.study_tables import (
    check_study_tables,
    load_tables,
    rewrite_study_tables,
    shown_lines,
)
from tests.proposal.examples import VALID, parse

STUDY = "| days | epochs |\n| ---- | -----: |\n| 1    |    225 |\n| 2    |    450 |\n"
OTHER = "\n| days | slots |\n| ---- | ----: |\n| 1    |  7200 |\n"


def with_table(table: str) -> str:
    """Return the small proposal with a table on line 38 and after."""
    return VALID.replace("## Security Considerations\n", f"{table}\n## Security Considerations\n")


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (STUDY, []),
        (
            STUDY.replace(" 225 ", " 226 "),
            ["40: this row is not in eip/assets/s.md, or not in this place"],
        ),
        (
            STUDY + "| 3    |    675 |\n",
            ["42: this row is not in eip/assets/s.md, or not in this place"],
        ),
        (STUDY.replace("| 2    |    450 |\n", ""), ["38: eip/assets/s.md has more rows"]),
        (OTHER, []),
    ],
)
def test_rows(root: Path, table: str, expected: list[str]) -> None:
    (root / "eip" / "assets" / "s.md").write_text(STUDY)
    proposal, problems = parse(root, with_table(table))
    check_study_tables(proposal, load_tables(root), problems)
    assert [f"{each.line}: {each.message}" for each in problems.sorted()] == expected


def test_written_anew(root: Path) -> None:
    (root / "eip" / "assets" / "s.md").write_text(STUDY + OTHER)
    wrong = STUDY.replace("225", "1").replace("| 2    |    450 |\n", "") + OTHER.replace("72", "71")
    proposal, _ = parse(root, with_table(wrong))
    tables = load_tables(root)
    assert rewrite_study_tables(proposal, tables) == with_table(STUDY + OTHER)
    assert shown_lines(proposal, tables) == {38, 39, 40, 42, 43, 44}
