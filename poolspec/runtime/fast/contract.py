"""What a row of the table of fast functions is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

__all__ = ["Factory", "Function", "Row"]

Function = Callable[..., Any]
# Given a compiled module and its plain function, return the function of the same contract.
Factory = Callable[[ModuleType, Function], Function]

FULU = "specs/fulu/"
POOLBONDS = "specs/poolbonds/"


@dataclass(frozen=True)
class Row:
    """A fast function, and the definitions that it was written for.

    ``name`` and whatever else is built into the fast function are listed by the documents that
    define them: those that must still be Fulu's, and those that must be the pool-bonds fork's.
    """

    name: str
    factory: Factory
    fulu: tuple[str, ...] = ()
    poolbonds: tuple[str, ...] = ()

    def fits(self, documents: Mapping[str, str]) -> bool:
        """Whether a module, given by the document of each name, has what the row was made for."""
        return all(
            documents.get(name, "").startswith(folder)
            for folder, names in ((FULU, self.fulu), (POOLBONDS, self.poolbonds))
            for name in names
        )
