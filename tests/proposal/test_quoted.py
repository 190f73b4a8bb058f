"""Numbers in the text hold against their sources, and every number has one."""

import json
from pathlib import Path

import pytest

from poolspec.proposal.quoted import QuoteError, Sources, check_quotes, evaluate, load_numbers
from tests.proposal.examples import VALID, parse

VALUES: dict[str, int | bytes] = {"SEAT": 32 * 10**9, "LEVERAGE": 100, "PREFIX": b"\xb4"}
NUMBERS = {"leak.epochs": 4483.2, "swing.share": 0.5834}


def reported(root: Path, sentence: str, quotes: str) -> list[str]:
    """Return what is reported of a sentence in *Security Considerations* with these quotes."""
    proposal, problems = parse(root, VALID.replace("None are known.", sentence))
    path = root / "eip" / "quoted.yaml"
    path.write_text(quotes, encoding="utf-8")
    check_quotes(proposal, path, Sources(NUMBERS, VALUES, root), set(), problems)
    return [str(each) for each in problems.sorted()]


@pytest.mark.parametrize(
    ("sentence", "quotes"),
    [
        ("A seat takes 0.32 ETH.", "- {text: takes 0.32 ETH, spec: SEAT / LEVERAGE / 10**9}"),
        ("It takes 4,483 epochs.", "- {text: '4,483 epochs', study: leak.epochs}"),
        ("It takes 4,500 epochs.", "- {text: '4,500 epochs', study: leak.epochs, step: 100}"),
        ("It takes 58.3% of it.", "- {text: 58.3% of it, study: swing.share, times: 100}"),
        (
            "It is 0.6 after\n4,500 epochs.",
            "- text: 0.6 after 4,500 epochs\n"
            "  study: [swing.share, leak.epochs]\n  step: [0.1, 100]",
        ),
        ("As in 2019.", "- {text: in 2019, given: a year}"),
        ("It has 4 sides.", "- {text: 4 sides, document: specs/small.md, says: 'with 4 sides'}"),
        ("By [EIP-7002](./eip-7002.md), RFC 2119 and `2**64`.", "[]"),
        ("1. One\n2. Two", "[]"),
    ],
)
def test_quotes_that_hold(root: Path, sentence: str, quotes: str) -> None:
    assert reported(root, sentence, quotes) == []


@pytest.mark.parametrize(
    ("sentence", "quotes", "expected"),
    [
        (
            "A seat takes 0.33 ETH.",
            "- {text: takes 0.33 ETH, spec: SEAT / LEVERAGE / 10**9}",
            "eip/quoted.yaml:1: error: 0.33 is not SEAT / LEVERAGE / 10**9, which is 0.32",
        ),
        (
            "It takes 4,484 epochs.",
            "\n- {text: '4,484 epochs', study: leak.epochs}",
            "eip/quoted.yaml:2: error: 4484 is not leak.epochs, which is 4,483.2",
        ),
        (
            "It takes 4,400 epochs.",
            "- {text: '4,400 epochs', study: leak.epochs, step: 100}",
            "eip/quoted.yaml:1: error: 4400 is not leak.epochs, which is 4,483.2",
        ),
        (
            "It is 0.7 after 4,500 epochs.",
            "- {text: '0.7 after 4,500', study: [swing.share, leak.epochs], step: [0.1, 100]}",
            "eip/quoted.yaml:1: error: 0.7 is not swing.share, which is 0.5834",
        ),
        (
            "It is 0.6 after 4,500 epochs.",
            "- {text: '0.6 after 4,500', study: [swing.share, leak.epochs], step: [100]}",
            "eip/quoted.yaml:1: error: '0.6 after 4,500' has 2 numbers, and 'step' 1",
        ),
        (
            "It takes 9 epochs.",
            "- {text: 9 epochs, study: leak.days}",
            "eip/quoted.yaml:1: error: no study gives 'leak.days'",
        ),
        (
            "It takes 9 epochs.",
            "- {text: 9 epochs, spec: WEIGHT}",
            "eip/quoted.yaml:1: error: 'WEIGHT' is no number of the specification",
        ),
        (
            "It takes 9 epochs.",
            "- {text: 9 epochs, given: so, spec: 9}",
            "eip/quoted.yaml:1: error: an entry has exactly one of: study, spec, document, given",
        ),
        (
            "It takes 9 epochs.",
            "- {text: 9 epochs, given: so, why: so}",
            "eip/quoted.yaml:1: error: unknown key 'why'",
        ),
        (
            "It takes 9 of 10 epochs.",
            "- {text: 9 of 10 epochs, spec: 9}",
            "eip/quoted.yaml:1: error: '9 of 10 epochs' has 2 numbers, and 'spec' 1",
        ),
        (
            "It takes 9 epochs.",
            "- {text: 9 epochs, document: specs/small.md, says: A law}",
            "eip/quoted.yaml:1: error: specs/small.md does not say 'A law'",
        ),
        (
            "It has 5 sides.",
            "- {text: 5 sides, document: specs/small.md, says: with 4 sides}",
            "eip/quoted.yaml:1: error: 5 is not in what specs/small.md says",
        ),
        (
            "It takes 9 epochs.",
            "- {text: 9 epochs, document: specs/gone.md, says: A law}",
            "eip/quoted.yaml:1: error: there is no document specs/gone.md",
        ),
        (
            "None.",
            "- {text: 9 epochs, given: so}",
            "eip/quoted.yaml:1: error: the proposal does not say '9 epochs'",
        ),
        (
            "None.",
            "- {given: so}",
            "eip/quoted.yaml:1: error: 'text' is missing, what stands in the proposal",
        ),
        ("None.", "- so", "eip/quoted.yaml:1: error: an entry must have 'text' and a source"),
        ("None.", "so: so", "eip/quoted.yaml:1: error: this must be a list of entries"),
        (
            "None.\n\nIn 9 epochs.",
            "[]",
            "eip-9999.md:42: error: 9 comes from nowhere: tie it to its source in quoted.yaml",
        ),
    ],
)
def test_quotes_that_do_not(root: Path, sentence: str, quotes: str, expected: str) -> None:
    assert reported(root, sentence, quotes) == [expected]


def test_broken_yaml(root: Path) -> None:
    (found,) = reported(root, "None.", "- {text: 9\n- x")
    assert found.startswith("eip/quoted.yaml:2: error: no YAML:")


def test_other_sections_may_have_numbers(root: Path) -> None:
    text = VALID.replace("Things are large.", "Things have 9 sides.")
    proposal, problems = parse(root, text)
    check_quotes(proposal, root / "none.yaml", Sources({}, {}, root), set(), problems)
    assert problems.sorted() == []


@pytest.mark.parametrize(
    ("expression", "value"),
    [("2 ** 10 - 24", 1000), ("7 // 2 + 1 / 4", 3.25), ("(SEAT) * LEVERAGE", 32 * 10**11)],
)
def test_expressions(expression: str, value: float) -> None:
    assert evaluate(expression, VALUES) == value


@pytest.mark.parametrize("expression", ["SEAT(1)", "PREFIX", "1 +", "'1'", "[1]", "-1"])
def test_no_expressions(expression: str) -> None:
    with pytest.raises(QuoteError):
        evaluate(expression, VALUES)


def test_numbers_of_studies(tmp_path: Path) -> None:
    path = tmp_path / "studies.json"
    assert load_numbers(path) == {}
    study = {"numbers": {"days": {"value": 2.5, "unit": "days"}, "text": {"value": "no"}}}
    path.write_text(json.dumps({"leak": study, "version": 1}))
    assert load_numbers(path) == {"leak.days": 2.5}
