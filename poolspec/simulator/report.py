"""The report of a run: one page that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import resources
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from poolspec.simulator import timing
from poolspec.simulator.plots import FIGURES, draw, svg
from poolspec.simulator.scenario import PoolGroup, Scenario, SoloGroup
from poolspec.simulator.summary import HEADINGS, MEANINGS, chain_title, check_cells, lines
from poolspec.simulator.tables import Run
from poolspec.simulator.units import as_amount, as_share

__all__ = ["report"]


def report(scenario: Scenario, runs: Sequence[Run]) -> bytes:
    """Return the page. The same runs give the same bytes."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = resources.files("poolspec.simulator") / "report.html"
    page = environment.from_string(template.read_text(encoding="utf-8")).render(
        scenario=scenario,
        facts=list(_facts(scenario)),
        checks=[(check_cells(check), check.holds) for _, run in runs for check in run.checks],
        headings=HEADINGS,
        meanings=MEANINGS,
        lines=[line.cells for name, result in runs for line in lines(name, result)],
        figures=list(_figures(runs)),
        milestones=list(_milestones(scenario, runs)),
        variants=[
            (each.name, ", ".join(f"{key} = {value}" for key, value in each.set.items()))
            for each in scenario.variants
        ],
    )
    return page.encode()


def _facts(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Give what the run started from, as pairs of a name and a text."""
    seconds = timing.seconds_per_epoch(scenario.preset)
    yield "lasts", f"{scenario.duration}, {timing.duration(scenario):,} epochs of {seconds} seconds"
    yield "preset", scenario.preset
    yield "scale", f"each simulated validator stands for {scenario.scale:,}"
    yield "seed", str(scenario.seed)
    for name, value in scenario.config.items():
        yield name, f"{value:,}"
    for group in scenario.groups():
        yield group.name, _group(group)


def _group(group: SoloGroup | PoolGroup) -> str:
    """Describe a group at the start."""
    if isinstance(group, SoloGroup):
        text = f"{group.validators:,} solo validators of {as_amount(group.balance)}"
    else:
        bond = f"{as_share(group.backing)} of what their seats need" if group.backing else ""
        text = (
            f"{group.pools:,} pools, each with {group.members:,} members and a bond of "
            f"{bond or as_amount(group.bond or 0)}, commission {group.commission / 100:g}%"
        )
    return text if group.uptime == 1 else f"{text}, online {as_share(group.uptime)} of epochs"


def _figures(runs: Sequence[Run]) -> Iterator[tuple[str, str, Any]]:
    """Give title, caption and drawing of each figure that has something to show."""
    for plot in FIGURES:
        figure = draw(plot, runs)
        if figure is not None:
            yield plot.title, plot.caption, Markup(svg(figure, plot.name))


def _milestones(scenario: Scenario, runs: Sequence[Run]) -> Iterator[tuple[str, str, list[Any]]]:
    """Give what happened in each chain, with its time in days."""
    seconds = timing.seconds_per_epoch(scenario.preset)
    for name, result in runs:
        is_divided = bool(result.other_sides)
        for chain, side, series in result.chains():
            title = chain_title(chain, side, is_divided=is_divided)
            rows = [
                (each.epoch, f"{each.epoch * seconds / 86_400:.2f}", each.text)
                for each in series.milestones
            ]
            if rows:
                yield name, title, rows
