/** Lodestar's configuration, made from ours. */
import {chainConfigFromJson, createBeaconConfig, createChainForkConfig, defaultChainConfig} from "@lodestar/config";
import {activePreset} from "@lodestar/params";

import {configurationValues, presetValues} from "../presets.js";

const FORKS = ["ALTAIR", "BELLATRIX", "CAPELLA", "DENEB", "ELECTRA", "FULU"];
const LATER_FORKS = ["GLOAS", "HEZE"];
const FAR_FUTURE = "18446744073709551615";

/** Preset values that Lodestar has too, but not with the same number: `name: ours, Lodestar's`. */
export function presetDifferences(preset) {
  return Object.entries(presetValues(preset))
    .filter(([name, value]) => name in activePreset && Number(activePreset[name]) !== value)
    .map(([name, value]) => `${name}: ${value}, in Lodestar ${activePreset[name]}`);
}

/**
 * The configuration of a chain that is Fulu from its first slot on.
 *
 * `overrides` is the content of a case's config.yaml, if it has one.
 */
export function fuluConfig(preset, genesisValidatorsRoot, overrides) {
  const ours = {...configurationValues(preset), ...overrides};
  for (const fork of FORKS) {
    ours[`${fork}_FORK_EPOCH`] = "0";
  }
  for (const fork of LATER_FORKS) {
    ours[`${fork}_FORK_EPOCH`] = FAR_FUTURE;
  }
  const values = {...defaultChainConfig, ...chainConfigFromJson(ours)};
  return createBeaconConfig(createChainForkConfig(values), genesisValidatorsRoot);
}
