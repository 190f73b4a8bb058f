"""Which lines and branches of the fork's own functions a campaign reaches, in the plain modules."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import poolspec
from poolspec.mutation.coverage import Subject
from poolspec.mutation.functions import compile_function, function_of, own_functions
from poolspec.mutation.points import Hits
from poolspec.mutation.reviewed import point_key, read_reviewed
from tests.fuzzing.parties import FORK, PRESET, Assembly, Party, Values

ROOT = Path(__file__).resolve().parents[2]
REVIEWED = ROOT / "tests" / "vectors" / FORK / "reviewed.yaml"


@dataclass
class Reach:
    """Probes in the plain modules, and what they have seen."""

    subject: Subject
    hits: Hits
    _met: set[int] = field(default_factory=set)

    @classmethod
    def begin(cls) -> "Reach":
        """Probes for all functions that blocks are judged by and that can be reached."""
        reviewed = read_reviewed(REVIEWED)
        module = poolspec.load(FORK, PRESET, fast=False)
        subject = Subject.of(module, reviewed.judged(own_functions(ROOT, FORK)))
        return cls(subject, Hits(len(subject.points)))

    def probing(self, assembly: Assembly) -> Assembly:
        """The same implementations, with probes in the plain one."""

        def assemble(values: Values) -> tuple[Party, ...]:
            parties = tuple(assembly(values))
            self._meet(parties[1].modules[FORK])
            return parties

        return assemble

    def _meet(self, module: Any) -> None:
        """Put the probes in, once."""
        if id(module) in self._met:
            return
        self._met.add(id(module))
        vars(module).update(self.hits.probes())
        for place in self.subject.places:
            tree = self.subject.instrumented[place.name].tree
            function_of(module, place.name).__code__ = compile_function(tree, place.document)

    def report(self) -> dict[str, Any]:
        """By function: points reached and points there are; then what has been missed."""
        reached = self.hits.reached()
        unreachable = read_reviewed(REVIEWED).unreachable
        documents = {place.name: place.document for place in self.subject.places}
        functions: dict[str, dict[str, int]] = {}
        missed = []
        for index, point in enumerate(self.subject.points):
            if point_key(point) in unreachable:
                continue
            counts = functions.setdefault(point.function, {"reached": 0, "points": 0})
            counts["points"] += 1
            counts["reached"] += index in reached
            if index not in reached:
                where = f"{documents[point.function]}:{point.line}"
                missed.append(f"{where}: {point.function}: {point}")
        totals = {
            "reached": sum(each["reached"] for each in functions.values()),
            "points": sum(each["points"] for each in functions.values()),
        }
        return {"all": totals, "functions": functions, "missed": missed}


def save(report: dict[str, Any], path: Path) -> None:
    """Write a report whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.partial")
    beside.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    beside.replace(path)
