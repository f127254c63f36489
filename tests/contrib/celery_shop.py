"""A host's Celery app as workers of tests import it: campaigns in a SQLite file, a provider that is a file.

``CELERY_SHOP`` is a folder; ``settings.json`` in it says the rest.
"""

import json
import os
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from celery import Celery

from campaignkit.addresses.channel import Channel
from campaignkit.contrib.celery import install
from campaignkit.delivery.outcomes import Outcome, Verdict
from campaignkit.kit import CampaignKit
from campaignkit.message.outbound import OutboundMessage
from campaignkit.ports import Clear, SenderCheck
from campaignkit.stores.sql import SqlStore
from tests.storms.ground import line_for

FOLDER = Path(os.environ["CELERY_SHOP"])
SETTINGS = json.loads((FOLDER / "settings.json").read_text())


class SlowFile:
    """A provider whose memory is a file: one line per message, one write each, and some time between two.

    The write is the point of no return. ``pid`` names the process that sent last.
    """

    channel = Channel.EMAIL

    def send(self, batch: Sequence[OutboundMessage], clear: Clear, /) -> Iterator[Outcome]:
        (FOLDER / "pid").write_text(str(os.getpid()))
        wave = SETTINGS["wave"]
        with (FOLDER / "accepted").open("ab", buffering=0) as accepted:
            for start in range(0, len(batch), wave):
                for message, has_crossed in self._cross(batch[start : start + wave], clear):
                    if has_crossed:
                        accepted.write(line_for(message))
                        time.sleep(SETTINGS["pause_seconds"])
                    verdict = Verdict.ACCEPTED if has_crossed else Verdict.NOT_SENT
                    yield Outcome(message_id=message.message_id, verdict=verdict)

    def _cross(self, wave: Sequence[OutboundMessage], clear: Clear) -> Iterator[tuple[OutboundMessage, bool]]:
        cleared = clear(tuple(wave))
        granted = {message.message_id for message in cleared.messages}
        for message in wave:
            yield message, message.message_id in granted and cleared.may_cross()

    def verify(self) -> SenderCheck:
        return SenderCheck(is_ready=True)

    def close(self) -> None:
        with (FOLDER / "closed").open("a") as file:
            file.write(f"{os.getpid()}\n")


def make_kit() -> CampaignKit:
    store = SqlStore(f"sqlite:///{FOLDER / 'campaigns.db'}")
    lease = timedelta(seconds=SETTINGS["lease_seconds"])
    return CampaignKit(store=store, transports={"main": SlowFile()}, lease=lease)


app = Celery("shop", broker=SETTINGS["broker"])
app.conf.update(
    task_acks_late=SETTINGS["is_acked_late"],
    task_reject_on_worker_lost=SETTINGS["is_acked_late"],
    # kombu looks for what dead workers left once in a hundred seconds; the tests are over by then.
    broker_transport_options={
        "visibility_timeout": 2,
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
    },
    broker_connection_retry_on_startup=True,
)
install(app, make_kit, round_seconds=1, sweep_seconds=SETTINGS["sweep_seconds"])
