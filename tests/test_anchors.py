"""Anchors of headings, as code-review sites make them."""

import pytest

from poolspec.anchors import anchor_of, anchors_of


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("Modified `process_epoch`", "modified-process_epoch"),
        ("Leaving: the staker", "leaving-the-staker"),
        ("The [EIP](../eip.md) — and `x`", "the-eip--and-x"),
        ("What is *kept*?", "what-is-kept"),
        ("A dash at the end —", "a-dash-at-the-end-"),
    ],
)
def test_anchors(heading: str, anchor: str) -> None:
    assert anchor_of(heading) == anchor


def test_headings_that_come_again() -> None:
    """No two are the same, not even where a heading reads like the second of another."""
    headings = ["Seats", "Bonds", "`Seats`", "Seats 1", "Seats"]
    assert anchors_of(headings) == ["seats", "bonds", "seats-1", "seats-1-1", "seats-2"]
