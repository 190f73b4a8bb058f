"""How figures look: readable in a column of text, without colours, and on any background."""

import io
from collections.abc import Sequence
from itertools import cycle
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

__all__ = ["COLOURS", "figure", "finish", "line_styles", "png_of", "svg_of"]

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's, which people with any kind of colour vision can tell apart."""

_DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)), (0, (8, 2)))
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")

_STYLE: dict[Any, Any] = {
    "svg.hashsalt": "poolspec",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.titlesize": 10.5,
    "axes.labelsize": 10,
    "legend.fontsize": 8.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.8,
    "lines.markersize": 4,
    # A sheet of paper of its own is legible on a dark page and on a light one.
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "savefig.facecolor": "white",
    "legend.frameon": True,
    "legend.framealpha": 0.9,
    "legend.edgecolor": "#cccccc",
}


def figure(columns: int = 2, height: float = 4.3) -> tuple[Figure, Sequence[Axes]]:
    """Return a figure of the width of a text column with so many plots side by side."""
    with mpl.rc_context(_STYLE):
        made = Figure(figsize=(7.6, height), layout="constrained")
        axes = made.subplots(1, columns, squeeze=False)[0]
    return made, list(axes)


def line_styles() -> Any:
    """Return an endless series of styles that differ in colour, dashes and marker at once."""
    styles = zip(cycle(COLOURS), cycle(_DASHES), cycle(_MARKERS), strict=False)
    return ({"color": color, "linestyle": dash, "marker": mark} for color, dash, mark in styles)


def finish(axes: Axes, title: str, x: str, y: str, legend: str | None = None, **where: Any) -> None:
    """Give a plot its title, its axes' names with units, and a legend under a heading."""
    with mpl.rc_context(_STYLE):
        axes.set_title(title, loc="left")
        axes.set_xlabel(x)
        axes.set_ylabel(y)
        if legend is not None:
            # Below the plot, where it can hide no curve
            place = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.17), "ncols": 2, **where}
            axes.legend(title=legend or None, title_fontsize=8.5, **place)


def svg_of(made: Figure) -> bytes:
    """Return a figure as SVG, the same bytes at any time."""
    target = io.BytesIO()
    with mpl.rc_context(_STYLE):
        made.savefig(target, format="svg", metadata={"Date": None, "Creator": None})
    # Matplotlib leaves spaces at the ends of lines.
    lines = [line.rstrip() for line in target.getvalue().decode().splitlines()]
    return ("\n".join(lines) + "\n").encode()


def png_of(made: Figure) -> bytes:
    """Return a figure as PNG, to look at it."""
    target = io.BytesIO()
    with mpl.rc_context(_STYLE):
        made.savefig(target, format="png", dpi=110)
    return target.getvalue()
