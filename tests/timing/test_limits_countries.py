"""Caps by country: a small table becomes limits of a sender by calling code."""

from datetime import timedelta

import pytest

import campaignkit as ck
from campaignkit.campaign.senders import Sender
from campaignkit.timing.limits import country_caps
from tests.kit.conftest import FRIDAY

HOUR = timedelta(hours=1)


def sender(caps):
    return Sender(
        merchant_id="flora",
        sender_id="texts",
        channel="sms",
        display_name="",
        address="FLORA",
        destination_limits=country_caps(caps),
        created_at=FRIDAY,
    )


def test_caps_are_limits_of_an_hour_by_calling_code():
    caps = country_caps({"PL": 500, "us": 1000, "*": 20})

    assert caps == {
        "+48": (ck.Limit(500, per=HOUR),),
        "+1": (ck.Limit(1000, per=HOUR),),
        "*": (ck.Limit(20, per=HOUR),),
    }


def test_a_country_that_nobody_named_has_the_cap_of_all_others():
    towards = sender({"PL": 500}).limits_towards

    assert towards("+48") == (ck.Limit(500, per=HOUR),)
    assert towards("+252") == (ck.Limit(50, per=HOUR),)


def test_none_lets_any_number_go():
    home = sender({"PL": None})
    everywhere = sender({"*": None, "SO": 5})

    assert (home.limits_towards("+48"), home.limits_towards("+49")) == ((), (ck.Limit(50, per=HOUR),))
    assert (everywhere.limits_towards("+48"), everywhere.limits_towards("+252")) == ((), (ck.Limit(5, per=HOUR),))


def test_countries_of_one_calling_code_have_one_cap():
    assert country_caps({"US": 100, "CA": 100})["+1"] == (ck.Limit(100, per=HOUR),)
    with pytest.raises(ValueError, match=r"CA shares the calling code \+1 with another country"):
        country_caps({"US": 100, "CA": 50})


@pytest.mark.parametrize("wrong", [{"Poland": 5}, {"": 5}, {"XX": 5}, {"PL": 0}, {"PL": -1}, {"PL": 2.5}, {"PL": True}])
def test_what_is_no_country_or_no_cap_is_refused(wrong):
    with pytest.raises((ValueError, TypeError)):
        country_caps(wrong)


def test_limits_of_mail_are_for_named_domains_only():
    kit = ck.CampaignKit(store=ck.MemoryStore())
    flora = kit.merchant("flora", zone="Europe/Warsaw", region="PL")

    with pytest.raises(ValueError, match="for texts"):
        flora.add_sender("main", address="hello@flora.example", destination_limits=country_caps({}))
