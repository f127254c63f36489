"""A workbench for laws: one store, one clock that stands still, and short words for what every law arranges."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any, TypeVar

import attrs

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.documents import scope_body
from campaignkit.campaign.recipients import Attempt, CampaignRecipient, IntakeResult, RecipientCount
from campaignkit.campaign.status import CampaignStatus, RecipientEvent, RecipientStatus
from campaignkit.clocks import FrozenClock
from campaignkit.delivery.begin import BeginAnswer, BeginVerdict, Clearance
from campaignkit.delivery.outcomes import Outcome, Verdict
from campaignkit.delivery.settling import Settlement, SettleResult
from campaignkit.ports import Claim, Document, RecipientQuery, SaveGuard, Store
from campaignkit.timing.limits import LimitScope

__all__ = ["DIGEST", "LEASE", "MERCHANT", "START", "Bench", "verdict_of"]

T = TypeVar("T")

START = datetime(2026, 3, 6, 9, 0, 0, 123456, tzinfo=UTC)  # microseconds must survive a store
LEASE = timedelta(minutes=5)
MERCHANT = "flora"
DIGEST = "digest"  # of the content that every message has

_VERDICTS = {
    RecipientEvent.ACCEPT: Verdict.ACCEPTED,
    RecipientEvent.REFUSE: Verdict.REFUSED,
    RecipientEvent.DEFER: Verdict.DEFERRED,
    RecipientEvent.DOUBT: Verdict.IN_DOUBT,
}


def verdict_of(event: RecipientEvent) -> Verdict:
    """Return the verdict that usually leads to *event*."""
    return _VERDICTS[event]


@attrs.define
class Bench:
    """Arranges campaigns and recipients in a store, and looks at what became of them."""

    store: Store
    clock: FrozenClock
    _token_count: int = 0

    # arranging

    def campaign(self, campaign_id: str = "c1", *, merchant_id: str = MERCHANT, **settings: Any) -> Document:
        """Store a new campaign, sending unless *settings* say otherwise, and return it."""
        body: dict[str, Any] = {
            "status": CampaignStatus.SENDING.value,
            "settings_version": 1,
            "next_at": None,
            "deadline": None,
            "limit_scopes": [],
            "sender_id": "main",
            "priority": 0,
        }
        document = Document(
            merchant_id=merchant_id, kind="campaign", document_id=campaign_id, body=body | _plain(settings)
        )
        saved = self.store.save(document, expected_revision=0)
        assert saved is not None, "an unguarded save answered None"
        return saved

    def edit(
        self,
        campaign_id: str = "c1",
        *,
        merchant_id: str = MERCHANT,
        guard: SaveGuard = SaveGuard.NONE,
        **settings: Any,
    ) -> Document | None:
        """Change a stored campaign's body; None if *guard* is false."""
        document = self.store.load(merchant_id, "campaign", campaign_id)
        assert document is not None, "a stored campaign is gone"
        changed = attrs.evolve(document, body={**(document.body or {}), **_plain(settings)})
        return self.store.save(changed, expected_revision=document.revision, guard=guard)

    def row(
        self, name: str, *, campaign_id: str = "c1", merchant_id: str = MERCHANT, **changes: Any
    ) -> CampaignRecipient:
        """Return a row for *name*, not stored yet; its id is the campaign's id and the name."""
        values: dict[str, Any] = {
            "recipient_id": f"{campaign_id}{name}",
            "channel": Channel.EMAIL,
            "contact_key": f"key of {name}",
            "contact_id": f"contact {name}",
            "address": f"{name.title()}@example.com",
            "address_key": f"{name}@example.com",
            "not_before": self.clock.now(),
            "added_at": self.clock.now(),
            "changed_at": self.clock.now(),
        }
        return CampaignRecipient(merchant_id=merchant_id, campaign_id=campaign_id, **{**values, **changes})

    def add(
        self, *names: str, campaign_id: str = "c1", merchant_id: str = MERCHANT, **changes: Any
    ) -> Sequence[IntakeResult]:
        """Add one row for each name."""
        rows = [self.row(name, campaign_id=campaign_id, merchant_id=merchant_id, **changes) for name in names]
        return self.store.add_recipients(merchant_id, campaign_id, rows)

    def claim(
        self,
        *,
        limit: int = 10,
        campaign_id: str = "c1",
        merchant_id: str = MERCHANT,
        token: str | None = None,
        lease: timedelta = LEASE,
        worker_id: str = "w1",
    ) -> Sequence[Claim]:
        """Claim with a token of its own unless one is given."""
        self._token_count += 1
        token = token or f"token{self._token_count}"
        return self.store.claim(merchant_id, campaign_id, worker_id=worker_id, token=token, lease=lease, limit=limit)

    def claims(
        self, *names: str, campaign_id: str = "c1", merchant_id: str = MERCHANT, worker_id: str = "w1"
    ) -> list[Claim]:
        """Add *names* to a campaign where nobody else is pending, claim them all, and return them in this order."""
        self.add(*names, campaign_id=campaign_id, merchant_id=merchant_id)
        claimed = self.claim(
            limit=len(names) + 1, campaign_id=campaign_id, merchant_id=merchant_id, worker_id=worker_id
        )
        by_id = {claim.recipient.recipient_id: claim for claim in claimed}
        assert set(by_id) == {f"{campaign_id}{name}" for name in names}, "claim did not claim who was added"
        return [by_id[f"{campaign_id}{name}"] for name in names]

    def claim_one(self, name: str = "ann", *, campaign_id: str = "c1", **changes: Any) -> Claim:
        """Add *name* to a campaign and claim it."""
        self.add(name, campaign_id=campaign_id, **changes)
        claims = self.claim(campaign_id=campaign_id)
        assert [claim.recipient.recipient_id for claim in claims] == [f"{campaign_id}{name}"], "claim did not claim"
        return claims[0]

    def begun(self, name: str = "ann", *, campaign_id: str = "c1", **changes: Any) -> Claim:
        """Add *name*, claim it and begin it."""
        claim = self.claim_one(name, campaign_id=campaign_id, **changes)
        verdict = self.begin(claim)
        assert verdict is BeginVerdict.GO, f"begin said {verdict} to a live claim"
        return claim

    def doubtful(self, name: str = "ann", **changes: Any) -> Claim:
        """Add *name*, begin it and lose the reply."""
        claim = self.begun(name, **changes)
        result = self.settle(claim, RecipientEvent.DOUBT)
        assert result is SettleResult.APPLIED, f"settling a begun message was {result}"
        return claim

    # acting

    def clearance(self, claim: Claim, **changes: Any) -> Clearance:
        """Return what the holder of *claim* believes, but for *changes*."""
        recipient = claim.recipient
        values: dict[str, Any] = {
            "campaign_id": recipient.campaign_id,
            "epoch": claim.epoch,
            "generation": recipient.generation,
            "claim_token": recipient.claim_token,
            "settings_version": 1,
            "address_key": recipient.address_key,
            "content_digest": DIGEST,
            "prepared_at": self.clock.now(),
        }
        changed = {**values, **changes}
        return Clearance(merchant_id=recipient.merchant_id, recipient_id=recipient.recipient_id, **changed)

    def ask(self, *clearances: Clearance, lease: timedelta = LEASE) -> Sequence[BeginAnswer]:
        """Ask to begin all of *clearances* at once."""
        return self.store.begin(clearances, lease=lease)

    def begin(self, claim: Claim, **changes: Any) -> BeginVerdict:
        """Ask to begin one claim."""
        (answer,) = self.ask(self.clearance(claim, **changes))
        return answer.verdict

    def begin_all(self, claims: Sequence[Claim], **changes: Any) -> list[BeginVerdict]:
        """Ask to begin *claims* in one call."""
        return [answer.verdict for answer in self.ask(*(self.clearance(claim, **changes) for claim in claims))]

    def begin_answer(self, claim: Claim, **changes: Any) -> BeginAnswer:
        """Ask to begin one claim and return the whole answer."""
        (answer,) = self.ask(self.clearance(claim, **changes))
        return answer

    def unsent(self, claim: Claim, limit_scopes: tuple[LimitScope, ...] = (), **changes: Any) -> Settlement:
        """Return the proof that nothing of *claim* was submitted."""
        outcome = Outcome(message_id="m1", verdict=Verdict.NOT_SENT, code="connection_lost")
        proof = {"outcome": outcome, "limit_scopes": limit_scopes, "not_before": self.clock.now() + LEASE}
        return self.settlement(claim, RecipientEvent.DEFER, **{**proof, **changes})

    def settlement(self, claim: Claim, event: RecipientEvent, **changes: Any) -> Settlement:
        """Return what became of *claim*."""
        values: dict[str, Any] = {
            "merchant_id": claim.recipient.merchant_id,
            "epoch": claim.epoch,
            "outcome": Outcome(message_id="m1", verdict=verdict_of(event), code="code", reply="250 ok"),
            "reason": "because",
        }
        return Settlement(recipient_id=claim.recipient.recipient_id, event=event, **{**values, **changes})

    def settle(self, claim: Claim, event: RecipientEvent, **changes: Any) -> SettleResult:
        """Settle one claim."""
        (result,) = self.store.settle([self.settlement(claim, event, **changes)])
        return result

    def at_once(self, call: Callable[[], T], *, thread_count: int = 4) -> list[T]:
        """Return what *call* returned in each of several threads that started together."""
        barrier = Barrier(thread_count)

        def run() -> T:
            barrier.wait(timeout=30)
            return call()

        with ThreadPoolExecutor(thread_count) as pool:
            futures = [pool.submit(run) for _ in range(thread_count)]
            return [future.result(timeout=120) for future in futures]

    # looking

    def recipient(self, recipient_id: str = "c1ann", *, merchant_id: str = MERCHANT) -> CampaignRecipient:
        """Return one row as it is stored."""
        trail = self.store.trail(merchant_id, recipient_id)
        assert trail is not None, "a stored row is gone"
        return trail.recipient

    def status(self, recipient_id: str = "c1ann", *, merchant_id: str = MERCHANT) -> RecipientStatus:
        """Return the status of one row."""
        return self.recipient(recipient_id, merchant_id=merchant_id).status

    def attempts(self, recipient_id: str = "c1ann", *, merchant_id: str = MERCHANT) -> tuple[Attempt, ...]:
        """Return the attempts at one row."""
        trail = self.store.trail(merchant_id, recipient_id)
        return () if trail is None else trail.attempts

    def rows(self, campaign_id: str = "c1", *, merchant_id: str = MERCHANT) -> Sequence[CampaignRecipient]:
        """Return all rows of a campaign."""
        return self.store.list_recipients(merchant_id, campaign_id, RecipientQuery(limit=10_000))

    def counts(self, campaign_id: str = "c1", *, merchant_id: str = MERCHANT) -> Sequence[RecipientCount]:
        """Return the counted rows of a campaign."""
        return self.store.count_recipients(merchant_id, campaign_id)

    def everything(self) -> object:
        """Return all that can be seen of the first campaigns of two merchants, to be compared later."""
        seen: list[object] = []
        for merchant_id in (MERCHANT, "other"):
            for campaign_id in ("c1", "c2"):
                rows = self.rows(campaign_id, merchant_id=merchant_id)
                seen.append(self.store.load(merchant_id, "campaign", campaign_id))
                seen.extend(self.store.trail(merchant_id, row.recipient_id) for row in rows)
        return seen


def _plain(settings: dict[str, Any]) -> dict[str, Any]:
    return {key: _plain_value(value) for key, value in settings.items()}


def _plain_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple) and all(isinstance(scope, LimitScope) for scope in value):
        return [scope_body(scope) for scope in value]
    return str(value) if isinstance(value, CampaignStatus) else value
