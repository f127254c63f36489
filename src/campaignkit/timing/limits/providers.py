"""What known providers let one account send: presets to be edited, a provider a row. Pure.

Providers change these without notice and lower them for new or suspected accounts: a preset is where a merchant
starts, not a promise. What a provider publishes and what users only report are told apart. Where nothing says
whether a day rolls or follows the calendar, it rolls, which is the stricter of the two.
"""

from datetime import date, timedelta

import attrs

from campaignkit.timing.limits.rules import Counted, Limit

__all__ = ["PRESETS", "UNKNOWN_LIMITS", "ProviderPreset", "find_preset"]

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NOVEMBER_2026 = date(2026, 11, 22)


@attrs.frozen(kw_only=True)
class ProviderPreset:
    """The limits of one provider's accounts, where they are known from, and as of when."""

    code: str  # stable
    name: str
    limits: tuple[Limit, ...] = ()
    hosts: tuple[str, ...] = ()  # mail servers that tell the provider, or a domain under which they all are: ".host"
    is_published: bool = False  # said by the provider itself; else reported by its users
    is_free_mailbox: bool = False  # made for a person's letters: a warning where it sends in bulk
    source: str = ""
    as_of: date = NOVEMBER_2026  # when the source was read
    note: str = ""

    @property
    def is_known(self) -> bool:
        return bool(self.limits)


# Limits nobody named: a warning before a campaign, for the provider may have some all the same.
UNKNOWN_LIMITS = ProviderPreset(code="unknown", name="unknown provider", note="ask the provider what may be sent")

PRESETS = (
    ProviderPreset(
        code="gmail",
        name="Gmail, free",
        limits=(Limit(500, per=DAY, counted=Counted.RECIPIENTS),),
        hosts=("smtp.gmail.com", "smtp.googlemail.com"),
        is_free_mailbox=True,
        source="reported; Google's table of 500 a day is that of trial accounts: support.google.com/a/answer/166852",
        note="Workspace uses the same server; choose its preset where the account is one",
    ),
    ProviderPreset(
        code="workspace",
        name="Google Workspace",
        limits=(Limit(2000, per=DAY), Limit(3000, per=DAY, counted=Counted.RECIPIENTS)),
        hosts=("smtp-relay.gmail.com",),
        is_published=True,
        source="support.google.com/a/answer/166852",
        note="trial accounts: 500 a day; recipients outside the own domains; the relay service has limits of its own",
    ),
    ProviderPreset(
        code="exchange_online",
        name="Microsoft 365, Exchange Online",
        limits=(Limit(30, per=MINUTE), Limit(10_000, per=DAY, counted=Counted.RECIPIENTS)),
        hosts=("smtp.office365.com", ".mail.protection.outlook.com"),
        is_published=True,
        source="learn.microsoft.com, Exchange Online limits, sending limits (as quoted by Microsoft staff, 2025)",
    ),
    ProviderPreset(
        code="outlook_subscriber",
        name="Outlook.com with Microsoft 365",
        limits=(Limit(5000, per=DAY, counted=Counted.RECIPIENTS),),
        is_published=True,
        is_free_mailbox=True,
        source="support.microsoft.com, Sending limits in Outlook.com",
        note="of these at most 1,000 who were never written to before; lower without a history",
    ),
    ProviderPreset(
        code="outlook_free",
        name="Outlook.com, Hotmail, free",
        limits=(Limit(300, per=DAY, counted=Counted.RECIPIENTS),),
        hosts=("smtp-mail.outlook.com",),
        is_free_mailbox=True,
        source="reported by users, for instance learn.microsoft.com/answers, 2024 and 2026; Microsoft says only: lower",
    ),
    ProviderPreset(
        code="yahoo",
        name="Yahoo Mail",
        limits=(Limit(500, per=DAY, counted=Counted.RECIPIENTS),),
        hosts=("smtp.mail.yahoo.com", "smtp.bizmail.yahoo.com"),
        is_published=True,
        is_free_mailbox=True,
        source="help.yahoo.com, SMTP sending limits, SLN17518 (Yahoo Small Business mail)",
    ),
    ProviderPreset(
        code="icloud",
        name="iCloud Mail",
        limits=(Limit(1000, per=DAY), Limit(1000, per=DAY, counted=Counted.RECIPIENTS)),
        hosts=("smtp.mail.me.com",),
        is_published=True,
        is_free_mailbox=True,
        source="support.apple.com/102198",
        note="Apple forbids unsolicited bulk mail through it",
    ),
    ProviderPreset(
        code="ses_sandbox",
        name="Amazon SES, sandbox",
        limits=(
            Limit(1, per=SECOND, counted=Counted.RECIPIENTS),
            Limit(200, per=DAY, counted=Counted.RECIPIENTS),
        ),
        hosts=(),
        is_published=True,
        source="docs.aws.amazon.com/ses/latest/dg/quotas.html",
        note="outside the sandbox each account has limits of its own, which the SES console shows",
    ),
    ProviderPreset(
        code="sendgrid_free",
        name="SendGrid, free",
        limits=(Limit(100, per=DAY),),
        is_published=True,
        source="github.com/sendgrid/sendgrid-php, README of version 7",
        note="paid plans have other limits; whether the free plan is still offered was not found",
    ),
    ProviderPreset(
        code="shared_hosting",
        name="a web host's mail server, cautious",
        limits=(Limit(100, per=HOUR),),
        source="published by single hosts, 20 to 500 an hour: wesh.uk 20, gigalayer 100, domainindia 200, site5 500",
        note="ask the host; many count all mailboxes and the web shop together",
    ),
)


def find_preset(host: str) -> ProviderPreset:
    """Return the preset of the provider that runs the mail server *host*; ``UNKNOWN_LIMITS`` if none is known.

    >>> find_preset("smtp.office365.com").code, find_preset("mail.shop.example").is_known
    ('exchange_online', False)
    """
    name = host.lower().rstrip(".")
    return next((preset for preset in PRESETS if _runs(preset, name)), UNKNOWN_LIMITS)


def _runs(preset: ProviderPreset, name: str) -> bool:
    return any(name.endswith(host) if host.startswith(".") else name == host for host in preset.hosts)
