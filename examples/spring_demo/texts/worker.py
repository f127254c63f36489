"""One worker process for texts: the shop's database and moments in, texts out; on stdout a JSON line for every round.

It works until nothing timed is left to do, says so, and waits on stdin to be told what time it has become. It knows
nothing of the workers before it, nor of any grant: what it needs is in the database.
"""

import argparse
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import campaignkit as ck
from campaignkit.kit.results import TickReport
from examples.spring_demo.texts.scene import TULIPS_KEY, find_texts, open_text_kit


class Reporter:
    """Tells the story what the worker does."""

    def __init__(self, flora: ck.Merchant, clock: ck.FrozenClock) -> None:
        self._flora = flora
        self._tulips_id = find_texts(flora, TULIPS_KEY).id
        self._clock = clock
        self._sent = 0
        self._waited_for = ""
        self._doubt_count = 0
        self._minute = -1

    def report(self, tick: TickReport) -> None:
        """Say how many were sent; when the credit is gone; and, looking once a minute, when a text is in doubt."""
        now = self._clock.now()
        self._sent += tick.sent
        self._say(event="progress", sent=self._sent)
        campaign = self._flora.campaign(self._tulips_id)
        if campaign.waiting_for != self._waited_for:
            self._waited_for = str(campaign.waiting_for)
            if campaign.waiting_for == "credit":
                available = self._flora.credits.balance().available
                self._say(event="dry", needed=campaign.credit_needed, available=available, status=campaign.status)
        if now.minute != self._minute or tick.next_at is None:
            self._minute = now.minute
            self._tell_doubt()

    def conclude(self) -> None:
        """Say how the texts to everybody stand when nothing is left to do."""
        campaign = self._flora.campaign(self._tulips_id)
        self._say(event="done", sent=self._sent, status=campaign.status, waiting_for=campaign.waiting_for)
        self._sent = 0

    def _tell_doubt(self) -> None:
        doubt_count = self._flora.counts(self._tulips_id).by_status.get(ck.RecipientStatus.IN_DOUBT, 0)
        if doubt_count > self._doubt_count:
            self._doubt_count = doubt_count
            self._say(event="doubt", count=doubt_count, held=self._flora.credits.balance().held)

    def _say(self, **words: Any) -> None:
        print(json.dumps({"at": self._clock.now().isoformat(), **words}), flush=True)


def main() -> None:
    """Work from one moment on, and again from every moment that stdin names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--at", type=datetime.fromisoformat, required=True)
    arguments = parser.parse_args()
    clock = ck.FrozenClock(arguments.at)
    with open_text_kit(arguments.database, clock, port=arguments.port) as kit:
        reporter = Reporter(kit.merchant("flora"), clock)
        kit.run(on_progress=reporter.report)
        reporter.conclude()
        for line in sys.stdin:
            clock.sleep_until(datetime.fromisoformat(json.loads(line)["at"]))
            kit.run(on_progress=reporter.report)
            reporter.conclude()


if __name__ == "__main__":
    main()
