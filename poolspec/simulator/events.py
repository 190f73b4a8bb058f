"""What can happen in a scenario, as its YAML says it: one model for each kind of event."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from poolspec.simulator.units import Amount, Duration, Share, Time

__all__ = [
    "Aimed",
    "Convert",
    "Deposit",
    "Event",
    "Exit",
    "Model",
    "Name",
    "Offline",
    "Partition",
    "Slash",
    "TopUp",
    "Unbond",
]

_WHOLE = Fraction(1)
_AT_ONCE = Duration()


class Model(BaseModel):
    """A part of a scenario: it cannot be changed, and knows all of its keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


_NAME = r"^[a-z][a-z0-9-]{0,39}$"
Name = Annotated[str, Field(pattern=_NAME)]
_NAME_SCHEMA = {"type": "string", "pattern": _NAME}
Names = Annotated[
    tuple[Name, ...],
    BeforeValidator(_listed),
    Field(min_length=1),
    WithJsonSchema(
        {"anyOf": [_NAME_SCHEMA, {"type": "array", "items": _NAME_SCHEMA, "minItems": 1}]}
    ),
]


class _Happening(Model):
    """What all events have in common: when they begin."""

    at: Time = Field(description="when it begins, from the start of the scenario")


class Aimed(_Happening):
    """An event that concerns some pools and solo validators."""

    who: Names = Field(description="groups by name; `all`, `all-pools`, `all-solo` for several")
    share: Share = Field(
        default=_WHOLE,
        description="how many of each group's pools, drawn by the seed, or of its solo validators",
    )
    validators: int | None = Field(
        default=None, ge=1, description="at most so many of each pool, or of each solo group"
    )


class Offline(Aimed):
    """They cast no votes."""

    do: Literal["offline"]
    lasts: Time | None = Field(default=None, description="for how long; otherwise until the end")


class Slash(Aimed):
    """They are slashed."""

    do: Literal["slash"]
    over: Time = Field(default=_AT_ONCE, description="spread evenly over so long")


class Exit(Aimed):
    """Their stakers or owners ask for a full exit."""

    do: Literal["exit"]
    over: Time = Field(default=_AT_ONCE, description="spread evenly over so long")


class Unbond(Aimed):
    """The operators ask for a part of their bonds."""

    do: Literal["unbond"]
    amount: Amount | None = Field(
        default=None, description="of each bond; otherwise everything, which closes the pool"
    )


class TopUp(Aimed):
    """Somebody adds to the bonds."""

    do: Literal["top-up"]
    amount: Amount = Field(description="for each pool")


class Deposit(Aimed):
    """New stakers deposit 32 ETH for each validator, and pools admit them."""

    do: Literal["deposit"]
    validators: int = Field(ge=1, description="for each pool, or for each solo group")
    over: Time = Field(default=_AT_ONCE, description="spread evenly over so long")


class Convert(Aimed):
    """Solo stakers exit, and with the money each founds a pool and locks the rest in it."""

    do: Literal["convert"]
    into: Name = Field(description="the group that the new pools belong to")
    staker: int = Field(ge=2, description="validators of each such staker")
    bond: Amount = Field(description="bond of each new pool")
    over: Time = Field(default=_AT_ONCE, description="spread evenly over so long")


class Partition(_Happening):
    """The network falls into two sides that do not hear each other."""

    do: Literal["partition"]
    share: Share = Field(description="of each group's pools and solo validators, on side A")
    lasts: Time = Field(description="for how long")


Event = Annotated[
    Offline | Slash | Exit | Unbond | TopUp | Deposit | Convert | Partition,
    Field(discriminator="do"),
]
