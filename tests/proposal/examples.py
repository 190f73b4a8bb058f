"""A proposal as small as the rules allow, and what is reported of others."""

from pathlib import Path

from poolspec.proposal.checking import check_rules
from poolspec.proposal.document import Proposal, read
from pysetup.errors import Problems

NAME = "eip-9999.md"

VALID = """\
---
eip: 9999
title: A Small Thing
description: Makes one thing of the protocol a little smaller
author: Ada Lovelace (@ada), Charles Babbage <charles@example.org>
discussions-to: https://ethereum-magicians.org/t/a-small-thing/12345
status: Draft
type: Standards Track
category: Core
created: 2026-11-22
requires: 6110, 7002
---

## Abstract

It builds on [EIP-7002](./eip-7002.md). EIP-7002 is older.

## Motivation

Things are large.

## Specification

The key words "MUST", "MUST NOT", "REQUIRED", "SHALL", "SHALL NOT", "SHOULD", "SHOULD NOT",
"RECOMMENDED", "NOT RECOMMENDED", "MAY", and "OPTIONAL" in this document are to be interpreted as
described in RFC 2119 and RFC 8174.

Things MUST be small. See [the rules](../specs/small.md#a-rule) and [above](#motivation).

```python
small = True
```

## Rationale

Small is good: ![a plot](assets/plot.svg).

## Security Considerations

None are known.

## Copyright

Copyright and related rights waived via [CC0](../LICENSE.md).
"""


def make_checkout(root: Path) -> None:
    """Write the files that the small proposal links to."""
    (root / "eip" / "assets").mkdir(parents=True)
    (root / "eip" / "assets" / "plot.svg").write_text("<svg/>")
    (root / "specs").mkdir()
    (root / "specs" / "small.md").write_text("# Small\n\n## A `rule`\n\nOne with 4 sides.\n")


def parse(root: Path, text: str, name: str = NAME) -> tuple[Proposal, Problems]:
    """Return a text read as a proposal, with what was reported of it while reading."""
    path = root / "eip" / name
    path.write_text(text, encoding="utf-8")
    problems = Problems()
    return read(path, name, problems), problems


def reported(root: Path, text: str, name: str = NAME) -> list[str]:
    """Return what the rules have to say of a text, as `line: message`."""
    proposal, problems = parse(root, text, name)
    check_rules(proposal, root, problems)
    return [f"{each.line}: {each.message}" for each in problems.sorted()]
