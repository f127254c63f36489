"""Claims in, messages and their clearances out. Pure but for what the host supplies, which is asked for here."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import attrs

from campaignkit.addresses.channel import Rejection
from campaignkit.campaign.doubts import NOT_REPEATABLE
from campaignkit.campaign.retry_budget import RETRY_PAUSE
from campaignkit.credits.prices import PriceTable
from campaignkit.delivery.begin import CROSS_WITHIN, Clearance
from campaignkit.delivery.sentences import describe_code
from campaignkit.dispatch.composing import Composer
from campaignkit.dispatch.limiting import Limiting
from campaignkit.dispatch.repeating import Repeat
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
    paid: Mapping[str, int] = attrs.field(factory=dict)  # by message id: what an earlier try of it pays


@attrs.frozen(kw_only=True)
class _Try:
    """One claim, and what of its surroundings decides about its message."""

    claim: Claim
    opening: Opening
    group: str
    prepared_at: datetime
    repeat: Repeat | None


def prepare(
    claims: Sequence[Claim],
    *,
    composer: Composer,
    supplying: Supplying,
    limiting: Limiting,
    prices: PriceTable | None = None,
    repeats: Mapping[str, Repeat] | None = None,
) -> Batch:
    """Return the messages for *claims*, apart from those who cannot have one now. Hours are judged once by zones.

    Args:
        prices: What texts cost now; None: nothing.
        repeats: Who gets the very same message again, by recipient id.
    """
    messages: list[OutboundMessage] = []
    by_id: dict[str, Claim] = {}
    clearances: dict[str, Clearance] = {}
    held: list[Held] = []
    unsendable: list[Unsendable] = []
    paid: dict[str, int] = {}
    paused = _over_budget(claims, limiting)
    for one in _tries(claims, limiting, repeats or {}):
        message = (
            _not_repeatable(one)
            or _out_of_hours(one, limiting.now)
            or paused.get(one.claim.recipient.recipient_id)
            or _blocked(one, limiting)
            or _built(one, composer, supplying, limiting.now)
        )
        price = _price(message, prices, one.repeat)
        if isinstance(price, Rejection):
            message = Unsendable(claim=one.claim, code=str(price.code), problem=price.message)
            price = None
        match message:
            case Held():
                held.append(message)
            case Unsendable():
                unsendable.append(message)
            case _:
                messages.append(message)
                by_id[message.message_id] = one.claim
                clearances[message.message_id] = _clearance(one, limiting, price)
                if one.repeat is not None and one.repeat.price is not None:
                    paid[message.message_id] = one.repeat.price
    return Batch(
        messages=tuple(messages),
        claims=by_id,
        clearances=clearances,
        held=tuple(held),
        unsendable=tuple(unsendable),
        account=composer.sender.account,
        paid=paid,
    )


def _tries(claims: Iterable[Claim], limiting: Limiting, repeats: Mapping[str, Repeat]) -> Iterator[_Try]:
    openings: dict[tuple[str, ...], Opening] = {}
    for claim in claims:
        zones = claim.recipient.zones or (limiting.settings.zone,)
        opening = openings.get(zones) or opening_at(limiting.campaign.window, limiting.now, zones)
        openings[zones] = opening
        repeat = repeats.get(claim.recipient.recipient_id)
        yield _Try(
            claim=claim,
            opening=opening,
            group=limiting.group_of(claim.recipient),
            prepared_at=limiting.now if repeat is None else repeat.prepared_at,
            repeat=repeat,
        )


def _not_repeatable(one: _Try) -> Unsendable | None:
    if one.repeat is None or not one.repeat.problem:
        return None
    return Unsendable(claim=one.claim, code=NOT_REPEATABLE, problem=one.repeat.problem)


def _price(
    message: OutboundMessage | Held | Unsendable, prices: PriceTable | None, repeat: Repeat | None
) -> int | Rejection | None:
    """Return what a text costs by its own parts, or why nobody knows; None: it costs nothing, as all mail.

    A repeated text is paid by its first try: a provider that takes it once charges for it once.
    """
    is_paid = repeat is not None and repeat.price is not None
    if prices is None or is_paid or not isinstance(message, OutboundText):
        return None
    return prices.cost(message.to, message.parts)


def _built(one: _Try, composer: Composer, supplying: Supplying, now: datetime) -> OutboundMessage | Held | Unsendable:
    claim = one.claim
    try:
        supply = supplying.of(claim.recipient)
    except SupplyFailed as error:
        detail = f"What the shop supplies for this recipient could not be had ({error.problem})."
        return Held(claim=claim, until=now + SUPPLY_AGAIN, reason="supply_failed", detail=detail)
    message = composer.build(claim.recipient, one.prepared_at, supply)
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


def _blocked(one: _Try, limiting: Limiting) -> Held | None:
    block = limiting.block_of(one.group)
    if block is None:
        return None
    detail = describe_code(block.code, one.claim.recipient.channel)
    return Held(claim=one.claim, until=block.until, reason="group_throttled", detail=detail)


def _has_time(opening: Opening, now: datetime) -> bool:
    """Return whether a message that begins at *now* may still cross as late as it is allowed to."""
    return opening.is_open and (opening.closes_at is None or now + CROSS_WITHIN < opening.closes_at)


def _out_of_hours(one: _Try, now: datetime) -> Held | Unsendable | None:
    opening = one.opening
    if _has_time(opening, now):
        return None
    if opening.opens_at is None:
        return Unsendable(claim=one.claim, code="no_window", problem=opening.problem)
    return Held(claim=one.claim, until=opening.opens_at, reason="window_closed")


def _clearance(one: _Try, limiting: Limiting, price: int | None) -> Clearance:
    recipient, campaign, opening = one.claim.recipient, limiting.campaign, one.opening
    return Clearance(
        merchant_id=recipient.merchant_id,
        campaign_id=recipient.campaign_id,
        recipient_id=recipient.recipient_id,
        epoch=one.claim.epoch,
        generation=recipient.generation,
        claim_token=recipient.claim_token,
        settings_version=campaign.settings_version,
        address_key=recipient.address_key,
        open_until=opening.closes_at,
        reopens_at=opening.opens_at,
        deadline=campaign.deadline,
        price=price,
        limit_scopes=limiting.scopes_of(one.group),
        draw=limiting.draw(),
        cap=limiting.cap,
        content_digest=limiting.message_digest,
        prepared_at=one.prepared_at,
    )
