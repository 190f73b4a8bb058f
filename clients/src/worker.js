/**
 * A process of its own for one check of one preset: Lodestar fixes its preset when it is loaded.
 *
 * Gets `{check, preset, testsFolder, filters, size}` as its message and answers with one message
 * `{path, runner, problem?, rejection?, reason?}` a case and, last, `{total}`.
 */
import {hasher} from "@chainsafe/persistent-merkle-tree/hasher/hashtree";
import {setHasher} from "@chainsafe/persistent-merkle-tree";

import {describe} from "./errors.js";
import {findCases} from "./vectors.js";

setHasher(hasher);

/** The cases of a check and the function that checks one of them. */
const CHECKS = {
  async ssz({preset, size}, find) {
    const {checkCase, containers, sample} = await import("./ssz/check.js");
    const types = containers(preset);
    const cases = find({fork: Object.keys(types)});
    return [sample(cases, size), (testCase) => checkCase(types, testCase)];
  },
  async lodestar({preset}, find) {
    const {RUNNERS, replay} = await import("./lodestar/replay.js");
    const {presetDifferences} = await import("./lodestar/config.js");
    const differences = presetDifferences(preset);
    if (differences.length > 0) {
      throw new Error(`presets/${preset}/fulu.yaml is not Lodestar's: ${differences.join("; ")}`);
    }
    return [find({fork: ["fulu"], runner: RUNNERS}), replay];
  },
};

/** Cases that pass the filters of the command line and have one of the names given here. */
function finder({preset, testsFolder, filters}) {
  const patterns = Object.fromEntries(
    Object.entries({...filters, preset}).map(([level, source]) => [level, new RegExp(`^(?:${source})$`)])
  );
  return (names) =>
    [...findCases(testsFolder, patterns)].filter((testCase) =>
      Object.entries(names).every(([level, allowed]) => allowed.includes(testCase[level]))
    );
}

function check(testCase, checkCase) {
  const result = {path: testCase.path, runner: testCase.runner};
  try {
    const rejection = checkCase(testCase);
    return rejection ? {...result, rejection, reason: testCase.optionalYaml("manifest")?.reason} : result;
  } catch (error) {
    return {...result, problem: describe(error)};
  }
}

process.once("message", async (task) => {
  const [cases, checkCase] = await CHECKS[task.check](task, finder(task));
  for (const testCase of cases) {
    process.send(check(testCase, checkCase));
  }
  process.send({total: cases.length}, () => process.disconnect());
});
