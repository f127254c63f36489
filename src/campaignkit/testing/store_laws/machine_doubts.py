"""What random lives do about doubts: resends and repeats, too early, twice, and late evidence. Needs Hypothesis."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from campaignkit.campaign.status import RecipientEvent
from campaignkit.clocks import FrozenClock
from campaignkit.ports import Claim, Store
from campaignkit.testing.store_laws.bench import DIGEST, LEASE
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
        self._resend(where, is_repeat=False)

    @rule(where=st.sampled_from(CAMPAIGNS))
    def repeat_all(self, *, where: tuple[str, str]) -> None:
        self._resend(where, is_repeat=True)

    def _resend(self, where: tuple[str, str], *, is_repeat: bool) -> None:
        moved = self.store.resend(*where, quarantine=QUARANTINE, repeated_content=DIGEST if is_repeat else None)

        rows, now = sorted(self.model.rows[where]), self.clock.now()
        assert moved == sum(self.model.resend(where, one, QUARANTINE, now, is_repeat=is_repeat) for one in rows)

    @rule(where=campaigns, name=names, late=events, has_begun=st.booleans(), is_repeat=st.booleans())
    def resend_and_hear_late(
        self, *, where: tuple[str, str], name: str, late: RecipientEvent, has_begun: bool, is_repeat: bool
    ) -> None:
        """Put somebody in doubt, send again, and learn of the first try before or after the second began."""
        life: Any = self
        life.take_on(where, [name], 4)
        life.nobody_moves_outside_the_table()
        if not self.claims:
            return
        first, known = self.claims[-1], len(self.claims)
        self._doubt_and_claim_again(where, is_repeat=is_repeat)
        if has_begun and len(self.claims) > known:
            life.begin([1], 0, None)
            life.nobody_moves_outside_the_table()
        self.claims.append(first)
        life.settle(1, (late, False), LEASE, 2)

    @rule(where=campaigns, name=names, last=events, late=events)
    def repeat_twice(self, *, where: tuple[str, str], name: str, last: RecipientEvent, late: RecipientEvent) -> None:
        """Repeat a message twice, and learn of the last try before the first, or of the first after all."""
        life: Any = self
        life.take_on(where, [name], 4)
        life.nobody_moves_outside_the_table()
        if not self.claims:
            return
        first = self.claims[-1]
        self._doubt_and_claim_again(where, is_repeat=True)
        self._doubt_and_claim_again(where, is_repeat=True)
        life.begin([1], 0, None)
        life.nobody_moves_outside_the_table()
        life.settle(1, (last, False), LEASE, 1)
        life.nobody_moves_outside_the_table()
        self.claims.append(first)
        life.settle(1, (late, False), LEASE, 1)

    def _doubt_and_claim_again(self, where: tuple[str, str], *, is_repeat: bool) -> None:
        """Begin the latest claim, lose its reply, and claim again."""
        life: Any = self
        life.begin([1], 0, None)
        life.nobody_moves_outside_the_table()
        life.settle(1, (RecipientEvent.DOUBT, False), LEASE, 1)
        life.let_time_pass(QUARANTINE)
        self._resend(where, is_repeat=is_repeat)
        life.nobody_moves_outside_the_table()
        life.claim(where, 4)
        life.nobody_moves_outside_the_table()
