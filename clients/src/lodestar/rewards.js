/** The runner `rewards`: what attestations earn and cost, which Lodestar reckons in one sum. */
import {ContainerType, ListBasicType, UintBigintType} from "@chainsafe/ssz";
import {VALIDATOR_REGISTRY_LIMIT} from "@lodestar/params";
import {beforeProcessEpoch} from "@lodestar/state-transition";
import {getRewardsAndPenalties} from "@lodestar/state-transition/epoch";

import {Disagreement} from "../errors.js";
import {cachedState} from "./state.js";

const PARTS = ["source_deltas", "target_deltas", "head_deltas", "inactivity_penalty_deltas"];
const Amounts = new ListBasicType(new UintBigintType(8), VALIDATOR_REGISTRY_LIMIT);
const Deltas = new ContainerType({rewards: Amounts, penalties: Amounts});

/** Compare a case's deltas, added up by validator, with Lodestar's. */
export function checkRewards(testCase) {
  const state = cachedState(testCase);
  const [rewards, penalties] = getRewardsAndPenalties(state, beforeProcessEpoch(state));
  const deltas = PARTS.map((part) => Deltas.deserialize(testCase.bytes(part)));
  for (const [column, sums] of Object.entries({rewards, penalties})) {
    for (let validator = 0; validator < state.validators.length; validator++) {
      const expected = deltas.reduce((sum, delta) => sum + delta[column][validator], 0n);
      if (BigInt(sums[validator]) !== expected) {
        throw new Disagreement(`${column} of validator ${validator}: ${expected}, in Lodestar ${sums[validator]}`);
      }
    }
  }
}
