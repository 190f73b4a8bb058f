"""The types that the table of fast functions is made of."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

__all__ = ["Factory", "Function"]

Function = Callable[..., Any]
# Given a compiled module and its plain function, return the function of the same contract.
Factory = Callable[[ModuleType, Function], Function]
