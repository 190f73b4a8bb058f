"""The list of studies."""

from collections.abc import Sequence

from poolspec.studies import (
    agreement,
    break_even,
    corruption,
    income,
    offline,
    partition,
    reseating,
    surfaces,
    swing,
    weak_subjectivity,
)
from poolspec.studies.errors import StudyError
from poolspec.studies.study import Study

__all__ = ["STUDIES", "find"]

STUDIES: Sequence[Study] = (
    corruption.STUDY,
    swing.STUDY,
    partition.STUDY,
    reseating.STUDY,
    offline.STUDY,
    income.STUDY,
    break_even.STUDY,
    weak_subjectivity.STUDY,
    surfaces.STUDY,
    agreement.STUDY,
)
"""In the order in which the EIP raises their questions."""


def find(names: Sequence[str]) -> list[Study]:
    """Return the studies of these names in the order of the list; all of them for no name."""
    known = {study.name: study for study in STUDIES}
    for name in names:
        if name not in known:
            raise StudyError(f"no study '{name}'; there are: {', '.join(known)}")
    return [study for study in STUDIES if not names or study.name in names]
