"""One test message through the real pipeline, outside the campaign's statistics. I/O by store and transport."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

import attrs

from campaignkit.addresses.channel import Channel, Rejection
from campaignkit.addresses.email import EmailAddress, parse_email
from campaignkit.addresses.phone import parse_phone
from campaignkit.campaign.campaign import Campaign, MerchantSettings
from campaignkit.campaign.digests import message_digest
from campaignkit.campaign.documents import structure, unstructure
from campaignkit.campaign.recipients import CampaignRecipient
from campaignkit.campaign.senders import GroupHealth, Sender, SenderHealth
from campaignkit.credits.posting import HoldCredit, RefundCredit, SettleHold
from campaignkit.credits.prices import PriceBook
from campaignkit.delivery.outcomes import Outcome, Scope, Verdict
from campaignkit.delivery.sentences import describe_code
from campaignkit.dispatch.composing import Composer
from campaignkit.dispatch.records import Records
from campaignkit.dispatch.supplying import request_for
from campaignkit.dispatch.workshop import Workshop
from campaignkit.errors import InvalidAddress, InvalidContent, LimitReached, TestNotFound
from campaignkit.kit.door import Actor
from campaignkit.kit.results import Observation, TestResult
from campaignkit.message.outbound import OutboundMessage, OutboundText
from campaignkit.message.supplies import Supply
from campaignkit.ports import Document, DocumentStore, Store, Transport
from campaignkit.timing.limits import Limit, LimitScope, destination_group, destination_scope

__all__ = ["find_test", "observed", "send_test", "tests_of"]

KIND = "test"
PAGE_MAX = 200
TEST_HEADER = "X-Campaign-Test"
# Of one merchant, whatever the campaign: a test is for a person to look at.
TEST_LIMITS = (Limit(10, per=timedelta(minutes=10)), Limit(60, per=timedelta(days=1)))


@attrs.frozen
class _Allowed:
    """A test send needs no leave: nobody else can be sending it."""

    messages: Sequence[OutboundMessage]

    def may_cross(self) -> bool:
        return True


def send_test(
    campaign: Campaign,
    *,
    to: str | None,
    actor: Actor | None,
    sample: CampaignRecipient | None,
    records: Records,
    workshop: Workshop,
    settings: MerchantSettings,
    store: Store,
    transport_of: Callable[[Sender], Transport | None],
    test_id: str,
    now: datetime,
    prices: PriceBook | None = None,
) -> TestResult:
    """Send the message with the sample's fields to *to*, and keep what came of it."""
    address = _address(campaign.channel, to or (actor.email if actor else None), settings.region)
    sender = records.sender(campaign.merchant_id, campaign.sender_id)
    transport = transport_of(sender)
    if transport is None:
        raise ValueError(f"no transport is configured for the account {sender.account!r}")
    recipient = _recipient(campaign, address, sample, test_id=test_id, now=now)
    supply = workshop.supplying(campaign).ask(request_for(recipient, is_test=True))
    marked = attrs.evolve(campaign, headers={**campaign.headers, TEST_HEADER: test_id})
    composer = attrs.evolve(workshop.composer(campaign, sender, settings), campaign=marked)
    message = composer.build(recipient, now, supply)
    if isinstance(message, Rejection):
        raise InvalidContent(message.field, message.message)
    _spend(store, sender, recipient, records.health(campaign.merchant_id, campaign.sender_id), now)
    charged = _charge(store, campaign.merchant_id, message, prices, test_id, now)
    outcomes = list(transport.send([message], _Allowed))  # to its end, so that the connection goes back to rest
    outcome = outcomes[0] if outcomes else _lost(message)
    if charged and outcome.verdict not in {Verdict.ACCEPTED, Verdict.IN_DOUBT}:
        back = RefundCredit(key=f"{charged[0]}/refund", of=charged[0], count=charged[1])
        store.post(campaign.merchant_id, [back])
    result = TestResult(
        test_id=test_id,
        campaign_id=campaign.campaign_id,
        to=address,
        at=now,
        verdict=outcome.verdict,
        code=outcome.code,
        message=describe_code(outcome.code, campaign.channel),
        reply=outcome.reply,
        provider_id=outcome.provider_id,
        content_id=campaign.content_id,
        message_digest=message_digest(campaign, sender),
        copy=_copy(composer, recipient, supply),
        actor=actor.name if actor else "",
    )
    store.save(_document(campaign.merchant_id, result), expected_revision=0)
    return result


def find_test(store: DocumentStore, merchant_id: str, test_id: str) -> tuple[TestResult, int]:
    """Return a test send and its revision; raises TestNotFound."""
    document = store.load(merchant_id, KIND, test_id)
    if document is None or document.body is None:
        raise TestNotFound(test_id)
    return structure(document.body, TestResult), document.revision


def tests_of(store: DocumentStore, campaign: Campaign, digest: str) -> Iterator[TestResult]:
    """Yield the test sends of a campaign, the oldest first; those of another message than *digest* are stale."""
    after: str | None = None
    while True:
        page = store.scan(campaign.merchant_id, KIND, after=after, limit=PAGE_MAX)
        for document in page:
            if document.body is not None and document.body["campaign_id"] == campaign.campaign_id:
                result = structure(document.body, TestResult)
                yield attrs.evolve(result, is_stale=result.message_digest != digest)
        if len(page) < PAGE_MAX:
            return
        after = page[-1].document_id


def observed(store: DocumentStore, merchant_id: str, test_id: str, observation: Observation) -> TestResult:
    """Keep what a person saw of a test send, in place of what was kept before; raises TestNotFound."""
    result, revision = find_test(store, merchant_id, test_id)
    seen = attrs.evolve(result, observation=observation)
    store.save(_document(merchant_id, seen), expected_revision=revision)
    return seen


def _spend(store: Store, sender: Sender, recipient: CampaignRecipient, health: SenderHealth, now: datetime) -> None:
    """Count the test where its provider counts it, and where it bounds tests; raises LimitReached."""
    group = destination_group(recipient.channel, recipient.address)
    towards = sender.limits_towards(group)
    scopes = (
        LimitScope(f"test/{sender.merchant_id}", TEST_LIMITS),
        *sender.limit_scopes,
        *((LimitScope(destination_scope(sender.merchant_id, sender.sender_id, group), towards),) if towards else ()),
    )
    blocked = [health.blocked_until, health.groups.get(group, GroupHealth()).blocked_until]
    waits = [until for until in blocked if until is not None and until > now]
    retry_at = max(waits) if waits else store.spend(scopes)
    if retry_at is not None:
        raise LimitReached(retry_at.isoformat())


def _charge(
    store: Store, merchant_id: str, message: OutboundMessage, prices: PriceBook | None, test_id: str, now: datetime
) -> tuple[str, int] | None:
    """Spend what a test text costs before it leaves, and return the ledger's key and the credits; None: it is free.

    A crash amid sending leaves it charged, as a message that nobody knows of; what was not accepted is refunded.

    Raises:
        InsufficientCredits, NoPriceTable, InvalidAddress: it cannot be paid, or has no price.
    """
    if prices is None or not isinstance(message, OutboundText):
        return None
    cost = prices.in_force(now).cost(message.to, message.parts)
    if isinstance(cost, Rejection):
        raise InvalidAddress("test address", str(cost.code), cost.message)
    key = f"test/{test_id}"
    store.post(merchant_id, [HoldCredit(key=key, count=cost), SettleHold(key=key, count=cost)])
    return key, cost


def _copy(composer: Composer, recipient: CampaignRecipient, supply: Supply) -> dict[str, str]:
    values = composer.values(recipient, supply)
    filled = composer.content.filled(values)
    assert not isinstance(filled, Rejection)  # the message was built of it
    rendered = attrs.asdict(filled.render(values))
    return {name: text for name, text in rendered.items() if text is not None}


def _document(merchant_id: str, result: TestResult) -> Document:
    return Document(merchant_id=merchant_id, kind=KIND, document_id=result.test_id, body=unstructure(result))


def _address(channel: Channel, to: str | None, region: str) -> str:
    if to is None:
        raise InvalidAddress(
            "test address", "missing", "say where to, or give the merchant's handle an actor's address"
        )
    parsed = parse_email(to) if channel is Channel.EMAIL else parse_phone(to, region=region)
    if isinstance(parsed, Rejection):
        raise InvalidAddress("test address", str(parsed.code), parsed.message)
    return parsed.address if isinstance(parsed, EmailAddress) else parsed.e164


def _recipient(
    campaign: Campaign, address: str, sample: CampaignRecipient | None, *, test_id: str, now: datetime
) -> CampaignRecipient:
    return CampaignRecipient(
        merchant_id=campaign.merchant_id,
        campaign_id=campaign.campaign_id,
        recipient_id=f"test{test_id}",
        channel=campaign.channel,
        contact_key="test",
        address=address,
        fields=sample.fields if sample is not None else {},
        not_before=now,
        added_at=now,
        changed_at=now,
    )


def _lost(message: OutboundMessage) -> Outcome:
    return Outcome(message_id=message.message_id, verdict=Verdict.IN_DOUBT, scope=Scope.HOST, code="outcome_missing")
