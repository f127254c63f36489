"""A receipt or an inbound text in, the event that a store records out. Pure."""

import attrs

from campaignkit.addresses.channel import Rejection, RejectionCode, shorten
from campaignkit.addresses.phone import parse_phone
from campaignkit.delivery.feedback import (
    OPTED_OUT_BY_PHRASE,
    OPTED_OUT_BY_TEXT,
    Feedback,
    FeedbackKind,
    digest_of,
)
from campaignkit.delivery.http_replies import printable_reply
from campaignkit.delivery.sms_keywords import Keyword, KeywordKind
from campaignkit.delivery.sms_receipts import ID_LENGTH_MAX, InboundText, ReceiptStatus, SmsReceipt

__all__ = ["feedback_of_receipt", "feedback_of_text"]

CODE_LENGTH_MAX = 40

_KINDS = {
    ReceiptStatus.DELIVERED: FeedbackKind.DELIVERED,
    ReceiptStatus.UNDELIVERED: FeedbackKind.UNDELIVERED,
    ReceiptStatus.IN_TRANSIT: FeedbackKind.IN_TRANSIT,
    ReceiptStatus.UNKNOWN: FeedbackKind.NOT_KNOWN,
}


def feedback_of_receipt(receipt: SmsReceipt, *, account: str, merchant_id: str) -> Feedback | Rejection:
    """Return the event that *receipt* is; what it says and of what tells a repetition, the words of its reply do not.

    Args:
        account: The provider's, as its sender names it; empty: only our own id says what the receipt is about.
        merchant_id: Whose text it must be about; empty: nobody says.
    """
    for field, name in (("provider_id", receipt.provider_id), ("message_id", receipt.message_id)):
        refused = _refused_name(field, name)
        if refused is not None:
            return refused
    if not receipt.message_id and not receipt.provider_id:
        message = "the receipt names no message"
        return Rejection(code=RejectionCode.MISSING, field="provider_id", message=message, value="")
    feedback = Feedback(
        event_key="",
        kind=_KINDS[receipt.status],
        merchant_id=merchant_id,
        message_id=receipt.message_id,
        account=account,
        provider_id=receipt.provider_id if account else "",
        code=receipt.code[:CODE_LENGTH_MAX],
        is_hard=receipt.is_hard,
        is_opted_out=receipt.is_opted_out,
        reply=printable_reply(receipt.reply),
        at=receipt.at,
    )
    said = attrs.astuple(feedback, filter=lambda attribute, _: attribute.name not in {"event_key", "reply"})
    return attrs.evolve(feedback, event_key=digest_of("receipt", *said))


def feedback_of_text(
    text: InboundText, keyword: Keyword | None, *, merchant_id: str, region: str, arrival_id: str
) -> Feedback | Rejection:
    """Return the event that an inbound text is for the merchant whom it was sent to.

    Args:
        keyword: What it asks for.
        region: How a national number of its sender is read.
        arrival_id: Tells it from all others where its provider gave it no id. It is then never taken for a repetition:
            who writes STOP, START and STOP again must be heard three times.
    """
    refused = _refused_name("provider_id", text.provider_id)
    if refused is not None:
        return refused
    number = parse_phone(text.sender, region=region)
    if isinstance(number, Rejection):
        return attrs.evolve(number, field="sender")
    return Feedback(
        event_key=digest_of("text", merchant_id, number.key, text.to, text.provider_id or ["arrival", arrival_id]),
        kind=_kind_of(keyword),
        merchant_id=merchant_id,
        provider_id=text.provider_id,
        address_key=number.key,
        code=_reason_of(keyword),
    )


def _kind_of(keyword: Keyword | None) -> FeedbackKind:
    match keyword:
        case Keyword(kind=KeywordKind.STOP):
            return FeedbackKind.OPTED_OUT
        case Keyword(kind=KeywordKind.START):
            return FeedbackKind.OPTED_IN
        case _:
            return FeedbackKind.WROTE


def _reason_of(keyword: Keyword | None) -> str:
    if keyword is None or keyword.kind is not KeywordKind.STOP:
        return ""
    return OPTED_OUT_BY_TEXT if keyword.is_certain else OPTED_OUT_BY_PHRASE


def _refused_name(field: str, name: str) -> Rejection | None:
    """Return why *name* is no id that a store could keep."""
    if len(name) > ID_LENGTH_MAX:
        message = "this is longer than any id"
        return Rejection(code=RejectionCode.TOO_LONG, field=field, message=message, value=shorten(name))
    if not name.isprintable():
        message = "an id has no characters that cannot be printed"
        return Rejection(code=RejectionCode.MALFORMED, field=field, message=message, value=shorten(name))
    return None
