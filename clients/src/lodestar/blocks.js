/** The runners `sanity`, `finality` and `random`: blocks one after another, and empty slots. */
import {DataAvailabilityStatus, ExecutionPayloadStatus, processSlots, stateTransition} from "@lodestar/state-transition";
import {ssz} from "@lodestar/types";

import {Disagreement} from "../errors.js";
import {decode} from "./state.js";

/** How to replay a case of slots without blocks. */
export function slotSteps(testCase) {
  const slots = Number(testCase.yaml("slots"));
  return [{pre: "pre", post: "post", run: (state) => processSlots(state, state.slot + slots)}];
}

/**
 * How to replay a case of blocks. All but the last must be accepted in any case. The root of the
 * state after the last is compared after the state itself, which says more about a difference.
 */
export function blockSteps(testCase) {
  const verifySignatures = testCase.meta("bls_setting", "0") !== "2";
  const isValid = testCase.has("post");
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
  const last = blocks.pop();
  return [
    {
      pre: "pre",
      post: "post",
      prepare: (state) => blocks.reduce((current, block) => stateTransition(current, block, options), state),
      run: (state) => stateTransition(state, last, {...options, verifyStateRoot: !isValid}),
      confirm(state) {
        if (Buffer.compare(state.hashTreeRoot(), last.message.stateRoot) !== 0) {
          throw new Disagreement("the last block has another state root");
        }
      },
    },
  ];
}
