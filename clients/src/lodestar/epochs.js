/** The runners `epoch_processing` and `rewards`: steps of the end of an epoch. */
import {beforeProcessEpoch} from "@lodestar/state-transition";
import * as epoch from "@lodestar/state-transition/epoch";
import {ForkSeq} from "@lodestar/params";

const FULU = ForkSeq.fulu;

// handler → (state, what Lodestar gathers once before the steps) → effect
const HANDLERS = {
  justification_and_finalization: epoch.processJustificationAndFinalization,
  inactivity_updates: epoch.processInactivityUpdates,
  // The third argument holds penalties that an earlier step may have left to this one.
  rewards_and_penalties: (state, cache) => epoch.processRewardsAndPenalties(state, cache, []),
  registry_updates: (state, cache) => epoch.processRegistryUpdates(FULU, state, cache),
  // Within a whole epoch Lodestar leaves the balances to processRewardsAndPenalties.
  slashings: (state, cache) => epoch.processSlashings(state, cache, true),
  eth1_data_reset: epoch.processEth1DataReset,
  pending_deposits: epoch.processPendingDeposits,
  pending_consolidations: epoch.processPendingConsolidations,
  effective_balance_updates: (state, cache) => epoch.processEffectiveBalanceUpdates(FULU, state, cache),
  slashings_reset: epoch.processSlashingsReset,
  randao_mixes_reset: epoch.processRandaoMixesReset,
  historical_summaries_update: epoch.processHistoricalSummariesUpdate,
  participation_flag_updates: (state) => epoch.processParticipationFlagUpdates(state),
  sync_committee_updates: (state) => epoch.processSyncCommitteeUpdates(FULU, state),
  proposer_lookahead: (state, cache) => epoch.processProposerLookahead(FULU, state, cache),
};

/**
 * How to replay a case of this runner: the step alone, and the whole epoch where the case has it.
 * Undefined for a handler that is unknown.
 */
export function epochSteps(testCase) {
  const handler = HANDLERS[testCase.handler];
  if (handler === undefined) {
    return undefined;
  }
  const steps = [
    {
      pre: "pre",
      post: "post",
      run(state) {
        handler(state, beforeProcessEpoch(state));
        return state;
      },
    },
  ];
  if (testCase.has("pre_epoch")) {
    steps.push({
      pre: "pre_epoch",
      post: "post_epoch",
      run(state) {
        epoch.processEpoch(FULU, state, beforeProcessEpoch(state));
        return state;
      },
    });
  }
  return steps;
}
