"""Claims in, messages and their clearances out. Pure but for what the host supplies, which is asked for here."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import attrs

from campaignkit.addresses.channel import Rejection
from campaignkit.campaign.campaign import Campaign
from campaignkit.campaign.retry_budget import RETRY_PAUSE
from campaignkit.credits.prices import PriceTable
from campaignkit.delivery.begin import CROSS_WITHIN, Clearance
from campaignkit.delivery.sentences import describe_code
from campaignkit.dispatch.composing import Composer
from campaignkit.dispatch.limiting import Limiting
from campaignkit.dispatch.steering import Opening, opening_at
from campaignkit.dispatch.supplying import Supplying
from campaignkit.errors import SupplyFailed
from campaignkit.message.outbound import OutboundMessage, OutboundText
from campaignkit.ports import Claim

__all__ = ["Batch", "Held", "Unsendable", "prepare"]

SUPPLY_AGAIN = timedelta(minutes=5)
RETRIES_PAUSED = "Many who were put off were put off again, so this one's next try waits; first tries go on."


@attrs.frozen(kw_only=True)
class Held:
    """A claim that cannot have its message before some instant: its own hours are closed, or its provider is."""

    claim: Claim
    until: datetime
    reason: str  # stable code
    detail: str = ""  # one sentence for a shopkeeper


@attrs.frozen(kw_only=True)
class Unsendable:
    """A claim that can never be sent: its text is empty once filled in, say, or its own window never opens again."""

    claim: Claim
    code: str
    problem: str


@attrs.frozen(kw_only=True)
class Batch:
    """What one call of a transport sends."""

    messages: tuple[OutboundMessage, ...]
    claims: Mapping[str, Claim]  # by message id
    clearances: Mapping[str, Clearance]  # by message id
    held: tuple[Held, ...]  # not in the batch
    unsendable: tuple[Unsendable, ...]  # not in the batch
    account: str = ""  # the provider's, under which its ids name texts


def prepare(
    claims: Sequence[Claim],
    *,
    composer: Composer,
    supplying: Supplying,
    limiting: Limiting,
    prices: PriceTable | None = None,
) -> Batch:
    """Return the messages for *claims*, apart from those who cannot have one now. Hours are judged once by zones.

    Args:
        prices: What texts cost now; None: nothing.
    """
    campaign, now, zone = limiting.campaign, limiting.now, limiting.settings.zone
    openings: dict[tuple[str, ...], Opening] = {}
    messages: list[OutboundMessage] = []
    by_id: dict[str, Claim] = {}
    clearances: dict[str, Clearance] = {}
    held: list[Held] = []
    unsendable: list[Unsendable] = []
    paused = _over_budget(claims, limiting)
    for claim in claims:
        zones = claim.recipient.zones or (zone,)
        opening = openings.get(zones) or opening_at(campaign.window, now, zones)
        openings[zones] = opening
        group = limiting.group_of(claim.recipient)
        message = (
            _out_of_hours(claim, opening, now)
            or paused.get(claim.recipient.recipient_id)
            or _blocked(claim, limiting, group)
            or _built(claim, composer, supplying, now)
        )
        price = _price(message, prices)
        if isinstance(price, Rejection):
            message = Unsendable(claim=claim, code=str(price.code), problem=price.message)
            price = None
        match message:
            case Held():
                held.append(message)
            case Unsendable():
                unsendable.append(message)
            case _:
                messages.append(message)
                by_id[message.message_id] = claim
                clearances[message.message_id] = _clearance(claim, campaign, limiting, group, opening, now, price)
    return Batch(
        messages=tuple(messages),
        claims=by_id,
        clearances=clearances,
        held=tuple(held),
        unsendable=tuple(unsendable),
        account=composer.sender.account,
    )


def _price(message: OutboundMessage | Held | Unsendable, prices: PriceTable | None) -> int | Rejection | None:
    """Return what a text costs by its own parts, or why nobody knows; None: it costs nothing, as all mail."""
    if prices is None or not isinstance(message, OutboundText):
        return None
    return prices.cost(message.to, message.parts)


def _built(
    claim: Claim, composer: Composer, supplying: Supplying, now: datetime
) -> OutboundMessage | Held | Unsendable:
    try:
        supply = supplying.of(claim.recipient)
    except SupplyFailed as error:
        detail = f"What the shop supplies for this recipient could not be had ({error.problem})."
        return Held(claim=claim, until=now + SUPPLY_AGAIN, reason="supply_failed", detail=detail)
    message = composer.build(claim.recipient, now, supply)
    if isinstance(message, Rejection):
        return Unsendable(claim=claim, code=str(message.code), problem=message.message)
    return message


def _over_budget(claims: Sequence[Claim], limiting: Limiting) -> dict[str, Held]:
    """Return those, by recipient id, whose next try waits: many of the sender's retries were put off again."""
    retried = [claim for claim in claims if claim.recipient.attempt_count]
    until = limiting.now + RETRY_PAUSE
    return {
        claim.recipient.recipient_id: Held(claim=claim, until=until, reason="retries_paused", detail=RETRIES_PAUSED)
        for claim in retried[limiting.retries_left :]
    }


def _blocked(claim: Claim, limiting: Limiting, group: str) -> Held | None:
    block = limiting.block_of(group)
    if block is None:
        return None
    detail = describe_code(block.code, claim.recipient.channel)
    return Held(claim=claim, until=block.until, reason="group_throttled", detail=detail)


def _has_time(opening: Opening, now: datetime) -> bool:
    """Return whether a message that begins at *now* may still cross as late as it is allowed to."""
    return opening.is_open and (opening.closes_at is None or now + CROSS_WITHIN < opening.closes_at)


def _out_of_hours(claim: Claim, opening: Opening, now: datetime) -> Held | Unsendable | None:
    if _has_time(opening, now):
        return None
    if opening.opens_at is None:
        return Unsendable(claim=claim, code="no_window", problem=opening.problem)
    return Held(claim=claim, until=opening.opens_at, reason="window_closed")


def _clearance(
    claim: Claim,
    campaign: Campaign,
    limiting: Limiting,
    group: str,
    opening: Opening,
    prepared_at: datetime,
    price: int | None,
) -> Clearance:
    recipient = claim.recipient
    return Clearance(
        merchant_id=recipient.merchant_id,
        campaign_id=recipient.campaign_id,
        recipient_id=recipient.recipient_id,
        epoch=claim.epoch,
        generation=recipient.generation,
        claim_token=recipient.claim_token,
        settings_version=campaign.settings_version,
        address_key=recipient.address_key,
        open_until=opening.closes_at,
        reopens_at=opening.opens_at,
        deadline=campaign.deadline,
        price=price,
        limit_scopes=limiting.scopes_of(group),
        draw=limiting.draw(),
        cap=limiting.cap,
        content_digest=campaign.content_id,
        prepared_at=prepared_at,
    )
