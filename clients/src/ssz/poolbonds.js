/**
 * The containers that PoolBonds adds or changes, written down from
 * tests/formats/ssz_static/README.md and the preset values of specs/poolbonds/beacon-chain.md.
 */
import {ContainerType} from "@chainsafe/ssz";

import {blocksAround} from "./fulu.js";
import {bytes20, bytes48, bytes96, list, uint64} from "./types.js";

const Pool = new ContainerType({
  pubkey: bytes48,
  execution_address: bytes20,
  commission: uint64,
  bond: uint64,
  seated_balance: uint64,
  unbonding_amount: uint64,
  unbonding_epoch: uint64,
  withdrawable_epoch: uint64,
});
const PoolAdmission = new ContainerType({validator_index: uint64, validator_pubkey: bytes48});
const SignedPoolAdmission = new ContainerType({message: PoolAdmission, signature: bytes96});
const Payout = new ContainerType({source: uint64, address: bytes20, amount: uint64});
const PendingPoolPenalty = new ContainerType({pool_index: uint64, penalty_epoch: uint64});

/** Every container of PoolBonds under a preset: those of Fulu, and what is new or longer. */
export function poolbondsContainers(preset, fulu) {
  const validators = preset.VALIDATOR_REGISTRY_LIMIT;
  return {
    ...fulu,
    Pool,
    PoolAdmission,
    SignedPoolAdmission,
    Payout,
    PendingPoolPenalty,
    ...blocksAround(
      new ContainerType({
        ...fulu.BeaconBlockBody.fields,
        pool_admissions: list(SignedPoolAdmission, preset.MAX_POOL_ADMISSIONS),
      })
    ),
    BeaconState: new ContainerType({
      ...fulu.BeaconState.fields,
      pools: list(Pool, preset.POOL_REGISTRY_LIMIT),
      validator_pools: list(uint64, validators),
      pending_payouts: list(Payout, preset.PENDING_PAYOUTS_LIMIT),
      pending_pool_penalties: list(PendingPoolPenalty, validators),
      unbonding_balance_to_consume: uint64,
      earliest_unbonding_epoch: uint64,
    }),
  };
}
