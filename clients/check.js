/**
 * Software that is not ours reads the vectors. Exit status 0 if it agrees, 1 if it does not or if
 * something is wrong with the call.
 */
import {availableParallelism} from "node:os";
import {fileURLToPath} from "node:url";
import {parseArgs} from "node:util";

import {explain, patternSource, readDivergences, staleDivergences} from "./src/divergences.js";
import {UsageError} from "./src/errors.js";
import {runAll} from "./src/pool.js";
import {PRESETS} from "./src/presets.js";
import {printDisagreements, printRejections, printTable} from "./src/report.js";
import {findTestsFolder} from "./src/vectors.js";

const USAGE = `usage: node check.js [options] VECTORS

Let @chainsafe/ssz decode, encode and root the vectors in a folder, and Lodestar replay those of Fulu.

  --check ssz|lodestar     only one of the two
  --preset, --fork, --runner, --handler, --case PATTERN
                           only cases whose names match these shell patterns
  --sample N               cases of each handler, besides ssz_static, that @chainsafe/ssz
                           reads; 0: all (default: 4)
  --divergences FILE       the list of explained disagreements (default: divergences.yaml)
  --rejections             print why Lodestar rejects what must be rejected
  --jobs N                 processes at once (default: one per processor)
`;

const CHECKS = ["ssz", "lodestar"];
const FILTERS = {preset: "preset", fork: "fork", runner: "runner", handler: "handler", case: "name"};

const OPTIONS = {
  check: {type: "string"},
  sample: {type: "string", default: "4"},
  divergences: {type: "string", default: fileURLToPath(new URL("divergences.yaml", import.meta.url))},
  rejections: {type: "boolean", default: false},
  jobs: {type: "string", default: String(availableParallelism())},
  help: {type: "boolean", default: false},
  ...Object.fromEntries(Object.keys(FILTERS).map((name) => [name, {type: "string"}])),
};

/** A number from the command line that is at least `least`. */
function integer(name, text, least) {
  if (!/^\d{1,9}$/.test(text) || Number(text) < least) {
    throw new UsageError(`--${name} must be an integer of at least ${least}, not '${text}'`);
  }
  return Number(text);
}

function parse(args) {
  let parsed;
  try {
    parsed = parseArgs({args, options: OPTIONS, allowPositionals: true});
  } catch (error) {
    throw new UsageError(`${error.message.split("\n", 1)[0]}\n\n${USAGE}`);
  }
  const {values, positionals} = parsed;
  if (!values.help && positionals.length !== 1) {
    throw new UsageError(`one folder of vectors is needed\n\n${USAGE}`);
  }
  if (values.check !== undefined && !CHECKS.includes(values.check)) {
    throw new UsageError(`--check must be ssz or lodestar, not '${values.check}'`);
  }
  return {...values, vectors: positionals[0]};
}

/** The tasks of a run, the long ones first. */
function tasksOf(options) {
  const filters = {};
  for (const [option, level] of Object.entries(FILTERS)) {
    if (options[option] !== undefined) {
      filters[level] = patternSource(options[option]);
    }
  }
  const presets = PRESETS.filter((preset) => new RegExp(`^(?:${filters.preset ?? ".*"})$`).test(preset));
  const checks = options.check === undefined ? CHECKS : [options.check];
  const size = integer("sample", options.sample, 0);
  const testsFolder = findTestsFolder(options.vectors);
  return presets.toReversed().flatMap((preset) => checks.map((check) => ({check, preset, testsFolder, filters, size})));
}

async function main(args) {
  const options = parse(args);
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const jobs = integer("jobs", options.jobs, 1);
  const divergences = readDivergences(options.divergences);
  const results = [];
  await runAll(tasksOf(options), jobs, (result) => {
    const isExplained = explain(divergences, result);
    results.push({...result, isExplained: isExplained && result.problem !== undefined});
  });
  if (results.length === 0) {
    throw new UsageError(`no case in '${options.vectors}' is selected`);
  }
  const isComplete = ["check", ...Object.keys(FILTERS)].every((name) => options[name] === undefined);
  const stale = staleDivergences(divergences, isComplete);
  if (options.rejections) {
    printRejections(results);
  }
  printTable(results);
  return printDisagreements(results, stale, options.divergences) ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`error: ${error instanceof UsageError ? error.message : error.stack}\n`);
  process.exitCode = 1;
}
