"""What must be true of a message at the moment when the store lets it begin. Reads what the court knows."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from campaignkit.campaign.campaign import Campaign
from campaignkit.campaign.digests import message_digest
from campaignkit.campaign.documents import structure
from campaignkit.campaign.recipients import CampaignRecipient
from campaignkit.campaign.senders import Sender
from campaignkit.campaign.status import CampaignStatus
from campaignkit.delivery.begin import CROSS_WITHIN, BeginVerdict, Clearance
from campaignkit.testing.simulation.court import Begun, Court
from campaignkit.testing.simulation.report import instant
from campaignkit.testing.simulation.watching import Call
from campaignkit.timing.limits import Interval, Limit, LimitRule
from campaignkit.timing.limits.states import from_micros, to_micros

__all__ = ["judge_begin"]

TOLERANCE = timedelta(milliseconds=1)  # of intervals: seconds as floats


def judge_begin(court: Court, call: Call) -> None:
    """Judge everybody who got leave, and remember them."""
    for clearance, answer in zip(call.arguments[0], call.result, strict=True):
        court.answers[answer.verdict.value] += 1
        if answer.verdict is not BeginVerdict.GO:
            continue
        place = court.place_of(clearance.merchant_id, clearance.recipient_id)
        if place is None or place not in court.bodies:
            court.find("unexpected", f"{clearance.recipient_id} began, and there is no such recipient")
            continue
        row, campaign = court.rows[place][clearance.recipient_id], court.campaign(place)
        zones = row.zones or (_zone_of(court, clearance.merchant_id),)
        begun = Begun(call.actor, court.now(), clearance, campaign, zones)
        for law, problem in _problems(court, begun, row):
            court.find(law, f"{clearance.recipient_id} of {place[1]} began at {instant(begun.at)}: {problem}")
        court.begun.setdefault(clearance.recipient_id, []).append(begun)


def _problems(court: Court, begun: Begun, row: CampaignRecipient) -> Iterator[tuple[str, str]]:
    asked, campaign, place = begun.clearance, begun.campaign, (row.merchant_id, row.campaign_id)
    if place in court.halted:
        yield "begun_while_halted", "a pause or cancel had returned"
    if court.status(place) is not CampaignStatus.SENDING:
        yield "begun_while_halted", f"its campaign is {court.status(place)}"
    if asked.settings_version != campaign.settings_version:
        yield "begun_though_edited", f"prepared by version {asked.settings_version} of {campaign.settings_version}"
    sender = court.store.load(asked.merchant_id, "sender", campaign.sender_id)
    assert sender is not None
    assert sender.body is not None
    if asked.content_digest != message_digest(campaign, structure(sender.body, Sender)):
        yield "begun_though_edited", "with another content than its campaign's"
    if (row.merchant_id, row.address_key) in court.opted_out:
        yield "begun_after_opt_out", "its address had opted out"
    if row.epoch != asked.epoch:
        yield "stale_epoch", f"by epoch {asked.epoch} of {row.epoch}"
    if campaign.deadline is not None and begun.at >= campaign.deadline:
        yield "begun_after_deadline", f"its deadline was {instant(campaign.deadline)}"
    earlier = court.begun.get(row.recipient_id, ())
    if any(one.is_open and not (one.left_open_until and one.is_same_message(asked)) for one in earlier):
        yield "begun_twice", "an earlier try is not settled"
    if asked.price is not None and any(one.is_same_message(asked) and court.is_charged(one) for one in earlier):
        yield "ledger", "its message is paid for"
    yield from _hours(begun)
    yield from _counts(court, asked, campaign, begun.at)
    yield from _cap(court, begun)


def _hours(begun: Begun) -> Iterator[tuple[str, str]]:
    window = begun.campaign.window
    for at in (begun.at, begun.at + CROSS_WITHIN):
        if window is not None and not window.is_open(at, begun.zones):
            yield "out_of_hours", f"its window is closed at {instant(at)}"


def _counts(court: Court, asked: Clearance, campaign: Campaign, at: datetime) -> Iterator[tuple[str, str]]:
    given = {scope.key: scope for scope in asked.limit_scopes}
    for scope in campaign.limit_scopes:
        if scope.key not in given:
            yield "over_limit", f"it was not counted under {scope.key}"
        past = [
            one.at
            for one in court.all_begun(asked.merchant_id)
            if one.is_counted and any(its.key == scope.key for its in one.clearance.limit_scopes)
        ]
        for rule in scope.rules:
            if not _has_room(rule, past, at):
                yield "over_limit", f"{scope.key}: {rule.sentence}"


def _has_room(rule: LimitRule, past: Sequence[datetime], at: datetime) -> bool:
    """Return whether one more may begin at *at*, by counting every begin of the past."""
    match rule:
        case Interval():
            return not past or at - max(past) >= rule.between - TOLERANCE
        case Limit(per=timedelta() as length):
            return sum(one > at - length for one in past) < rule.count
        case Limit():
            return sum(from_micros(rule.lapses_at(to_micros(one))) > at for one in past) < rule.count


def _cap(court: Court, begun: Begun) -> Iterator[tuple[str, str]]:
    asked = begun.clearance
    if asked.cap is None:
        return
    since = begun.at - asked.cap.length
    past = [
        one
        for one in court.all_begun(asked.merchant_id)
        if one.at > since
        and one.clearance.address_key == asked.address_key
        and court.may_be_accepted(one)
        and one.clearance.cap is not None
        and not one.is_same_message(asked)  # repeated: it is one message
    ]
    if len(past) >= asked.cap.messages:
        yield "over_cap", f"{len(past)} in {asked.cap.days} days"


def _zone_of(court: Court, merchant_id: str) -> str:
    document = court.store.load(merchant_id, "merchant", merchant_id)
    return "UTC" if document is None or document.body is None else str(document.body["zone"])
