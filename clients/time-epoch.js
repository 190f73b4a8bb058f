/**
 * CPU seconds of Lodestar's epoch transition: node time-epoch.js STATE.ssz POST.ssz REPEATS
 *
 * STATE is a Fulu state of the mainnet preset at the last slot of an epoch. The state after the first
 * run is written to POST, and the seconds of all runs to the standard output, as JSON. The clock covers what
 * Lodestar does in an epoch transition, the shuffling of committees included, but no hashing.
 */
import {readFileSync, writeFileSync} from "node:fs";

import {ForkSeq} from "@lodestar/params";
import {beforeProcessEpoch, createCachedBeaconState, createPubkeyCache} from "@lodestar/state-transition";
import {processEpoch} from "@lodestar/state-transition/epoch";
import {ssz} from "@lodestar/types";

import {fuluConfig} from "./src/lodestar/config.js";

/** All that the transition does at the end of an epoch, before the state is hashed. */
function transition(state) {
  const cache = beforeProcessEpoch(state);
  processEpoch(ForkSeq.fulu, state, cache);
  state.slot++;
  state.epochCtx.afterProcessEpoch(state, cache);
  state.epochCtx.finalProcessEpoch(state, cache);
}

const [before, after, repeats] = process.argv.slice(2);
const view = ssz.fulu.BeaconState.deserializeToViewDU(readFileSync(before));
const config = fuluConfig("mainnet", view.genesisValidatorsRoot);
// The keys are no points of the curve; nothing in an epoch transition asks for them.
const start = createCachedBeaconState(
  view,
  {config, pubkeyCache: createPubkeyCache()},
  {skipSyncPubkeys: true, skipSyncCommitteeCache: true}
);
const seconds = [];
for (let run = 0; run < Number(repeats); run++) {
  const state = start.clone();
  globalThis.gc?.();
  const usage = process.cpuUsage();
  transition(state);
  const {user, system} = process.cpuUsage(usage);
  seconds.push((user + system) / 1e6);
  if (run === 0) {
    state.commit();
    writeFileSync(after, state.serialize());
  }
}
console.log(JSON.stringify(seconds));
