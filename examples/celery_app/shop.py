"""The host's Celery app and how its workers make a kit: all that campaignkit needs of a host.

Settings come from the environment: ``SHOP_BROKER``, ``SHOP_DATABASE``, ``SHOP_OUTBOX``.
"""

import os

from celery import Celery

import campaignkit as ck
from campaignkit.contrib.celery import install

BROKER = os.environ.get("SHOP_BROKER", "redis://localhost:6379/0")
DATABASE = os.environ.get("SHOP_DATABASE", "postgresql+psycopg://localhost/campaigns")
OUTBOX = os.environ.get("SHOP_OUTBOX", "outbox")

app = Celery("shop", broker=BROKER)
app.conf.update(
    task_routes={"campaignkit.*": {"queue": "campaigns"}},  # other tasks do not wait behind campaigns
    task_default_queue="campaigns",  # a real host has others, too
    worker_prefetch_multiplier=1,  # a drain takes seconds: the next is for whoever is free
    broker_connection_retry_on_startup=True,
)


def make_kit() -> ck.CampaignKit:
    """Return the kit of one worker. It writes mails into a folder; put an SmtpTransport here to send them."""
    return ck.CampaignKit(store=ck.SqlStore(DATABASE), transports={"main": ck.OutboxTransport(OUTBOX)})


tasks = install(app, make_kit)
