/**
 * `@chainsafe/ssz` reads the vectors: every value of ssz_static, and all parts of a sample of the
 * other runners.
 */
import {isDeepStrictEqual} from "node:util";
import {toHexString} from "@chainsafe/ssz";

import {Disagreement} from "../errors.js";
import {presetValues} from "../presets.js";
import {fuluContainers} from "./fulu.js";
import {typeOf} from "./parts.js";
import {poolbondsContainers} from "./poolbonds.js";

/** The containers of both forks under a preset: fork → name → type. */
export function containers(preset) {
  const values = presetValues(preset);
  const fulu = fuluContainers(values);
  return {fulu, poolbonds: poolbondsContainers(values, fulu)};
}

/** Decode bytes, and see that the value is encoded to the same bytes. */
function decode(type, bytes, part) {
  const value = type.deserialize(bytes);
  if (Buffer.compare(type.serialize(value), bytes) !== 0) {
    throw new Disagreement(`${part} is not encoded back to the same bytes`);
  }
  return value;
}

function expectRoot(type, value, expected, what) {
  const root = toHexString(type.hashTreeRoot(value));
  if (root !== expected) {
    throw new Disagreement(`${what}: root ${root}, expected ${expected}`);
  }
}

/** A value in the notation of value.yaml, where the parser leaves every scalar a string. */
function plain(json) {
  if (Array.isArray(json)) {
    return json.map(plain);
  }
  if (typeof json === "object") {
    return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, plain(value)]));
  }
  return String(json);
}

function checkStatic(types, testCase) {
  const type = typeOf(types, testCase, "serialized");
  const value = decode(type, testCase.bytes("serialized"), "serialized");
  expectRoot(type, value, testCase.yaml("roots").root, "serialized");
  const readable = testCase.optionalYaml("value");
  if (readable !== undefined && !isDeepStrictEqual(plain(type.toJson(value)), plain(readable))) {
    throw new Disagreement("value.yaml is not the value of serialized");
  }
}

/**
 * All parts of a case are decoded and encoded. Where blocks lead to a state, the root of that
 * state stands in the last block, which gives the types of states a root to be checked against.
 */
function checkParts(types, testCase) {
  const parts = testCase.sszParts();
  const values = {};
  for (const part of parts) {
    values[part] = decode(typeOf(types, testCase, part), testCase.bytes(part), part);
  }
  const last = Number(testCase.meta("blocks_count", "0")) - 1;
  // After the last block of Fulu a state may still pass the fork.
  const isLastOfFulu = String(last) === testCase.meta("fork_block");
  if (last >= 0 && values.post !== undefined && !isLastOfFulu) {
    const promised = values[`blocks_${last}`].message.state_root;
    expectRoot(typeOf(types, testCase, "post"), values.post, toHexString(promised), "post");
  }
}

/** Check one case; throws what is wrong with it. */
export function checkCase(types, testCase) {
  if (testCase.runner === "ssz_static") {
    checkStatic(types, testCase);
  } else {
    checkParts(types, testCase);
  }
}

/**
 * The cases to look at: all of ssz_static, and of every other handler with SSZ parts at most `size`
 * (0: all), evenly spread over its cases.
 */
export function sample(cases, size) {
  const handlers = new Map();
  for (const testCase of cases.filter(({runner}) => runner !== "shuffling")) {
    const handler = [testCase.preset, testCase.fork, testCase.runner, testCase.handler].join("/");
    handlers.set(handler, [...(handlers.get(handler) ?? []), testCase]);
  }
  return [...handlers.values()].flatMap((all) => {
    if (all[0].runner === "ssz_static" || size === 0 || all.length <= size) {
      return all;
    }
    return Array.from({length: size}, (_, i) => all[Math.floor((i * all.length) / size)]);
  });
}
