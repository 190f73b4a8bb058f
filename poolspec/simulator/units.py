"""Amounts, durations and shares as people write them: `32 ETH`, `5 days`, `40%`, `1/3`.

Each is a type for pydantic models: it reads the text, refuses what has no or another unit, writes
itself as text again, and describes itself in the JSON schema.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

__all__ = [
    "GWEI_PER_ETH",
    "Amount",
    "BasisPoints",
    "Duration",
    "Multiple",
    "Share",
    "Time",
    "as_amount",
    "as_share",
    "parse_amount",
    "parse_duration",
    "parse_share",
]

GWEI_PER_ETH = 10**9
_MOST_GWEI = 10**18
"""More than all ETH there will be; sums of a scenario's amounts stay within 64 bits."""
_MOST_SECONDS = 100 * 366 * 86_400
_BASIS_POINTS = 10_000

_AMOUNT_UNITS = {"ETH": GWEI_PER_ETH, "Gwei": 1}
_SECONDS = {"minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
_NUMBER = r"-?(?:\d[\d_,]*)(?:\.\d+)?"
_SHOWN = 40


def _number(text: str) -> Fraction:
    return Fraction(text.replace("_", "").replace(",", ""))


def _shown(value: Any) -> str:
    text = str(value)
    return f"'{text}'" if len(text) <= _SHOWN else f"'{text[:_SHOWN]}…'"


def parse_amount(value: Any) -> int:
    """Read an amount with its unit; gives Gwei. Raises ValueError."""
    match = re.fullmatch(rf"({_NUMBER})\s*([A-Za-z]+)", str(value).strip())
    if match is None or match[2] not in _AMOUNT_UNITS:
        raise ValueError(f"{_shown(value)} is no amount: write it as '32 ETH' or '5 Gwei'")
    gwei = _number(match[1]) * _AMOUNT_UNITS[match[2]]
    if gwei < 0:
        raise ValueError(f"the amount {_shown(value)} is negative")
    if gwei.denominator != 1:
        raise ValueError(f"the amount {_shown(value)} is not a whole number of Gwei")
    if gwei > _MOST_GWEI:
        raise ValueError(f"the amount {_shown(value)} is more than there can be")
    return int(gwei)


def as_amount(gwei: int) -> str:
    """Write an amount in ETH if that needs no more than nine digits after the point."""
    whole, rest = divmod(gwei, GWEI_PER_ETH)
    return f"{whole}.{rest:09d}".rstrip("0").rstrip(".") + " ETH"


def _counted(count: float, unit: str) -> str:
    return f"{count:.15g} {unit}{'' if count == 1 else 's'}"


@dataclass(frozen=True, order=True)
class Duration:
    """A length of time, in epochs or in seconds, whichever it was written in."""

    epochs: int = 0
    seconds: Fraction = Fraction(0)

    def in_epochs(self, seconds_per_epoch: int) -> int:
        """Return the whole number of epochs, rounded up."""
        return self.epochs - int(-self.seconds // seconds_per_epoch)

    def __str__(self) -> str:
        if self.epochs or not self.seconds:
            return _counted(self.epochs, "epoch")
        for name, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
            count = self.seconds / length
            if count.denominator == 1 or name == "minute":
                return _counted(float(count), name)
        raise AssertionError("minutes are always written")


def parse_duration(value: Any) -> Duration:
    """Read a length of time with its unit. Raises ValueError."""
    if isinstance(value, Duration):
        return value
    match = re.fullmatch(rf"({_NUMBER})\s*([a-z]+)", str(value).strip())
    unit = match[2].removesuffix("s") if match else ""
    if match is None or unit not in {*_SECONDS, "epoch"}:
        raise ValueError(
            f"{_shown(value)} is no length of time: write it as '5 days', '6 hours' or '12 epochs'"
        )
    count = _number(match[1])
    if count < 0:
        raise ValueError(f"the time {_shown(value)} is negative")
    if count * _SECONDS.get(unit, 384) > _MOST_SECONDS:
        raise ValueError(f"the time {_shown(value)} is longer than a hundred years")
    if unit != "epoch":
        return Duration(seconds=count * _SECONDS[unit])
    if count.denominator != 1:
        raise ValueError(f"{_shown(value)} is not a whole number of epochs")
    return Duration(epochs=int(count))


def parse_share(value: Any) -> Fraction:
    """Read a share such as `40%`, `1/3` or `0.4`. Raises ValueError."""
    if isinstance(value, Fraction):
        return value
    text = str(value).strip()
    if match := re.fullmatch(rf"({_NUMBER})\s*%", text):
        return _number(match[1]) / 100
    if match := re.fullmatch(r"(\d{1,9})\s*/\s*([1-9]\d{0,8})", text):
        return Fraction(int(match[1]), int(match[2]))
    if re.fullmatch(_NUMBER, text) and not isinstance(value, bool):
        return _number(text)
    raise ValueError(f"{_shown(value)} is no share: write it as '40%' or '1/3'")


def _part(value: Any) -> Fraction:
    share = parse_share(value)
    if not 0 <= share <= 1:
        raise ValueError(f"the share {_shown(value)} is not between 0% and 100%")
    return share


def _multiple(value: Any) -> Fraction:
    share = parse_share(value)
    if not 0 <= share <= 10_000:
        raise ValueError(f"{_shown(value)} is not between 0% and 1,000,000%")
    return share


def _basis_points(value: Any) -> int:
    points = _part(value) * _BASIS_POINTS
    if points.denominator != 1:
        raise ValueError(f"{_shown(value)} is not a whole number of hundredths of a percent")
    return int(points)


def as_share(share: Fraction) -> str:
    """Write a share in percent, or as a fraction if that is not exact."""
    percent = share * 100
    if 10_000 % percent.denominator == 0:
        return f"{float(percent):.15g}%"
    return f"{share.numerator}/{share.denominator}"


def _text(
    pattern: str, example: str, meaning: str, kinds: str | list[str] = "string"
) -> WithJsonSchema:
    schema = {"type": kinds, "pattern": pattern, "examples": [example], "description": meaning}
    return WithJsonSchema(schema)


_TEXT_OR_NUMBER = ["string", "number"]
_PLAIN_NUMBER = r"\d[\d_,]*(\.\d+)?"
_SHARE_TEXT = rf"^({_PLAIN_NUMBER}\s*%?|\d+\s*/\s*\d+)$"

Amount = Annotated[
    int,
    BeforeValidator(parse_amount),
    PlainSerializer(as_amount, return_type=str),
    _text(rf"^{_PLAIN_NUMBER}\s*(ETH|Gwei)$", "32 ETH", "an amount with its unit"),
]
"""Gwei."""

Time = Annotated[
    Duration,
    BeforeValidator(parse_duration),
    PlainSerializer(str, return_type=str),
    _text(rf"^{_PLAIN_NUMBER}\s*(epoch|minute|hour|day|week)s?$", "5 days", "a length of time"),
]

Share = Annotated[
    Fraction,
    BeforeValidator(_part),
    PlainSerializer(as_share, return_type=str),
    _text(_SHARE_TEXT, "40%", "a share of a whole", _TEXT_OR_NUMBER),
]

Multiple = Annotated[
    Fraction,
    BeforeValidator(_multiple),
    PlainSerializer(as_share, return_type=str),
    _text(_SHARE_TEXT, "110%", "a multiple, 100% being once", _TEXT_OR_NUMBER),
]

BasisPoints = Annotated[
    int,
    BeforeValidator(_basis_points),
    PlainSerializer(lambda points: as_share(Fraction(points, _BASIS_POINTS)), return_type=str),
    _text(_SHARE_TEXT, "5%", "a share in whole hundredths of a percent", _TEXT_OR_NUMBER),
]
"""Hundredths of a percent."""
