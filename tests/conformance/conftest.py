"""Cases of a toy fork, and the toy as an implementation that replays them."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from poolspec.mutation.bench import Bench, BenchMaker, open_bench
from poolspec.runtime.ssz import Container
from poolspec.vectors import conformance, implementations
from poolspec.vectors.layout import CaseId, Selection
from poolspec.vectors.parts import pack_snappy, write_yaml
from poolspec.vectors.source import find
from tests.conformance.judged import load_toy
from tests.conformance.toy import Configuration, toy_spec


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of an implementation that runs the toy as fulu/minimal."""

    def load(fork: str, preset: str, fast: bool, config: Mapping[str, Any] | None) -> Any:
        return toy_spec(Configuration(**(config or {})))

    def forks() -> dict[str, tuple[str, ...]]:
        return {"fulu": ("minimal",)}

    monkeypatch.setitem(implementations.IMPLEMENTATIONS, "toy", load)
    monkeypatch.setattr(implementations, "compiled", forks)
    monkeypatch.setattr(conformance, "compiled", forks)
    implementations._cached.cache_clear()
    return "toy"


Writer = Callable[..., Path]


@pytest.fixture
def write_case(tmp_path: Path) -> Writer:
    """Write a case below `tmp_path`; SSZ values, YAML values, or raw bytes, by part name."""

    def write(place: str, **parts: Any) -> Path:
        names = place.split("/")
        preset, fork = ("minimal", "fulu") if len(names) == 3 else names[:2]
        runner, handler, case = names[-3:]
        folder = tmp_path / CaseId(preset, fork, runner, handler, "suite", case).folder
        folder.mkdir(parents=True)
        for part, value in parts.items():
            if isinstance(value, bytes):
                (folder / f"{part}.ssz_snappy").write_bytes(value)
            elif hasattr(value, "encode_bytes") and isinstance(value, Container):
                (folder / f"{part}.ssz_snappy").write_bytes(pack_snappy(value.encode_bytes()))
            else:
                (folder / f"{part}.yaml").write_bytes(write_yaml(value))
        return folder

    return write


@pytest.fixture
def judged_toy(tmp_path: Path, toy: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The toy whose functions can be judged, in place of the implementation "toy"."""
    module = load_toy(tmp_path)
    monkeypatch.setitem(implementations.IMPLEMENTATIONS, toy, lambda *_: module)
    return module


@pytest.fixture
def toy_bench(tmp_path: Path, judged_toy: ModuleType, toy: str) -> BenchMaker:
    """A bench of all toy cases that have been written when it is opened."""

    def open_it() -> AbstractContextManager[Bench]:
        return open_bench(find(tmp_path, Selection(), tmp_path)[0], "fulu", toy)

    return open_it
