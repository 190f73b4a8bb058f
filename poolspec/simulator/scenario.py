"""A scenario: who is there at the start, what happens when, and what is compared with what."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from poolspec.simulator.events import Event, Model, Name
from poolspec.simulator.units import (
    Amount,
    BasisPoints,
    Multiple,
    Share,
    Time,
    parse_amount,
)

__all__ = ["Expectation", "PoolGroup", "Registry", "Scenario", "SoloGroup", "Variant"]

_STAKE = 32 * 10**9
_ALWAYS = Fraction(1)


def _setting(value: Any) -> int:
    """Read a configuration value: a whole number, or an amount with its unit."""
    if isinstance(value, str) and not value.isdecimal():
        return parse_amount(value)
    number = int(value) if isinstance(value, str) else value
    if type(number) is not int or not 0 <= number < 2**64:
        raise ValueError(f"'{str(value)[:40]}' is no configuration value: it must fit 64 bits")
    return number


def _quantity(value: Any) -> int:
    """Read a value of a column: a whole number as it stands, an amount in Gwei."""
    return value if type(value) is int else parse_amount(value)


Setting = Annotated[
    int, BeforeValidator(_setting), WithJsonSchema({"type": ["integer", "string"], "minimum": 0})
]
Quantity = Annotated[
    int, BeforeValidator(_quantity), WithJsonSchema({"type": ["integer", "string"]})
]


class SoloGroup(Model):
    """Validators that are in no pool."""

    name: Name
    validators: int = Field(ge=0, description="how many, active from the start")
    balance: Amount = Field(
        default=_STAKE, ge=_STAKE, description="of each; above 32 ETH they compound"
    )
    uptime: Share = Field(default=_ALWAYS, description="chance to vote in an epoch")


class PoolGroup(Model):
    """Pools that are alike."""

    name: Name
    pools: int = Field(default=1, ge=0, description="how many, registered from the start")
    members: int = Field(default=0, ge=0, description="validators of each, seated from the start")
    bond: Amount | None = Field(default=None, description="of each")
    backing: Multiple | None = Field(
        default=None, description="instead of `bond`: a multiple of what the members' seats need"
    )
    commission: BasisPoints = Field(default=0, description="of rewards")
    uptime: Share = Field(default=_ALWAYS, description="chance of a member to vote in an epoch")


class Registry(Model):
    """Who is there at the start."""

    solo: tuple[SoloGroup, ...] = ()
    pools: tuple[PoolGroup, ...] = ()


class Variant(Model):
    """The scenario with some values changed."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    set: dict[str, Any] = Field(
        default_factory=dict, description="values by path, such as `events.0.share: 40%`"
    )


class Expectation(Model):
    """A value that a column must have at some time; the run fails if it has not."""

    at: Time
    column: str = Field(description="such as `pool.bond`")
    value: Quantity = Field(description="an amount, or a plain number for a count")
    within: Quantity = Field(default=0, description="how far it may be off")
    event: str = Field(default="", description="what has happened, for the table")


class Scenario(Model):
    """All that a run depends on."""

    name: Name
    title: str = Field(min_length=1, max_length=200)
    description: str = ""
    preset: Literal["mainnet", "minimal"] = "mainnet"
    scale: int = Field(
        default=1, ge=1, le=512, description="validators that each simulated one stands for"
    )
    seed: int = Field(default=0, ge=0, lt=2**63)
    duration: Time
    sample_every: Time | None = Field(
        default=None, description="time between rows; otherwise about 500 rows in all"
    )
    compare: Literal["solo", "none"] = Field(
        default="solo", description="with the same stake held solo under Fulu, or with nothing"
    )
    config: dict[str, Setting] = Field(
        default_factory=dict, description="configuration values that differ from the preset's"
    )
    registry: Registry
    events: tuple[Event, ...] = ()
    variants: tuple[Variant, ...] = Field(
        default=(), description="run one after the other and compared; none: the scenario itself"
    )
    expect: tuple[Expectation, ...] = ()

    def groups(self) -> tuple[SoloGroup | PoolGroup, ...]:
        """Return all groups, solo validators first."""
        return (*self.registry.solo, *self.registry.pools)
