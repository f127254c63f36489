"""``flora.forecast``: when a campaign goes out, before and while it is sent, and when each recipient has it."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

import campaignkit as ck
from campaignkit.errors import CampaignNotFound, RecipientNotFound
from tests.kit.conftest import CONTENT, FRIDAY, Shop, contact

DAY = timedelta(days=1)
TWO_A_DAY = ck.Limit(2, per=DAY)
BUSY = ck.Outcome(message_id="", verdict=ck.Verdict.DEFERRED, scope=ck.Scope.HOST, code="host_busy")


def code(shop: Shop, campaign_id: str, who: str) -> str:
    return shop.flora.forecast(campaign_id).eta(who).code.value


def test_a_draft_is_forecast_as_if_it_started_now(shop: Shop) -> None:
    draft = shop.draft(interval=ck.Interval(60))

    forecast = shop.flora.forecast(draft.id)

    assert (forecast.starts_at, forecast.ends_at) == (FRIDAY, FRIDAY + timedelta(minutes=2))
    assert forecast.message_count == 3
    assert forecast.per_hour == (ck.HourCount(FRIDAY, 3),)
    assert forecast.per_day == (ck.DateCount(date(2026, 3, 6), 3),)
    assert forecast.per_week == (ck.DateCount(date(2026, 3, 2), 3),)
    assert forecast.per_month == (ck.DateCount(date(2026, 3, 1), 3),)
    assert forecast.is_complete
    assert forecast.is_in_time is None
    assert forecast.credits is None


def test_a_start_and_a_deadline_may_be_tried_out(shop: Shop) -> None:
    draft = shop.draft(people=5, limits=[TWO_A_DAY])
    saturday = FRIDAY + DAY

    forecast = shop.flora.forecast(draft.id, start_at=saturday, deadline=saturday + timedelta(days=3))

    assert forecast.starts_at == datetime(2026, 3, 9, 13, tzinfo=UTC)  # Monday, 9:00 after the clocks changed
    assert forecast.message_count == 4
    assert forecast.expired_count == 1
    assert forecast.is_in_time is False
    assert shop.flora.campaign(draft.id).deadline is None
    assert shop.flora.forecast(draft.id, deadline=saturday + timedelta(days=20)).is_in_time is True


def test_a_naive_start_is_refused(shop: Shop) -> None:
    draft = shop.draft()

    with pytest.raises(ValueError, match="start_at must be an aware datetime"):
        shop.flora.forecast(draft.id, start_at=FRIDAY.replace(tzinfo=None))


def test_another_merchants_campaign_is_not_found(shop: Shop) -> None:
    draft = shop.draft()
    other = shop.kit.merchant("other", zone="UTC", region="US")

    with pytest.raises(CampaignNotFound):
        other.forecast(draft.id)


def test_while_it_is_sent_what_was_counted_is_taken_into_account(shop: Shop) -> None:
    draft = shop.draft(people=5, limits=[TWO_A_DAY])
    before = shop.flora.forecast(draft.id)
    shop.flora.schedule(draft.id)
    shop.kit.tick()

    forecast = shop.flora.forecast(draft.id)

    assert forecast.sent_count == 2
    assert forecast.message_count == 3
    assert forecast.starts_at == datetime(2026, 3, 9, 13, tzinfo=UTC)
    assert forecast.ends_at == before.ends_at
    assert forecast.rules[0].used == 2


def test_after_the_end_nothing_is_left(shop: Shop) -> None:
    finished = shop.finished()

    forecast = shop.flora.forecast(finished.id)

    assert (forecast.starts_at, forecast.ends_at, forecast.message_count) == (None, None, 0)
    assert forecast.sent_count == 3
    assert forecast.per_hour == ()
    assert code(shop, finished.id, "p1@example.com") == "not_waiting"


def test_another_live_campaign_takes_its_share_of_the_senders_limits(shop: Shop) -> None:
    shop.flora.add_sender("main", address="Flora <hello@flora.example>", limits=[TWO_A_DAY])
    alone = shop.draft(people=4, name="Alone")
    ends_alone = shop.flora.forecast(alone.id).ends_at
    other = shop.draft(people=2, name="Other", priority=5)
    assert shop.flora.forecast(alone.id).ends_at == ends_alone  # a draft takes nothing
    shop.flora.schedule(other.id)

    forecast = shop.flora.forecast(alone.id)

    assert ends_alone is not None
    assert forecast.starts_at == datetime(2026, 3, 9, 13, tzinfo=UTC)
    assert forecast.ends_at == datetime(2026, 3, 10, 13, tzinfo=UTC)
    assert forecast.rules[0].scope_key == "sender/flora/main"


def test_a_forecast_is_told_as_plain_data(shop: Shop) -> None:
    told = ck.to_dict(shop.flora.forecast(shop.draft(limits=[TWO_A_DAY]).id))

    assert told["starts_at"] == FRIDAY.isoformat()
    assert told["rules"] == [
        {
            "scope_key": told["rules"][0]["scope_key"],
            "rule": "at most 2 messages in any 24 hours",
            "allowed": 2,
            "used": 2,
            "busiest_at": FRIDAY.isoformat(),
        }
    ]


@pytest.mark.parametrize("who", ["cust-3", "P3@Example.com", "row 4"])
def test_an_eta_answers_to_ids_addresses_and_rows(shop: Shop, who: str) -> None:
    draft = shop.draft(interval=ck.Interval(60))

    eta = shop.flora.forecast(draft.id).eta(who)

    assert eta.at == FRIDAY + timedelta(minutes=2)
    assert eta.code == "waits_for_limit"
    assert eta.message == "Others go first: at least 60 seconds between two messages."
    assert eta.ahead_count == 2


def test_nobody_of_that_name_has_no_eta(shop: Shop) -> None:
    forecast = shop.flora.forecast(shop.draft().id)

    with pytest.raises(RecipientNotFound):
        forecast.eta("nobody@example.com")


def test_an_eta_says_what_is_waited_for(shop: Shop) -> None:
    now = shop.draft(name="Now").id
    closed = shop.draft(name="Night", window=ck.SendWindow(opens=time(20), closes=time(22), zone="UTC")).id
    later = shop.draft(name="Later", window=None).id
    shop.flora.schedule(later, start_at=FRIDAY + DAY)
    late = shop.draft(name="Late", people=3, limits=[TWO_A_DAY]).id

    assert code(shop, now, "cust-1") == "at_once"
    assert code(shop, closed, "cust-1") == "waits_for_window"
    assert code(shop, later, "cust-1") == "waits_for_start"
    assert shop.flora.forecast(late, deadline=FRIDAY + DAY).eta("cust-3").code == "expires"


def test_whom_no_hours_suit_are_counted_and_told(shop: Shop) -> None:
    window = ck.SendWindow(opens=time(9), closes=time(9, 0, 20))  # shorter than a message may take to cross
    draft = shop.flora.create_campaign(name="Never", sender="main", content=CONTENT, window=window)
    shop.flora.add_recipients(draft.id, [contact(1)])

    forecast = shop.flora.forecast(draft.id, deadline=FRIDAY + 30 * DAY)

    assert forecast.message_count == 0
    assert forecast.expired_count == 1


def test_a_limit_that_takes_decades_is_told_as_far_as_a_forecast_reaches(shop: Shop) -> None:
    draft = shop.draft(people=100, limits=[ck.Limit(1, per="month", zone="UTC")])

    forecast = shop.flora.forecast(draft.id)

    assert not forecast.is_complete
    assert forecast.message_count + forecast.beyond_count == 100
    assert forecast.message_count == 61
    assert forecast.eta("cust-100").code == "beyond_horizon"


def test_a_sender_that_its_host_holds_back_begins_later(shop: Shop) -> None:
    draft = shop.draft()
    shop.mail.script("p1@example.com", BUSY)
    shop.flora.schedule(draft.id)
    shop.kit.tick()

    forecast = shop.flora.forecast(draft.id)

    assert forecast.starts_at is not None
    assert forecast.starts_at >= FRIDAY + timedelta(minutes=1)
