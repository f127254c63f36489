"""A run in virtual time matches its forecast, message for message."""

from datetime import time, timedelta

import attrs
import hypothesis
from hypothesis import given

import campaignkit as ck
from campaignkit.campaign.status import RecipientStatus
from tests.insight.forecast_scenes import FRIDAY, HOME, Plan, Played, Shop, per_hour, play, shops


def outcome(played: Played, campaign_id: str) -> dict[RecipientStatus, int]:
    return dict(played.flora.counts(campaign_id).by_status)


@given(shops())
@hypothesis.settings(deadline=None)
def test_a_run_in_virtual_time_matches_its_forecast(shop: Shop) -> None:
    played = play(shop)
    forecasts = [played.flora.forecast(campaign_id) for campaign_id in played.campaign_ids]
    etas = {
        row.recipient_id: forecast.eta(row.recipient_id)
        for campaign_id, forecast in zip(played.campaign_ids, forecasts, strict=True)
        for row in played.rows(campaign_id)
    }

    played.kit.run()

    for campaign_id, forecast in zip(played.campaign_ids, forecasts, strict=True):
        began = played.began(campaign_id)
        ended = outcome(played, campaign_id)
        assert forecast.is_complete
        assert forecast.message_count == len(began)
        assert forecast.starts_at == min(began.values(), default=None)
        assert forecast.ends_at == max(began.values(), default=None)
        assert {hour.starts_at: hour.count for hour in forecast.per_hour} == per_hour(list(began.values()))
        assert forecast.expired_count == ended.get(RecipientStatus.EXPIRED, 0)
        assert forecast.never_count == ended.get(RecipientStatus.FAILED, 0)
        for row in played.rows(campaign_id):
            assert etas[row.recipient_id].at == began.get(row.recipient_id)


def test_a_campaign_that_closes_delays_nobody_beside_it() -> None:
    """In the half minute before its window closes a campaign sends nothing, and takes no turn of the others'."""
    closing = Plan(
        zones=((),) * 60,
        window=ck.SendWindow(opens=time(9), closes=time(10, 8), zone=HOME),
        interval=None,
        limits=(),
        priority=0,
        start_in=timedelta(0),
        deadline_in=None,
    )
    beside = attrs.evolve(closing, window=None)
    played = play(Shop(plans=(closing, beside), sender_limits=(ck.Interval(1),), merchant_limits=()))
    campaign_id = played.campaign_ids[1]
    forecast = played.flora.forecast(campaign_id)

    played.kit.run(until=FRIDAY + timedelta(minutes=30))

    last = max(played.began(campaign_id).values())
    assert forecast.ends_at is not None
    assert timedelta(0) <= last - forecast.ends_at <= timedelta(seconds=1)
