"""What a campaign file may say, key by key. Values only; the file itself is read in structuring.py. Pure."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

import attrs

__all__ = [
    "CampaignFile",
    "CampaignTable",
    "ContentTable",
    "GatewayTable",
    "KannelTable",
    "MerchantTable",
    "SenderTable",
    "TwilioTable",
    "WindowTable",
]


@attrs.frozen(kw_only=True)
class MerchantTable:
    """``[merchant]``: the shop, whose zone and region are the defaults of everything."""

    id: str
    zone: str  # IANA name
    region: str  # ISO 3166-1 alpha-2
    values: Mapping[str, str] | None = None  # for {{ merchant.… }}; None: those that are stored stay
    text_opt_out: str | None = None  # what marketing texts end with


@attrs.frozen(kw_only=True)
class KannelTable:
    """``[sender.kannel]``: the smsbox of a Kannel."""

    url: str
    username: str
    password: str  # ${NAME}
    smsc: str | None = None
    insecure_plaintext: bool = False


@attrs.frozen(kw_only=True)
class TwilioTable:
    """``[sender.twilio]``: an account of Twilio's."""

    account_sid: str
    password: str  # ${NAME}
    username: str | None = None  # an API key's SID


@attrs.frozen(kw_only=True)
class GatewayTable:
    """``[sender.gateway]``: any gateway over HTTP, described by a file of its own."""

    file: str  # from where the campaign file stands
    secrets: Mapping[str, str] = attrs.field(factory=dict)  # ${NAME} each, for the file's {secret.NAME}


@attrs.frozen(kw_only=True)
class SenderTable:
    """``[sender]``: who it is from, and one of a mail server, a folder and gateways for texts."""

    id: str = "main"
    address: str
    reply_to: str = ""
    smtp: str | None = None  # a URL; its password is ${NAME}
    connections: int = 8  # the most sessions at a time
    doubt_max: int | None = None  # the most mails that a crash can leave in doubt; one per session unless given
    outbox: str | None = None  # a folder, from where the file stands
    kannel: KannelTable | None = None
    twilio: TwilioTable | None = None
    gateway: GatewayTable | None = None
    limits: tuple[str, ...] | None = None  # "500 per day"; empty: there are none
    destination_limits: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)  # by group of mail domains
    country_caps: Mapping[str, int] | None = None  # texts an hour by country; "*": each of the others
    provider: str | None = None  # code of a preset, instead of limits


@attrs.frozen(kw_only=True)
class ContentTable:
    """``[campaign.content]``: the message, or the files that hold its parts."""

    subject: str | None = None  # of mail
    text: str | None = None
    text_file: str | None = None
    html: str | None = None
    html_file: str | None = None
    syntax: str = "placeholders"
    language: str = "en"  # of dates, money and numbers


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
    channel: str = "email"
    kind: str = "marketing"
    content: ContentTable
    values: Mapping[str, Mapping[str, Any]] = attrs.field(factory=dict)  # the same for everybody, by namespace
    attachments: tuple[str, ...] = ()  # files, from where the campaign file stands
    inline_images: Mapping[str, str] = attrs.field(factory=dict)  # file by what the HTML calls it: cid:logo
    headers: Mapping[str, str] = attrs.field(factory=dict)
    window: WindowTable | None = None
    interval_seconds: float | None = None
    jitter_seconds: float = 0.0  # each wait is longer by up to so much
    limits: tuple[str, ...] = ()  # of this campaign alone
    priority: int | None = None
    on_doubt: str = "hold"
    start_at: datetime | None = None  # without an offset: by the merchant's clock
    deadline: datetime | None = None


@attrs.frozen(kw_only=True)
class CampaignFile:
    """The whole file."""

    merchant: MerchantTable
    sender: SenderTable
    campaign: CampaignTable
    columns: Mapping[str, str] = attrs.field(factory=dict)  # ``[columns]``: which column answers what
