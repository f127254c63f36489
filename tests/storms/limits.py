"""The race for quotas: processes with wrong clocks at senders' limits, killed on the way; then an exact count.

The judge reads from the database when every message began, and knows nothing of how campaignkit counts.
"""

import json
import random
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import attrs
import sqlalchemy as sa

from campaignkit.addresses.channel import Channel
from campaignkit.audience.contacts import Contact, parse_contact
from campaignkit.clocks import SystemClock
from campaignkit.delivery.outcomes import Outcome, Scope, Verdict
from campaignkit.kit import CampaignKit
from campaignkit.message.content import EmailContent
from campaignkit.message.outbound import OutboundEmail, OutboundMessage
from campaignkit.ports import Clear, SenderCheck
from campaignkit.stores.sql import SqlStore
from campaignkit.timing.limits import Interval, Limit, LimitRule
from tests.storms.places import url_of
from tests.storms.zygote import Zygote

MERCHANT = "flora"
CONTENT = EmailContent(subject="Spring", text="Hello {{ customer.first_name | default: 'you' }}, the tulips are here.")
DAY_SECONDS = 86_400.0  # by so much a worker's clock may be wrong, either way
LOST_EVERY = 11  # of so many messages one is not sent at its first try, and its place in the quota is given back
LEASE = timedelta(seconds=5)
POLL_SECONDS = 0.04  # between two looks of a worker that found nothing to do
WARM_SECONDS = 0.5  # in which one worker learns what all others are born with
LIFE_SECONDS = 0.7  # of a worker until the next one is killed, on average
SECOND = 1_000_000  # microseconds, which is what the judge counts in


@attrs.frozen(kw_only=True)
class Quota:
    """At most so many in any time of that length."""

    count: int
    seconds: float

    @property
    def length(self) -> int:
        return round(self.seconds * SECOND)


@attrs.frozen(kw_only=True)
class Runner:
    """A sender of the race."""

    quotas: tuple[Quota, ...] = ()
    apart_seconds: float = 0.0
    to_gmail: tuple[Quota, ...] = ()
    campaign_count: int = 1

    @property
    def rules(self) -> list[LimitRule]:
        """What the sender is told of its limits."""
        apart = [Interval(self.apart_seconds)] if self.apart_seconds else []
        return [*apart, *_limits(self.quotas)]


RUNNERS = {
    "bursts": Runner(quotas=(Quota(count=20, seconds=1), Quota(count=600, seconds=60)), campaign_count=3),
    "rolls": Runner(quotas=(Quota(count=50, seconds=5),), campaign_count=2),
    "apart": Runner(apart_seconds=1.0),
    "groups": Runner(quotas=(Quota(count=80, seconds=8),), to_gmail=(Quota(count=30, seconds=8),), campaign_count=2),
    "many": Runner(quotas=(Quota(count=240, seconds=20),), campaign_count=2),  # above 100: counted by hundredths
}


def _limits(quotas: Sequence[Quota]) -> list[Limit]:
    return [Limit(quota.count, per=timedelta(seconds=quota.seconds)) for quota in quotas]


# the ground


def prepare_race(url: str, *, seconds: float) -> None:
    """Make a database hold campaigns of several senders, all sending, with more recipients than so long can take."""
    store = store_on(url)
    store.upgrade()
    with CampaignKit(store=store) as kit:
        shop = kit.merchant(MERCHANT, zone="Europe/Warsaw", region="PL")
        for name, runner in RUNNERS.items():
            to_gmail = {"gmail": _limits(runner.to_gmail)} if runner.to_gmail else {}
            address = f"Flora <{name}@flora.example>"
            shop.add_sender(name, address=address, limits=runner.rules, destination_limits=to_gmail)
            for number in range(runner.campaign_count):
                campaign = shop.create_campaign(name=f"{name} {number}", sender=name, content=CONTENT)
                size = 20 + round(1.5 * possible_count(runner, 0, round(seconds * SECOND)) / runner.campaign_count)
                shop.add_recipients(campaign.id, _contacts(size, gmail_every=2 if runner.to_gmail else 0))
                shop.schedule(campaign.id)
                _start(store, campaign.id)
    store.close()


def store_on(url: str) -> SqlStore:
    """Return a store that decides by the right time: a file by the system's clock, a server by its own."""
    return SqlStore(url, clock=SystemClock() if url.startswith("sqlite") else None)


def _contacts(count: int, *, gmail_every: int) -> Iterator[Contact]:
    for number in range(1, count + 1):
        domain = "gmail.com" if gmail_every and number % gmail_every == 0 else "example.com"
        contact = parse_contact({"email": f"customer{number}@{domain}", "email consent": "yes"}, row_number=number)
        assert isinstance(contact, Contact)
        yield contact


def _start(store: SqlStore, campaign_id: str) -> None:
    """Let a scheduled campaign send at once: when a worker with a wrong clock would start it is another question."""
    document = store.load(MERCHANT, "campaign", campaign_id)
    assert document is not None
    assert document.body is not None
    body = {**document.body, "status": "sending", "has_begun": True}
    store.save(attrs.evolve(document, body=body), expected_revision=document.revision)


# a worker


@attrs.frozen
class WrongClock:
    """The real time, wrong by *skew*."""

    skew: timedelta

    def now(self) -> datetime:
        return datetime.now(UTC) + self.skew

    def sleep_until(self, at: datetime, /) -> None:
        time.sleep(max((at - self.now()).total_seconds(), 0.0))


class HastyProvider:
    """Takes everything at once, but for a message here and there that it loses provably at the first try."""

    channel = Channel.EMAIL

    def __init__(self) -> None:
        self._lost: set[str] = set()

    def send(self, batch: Sequence[OutboundMessage], clear: Clear, /) -> Iterator[Outcome]:
        cleared = clear(tuple(batch))
        granted = {message.message_id for message in cleared.messages}
        for message in batch:
            is_sent = message.message_id in granted and cleared.may_cross() and not self._loses(message)
            verdict = Verdict.ACCEPTED if is_sent else Verdict.NOT_SENT
            yield Outcome(message_id=message.message_id, verdict=verdict, scope=Scope.RECIPIENT, code=verdict.value)

    def _loses(self, message: OutboundMessage) -> bool:
        assert isinstance(message, OutboundEmail)
        number = int(message.envelope_to.removeprefix("customer").partition("@")[0])
        is_lost = number % LOST_EVERY == 0 and message.message_id not in self._lost
        self._lost.add(message.message_id)
        return is_lost

    def verify(self) -> SenderCheck:
        return SenderCheck(is_ready=True)

    def close(self) -> None:
        pass


def race(job: Mapping[str, Any]) -> None:
    """Work as one process of the race until it is over."""
    store = store_on(job["url"])
    provider, clock = HastyProvider(), WrongClock(timedelta(seconds=job["skew_seconds"]))
    with CampaignKit(store=store, transports=lambda _: provider, clock=clock, lease=LEASE) as kit:
        while (left := job["ends_at"] - time.time()) > 0:
            if not kit.tick(max_seconds=left).sent:
                time.sleep(POLL_SECONDS)


# the judge


@attrs.frozen(kw_only=True)
class Standing:
    """What one sender came to."""

    name: str
    begun: int
    possible: int
    overshoots: int  # windows that held more than they allow, and pairs too near each other

    @property
    def used(self) -> float:
        return self.begun / self.possible if self.possible else 0.0


@attrs.frozen(kw_only=True)
class Verdicts:
    """What a race came to."""

    standings: tuple[Standing, ...]
    kills: int
    given_back: int

    @property
    def overshoots(self) -> int:
        return sum(one.overshoots for one in self.standings)

    @property
    def used(self) -> float:
        """The share of the quotas that was used by the sender who used least of its own. A distance is no quota."""
        return min(one.used for one in self.standings if RUNNERS[one.name].quotas)

    def __str__(self) -> str:
        lines = [
            f"  {one.name:<8} {one.begun:5} of {one.possible:5} ({one.used:.1%}), {one.overshoots} overshoots"
            for one in self.standings
        ]
        return "\n".join([f"{self.kills} kills, {self.given_back} given back", *lines])


def overshoot_count(instants: Sequence[int], quota: Quota) -> int:
    """Return in how many windows of *quota* more began than it allows. *instants* rise; all in microseconds.

    A window holds its first instant and not the one at its end: of ``count + 1`` in a row the last is that late.
    """
    return sum(last - first < quota.length for first, last in zip(instants, instants[quota.count :], strict=False))


def too_near_count(instants: Sequence[int], apart_seconds: float) -> int:
    """Return how many followed another too soon."""
    return sum(later - earlier < round(apart_seconds * SECOND) for earlier, later in pairwise(instants))


def possible_count(runner: Runner, first: int, end: int) -> int:
    """Return how many can begin from *first* up to *end* if each does as soon as it may."""
    begun: list[int] = []
    at = first
    while at <= end:
        begun.append(at)
        free_at = [begun[-quota.count] + quota.length for quota in runner.quotas if len(begun) >= quota.count]
        at = max([at + round(runner.apart_seconds * SECOND), *free_at])
    return len(begun)


_SENDERS = "SELECT campaign_id, body FROM campaignkit_campaigns"
_BEGUN = """
SELECT r.campaign_id, r.address_key, a.began_at, a.verdict
FROM campaignkit_attempts a
JOIN campaignkit_recipients r ON r.merchant_id = a.merchant_id AND r.recipient_id = a.recipient_id
WHERE a.began_at IS NOT NULL ORDER BY a.began_at
"""


def judge_race(url: str, *, ends_at: float, kills: int) -> Verdicts:
    """Count what began, window by window; *ends_at* in seconds since 1970."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        bodies = connection.exec_driver_sql(_SENDERS).all()
        begun = connection.exec_driver_sql(_BEGUN).all()
    engine.dispose()
    senders = {campaign_id: json.loads(body)["sender_id"] for campaign_id, body in bodies}
    rows = [(senders[campaign_id], address, at, verdict) for campaign_id, address, at, verdict in begun]
    submitted = [(sender, address, at) for sender, address, at, verdict in rows if verdict != "not_sent"]
    standings = [
        _standing(name, runner, [(address, at) for sender, address, at in submitted if sender == name], ends_at)
        for name, runner in RUNNERS.items()
    ]
    return Verdicts(standings=tuple(standings), kills=kills, given_back=len(rows) - len(submitted))


def _standing(name: str, runner: Runner, begun: Sequence[tuple[str, int]], ends_at: float) -> Standing:
    instants = [at for _, at in begun]
    to_gmail = [at for address, at in begun if address.endswith("@gmail.com")]
    overshoots = sum(overshoot_count(instants, quota) for quota in runner.quotas)
    overshoots += sum(overshoot_count(to_gmail, quota) for quota in runner.to_gmail)
    end = round(ends_at * SECOND)
    return Standing(
        name=name,
        begun=sum(at <= end for at in instants),
        possible=possible_count(runner, instants[0], end) if instants else 0,
        overshoots=overshoots + too_near_count(instants, runner.apart_seconds),
    )


# the race


def race_for_quotas(
    folder: Path, *, seconds: float, workers: int = 8, seed: int = 1, template: Path | None = None, is_deadly: bool
) -> Verdicts:
    """Race on a file of *folder*, a copy of *template* where there is one."""
    database = folder / "race.db"
    if template is None:
        prepare_race(url_of(database), seconds=seconds)
    else:
        shutil.copy(template, database)
    return race_on(url_of(database), seconds=seconds, workers=workers, seed=seed, is_deadly=is_deadly)


def race_on(url: str, *, seconds: float, workers: int = 8, seed: int = 1, is_deadly: bool) -> Verdicts:
    """Let *workers* at a time race for so long, kill one after the other if *is_deadly*, and judge."""
    dice, kills = random.Random(seed), 0
    with Zygote() as zygote:
        zygote.warm({"race": True, "url": url, "ends_at": time.time() + WARM_SECONDS, "skew_seconds": 0.0})
        ends_at = time.time() + seconds

        def start(place: int) -> int:
            # From a day behind to a day ahead, evenly, and a little beside.
            skew = DAY_SECONDS * (2 * place / max(workers - 1, 1) - 1) * dice.uniform(0.9, 1)
            return zygote.start({"race": True, "url": url, "ends_at": ends_at, "skew_seconds": skew})

        alive = [start(place) for place in range(workers)]
        while is_deadly and time.time() < ends_at - 1:
            time.sleep(dice.uniform(0, 2 * LIFE_SECONDS))
            place = dice.randrange(workers)
            kills += zygote.kill(alive[place])
            alive[place] = start(place)
        for pid in alive:
            assert zygote.watch(pid) == 0
    return judge_race(url, ends_at=ends_at, kills=kills)
