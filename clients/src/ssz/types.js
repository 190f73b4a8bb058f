/**
 * The named SSZ types of specs/fulu/types.md and the new ones of specs/poolbonds/beacon-chain.md,
 * as far as they need no container.
 *
 * Integers are BigInt wherever 64 bits are allowed: a Number would lose what is above 2**53.
 */
import {
  BitListType,
  BitVectorType,
  BooleanType,
  ByteListType,
  ByteVectorType,
  ListBasicType,
  ListCompositeType,
  UintBigintType,
  UintNumberType,
  VectorBasicType,
  VectorCompositeType,
} from "@chainsafe/ssz";

// Constants of specs/fulu/parameters.md that lengths depend on and that no preset changes.
const JUSTIFICATION_BITS_LENGTH = 4;
const DEPOSIT_CONTRACT_TREE_DEPTH = 32;
const SYNC_COMMITTEE_SUBNET_COUNT = 4;

export const boolean = new BooleanType();
export const uint8 = new UintNumberType(1);
export const uint64 = new UintBigintType(8);
export const uint256 = new UintBigintType(32);
export const bytes4 = new ByteVectorType(4);
export const bytes20 = new ByteVectorType(20);
export const bytes32 = new ByteVectorType(32);
export const bytes48 = new ByteVectorType(48);
export const bytes96 = new ByteVectorType(96);

/** Lists, whatever they are lists of. */
export function list(type, limit) {
  return type.isBasic ? new ListBasicType(type, limit) : new ListCompositeType(type, limit);
}

/** Vectors, whatever they are vectors of. */
export function vector(type, length) {
  return type.isBasic ? new VectorBasicType(type, length) : new VectorCompositeType(type, length);
}

/** Types of Fulu whose lengths follow from the preset's values. */
export function namedTypes(preset) {
  const attesters = preset.MAX_VALIDATORS_PER_COMMITTEE * preset.MAX_COMMITTEES_PER_SLOT;
  const validators = preset.VALIDATOR_REGISTRY_LIMIT;
  return {
    AggregationBits: new BitListType(attesters),
    CommitteeBits: new BitVectorType(preset.MAX_COMMITTEES_PER_SLOT),
    SyncCommitteeBits: new BitVectorType(preset.SYNC_COMMITTEE_SIZE),
    SyncSubcommitteeBits: new BitVectorType(preset.SYNC_COMMITTEE_SIZE / SYNC_COMMITTEE_SUBNET_COUNT),
    JustificationBits: new BitVectorType(JUSTIFICATION_BITS_LENGTH),
    LogsBloom: new ByteVectorType(preset.BYTES_PER_LOGS_BLOOM),
    ExtraData: new ByteListType(preset.MAX_EXTRA_DATA_BYTES),
    Transactions: list(new ByteListType(preset.MAX_BYTES_PER_TRANSACTION), preset.MAX_TRANSACTIONS_PER_PAYLOAD),
    AttestingIndices: list(uint64, attesters),
    DepositProof: vector(bytes32, DEPOSIT_CONTRACT_TREE_DEPTH + 1),
    BlobKZGCommitments: list(bytes48, preset.MAX_BLOB_COMMITMENTS_PER_BLOCK),
    SyncCommitteePubkeys: vector(bytes48, preset.SYNC_COMMITTEE_SIZE),
    Balances: list(uint64, validators),
    EpochParticipation: list(uint8, validators),
    InactivityScores: list(uint64, validators),
    HistoricalRoots: list(bytes32, preset.HISTORICAL_ROOTS_LIMIT),
    BlockRoots: vector(bytes32, preset.SLOTS_PER_HISTORICAL_ROOT),
    StateRoots: vector(bytes32, preset.SLOTS_PER_HISTORICAL_ROOT),
    RandaoMixes: vector(bytes32, preset.EPOCHS_PER_HISTORICAL_VECTOR),
    Slashings: vector(uint64, preset.EPOCHS_PER_SLASHINGS_VECTOR),
    ProposerLookahead: vector(uint64, (preset.MIN_SEED_LOOKAHEAD + 1) * preset.SLOTS_PER_EPOCH),
  };
}
