/** States as Lodestar holds them: a tree with a cache of the epoch. */
import {createCachedBeaconState, createPubkeyCache} from "@lodestar/state-transition";
import {ssz} from "@lodestar/types";

import {Disagreement} from "../errors.js";
import {fuluConfig} from "./config.js";

/**
 * Decode bytes with one of Lodestar's types. Some of its integers are Numbers, so that it cannot
 * hold every value: what it does not encode back to the same bytes, it cannot be asked about.
 */
export function decode(type, testCase, part) {
  const bytes = testCase.bytes(part);
  const value = type.deserialize(bytes);
  expectSame(type.serialize(value), bytes, part);
  return value;
}

function expectSame(actual, bytes, part) {
  if (Buffer.compare(actual, bytes) !== 0) {
    throw new Disagreement(`Lodestar cannot hold ${part}: it is not encoded back to the same bytes`);
  }
}

/** A state part with Lodestar's caches, ready to be worked on. */
export function cachedState(testCase, part = "pre") {
  const type = ssz.fulu.BeaconState;
  const bytes = testCase.bytes(part);
  const state = type.deserializeToViewDU(bytes);
  expectSame(state.serialize(), bytes, part);
  const config = fuluConfig(testCase.preset, state.genesisValidatorsRoot, testCase.optionalYaml("config"));
  return createCachedBeaconState(state, {config, pubkeyCache: createPubkeyCache()});
}

/** Compare the state that Lodestar arrived at with the vector's, byte by byte. */
export function expectState(state, testCase, part = "post") {
  state.commit();
  const expected = testCase.bytes(part);
  const actual = state.serialize();
  if (Buffer.compare(actual, expected) !== 0) {
    throw new Disagreement(`${part} differs in ${differingFields(actual, expected).join(", ") || "its length"}`);
  }
}

/** Names of the fields in which two encoded states differ. */
function differingFields(actual, expected) {
  const type = ssz.fulu.BeaconState;
  const [left, right] = [actual, expected].map((bytes) => type.deserialize(bytes));
  return Object.entries(type.fields)
    .filter(([name, field]) => !field.equals(left[name], right[name]))
    .map(([name]) => name);
}
