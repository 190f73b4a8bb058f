"""A small chain: its keys, its genesis, and a proposer that uses the documents' functions."""

from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from typing import Any

from poolspec.runtime import bls

VALIDATOR_COUNT = 64
ETH = 10**9
GENESIS_TIME = 1_700_000_000
BLOCK_HASH = sha256(b"the execution layer's genesis").digest()
FEE_RECIPIENT = b"\x0f" * 20


def privkey(index: int) -> int:
    """The secret key of a validator of the chain."""
    return index + 1


@cache
def pubkey(index: int) -> bytes:
    """The public key of a validator of the chain."""
    return bytes(bls.SkToPk(privkey(index)))


def genesis_validators(spec: Any, balances: Sequence[int]) -> list[Any]:
    """Validators with these balances (Gwei), keys by index, and compounding credentials."""
    return [
        spec.GenesisValidator(
            spec.BLSPubkey(pubkey(index)),
            spec.Bytes32(b"\x02" + bytes(11) + index.to_bytes(20, "big")),
            spec.Gwei(balance),
        )
        for index, balance in enumerate(balances)
    ]


def genesis_state(spec: Any, balances: Sequence[int] = (32 * ETH,) * VALIDATOR_COUNT) -> Any:
    """A chain that starts at GENESIS_TIME."""
    return spec.initialize_genesis_state(
        spec.Uint64(GENESIS_TIME), spec.Hash32(BLOCK_HASH), genesis_validators(spec, balances)
    )


def signing_root(object_root: bytes, domain_type: str, version: str, state: Any) -> bytes:
    """What is signed, reckoned with SHA-256 alone."""
    fork = bytes.fromhex(version).ljust(32, b"\0")
    fork_data_root = sha256(fork + bytes(state.genesis_validators_root)).digest()
    return sha256(object_root + bytes.fromhex(domain_type) + fork_data_root[:28]).digest()


class Builder:
    """An execution engine that builds empty payloads, one at a time."""

    def __init__(self, spec: Any) -> None:
        self.spec = spec
        self.calls: list[tuple[Any, ...]] = []

    def notify_forkchoice_updated(self, *arguments: Any) -> Any:
        """Remember what was asked for."""
        self.calls.append(arguments)
        return self.spec.PayloadId(len(self.calls).to_bytes(8, "big"))

    def payload(self) -> Any:
        """The payload last asked for; its hash stands for its contents."""
        head, _, _, attributes = self.calls[-1]
        payload = self.spec.ExecutionPayload(
            parent_hash=head,
            fee_recipient=attributes.suggested_fee_recipient,
            prev_randao=attributes.prev_randao,
            timestamp=attributes.timestamp,
            withdrawals=self.spec.Withdrawals(attributes.withdrawals),
        )
        payload.block_hash = sha256(payload.encode_bytes()).digest()
        return payload


def propose(spec: Any, state: Any, slot: int, **body_parts: Any) -> Any:
    """The signed block of a slot on top of `state`, whose own slot must be earlier."""
    slot = spec.Slot(slot)
    advanced = state.copy()
    spec.process_slots(advanced, slot)
    proposer = spec.get_beacon_proposer_index(advanced)
    builder = Builder(spec)
    zero = spec.Hash32()
    spec.prepare_execution_payload(advanced, zero, zero, FEE_RECIPIENT, builder)
    body = spec.BeaconBlockBody(
        randao_reveal=spec.get_epoch_signature(
            advanced, spec.BeaconBlock(slot=slot), privkey(proposer)
        ),
        eth1_data=spec.get_eth1_vote(advanced, []),
        execution_payload=builder.payload(),
        **{
            "sync_aggregate": spec.SyncAggregate(
                sync_committee_signature=spec.G2_POINT_AT_INFINITY
            ),
            **body_parts,
        },
    )
    block = spec.build_block(state, slot, body)
    signature = spec.get_block_signature(advanced, block, privkey(proposer))
    return spec.SignedBeaconBlock(message=block, signature=signature)
