"""Campaigns, senders and the rest to JSON-able bodies and back, through cattrs; unknown keys are refused. Pure."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from campaignkit.addresses.channel import Channel
from campaignkit.campaign.campaign import Campaign, WaitingFor
from campaignkit.campaign.status import CampaignStatus
from campaignkit.message.content import EmailContent, SmsContent
from campaignkit.timing.limits import CalendarPeriod, Counted, Interval, Limit, LimitRule, LimitScope

if TYPE_CHECKING:
    from cattrs import Converter

__all__ = [
    "campaign_body",
    "campaign_of",
    "channel_of",
    "content_body",
    "content_of",
    "limit_scopes_of",
    "moment",
    "resting_until",
    "rule_body",
    "rule_of",
    "scope_body",
    "structure",
    "unstructure",
]

T = TypeVar("T")
_RESTING = frozenset({WaitingFor.SENDER.value, WaitingFor.WINDOW.value})


@cache
def _converter() -> "Converter":
    from cattrs import Converter

    converter = Converter(forbid_extra_keys=True)
    converter.register_unstructure_hook(datetime, lambda at: at.astimezone(UTC).isoformat())
    converter.register_unstructure_hook(date, lambda day: day.isoformat())
    converter.register_unstructure_hook(time, lambda at: at.isoformat())
    converter.register_unstructure_hook(timedelta, lambda span: span.total_seconds())
    converter.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))
    converter.register_structure_hook(date, lambda text, _: date.fromisoformat(text))
    converter.register_structure_hook(time, lambda text, _: time.fromisoformat(text))
    converter.register_structure_hook(timedelta, lambda seconds, _: timedelta(seconds=seconds))
    for rule in (Interval, Limit):
        converter.register_unstructure_hook(rule, rule_body)
        converter.register_structure_hook(rule, lambda body, _: rule_of(body))
    converter.register_structure_hook(LimitRule, lambda body, _: rule_of(body))
    return converter


def unstructure(value: object) -> dict[str, Any]:
    """Return an attrs value as plain data."""
    return cast("dict[str, Any]", _converter().unstructure(value))


def structure(body: Mapping[str, Any], kind: type[T]) -> T:
    """Return plain data as a value of *kind*; raises cattrs' error on unknown or missing keys."""
    return _converter().structure(body, kind)


def campaign_body(campaign: Campaign) -> dict[str, Any]:
    """Return what the store keeps of a campaign: its fields, and the limits that ``begin`` counts under."""
    body = unstructure(campaign)
    for key in ("merchant_id", "campaign_id", "revision"):
        del body[key]
    body["limit_scopes"] = [scope_body(scope) for scope in campaign.limit_scopes]
    return body


def campaign_of(merchant_id: str, campaign_id: str, body: Mapping[str, Any], revision: int) -> Campaign:
    """Return the campaign that *body* describes."""
    fields = {key: value for key, value in body.items() if key != "limit_scopes"}
    identity = {"merchant_id": merchant_id, "campaign_id": campaign_id, "revision": revision}
    return structure({**fields, **identity}, Campaign)


def limit_scopes_of(body: Mapping[str, Any]) -> tuple[LimitScope, ...]:
    """Return the limits in a campaign's stored body."""
    return tuple(
        LimitScope(scope["key"], tuple(rule_of(rule) for rule in scope["rules"])) for scope in body["limit_scopes"]
    )


def resting_until(body: Mapping[str, Any]) -> datetime | None:
    """Return until when a sending campaign begins nothing, whatever its limits; None: it may at any time.

    Its sender is blocked, or its window is about to close. Others that stand under its limits need not wait for it.
    """
    is_resting = body["status"] == CampaignStatus.SENDING and body.get("waiting_for") in _RESTING
    return moment(body["next_at"]) if is_resting else None


def scope_body(scope: LimitScope) -> dict[str, Any]:
    """Return a scope as plain data."""
    return {"key": scope.key, "rules": [rule_body(rule) for rule in scope.rules]}


def rule_body(rule: LimitRule) -> dict[str, Any]:
    """Return an interval or a limit as plain data; a rolling one has its seconds, one by the calendar its zone."""
    if isinstance(rule, Interval):
        return {"seconds": rule.seconds, "jitter": rule.jitter}
    per = rule.per.total_seconds() if isinstance(rule.per, timedelta) else rule.per.value
    return {"count": rule.count, "per": per, "counted": rule.counted.value, "zone": rule.zone}


def rule_of(body: Mapping[str, Any]) -> LimitRule:
    """Return the interval or limit that *body* describes."""
    if "count" not in body:
        return Interval(body["seconds"], jitter=body["jitter"])
    per = CalendarPeriod(body["per"]) if isinstance(body["per"], str) else timedelta(seconds=body["per"])
    return Limit(body["count"], per=per, counted=Counted(body["counted"]), zone=body["zone"])


def moment(text: str | None) -> datetime | None:
    """Return a stored instant."""
    return None if text is None else datetime.fromisoformat(text)


def content_body(content: EmailContent | SmsContent) -> dict[str, Any]:
    """Return what the store keeps of a message."""
    return {"channel": str(channel_of(content)), **unstructure(content)}


def content_of(body: Mapping[str, Any]) -> EmailContent | SmsContent:
    """Return the message that *body* describes."""
    fields = {key: value for key, value in body.items() if key != "channel"}
    if body["channel"] == Channel.EMAIL:
        return structure(fields, EmailContent)
    return structure(fields, SmsContent)


def channel_of(content: EmailContent | SmsContent) -> Channel:
    """Return the channel that *content* is written for."""
    return Channel.EMAIL if isinstance(content, EmailContent) else Channel.SMS
