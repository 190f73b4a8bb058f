"""The rules of PoolBonds."""

from poolspec.engine.fulu.rules import FuluRules

__all__ = ["PoolBondsRules"]


class PoolBondsRules(FuluRules):
    """The whole transition."""
