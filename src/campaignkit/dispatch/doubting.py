"""What a campaign does by itself about messages in doubt. I/O only through the store."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import attrs

from campaignkit.campaign.campaign import Campaign, TimelineEntry
from campaignkit.campaign.doubts import REPEAT_PAUSES, RESEND_QUARANTINE, Doubt, DoubtPolicy
from campaignkit.campaign.status import CampaignStatus
from campaignkit.dispatch.steering import opening_at
from campaignkit.ports import DoubtStore

__all__ = ["DOUBTS_PAGE", "DoubtLook", "finish_sentence", "look_at_doubts", "look_at_repeats"]

DOUBTS_PAGE = 1000
FINISHED = "Nobody is waiting to be written to any more."
AGAIN = timedelta(seconds=5)  # where the store's clock says that it is not time yet


@attrs.frozen
class DoubtLook:
    """What a look at a campaign's doubts did."""

    resent: int = 0
    next_at: datetime | None = None  # when somebody's pause is over; None: nobody is sent to again by itself


def look_at_doubts(store: DoubtStore, campaign: Campaign, now: datetime) -> DoubtLook:
    """Send anew, once, to everybody whose quarantine is over, if the campaign's policy says so."""
    if campaign.on_doubt is not DoubtPolicy.RESEND_AFTER_QUARANTINE:
        return DoubtLook()
    next_at = min(
        (one.resendable_at for one in _doubts(store, campaign) if _is_to_be_resent(one, campaign)), default=None
    )
    if next_at is None or next_at > now:
        return DoubtLook(next_at=next_at)
    why = "The quarantine of messages in doubt is over; as the campaign says, they are sent anew."
    resent = store.resend(
        campaign.merchant_id,
        campaign.campaign_id,
        quarantine=RESEND_QUARANTINE,
        generation_max=1,
        limit=DOUBTS_PAGE,
        note=TimelineEntry(at=now, what="resent", why=why),
    )
    return DoubtLook(resent=resent, next_at=now + AGAIN)


def look_at_repeats(store: DoubtStore, campaign: Campaign, now: datetime, *, zone: str, content: str) -> DoubtLook:
    """Send the very same message again to everybody whose pause is over, while the campaign may send.

    For a sender whose provider takes a message once. Nobody is made to wait in the queue for an opening: whoever is
    pending for long might not be known any more to the provider.

    Args:
        zone: The merchant's, in which an opening is judged here; that in a recipient's own is judged at its turn.
        content: Digest of the message as it would go out now; one that said something else, or by another provider,
            stays in doubt.
    """
    opening = opening_at(campaign.window, now, (zone,))
    opens_at = now if opening.is_open else opening.opens_at
    if campaign.status is not CampaignStatus.SENDING or opens_at is None:
        return DoubtLook()
    found = ((_repeatable_at(one, campaign, content, opens_at), one.recipient_id) for one in _doubts(store, campaign))
    waiting = [(at, recipient_id) for at, recipient_id in found if at is not None]
    next_at = min((at for at, _ in waiting), default=None)
    if next_at is None or next_at > now:
        return DoubtLook(next_at=next_at)
    why = "Nobody knows whether they were taken: the same messages are sent again, which their provider takes once."
    repeated = store.resend(
        campaign.merchant_id,
        campaign.campaign_id,
        quarantine=REPEAT_PAUSES[0],
        recipient_ids=[recipient_id for at, recipient_id in waiting if at <= now],
        repeated_content=content,
        limit=DOUBTS_PAGE,
        note=TimelineEntry(at=now, what="repeated", why=why),
    )
    return DoubtLook(resent=repeated, next_at=now + AGAIN)


def finish_sentence(doubts: Sequence[Doubt]) -> str:
    """Return why a campaign is finished; doubts of which there may be more than a page are told as such.

    >>> finish_sentence([])
    'Nobody is waiting to be written to any more.'
    """
    if not doubts:
        return FINISHED
    count = f"{len(doubts)} or more" if len(doubts) >= DOUBTS_PAGE else str(len(doubts))
    return f"{FINISHED} In doubt: {count}; nobody knows whether their messages were taken."


def _is_to_be_resent(doubt: Doubt, campaign: Campaign) -> bool:
    is_in_time = campaign.deadline is None or doubt.resendable_at < campaign.deadline
    return doubt.generation == 1 and doubt.may_be_resent and is_in_time


def _repeatable_at(doubt: Doubt, campaign: Campaign, content: str, opens_at: datetime) -> datetime | None:
    """Return when a message is repeated that may go out from *opens_at* on; None: never."""
    if doubt.repeatable_at is None or not doubt.may_be_resent or doubt.content_digest != content:
        return None
    at = max(doubt.repeatable_at, opens_at)
    is_in_time = campaign.deadline is None or at < campaign.deadline
    return at if is_in_time and at < doubt.repeatable_until else None


def _doubts(store: DoubtStore, campaign: Campaign) -> Iterator[Doubt]:
    after: str | None = None
    while page := store.doubts(campaign.merchant_id, campaign.campaign_id, after=after, limit=DOUBTS_PAGE):
        yield from page
        after = page[-1].recipient_id
