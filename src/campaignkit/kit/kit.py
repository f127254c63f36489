"""CampaignKit: one store, its transports and a clock; merchants' handles, and the worker's verbs."""

import logging
import math
import random
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, Self

import attrs

from campaignkit.addresses.channel import Rejection
from campaignkit.audience.consent import ConsentPolicy
from campaignkit.audience.targeting.matching import HostFunction
from campaignkit.campaign.campaign import MerchantSettings
from campaignkit.campaign.senders import Sender
from campaignkit.campaign.status import CampaignStatus
from campaignkit.clocks import SystemClock
from campaignkit.credits.prices import PriceBook
from campaignkit.credits.pumping_settings import PumpingSettings
from campaignkit.dispatch.composing import House
from campaignkit.dispatch.dispatcher import DEFAULT_LEASE, Dispatcher, Round, Tools
from campaignkit.dispatch.records import Records
from campaignkit.dispatch.workshop import Workshop
from campaignkit.errors import MerchantNotFound, StoreUnavailable
from campaignkit.identifiers import TimeOrderedIds
from campaignkit.kit.base import aware
from campaignkit.kit.door import Actor
from campaignkit.kit.merchant import Merchant
from campaignkit.kit.recording import RecordingVerbs
from campaignkit.kit.results import RunReport, TickReport, WaitingCampaign
from campaignkit.kit.senders import limit_rules
from campaignkit.kit.unsubscribing import Unsubscribed, unsubscribe
from campaignkit.message.links.settings import LinkSettings
from campaignkit.message.links.tokens import MERCHANT_BYTES_MAX
from campaignkit.message.mail_settings import MailSettings
from campaignkit.message.supplies import Supplier
from campaignkit.ports import Clock, NewId, Store, Transport
from campaignkit.timing.limits import FrequencyCap, LimitRule
from campaignkit.timing.windows import SendWindow

__all__ = ["CampaignKit", "Stop"]

POLL_SECONDS = 5.0  # how long a worker that has nothing to do waits before it looks again
TICK_MESSAGES = 1000

Transports = Mapping[str, Transport] | Callable[[Sender], Transport | None]


class Stop(Protocol):
    """What tells a worker to stop; ``threading.Event`` is one."""

    def is_set(self) -> bool: ...

    def wait(self, timeout: float | None = None) -> bool: ...


class CampaignKit(RecordingVerbs):
    """Campaigns over one store. A worker process builds a kit and works: all that sending needs is in the store.

    Args:
        store: MemoryStore, SqlStore, or the host's own.
        transports: By account, or a callable for thousands of accounts. They open connections when first used, so a kit
            may be built before a fork.
        clock: FrozenClock makes three weeks pass in a second.
        lease: How long a worker may be silent before another takes over what it held; 11.5 minutes by default, which
            covers the ten that a mail server may take for its last reply (RFC 5321, 4.5.3.2.6).
        links: Where links lead and the secrets that sign them; ``unsubscribe`` needs them.
        mail: What all mail gets: a return path per recipient, signatures, ``Feedback-ID``.
        suppliers: Functions by name that supply values and files for one recipient, once: ``{"coupons": coupon_for}``.
        predicates: Functions by name that filters may ask about a contact: ``{"has_photos": has_photos}``.
        prices: What texts cost. With it no text leaves that the merchant's credit does not pay for; without it texts
            cost nothing and nothing is held.
        new_id, randomness, stopwatch: For tests; by default unique, random and real.

    Raises:
        SchemaOutdated: the database wants ``store.upgrade()``.
    """

    def __init__(
        self,
        *,
        store: Store,
        transports: Transports | None = None,
        clock: Clock | None = None,
        lease: timedelta | None = None,
        links: LinkSettings | None = None,
        mail: MailSettings | None = None,
        suppliers: Mapping[str, Supplier] | None = None,
        predicates: Mapping[str, HostFunction] | None = None,
        prices: PriceBook | None = None,
        new_id: NewId | None = None,
        randomness: Callable[[], float] | None = None,
        stopwatch: Callable[[], tuple[float, float]] | None = None,
    ) -> None:
        self._store = store
        self._transports: Transports = transports if transports is not None else {}
        self._clock = clock or SystemClock()
        self._new_id = new_id or TimeOrderedIds()
        self.links = links
        self._house = House(links=links, mail=mail or MailSettings())
        self._suppliers = dict(suppliers or {})
        self._predicates = dict(predicates or {})
        self._prices = prices
        self._is_closed = False
        store.bind_clock(self._clock)
        self._records = Records(store, self._clock)
        self._used_transports: dict[int, Transport] = {}
        self._dispatcher = Dispatcher(
            Tools(
                store=store,
                clock=self._clock,
                transport_of=self._transport_of,
                new_id=self._new_id,
                random=randomness or random.random,
                stopwatch=stopwatch or _real_time,
                lease=lease or DEFAULT_LEASE,
                house=self._house,
                suppliers=self._suppliers,
                prices=prices,
            )
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the transports that were used and the store; safe to repeat."""
        if self._is_closed:
            return
        self._is_closed = True
        for transport in self._used_transports.values():
            transport.close()
        self._store.close()

    def merchant(
        self,
        merchant_id: str,
        *,
        zone: str | None = None,
        region: str | None = None,
        consent_policy: ConsentPolicy | None = None,
        text_regions: Iterable[str] | None = None,
        limits: Iterable[LimitRule] | None = None,
        frequency_cap: FrequencyCap | Literal[False] | None = None,
        values: Mapping[str, str] | None = None,
        text_opt_out: str | None = None,
        pumping: PumpingSettings | Literal[False] | None = None,
        actor: Actor | None = None,
    ) -> Merchant:
        """Return a handle on one merchant. Given values are stored, omitted ones are read.

        Args:
            zone: IANA name, such as ``America/New_York``.
            region: ISO 3166-1 alpha-2, such as ``US``; how national phone numbers are read.
            consent_policy: What it means that nobody asked a contact; by default enough for email, and not for texts.
            text_regions: Countries that texts may go to, as *region*; by default, and where it is empty, its own.
            limits: Of everything that it sends, whatever the sender; ``[]`` for none.
            frequency_cap: How much marketing one person gets across its campaigns; False for any amount.
            values: For ``{{ merchant.… }}``: its name, postal address, phone …
            text_opt_out: What marketing texts end with unless they say so already, such as ``STOP to end``.
            pumping: From where on numbers of texts look made up, which holds a campaign for a person; False for never.
            actor: Who acts through this handle; it is not stored with the merchant.

        Raises:
            MerchantNotFound: the merchant is unknown, and zone or region are missing.
            ValueError: the zone is no IANA name, a region not two letters, or *merchant_id* empty or over 200 bytes.
            TypeError: a limit is neither Limit nor Interval.
        """
        self._require_open()
        _require_merchant_id(merchant_id)
        stored = self._records.find_settings(merchant_id)
        given = _given(zone=zone, region=region, consent_policy=consent_policy, text_regions=text_regions)
        if limits is not None:
            given["limits"] = limit_rules(limits)
        if frequency_cap is not None:
            given["frequency_cap"] = frequency_cap or None
        if values is not None:
            given["values"] = {str(name): str(value) for name, value in values.items()}
        if text_opt_out is not None:
            given["text_opt_out"] = text_opt_out.strip()
        if pumping is not None:
            given["pumping"] = pumping or None
        if stored is not None:
            settings = attrs.evolve(stored, **given)
        elif zone and region:
            settings = MerchantSettings(merchant_id=merchant_id, **given)
        else:
            raise MerchantNotFound(merchant_id)
        if settings != stored:
            self._records.save_settings(settings)
        return Merchant(
            settings=settings,
            actor=actor,
            store=self._store,
            clock=self._clock,
            new_id=self._new_id,
            transport_of=self._transport_of,
            require_open=self._require_open,
            workshop=Workshop(self._records, self._store, house=self._house, suppliers=self._suppliers),
            predicates=self._predicates,
            prices=self._prices,
        )

    def link_target(self, merchant_id: str, campaign_id: str, number: int) -> str | None:
        """Return where ``click_<number>`` of a campaign's mails leads; None where no such link is stored with it."""
        self._require_open()
        campaign = self._records.campaign(merchant_id, campaign_id)
        targets = () if campaign is None else campaign.link_targets
        return targets[number - 1] if 1 <= number <= len(targets) else None

    def unsubscribe(self, token: str) -> Unsubscribed | Rejection:
        """Never write again to whom *token* was sent, for its merchant, and return what that did; safe to repeat.

        Whoever is pending under that address is skipped in every campaign. *token* is the last part of an unsubscribe
        URL. What is no such token, or names nobody, is a Rejection with a code of its own (``token_…``).

        Raises:
            ValueError: the kit was made without *links*.
        """
        self._require_open()
        if self.links is None:
            raise ValueError("this kit was made without links=LinkSettings(…)")
        return unsubscribe(self._store, self.links, token)

    # the worker's verbs

    def tick(
        self, max_messages: int = TICK_MESSAGES, max_seconds: float | None = None, stop: Stop | None = None
    ) -> TickReport:
        """Do one bounded round over all merchants and return; never sleeps.

        Args:
            max_messages: The most that are sent. 0 only asks: ``has_more`` says whether anybody is ready, and a past
                ``next_at`` that some campaign is to be looked after.
            max_seconds: Of real time; what was begun is finished all the same.
            stop: Once it is set, what is being handed over is finished and the rest of its batch goes back.
        """
        self._dispatcher.seen.clear()  # nobody asks a tick what waits
        return _told(self._round(max_messages, max_seconds, stop))

    def run(
        self,
        until: datetime | None = None,
        stop: Stop | None = None,
        on_progress: Callable[[TickReport], None] | None = None,
    ) -> RunReport:
        """Tick and sleep in turn; return when nothing timed is left, at *until*, or when *stop* is set.

        Pauses, missing credit, gates and doubts never keep it alive; other workers' leases do.

        Args:
            until: Aware; nothing is done at or after it, and the clock stands at it on return if work was left.
        """
        end = aware("until", until)
        sent, next_at = 0, None
        while stop is None or not stop.is_set():
            if end is not None and self._clock.now() >= end:
                break
            done = self._round(TICK_MESSAGES, None, stop)
            sent, next_at = sent + done.sent, done.next_at
            if on_progress is not None:
                on_progress(_told(done))
            if next_at is None:
                break
            self._clock.sleep_until(next_at if end is None else min(next_at, end))
        return RunReport(sent=sent, next_at=next_at, waiting=self._waiting())

    def serve(
        self,
        stop: Stop,
        *,
        poll_seconds: float = POLL_SECONDS,
        on_unavailable: Callable[[StoreUnavailable], None] | None = None,
    ) -> int:
        """Work until *stop* is set and return how many were sent: the body of a worker process.

        New campaigns are noticed within *poll_seconds*. What is being handed over when *stop* is set is finished
        and written down; the rest of its batch goes back untouched. A database that is restarted or full for a while
        ends no worker: it looks again every *poll_seconds*.

        Args:
            on_unavailable: Told each time that the store could not be used; by default the logger ``campaignkit`` is.
        """
        sent = 0
        while not stop.is_set():
            self._dispatcher.seen.clear()  # a worker lives for months and reports nothing of them
            try:
                done = self._round(TICK_MESSAGES, poll_seconds, stop)
            except StoreUnavailable as trouble:
                (on_unavailable or _warn)(trouble)
                done = Round()
            sent += done.sent
            stop.wait(self._pause_seconds(done, poll_seconds))
        return sent

    def _round(self, max_messages: int, max_seconds: float | None, stop: Stop | None = None) -> Round:
        self._require_open()
        ends_at = math.inf if max_seconds is None else time.monotonic() + max_seconds

        return self._dispatcher.round(
            max_messages=max_messages,
            may_go_on=lambda: time.monotonic() < ends_at,
            is_stopping=lambda: stop is not None and stop.is_set(),
        )

    def _pause_seconds(self, done: Round, poll_seconds: float) -> float:
        if done.next_at is None:
            return poll_seconds
        return min(max((done.next_at - self._clock.now()).total_seconds(), 0.0), poll_seconds)

    def _waiting(self) -> tuple[WaitingCampaign, ...]:
        """Return the unfinished among the campaigns that were looked at, and forget the others."""
        found = (self._records.campaign(*seen) for seen in sorted(self._dispatcher.seen))
        ended = {CampaignStatus.FINISHED, CampaignStatus.CANCELLED}
        waiting = tuple(
            WaitingCampaign(
                merchant_id=campaign.merchant_id,
                campaign_id=campaign.campaign_id,
                status=campaign.status,
                waiting_for=campaign.waiting_for,
                next_at=campaign.next_at,
            )
            for campaign in found
            if campaign is not None and campaign.status not in ended
        )
        self._dispatcher.seen = {(campaign.merchant_id, campaign.campaign_id) for campaign in waiting}
        return waiting

    def _transport_of(self, sender: Sender) -> Transport | None:
        if isinstance(self._transports, Mapping):
            transport = self._transports.get(sender.account)
        else:
            transport = self._transports(sender)
        if transport is not None:
            self._used_transports[id(transport)] = transport
        return transport

    def _require_open(self) -> None:
        if self._is_closed:
            raise RuntimeError("this kit is closed")


def _told(done: Round) -> TickReport:
    return TickReport(sent=done.sent, next_at=done.next_at, has_more=done.has_more)


def _warn(trouble: StoreUnavailable) -> None:
    logging.getLogger("campaignkit").warning("%s; looking again soon", trouble)


def _real_time() -> tuple[float, float]:
    return time.monotonic(), time.time()


def _given(
    *,
    zone: str | None,
    region: str | None,
    consent_policy: ConsentPolicy | None,
    text_regions: Iterable[str] | None,
) -> dict[str, Any]:
    """Return those settings that were given, as they are stored."""
    if isinstance(text_regions, str):
        raise TypeError("text_regions is a list of countries, not one text")
    given = {
        "zone": _known_zone(zone) if zone else None,
        "region": _known_region(region) if region else None,
        "consent_policy": consent_policy,
        "text_regions": None if text_regions is None else tuple(sorted({_known_region(one) for one in text_regions})),
    }
    return {name: value for name, value in given.items() if value is not None}


def _require_merchant_id(merchant_id: str) -> None:
    """Links hold the id, and a header line holds the link: what is longer would fail in a worker."""
    if not merchant_id or len(merchant_id.encode()) > MERCHANT_BYTES_MAX:
        raise ValueError(f"merchant_id must have 1 to {MERCHANT_BYTES_MAX} bytes")


def _known_zone(zone: str) -> str:
    return SendWindow.always(zone=zone).zone if zone != "recipient" else _refuse_zone(zone)


def _refuse_zone(zone: str) -> str:
    raise ValueError(f"{zone!r} is no zone of a merchant; give an IANA name")


def _known_region(region: str) -> str:
    if len(region) != 2 or not region.isascii() or not region.isalpha():
        raise ValueError(f"{region!r} is no region; give two letters of ISO 3166-1, such as US")
    return region.upper()
