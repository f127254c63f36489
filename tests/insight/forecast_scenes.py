"""Random campaigns of one shop that share a sender, forecast, and then sent in virtual time."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import attrs
from hypothesis import strategies as st

import campaignkit as ck
from campaignkit.campaign.recipients import CampaignRecipient
from campaignkit.insight.forecast.volumes import hour_start
from campaignkit.testing import FakeEmail

ZONES = ("America/New_York", "Europe/Warsaw", "Asia/Tokyo", "Australia/Lord_Howe", "Asia/Kathmandu")
HOME = "America/New_York"
FRIDAY = datetime(2026, 3, 6, 15, 7, 11, 250_000, tzinfo=UTC)  # 10:07 in New York, two days before its clocks change
CONTENT = ck.EmailContent(subject="Spring", text="The tulips are here.")


@attrs.frozen(kw_only=True)
class Plan:
    """One campaign."""

    zones: tuple[tuple[str, ...], ...]  # of each recipient
    window: ck.SendWindow | None
    interval: ck.Interval | None
    limits: tuple[ck.Limit, ...]
    priority: int
    start_in: timedelta
    deadline_in: timedelta | None


@attrs.frozen(kw_only=True)
class Shop:
    """What one example plays: campaigns that share a sender and its limits."""

    plans: tuple[Plan, ...]
    sender_limits: tuple[ck.Interval | ck.Limit, ...]
    merchant_limits: tuple[ck.Interval | ck.Limit, ...]


def hours(zone: str) -> st.SearchStrategy[ck.SendWindow]:
    """Windows by day and by night, on weekends, with holidays, in several openings, all in one zone."""
    return st.sampled_from(
        [
            ck.SendWindow(zone=zone),
            ck.SendWindow(days="mon-fri", opens=time(9), closes=time(17, 30), zone=zone),
            ck.SendWindow(days="fri,sat", opens=time(20), closes=time(2), zone=zone),
            ck.SendWindow(opens=time(22), closes=time(10, 15), holidays=[date(2026, 3, 8)], zone=zone),
            ck.SendWindow(hours={"daily": "9-10, 10:30-10:31, 23-23:45", "sun": "2-3"}, zone=zone),
            ck.SendWindow.quiet(time(12), time(13), zone=zone),
        ]
    )


intervals = st.sampled_from([0.5, 7, 60, 999.999, 5400]).map(ck.Interval)
limits = st.one_of(
    st.builds(
        lambda count, per: ck.Limit(count, per=per),
        st.integers(1, 12) | st.sampled_from([101, 150]),
        st.sampled_from([timedelta(seconds=10), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)]),
    ),
    st.builds(
        lambda count, per, zone: ck.Limit(count, per=per, zone=zone),
        st.integers(1, 40),
        st.sampled_from(["day", "week"]),
        st.sampled_from(ZONES),
    ),
)
rules = st.lists(intervals | limits, max_size=2).map(tuple)
groups = st.one_of(st.just(()), st.sampled_from(ZONES).map(lambda zone: (zone,)), st.just(ZONES[:2]))


def plans(windows: st.SearchStrategy[ck.SendWindow | None]) -> st.SearchStrategy[Plan]:
    audiences = st.lists(groups, min_size=1, max_size=25)
    return st.builds(
        Plan,
        zones=audiences.map(tuple),
        window=windows,
        interval=st.none() | intervals,
        limits=st.lists(limits, max_size=1).map(tuple),
        priority=st.integers(0, 1),
        start_in=st.sampled_from([timedelta(0), timedelta(minutes=50), timedelta(hours=11, seconds=1)]),
        deadline_in=st.none() | st.sampled_from([timedelta(hours=12), timedelta(days=2), timedelta(days=9)]),
    )


@st.composite
def shops(draw: st.DrawFn) -> Shop:
    """One to three campaigns; those with a window of one zone for all have the same one, or stand alone."""
    count = draw(st.integers(1, 3))
    shared = st.just(draw(hours(HOME) | hours("Europe/Warsaw")))
    windows = draw(st.sampled_from([shared, hours("recipient") | st.none()]))
    return Shop(
        plans=tuple(draw(plans(windows)) for _ in range(count)),
        sender_limits=draw(rules),
        merchant_limits=draw(rules),
    )


@attrs.define
class Played:
    """A shop whose campaigns are scheduled."""

    kit: ck.CampaignKit
    flora: ck.Merchant
    store: ck.MemoryStore
    clock: ck.FrozenClock
    campaign_ids: list[str]

    def began(self, campaign_id: str) -> dict[str, datetime]:
        """Return when each recipient's message began."""
        began = {}
        for row in self.rows(campaign_id):
            trail = self.store.trail("flora", row.recipient_id)
            instants = [] if trail is None else [one.began_at for one in trail.attempts if one.began_at is not None]
            if instants:
                (began[row.recipient_id],) = instants  # nobody is sent to twice
        return began

    def rows(self, campaign_id: str) -> Sequence[CampaignRecipient]:
        return self.flora.recipients(campaign_id, limit=1000)


class Numbers:
    """Ids that rise, so that an example fails the same way twice: the lottery of shares is drawn from them."""

    def __init__(self) -> None:
        self._next = 0

    def __call__(self) -> str:
        self._next += 1
        return f"id{self._next:08}"


def play(shop: Shop) -> Played:
    """Return the shop with all its campaigns scheduled."""
    clock, store = ck.FrozenClock(FRIDAY), ck.MemoryStore()
    kit = ck.CampaignKit(store=store, transports={"main": FakeEmail(connections=20)}, clock=clock, new_id=Numbers())
    flora = kit.merchant("flora", zone=HOME, region="US", limits=shop.merchant_limits)
    flora.add_sender("main", address="Flora <hello@flora.example>", limits=shop.sender_limits)
    played = Played(kit, flora, store, clock, [])
    for number, plan in enumerate(shop.plans):
        campaign = flora.create_campaign(
            name=f"c{number}",
            sender="main",
            content=CONTENT,
            window=plan.window,
            interval=plan.interval,
            limits=plan.limits,
            priority=plan.priority,
        )
        flora.add_recipients(campaign.id, [_contact(number, place, zones) for place, zones in enumerate(plan.zones)])
        _give_zones(played, campaign.id, plan)
        flora.schedule(campaign.id, start_at=FRIDAY + plan.start_in)
        if plan.deadline_in is not None:  # later, as preflight lets nobody schedule what is over before it can begin
            flora.update_campaign(campaign.id, deadline=FRIDAY + plan.deadline_in)
        played.campaign_ids.append(campaign.id)
    return played


def per_hour(began: Sequence[datetime]) -> dict[datetime, int]:
    """Return how many began in each hour of the shop's clock."""
    return dict(Counter(hour_start(at, ZoneInfo(HOME)) for at in began))


def _contact(number: int, place: int, zones: tuple[str, ...]) -> ck.Contact:
    row = {"email": f"p{number}.{place}@example.com", "consent": "yes"}
    contact = ck.parse_contact(row | ({"zone": zones[0]} if zones else {}), region="US", row_number=place + 1)
    assert isinstance(contact, ck.Contact)
    return contact


def _give_zones(played: Played, campaign_id: str, plan: Plan) -> None:
    """Store more than one candidate zone where the plan says so; emails name one at most."""
    for row, zones in zip(played.rows(campaign_id), plan.zones, strict=True):
        if len(zones) > 1:
            played.store._recipients.put(attrs.evolve(row, zones=zones))
