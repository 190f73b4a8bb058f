/** The values of presets/<preset>/<fork>.yaml and configs/<preset>.yaml, as a client reads them. */
import {join} from "node:path";
import {fileURLToPath} from "node:url";

import {readYamlFile} from "./vectors.js";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const PRESETS = ["minimal", "mainnet"];

/** The preset values of both forks as Numbers; all of them are below 2**53. */
export function presetValues(preset) {
  const values = {};
  for (const fork of ["fulu", "poolbonds"]) {
    for (const [name, text] of Object.entries(readYamlFile(join(ROOT, "presets", preset, `${fork}.yaml`)))) {
      values[name] = Number(text);
      if (!Number.isSafeInteger(values[name])) {
        throw new Error(`presets/${preset}/${fork}.yaml: ${name}: ${text} is not an integer below 2**53`);
      }
    }
  }
  return values;
}

/** The configuration of a preset, values as strings. */
export function configurationValues(preset) {
  return readYamlFile(join(ROOT, "configs", `${preset}.yaml`));
}
