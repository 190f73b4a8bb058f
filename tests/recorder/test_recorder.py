"""What the recorder makes of the parts that a test hands over, and what it refuses."""

import pytest

from poolspec.runtime.ssz import Bytes32, Container, Uint64
from poolspec.vectors.layout import CaseId
from poolspec.vectors.parts import pack_snappy
from poolspec.vectors.recorder import Recorder, RecordingError


class State(Container):
    """Enough of a state."""

    slot: Uint64
    root: Bytes32


CASE = CaseId("minimal", "fulu", "operations", "attestation", "pyspec_tests", "some")


def _recorder(runner: str = "operations", writing: bool = True) -> Recorder:
    return Recorder(CaseId("minimal", "fulu", runner, "handler", "suite", "case"), writing)


def test_a_valid_operation() -> None:
    """Parts are taken as they are at the time; the manifest names the case."""
    recorder, state = Recorder(CASE, True), State(slot=Uint64(1))
    recorder.pre(state)
    recorder.operation("attestation", State())
    state.slot = Uint64(2)
    recorder.post(state)
    assert recorder.finish() == {
        "pre.ssz_snappy": pack_snappy(b"\x01" + b"\0" * 39),
        "attestation.ssz_snappy": pack_snappy(b"\0" * 40),
        "post.ssz_snappy": pack_snappy(b"\x02" + b"\0" * 39),
        "manifest.yaml": b"preset: minimal\nfork: fulu\nrunner: operations\n"
        b"handler: attestation\nsuite: pyspec_tests\ncase: some\n",
    }


def test_an_invalid_one_names_its_reason() -> None:
    recorder = Recorder(CASE, True)
    recorder.pre(State())
    recorder.post(None)
    recorder.invalid("too late: by a slot")
    files = recorder.finish()
    assert set(files) == {"pre.ssz_snappy", "manifest.yaml"}
    assert files["manifest.yaml"].endswith(b"case: some\nreason: 'too late: by a slot'\n")


def test_blocks_and_settings() -> None:
    recorder = _recorder("sanity")
    recorder.pre(State())
    recorder.blocks([State(), State(slot=Uint64(7))])
    recorder.meta(bls_setting=1)
    recorder.config({"SOME_EPOCH": 5, "SOME_VERSION": "0x00000001"})
    recorder.post(State())
    files = recorder.finish()
    assert files["meta.yaml"] == b"blocks_count: 2\nbls_setting: 1\n"
    assert files["config.yaml"] == b"SOME_EPOCH: 5\nSOME_VERSION: '0x00000001'\n"
    assert files["blocks_1.ssz_snappy"] == pack_snappy(b"\x07" + b"\0" * 39)


@pytest.mark.parametrize("writing", [True, False])
def test_a_case_needs_one_verdict(writing: bool) -> None:
    """The rules hold in ordinary test runs too, where nothing is kept."""
    without = _recorder(writing=writing)
    without.pre(State())
    with pytest.raises(RecordingError, match="either `post` or `invalid`"):
        without.finish()
    both = _recorder(writing=writing)
    both.post(State())
    both.invalid("why")
    with pytest.raises(RecordingError, match="either `post` or `invalid`"):
        both.finish()
    with pytest.raises(RecordingError, match="nothing was recorded"):
        _recorder(writing=writing).finish()


def test_values_need_no_verdict() -> None:
    recorder = _recorder("ssz_static")
    recorder.ssz("serialized", State())
    assert set(recorder.finish()) == {"serialized.ssz_snappy", "manifest.yaml"}


def test_what_is_refused() -> None:
    recorder = _recorder()
    recorder.pre(State())
    with pytest.raises(RecordingError, match=r"a second pre\.ssz_snappy"):
        recorder.pre(State())
    with pytest.raises(RecordingError, match=r"a second meta\.yaml"):
        recorder.yaml("meta", {})
    recorder.meta(bls_setting=1)
    with pytest.raises(RecordingError, match="'bls_setting' is 1, then 2"):
        recorder.meta(bls_setting=2)
    with pytest.raises(RecordingError, match="exactly one reason"):
        recorder.invalid(" ")
    recorder.invalid("one")
    with pytest.raises(RecordingError, match="exactly one reason"):
        recorder.invalid("two")
