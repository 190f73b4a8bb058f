"""Evidence against proposers and attesters."""

from collections.abc import Iterable
from typing import Any

from tests.helpers.attestations import build_attestation_data, sign_vote
from tests.helpers.keys import secret_of, sign


def sign_header(spec: Any, state: Any, header: Any, signer: int | None = None) -> Any:
    """A block header with a validator's signature, by default its proposer's."""
    domain = spec.get_domain(
        state, spec.DOMAIN_BEACON_PROPOSER, spec.compute_epoch_at_slot(header.slot)
    )
    index = header.proposer_index if signer is None else signer
    secret = secret_of(state.validators[index].pubkey)
    return spec.SignedBeaconBlockHeader(
        message=header, signature=sign(spec, secret, header, domain)
    )


def build_proposer_slashing(spec: Any, state: Any, index: int, slot: Any = None) -> Any:
    """Two signed headers of one proposer for one slot (by default the state's)."""
    headers = [
        spec.BeaconBlockHeader(
            slot=state.slot if slot is None else slot,
            proposer_index=index,
            parent_root=spec.Root(b"\x33" * 32),
            state_root=spec.Root(b"\x44" * 32),
            body_root=spec.Root(body * 32),
        )
        for body in (b"\x55", b"\x66")
    ]
    first, second = (sign_header(spec, state, header) for header in headers)
    return spec.ProposerSlashing(signed_header_1=first, signed_header_2=second)


def build_indexed_attestation(spec: Any, state: Any, data: Any, indices: Iterable[int]) -> Any:
    """A vote signed by these validators, whatever committees they are in."""
    voters = sorted(int(index) for index in indices)
    return spec.IndexedAttestation(
        attesting_indices=spec.AttestingIndices(voters),
        data=data,
        signature=sign_vote(spec, state, data, voters),
    )


def build_attester_slashing(spec: Any, state: Any, indices: Iterable[int]) -> Any:
    """A double vote of these validators: two heads in one slot, the second made up."""
    voters = list(indices)
    honest = build_attestation_data(spec, state, state.slot)
    other = honest.copy()
    other.beacon_block_root = spec.Root(b"\x77" * 32)
    return spec.AttesterSlashing(
        attestation_1=build_indexed_attestation(spec, state, honest, voters),
        attestation_2=build_indexed_attestation(spec, state, other, voters),
    )
