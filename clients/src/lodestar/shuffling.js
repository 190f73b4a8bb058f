/** The runner `shuffling`: where every place of a list goes. */
import {computeShuffledIndex} from "@lodestar/state-transition";

import {Disagreement} from "../errors.js";

/** Compare a case's mapping with Lodestar's, place by place. */
export function checkShuffling(testCase) {
  const {seed, count, mapping} = testCase.yaml("mapping");
  if (mapping.length !== Number(count)) {
    throw new Disagreement(`mapping has ${mapping.length} entries, and count is ${count}`);
  }
  const seedBytes = Buffer.from(seed.slice(2), "hex");
  mapping.forEach((expected, place) => {
    const actual = computeShuffledIndex(place, mapping.length, seedBytes);
    if (actual !== Number(expected)) {
      throw new Disagreement(`place ${place} goes to ${expected}, in Lodestar to ${actual}`);
    }
  });
}
