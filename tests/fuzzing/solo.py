"""A chain before the fork, followed once more as if the fork had taken place at its start (I9)."""

from typing import Any

from tests.fuzzing.findings import Finding
from tests.fuzzing.parties import FORK, PARENT
from tests.helpers.reckoning import POOL_BOND, POOLED
from tests.poolbonds.upgraded import Twins


class SoloTwin:
    """The same blocks under the fork's rules; nothing may differ while nobody uses pools."""

    def __init__(self, modules: dict[str, Any], state: Any) -> None:
        self.twins = Twins(modules[PARENT], modules[FORK])
        self.old = state.copy()
        self.new = self.twins.upgraded(state)
        self.is_comparable = True

    @classmethod
    def of(cls, modules: dict[str, Any], state: Any) -> "SoloTwin | None":
        """The twin of a chain; None if somebody in it would be pooled after the fork."""
        if any(each.withdrawal_credentials[0] == POOLED for each in state.validators):
            return None
        return cls(modules, state)

    def see_deposit(self, request: Any) -> None:
        """Deposits with the new prefixes are no business of solo validators."""
        if request.withdrawal_credentials[0] in (POOLED, POOL_BOND):
            self.is_comparable = False

    def follow(self, signed: Any) -> Finding | None:
        """Apply a block that Fulu has accepted to both."""
        if not self.is_comparable:
            return None
        block = signed.message
        self.twins.pass_slots(self.old, self.new, int(block.slot))
        other = self.twins.block(block)
        self.twins.fulu.process_block(self.old, block)
        try:
            self.twins.spec.process_block(self.new, other)
        except AssertionError as error:
            return Finding("solo", f"a block of solo validators is rejected (I9): {error}")
        differences = self.twins.differences(self.old, self.new, slots_passed=True)
        if differences:
            return Finding("solo", f"{', '.join(differences)} not as under Fulu (I9)")
        return None
