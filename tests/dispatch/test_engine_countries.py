"""A campaign of texts to several countries keeps to the cap of each, in virtual time and beside another worker."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random

import pytest

import campaignkit as ck
from campaignkit.ports import Store
from campaignkit.testing import FakeSms
from campaignkit.timing.limits import calling_code
from tests.dispatch.scenes import FRIDAY, ZONE

HOUR = timedelta(hours=1)


BEGINNINGS = {"PL": "+48601", "FR": "+33612", "DE": "+491711"}


def mobiles(country: str, count: int) -> list[str]:
    return [f"{BEGINNINGS[country]}{last:06}" for last in Random(country).sample(range(10**6), count)]


class World:
    """A shop that texts to three countries under caps."""

    def __init__(self, store: Store, caps: Mapping[str, int | None], **customers: int) -> None:
        self.store, self.clock = store, ck.FrozenClock(FRIDAY)
        self.kit = self.worker()
        self.flora = self.kit.merchant(
            "flora",
            zone=ZONE,
            region="PL",
            text_regions=["PL", "FR", "DE"],
            consent_policy=ck.ConsentPolicy(unknown_allows_sms=True),
        )
        self.flora.add_sender(
            "texts", address="FLORA", channel="sms", limits=[], destination_limits=ck.country_caps(caps)
        )
        campaign = self.flora.create_campaign(
            name="Spring", channel="sms", sender="texts", content=ck.SmsContent(text="The tulips are here.")
        )
        self.campaign_id = campaign.id
        numbers = [number for country, count in customers.items() for number in mobiles(country, count)]
        self.flora.add_recipients(campaign.id, [ck.parse_contact({"phone": number}, region="PL") for number in numbers])

    def worker(self) -> ck.CampaignKit:
        return ck.CampaignKit(store=self.store, transports={"texts": FakeSms()}, clock=self.clock)

    def begins(self) -> dict[str, list[datetime]]:
        found: dict[str, list[datetime]] = {}
        for row in self.flora.recipients(self.campaign_id, limit=1000):
            trail = self.store.trail("flora", row.recipient_id)
            assert trail is not None
            found.setdefault(calling_code(row.address), []).extend(
                one.began_at for one in trail.attempts if one.began_at is not None
            )
        return found


def most_in_an_hour(begins: list[datetime]) -> int:
    return max(sum(first <= later < first + HOUR for later in begins) for first in begins)


CAPS = {"PL": 30, "FR": 12, "*": 5}


def test_no_rolling_hour_holds_more_than_a_countrys_cap(store):
    world = World(store, CAPS, PL=70, FR=30, DE=12)
    world.flora.schedule(world.campaign_id)
    world.kit.run()
    begins = world.begins()

    assert {code: len(some) for code, some in begins.items()} == {"+48": 70, "+33": 30, "+49": 12}
    assert {code: most_in_an_hour(some) for code, some in begins.items()} == {"+48": 30, "+33": 12, "+49": 5}
    assert max(begins["+49"]) - FRIDAY < 3 * HOUR


def test_the_caps_hold_for_two_workers_together(store):
    world = World(store, CAPS, PL=40, FR=20)
    world.flora.schedule(world.campaign_id)
    other = world.worker()
    for _ in range(4):
        world.kit.tick(max_messages=20)
        other.tick(max_messages=20)
    begins = world.begins()

    assert {code: len(some) for code, some in begins.items()} == {"+48": 30, "+33": 12}


def test_who_is_in_a_country_without_a_cap_does_not_wait_for_the_others(store):
    world = World(store, {"PL": None, "*": 5}, PL=70, DE=12)
    world.flora.schedule(world.campaign_id)
    world.kit.tick()

    assert {code: len(some) for code, some in world.begins().items()} == {"+48": 70, "+49": 5}


def test_the_forecast_knows_the_caps_of_countries_that_nobody_named(store):
    world = World(store, CAPS, PL=70, FR=30, DE=12)
    forecast = world.flora.forecast(world.campaign_id)
    rules = {use.scope_key.rpartition("/")[2]: use.allowed for use in forecast.rules}
    world.flora.schedule(world.campaign_id)
    world.kit.run()
    instants = [at for some in world.begins().values() for at in some]

    assert rules == {"+48": 30, "+33": 12, "+49": 5}
    assert (forecast.starts_at, forecast.ends_at) == (min(instants), max(instants))


def test_preflight_names_the_countries_that_go_slowly(store):
    world = World(store, CAPS, PL=20, FR=30, DE=12)
    (found,) = [one for one in world.flora.preflight(world.campaign_id).warnings if one.code == "country_capped"]

    assert found.count == 42
    assert found.samples == (
        "+33: 30 recipients, at most 12 messages in any hour",
        "+49: 12 recipients, at most 5 messages in any hour",
    )


@pytest.mark.parametrize("caps", [{}, {"*": None}])
def test_who_is_under_every_cap_is_not_mentioned(store, caps):
    world = World(store, caps, PL=20, DE=12)

    assert [one for one in world.flora.preflight(world.campaign_id).warnings if one.code == "country_capped"] == []
