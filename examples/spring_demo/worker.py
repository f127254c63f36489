"""One worker process: the shop's database and a moment in, mail out; on stdout a JSON line for every round.

It knows nothing of the workers before it. What it needs is in the database.
"""

import argparse
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import campaignkit as ck
from campaignkit.kit.results import TickReport
from examples.spring_demo.shop import find_campaign, open_kit

PAUSE = timedelta(seconds=5)  # a longer wait than this is worth a word


class Reporter:
    """Tells the story what the worker does."""

    def __init__(self, flora: ck.Merchant, campaign_id: str, clock: ck.FrozenClock) -> None:
        self._flora = flora
        self._campaign_id = campaign_id
        self._clock = clock
        self._sent = 0
        self._minute = -1

    def report(self, tick: TickReport) -> None:
        """Say how many were sent and what is waited for; once a minute, how the campaign stands."""
        now = self._clock.now()
        self._sent += tick.sent
        words: dict[str, Any] = {"event": "progress", "at": now.isoformat(), "sent": self._sent}
        if tick.next_at is not None and tick.next_at - now > PAUSE:
            campaign = self._flora.campaign(self._campaign_id)
            words |= {"waiting_for": campaign.waiting_for, "until": tick.next_at.isoformat()}
        if now.minute != self._minute:
            self._minute = now.minute
            counts = self._flora.counts(self._campaign_id)
            words["in_doubt"] = counts.by_status.get(ck.RecipientStatus.IN_DOUBT, 0)
            words["status"] = self._flora.campaign(self._campaign_id).status
        print(json.dumps(words), flush=True)

    def conclude(self) -> None:
        """Say how the campaign stands when the worker stops."""
        campaign = self._flora.campaign(self._campaign_id)
        words = {
            "event": "done",
            "at": self._clock.now().isoformat(),
            "sent": self._sent,
            "status": campaign.status,
            "waiting_for": campaign.waiting_for,
            "next_at": campaign.next_at.isoformat() if campaign.next_at else None,
        }
        print(json.dumps(words), flush=True)


def main() -> None:
    """Work from one moment until another, or until nothing is left to do."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--at", type=datetime.fromisoformat, required=True)
    parser.add_argument("--until", type=datetime.fromisoformat)
    arguments = parser.parse_args()
    clock = ck.FrozenClock(arguments.at)
    with open_kit(arguments.database, clock, mail_port=arguments.port) as kit:
        flora = kit.merchant("flora")
        reporter = Reporter(flora, find_campaign(flora).id, clock)
        kit.run(until=arguments.until, on_progress=reporter.report)
        reporter.conclude()


if __name__ == "__main__":
    main()
