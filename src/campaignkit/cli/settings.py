"""What a campaign file may say, key by key. Values only; the file itself is read in structuring.py. Pure."""

from collections.abc import Mapping
from datetime import date, datetime, time

import attrs

__all__ = ["CampaignFile", "CampaignTable", "ContentTable", "MerchantTable", "SenderTable", "WindowTable"]


@attrs.frozen(kw_only=True)
class MerchantTable:
    """``[merchant]``: the shop, whose zone and region are the defaults of everything."""

    id: str
    zone: str  # IANA name
    region: str  # ISO 3166-1 alpha-2


@attrs.frozen(kw_only=True)
class SenderTable:
    """``[sender]``: who it is from, and either a mail server or a folder."""

    id: str = "main"
    address: str
    smtp: str | None = None  # a URL; its password is ${NAME}
    connections: int = 8  # the most sessions at a time
    doubt_max: int | None = None  # the most mails that a crash can leave in doubt; one per session unless given
    outbox: str | None = None  # a folder, from where the file stands
    limits: tuple[str, ...] | None = None  # "500 per day"; empty: there are none
    destination_limits: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)  # by group of mail domains
    provider: str | None = None  # code of a preset, instead of limits


@attrs.frozen(kw_only=True)
class ContentTable:
    """``[campaign.content]``: the message, or the files that hold its parts."""

    subject: str
    text: str | None = None
    text_file: str | None = None
    html: str | None = None
    html_file: str | None = None


@attrs.frozen(kw_only=True)
class WindowTable:
    """``[campaign.window]``: the hours in which messages may begin."""

    hours: Mapping[str, str] | None = None  # instead of the next three: several openings a day, others on some days
    days: str | None = None
    opens: time | None = None
    closes: time | None = None
    holidays: tuple[date, ...] = ()
    public_holidays: str = ""  # a country or a part of one
    zone: str = "recipient"


@attrs.frozen(kw_only=True)
class CampaignTable:
    """``[campaign]``: its name is what it is known by; the same name again is the same campaign."""

    name: str
    kind: str = "marketing"
    content: ContentTable
    window: WindowTable | None = None
    interval_seconds: float | None = None
    jitter_seconds: float = 0.0  # each wait is longer by up to so much
    limits: tuple[str, ...] = ()  # of this campaign alone
    priority: int | None = None
    start_at: datetime | None = None  # without an offset: by the merchant's clock
    deadline: datetime | None = None


@attrs.frozen(kw_only=True)
class CampaignFile:
    """The whole file."""

    merchant: MerchantTable
    sender: SenderTable
    campaign: CampaignTable
    columns: Mapping[str, str] = attrs.field(factory=dict)  # ``[columns]``: which column answers what
