"""The scene: a florist, her customers, her mail, the weekend on which she writes, and where all of it lies."""

from datetime import datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import attrs

import campaignkit as ck

PROJECT = Path(__file__).resolve().parents[2]
CUSTOMERS = PROJECT / "examples" / "data" / "spring_customers.csv"
OUT = PROJECT / "examples" / "out"

ZONE = ZoneInfo("America/New_York")
CAMPAIGN_KEY = "spring-2027"

# The clocks of New York go forward on Sunday, 14 March 2027, so this weekend is an hour shorter than others.
AFTERNOON = datetime(2027, 3, 12, 16, 0, tzinfo=ZONE)  # Friday: Ann prepares the campaign
EVENING = datetime(2027, 3, 12, 20, 40, tzinfo=ZONE)  # Friday: it starts, twenty minutes before closing time
RECOVERY = datetime(2027, 3, 12, 20, 42, tzinfo=ZONE)  # Friday: a second worker takes over
CLOSING = datetime(2027, 3, 12, 21, 0, tzinfo=ZONE)
AFTER_CLOSING = datetime(2027, 3, 12, 21, 1, tzinfo=ZONE)
MONDAY = datetime(2027, 3, 15, 9, 0, tzinfo=ZONE)

SUBJECT = 'Spring is here, {{ customer.first_name | default: "dear friend of flowers" }}'
MISSPELT = """\
Dear {{ customer.nam }},

the first tulips are in. Show this mail at the counter until Easter
and the second bunch is on us.

Flora
"""
MENDED = MISSPELT.replace("{{ customer.nam }}", '{{ customer.name | default: "friend" }}')


@attrs.frozen
class Places:
    """Where one telling of the story leaves its things."""

    out: Path

    @property
    def database(self) -> Path:
        return self.out / "shop.db"

    @property
    def log(self) -> Path:
        return self.out / "accepted.jsonl"

    @property
    def mails(self) -> Path:
        return self.out / "mails"

    @property
    def texts_log(self) -> Path:
        return self.out / "texts.jsonl"

    def clear(self) -> None:
        """Make room for a fresh telling; only what an earlier one left is removed."""
        for pattern in ("shop.db*", "*.jsonl", "mails/*.eml", "*.errors"):
            for left_over in self.out.glob(pattern):
                left_over.unlink()
        self.mails.mkdir(parents=True, exist_ok=True)


def open_kit(database: Path, clock: ck.FrozenClock, *, mail_port: int | None = None) -> ck.CampaignKit:
    """Return a kit on *database*; without a port it can do everything but send."""
    transports: dict[str, ck.SmtpTransport] = {}
    if mail_port is not None:
        # Everybody on the way could read this mail. Here the way leads from one process to the next.
        url = f"smtp+insecure-plaintext://127.0.0.1:{mail_port}"
        transports["main"] = ck.SmtpTransport.from_url(url, local_hostname="shop.flora.example")
    return ck.CampaignKit(
        store=ck.SqlStore(f"sqlite:///{database}"), transports=transports, clock=clock, randomness=lambda: 0.5
    )


def create_campaign(flora: ck.Merchant) -> ck.Campaign:
    """Return Flora's draft, a slip of the pen in it."""
    flora.add_sender("main", address="Flora <hello@flora.example>")
    return flora.create_campaign(
        name="Spring is here",
        sender="main",
        content=ck.EmailContent(subject=SUBJECT, text=MISSPELT),
        window=ck.SendWindow(days="mon-fri", opens=time(9), closes=time(21), zone=ZONE.key),
        interval=ck.Interval(seconds=1),
        key=CAMPAIGN_KEY,
    )


def find_campaign(flora: ck.Merchant) -> ck.Campaign:
    """Return the campaign of this story."""
    return next(campaign for campaign in flora.campaigns() if campaign.key == CAMPAIGN_KEY)


def local(at: datetime) -> str:
    """Return *at* as the clock on the shop's wall shows it.

    >>> local(CLOSING)
    'Fri 21:00:00'
    """
    return at.astimezone(ZONE).strftime("%a %H:%M:%S")
