/**
 * A folder of vectors: which cases it holds, and their parts.
 *
 * Layout: `tests/<preset>/<fork>/<runner>/<handler>/<suite>/<case>/<part>`, see tests/formats.
 */
import {existsSync, readFileSync, readdirSync} from "node:fs";
import {basename, join} from "node:path";
import {FAILSAFE_SCHEMA, load} from "js-yaml";
import {uncompress} from "snappyjs";

import {Disagreement, UsageError} from "./errors.js";

const LEVELS = ["preset", "fork", "runner", "handler", "suite", "name"];
const SSZ = ".ssz_snappy";

/** Parse YAML with every scalar left a string: 64-bit integers do not fit into a Number. */
export function parseYaml(text, filename) {
  return load(text, {schema: FAILSAFE_SCHEMA, filename});
}

export function readYamlFile(file) {
  return parseYaml(readFileSync(file, "utf8"), file);
}

/** One case, addressed by the six names of its path. Its parts are read when they are asked for. */
export class Case {
  constructor(testsFolder, names) {
    Object.assign(this, Object.fromEntries(LEVELS.map((level, i) => [level, names[i]])));
    this.path = names.join("/");
    this.folder = join(testsFolder, ...names);
  }

  /** Names of the SSZ parts that the case has. */
  sszParts() {
    return readdirSync(this.folder)
      .filter((file) => file.endsWith(SSZ))
      .map((file) => basename(file, SSZ))
      .sort();
  }

  has(part) {
    return existsSync(join(this.folder, part + SSZ));
  }

  /** The bytes of an SSZ part, uncompressed. */
  bytes(part) {
    if (!this.has(part)) {
      throw new Disagreement(`there is no part ${part}`);
    }
    return uncompress(new Uint8Array(readFileSync(join(this.folder, part + SSZ))));
  }

  /** The content of `<name>.yaml` with all scalars as strings. */
  yaml(name) {
    const content = this.optionalYaml(name);
    if (content === undefined) {
      throw new Disagreement(`there is no ${name}.yaml`);
    }
    return content;
  }

  /** The same; undefined if there is no such file. */
  optionalYaml(name) {
    const file = join(this.folder, `${name}.yaml`);
    return existsSync(file) ? readYamlFile(file) : undefined;
  }

  /** One key of meta.yaml, or the default. */
  meta(key, otherwise) {
    this.metaContent ??= this.optionalYaml("meta") ?? {};
    return this.metaContent[key] ?? otherwise;
  }
}

/** The folder with the presets: `vectors/` as `make vectors` writes it, or its `tests/`. */
export function findTestsFolder(vectors) {
  const folder = [join(vectors, "tests"), vectors].find(
    (candidate) => existsSync(join(candidate, "minimal")) || existsSync(join(candidate, "mainnet"))
  );
  if (folder === undefined) {
    throw new UsageError(`no vectors in '${vectors}': neither a folder minimal nor mainnet; make vectors writes them`);
  }
  return folder;
}

/** All cases below a folder that pass the filters (level → RegExp), in the order of their paths. */
export function* findCases(testsFolder, filters = {}, names = []) {
  if (names.length === LEVELS.length) {
    yield new Case(testsFolder, names);
    return;
  }
  const filter = filters[LEVELS[names.length]];
  const entries = readdirSync(join(testsFolder, ...names), {withFileTypes: true});
  const folders = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith("."));
  for (const name of folders.map((entry) => entry.name).sort()) {
    if (filter === undefined || filter.test(name)) {
      yield* findCases(testsFolder, filters, [...names, name]);
    }
  }
}
