"""Limits towards one destination: mails to it wait, the others go on, and the forecast says so."""

from collections import Counter
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

import campaignkit as ck
from campaignkit.testing import FakeEmail
from campaignkit.timing.limits import LimitRule
from tests.insight.forecast_scenes import CONTENT, FRIDAY, HOME, Numbers, hours, intervals, limits, per_hour

GMAIL, OUTLOOK, OWN = "gmail.com", "hotmail.com", "shop.example"
Shop = tuple[ck.CampaignKit, ck.Merchant, ck.MemoryStore, str]


def shop_of(
    domains: list[str],
    towards: dict[str, list[LimitRule]],
    *,
    window: ck.SendWindow | None = None,
    sender_limits: tuple[LimitRule, ...] = (),
) -> Shop:
    clock, store = ck.FrozenClock(FRIDAY), ck.MemoryStore()
    kit = ck.CampaignKit(store=store, transports={"main": FakeEmail(connections=9)}, clock=clock, new_id=Numbers())
    flora = kit.merchant("flora", zone=HOME, region="US")
    flora.add_sender("main", address="hello@flora.example", limits=sender_limits, destination_limits=towards)
    campaign = flora.create_campaign(name="Spring", sender="main", content=CONTENT, window=window)
    rows = [{"email": f"p{n}@{domain}", "consent": "yes"} for n, domain in enumerate(domains)]
    contacts = [ck.parse_contact(row, region="US", row_number=n + 1) for n, row in enumerate(rows)]
    flora.add_recipients(campaign.id, contacts)
    flora.schedule(campaign.id)
    return kit, flora, store, campaign.id


def began(shop: Shop) -> dict[str, list[datetime]]:
    """Return when mails began, by domain."""
    _, flora, store, campaign_id = shop
    found: dict[str, list[datetime]] = {}
    for row in flora.recipients(campaign_id, limit=1000):
        trail = store.trail("flora", row.recipient_id)
        instants = () if trail is None else trail.attempts
        found.setdefault(row.address.partition("@")[2], []).extend(one.began_at for one in instants if one.began_at)
    return found


@given(
    st.lists(st.sampled_from([GMAIL, OUTLOOK, OWN]), min_size=1, max_size=40),
    st.lists(intervals | limits, min_size=1, max_size=2),
    st.lists(intervals | limits, max_size=1),
    st.none() | hours(HOME),
)
@settings(deadline=None, max_examples=40)
def test_a_run_matches_its_forecast_by_destinations(
    domains: list[str], gmail: list[LimitRule], outlook: list[LimitRule], window: ck.SendWindow | None
) -> None:
    shop = shop_of(domains, {"gmail": gmail, "outlook": outlook}, window=window)
    kit, flora, _, campaign_id = shop
    forecast = flora.forecast(campaign_id)
    forecast_by_domain = Counter((domain, forecast.eta(f"p{n}@{domain}").at) for n, domain in enumerate(domains))

    kit.run()

    instants = began(shop)
    everything = [at for some in instants.values() for at in some]
    assert (forecast.starts_at, forecast.ends_at) == (min(everything), max(everything))
    assert {hour.starts_at: hour.count for hour in forecast.per_hour} == per_hour(everything)
    assert forecast_by_domain == Counter((domain, at) for domain, some in instants.items() for at in some)


def test_where_all_share_a_limit_as_well_the_end_is_nearly_told() -> None:
    towards: dict[str, list[LimitRule]] = {"gmail": [ck.Limit(1, per=timedelta(minutes=1))]}
    shop = shop_of([GMAIL, OWN] * 20, towards, sender_limits=(ck.Interval(10),))
    kit, flora, _, campaign_id = shop
    forecast = flora.forecast(campaign_id)

    kit.run()

    everything = sorted(at for some in began(shop).values() for at in some)
    assert forecast.message_count == len(everything) == 40
    assert forecast.starts_at == everything[0]
    assert forecast.ends_at is not None
    assert abs(forecast.ends_at - everything[-1]) <= timedelta(minutes=1)
    assert [rule.scope_key.rpartition("/")[2] for rule in forecast.rules] == ["main", "gmail"]


def test_an_eta_counts_those_of_all_destinations() -> None:
    _, flora, _, campaign_id = shop_of([GMAIL, OWN, GMAIL], {"gmail": [ck.Interval(60)]})

    eta = flora.forecast(campaign_id).eta("p2@gmail.com")

    assert eta.at == FRIDAY + timedelta(minutes=1)
    assert eta.ahead_count == 2
    assert eta.code == "waits_for_limit"
    assert eta.message == "Others go first: at least 60 seconds between two messages."
