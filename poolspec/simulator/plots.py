"""The figures of a report, as SVG for pages of any background, or as PNG to look at."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from poolspec.simulator import timing
from poolspec.simulator.events import Offline, Partition
from poolspec.simulator.recording import Series
from poolspec.simulator.running import Result
from poolspec.simulator.scenario import PoolGroup, Scenario
from poolspec.simulator.summary import chain_title
from poolspec.simulator.tables import Run

__all__ = ["FIGURES", "Plot", "draw", "png", "svg"]

_INK = "#010203"
_GRID = "#040506"
_SHADE = "#070809"
"""Colours that the page chooses: they stand in the SVG for variables of its style."""

# Hues that can be told apart, also without seeing red or green, on light and on dark ground.
_HUES = ("#2f7ed8", "#e07b00", "#1a9f86", "#c2559d", "#8a7a00", "#7a68c7")
_GWEI_PER_METH = 10**15
_GWEI_PER_ETH = 10**9
_SECONDS_PER_DAY = 86_400
_FEW_DAYS = 2
_COLUMNS = 3
_WIDTHS = {1: 9.0, 2: 10.0, 3: 11.5}
"""Inches, by panels in a row."""
_ROW_GAP = 0.09
"""Inches above and below a panel."""
_TICKS = 6
_COUNTED = ("epochs", "seats")
_CURVE = "curve"
_FEW_EPOCHS = 5.0
_SHARE = 0
"""Stands for a divisor: percent of the value at the start."""
_MARGIN = 0.06
_CHANGES = 0.3
"""Part of the largest value that a figure changes by if its axis begins at zero."""
_LEAST_SPAN = 0.02
_SETTINGS: Any = {
    "svg.hashsalt": "poolspec",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _INK,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": _GRID,
    "grid.linewidth": 0.6,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
}


class _Curve(NamedTuple):
    """A line of a panel: label, hue, dashes, and values in the panel's unit."""

    label: str
    hue: str
    dashes: Any
    epochs: Any
    values: Any


@dataclass(frozen=True)
class Plot:
    """A kind of figure: what it shows of a run, in which unit."""

    name: str
    title: str
    unit: str
    caption: str
    curves: Callable[[Result], Iterator[_Curve]]
    whole: str = ""
    """A column of pools; where all have some at the start, it is shown in percent of that."""


_DASHES = {("pools", "a"): "-", ("pools", "b"): ":", ("solo", "a"): "--", ("solo", "b"): "-."}


def _hue(group: int) -> str:
    """Return the hue of a group; the first two hues are those of the chains."""
    return _HUES[2 + group % (len(_HUES) - 2)]


def _by_chain(read: Callable[[Series], Any]) -> Callable[[Result], Iterator[_Curve]]:
    """Return curves of a figure with a line for each chain and side."""

    def curves(result: Result) -> Iterator[_Curve]:
        hues = {"pools": _HUES[0], "solo": _HUES[1]}
        for chain, side, series in result.chains():
            label = chain_title(chain, side, is_divided=bool(result.other_sides))
            dashes = _DASHES[chain, side]
            yield _Curve(label, hues[chain], dashes, series["epoch"], read(series))

    return curves


def _by_pools(column: str, divisor: int) -> Callable[[Result], Iterator[_Curve]]:
    """Return curves of a figure with a line for each group of pools."""

    def curves(result: Result) -> Iterator[_Curve]:
        for number, group in enumerate(result.scenario.groups()):
            if not isinstance(group, PoolGroup):
                continue
            for chain, side, series in result.chains():
                if chain == "pools":
                    label = f"{group.name}, side B" if side == "b" else group.name
                    hue, dashes = _hue(number), _DASHES[chain, side]
                    name = f"{group.name}.{column}"
                    # Side B begins when the partition does.
                    first = int(result.pools[name][0])
                    values = series[name] / (first / 100 if divisor == _SHARE else divisor)
                    yield _Curve(label, hue, dashes, series["epoch"], values)

    return curves


def _incomes(result: Result) -> Iterator[_Curve]:
    """Give what stakers earn for 32 ETH: of each group, and of the same people all solo."""
    for number, group in enumerate(result.scenario.groups()):
        is_pool = isinstance(group, PoolGroup)
        count = group.pools * group.members if isinstance(group, PoolGroup) else group.validators
        if not count:
            continue
        for chain, side, series in result.chains():
            if side == "a" and (chain == "pools" or is_pool):
                label = group.name if chain == "pools" else f"{group.name}, if solo"
                values = series[f"{group.name}.staker_income"] / _GWEI_PER_ETH / count
                dashes = _DASHES[chain, side]
                yield _Curve(label, _hue(number), dashes, series["epoch"], values)


FIGURES = (
    Plot(
        "active",
        "Active stake",
        "million ETH",
        "Effective balance that is active: what committees, justification and finality go by.",
        _by_chain(lambda series: series["active_weight"] / _GWEI_PER_METH),
    ),
    Plot(
        "finality",
        "Epochs since the last finalized one",
        "epochs",
        "Two in a chain where all is well. A leak begins where it is more than four.",
        _by_chain(lambda series: series["epoch"] - series["finalized_epoch"]),
    ),
    Plot(
        "bonds",
        "Bonds",
        "ETH",
        "The bonds of all pools of a group together.",
        _by_pools("bond", _GWEI_PER_ETH),
        whole="bond",
    ),
    Plot(
        "seats",
        "Seats",
        "seats",
        "Validators that have a seat, of all pools of a group together.",
        _by_pools("seats", 1),
        whole="seats",
    ),
    Plot(
        "stakers",
        "Stakers' income for each validator of 32 ETH",
        "ETH",
        "Rewards less the penalties that the staker pays, since the start; dashed, what the same "
        "validators would have if they were solo. Groups that begin empty are left out.",
        _incomes,
    ),
    Plot(
        "operators",
        "Operators' income",
        "ETH",
        "Commissions less all that was charged to the bonds, since the start, of all pools of a "
        "group together.",
        _by_pools("operator_income", _GWEI_PER_ETH),
    ),
    Plot(
        "risk",
        "Stake at risk",
        "million ETH",
        "The most that slashing everybody could burn: all of a solo validator's stake, of a pool's "
        "at most the bond.",
        _by_chain(lambda series: series["stake_at_risk"] / _GWEI_PER_METH),
    ),
)


# Drawing


def draw(plot: Plot, runs: Sequence[Run]) -> Figure | None:
    """Return a figure with a panel for each variant, None if there is nothing to show."""
    plot = _in_percent(plot, runs)
    drawn = [(name, result, list(plot.curves(result))) for name, result in runs]
    if not any(np.any(curve.values) for _, _, curves in drawn for curve in curves):
        return None
    columns = 1 if len(runs) == 1 else 2 if len(runs) in (2, 4) else _COLUMNS
    rows = -(-len(runs) // columns)
    with mpl.rc_context(_SETTINGS):
        size = (_WIDTHS[columns], 0.7 + (2.6 if columns > 1 else 3.0) * rows)
        figure = Figure(figsize=size, layout=ConstrainedLayoutEngine(h_pad=_ROW_GAP))
        grid = figure.subplots(rows, columns, sharex=False, sharey=True, squeeze=False)
        panels = grid.ravel().tolist()
        for place, (panel, (name, result, curves)) in enumerate(zip(panels, drawn, strict=False)):
            _panel(panel, result.scenario, curves, plot.unit in _COUNTED)
            panel.set_title(name if len(runs) > 1 else "", loc="left")
            if place % columns == 0:
                panel.set_ylabel(plot.unit)
            if place + columns >= len(runs):
                panel.set_xlabel(_time_unit(result.scenario)[0])
        for panel in panels[len(runs) :]:
            panel.set_axis_off()
        _limits(panels[0], plot)
        _legend(figure, [curve for _, _, curves in drawn for curve in curves])
    return figure


def _time_unit(scenario: Scenario) -> tuple[str, float]:
    """Return the unit of the time axis and its epochs."""
    seconds = timing.seconds_per_epoch(scenario.preset)
    per_day = _SECONDS_PER_DAY / seconds
    if timing.duration(scenario) < _FEW_DAYS * per_day or scenario.preset == "minimal":
        return "epochs", 1.0
    return "days", per_day


def _panel(panel: Axes, scenario: Scenario, curves: Sequence[_Curve], is_count: bool) -> None:
    """Draw a variant's lines over the times at which something is out of order."""
    unit = _time_unit(scenario)[1]
    for event in scenario.events:
        begins = timing.epochs(scenario, event.at)
        lasts = event.lasts if isinstance(event, Offline | Partition) else None
        if lasts is not None:
            end = begins + timing.epochs(scenario, lasts)
            panel.axvspan(begins / unit, end / unit, color=_SHADE, linewidth=0, zorder=0)
        else:
            panel.axvline(begins / unit, color=_INK, linewidth=0.7, linestyle=(0, (1, 3)))
    for curve in curves:
        panel.plot(
            curve.epochs / unit,
            curve.values,
            color=curve.hue,
            linestyle=curve.dashes,
            label=_CURVE,
        )
    panel.margins(x=0.01)
    panel.yaxis.set_major_formatter(_number)
    panel.xaxis.set_major_locator(MaxNLocator(_TICKS, integer=True))
    if is_count:
        panel.yaxis.set_major_locator(MaxNLocator(_TICKS, integer=True))


def _number(value: float, _: float) -> str:
    """Write a tick's number in full, with separators."""
    if abs(value) >= 1000 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.6f}".rstrip("0")


def _in_percent(plot: Plot, runs: Sequence[Run]) -> Plot:
    """Return the plot in percent of the start, if it is one of parts of a whole that was there."""
    starts = [
        int(result.pools[f"{group.name}.{plot.whole}"][0])
        for _, result in runs
        for group in result.scenario.registry.pools
        if plot.whole
    ]
    if not starts or not all(starts):
        return plot
    curves = _by_pools(plot.whole, _SHARE)
    return replace(plot, unit="% of the start", curves=curves)


def _limits(panel: Axes, plot: Plot) -> None:
    """Show the axis from zero, but for values that stay near each other; none changes by a hair."""
    values = np.concatenate([np.asarray(line.get_ydata(), float) for line in _lines(panel)])
    low, high = float(values.min()), float(values.max())
    span = high - low
    if plot.unit == "epochs":
        panel.set_ylim(0.0, max(high * (1 + _MARGIN), _FEW_EPOCHS))
    elif low < 0:
        panel.set_ylim(low - span * _MARGIN, max(high, 0.0) + span * _MARGIN)
    elif span > _CHANGES * high or span == 0:
        panel.set_ylim(0.0, high * (1 + _MARGIN) or 1.0)
    else:
        room = span * _MARGIN + max(high * _LEAST_SPAN - span, 0.0) / 2
        panel.set_ylim(low - room, high + room)


def _lines(panel: Axes) -> Iterator[Line2D]:
    """Give all curves of the panels that share an axis."""
    for other in panel.get_shared_y_axes().get_siblings(panel):
        yield from (line for line in other.lines if line.get_label() == _CURVE)


def _legend(figure: Figure, curves: Sequence[_Curve]) -> None:
    """Name every kind of line once, above the panels."""
    handles: dict[str, Line2D] = {}
    for curve in curves:
        line = Line2D([], [], color=curve.hue, linestyle=curve.dashes)
        handles.setdefault(curve.label, line)
    most = 4 if figure.get_figwidth() > 6 else 2
    figure.legend(
        list(handles.values()),
        list(handles),
        loc="outside upper left",
        ncols=min(len(handles), most),
        handlelength=2.6,
    )


# Files


def png(figure: Figure) -> bytes:
    """Return a figure as a picture, as a page would show it."""
    with mpl.rc_context(_SETTINGS):
        sink = io.BytesIO()
        figure.savefig(sink, format="png", dpi=110, facecolor="#ffffff")
    return sink.getvalue()


def svg(figure: Figure, name: str) -> str:
    """Return a figure as SVG to stand in a page: it takes its ink, grid and width from there.

    Identifiers begin with the name, so that figures of one page do not share any.
    """
    with mpl.rc_context(_SETTINGS):
        sink = io.StringIO()
        nothing = {"Date": None, "Creator": None, "Type": None, "Format": None}
        figure.savefig(sink, format="svg", transparent=True, metadata=nothing)
    text = sink.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'\b(id|xlink:href)="(#?)', rf'\1="\2{name}-', text)
    text = text.replace("url(#", f"url(#{name}-")
    for stand_in, variable in ((_INK, "ink"), (_GRID, "grid"), (_SHADE, "shade")):
        text = text.replace(stand_in, f"var(--{variable})")
    return text
