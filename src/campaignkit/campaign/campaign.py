"""A campaign: its settings, its status, and what it waits for. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import attrs

from campaignkit.addresses.channel import Channel
from campaignkit.audience.consent import ConsentPolicy
from campaignkit.campaign.doubts import DoubtPolicy
from campaignkit.campaign.status import CampaignStatus
from campaignkit.credits.pumping_settings import PumpingSettings
from campaignkit.timing.limits import (
    FrequencyCap,
    Interval,
    Limit,
    LimitRule,
    LimitScope,
    campaign_scope,
    merchant_scope,
)
from campaignkit.timing.windows import SendWindow

__all__ = ["Campaign", "CampaignKind", "MerchantSettings", "StoredFile", "TimelineEntry", "WaitingFor"]


class CampaignKind(StrEnum):
    """What a campaign is for; it decides who may get it and when."""

    MARKETING = "marketing"
    TRANSACTIONAL = "transactional"
    STANDING = "standing"  # steps of journeys; never finishes


class WaitingFor(StrEnum):
    """What a campaign waits for when it does not send."""

    NOTHING = ""
    START = "start"
    WINDOW = "window"
    LIMIT = "limit"
    RETRY = "retry"
    SENDER = "sender"
    DOUBT = "doubt"  # messages in doubt are sent anew once their quarantine is over
    LEASE = "lease"  # another worker holds what is left
    CREDIT = "credit"
    GATE = "gate"
    # Its start was missed by more than the grace, or numbers that came in look made up; a person decides.
    CONFIRMATION = "confirmation"


@attrs.frozen(kw_only=True)
class MerchantSettings:
    """A shop: its zone and country are the defaults of everything it does."""

    merchant_id: str
    zone: str  # IANA name
    region: str  # ISO 3166-1 alpha-2
    consent_policy: ConsentPolicy = attrs.field(factory=ConsentPolicy)  # what it means that nobody asked
    text_regions: tuple[str, ...] = ()  # countries that texts may go to; empty: its own
    limits: tuple[LimitRule, ...] = ()  # of everything it sends, whatever the sender
    frequency_cap: FrequencyCap | None = None  # how much marketing one person gets, across campaigns
    values: Mapping[str, str] = attrs.field(factory=dict)  # for {{ merchant.… }}
    text_opt_out: str = ""  # what marketing texts end with, such as "STOP to end"; empty: nothing is added
    pumping: PumpingSettings | None = attrs.field(factory=PumpingSettings)  # None: nobody looks for made-up numbers

    @property
    def allowed_regions(self) -> frozenset[str]:
        """The countries that texts may go to."""
        return frozenset(self.text_regions or (self.region,))

    @property
    def limit_scopes(self) -> tuple[LimitScope, ...]:
        """The limits that everything of this merchant is counted under."""
        return (LimitScope(merchant_scope(self.merchant_id), self.limits),) if self.limits else ()


@attrs.frozen(kw_only=True)
class StoredFile:
    """A file that travels with every message of a campaign; its bytes are a document of their own."""

    digest: str
    filename: str
    media_type: str
    content_id: str = ""  # of a picture that the HTML shows; empty: an attachment
    byte_count: int | None = attrs.field(default=None, eq=False)  # None: it was stored before this was noted


@attrs.frozen(kw_only=True)
class Campaign:
    """A campaign as it is stored. All instants are UTC.

    ``settings_version`` rises with every edit of what is sent, to whom, or when; moves of the status leave it alone.
    """

    merchant_id: str
    campaign_id: str
    name: str
    channel: Channel
    kind: CampaignKind = CampaignKind.MARKETING
    topic: str = ""  # what it is about, where consent is given for topics; fixed, as the audience is judged by it
    sender_id: str
    content_id: str
    values: Mapping[str, Mapping[str, Any]] = attrs.field(factory=dict, repr=False)  # for placeholders, by namespace
    supplier: str = ""  # the host's function that supplies values and files for each recipient; empty: none
    files: tuple[StoredFile, ...] = ()
    headers: Mapping[str, str] = attrs.field(factory=dict)  # the merchant's own
    link_targets: tuple[str, ...] = ()  # where click_1, click_2 … of the content lead
    is_tracking_clicks: bool = False
    is_tracking_opens: bool = False
    template: str = ""  # the one that the content was made of; empty: none
    required_template: str = ""  # the content must be this template, or derived from it
    window: SendWindow | None = None
    interval: Interval | None = None
    limits: tuple[Limit, ...] = ()  # of this campaign alone
    shared_scopes: tuple[LimitScope, ...] = ()  # those of its sender and merchant, as a worker saw them last
    priority: int = 0  # higher goes first
    is_partial: bool = False  # texts go out as far as credit pays, though it does not pay for all
    on_doubt: DoubtPolicy = DoubtPolicy.HOLD  # what it does by itself where nobody knows whether a message was taken
    start_grace: timedelta = timedelta(hours=1)  # a start missed by more waits for confirmation
    status: CampaignStatus = CampaignStatus.DRAFT
    settings_version: int = 1
    revision: int = 0
    start_at: datetime | None = None
    deadline: datetime | None = None  # nothing begins at or after it
    waiting_for: WaitingFor = WaitingFor.NOTHING
    next_at: datetime | None = None  # when it acts again by itself, where that is known
    credit_needed: int = 0  # while it waits for credit: what the next message costs
    has_begun: bool = False
    is_late_start_confirmed: bool = False
    # Places of made-up numbers that a person has looked at, and how many there were; see credits.confirming.
    confirmed_numbers: Mapping[str, Mapping[str, int]] = attrs.field(factory=dict, repr=False)
    failure_code: str = ""
    failure_reply: str = ""
    key: str | None = None
    copied_from: str | None = None
    created_at: datetime
    finished_at: datetime | None = None

    @property
    def id(self) -> str:
        return self.campaign_id

    @property
    def limit_scopes(self) -> tuple[LimitScope, ...]:
        """The limits that every message of this campaign is counted under, wherever it goes."""
        rules: tuple[LimitRule, ...] = self.limits if self.interval is None else (self.interval, *self.limits)
        own = (LimitScope(campaign_scope(self.merchant_id, self.campaign_id), rules),) if rules else ()
        return (*own, *self.shared_scopes)


@attrs.frozen(kw_only=True)
class TimelineEntry:
    """One thing that happened to a campaign as a whole."""

    at: datetime  # UTC
    what: str  # stable: "scheduled", "sending", "waiting", "paused" …
    why: str = ""  # one sentence
    actor: str = ""  # who did it; empty for the kit itself
    facts: Mapping[str, str] = attrs.field(factory=dict)
