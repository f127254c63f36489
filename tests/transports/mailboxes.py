"""Real mail servers on loopback for the transport tests, and what they accepted."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from aiosmtpd.controller import Controller

from campaignkit.delivery.outcomes import Outcome
from campaignkit.transports.smtp import SmtpTimeouts, SmtpTransport
from tests.transports.servers import Gate, mails

QUICK = SmtpTimeouts(connect=5, command=5, body=5, dot=5, quit=0.5)


class Mailbox:
    """What the server accepted: the recipient and the bytes, in order."""

    def __init__(self) -> None:
        self.accepted: list[tuple[str, bytes]] = []
        self.was_encrypted: list[bool] = []
        self.refusals: dict[str, str] = {}  # recipient → reply to RCPT
        self.dot_replies: dict[str, str] = {}  # recipient → reply to the dot

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server, session, envelope):
        (recipient,) = envelope.rcpt_tos
        if recipient in self.dot_replies:
            return self.dot_replies[recipient]
        self.accepted.append((recipient, envelope.original_content))
        self.was_encrypted.append(session.ssl is not None)
        return f"250 2.0.0 Ok: queued as Q{len(self.accepted):04}"


class FreePortController(Controller):
    """A controller that takes any free port; aiosmtpd's own then knocks at port 0."""

    def _trigger_server(self):
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def serve(mailbox: Mailbox | None = None, **options) -> Iterator[tuple[int, Mailbox]]:
    mailbox = mailbox or Mailbox()
    controller = FreePortController(mailbox, hostname="127.0.0.1", port=0, **options)
    controller.start()
    try:
        yield controller.port, mailbox
    finally:
        controller.stop()


def plain(port: int, **options) -> SmtpTransport:
    return SmtpTransport("127.0.0.1", port, **{"security": "insecure_plaintext", "timeouts": QUICK, **options})


def send(transport: SmtpTransport, count: int = 1, gate: Gate | None = None) -> list[Outcome]:
    try:
        return list(transport.send(mails(count), gate or Gate()))
    finally:
        transport.close()
