"""The engine under the names of a compiled module, so that test vectors can be replayed on it.

Types and constants are those of the compiled module; functions are the engine's alone: a name that
the engine does not have is missing here too, and never falls back to the specification.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import poolspec
from poolspec.engine.encoding import decode, encode, encode_fields
from poolspec.engine.errors import InvalidError
from poolspec.engine.fulu.rules import FuluRules
from poolspec.engine.poolbonds.rules import PoolBondsRules
from poolspec.engine.state import State
from poolspec.runtime.ssz import View

__all__ = ["ColumnState", "load"]

RULES: dict[str, type[FuluRules]] = {"fulu": FuluRules, "poolbonds": PoolBondsRules}
PARENTS = {"poolbonds": "fulu"}


class ColumnState:
    """A state of the engine with the manners of an SSZ view: decoding, copies, root, fields."""

    compiled_type: Any

    def __init__(self, state: State) -> None:
        self.state = state

    @classmethod
    def fields(cls) -> Mapping[str, Any]:
        """Return the fields of the SSZ container."""
        fields: Mapping[str, Any] = cls.compiled_type.fields()
        return fields

    @classmethod
    def decode_bytes(cls, data: bytes) -> ColumnState:
        """Return the state that the bytes encode; raises `ValueError` if they are damaged."""
        return cls(decode(cls.compiled_type, data))

    def encode_bytes(self) -> bytes:
        """Return the SSZ encoding."""
        return encode(self.compiled_type, self.state)

    def copy(self) -> ColumnState:
        """Return an independent state."""
        return type(self)(self.state.copy())

    def hash_tree_root(self) -> bytes:
        """Return the hash-tree root."""
        parts = encode_fields(self.compiled_type, self.state)
        return self.state.roots.root(self.compiled_type, parts)

    def view(self) -> Any:
        """Return the state as the compiled SSZ container."""
        return self.compiled_type.decode_bytes(self.encode_bytes())

    def __getattr__(self, name: str) -> Any:
        if name == "slot":
            return self.state.slot
        if name.startswith("_") or name not in self.fields():
            raise AttributeError(name)
        return getattr(self.view(), name)


def _guarded(method: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a method of the rules: states are unpacked, and its rejections are assertions.

    Any other error of the engine is a crash: in particular, an index out of range is never taken
    for the verdict that it would be in the specification.
    """

    def call(state: ColumnState, *arguments: Any) -> Any:
        try:
            return method(state.state, *map(_plain, arguments))
        except InvalidError as error:
            raise AssertionError(str(error)) from error
        except (AssertionError, IndexError, ValueError) as error:
            raise RuntimeError(f"engine crashed: {type(error).__name__}: {error}") from error

    return call


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, int) else value


def load(fork: str, preset: str, config: Mapping[str, Any] | None = None) -> ModuleType:
    """Return the engine's stand-in for a compiled module, some configuration values replaced."""
    spec = poolspec.load(fork, preset, config=config) if config else poolspec.load(fork, preset)
    rules = RULES[fork](spec)
    module = ModuleType(f"poolspec.engine.{fork}.{preset}")
    for name, value in vars(spec).items():
        if (
            name in ("fork", "preset", "config", "bls")
            or name.isupper()
            or (isinstance(value, type) and issubclass(value, View))
        ):
            setattr(module, name, value)
    module.__dict__["BeaconState"] = _state_type(spec)
    module.__dict__["hash_tree_root"] = lambda value: value.hash_tree_root()
    for name in dir(rules):
        if name.startswith(("process_", "get_")):
            setattr(module, name, _guarded(getattr(rules, name)))
    for name in ("state_transition", "verify_block_signature"):
        setattr(module, name, _guarded(getattr(rules, name)))
    if fork in PARENTS:
        parent = load(PARENTS[fork], preset, _known(PARENTS[fork], preset, config))
        setattr(module, PARENTS[fork], parent)
        setattr(module, f"upgrade_to_{fork}", _upgrade(rules, module.__dict__["BeaconState"]))
    return module


def _known(fork: str, preset: str, config: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return those overrides that a fork's configuration knows."""
    fields = poolspec.load(fork, preset).config._fields
    return {name: value for name, value in (config or {}).items() if name in fields} or None


def _state_type(spec: Any) -> type[ColumnState]:
    return type("BeaconState", (ColumnState,), {"compiled_type": spec.BeaconState})


def _upgrade(rules: Any, state_type: type[ColumnState]) -> Callable[[ColumnState], ColumnState]:
    return lambda before: state_type(rules.upgrade(before.state))
