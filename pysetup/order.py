"""Phase 4, order: what the compiled module executes first.

Names that a definition needs while the module is loaded stand above it; apart from that, constants
and types come first, then containers and classes, then functions, each in document order.
"""

import heapq
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

from pysetup.errors import Problems
from pysetup.model import Definition, Kind, ResolvedFork

_RANKS: Mapping[Kind, int] = {
    Kind.CONSTANT: 0,
    Kind.PRESET: 0,
    Kind.TYPE: 0,
    Kind.CONFIGURATION: 1,
    Kind.CONTAINER: 2,
    Kind.CLASS: 2,
    Kind.VARIABLE: 2,
    Kind.FUNCTION: 3,
}


def order(fork: ResolvedFork, problems: Problems) -> list[Definition]:
    """Return the definitions of a fork so that each stands below what it is built from."""
    definitions = fork.definitions
    needs = {
        name: {other for other in definition.names.defining if other in definitions}
        for name, definition in definitions.items()
    }
    _cut_cycles(needs, definitions, problems)
    places = {name: position for position, name in enumerate(definitions)}
    sorter = TopologicalSorter(needs)
    sorter.prepare()
    ready: list[tuple[int, int, str]] = []
    ordered = []
    while sorter.is_active():
        for name in sorter.get_ready():
            heapq.heappush(ready, (_RANKS[definitions[name].kind], places[name], name))
        name = heapq.heappop(ready)[2]
        ordered.append(definitions[name])
        sorter.done(name)
    return ordered


def _cut_cycles(
    needs: dict[str, set[str]], definitions: Mapping[str, Definition], problems: Problems
) -> None:
    """Report every cycle, and cut each at one place so that the next one can be found."""
    while True:
        try:
            TopologicalSorter(_deterministic(needs)).prepare()
            return
        except CycleError as error:
            # Each name in the list is needed by the one after it; the first is also the last.
            cycle: list[str] = error.args[1][:0:-1]
            start = min(range(len(cycle)), key=lambda index: definitions[cycle[index]].span)
            cycle = cycle[start:] + cycle[:start]
            chain = " needs ".join(f"`{name}` ({definitions[name].span})" for name in cycle)
            message = f"cycle: {chain} needs `{cycle[0]}`"
            problems.add(definitions[cycle[0]].span, message)
            needs[cycle[0]].discard(cycle[1 % len(cycle)])


def _deterministic(needs: Mapping[str, set[str]]) -> dict[str, list[str]]:
    """Return the graph without the arbitrary order of sets, so that cycles are found alike."""
    return {name: sorted(others) for name, others in needs.items()}
