/** What is wrong with the call or its inputs; shown without a stack trace. */
export class UsageError extends Error {}

/** Software that is not ours disagrees with a vector. */
export class Disagreement extends Error {}

/** First line of what was thrown, with the class where that says something. */
export function describe(error) {
  const text = error instanceof Error ? error.message : String(error);
  const line = text.split("\n", 1)[0].slice(0, 300);
  return error?.constructor === Error || error instanceof Disagreement ? line : `${error?.constructor?.name}: ${line}`;
}
