"""What is marked in a text that changed."""

import pytest

from poolspec.specdiff.colours import Token, coloured, line_html
from poolspec.specdiff.words import Block, Line, Piece, compare_lines, compare_prose, mark_words


def marked(text: str, ranges: tuple[tuple[int, int], ...]) -> list[str]:
    return [text[first:last] for first, last in ranges]


@pytest.mark.parametrize(
    ("before", "after", "removed", "added"),
    [
        ("pool.bond += amount", "pool.bond -= amount", ["+"], ["-"]),
        ("return take(box, LIMIT)", "return take(box, FLOOR)", ["LIMIT"], ["FLOOR"]),
        # Names are never cut, and what only a space parts is one mark.
        ("process_slots(a)", "process_slot(a)", ["process_slots"], ["process_slot"]),
        ("x = one two y", "x = three four y", ["one two"], ["three four"]),
        # A line that is indented deeper is marked only as far as it is deeper.
        ("    pay()", "        pay()", [], ["    "]),
        ("the same", "the same", [], []),
    ],
)
def test_marks_are_words(before: str, after: str, removed: list[str], added: list[str]) -> None:
    marks = mark_words(before, after)
    assert marked(before, marks[0]) == removed
    assert marked(after, marks[1]) == added


def test_lines_that_became_others_stand_side_by_side() -> None:
    before = ["def f(a):", "    gone(a)", "    return take(a, LIMIT)"]
    after = ["def f(a):", "    return take(a, FLOOR)", "    # 1", "    # 2"]
    assert compare_lines(before, after) == [
        Block(True, (Line(0),), (Line(0),)),
        Block(
            False,
            (Line(1), Line(2, ((19, 24),)), None, None),
            (None, Line(1, ((19, 24),)), Line(2), Line(3)),
        ),
    ]


def test_lines_without_a_counterpart_have_no_marks() -> None:
    assert compare_lines(["alpha"], ["12345", "67890"]) == [
        Block(False, (Line(0), None), (Line(0), Line(1)))
    ]
    assert compare_lines([], []) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["a", "b", "c", "x"], ["c", "b", "y", "x"]),
        ([""], ["", "", ""]),
        (["    if a:", "        b()", "    c()"], ["    b()", "    if c:", "        c()"]),
    ],
)
def test_no_line_is_lost(before: list[str], after: list[str]) -> None:
    blocks = compare_lines(before, after)
    sides = [
        [each for block in blocks for each in block.before],
        [each for block in blocks for each in block.after],
    ]
    numbers = [[line.number for line in side if line] for side in sides]
    assert numbers == [list(range(len(before))), list(range(len(after)))]
    assert all(len(block.before) == len(block.after) for block in blocks)
    for block in blocks:
        if block.is_same:
            pairs = zip(block.before, block.after, strict=True)
            assert all(o and n and before[o.number] == after[n.number] for o, n in pairs)


def test_prose_is_compared_over_its_line_breaks() -> None:
    before = "Each source is settled\nbefore the next one, always."
    after = "Each source is\nsettled after the\n`next one`, always."
    assert compare_prose(before, after) == (
        [
            Piece("Each source is settled", False),
            Piece(" ", False),
            Piece("before the next one,", True),
            Piece(" ", False),
            Piece("always.", False),
        ],
        [
            Piece("Each source is settled", False),
            Piece(" ", False),
            Piece("after the `next one`,", True),
            Piece(" ", False),
            Piece("always.", False),
        ],
    )


def test_marks_in_prose_end_with_the_paragraph() -> None:
    pieces = compare_prose("one two three four", "one two three four five\n\nsix")
    assert pieces is not None
    assert [each.text for each in pieces[1] if each.is_changed] == ["five", "six"]
    assert "".join(each.text for each in pieces[1]) == "one two three four five\n\nsix"


@pytest.mark.parametrize(
    ("before", "after"),
    [("wholly other words", "nothing in common here"), ("- a list\n- of two", "- a list\n- of 2")],
)
def test_prose_that_marks_would_confuse(before: str, after: str) -> None:
    assert compare_prose(before, after) is None


def test_code_is_coloured_line_by_line() -> None:
    lines = coloured(["def f():", '    """Two', '    lines"""', "    return 1"])
    styled = [[each for each in line if each.style not in ("", "w", "p")] for line in lines]
    assert styled == [
        [Token("k", "def"), Token("nf", "f")],
        [Token("sd", '"""Two')],
        [Token("sd", '    lines"""')],
        [Token("k", "return"), Token("mi", "1")],
    ]
    assert ["".join(each.text for each in line) for line in lines][1] == '    """Two'


def test_marks_cut_tokens_and_names_become_links() -> None:
    (tokens,) = coloured(["a = take(b) < 'x'"])
    html = line_html(tokens, [(9, 10), (14, 16)], {"take": "#take", "x": "#x"})
    assert html == (
        'a <span class="o">=</span> <a href="#take">take</a>(<wbr><mark>b</mark>) '
        '<span class="o">&lt;</span> <mark><span class="s1">&#39;</span>'
        '<span class="s1">x</span></mark>'
        '<span class="s1">&#39;</span>'
    )
