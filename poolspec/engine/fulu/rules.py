"""The rules of Fulu."""

from poolspec.engine.fulu.block_processing import BlockProcessing

__all__ = ["FuluRules"]


class FuluRules(BlockProcessing):
    """The whole transition; a later fork derives from it and overrides what differs."""
