"""Every mistake in a campaign file is named by its path, all of them at once, and no password is repeated."""

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

from campaignkit.cli.plan import Plan, read_plan
from campaignkit.cli.problems import InvalidSettings
from campaignkit.message.content import EmailContent, SmsContent
from campaignkit.timing.limits import Interval, Limit, find_preset
from campaignkit.timing.windows import SendWindow
from campaignkit.transports.outbox import OutboxTransport
from campaignkit.transports.smtp import SmtpTransport

EXAMPLE = Path(__file__).parents[2] / "examples" / "campaign.toml"
WHOLE = """\
merchant = {id = "flora", zone = "America/New_York", region = "US"}
sender = {address = "hello@flora.example", outbox = "outbox"}
[campaign]
name = "Spring"
start_at = 2026-03-09T09:00:00
content = {subject = "Tulips", text = "They are in."}
window = {days = "mon-fri", opens = 09:00:00, closes = "17:00", holidays = [2026-05-25], zone = "Europe/Warsaw"}
"""


def read(folder: Path, text: str, **environ: str) -> Plan:
    path = folder / "campaign.toml"
    path.write_text(text, encoding="utf-8")
    return read_plan(path, environ)


def problems(folder: Path, text: str, **environ: str) -> tuple[str, ...]:
    with pytest.raises(InvalidSettings) as caught:
        read(folder, text, **environ)
    assert str(caught.value) == "; ".join(caught.value.problems)
    return caught.value.problems


def test_a_whole_file_becomes_what_the_kit_takes(tmp_path: Path) -> None:
    plan = read(tmp_path, WHOLE)

    assert isinstance(plan.transport, OutboxTransport)
    assert plan.transport.folder == tmp_path / "outbox"
    assert plan.start_at is not None
    assert plan.start_at.isoformat() == "2026-03-09T09:00:00-04:00"  # by the merchant's clock
    assert isinstance(plan.window, SendWindow)
    assert (plan.window.days, plan.window.closes.hour, plan.window.zone) == ((0, 1, 2, 3, 4), 17, "Europe/Warsaw")


def test_the_example_is_one(tmp_path: Path) -> None:
    assert read(tmp_path, EXAMPLE.read_text(encoding="utf-8")).file.campaign.name == "Spring 2026"


def test_what_the_example_shows_in_comments_is_true(tmp_path: Path) -> None:
    lines = [line.removeprefix("# ") for line in EXAMPLE.read_text(encoding="utf-8").splitlines()]
    shown = {"outbox", "smtp", "kind", "start_at", "deadline", "interval_seconds", "connections", "days", "opens"}
    shown |= {
        "doubt_max",
        "text_opt_out",
        "reply_to",
        "values",
        "values.event",
        "headers",
        "language",
        "limits",
        "jitter_seconds",
        "closes",
        "holidays",
        "zone",
        "email",
        "id",
        "region",
        "address",
        "name",
        "subject",
    }
    settings = [line for line in lines if line.startswith("[") or line.partition(" = ")[0] in shown]
    text = "\n".join(line for line in settings if not line.startswith("outbox"))
    text = text.replace("subject = ", 'text = "In."\nsubject = ')

    plan = read(tmp_path, text, SMTP_PASSWORD="x")

    assert isinstance(plan.transport, SmtpTransport)
    assert plan.window is not None
    assert plan.deadline is not None
    assert plan.interval == Interval(2, jitter=1)
    assert plan.sender_limits == (Limit(30, per=timedelta(minutes=1)), Limit(500, per=timedelta(days=1)))
    assert plan.file.columns == {"email": "Adres"}
    assert plan.file.campaign.values["event"]["name"] == "Tulip day"
    assert plan.file.campaign.headers == {"X-Shop": "12"}


def test_limits_are_read_or_refused_by_their_place(tmp_path: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8").replace("[campaign]", 'provider = "gmail"\n\n[campaign]')
    plan = read(tmp_path, text.replace("[campaign.content]", 'limits = ["5 per hour"]\n\n[campaign.content]'))

    assert plan.limits == (Limit(5, per=timedelta(hours=1)),)
    assert plan.sender_limits == find_preset("smtp.gmail.com").limits
    with pytest.raises(InvalidSettings) as refused:
        read(
            tmp_path,
            text.replace("gmail", "nobody").replace("[campaign.content]", 'limits = ["5"]\n[campaign.content]'),
        )
    assert [problem.partition(":")[0] for problem in refused.value.problems] == [
        "campaign.limits[0]",
        "sender.provider",
    ]


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("opens =", "opnes =", "campaign.window.opnes: unknown key; did you mean opens?"),
        ("opens = 09:00:00, ", "", "campaign.window.opens: missing"),
        ("opens = 09:00:00", 'hours = {sat = "9-21"}', "campaign.window: hours say when it opens; days"),
        ("opens = 09:00:00", 'hours = "9-21"', "campaign.window.hours: must be a table"),
        ("opens = 09:00:00", 'hours = {mon-fri = "9-21,20-22"}', "campaign.window: two openings overlap on mon"),
        ("name = ", "xyzzy = 1\nname = ", "campaign.xyzzy: unknown key"),
        ("[campaign]", "[campain]", "campain: unknown key; did you mean campaign?"),
        ("[campaign]", "[campain]", "campaign: missing"),
        ('"Spring"', "5", "campaign.name: must be text, not a number"),
        ('"Spring"', "true", "campaign.name: must be text, not true or false"),
        ('"Spring"', '" "', "campaign.name: is empty"),
        ("2026-03-09T09:00:00", '"tomorrow"', "campaign.start_at: must be a date with a time"),
        ("2026-03-09T09:00:00", "2026-03-09", "campaign.start_at: must be a date with a time"),
        (
            "opens = 09:00:00",
            'opens = "9 am"',
            "campaign.window.opens: must be a time of day, such as 09:00",
        ),
        ("[2026-05-25]", '[2026-05-25, "Easter"]', "campaign.window.holidays[1]: must be a date"),
        ("[2026-05-25]", "3", "campaign.window.holidays: must be a list"),
        ("[2026-05-25]", '"Easter"', "campaign.window.holidays[0]: must be a date"),
        ('{subject = "Tulips", text = "They are in."}', '"Hello"', "campaign.content: must be a table, not text"),
        ('text = "They are in."', "text = []", "campaign.content.text: must be text, not a list"),
        (', text = "They are in."', "", "campaign.content: wants text or text_file"),
        ('text = "They are in."', 'text_file = "no.txt"', "campaign.content.text_file: no.txt: No such file"),
        ('"They are in."', '"In.", text_file = "a"', "campaign.content.text_file: stands beside text"),
        ('"mon-fri"', '"montag"', "campaign.window: 'montag' is no weekday"),
        ('"Europe/Warsaw"', '"Warsaw"', "campaign.window: unknown time zone 'Warsaw'"),
        ("America/New_York", "New York", "merchant.zone: 'New York' is no time zone"),
        ('"US"', '"USA"', "merchant.region: must be two letters"),
        ('id = "flora"', 'id = ""', "merchant.id: is empty"),
        (', outbox = "outbox"', "", "sender: wants either smtp"),
        ("outbox =", 'smtp = "smtp://x", outbox =', "sender: wants either smtp"),
        ('outbox = "outbox"', 'smtp = "mail.example"', "sender.smtp: a mail server's URL begins with one of"),
        ('outbox = "outbox"', 'smtp = "smtp://u:${NONE}@x"', "sender.smtp: the environment has no NONE"),
        ('outbox = "outbox"', 'smtp = "smtp://x", connections = 0', "sender.smtp: connections"),
        ('outbox = "outbox"', 'smtp = "smtp://x", doubt_max = 3', "sender.smtp: doubt_max"),
        ('outbox = "outbox"', 'smtp = "smtp://x", connections = 1.5', "sender.connections: must be a whole number"),
        ("start_at", "interval_seconds = 0\nstart_at", "campaign.interval_seconds: seconds must be a positive"),
        ("start_at", "interval_seconds = true\nstart_at", "campaign.interval_seconds: must be a number"),
        ("start_at", "deadline = 2026-03-09T08:00:00\nstart_at", "campaign.deadline: must be after campaign.start_at"),
        ("start_at", 'kind = "spam"\nstart_at', "campaign.kind: must be one of marketing, transactional"),
        (
            "start_at",
            'on_doubt = "always"\nstart_at',
            "campaign.on_doubt: must be one of hold, resend_if_idempotent, resend_after_quarantine",
        ),
        ("[campaign]", "columns = {email = 3}\n[campaign]", "columns.email: must be text, not a number"),
        ("[campaign]", "columns = 3\n[campaign]", "columns: must be a table"),
        ("zone =", "values = {name = 3}, zone =", "merchant.values.name: must be text, not a number"),
        ('"flora"', f'"{"m" * 201}"', "merchant.id: may have at most 200 bytes"),
        ("start_at", 'channel = "fax"\nstart_at', "campaign.channel: must be one of email, sms"),
        ("start_at", 'values = {event = "x"}\nstart_at', "campaign.values.event: must be a table"),
        ("start_at", 'headers = {Bcc = "eve@example.com"}\nstart_at', "campaign.headers: header 'Bcc': "),
        ("start_at", 'attachments = ["no.pdf"]\nstart_at', "campaign.attachments[0]: no.pdf: No such file"),
        ("start_at", 'attachments = ["a\\u0000"]\nstart_at', "campaign.attachments[0]: 'a\\x00' is no name of a file"),
        ("start_at", 'attachments = ["x.exe"]\nstart_at', "campaign.attachments: x.exe is a program"),
        (
            "start_at",
            'inline_images = {logo = "no.png"}\nstart_at',
            "campaign.inline_images.logo: no.png: No such file",
        ),
        ("start_at", 'inline_images = {logo = "x.exe"}\nstart_at', "campaign.attachments: "),
        ('subject = "Tulips", ', "", "campaign.content.subject: missing"),
        ("text =", 'syntax = "jinja", text =', "campaign.content.syntax: must be one of placeholders, liquid"),
        ("text =", 'language = "tlh", text =', "campaign.content.language: language 'tlh' is not in the table"),
        ('text = "They are in."', 'html = "<p> </p>"', "campaign.content.html: no text part can be made of it"),
        ('text = "They are in."', 'html_file = "x.exe"', "campaign.content.html_file: no text part can be made"),
        (
            'outbox = "outbox"',
            'twilio = {account_sid = "A", password = "${A}"}',
            "sender.twilio: carries texts, not mail",
        ),
        ('outbox = "outbox"', 'smtp = "smtp://x", outbox = "out"', "sender: wants either smtp, a mail server's URL"),
        ('outbox = "outbox"', 'outbox = "out", country_caps = {PL = 5}', "sender.country_caps: are for texts"),
        (
            'outbox = "outbox"',
            'outbox = "out", destination_limits = {"*" = ["5 per hour"]}',
            "sender.destination_limits: those of mail are for domains that are named",
        ),
    ],
)
def test_a_mistake_is_named_by_its_path(before: str, after: str, problem: str, tmp_path: Path) -> None:
    assert before in WHOLE
    (tmp_path / "x.exe").write_bytes(b" ")
    found = problems(tmp_path, WHOLE.replace(before, after, 1))

    assert [one for one in found if one.startswith(problem)], found


TEXTS = """\
merchant = {id = "flora", zone = "America/New_York", region = "US"}
sender = {address = "FLORA", outbox = "outbox"}
[campaign]
name = "Spring"
channel = "sms"
content = {text = "They are in."}
"""
KANNEL = 'kannel = {url = "https://sms.example/cgi-bin/sendsms", username = "flora", password = "${SMS}"}'
TWILIO = f'twilio = {{account_sid = "AC{"0" * 32}", password = "${{SMS}}"}}'
GATEWAY = 'gateway = {file = "gateway.toml", secrets = {token = "${SMS}"}}'
GATEWAY_FILE = """\
url = "https://sms.example/send"
id.path = "id"
headers.Authorization = "Bearer {secret.token}"
fields = {to = "{to}", text = "{text}"}
"""


@pytest.mark.parametrize(
    ("provider", "kind"),
    [
        ('outbox = "outbox"', "TextOutboxTransport"),
        (KANNEL, "KannelTransport"),
        (TWILIO, "TwilioTransport"),
        (GATEWAY, "GatewayTransport"),
    ],
    ids=["outbox", "kannel", "twilio", "gateway"],
)
def test_texts_go_through_a_folder_or_a_gateway(provider: str, kind: str, tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_text(GATEWAY_FILE)
    plan = read(tmp_path, TEXTS.replace('outbox = "outbox"', provider), SMS="s3cret")

    assert type(plan.transport).__name__ == kind
    assert isinstance(plan.message.content, SmsContent)
    assert "s3cret" not in repr(plan)


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ('outbox = "outbox"', 'smtp = "smtp://x"', "sender.smtp: carries mail, not texts"),
        (', outbox = "outbox"', "", "sender: wants one of outbox, kannel, twilio, gateway"),
        ('outbox = "outbox"', f'outbox = "o", {KANNEL}', "sender: wants one of outbox, kannel, twilio, gateway"),
        (
            'outbox = "outbox"',
            KANNEL.replace("${SMS}", "hunter2"),
            "sender.kannel.password: is a secret; write ${NAME}",
        ),
        ('outbox = "outbox"', KANNEL.replace("SMS", "NONE"), "sender.kannel.password: the environment has no NONE"),
        ('outbox = "outbox"', KANNEL.replace("https", "http"), "sender.kannel: a password is not sent in plain text"),
        ('outbox = "outbox"', 'outbox = "out", country_caps = {XX = 5}', "sender.country_caps: 'XX' is no country"),
        (
            'outbox = "outbox"',
            KANNEL[:-1] + ", smsk = 1}",
            "sender.kannel.smsk: unknown key; did you mean smsc?",
        ),
        ('outbox = "outbox"', TWILIO.replace("AC0", "X"), "sender.twilio: a Twilio SID has"),
        ('outbox = "outbox"', TWILIO.replace("${SMS}", "hunter2"), "sender.twilio.password: is a secret"),
        ('outbox = "outbox"', GATEWAY.replace("gateway.toml", "no.toml"), "sender.gateway.file: no.toml: No such file"),
        ('outbox = "outbox"', GATEWAY.replace("gateway.toml", "broken.toml"), "sender.gateway.file: Expected"),
        ('outbox = "outbox"', GATEWAY.replace("token", "key"), "sender.gateway.file: "),
        ('outbox = "outbox"', GATEWAY.replace("${SMS}", "hunter2"), "sender.gateway.secrets.token: is a secret"),
        ("outbox =", 'reply_to = "a@b.example", outbox =', "sender.reply_to: answers to texts go to their sender"),
        ("text =", 'subject = "x", text =', "campaign.content.subject: a text message has none"),
        ("text =", 'html = "x", text =', "campaign.content.html: a text message has none"),
        ('text = "They are in."', 'html = "x"', "campaign.content: wants text or text_file"),
        ("channel", 'attachments = ["gateway.toml"]\nchannel', "campaign.attachments: a text message has none"),
        ("channel", 'headers = {X-Shop = "1"}\nchannel', "campaign.headers: a text message has none"),
    ],
)
def test_a_mistake_about_texts_is_named_by_its_path(before: str, after: str, problem: str, tmp_path: Path) -> None:
    assert before in TEXTS
    (tmp_path / "gateway.toml").write_text(GATEWAY_FILE)
    (tmp_path / "broken.toml").write_text("url")
    found = problems(tmp_path, TEXTS.replace(before, after, 1), SMS="s3cret")

    assert [one for one in found if one.startswith(problem)], found
    assert "hunter2" not in str(found)


def test_html_alone_gets_a_text_part_and_its_styles_inline(tmp_path: Path) -> None:
    (tmp_path / "spring.html").write_text("<style>p {color: red}</style><p>Dear {{ customer.name }}</p>")
    plan = read(tmp_path, WHOLE.replace('text = "They are in."', 'html_file = "spring.html", language = "pl"'))

    assert isinstance(plan.message.content, EmailContent)
    assert plan.message.content.text == "Dear {{ customer.name }}\n"
    assert 'style="color: red;"' in str(plan.message.content.html)
    assert plan.message.content.language == "pl"


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = WHOLE.replace("opens", "opnes").replace('"Spring"', "5").replace("zone = ", "zoen = ", 1)

    assert len(problems(tmp_path, text)) == 4


def test_a_file_that_is_no_toml_tells_the_line(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, "name = Spring\n")

    assert "line 1" in found


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match=r"campaign\.toml: No such file"):
        read_plan(tmp_path / "campaign.toml", {})


@pytest.mark.parametrize(
    "url",
    ["smtp://ann:secret@mail.example", "smtp://ann:se${A}cret@mail.example", "smtp://ann:sec/ret@mail.example"],
)
def test_a_password_in_the_file_is_refused_and_not_repeated(url: str, tmp_path: Path) -> None:
    (found,) = problems(tmp_path, WHOLE.replace('outbox = "outbox"', f'smtp = "{url}"'), A="a")

    assert found.startswith("sender.smtp: holds a password")
    assert "sec" not in found


@pytest.mark.parametrize("password", ["a/b", "p@ss:word", "50%", "se\u2100cret", "${A}"])
def test_a_password_of_the_environment_may_hold_anything(password: str, tmp_path: Path) -> None:
    plan = read(tmp_path, WHOLE.replace('outbox = "outbox"', 'smtp = "smtp://ann:${A}@mail.example:26"'), A=password)

    assert isinstance(plan.transport, SmtpTransport)
    assert plan.transport._settings.password == password
    assert password == "${A}" or password not in repr(plan)


def test_a_whole_url_may_come_from_the_environment(tmp_path: Path) -> None:
    text = WHOLE.replace('outbox = "outbox"', 'smtp = "${MAIL}"')

    assert "26" in repr(read(tmp_path, text, MAIL="smtps://ann:secret@mail.example:26").transport)
    assert "secret" not in problems(tmp_path, text, MAIL="smtps://ann:se\u2100secret@mail.example:99999")[0]


def test_every_key_of_the_file_is_documented() -> None:
    from campaignkit.cli.settings import CampaignFile

    page = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text(encoding="utf-8")

    def paths(kind: Any, above: str) -> list[str]:
        found: list[str] = []
        for field in attrs.fields(attrs.resolve_types(kind)):
            inner = next((one for one in (field.type, *getattr(field.type, "__args__", ())) if attrs.has(one)), None)
            found += paths(inner, f"{above}{field.name}.") if inner else [f"{above}{field.name}"]
        return found

    assert [path for path in paths(CampaignFile, "") if f"`{path}`" not in page] == []
    assert tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))["campaign"]["name"] == "Spring 2026"
