"""What carries a campaign file's messages: its sender in, a transport out, or what is wrong. Connects to nothing."""

import tomllib

from campaignkit.cli.placeholders import has_password
from campaignkit.cli.reading import Reading
from campaignkit.cli.settings import GatewayTable, KannelTable, SenderTable, TwilioTable
from campaignkit.ports import Transport
from campaignkit.transports.outbox import OutboxTransport, TextOutboxTransport

__all__ = ["read_transport"]

MAIL = ("smtp", "outbox")
TEXTS = ("outbox", "kannel", "twilio", "gateway")


def read_transport(sender: SenderTable, *, is_mail: bool, reading: Reading) -> Transport | None:
    """Return the one transport that *sender* names; None where *reading* has a problem to tell."""
    given = [name for name in ("smtp", *TEXTS) if getattr(sender, name) is not None]
    for name in given:
        if name not in (MAIL if is_mail else TEXTS):
            reading.refuse(f"sender.{name}", f"carries {'texts, not mail' if is_mail else 'mail, not texts'}")
    if len(given) != 1:
        wanted = "either smtp, a mail server's URL, or outbox, a folder" if is_mail else f"one of {', '.join(TEXTS)}"
        reading.refuse("sender", f"wants {wanted}")
        return None
    if sender.outbox is not None:
        folder = reading.folder / sender.outbox
        return OutboxTransport(folder) if is_mail else TextOutboxTransport(folder)
    if sender.smtp is not None:
        return _smtp(sender, sender.smtp, reading)
    if sender.kannel is not None:
        return _kannel(sender, sender.kannel, reading)
    if sender.twilio is not None:
        return _twilio(sender, sender.twilio, reading)
    assert sender.gateway is not None
    return _gateway(sender, sender.gateway, reading)


def _smtp(sender: SenderTable, url: str, reading: Reading) -> Transport | None:
    from campaignkit.transports.smtp import SmtpTransport

    if has_password(url):
        reading.refuse("sender.smtp", "holds a password; write ${NAME} and put it into the environment")
        return None
    filled = reading.url("sender.smtp", url)
    if filled is None:
        return None
    return reading.attempt(
        "sender.smtp",
        lambda: SmtpTransport.from_url(filled, connections=sender.connections, doubt_max=sender.doubt_max),
    )


def _kannel(sender: SenderTable, table: KannelTable, reading: Reading) -> Transport | None:
    from campaignkit.transports.http import KannelTransport

    password = reading.secret("sender.kannel.password", table.password)
    if password is None:
        return None
    return reading.attempt(
        "sender.kannel",
        lambda: KannelTransport(
            table.url,
            username=table.username,
            password=password,
            smsc=table.smsc,
            insecure_plaintext=table.insecure_plaintext,
            connections=sender.connections,
            doubt_max=sender.doubt_max,
        ),
    )


def _twilio(sender: SenderTable, table: TwilioTable, reading: Reading) -> Transport | None:
    from campaignkit.transports.http import TwilioTransport

    password = reading.secret("sender.twilio.password", table.password)
    if password is None:
        return None
    return reading.attempt(
        "sender.twilio",
        lambda: TwilioTransport(
            table.account_sid,
            password,
            username=table.username,
            connections=sender.connections,
            doubt_max=sender.doubt_max,
        ),
    )


def _gateway(sender: SenderTable, table: GatewayTable, reading: Reading) -> Transport | None:
    from campaignkit.transports.http import GatewayTransport

    text = reading.text("sender.gateway.file", table.file)
    found = {name: reading.secret(f"sender.gateway.secrets.{name}", value) for name, value in table.secrets.items()}
    secrets = {name: value for name, value in found.items() if value is not None}
    if text is None or len(secrets) < len(found):
        return None
    description = reading.attempt("sender.gateway.file", lambda: tomllib.loads(text))
    if description is None:
        return None
    return reading.attempt(
        "sender.gateway.file",
        lambda: GatewayTransport(
            description, secrets=secrets, connections=sender.connections, doubt_max=sender.doubt_max
        ),
    )
