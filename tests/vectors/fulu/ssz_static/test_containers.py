"""Every container: encodings and roots of random values."""

from random import Random
from typing import Any

import pytest

import poolspec
from poolspec.runtime.ssz import Container, deserialize
from poolspec.vectors.declaring import SpecKey
from poolspec.vectors.recorder import Recorder
from tests.conftest import spec_keys
from tests.helpers.plain_ssz import encode, root, to_yaml
from tests.helpers.random_ssz import Mode, random_value

pytestmark = pytest.mark.vectors(runner="ssz_static", forks=["fulu", "poolbonds"])

COUNTS = {
    "minimal": {
        Mode.RANDOM: 3,
        Mode.ZERO: 1,
        Mode.MAX: 1,
        Mode.NIL: 1,
        Mode.ONE: 2,
        Mode.LENGTHY: 2,
        Mode.CHAOS: 3,
    },
    "mainnet": {Mode.RANDOM: 2},
}
"""Cases of each container, by mode."""


def containers(key: SpecKey) -> list[str]:
    """The names of all containers of a fork."""
    module = poolspec.load(key.fork, key.preset)
    return sorted(
        name
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Container) and value is not Container
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each fork, preset, container, mode and number."""
    cases = [
        pytest.param(
            key,
            container,
            mode,
            number,
            id=f"{key}-{container}-{mode.value}-{number}",
            marks=pytest.mark.vectors(
                handler=container, suite=f"ssz_{mode.value}", case=f"case_{number}"
            ),
        )
        for key in spec_keys(metafunc.config, metafunc.definition)
        for container in containers(key)
        for mode, count in COUNTS[key.preset].items()
        for number in range(count)
    ]
    metafunc.parametrize(("spec", "container", "mode", "number"), cases, indirect=["spec"])


def test_container(spec: Any, vector: Recorder, container: str, mode: Mode, number: int) -> None:
    """The runtime decodes, encodes and roots as the plain implementation does."""
    kind = getattr(spec, container)
    value = random_value(kind, mode, Random(str(vector.case)))
    encoding, expected_root = encode(kind, value), root(kind, value)
    decoded = deserialize(kind, encoding)
    assert spec.serialize(decoded) == encoding
    assert spec.hash_tree_root(decoded) == expected_root
    vector.ssz("serialized", decoded)
    vector.yaml("roots", {"root": f"0x{expected_root.hex()}"})
    vector.raw("value.yaml", to_yaml(kind, value))
