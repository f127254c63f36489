"""``campaignkit forecast``: a campaign file and a list in, when its messages will have gone out. Nothing is sent.

Touches the two files only; the campaign lives in memory for as long as the command runs.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from datetime import datetime
from itertools import accumulate
from pathlib import Path
from zoneinfo import ZoneInfo

import attrs

from campaignkit.cli.console import Console
from campaignkit.cli.drafting import add_contacts, make_draft, set_up_merchant
from campaignkit.cli.look import local
from campaignkit.cli.plan import Plan, read_plan
from campaignkit.cli.problems import CONFIRMED, REFUSED
from campaignkit.insight.forecast import DateCount, Forecast
from campaignkit.kit.kit import CampaignKit
from campaignkit.kit.merchant import Merchant
from campaignkit.kit.results import AddedRecipients
from campaignkit.stores.memory import MemoryStore

__all__ = ["ForecastReport", "run_forecast"]

HOURS_MAX = 36  # rows of a picture by hours; longer ones go by days, weeks and months
DATES_MAX = 45
BAR_WIDTH = 40


@attrs.frozen(kw_only=True)
class ForecastReport:
    """What the list came to, and when it will have been sent to."""

    added: AddedRecipients
    forecast: Forecast


@attrs.frozen(kw_only=True)
class _Bar:
    label: str
    count: int


def run_forecast(options: argparse.Namespace, console: Console) -> int:
    """Print when the campaign goes out; 0 if everybody is reached who can be written to, 1 if not."""
    plan = read_plan(Path(options.campaign_file), os.environ)
    with CampaignKit(store=MemoryStore(), transports={plan.file.sender.id: plan.transport}) as kit:
        merchant = set_up_merchant(kit, plan)
        report = _report(merchant, plan, Path(options.contacts), console)
    if console.is_json:
        console.document(report)
    else:
        _tell(report, plan, console)
    return CONFIRMED if _reaches_all(report.forecast) else REFUSED


def _report(merchant: Merchant, plan: Plan, contacts: Path, console: Console) -> ForecastReport:
    campaign = make_draft(merchant, plan)
    added = add_contacts(merchant, campaign, plan, contacts, console, label="reading")
    return ForecastReport(
        added=added, forecast=merchant.forecast(campaign.id, start_at=plan.start_at, deadline=plan.deadline)
    )


def _reaches_all(forecast: Forecast) -> bool:
    is_everybody = not forecast.expired_count and not forecast.never_count and forecast.is_complete
    return is_everybody and forecast.message_count > 0


def _tell(report: ForecastReport, plan: Plan, console: Console) -> None:
    added, forecast = report.added, report.forecast
    console.line(f"{added.added} added, {added.excluded} left out, {added.rejected} not read.")
    for what, told in _facts(forecast):
        console.line(f"{what:<14}{told}")
    if plan.sender_limits is None and plan.interval is None and not plan.limits:
        console.line("No limits are known: all goes at once, as fast as the mail server takes it.")
    if forecast.rules:
        console.line()
        rows = [(use.rule, use.used, use.allowed, local(use.busiest_at, forecast.zone)) for use in forecast.rules]
        console.table(["rule", "used at most", "of", "when"], rows)
    name, bars = _bars(forecast)
    if bars:
        console.line()
        _draw(name, bars, console)


def _facts(forecast: Forecast) -> list[tuple[str, str]]:
    zone = forecast.zone
    facts = [("messages", str(forecast.message_count))]
    if forecast.starts_at is not None:
        facts += [("first", local(forecast.starts_at, zone)), ("last", local(forecast.ends_at, zone))]
    if forecast.deadline is not None:
        word = "is kept" if forecast.is_in_time else f"comes too early for {forecast.expired_count}"
        facts.append(("deadline", f"{local(forecast.deadline, zone)} {word}"))
    if forecast.never_count:
        facts.append(("never", f"{forecast.never_count}: the send window does not open for them"))
    if not forecast.is_complete:
        facts.append(("later", f"{forecast.beyond_count} more than a forecast reaches"))
    if forecast.doubt_max is not None:
        facts.append(("in doubt", f"up to {forecast.doubt_max}, should the machine fail amid sending"))
    return facts


def _bars(forecast: Forecast) -> tuple[str, list[_Bar]]:
    """Return what the picture goes by, and its bars: by hours where they fit, else by what does."""
    if len(forecast.per_hour) <= HOURS_MAX:
        zone = ZoneInfo(forecast.zone)
        return "hour", [_Bar(label=_hour(hour.starts_at, zone), count=hour.count) for hour in forecast.per_hour]
    if len(forecast.per_day) <= DATES_MAX:
        return "day", _of_dates(forecast.per_day, "%a %Y-%m-%d")
    if len(forecast.per_week) <= DATES_MAX:
        return "week from", _of_dates(forecast.per_week, "%Y-%m-%d")
    return "month", _of_dates(forecast.per_month, "%Y-%m")


def _hour(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%a %Y-%m-%d %H:%M}"


def _of_dates(dates: Sequence[DateCount], pattern: str) -> list[_Bar]:
    return [_Bar(label=one.starts_on.strftime(pattern), count=one.count) for one in dates]


def _draw(name: str, bars: Sequence[_Bar], console: Console) -> None:
    mark = "█" if sys.stdout.isatty() and "utf" in (sys.stdout.encoding or "").lower() else "#"
    longest = max(bar.count for bar in bars)
    sums = accumulate(bar.count for bar in bars)
    rows = [
        (bar.label, bar.count, so_far, mark * max(round(BAR_WIDTH * bar.count / longest), 1))
        for bar, so_far in zip(bars, sums, strict=True)
    ]
    console.table([name, "messages", "so far", ""], rows)
