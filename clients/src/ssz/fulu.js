/** The containers of specs/fulu/containers.md, written down from that document. */
import {ContainerType} from "@chainsafe/ssz";

import {
  boolean,
  bytes4,
  bytes20,
  bytes32,
  bytes48,
  bytes96,
  list,
  namedTypes,
  uint64,
  uint256,
} from "./types.js";

const container = (fields) => new ContainerType(fields);
const signed = (message) => container({message, signature: bytes96});

const Checkpoint = container({epoch: uint64, root: bytes32});
const BeaconBlockHeader = container({
  slot: uint64,
  proposer_index: uint64,
  parent_root: bytes32,
  state_root: bytes32,
  body_root: bytes32,
});
const Eth1Data = container({deposit_root: bytes32, deposit_count: uint64, block_hash: bytes32});

/** What a registry or a queue of the state is made of. */
function stateParts(named) {
  return {
    Fork: container({previous_version: bytes4, current_version: bytes4, epoch: uint64}),
    Checkpoint,
    BeaconBlockHeader,
    Eth1Data,
    Validator: container({
      pubkey: bytes48,
      withdrawal_credentials: bytes32,
      effective_balance: uint64,
      slashed: boolean,
      activation_eligibility_epoch: uint64,
      activation_epoch: uint64,
      exit_epoch: uint64,
      withdrawable_epoch: uint64,
    }),
    SyncCommittee: container({pubkeys: named.SyncCommitteePubkeys, aggregate_pubkey: bytes48}),
    HistoricalSummary: container({block_summary_root: bytes32, state_summary_root: bytes32}),
    PendingDeposit: container({
      pubkey: bytes48,
      withdrawal_credentials: bytes32,
      amount: uint64,
      signature: bytes96,
      slot: uint64,
    }),
    PendingPartialWithdrawal: container({validator_index: uint64, amount: uint64, withdrawable_epoch: uint64}),
    PendingConsolidation: container({source_index: uint64, target_index: uint64}),
  };
}

function attestations(named) {
  const AttestationData = container({
    slot: uint64,
    index: uint64,
    beacon_block_root: bytes32,
    source: Checkpoint,
    target: Checkpoint,
  });
  const IndexedAttestation = container({
    attesting_indices: named.AttestingIndices,
    data: AttestationData,
    signature: bytes96,
  });
  const Attestation = container({
    aggregation_bits: named.AggregationBits,
    data: AttestationData,
    signature: bytes96,
    committee_bits: named.CommitteeBits,
  });
  const SingleAttestation = container({
    committee_index: uint64,
    attester_index: uint64,
    data: AttestationData,
    signature: bytes96,
  });
  const SignedBeaconBlockHeader = signed(BeaconBlockHeader);
  return {
    AttestationData,
    IndexedAttestation,
    Attestation,
    SingleAttestation,
    SignedBeaconBlockHeader,
    ProposerSlashing: container({signed_header_1: SignedBeaconBlockHeader, signed_header_2: SignedBeaconBlockHeader}),
    AttesterSlashing: container({attestation_1: IndexedAttestation, attestation_2: IndexedAttestation}),
  };
}

function otherOperations(named) {
  const message = {pubkey: bytes48, withdrawal_credentials: bytes32, amount: uint64};
  const DepositData = container({...message, signature: bytes96});
  const VoluntaryExit = container({epoch: uint64, validator_index: uint64});
  const BLSToExecutionChange = container({
    validator_index: uint64,
    from_bls_pubkey: bytes48,
    to_execution_address: bytes20,
  });
  return {
    DepositMessage: container(message),
    DepositData,
    Deposit: container({proof: named.DepositProof, data: DepositData}),
    VoluntaryExit,
    SignedVoluntaryExit: signed(VoluntaryExit),
    SyncAggregate: container({
      sync_committee_bits: named.SyncCommitteeBits,
      sync_committee_signature: bytes96,
    }),
    BLSToExecutionChange,
    SignedBLSToExecutionChange: signed(BLSToExecutionChange),
  };
}

function executionPayloads(named, preset) {
  const Withdrawal = container({index: uint64, validator_index: uint64, address: bytes20, amount: uint64});
  const before = {
    parent_hash: bytes32,
    fee_recipient: bytes20,
    state_root: bytes32,
    receipts_root: bytes32,
    logs_bloom: named.LogsBloom,
    prev_randao: bytes32,
    block_number: uint64,
    gas_limit: uint64,
    gas_used: uint64,
    timestamp: uint64,
    extra_data: named.ExtraData,
    base_fee_per_gas: uint256,
    block_hash: bytes32,
  };
  const after = {blob_gas_used: uint64, excess_blob_gas: uint64};
  return {
    Withdrawal,
    ExecutionPayload: container({
      ...before,
      transactions: named.Transactions,
      withdrawals: list(Withdrawal, preset.MAX_WITHDRAWALS_PER_PAYLOAD),
      ...after,
    }),
    ExecutionPayloadHeader: container({
      ...before,
      transactions_root: bytes32,
      withdrawals_root: bytes32,
      ...after,
    }),
  };
}

function executionRequests(preset) {
  const DepositRequest = container({
    pubkey: bytes48,
    withdrawal_credentials: bytes32,
    amount: uint64,
    signature: bytes96,
    index: uint64,
  });
  const WithdrawalRequest = container({source_address: bytes20, validator_pubkey: bytes48, amount: uint64});
  const ConsolidationRequest = container({
    source_address: bytes20,
    source_pubkey: bytes48,
    target_pubkey: bytes48,
  });
  return {
    DepositRequest,
    WithdrawalRequest,
    ConsolidationRequest,
    ExecutionRequests: container({
      deposits: list(DepositRequest, preset.MAX_DEPOSIT_REQUESTS_PER_PAYLOAD),
      withdrawals: list(WithdrawalRequest, preset.MAX_WITHDRAWAL_REQUESTS_PER_PAYLOAD),
      consolidations: list(ConsolidationRequest, preset.MAX_CONSOLIDATION_REQUESTS_PER_PAYLOAD),
    }),
  };
}

/** Blocks around a body, which a fork may have changed. */
export function blocksAround(BeaconBlockBody) {
  const BeaconBlock = container({
    slot: uint64,
    proposer_index: uint64,
    parent_root: bytes32,
    state_root: bytes32,
    body: BeaconBlockBody,
  });
  return {BeaconBlockBody, BeaconBlock, SignedBeaconBlock: signed(BeaconBlock)};
}

function blockBody(types, named, preset) {
  return container({
    randao_reveal: bytes96,
    eth1_data: Eth1Data,
    graffiti: bytes32,
    proposer_slashings: list(types.ProposerSlashing, preset.MAX_PROPOSER_SLASHINGS),
    attester_slashings: list(types.AttesterSlashing, preset.MAX_ATTESTER_SLASHINGS_ELECTRA),
    attestations: list(types.Attestation, preset.MAX_ATTESTATIONS_ELECTRA),
    deposits: list(types.Deposit, preset.MAX_DEPOSITS),
    voluntary_exits: list(types.SignedVoluntaryExit, preset.MAX_VOLUNTARY_EXITS),
    sync_aggregate: types.SyncAggregate,
    execution_payload: types.ExecutionPayload,
    bls_to_execution_changes: list(types.SignedBLSToExecutionChange, preset.MAX_BLS_TO_EXECUTION_CHANGES),
    blob_kzg_commitments: named.BlobKZGCommitments,
    execution_requests: types.ExecutionRequests,
  });
}

function validatorMessages(types, named) {
  const AggregateAndProof = container({
    aggregator_index: uint64,
    aggregate: types.Attestation,
    selection_proof: bytes96,
  });
  const SyncCommitteeContribution = container({
    slot: uint64,
    beacon_block_root: bytes32,
    subcommittee_index: uint64,
    aggregation_bits: named.SyncSubcommitteeBits,
    signature: bytes96,
  });
  const ContributionAndProof = container({
    aggregator_index: uint64,
    contribution: SyncCommitteeContribution,
    selection_proof: bytes96,
  });
  return {
    AggregateAndProof,
    SignedAggregateAndProof: signed(AggregateAndProof),
    SyncCommitteeMessage: container({
      slot: uint64,
      beacon_block_root: bytes32,
      validator_index: uint64,
      signature: bytes96,
    }),
    SyncCommitteeContribution,
    ContributionAndProof,
    SignedContributionAndProof: signed(ContributionAndProof),
    SyncAggregatorSelectionData: container({slot: uint64, subcommittee_index: uint64}),
  };
}

const SIGNING_AND_BRIDGE = {
  ForkData: container({current_version: bytes4, genesis_validators_root: bytes32}),
  SigningData: container({object_root: bytes32, domain: bytes32}),
  Eth1Block: container({timestamp: uint64, deposit_root: bytes32, deposit_count: uint64}),
};

/** The fields of a state, in consensus order. */
function stateFields(types, named, preset) {
  return {
    genesis_time: uint64,
    genesis_validators_root: bytes32,
    slot: uint64,
    fork: types.Fork,
    latest_block_header: BeaconBlockHeader,
    block_roots: named.BlockRoots,
    state_roots: named.StateRoots,
    historical_roots: named.HistoricalRoots,
    eth1_data: Eth1Data,
    eth1_data_votes: list(Eth1Data, preset.EPOCHS_PER_ETH1_VOTING_PERIOD * preset.SLOTS_PER_EPOCH),
    eth1_deposit_index: uint64,
    validators: list(types.Validator, preset.VALIDATOR_REGISTRY_LIMIT),
    balances: named.Balances,
    randao_mixes: named.RandaoMixes,
    slashings: named.Slashings,
    previous_epoch_participation: named.EpochParticipation,
    current_epoch_participation: named.EpochParticipation,
    justification_bits: named.JustificationBits,
    previous_justified_checkpoint: Checkpoint,
    current_justified_checkpoint: Checkpoint,
    finalized_checkpoint: Checkpoint,
    inactivity_scores: named.InactivityScores,
    current_sync_committee: types.SyncCommittee,
    next_sync_committee: types.SyncCommittee,
    latest_execution_payload_header: types.ExecutionPayloadHeader,
    next_withdrawal_index: uint64,
    next_withdrawal_validator_index: uint64,
    historical_summaries: list(types.HistoricalSummary, preset.HISTORICAL_ROOTS_LIMIT),
    deposit_requests_start_index: uint64,
    deposit_balance_to_consume: uint64,
    exit_balance_to_consume: uint64,
    earliest_exit_epoch: uint64,
    consolidation_balance_to_consume: uint64,
    earliest_consolidation_epoch: uint64,
    pending_deposits: list(types.PendingDeposit, preset.PENDING_DEPOSITS_LIMIT),
    pending_partial_withdrawals: list(types.PendingPartialWithdrawal, preset.PENDING_PARTIAL_WITHDRAWALS_LIMIT),
    pending_consolidations: list(types.PendingConsolidation, preset.PENDING_CONSOLIDATIONS_LIMIT),
    proposer_lookahead: named.ProposerLookahead,
  };
}

/** Every container of Fulu under a preset, by name. */
export function fuluContainers(preset) {
  const named = namedTypes(preset);
  const types = {
    ...stateParts(named),
    ...attestations(named),
    ...otherOperations(named),
    ...executionPayloads(named, preset),
    ...executionRequests(preset),
    ...SIGNING_AND_BRIDGE,
  };
  return {
    ...types,
    ...validatorMessages(types, named),
    ...blocksAround(blockBody(types, named, preset)),
    BeaconState: container(stateFields(types, named, preset)),
    // The parts of the runner `rewards`; no container of the protocol.
    Deltas: container({rewards: named.Balances, penalties: named.Balances}),
  };
}
