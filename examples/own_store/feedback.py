"""record: what comes back about messages, or from whom they went to."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from psycopg.types.json import Json

from campaignkit.campaign.documents import structure, unstructure
from campaignkit.delivery.feedback import (
    Feedback,
    FeedbackKind,
    HeardFeedback,
    NamedMessage,
    RecordResult,
    RecordVerdict,
    is_about,
    lasts_until,
    named_by,
    read_message_id,
    suppression_reason,
)
from examples.own_store.database import Database, Work
from examples.own_store.recipients import lift, suppress
from examples.own_store.rows import attempts_of, recipient_of
from examples.own_store.settling import hear

__all__ = ["FeedbackVerbs"]


class FeedbackVerbs(Database):
    """``ports.FeedbackStore``."""

    def record(self, events: Sequence[Feedback], /) -> Sequence[RecordResult]:
        with self.writing_alone() as work:  # whose an event is, is not known before; and no settle may pass it
            results = [_record_one(work, event) for event in events]
            return [_as_it_stands(work, result) for result in results]


def _record_one(work: Work, event: Feedback) -> RecordResult:
    query = "SELECT merchant_id, recipient_id, body FROM own_events WHERE event_key = %s"
    known = work.rows(query, event.event_key)
    if known:
        return _again(*known[0])
    named = None if event.names_address else _message_of(work, event)
    heard = HeardFeedback(feedback=event, recorded_at=work.now, epoch=0, generation=0)
    _keep(work, heard, named)
    if event.names_address:
        return _of_address(work, event)
    if named is None:
        return RecordResult(verdict=RecordVerdict.UNMATCHED)
    is_suppressed = hear(work, heard, named)
    return RecordResult(
        verdict=RecordVerdict.NEW,
        merchant_id=named.merchant_id,
        recipient_id=named.recipient_id,
        is_suppressed=is_suppressed,
    )


def _again(merchant_id: str, recipient_id: str, body: Mapping[str, Any]) -> RecordResult:
    known = structure(body, HeardFeedback).feedback
    if known.names_address:
        return RecordResult(verdict=RecordVerdict.DUPLICATE, merchant_id=known.merchant_id)
    if not recipient_id:
        return RecordResult(verdict=RecordVerdict.UNMATCHED)
    return RecordResult(verdict=RecordVerdict.DUPLICATE, merchant_id=merchant_id, recipient_id=recipient_id)


def _keep(work: Work, heard: HeardFeedback, named: NamedMessage | None) -> None:
    """Write a new event; ``hear`` gives it to the recipient that it is about, if there is one."""
    event = heard.feedback
    is_matched = event.names_address or named is not None
    until = lasts_until(event, work.now, is_matched=is_matched)
    statement = """
        INSERT INTO own_events
            (event_key, account, provider_id, is_waiting, until, body, merchant_id, recipient_id)
        VALUES (%s, %s, %s, %s, %s, %s, '', '')
    """
    place = (event.event_key, event.account, event.provider_id)
    work.run(statement, *place, not is_matched, until, Json(unstructure(heard)))


def _of_address(work: Work, event: Feedback) -> RecordResult:
    keys, reason = [event.address_key], suppression_reason(event)
    return RecordResult(
        verdict=RecordVerdict.NEW,
        merchant_id=event.merchant_id,
        is_suppressed=bool(reason) and suppress(work, event.merchant_id, keys, reason) > 0,
        is_lifted=event.kind is FeedbackKind.OPTED_IN and lift(work, event.merchant_id, keys) > 0,
    )


def _message_of(work: Work, event: Feedback) -> NamedMessage | None:
    """Return the message that an event is about, by our own id or by its provider's."""
    by_message: list[NamedMessage] = []
    ours = read_message_id(event.message_id)
    if ours is not None:
        recipient_id, generation = ours
        owners = work.rows("SELECT merchant_id FROM own_recipients WHERE recipient_id = %s", recipient_id)
        tries = [named_by(attempts_of(work, merchant_id, recipient_id), generation) for (merchant_id,) in owners]
        by_message = [one for one in tries if one is not None]
    query = "SELECT body FROM own_message_names WHERE account = %s AND provider_id = %s"
    body = work.first(query, event.account, event.provider_id)
    by_provider = None if body is None else structure(body, NamedMessage)
    return is_about(event, by_message, by_provider, work.now)


def _as_it_stands(work: Work, result: RecordResult) -> RecordResult:
    row = recipient_of(work, result.merchant_id, result.recipient_id)
    if row is None:
        return result
    return attrs.evolve(result, campaign_id=row.campaign_id, status=row.status, delivery=row.delivery)
