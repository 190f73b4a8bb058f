"""The rules for a proposal's preamble."""

import re
from datetime import date
from pathlib import PurePath

from poolspec.proposal.document import Field, Proposal
from poolspec.proposal.links import MENTION, UNDASHED
from pysetup.errors import Problems

__all__ = ["ORDER", "check_preamble"]

ORDER = (
    "eip",
    "title",
    "description",
    "author",
    "discussions-to",
    "status",
    "last-call-deadline",
    "type",
    "category",
    "created",
    "requires",
    "withdrawal-reason",
)
"""The fields that there are, in the order in which they must stand."""

_REQUIRED = ("eip", "title", "description", "author", "discussions-to", "status", "type", "created")
_STATUSES = ("Draft", "Review", "Last Call", "Final", "Stagnant", "Withdrawn", "Living")
_TYPES = ("Standards Track", "Meta", "Informational")
_CATEGORIES = ("Core", "Networking", "Interface", "ERC")
_LONGEST = {"title": 44, "description": 140}

_PLACEHOLDERS = {
    "eip": "<to be assigned>",
    "author": "<name (@handle)>",
    "discussions-to": "<URL>",
}
"""What may stand in a draft, named `eip-draft_….md`, until the people who submit it are known."""

_AUTHOR = re.compile(
    r"[^()<>,@]*[^()<>,@ ] (?:\(@(?P<handle>[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38})\)"
    r"(?: <[^@<> ]+@[^@<> ]+>)?|<[^@<> ]+@[^@<> ]+>)"
)
_DISCUSSION = re.compile(r"https://ethereum-magicians\.org/t/[^/\s]+/\d+")
_STANDARD = re.compile(r"stan(?:dar)\w*", re.IGNORECASE)


def check_preamble(proposal: Proposal, problems: Problems) -> None:
    """Report what is wrong with the preamble."""
    known: list[Field] = []
    seen: set[str] = set()
    for field in proposal.fields:
        span = proposal.span(field.line)
        if field.name not in ORDER:
            problems.add(span, f"unknown field '{field.name}'")
        elif field.name in seen:
            problems.add(span, f"the field '{field.name}' stands twice")
        else:
            _check_spaces(proposal, field, problems)
            _check_order(proposal, field, known, problems)
            known.append(field)
            _check_value(proposal, field, problems)
        seen.add(field.name)
    for name in _REQUIRED:
        if proposal.fields and name not in seen:
            problems.add(proposal.span(1), f"the field '{name}' is missing")
    _check_conditional(proposal, problems)
    _check_repetition(proposal, problems)


def _check_spaces(proposal: Proposal, field: Field, problems: Problems) -> None:
    if field.value != f" {field.value.strip()}" or not field.value.strip():
        message = f"'{field.name}:' must be followed by one space and a value, and nothing else"
        problems.add(proposal.span(field.line), message)


def _check_order(
    proposal: Proposal, field: Field, earlier: list[Field], problems: Problems
) -> None:
    later = [each for each in earlier if ORDER.index(each.name) > ORDER.index(field.name)]
    if later:
        message = f"the field '{field.name}' must stand before '{later[0].name}'"
        problems.add(proposal.span(field.line), message)


def _check_value(proposal: Proposal, field: Field, problems: Problems) -> None:
    """Report a value that has not the form of its field."""
    value = field.value.strip()
    is_draft = PurePath(proposal.path).name.startswith("eip-draft_")
    if is_draft and value == _PLACEHOLDERS.get(field.name):
        return
    message = _judge(field.name, value, PurePath(proposal.path).name)
    if message:
        problems.add(proposal.span(field.line), message)


def _judge(name: str, value: str, file_name: str) -> str | None:
    """Return what is wrong with a value, or None."""
    if name == "eip":
        if not value.isdecimal():
            return "'eip' must be a number"
        return None if file_name == f"eip-{value}.md" else f"the file must be named eip-{value}.md"
    if name in _LONGEST:
        return _judge_wording(name, value)
    if name == "author":
        return _judge_authors(value)
    if name == "discussions-to":
        is_thread = _DISCUSSION.fullmatch(value)
        return None if is_thread else "'discussions-to' must be a thread of ethereum-magicians.org"
    if name in ("created", "last-call-deadline"):
        return None if _is_date(value) else f"'{name}' must be a date, YYYY-MM-DD"
    if name == "requires":
        return _judge_required(value)
    choices = {"status": _STATUSES, "type": _TYPES, "category": _CATEGORIES}.get(name)
    if choices is not None and value not in choices:
        return f"'{name}' must be one of: {', '.join(choices)}"
    return None


def _judge_wording(name: str, value: str) -> str | None:
    longest = _LONGEST[name]
    if not 2 <= len(value) <= longest:
        return f"'{name}' must have 2 to {longest} characters, not {len(value)}"
    if _STANDARD.search(value):
        return f"'{name}' must not contain the word 'standard' or one like it"
    if UNDASHED.search(value):
        return f"'{name}' must name proposals as in EIP-1, with a dash"
    return None


def _judge_authors(value: str) -> str | None:
    handles = []
    for author in value.split(", "):
        match = _AUTHOR.fullmatch(author)
        if match is None:
            return f"the author '{author}' must be 'Name (@handle)' or 'Name <address>'"
        handles.append(match["handle"])
    return (
        None if any(handles) else "at least one author must have a handle, as in 'Name (@handle)'"
    )


def _judge_required(value: str) -> str | None:
    numbers = value.split(", ")
    if not all(number.isdecimal() for number in numbers):
        return "'requires' must be numbers, each after a comma and a space"
    ascending = sorted({int(number) for number in numbers})
    return None if ascending == [int(n) for n in numbers] else "'requires' must be ascending"


def _is_date(value: str) -> bool:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _check_conditional(proposal: Proposal, problems: Problems) -> None:
    """Report fields that are there or missing against what another field says."""
    conditions = (
        ("category", "type", "Standards Track"),
        ("last-call-deadline", "status", "Last Call"),
        ("withdrawal-reason", "status", "Withdrawn"),
    )
    for name, decider, value in conditions:
        field, deciding = proposal.field(name), proposal.field(decider)
        if deciding is None:
            continue
        is_asked = deciding.value.strip() == value
        if is_asked and field is None:
            problems.add(proposal.span(deciding.line), f"'{decider}: {value}' needs '{name}'")
        if field is not None and not is_asked:
            problems.add(proposal.span(field.line), f"'{name}' is for '{decider}: {value}' only")


def _check_repetition(proposal: Proposal, problems: Problems) -> None:
    """Report a description that repeats the title, and proposals named but not required."""
    title, description = proposal.field("title"), proposal.field("description")
    if title is not None and description is not None:
        words = title.value.strip().lower()
        if words and words in description.value.lower():
            problems.add(proposal.span(description.line), "'description' repeats the title")
    required = proposal.field("requires")
    numbers = {int(each) for each in re.findall(r"\d+", required.value)} if required else set()
    for field in (title, description):
        if field is None:
            continue
        for match in MENTION.finditer(field.value):
            if int(match["number"]) not in numbers:
                name = f"EIP-{match['number']}"
                message = f"'{field.name}' names {name}, which 'requires' does not list"
                problems.add(proposal.span(field.line), message)
