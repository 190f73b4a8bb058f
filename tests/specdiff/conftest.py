"""A small fork with every kind of change, and the real one; each with its report."""

from pathlib import Path

import pytest

from poolspec.specdiff.index import PLACE
from poolspec.specdiff.markdown import markdown_page
from poolspec.specdiff.mentions import PROPOSAL
from poolspec.specdiff.page import html_page
from poolspec.specdiff.places import Target
from poolspec.specdiff.report import REVIEWED, Report, gather
from tests.pysetup.conftest import Checkout

ROOT = Path(__file__).resolve().parents[2]

FULU = '''
# Fulu

## Types

| Type   | SSZ equivalent       | Description |
| ------ | -------------------- | ----------- |
| `Gwei` | `Uint64`             | money       |
| `Coin` | `Uint8`              | change      |
| `Bits` | `List[Uint64, 2**4]` | a list      |

## Constants

| Constant | Type   | Value | Description |
| -------- | ------ | ----- | ----------- |
| `LIMIT`  | `Gwei` | `32`  | the most    |
| `FLOOR`  | `Gwei` | `1`   | the least   |

## Presets

| Preset value | Type     | Minimal | Mainnet |
| ------------ | -------- | ------- | ------- |
| `SLOTS`      | `Uint64` | `8`     | `32`    |

## Containers

### `Box`

```python
class Box(Container):
    """What is kept."""

    coins: Coin
    # In Gwei
    amount: Gwei
    label: Uint64
```

## Functions

### `take`

Whoever takes gives nothing back, so the box is the lighter for it and its owner the poorer.

```python
def take(box: Box, amount: Gwei) -> Gwei:
    """Return what is left."""
    if amount > LIMIT:
        return Gwei(0)
    return Gwei(box.amount - amount)
```

### `fill`

```python
def fill(box: Box) -> Gwei:
    """Fill to the brim."""
    return Gwei(LIMIT - empty(box))
```

### `empty`

It is emptied.

```python
def empty(box: Box) -> Gwei:
    """Return all that was there."""
    return take(box, FLOOR)
```
'''

POOLBONDS = '''
# PoolBonds

## Modified constants

| Constant | Type   | Value | Description    |
| -------- | ------ | ----- | -------------- |
| `LIMIT`  | `Coin` | `64`  | twice the most |

## New configuration values

| Configuration value | Type   | Minimal | Mainnet | Description     |
| ------------------- | ------ | ------- | ------- | --------------- |
| `SHARE`             | `Gwei` | `3`     | `5`     | of a \\| or more |

## Modified preset values

| Preset value | Type     | Minimal | Mainnet |
| ------------ | -------- | ------- | ------- |
| `SLOTS`      | `Uint64` | `8`     | `64`    |

## Removed types

| Type   | SSZ equivalent       | Description |
| ------ | -------------------- | ----------- |
| `Bits` | `List[Uint64, 2**4]` | a list      |

## Modified types

| Type   | SSZ equivalent | Description |
| ------ | -------------- | ----------- |
| `Coin` | `Uint64`       | change      |

## Containers

### Modified `Box`

```python
class Box(Container):
    """What is kept."""

    coins: Coin
    # [Modified in PoolBonds]
    # In Gwei
    amount: Coin
    label: Uint64
    # [New in PoolBonds]
    owner: Uint64
```

## Functions

### New `share`

A [taker](#modified-take) of more pays `SHARE` for it; see [Fulu](../fulu/parameters.md#fill) too.

```python
def share(amount: Gwei) -> Gwei:
    """Return the part of an amount that stays."""
    return Gwei(amount // SHARE)
```

### Modified `take`

Whoever takes gives a share back, so the box is the lighter for it and its owner the poorer.

```python
def take(box: Box, amount: Gwei) -> Gwei:
    """Return what is left."""
    # [Modified in PoolBonds]
    if amount >= LIMIT:
        return Gwei(0)
    return Gwei(box.amount - share(amount))
```

### Modified `fill`

```python
def fill(box: Box) -> Gwei:
    """Fill to the brim, but for the floor."""
    return Gwei(LIMIT - FLOOR)
```

### Removed `empty`
'''

EIP = """\
---
eip: 1
title: `take` is not stated here
---

## Abstract

All about `share`, and much about `fill(box)`.

## Specification

### What is *kept*: `Box`

A `Box` has an owner.

### Functions

| Function | Change          |
| -------- | --------------- |
| `take`   | takes a `share` |

```python
LIMIT = 64
```

Nobody says fill without backticks.
"""

INDEX = """\
{
  "share": {},
  "take": {
    "operations/taking": {"cases": 12, "examples": ["all", "some"]},
    "sanity/blocks": {"cases": 1, "examples": ["once"]}
  },
  "fill": {}
}
"""

LEFT_OUT = "excluded functions:\n  fill: nobody fills\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A checkout with empty documents."""
    return Checkout(tmp_path / "checkout")


@pytest.fixture
def small(checkout: Checkout) -> Checkout:
    """A checkout whose fork has every kind of change."""
    checkout.fulu(FULU)
    checkout.poolbonds(POOLBONDS)
    checkout.write(PROPOSAL, EIP)
    checkout.write(PLACE, INDEX)
    checkout.write(REVIEWED, LEFT_OUT)
    return checkout


@pytest.fixture
def small_report(small: Checkout) -> Report:
    """All about the small fork."""
    return gather(small.root, Target(".."), small.root / PLACE)


@pytest.fixture(scope="session")
def real_report() -> Report:
    """All about the fork of this project."""
    return gather(ROOT, Target("https://example.org/tree"), ROOT / PLACE)


@pytest.fixture(scope="session")
def real_page(real_report: Report) -> str:
    """The page of the fork of this project."""
    return html_page(real_report)


@pytest.fixture(scope="session")
def real_markdown(real_report: Report) -> str:
    """The Markdown of the fork of this project."""
    return markdown_page(real_report)
