"""What differs between two texts, word by word; difflib does the comparing.

Code is compared by lines first. Lines that became others are set side by side, and within such a
pair the words that differ are marked. Prose is compared word by word over its line breaks, unless
so little is left of it that marks would only confuse.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import Differ, SequenceMatcher
from itertools import groupby, zip_longest

Range = tuple[int, int]
"""Characters from the first number up to the second."""

# Spaces are words of their own, so that a new depth marks only the spaces that came or went.
_WORDS = re.compile(r"\w+|\s|[^\w\s]")
# In prose, a code span, a link or an emphasis is one word, so that no mark cuts it in two.
_PROSE_WORDS = re.compile(
    r"`[^`]*`[^\s`]*|\[[^\]]*\]\([^)]*\)[^\s]*|\*\*[^*]+\*\*[^\s]*|[^\s`]+|\s+|`"
)
_LIST_OR_QUOTE = re.compile(r"^\s*([-*+>|]|\d+[.)]) ", re.MULTILINE)
LEAST_LEFT = 0.5
"""The part of the words of a text that must stay for marks in it to be of use."""

ISLAND = 2
"""Words that stay between two changes in prose are marked too if they are no more than these."""

PARAGRAPH = "\n\n"


@dataclass(frozen=True)
class Line:
    """A line of one side: its number from 0, and the ranges that its counterpart has not.

    A line without a counterpart has no ranges: it differs as a whole.
    """

    number: int
    marks: tuple[Range, ...] = ()


@dataclass(frozen=True)
class Block:
    """Lines that are the same, or lines that differ, both sides of equal length.

    Lines that stand side by side belong together as far as anything does; None fills the gaps.
    """

    is_same: bool
    before: tuple[Line | None, ...]
    after: tuple[Line | None, ...]


@dataclass(frozen=True)
class Piece:
    """A part of a text, and whether the other text lacks it."""

    text: str
    is_changed: bool


_Pair = tuple[int | None, int | None]


def compare_lines(before: Sequence[str], after: Sequence[str]) -> list[Block]:
    """Compare two texts line by line, and lines that became others word by word."""
    blocks: list[Block] = []
    run: list[_Pair] = []
    is_same = True
    for same, pair in _pairs(before, after):
        if same is not is_same and run:
            blocks.append(_block(is_same, run, before, after))
            run = []
        is_same = same
        run.append(pair)
    if run:
        blocks.append(_block(is_same, run, before, after))
    return blocks


def _pairs(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[bool, _Pair]]:
    """Lines in the order of `difflib.Differ`, each with whether both sides have it.

    Differ tells that a line became another by a line of question marks below one or both of them.
    """
    codes = [line[0] for line in Differ().compare(before, after)]
    position, old, new = 0, 0, 0
    while position < len(codes):
        if codes[position] == " ":
            yield True, (old, new)
            position, old, new = position + 1, old + 1, new + 1
            continue
        became = re.match(r"-\?\+\??|-\+\?", "".join(codes[position : position + 4]))
        if became:
            yield False, (old, new)
            position, old, new = position + became.end(), old + 1, new + 1
        elif codes[position] == "-":
            yield False, (old, None)
            position, old = position + 1, old + 1
        else:
            yield False, (None, new)
            position, new = position + 1, new + 1


def _block(
    is_same: bool, run: Sequence[_Pair], before: Sequence[str], after: Sequence[str]
) -> Block:
    if is_same:
        return Block(
            True,
            tuple(Line(old) for old, _ in run if old is not None),
            tuple(Line(new) for _, new in run if new is not None),
        )
    rows: list[tuple[Line | None, Line | None]] = []
    lone_old: list[Line] = []
    lone_new: list[Line] = []
    for old, new in run:
        if old is not None and new is not None:
            rows += zip_longest(lone_old, lone_new)
            lone_old, lone_new = [], []
            marks = mark_words(before[old], after[new])
            rows.append((Line(old, marks[0]), Line(new, marks[1])))
        elif old is not None:
            lone_old.append(Line(old))
        elif new is not None:
            lone_new.append(Line(new))
    rows += zip_longest(lone_old, lone_new)
    return Block(False, tuple(old for old, _ in rows), tuple(new for _, new in rows))


def mark_words(before: str, after: str) -> tuple[tuple[Range, ...], tuple[Range, ...]]:
    """The ranges of each line that the other one has not."""
    sides = _WORDS.findall(before), _WORDS.findall(after)
    matcher = SequenceMatcher(None, *sides, autojunk=False)
    changes = [each for each in matcher.get_opcodes() if each[0] != "equal"]
    return (
        _ranges(sides[0], [(first, last) for _, first, last, _, _ in changes]),
        _ranges(sides[1], [(first, last) for _, _, _, first, last in changes]),
    )


def _ranges(words: Sequence[str], changed: Sequence[Range]) -> tuple[Range, ...]:
    """Ranges of words as ranges of characters; what only a space parts becomes one."""
    starts = [0]
    for word in words:
        starts.append(starts[-1] + len(word))
    found: list[Range] = []
    for first, last in changed:
        if first == last:
            continue
        if found and not "".join(words)[found[-1][1] : starts[first]].strip():
            found[-1] = (found[-1][0], starts[last])
        else:
            found.append((starts[first], starts[last]))
    return tuple(found)


def compare_prose(before: str, after: str) -> tuple[list[Piece], list[Piece]] | None:
    """Both texts in pieces, or None if they have too little in common.

    Line breaks count as spaces; only an empty line, which ends a paragraph, stays and is never part
    of a marked piece. Lists and quotes, where a line break has a meaning, are not compared.
    """
    if _LIST_OR_QUOTE.search(before) or _LIST_OR_QUOTE.search(after):
        return None
    sides = _prose_words(before), _prose_words(after)
    matcher = SequenceMatcher(None, *sides, autojunk=False)
    if matcher.ratio() < LEAST_LEFT:
        return None
    marks: tuple[set[int], set[int]] = (set(), set())
    for _, first, last, new_first, new_last in _changes(matcher):
        marks[0].update(range(first, last))
        marks[1].update(range(new_first, new_last))
    return _pieces(sides[0], marks[0]), _pieces(sides[1], marks[1])


def _changes(matcher: SequenceMatcher[str]) -> Iterator[tuple[str, int, int, int, int]]:
    """What differs; a few words that stay between two changes count as changed with them."""
    opcodes = matcher.get_opcodes()
    for position, opcode in enumerate(opcodes):
        is_island = 0 < position < len(opcodes) - 1 and opcode[2] - opcode[1] <= ISLAND
        if opcode[0] != "equal" or is_island:
            yield opcode


def _prose_words(text: str) -> list[str]:
    """The words of a text; a paragraph's end is a word too."""
    words = [
        word if word.strip() else PARAGRAPH if word.count("\n") > 1 else ""
        for word in _PROSE_WORDS.findall(text.strip())
    ]
    return [word for word in words if word]


def _pieces(words: Sequence[str], marked: set[int]) -> list[Piece]:
    """Words as text again, in pieces that are marked as a whole or not at all."""
    pieces: list[Piece] = []
    for is_paragraph_end, group in groupby(enumerate(words), lambda each: each[1] == PARAGRAPH):
        if is_paragraph_end:
            pieces.append(Piece(PARAGRAPH, False))
            continue
        first = True
        for is_marked, run in groupby(group, lambda each: each[0] in marked):
            if not first:
                pieces.append(Piece(" ", False))
            first = False
            pieces.append(Piece(" ".join(word for _, word in run), is_marked))
    return pieces
