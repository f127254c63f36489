"""What random lives do about feedback: receipts early, late, repeated, foreign, and opt-outs. Needs Hypothesis."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.status import RecipientEvent
from campaignkit.clocks import FrozenClock
from campaignkit.delivery.feedback import Feedback, FeedbackKind
from campaignkit.delivery.outcomes import Outcome
from campaignkit.ports import Claim, Store
from campaignkit.testing.store_laws.bench import LEASE, verdict_of
from campaignkit.testing.store_laws.choices import campaigns, key_of, names, picks, where_of
from campaignkit.testing.store_laws.model import Model
from campaignkit.testing.store_laws.model_values import ModelEvent

__all__ = ["FeedbackRules", "channel_of", "is_texting", "named_by_provider"]

TEXTING = ("other", "c1")  # the campaign whose messages are texts
ends = st.sampled_from((RecipientEvent.ACCEPT, RecipientEvent.DOUBT))
kinds = st.sampled_from(("in_transit", "delivered", "undelivered"))


def channel_of(where: tuple[str, str]) -> Channel:
    """Return what a campaign sends."""
    return Channel.SMS if is_texting(where) else Channel.EMAIL


def is_texting(where: tuple[str, str]) -> bool:
    return where == TEXTING


def named_by_provider(claim: Claim, event: RecipientEvent) -> dict[str, Any]:
    """Return what a settlement says besides of a message whose provider gave it an id."""
    if event not in {RecipientEvent.ACCEPT, RecipientEvent.DOUBT}:
        return {}
    outcome = Outcome(message_id="m1", verdict=verdict_of(event), code="code", provider_id=_provider_id(claim))
    return {"outcome": outcome, "account": "texts"}


def _provider_id(claim: Claim) -> str:
    return f"p-{claim.recipient.recipient_id}-{claim.epoch}"


def _feedback_of(event: ModelEvent) -> Feedback:
    return Feedback(
        event_key=event.key,
        kind=FeedbackKind(event.kind),
        merchant_id=event.owner,
        message_id=event.message_id,
        account="texts" if event.provider_id else "",
        provider_id=event.provider_id,
        is_hard=event.is_hard,
    )


class FeedbackRules:
    """Steps of a life; what they use is made by ``StoreMachine``."""

    store: Store
    clock: FrozenClock
    model: Model
    claims: list[Claim]

    @precondition(lambda self: self.claims)
    @rule(
        place=picks,
        said=st.lists(kinds, min_size=1, max_size=3),
        is_by_provider=st.booleans(),
        is_hard=st.booleans(),
        is_foreign=st.sampled_from((False, False, False, True)),
    )
    def hear(self, *, place: int, said: list[str], is_by_provider: bool, is_hard: bool, is_foreign: bool) -> None:
        """Record receipts about one of the latest claims, whether or not it has begun."""
        claim = self.claims[-min(place, len(self.claims))]
        where, recipient_id = where_of(claim), claim.recipient.recipient_id
        for kind in said:
            event = ModelEvent(
                kind=kind,
                owner="third" if is_foreign else where[0],
                message_id="" if is_by_provider else f"{recipient_id}.{claim.recipient.generation}",
                provider_id=_provider_id(claim) if is_by_provider else "",
                is_hard=is_hard and kind == "undelivered",
            )
            (result,) = self.store.record([_feedback_of(event)])
            verdict, is_suppressed = self.model.hear(event, self.clock.now())
            assert (result.verdict.value, result.is_suppressed) == (verdict, is_suppressed)
            assert (result.recipient_id == recipient_id) == (verdict != "unmatched")

    @rule(where=campaigns, name=names, early=kinds, late=st.lists(kinds, max_size=2), event=ends, at=st.booleans())
    def hear_around_the_settle(
        self, *, where: tuple[str, str], name: str, early: str, late: list[str], event: RecipientEvent, at: bool
    ) -> None:
        """Send to somebody, with receipts before and after what is said of it."""
        life: Any = self
        life.take_on(where, [name], 4)
        life.nobody_moves_outside_the_table()
        if self.claims:
            life.begin([1], 0, None)
            self.hear(place=1, said=[early], is_by_provider=at, is_hard=False, is_foreign=False)
            life.nobody_moves_outside_the_table()
            life.settle(1, (event, False), LEASE, 1)
            self.hear(place=1, said=[early, *late], is_by_provider=at, is_hard=False, is_foreign=False)

    @rule(merchant_id=st.sampled_from(("flora", "other")), name=names, is_stop=st.booleans(), number=st.integers(1, 3))
    def write_back(self, *, merchant_id: str, name: str, is_stop: bool, number: int) -> None:
        """Let somebody answer STOP or START; the same number: the same text."""
        kind, key = ("opted_out" if is_stop else "opted_in"), key_of(name)
        event_key = f"{merchant_id} {key} {kind} {number}"
        event = Feedback(event_key=event_key, kind=FeedbackKind(kind), merchant_id=merchant_id, address_key=key)
        (result,) = self.store.record([event])

        said = self.model.write_back(event_key, merchant_id, key, is_stop=is_stop)
        assert (result.verdict.value, result.is_suppressed, result.is_lifted) == said
