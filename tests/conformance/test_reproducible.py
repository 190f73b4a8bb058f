"""The same vectors come out whatever the hash seed and the number of jobs."""

from pathlib import Path

from poolspec.vectors.layout import Selection
from poolspec.vectors.reproducible import ROOT, Circumstances, differences, write

SLICE = Selection(
    preset=("minimal",), fork=("poolbonds",), runner=("operations",), handler=("pool_admission",)
)


def test_a_slice_is_the_same_byte_for_byte(tmp_path: Path) -> None:
    one = write(ROOT, tmp_path / "one", SLICE, Circumstances(seed=1, jobs=1))
    other = write(ROOT, tmp_path / "other", SLICE, Circumstances(seed=2, jobs=2))
    assert sum(path.endswith("/manifest.yaml") for path in one) > 10
    assert differences(one, other) == []


def test_differences_are_named() -> None:
    one = {"a": b"1", "b": b"2", "c": b"3"}
    assert differences(one, {"a": b"1", "b": b"X", "d": b"4"}) == [
        "b: differs",
        "c: is in one of both only",
        "d: is in one of both only",
    ]
