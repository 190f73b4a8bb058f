"""The three BLS backends agree, on what is valid and on every kind of malformed input."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from poolspec.runtime import bls, bls_backends

BACKENDS = tuple(bls.BACKENDS)

INFINITY_PUBKEY = b"\xc0" + bytes(47)
INFINITY_SIGNATURE = b"\xc0" + bytes(95)
# Points of the curves with these x coordinates exist, outside the subgroup of the right order.
OUTSIDE_PUBKEY = b"\x80" + bytes(46) + b"\x04"
OUTSIDE_SIGNATURE = b"\x80" + bytes(94) + b"\x02"
# No point of either curve has the x coordinate 1.
OFF_CURVE_PUBKEY = b"\x80" + bytes(46) + b"\x01"
OFF_CURVE_SIGNATURE = b"\x80" + bytes(94) + b"\x01"

MESSAGE = b"\xab" * 32
SECRETS = (1, 2, 2**200 + 7)

BAD_PUBKEYS = {
    "empty": b"",
    "short": b"\x80" * 47,
    "long": b"\x80" * 49,
    "zeros": bytes(48),
    "ones": b"\xff" * 48,
    "infinity": INFINITY_PUBKEY,
    "infinity with a sign": b"\xe0" + bytes(47),
    "not of the subgroup": OUTSIDE_PUBKEY,
    "not of the curve": OFF_CURVE_PUBKEY,
    "x beyond the field": b"\x9f" + b"\xff" * 47,
}
BAD_SIGNATURES = {
    "empty": b"",
    "short": b"\x80" * 95,
    "long": b"\x80" * 97,
    "zeros": bytes(96),
    "ones": b"\xff" * 96,
    "infinity": INFINITY_SIGNATURE,
    "infinity with a sign": b"\xe0" + bytes(95),
    "not of the subgroup": OUTSIDE_SIGNATURE,
    "not of the curve": OFF_CURVE_SIGNATURE,
    "x beyond the field": b"\x9f" + b"\xff" * 95,
}


@pytest.fixture(autouse=True)
def _restore_backend() -> Iterator[None]:
    before, active = bls.backend_name(), bls.bls_active
    bls.bls_active = True
    yield
    bls.use(before)
    bls.bls_active = active


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> ModuleType:
    """The module with one of the libraries selected."""
    bls.use(request.param)
    return bls


def _negated(pubkey: bytes) -> bytes:
    """Return the inverse of a point: the flag of the larger y is the other one."""
    return bytes([pubkey[0] ^ 0x20]) + pubkey[1:]


@pytest.mark.parametrize("secret", SECRETS)
def test_keys_and_signatures_are_the_same(secret: int) -> None:
    results = set()
    for name in BACKENDS:
        bls.use(name)
        results.add((bls.SkToPk(secret), bls.Sign(secret, MESSAGE)))
    assert len(results) == 1


def test_known_public_key(backend: ModuleType) -> None:
    # The generator of G1, as the curve's specification writes it.
    generator = (
        "97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac58"
        "6c55e83ff97a1aeffb3af00adb22c6bb"
    )
    assert backend.SkToPk(1).hex() == generator


def test_verify(backend: ModuleType) -> None:
    pubkey, signature = backend.SkToPk(5), backend.Sign(5, MESSAGE)
    assert backend.Verify(pubkey, MESSAGE, signature)
    assert not backend.Verify(pubkey, MESSAGE[:31], signature)
    assert not backend.Verify(backend.SkToPk(6), MESSAGE, signature)
    assert not backend.Verify(pubkey, MESSAGE, backend.Sign(6, MESSAGE))


@pytest.mark.parametrize("kind", BAD_PUBKEYS)
def test_bad_public_keys_are_refused(backend: ModuleType, kind: str) -> None:
    bad = BAD_PUBKEYS[kind]
    good, signature = backend.SkToPk(1), backend.Sign(1, MESSAGE)
    assert not backend.KeyValidate(bad)
    assert not backend.Verify(bad, MESSAGE, signature)
    # The signature at infinity is what a key at infinity would sign with.
    assert not backend.Verify(bad, MESSAGE, INFINITY_SIGNATURE)
    assert not backend.FastAggregateVerify([good, bad], MESSAGE, signature)
    assert not backend.AggregateVerify([good, bad], [MESSAGE, b"other"], signature)
    with pytest.raises(ValueError, match=r"."):
        backend.AggregatePKs([good, bad])


@pytest.mark.parametrize("kind", BAD_SIGNATURES)
def test_bad_signatures_are_refused(backend: ModuleType, kind: str) -> None:
    bad, pubkey = BAD_SIGNATURES[kind], backend.SkToPk(1)
    assert not backend.Verify(pubkey, MESSAGE, bad)
    assert not backend.FastAggregateVerify([pubkey], MESSAGE, bad)
    assert not backend.AggregateVerify([pubkey], [MESSAGE], bad)


@pytest.mark.parametrize("kind", sorted(BAD_SIGNATURES))
def test_aggregating_bad_signatures(backend: ModuleType, kind: str) -> None:
    bad, good = BAD_SIGNATURES[kind], backend.Sign(1, MESSAGE)
    if kind == "infinity":
        assert backend.Aggregate([good, bad]) == good
    elif kind == "not of the subgroup":
        # A sum takes any point of the curve; verifying the sum looks at the subgroup.
        total = backend.Aggregate([good, bad])
        assert not backend.Verify(backend.SkToPk(1), MESSAGE, total)
    else:
        with pytest.raises(ValueError, match=r"."):
            backend.Aggregate([good, bad])


def test_aggregates(backend: ModuleType) -> None:
    pubkeys = [backend.SkToPk(secret) for secret in SECRETS]
    signatures = [backend.Sign(secret, MESSAGE) for secret in SECRETS]
    total = backend.Aggregate(signatures)
    assert backend.FastAggregateVerify(pubkeys, MESSAGE, total)
    assert backend.Verify(backend.AggregatePKs(pubkeys), MESSAGE, total)
    assert not backend.FastAggregateVerify(pubkeys[:2], MESSAGE, total)
    messages = [bytes([number]) * 32 for number in range(len(SECRETS))]
    different = backend.Aggregate(
        [backend.Sign(secret, each) for secret, each in zip(SECRETS, messages, strict=True)]
    )
    assert backend.AggregateVerify(pubkeys, messages, different)
    assert not backend.AggregateVerify(pubkeys, messages[::-1], different)
    assert not backend.AggregateVerify(pubkeys, messages[:2], different)


def test_empty_lists(backend: ModuleType) -> None:
    for signature in (INFINITY_SIGNATURE, backend.Sign(1, MESSAGE)):
        assert not backend.FastAggregateVerify([], MESSAGE, signature)
        assert not backend.AggregateVerify([], [], signature)
    with pytest.raises(ValueError, match="no signatures"):
        backend.Aggregate([])
    with pytest.raises(ValueError, match="no public keys"):
        backend.AggregatePKs([])


def test_keys_that_cancel_out(backend: ModuleType) -> None:
    pubkey = backend.SkToPk(3)
    opposite = _negated(pubkey)
    assert backend.KeyValidate(opposite)
    assert not backend.FastAggregateVerify([pubkey, opposite], MESSAGE, INFINITY_SIGNATURE)
    assert backend.AggregatePKs([pubkey, opposite]) == INFINITY_PUBKEY


@pytest.mark.parametrize("secret", [0, -1, bls_backends.CURVE_ORDER])
def test_secrets_out_of_range(backend: ModuleType, secret: int) -> None:
    with pytest.raises(ValueError, match="out of range"):
        backend.SkToPk(secret)
    with pytest.raises(ValueError, match="out of range"):
        backend.Sign(secret, MESSAGE)


def test_switched_off(backend: Any) -> None:
    backend.bls_active = False
    assert backend.Sign(1, MESSAGE) == backend.STUB_SIGNATURE
    assert backend.Aggregate([]) == backend.STUB_SIGNATURE
    assert backend.Verify(b"", MESSAGE, b"")
    assert backend.FastAggregateVerify([], MESSAGE, b"")
    assert backend.AggregateVerify([], [], b"")
    # Keys are part of the state and are looked at all the same.
    assert not backend.KeyValidate(INFINITY_PUBKEY)
    assert backend.AggregatePKs([backend.SkToPk(1)]) == backend.SkToPk(1)


def test_cached_keys_stay_exact() -> None:
    bls.use("arkworks")
    for _ in range(2):
        assert bls.KeyValidate(bls.SkToPk(9))
        assert not bls.KeyValidate(OUTSIDE_PUBKEY)


def test_unknown_backend() -> None:
    with pytest.raises(bls.BackendUnavailable, match="unknown BLS backend 'blst': choose one of"):
        bls.use("blst")
    assert bls.backend_name() in BACKENDS


def test_missing_library(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> ModuleType:
        raise ImportError(f"No module named {name!r}")

    bls_backends.load_backend.cache_clear()
    monkeypatch.setattr(bls_backends, "import_module", missing)
    with pytest.raises(bls.BackendUnavailable, match="install milagro-bls-binding"):
        bls.use("milagro")


@pytest.mark.parametrize("name", [*BACKENDS, "nonsense"])
def test_environment_selects(name: str) -> None:
    program = "from poolspec.runtime import bls; print(bls.SkToPk(1)[:1].hex(), bls.backend_name())"
    result = subprocess.run(
        [sys.executable, "-c", program],
        env={"POOLSPEC_BLS": name, "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    if name == "nonsense":
        assert result.returncode == 1
        assert "unknown BLS backend 'nonsense'" in result.stderr
    else:
        assert result.stdout.split() == ["97", name]
