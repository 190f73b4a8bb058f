"""What can go wrong with studies other than a defect."""

__all__ = ["CheckError", "StudyError"]


class StudyError(Exception):
    """Input that cannot be used, or help that cannot be had; the text is for the user."""


class CheckError(Exception):
    """A run or a closed form contradicts what it is held against, so its numbers mean nothing."""
