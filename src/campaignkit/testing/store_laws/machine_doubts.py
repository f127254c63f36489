"""What random lives do about doubts: resends, too early, repeated, and evidence that comes later. Needs Hypothesis."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from campaignkit.campaign.status import RecipientEvent
from campaignkit.clocks import FrozenClock
from campaignkit.ports import Claim, Store
from campaignkit.testing.store_laws.bench import LEASE
from campaignkit.testing.store_laws.choices import CAMPAIGNS, QUARANTINE, campaigns, events, names
from campaignkit.testing.store_laws.model import Model

__all__ = ["DoubtRules"]


class DoubtRules:
    """Steps of a life; what they use is made by ``StoreMachine``."""

    store: Store
    clock: FrozenClock
    model: Model
    claims: list[Claim]

    @rule(where=campaigns, name=names)
    def resend_one(self, *, where: tuple[str, str], name: str) -> None:
        recipient_id = f"{where[1]}{name}"
        moved = self.store.resend(*where, quarantine=QUARANTINE, recipient_ids=[recipient_id])

        assert moved == self.model.resend(where, recipient_id, QUARANTINE, self.clock.now())

    @rule(where=st.sampled_from(CAMPAIGNS))
    def resend_all(self, *, where: tuple[str, str]) -> None:
        moved = self.store.resend(*where, quarantine=QUARANTINE)

        rows = sorted(self.model.rows[where])
        assert moved == sum(self.model.resend(where, one, QUARANTINE, self.clock.now()) for one in rows)

    @rule(where=campaigns, name=names, late=events, has_begun=st.booleans())
    def resend_and_hear_late(self, *, where: tuple[str, str], name: str, late: RecipientEvent, has_begun: bool) -> None:
        """Put somebody in doubt, send anew, and learn of the first message before or after the second began."""
        life: Any = self
        life.take_on(where, [name], 4)
        life.nobody_moves_outside_the_table()
        if not self.claims:
            return
        life.begin([1], 0, None)
        life.nobody_moves_outside_the_table()
        life.settle(1, (RecipientEvent.DOUBT, False), LEASE, 1)
        life.let_time_pass(QUARANTINE)
        self.resend_all(where=where)
        life.nobody_moves_outside_the_table()
        first, known = self.claims[-1], len(self.claims)
        life.claim(where, 4)
        life.nobody_moves_outside_the_table()
        if has_begun and len(self.claims) > known:
            life.begin([1], 0, None)
            life.nobody_moves_outside_the_table()
        self.claims.append(first)
        life.settle(1, (late, False), LEASE, 2)
