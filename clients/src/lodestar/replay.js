/** Lodestar replays a case of Fulu. */
import {Disagreement, describe} from "../errors.js";
import {blockSteps, slotSteps} from "./blocks.js";
import {epochSteps} from "./epochs.js";
import {operationSteps} from "./operations.js";
import {checkRewards} from "./rewards.js";
import {checkShuffling} from "./shuffling.js";
import {cachedState, expectState} from "./state.js";

/** The runners that Lodestar can be asked about. */
export const RUNNERS = ["operations", "epoch_processing", "rewards", "sanity", "finality", "random", "shuffling"];

/** Runners without a transition of states: what to compare. */
const COMPARISONS = {rewards: checkRewards, shuffling: checkShuffling};

/**
 * How a case is replayed: steps of `{pre, post, prepare?, run, confirm?}`. `prepare` must be accepted
 * in any case, `run` only where the part `post` is there. Both take a state and return one; `confirm`
 * looks at the one that was found to be right.
 */
function stepsOf(testCase) {
  switch (testCase.runner) {
    case "operations":
      return operationSteps(testCase);
    case "epoch_processing":
      return epochSteps(testCase);
    case "sanity":
      return {blocks: blockSteps, slots: slotSteps}[testCase.handler]?.(testCase);
    default:
      return blockSteps(testCase);
  }
}

/**
 * Whether what was thrown is a rejection: thrown by Lodestar's code, even if by accident, as where it
 * finds nothing at an index outside a list. What this harness throws is a mistake of its own.
 */
function isRejection(error) {
  const frame = error instanceof Error ? error.stack.split("\n").find((line) => /^\s+at /.test(line)) : undefined;
  return frame !== undefined && frame.includes("node_modules");
}

function mustBeRejected(step, state) {
  try {
    step.run(state).commit();
  } catch (error) {
    if (isRejection(error)) {
      return describe(error);
    }
    throw error;
  }
  throw new Disagreement("must be rejected, but Lodestar accepts it");
}

/**
 * Replay one case; throws what Lodestar disagrees about. Returns why it rejected the input, for a
 * case that must be rejected.
 */
export function replay(testCase) {
  const compare = COMPARISONS[testCase.runner];
  if (compare !== undefined) {
    compare(testCase);
    return undefined;
  }
  const steps = stepsOf(testCase);
  if (steps === undefined) {
    throw new Disagreement(`not in the format documents: ${testCase.runner}/${testCase.handler}`);
  }
  let rejection;
  for (const step of steps) {
    const loaded = cachedState(testCase, step.pre);
    const state = step.prepare ? step.prepare(loaded) : loaded;
    if (testCase.has(step.post)) {
      const result = step.run(state);
      expectState(result, testCase, step.post);
      step.confirm?.(result);
    } else {
      rejection = mustBeRejected(step, state);
    }
  }
  return rejection;
}
