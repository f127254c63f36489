"""Forecasts of 200,000 recipients in ten zones, beside asking the limits one message after the other."""

import statistics
import time
from datetime import UTC, datetime, timedelta
from functools import partial

import campaignkit as ck
from campaignkit.addresses.channel import Channel
from campaignkit.campaign.campaign import Campaign
from campaignkit.insight.forecast import Planned, Planner
from campaignkit.ports import Backlog
from campaignkit.timing.limits import LimitRule, LimitScope, LimitState, grant, take
from tests.benchmarks.figures import Figure, interleave, spread

__all__ = ["measure"]

RECIPIENTS = 200_000
ASKED = 5_000  # messages that the peer asks about; more would only take longer
PASSES = 3
NOW = datetime(2026, 3, 6, 15, tzinfo=UTC)
DAY = timedelta(days=1)
ZONES = (
    *("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Phoenix"),
    *("Europe/Warsaw", "Europe/London", "Asia/Tokyo", "Asia/Kolkata", "Australia/Sydney"),
)
RULES: dict[str, tuple[LimitRule, ...]] = {
    "a second apart": (ck.Interval(1),),
    "500 a day": (ck.Limit(500, per=DAY),),
    "20,000 a day, a second apart, 30 a minute": (
        ck.Interval(1),
        ck.Limit(20_000, per=DAY),
        ck.Limit(30, per=timedelta(minutes=1)),
    ),
}


def measure() -> list[Figure]:
    """Forecast each set of rules, and ask them message by message, in turn."""
    measures = {name: partial(_forecast, rules) for name, rules in RULES.items()}
    peers = {f"peer {name}": partial(_ask_each, rules) for name, rules in RULES.items()}
    samples = interleave(PASSES, {**measures, **peers})
    return [_figure(name, samples[name], samples[f"peer {name}"]) for name in RULES]


def _figure(name: str, ours: list[float], peer: list[float]) -> Figure:
    ratio = statistics.median(peer) / statistics.median(ours)
    return Figure(
        work=f"forecast of {RECIPIENTS:,} recipients in {len(ZONES)} zones, nine to nine, {name}",
        measured=spread(ours, " µs of CPU a recipient"),
        peer=f"grant and take for each, no window: {spread(peer, ' µs')}",
        ratio=f"× {ratio:.1f}",
        goal="",
        samples={"micros": ours, "peer_micros": peer},
    )


def _forecast(rules: tuple[LimitRule, ...], number: int) -> float:
    campaign = Campaign(
        merchant_id="m",
        campaign_id=f"c{number}",
        name="n",
        channel=Channel.EMAIL,
        sender_id="s",
        content_id="x",
        window=ck.SendWindow(),
        created_at=NOW,
    )
    backlog = [Backlog(1, (ZONES[(place * 7919 + number) % len(ZONES)],), NOW) for place in range(RECIPIENTS)]
    scope = LimitScope(f"campaign/m/c{number}", rules)
    planned = Planned(campaign=campaign, scopes=(scope,), starts_at=NOW, backlog=backlog)
    began_at = time.process_time()
    forecast = Planner(planned, [], {}, zone="America/New_York", now=NOW).forecast()
    seconds = time.process_time() - began_at
    assert forecast.is_complete
    assert forecast.message_count == RECIPIENTS
    return 1e6 * seconds / RECIPIENTS


def _ask_each(rules: tuple[LimitRule, ...], _number: int) -> float:
    state, now = LimitState(), NOW
    began_at = time.process_time()
    for _ in range(ASKED):
        answer = grant(rules, state, now)
        now = answer.next_at or now
        state = take(state, now, rules)
    return 1e6 * (time.process_time() - began_at) / ASKED
