/** The SSZ type of every part of every runner, from tests/formats. */
import {Disagreement} from "../errors.js";

// operations: handler → [part, type]
const OPERATIONS = {
  attestation: ["attestation", "Attestation"],
  attester_slashing: ["attester_slashing", "AttesterSlashing"],
  block_header: ["block", "BeaconBlock"],
  bls_to_execution_change: ["address_change", "SignedBLSToExecutionChange"],
  consolidation_request: ["consolidation_request", "ConsolidationRequest"],
  deposit_request: ["deposit_request", "DepositRequest"],
  execution_payload: ["body", "BeaconBlockBody"],
  pool_admission: ["pool_admission", "SignedPoolAdmission"],
  proposer_slashing: ["proposer_slashing", "ProposerSlashing"],
  sync_aggregate: ["sync_aggregate", "SyncAggregate"],
  voluntary_exit: ["voluntary_exit", "SignedVoluntaryExit"],
  withdrawal_request: ["withdrawal_request", "WithdrawalRequest"],
  withdrawals: ["execution_payload", "ExecutionPayload"],
};

const DELTAS = ["source_deltas", "target_deltas", "head_deltas", "inactivity_penalty_deltas", "pool_deltas"];

const states = (...parts) => Object.fromEntries(parts.map((part) => [part, "BeaconState"]));

/** Parts of one case that are no states: part → type, in the case's own fork. */
function ownParts(testCase) {
  switch (testCase.runner) {
    case "operations":
      return Object.fromEntries([OPERATIONS[testCase.handler] ?? []]);
    case "rewards":
      return Object.fromEntries(DELTAS.map((part) => [part, "Deltas"]));
    case "ssz_static":
      return {serialized: testCase.handler};
    default:
      return {};
  }
}

/** The fork under which a part of a case is encoded: both meet in `fork` and `transition`. */
function forkOf(testCase, part) {
  if (testCase.runner !== "fork" && testCase.runner !== "transition") {
    return testCase.fork;
  }
  if (part === "pre") {
    return "fulu";
  }
  const block = /^blocks_(\d+)$/.exec(part);
  return block && Number(block[1]) <= Number(testCase.meta("fork_block", "-1")) ? "fulu" : testCase.fork;
}

/**
 * The SSZ type of a part. `types` maps a fork to its containers.
 * A part that the format documents do not know is a disagreement.
 */
export function typeOf(types, testCase, part) {
  const known = {...states("pre", "post", "pre_epoch", "post_epoch"), ...ownParts(testCase)};
  const name = /^blocks_\d+$/.test(part) ? "SignedBeaconBlock" : known[part];
  const type = types[forkOf(testCase, part)]?.[name];
  if (type === undefined) {
    throw new Disagreement(`part ${part} is not in the format documents of ${testCase.runner}/${testCase.handler}`);
  }
  return type;
}
