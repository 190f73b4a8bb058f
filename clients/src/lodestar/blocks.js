/** The runners `sanity`, `finality` and `random`: blocks one after another, and empty slots. */
import {DataAvailabilityStatus, ExecutionPayloadStatus, processSlots, stateTransition} from "@lodestar/state-transition";
import {ssz} from "@lodestar/types";

import {decode} from "./state.js";

/** How to replay a case of slots without blocks. */
export function slotSteps(testCase) {
  const slots = Number(testCase.yaml("slots"));
  return [{pre: "pre", post: "post", run: (state) => processSlots(state, state.slot + slots)}];
}

/**
 * How to replay a case of blocks. All but the last must be accepted in any case, so that a case
 * that must be rejected has two steps.
 */
export function blockSteps(testCase) {
  const verifySignatures = testCase.meta("bls_setting", "0") !== "2";
  const options = {
    verifyStateRoot: true,
    verifyProposer: verifySignatures,
    verifySignatures,
    executionPayloadStatus: ExecutionPayloadStatus.valid,
    dataAvailabilityStatus: DataAvailabilityStatus.Available,
  };
  const blocks = Array.from({length: Number(testCase.meta("blocks_count"))}, (_, i) =>
    decode(ssz.fulu.SignedBeaconBlock, testCase, `blocks_${i}`)
  );
  return [
    {
      pre: "pre",
      post: "post",
      prepare: (state) => blocks.slice(0, -1).reduce((current, block) => stateTransition(current, block, options), state),
      run: (state) => blocks.slice(-1).reduce((current, block) => stateTransition(current, block, options), state),
    },
  ];
}
