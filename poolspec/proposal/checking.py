"""All checks of a proposal, one after the other."""

from collections.abc import Mapping
from pathlib import Path

from poolspec.proposal.document import Proposal
from poolspec.proposal.facts import Facts
from poolspec.proposal.links import check_links
from poolspec.proposal.preamble import check_preamble
from poolspec.proposal.quoted import Sources, check_quotes, load_numbers
from poolspec.proposal.sections import check_sections
from poolspec.proposal.study_tables import check_study_tables, load_tables, shown_lines
from poolspec.proposal.tables import check_facts
from pysetup.errors import Problems

__all__ = ["check_all", "check_rules", "numbers_of", "other_names"]


def check_rules(proposal: Proposal, root: Path, problems: Problems) -> None:
    """Report what editors would refuse."""
    check_preamble(proposal, problems)
    check_sections(proposal, problems)
    check_links(proposal, root, problems)


def check_all(
    proposal: Proposal,
    root: Path,
    facts: Facts,
    numbers: Mapping[str, float],
    names: frozenset[str],
    problems: Problems,
) -> None:
    """Report what editors would refuse and what is not as in the specification and the studies."""
    check_rules(proposal, root, problems)
    check_facts(proposal, facts, names, problems)
    tables = load_tables(root)
    check_study_tables(proposal, tables, problems)
    sources = Sources(numbers, facts.values, root)
    sourced = shown_lines(proposal, tables)
    check_quotes(proposal, root / "eip" / "quoted.yaml", sources, sourced, problems)


def numbers_of(root: Path) -> Mapping[str, float]:
    """Return the results of the studies, and of the scenarios that the proposal quotes."""
    files = (root / "eip" / "assets" / "studies.json", root / "eip" / "scenarios.json")
    return {key: value for file in files for key, value in load_numbers(file).items()}


def other_names(root: Path) -> frozenset[str]:
    """Return names that a proposal may use though the specification does not define them.

    Those are the runners of the vectors, which have a format document each.
    """
    return frozenset(path.parent.name for path in (root / "tests" / "formats").glob("*/README.md"))
