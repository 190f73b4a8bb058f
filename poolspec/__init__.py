"""Pool bonds: executable forks of the beacon chain."""

from poolspec.runtime.loader import load

__all__ = ["load"]
