"""What a forecast says. Values only; instants are UTC."""

from datetime import date, datetime
from enum import StrEnum

import attrs

__all__ = ["DateCount", "Eta", "EtaCode", "Forecast", "HourCount", "RuleUse"]


@attrs.frozen
class HourCount:
    """How many messages go within an hour of the merchant's clock."""

    starts_at: datetime
    count: int


@attrs.frozen
class DateCount:
    """How many messages go on a day, in a week or in a month of the merchant's calendar."""

    starts_on: date  # of a week its Monday, of a month its first
    count: int


@attrs.frozen(kw_only=True)
class RuleUse:
    """One rule that a campaign stands under, and how far it is used at most while the campaign is sent."""

    scope_key: str  # whom it counts: ``sender/flora/main``
    rule: str  # one sentence
    allowed: int
    used: int  # in the busiest window, whoever sent it: as the limit counts it, from what was counted before
    busiest_at: datetime | None  # when it was that full; None: it never counts anything


@attrs.frozen(kw_only=True)
class Forecast:
    """When a campaign goes out, if its workers are there and its provider takes what it is given.

    It is what rules allow: hours, limits, intervals, and the campaigns that share them. Where no rule binds, messages
    stand at one instant, and how fast they leave is the mail server's affair.
    """

    campaign_id: str
    made_at: datetime
    zone: str  # the merchant's, for hours, days, weeks and months
    starts_at: datetime | None  # the first message; None: none goes
    ends_at: datetime | None  # the last message
    message_count: int  # how many go
    per_hour: tuple[HourCount, ...]  # those in which any go, in order; so the others
    per_day: tuple[DateCount, ...]
    per_week: tuple[DateCount, ...]
    per_month: tuple[DateCount, ...]
    rules: tuple[RuleUse, ...]
    sent_count: int  # went before
    busy_count: int  # a worker holds them at this moment; they are forecast by nobody
    expired_count: int  # still wait at the deadline
    never_count: int  # their hours never come
    beyond_count: int  # later than it looked; see ``is_complete``
    deadline: datetime | None
    is_in_time: bool | None  # whether all that can go goes before the deadline; None: there is none
    is_complete: bool  # False: it is longer than a forecast reaches; ``ends_at`` is the last one that it saw
    doubt_max: int | None = None  # the most messages that a crash can leave in doubt; None: the transport does not say
    credits: int | None = None  # what it costs; None: not known


class EtaCode(StrEnum):
    """What a recipient waits for."""

    AT_ONCE = "at_once"
    WAITS_FOR_START = "waits_for_start"
    WAITS_FOR_WINDOW = "waits_for_window"
    WAITS_FOR_LIMIT = "waits_for_limit"  # and for those who go earlier
    WAITS_FOR_RETRY = "waits_for_retry"
    EXPIRES = "expires"  # its turn comes too late
    NO_WINDOW = "no_window"
    BEYOND_HORIZON = "beyond_horizon"
    NOT_WAITING = "not_waiting"  # it was sent, say, or left out


@attrs.frozen(kw_only=True)
class Eta:
    """When one recipient gets the message, and why not sooner."""

    recipient_id: str
    at: datetime | None  # None: not at all, or not known
    code: EtaCode
    message: str  # one sentence for a shopkeeper
    ahead_count: int = 0  # how many messages of the campaign go before
