"""The adversary's book as tests read it, and the mainnet that its figures are reckoned for."""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
BOOK = ROOT / "docs/adversary.md"

STAKE = 2**25
"""Active stake on mainnet, in ETH, as in the tables of weak subjectivity: 1,048,576 seats."""

CHURN = 256
"""ETH that may come, and that may go, in an epoch of such a mainnet."""

EPOCHS_A_DAY = 225

PARTS = ("Who gains", "Bound", "Rule", "Shown by")
"""What is said of each attack, in this order."""


class Attack(NamedTuple):
    """An attack: its title, its text in one line, and its parts by name."""

    title: str
    text: str
    parts: dict[str, str]


@cache
def attacks() -> dict[str, Attack]:
    """The attacks by title, in the order of the book."""
    found = {}
    for section in re.split(r"^### ", BOOK.read_text(), flags=re.MULTILINE)[1:]:
        title, _, body = section.partition("\n")
        text = " ".join(re.split(r"^## ", body, flags=re.MULTILINE)[0].split())
        pieces = re.split(r"- \*\*([A-Z][a-z ]+)\*\*: ", text)
        parts = {name: said.strip() for name, said in zip(pieces[1::2], pieces[2::2], strict=True)}
        found[title] = Attack(title, text, parts)
    return found


def states(title: str, *figures: str) -> None:
    """Check that the bound of an attack is given with these figures."""
    bound = attacks()[title].parts["Bound"]
    for figure in figures:
        whole = rf"(?<![\d.,]){re.escape(figure)}(?![\d]|[.,]\d)"
        assert re.search(whole, bound), f"{title}: {figure!r} is not in the bound: {bound}"
