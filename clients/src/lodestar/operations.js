/** The runner `operations`: one operation on a state. */
import * as block from "@lodestar/state-transition/block";
import {ForkSeq, SLOTS_PER_HISTORICAL_ROOT} from "@lodestar/params";
import {ssz} from "@lodestar/types";

import {decode} from "./state.js";

const FULU = ForkSeq.fulu;

/**
 * The least of a block that carries a sync aggregate. Lodestar takes what was signed, the block root
 * of the slot before, from the block's parent root.
 */
function blockAround(state, syncAggregate) {
  const carrier = ssz.fulu.BeaconBlock.defaultValue();
  carrier.slot = state.slot;
  carrier.parentRoot = state.blockRoots.get(Math.max(state.slot - 1, 0) % SLOTS_PER_HISTORICAL_ROOT);
  carrier.body.syncAggregate = syncAggregate;
  return carrier;
}

/** What the execution engine says, from execution.yaml. */
function engineVerdict(testCase) {
  const valid = testCase.yaml("execution").execution_valid === "true";
  const {ExecutionPayloadStatus, DataAvailabilityStatus} = block;
  return {
    executionPayloadStatus: valid ? ExecutionPayloadStatus.valid : ExecutionPayloadStatus.invalid,
    dataAvailabilityStatus: DataAvailabilityStatus.Available,
  };
}

// handler → [part, Lodestar's type, (state, operation, whether to check signatures, case) → effect]
const HANDLERS = {
  attestation: [
    "attestation",
    ssz.electra.Attestation,
    (state, value, verify) => block.processAttestations(FULU, state, [value], null, verify),
  ],
  attester_slashing: [
    "attester_slashing",
    ssz.electra.AttesterSlashing,
    (state, value, verify) => block.processAttesterSlashing(FULU, state, value, verify),
  ],
  block_header: ["block", ssz.fulu.BeaconBlock, (state, value) => block.processBlockHeader(state, value)],
  bls_to_execution_change: [
    "address_change",
    ssz.capella.SignedBLSToExecutionChange,
    (state, value) => block.processBlsToExecutionChange(state, value),
  ],
  consolidation_request: [
    "consolidation_request",
    ssz.electra.ConsolidationRequest,
    (state, value) => block.processConsolidationRequest(state, value),
  ],
  deposit_request: [
    "deposit_request",
    ssz.electra.DepositRequest,
    (state, value) => block.processDepositRequest(FULU, state, value),
  ],
  execution_payload: [
    "body",
    ssz.fulu.BeaconBlockBody,
    (state, value, _, testCase) => block.processExecutionPayload(FULU, state, value, engineVerdict(testCase)),
  ],
  proposer_slashing: [
    "proposer_slashing",
    ssz.phase0.ProposerSlashing,
    (state, value, verify) => block.processProposerSlashing(FULU, state, value, verify),
  ],
  sync_aggregate: [
    "sync_aggregate",
    ssz.altair.SyncAggregate,
    (state, value, verify) => block.processSyncAggregate(state, blockAround(state, value), verify),
  ],
  voluntary_exit: [
    "voluntary_exit",
    ssz.phase0.SignedVoluntaryExit,
    (state, value, verify) => block.processVoluntaryExit(FULU, state, value, verify),
  ],
  withdrawal_request: [
    "withdrawal_request",
    ssz.electra.WithdrawalRequest,
    (state, value) => block.processWithdrawalRequest(FULU, state, value),
  ],
  withdrawals: [
    "execution_payload",
    ssz.fulu.ExecutionPayload,
    (state, value) => block.processWithdrawals(FULU, state, value),
  ],
};

/** How to replay a case of this runner; undefined for a handler that is unknown. */
export function operationSteps(testCase) {
  const handler = HANDLERS[testCase.handler];
  if (handler === undefined) {
    return undefined;
  }
  const [part, type, apply] = handler;
  const verify = testCase.meta("bls_setting", "0") !== "2";
  const value = decode(type, testCase, part);
  return [
    {
      pre: "pre",
      post: "post",
      run(state) {
        apply(state, value, verify, testCase);
        return state;
      },
    },
  ];
}
