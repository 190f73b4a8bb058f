"""The command, on the real proposal."""

import re
from pathlib import Path

import pytest

from poolspec.proposal import __main__ as command
from poolspec.proposal.document import anchors
from poolspec.proposal.facts import Facts
from poolspec.proposal.submission import SubmissionError, fill, write_submission
from tests.proposal.examples import NAME, VALID, parse

ROOT = Path(__file__).parents[2]
PROPOSAL = ROOT / "eip" / "eip-draft_pool_bonds.md"


@pytest.fixture(autouse=True)
def known_facts(facts: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command take the facts that are known already."""
    monkeypatch.setattr(command, "gather", lambda root: facts)


def test_real_proposal_as_handed_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The proposal passes, and what is handed in has no link that leads nowhere."""
    target = tmp_path / "submission"
    author = "author=Ada Lovelace (@ada)"
    assert command.main([str(PROPOSAL), "--submit", str(target), "--set", author]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.split("\n")[:-1] == [
        "still to be filled in: eip",
        "still to be filled in: discussions-to",
    ]

    file = target / "EIPS" / PROPOSAL.name
    text = file.read_text(encoding="utf-8")
    assert "\nauthor: Ada Lovelace (@ada)\n" in text
    known = {"": anchors(text.split("\n---\n", 1)[1])}
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    assert len(targets) > 100
    for link in targets:
        path, _, anchor = link.partition("#")
        if re.fullmatch(r"\./eip-\d+\.md|\.\./LICENSE\.md", path):
            continue
        linked = file.parent / path
        if path and path not in known:
            assert linked.is_file(), link
            known[path] = anchors(linked.read_text(encoding="utf-8"))
        assert not anchor or anchor in known[path], link


def test_write_mends_tables_and_form(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only what is generated is written anew: the rest of the text stays as it is."""
    right = PROPOSAL.read_text(encoding="utf-8")
    wrong = right.replace("`2**27`", "`2**26`").replace("### The problem\n\n", "### The problem\n")
    file = tmp_path / PROPOSAL.name
    file.write_text(wrong, encoding="utf-8")
    assert command.main([str(file)]) == 1
    said = capsys.readouterr().err
    assert "error: PENDING_PAYOUTS_LIMIT: Mainnet is `2**27`, not `2**26`\n" in said
    assert "error: not in the form that mdformat gives it; --write does\n" in said
    assert said.endswith("\n2 errors\n")
    assert command.main([str(file), "--write"]) == 0
    assert file.read_text(encoding="utf-8") == right


def test_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing, binary = tmp_path / "none.md", tmp_path / "binary.md"
    binary.write_bytes(b"\xff\xfe")
    assert command.main([str(missing)]) == 1
    assert capsys.readouterr().err == f"{missing}: error: No such file or directory\n"
    assert command.main([str(binary)]) == 1
    assert capsys.readouterr().err == f"{binary}: error: this is no text in UTF-8\n"
    with pytest.raises(SystemExit, match="2"):
        command.main([str(PROPOSAL), "--submit", str(tmp_path / "out"), "--set", "author"])
    assert "argument --set: 'author' is not FIELD=VALUE" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_submissions_that_cannot_be(root: Path) -> None:
    proposal, _ = parse(root, VALID)
    with pytest.raises(SubmissionError, match=r"^eip-9999.md: error: .* no field 'mood'$"):
        fill(proposal, {"mood": "good"})
    with pytest.raises(SubmissionError, match="eip: error: this exists already"):
        write_submission(VALID, NAME, root, root / "eip")
    assert sorted(path.name for path in root.iterdir()) == ["eip", "specs"]
