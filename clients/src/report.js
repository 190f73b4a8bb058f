/** What a run says in the end. */

const NAMES = {ssz: "@chainsafe/ssz", lodestar: "Lodestar"};

/** One line per check, preset, fork and runner: how many cases, and what was said of them. */
export function printTable(results) {
  const rows = new Map();
  for (const {check, path, problem, isExplained} of results) {
    const [preset, fork, runner] = path.split("/");
    const key = [NAMES[check], preset, fork, runner].join("\t");
    const row = rows.get(key) ?? {cases: 0, explained: 0, wrong: 0};
    row.cases += 1;
    row.explained += isExplained ? 1 : 0;
    row.wrong += problem !== undefined && !isExplained ? 1 : 0;
    rows.set(key, row);
  }
  const lines = [["read by", "preset", "fork", "runner", "cases", "explained", "wrong"]];
  for (const key of [...rows.keys()].sort()) {
    const {cases, explained, wrong} = rows.get(key);
    lines.push([...key.split("\t"), String(cases), String(explained), String(wrong)]);
  }
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  for (const line of lines) {
    console.log(line.map((text, i) => (i < 4 ? text.padEnd(widths[i]) : text.padStart(widths[i]))).join("  "));
  }
}

/** Why Lodestar rejected what must be rejected, beside the reason that the vector gives. */
export function printRejections(results) {
  for (const {path, reason, rejection} of results.filter((result) => result.rejection !== undefined)) {
    console.log(`${path}\n  vector:   ${reason ?? "-"}\n  Lodestar: ${rejection}`);
  }
}

/** Print what is wrong; returns whether nothing is. */
export function printDisagreements(results, stale, file) {
  const wrong = results.filter(({problem, isExplained}) => problem !== undefined && !isExplained);
  for (const {check, path, problem} of wrong) {
    console.error(`error: ${path}: ${NAMES[check]}: ${problem}`);
  }
  for (const {pattern} of stale) {
    console.error(`error: ${file}: no disagreement about ${pattern} any more; remove it`);
  }
  const explained = results.filter(({isExplained}) => isExplained).length;
  console.log(`${results.length} cases read, ${explained} disagreements explained, ${wrong.length} not explained`);
  return wrong.length === 0 && stale.length === 0;
}
