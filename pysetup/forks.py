"""The list of forks and presets: the only place where they are named."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fork:
    """A fork: documents in `specs/<name>/`, laid over those of its parent if it has one."""

    name: str
    title: str
    parent: str | None
    documents: tuple[str, ...]

    @property
    def folder(self) -> str:
        """Return the folder of the documents, relative to the root."""
        return f"specs/{self.name}"


# Presets are also the names of the value columns in the tables ("Minimal", "Mainnet").
PRESETS = ("minimal", "mainnet")

# A parent stands before its children.
FORKS = (
    Fork(
        name="fulu",
        title="Fulu",
        parent=None,
        documents=(
            "parameters.md",
            "types.md",
            "containers.md",
            "helpers.md",
            "predicates.md",
            "accessors.md",
            "mutators.md",
            "epoch-processing.md",
            "epoch-queues.md",
            "block-processing.md",
            "withdrawals.md",
            "execution-payload.md",
            "operations.md",
            "requests.md",
            "state-transition.md",
            "genesis.md",
            "validator.md",
            "validator-sync-committee.md",
            "weak-subjectivity.md",
        ),
    ),
    Fork(
        name="poolbonds",
        title="PoolBonds",
        parent="fulu",
        documents=(
            "beacon-chain.md",
            "deposits.md",
            "leaving.md",
            "seats.md",
            "fork.md",
            "validator.md",
            "p2p-interface.md",
            "weak-subjectivity.md",
        ),
    ),
)
