"""Run the specification and the engine on the same input and name the first difference."""

from collections.abc import Callable
from typing import Any

from poolspec.engine.encoding import decode, encode
from poolspec.engine.errors import InvalidError
from poolspec.engine.facade import RULES
from poolspec.engine.state import State
from poolspec.vectors.difference import difference
from poolspec.vectors.rejection import is_protocol_rejection

Step = Callable[[Any, Any], None]
"""Runs on (specification, SSZ state) or on (rules of the engine, columns)."""


def rules_of(spec: Any) -> Any:
    """The engine's rules for a compiled fork."""
    return RULES[spec.fork](spec)


def columns_of(spec: Any, state: Any) -> State:
    """The engine's state with the contents of an SSZ state."""
    return decode(spec.BeaconState, state.encode_bytes())


def view_of(spec: Any, state: State) -> Any:
    """The SSZ state with the contents of the engine's."""
    return spec.BeaconState.decode_bytes(encode(spec.BeaconState, state))


def _verdict(run: Callable[[], None]) -> str:
    try:
        run()
    except InvalidError:
        return "rejected"
    except Exception as error:
        if is_protocol_rejection(error):
            return "rejected"
        raise
    return "accepted"


def assert_agree(
    spec: Any, before: Any, in_spec: Step, in_engine: Step, what: str = ""
) -> Any | None:
    """Both accept and give the same state, which is returned, or both reject."""
    state, columns = before.copy(), columns_of(spec, before)
    rules = rules_of(spec)
    expected = _verdict(lambda: in_spec(spec, state))
    found = _verdict(lambda: in_engine(rules, columns))
    assert found == expected, f"{what}: engine {found}, specification {expected}"
    if expected == "rejected":
        return None
    found_state = view_of(spec, columns)
    assert found_state.hash_tree_root() == state.hash_tree_root(), (
        f"{what}: {difference(state, found_state)}"
    )
    assert rules.state_root(columns) == state.hash_tree_root(), what
    return state
