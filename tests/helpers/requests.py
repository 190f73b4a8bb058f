"""What stakers and operators ask for: exits, changes of credentials, execution requests."""

from typing import Any

from tests.helpers.genesis import execution_address
from tests.helpers.keys import public_key, secret_key, secret_of, sign

BLS_PREFIX = b"\x00"


def build_withdrawal_request(
    spec: Any, state: Any, index: int, amount: int = 0, address: bytes | None = None
) -> Any:
    """A request for a validator from the address in its credentials; amount 0 is a full exit."""
    validator = state.validators[index]
    source = bytes(validator.withdrawal_credentials)[12:] if address is None else address
    return spec.WithdrawalRequest(
        source_address=spec.ExecutionAddress(source),
        validator_pubkey=validator.pubkey,
        amount=spec.Gwei(amount),
    )


def build_consolidation_request(spec: Any, state: Any, source: int, target: int) -> Any:
    """A request to move a validator's balance, from the address in its credentials."""
    validator = state.validators[source]
    return spec.ConsolidationRequest(
        source_address=spec.ExecutionAddress(bytes(validator.withdrawal_credentials)[12:]),
        source_pubkey=validator.pubkey,
        target_pubkey=state.validators[target].pubkey,
    )


def build_voluntary_exit(spec: Any, state: Any, index: int, epoch: Any = None) -> Any:
    """A signed exit, by default of the current epoch. Its domain stays with Capella (EIP-7044)."""
    message = spec.VoluntaryExit(
        epoch=spec.get_current_epoch(state) if epoch is None else epoch,
        validator_index=index,
    )
    domain = spec.compute_domain(
        spec.DOMAIN_VOLUNTARY_EXIT, spec.config.CAPELLA_FORK_VERSION, state.genesis_validators_root
    )
    secret = secret_of(state.validators[index].pubkey)
    return spec.SignedVoluntaryExit(message=message, signature=sign(spec, secret, message, domain))


def withdrawal_key(index: int) -> int:
    """The number of the key that BLS credentials of a validator commit to."""
    return 2**30 + index


def bls_credentials(spec: Any, index: int) -> bytes:
    """Credentials that commit to the withdrawal key of a validator."""
    return BLS_PREFIX + bytes(spec.hash(public_key(withdrawal_key(index))))[1:]


def build_bls_to_execution_change(spec: Any, state: Any, index: int) -> Any:
    """A signed change to the execution address of that index."""
    key = withdrawal_key(index)
    message = spec.BLSToExecutionChange(
        validator_index=index,
        from_bls_pubkey=spec.BLSPubkey(public_key(key)),
        to_execution_address=spec.ExecutionAddress(execution_address(index)),
    )
    domain = spec.compute_domain(
        spec.DOMAIN_BLS_TO_EXECUTION_CHANGE,
        genesis_validators_root=state.genesis_validators_root,
    )
    return spec.SignedBLSToExecutionChange(
        message=message, signature=sign(spec, secret_key(key), message, domain)
    )
