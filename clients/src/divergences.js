/**
 * The reviewed list of cases that other software does not agree with, each with the explanation.
 *
 * A file of entries `{check, cases, explanation}`; `cases` are paths below `tests/`, in which `*`
 * stands for any part of a name.
 */
import {existsSync} from "node:fs";

import {UsageError} from "./errors.js";
import {readYamlFile} from "./vectors.js";

const KEYS = ["cases", "check", "explanation"];

/** A shell pattern within one name, as the source of a RegExp. */
export function patternSource(pattern) {
  return pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", "[^/]*")
    .replaceAll("?", "[^/]");
}

function checkEntry(entry, place) {
  const keys = Object.keys(entry ?? {}).sort();
  if (KEYS.some((key, i) => keys[i] !== key) || keys.length !== KEYS.length) {
    throw new UsageError(`${place}: an entry has the keys check, cases and explanation`);
  }
  if (!["ssz", "lodestar"].includes(entry.check)) {
    throw new UsageError(`${place}: check is ssz or lodestar, not '${entry.check}'`);
  }
  if (!Array.isArray(entry.cases) || entry.cases.length === 0 || !entry.explanation.trim()) {
    throw new UsageError(`${place}: cases must be a list, and explanation a text`);
  }
}

function readYaml(file) {
  try {
    return readYamlFile(file);
  } catch (error) {
    throw new UsageError(`${file}: ${error.reason ?? error.message}`);
  }
}

/** Read the list: one item per pattern, with how often it was met and how often it was needed. */
export function readDivergences(file) {
  if (!existsSync(file)) {
    throw new UsageError(`no such file: ${file}`);
  }
  const entries = readYaml(file) || [];
  if (!Array.isArray(entries)) {
    throw new UsageError(`${file}: not a list of entries`);
  }
  entries.forEach((entry, i) => checkEntry(entry, `${file}: entry ${i + 1}`));
  return entries.flatMap(({check, cases, explanation}) =>
    cases.map((pattern) => ({
      check,
      pattern,
      explanation,
      expression: new RegExp(`^${patternSource(pattern)}$`),
      met: 0,
      needed: 0,
    }))
  );
}

/** Note the result of a case; returns whether a disagreement is explained. */
export function explain(divergences, result) {
  const matching = divergences.filter(({check, expression}) => check === result.check && expression.test(result.path));
  for (const divergence of matching) {
    divergence.met += 1;
    divergence.needed += result.problem === undefined ? 0 : 1;
  }
  return matching.length > 0;
}

/**
 * Patterns that are no longer needed. One that no case matches is stale only after a complete run:
 * its cases may have been left out.
 */
export function staleDivergences(divergences, isComplete) {
  return divergences.filter(({met, needed}) => needed === 0 && (met > 0 || isComplete));
}
