"""Short words for the laws of feedback: texts under way, and what comes back about them."""

from typing import Any

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.status import Delivery, RecipientEvent
from campaignkit.delivery.feedback import (
    Feedback,
    FeedbackKind,
    RecordResult,
    RecordVerdict,
    digest_of,
)
from campaignkit.delivery.outcomes import Outcome, Verdict
from campaignkit.delivery.settling import SettleResult
from campaignkit.ports import Claim
from campaignkit.testing.store_laws.base import Laws
from campaignkit.testing.store_laws.bench import MERCHANT

__all__ = ["ACCOUNT", "Hearing"]

ACCOUNT = "texts"


class Hearing(Laws):
    """Short words for what these laws look at."""

    def underway(
        self,
        name: str = "ann",
        *,
        campaign_id: str = "c1",
        merchant_id: str = MERCHANT,
        price: int | None = None,
        **row: Any,
    ) -> Claim:
        """Return a claim of a text that has begun."""
        self.bench.add(name, campaign_id=campaign_id, merchant_id=merchant_id, channel=Channel.SMS, **row)
        (claim,) = self.bench.claim(campaign_id=campaign_id, merchant_id=merchant_id)
        verdict = self.bench.begin(claim, price=price)
        assert verdict == "go", f"begin said {verdict} to a live claim"
        return claim

    def accept(self, claim: Claim, provider_id: str | None = "p1", **said: Any) -> SettleResult:
        outcome = Outcome(message_id="m", verdict=Verdict.ACCEPTED, code="accepted", provider_id=provider_id)
        values = {"outcome": outcome, "account": ACCOUNT, "reason": ""}
        return self.bench.settle(claim, RecipientEvent.ACCEPT, **{**values, **said})

    def doubt(self, claim: Claim, provider_id: str | None = None, **said: Any) -> SettleResult:
        outcome = Outcome(message_id="m", verdict=Verdict.IN_DOUBT, code="reply_lost", provider_id=provider_id)
        return self.bench.settle(claim, RecipientEvent.DOUBT, **{"outcome": outcome, "account": ACCOUNT, **said})

    def sent(self, name: str = "ann", provider_id: str = "p1", **row: Any) -> Claim:
        """Return a claim of a text that was accepted."""
        claim = self.underway(name, **row)
        assert self.accept(claim, provider_id) is SettleResult.APPLIED
        return claim

    def by_provider(self, provider_id: str = "p1", kind: str = "delivered", **changes: Any) -> Feedback:
        """Return an event that names a message by the provider's id."""
        values = {"account": ACCOUNT, "provider_id": provider_id, **changes}
        return self._event(FeedbackKind(kind), values)

    def by_message(self, message_id: str = "c1ann.1", kind: str = "delivered", **changes: Any) -> Feedback:
        """Return an event that names a message by our id."""
        return self._event(FeedbackKind(kind), {"message_id": message_id, **changes})

    def by_address(self, kind: str, *, key: str = "said once", **changes: Any) -> Feedback:
        """Return what somebody wrote; another *key*: at another time."""
        values = {"merchant_id": MERCHANT, "address_key": "ann@example.com", **changes}
        return self._event(FeedbackKind(kind), values, key)

    def _event(self, kind: FeedbackKind, values: dict[str, Any], key: str = "") -> Feedback:
        said = (key, kind.value, *(f"{name}={value}" for name, value in sorted(values.items())))
        return Feedback(event_key=digest_of(*said), kind=kind, **values)

    def record(self, event: Feedback) -> RecordResult:
        (result,) = self.store.record([event])
        return result

    def verdicts(self, *events: Feedback) -> list[RecordVerdict]:
        return [result.verdict for result in self.store.record(events)]

    def delivery(self, recipient_id: str = "c1ann", **where: Any) -> Delivery:
        return self.bench.recipient(recipient_id, **where).delivery

    def heard(self, recipient_id: str = "c1ann") -> list[str]:
        """Return what the trail of a recipient says came back."""
        trail = self.store.trail(MERCHANT, recipient_id)
        return [] if trail is None else [event.feedback.kind.value for event in trail.events]

    def is_suppressed(self, key: str = "ann@example.com", *, merchant_id: str = MERCHANT) -> bool:
        return key in self.store.suppressed(merchant_id, [key])
