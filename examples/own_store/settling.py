"""What an outcome and what an event do to a recipient. The one may come before the other, so they meet here."""

import attrs
from psycopg.types.json import Json

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.campaign import TimelineEntry
from campaignkit.campaign.documents import structure, unstructure
from campaignkit.campaign.recipients import Attempt, CampaignRecipient
from campaignkit.campaign.status import CampaignEvent, CampaignStatus, RecipientEvent, RecipientStatus, transition
from campaignkit.delivery.crediting import ended_by
from campaignkit.delivery.feedback import (
    HeardFeedback,
    NamedMessage,
    accept_by,
    delivery_of,
    is_about,
    suppression_reason,
)
from campaignkit.delivery.moving import at_epoch, settle_facts_of, settled
from campaignkit.delivery.settling import (
    NOT_ACCEPTED,
    Settlement,
    SettleResult,
    Uncounted,
    echoes,
    give_back_all,
    settle_one,
    uncounts,
)
from campaignkit.delivery.sms_receipts import part_ids
from examples.own_store.credit import end_hold
from examples.own_store.database import Work
from examples.own_store.recipients import heard_of, suppress
from examples.own_store.rows import (
    add_note,
    attempts_of,
    document_of,
    evolved,
    ground_of,
    limits_of,
    put_attempts,
    put_document,
    put_limits,
    put_recipients,
    recipient_of,
)

__all__ = ["hear", "prove", "reopen", "settle"]


def settle(work: Work, settlement: Settlement) -> SettleResult:
    """Write what became of one message, and what events that came before it say."""
    row = recipient_of(work, settlement.merchant_id, settlement.recipient_id)
    if row is None:
        return SettleResult.STALE
    tried = attempts_of(work, row.merchant_id, row.recipient_id)
    facts = settle_facts_of(row, tried, ground_of(work, row))
    became = settle_one(facts, settlement, work.now)
    if isinstance(became, SettleResult):
        return became
    attempt = at_epoch(tried, row, settlement.epoch)
    after, settled_attempt = settled(row, attempt, settlement, became, work.now)
    put_recipients(work, [after])
    put_attempts(work, [settled_attempt])
    if attempt.began_at is not None and uncounts(settlement):
        _give_back(work, Uncounted(settlement.limit_scopes, attempt.began_at))
    hold = ended_by(settlement, attempt.credit_shares) if attempt.is_holding else None
    if hold is not None:
        end_hold(work, hold)
    if after is not row and after.status is RecipientStatus.PENDING:
        reopen(work, row.merchant_id, row.campaign_id, NOT_ACCEPTED)
    if settlement.event in {RecipientEvent.ACCEPT, RecipientEvent.DOUBT}:
        _name(work, after, attempt, settlement)
        prove(work, after.merchant_id, after.recipient_id)
    for echo in echoes(facts, settlement):
        settle(work, echo)
    return SettleResult.APPLIED


def prove(work: Work, merchant_id: str, recipient_id: str) -> None:
    """Settle messages in doubt that an event proves to have arrived at their provider."""
    row, heard = recipient_of(work, merchant_id, recipient_id), heard_of(work, merchant_id, recipient_id)
    for attempt in attempts_of(work, merchant_id, recipient_id) if row is not None and heard else ():
        is_current = row is not None and row.status is RecipientStatus.IN_DOUBT and attempt.epoch == row.epoch
        proof = accept_by(attempt, heard) if is_current or attempt.doubt_until is not None else None
        if proof is not None:
            settle(work, proof)


def hear(work: Work, heard: HeardFeedback, named: NamedMessage) -> bool:
    """Keep an event with the recipient that it is about and do what it asks for.

    Returns whether the address is suppressed anew.
    """
    row = recipient_of(work, named.merchant_id, named.recipient_id)
    assert row is not None  # a deleted one took its names with it
    _attach(work, heard, named)
    delivery = delivery_of(heard_of(work, named.merchant_id, named.recipient_id))
    if delivery is not row.delivery:
        row = attrs.evolve(row, delivery=delivery)
        put_recipients(work, [row])
    prove(work, row.merchant_id, row.recipient_id)
    reason = suppression_reason(heard.feedback)
    if not reason or named.epoch != row.epoch:
        return False  # it is about an address that is not the recipient's any more
    return suppress(work, row.merchant_id, [row.address_key], reason) > 0


def _attach(work: Work, heard: HeardFeedback, named: NamedMessage) -> None:
    found = attrs.evolve(
        heard,
        feedback=attrs.evolve(heard.feedback, merchant_id=named.merchant_id),
        epoch=named.epoch,
        generation=named.generation,
        part=named.part,
        known_count=named.known_count,
        part_count=named.part_count,
    )
    statement = """
        UPDATE own_events SET (is_waiting, until, merchant_id, recipient_id, body) = (false, NULL, %s, %s, %s)
        WHERE event_key = %s
    """
    owner = (named.merchant_id, named.recipient_id)
    work.run(statement, *owner, Json(unstructure(found)), heard.feedback.event_key)


def _name(work: Work, row: CampaignRecipient, attempt: Attempt, settlement: Settlement) -> None:
    """Let the ids of a text stand for it, and hand it what waited for them."""
    if row.channel is not Channel.SMS or not settlement.account:
        return
    ids = part_ids(settlement.outcome.provider_id or "")
    for part in ids:
        named = NamedMessage(
            merchant_id=row.merchant_id,
            recipient_id=row.recipient_id,
            epoch=attempt.epoch,
            generation=attempt.generation,
            part=part,
            known_count=len(ids),
            part_count=max(settlement.part_count or 0, len(ids)),
            named_at=work.now,
        )
        _put_name(work, settlement.account, part, named)
        query = """
            SELECT body FROM own_events WHERE is_waiting AND account = %s AND provider_id = %s ORDER BY position
        """
        for (body,) in work.rows(query, settlement.account, part):
            heard = structure(body, HeardFeedback)
            if is_about(heard.feedback, (), named, work.now) is not None:
                hear(work, heard, named)


def _put_name(work: Work, account: str, provider_id: str, named: NamedMessage) -> None:
    """Write what an id stands for: the newest text wins."""
    statement = """
        INSERT INTO own_message_names (account, provider_id, merchant_id, recipient_id, body)
        VALUES (%s, %s, %s, %s, %s)
        ON CONFLICT (account, provider_id) DO UPDATE
        SET (merchant_id, recipient_id, body) = (excluded.merchant_id, excluded.recipient_id, excluded.body)
    """
    owner = (named.merchant_id, named.recipient_id)
    work.run(statement, account, provider_id, *owner, Json(unstructure(named)))


def _give_back(work: Work, uncounted: Uncounted) -> None:
    before = limits_of(work, [scope.key for scope in uncounted.limit_scopes])
    put_limits(work, before, give_back_all(before, [uncounted]))


def reopen(work: Work, merchant_id: str, campaign_id: str, why: str) -> None:
    """Let a finished campaign send again: somebody on it is pending."""
    campaign = document_of(work, merchant_id, "campaign", campaign_id)
    if campaign.body is None or campaign.body["status"] != CampaignStatus.FINISHED:
        return
    status = transition(CampaignStatus.FINISHED, CampaignEvent.REOPEN)
    put_document(work, evolved(campaign, status=status.value, finished_at=None))
    add_note(work, merchant_id, campaign_id, TimelineEntry(at=work.now, what="reopened", why=why))
