"""Every transport of ours as a case for the laws, with a real provider on loopback behind each."""

import contextlib
import tempfile
from collections.abc import Callable
from pathlib import Path

from campaignkit import FunctionTransport, GatewayTransport, KannelTransport, SmppTransport, SmtpTransport
from campaignkit.message.outbound import OutboundMessage, OutboundText
from campaignkit.testing import FakeEmail, FakeSms, TransportCase
from campaignkit.transports import OutboxTransport, TextOutboxTransport, TwilioTransport
from campaignkit.transports.http import HttpTimeouts
from campaignkit.transports.smpp import SmppTimeouts
from tests.transports.gateways import TinyGateway, answer, json_answer
from tests.transports.servers import TinySmtp
from tests.transports.smscs import TinySmsc

PASSWORD = "s3cret-pass-phrase"
QUICK_HTTP = HttpTimeouts(connect=1, write=1, read=0.5, pool=1, total=2)
QUICK_SMPP = SmppTimeouts(connect=1, bind=0.5, write=1, response=0.4, enquire=5, throttled=2, unbind=0.3)


def fake(kind: type[FakeEmail] | type[FakeSms], connections: int) -> TransportCase:
    transport = kind(connections=connections)
    return TransportCase(transport=transport, taken=lambda: [_words(message) for message in transport.sent])


def _words(message: OutboundMessage) -> str | bytes:
    return message.text if isinstance(message, OutboundText) else message.content


def function() -> TransportCase:
    taken: list[str | bytes] = []
    return TransportCase(
        transport=FunctionTransport("sms", lambda message: taken.append(_words(message))), taken=lambda: taken
    )


def outbox(kind: type[OutboxTransport] | type[TextOutboxTransport]) -> TransportCase:
    folder = tempfile.TemporaryDirectory()
    files = Path(folder.name) / "out"
    return TransportCase(
        transport=kind(files),
        taken=lambda: [path.read_bytes() for path in files.glob("law-*")],
        close=folder.cleanup,
    )


def smtp(
    connections: int, doubt_max: int | None = None, *, extensions: tuple[str, ...] = ("PIPELINING",)
) -> TransportCase:
    server = TinySmtp(extensions=extensions)
    stack = contextlib.ExitStack()
    stack.enter_context(server)
    transport = SmtpTransport(
        "127.0.0.1",
        server.port,
        security="insecure_plaintext",
        connections=connections,
        doubt_max=doubt_max,
        wave_wait_seconds=0.2,
        local_hostname="laws.example",
    )
    return TransportCase(
        transport=transport, taken=lambda: list(server.accepted), vanish=stack.close, close=stack.close
    )


def _over_http(said: bytes, make: Callable[[TinyGateway], object]) -> TransportCase:
    server = TinyGateway(said)
    stack = contextlib.ExitStack()
    stack.enter_context(server)
    return TransportCase(
        transport=make(server),  # type: ignore[arg-type]
        taken=lambda: [
            call.body or call.target for call in server.calls if b"law-" in call.body + call.target.encode()
        ],
        vanish=stack.close,
        close=stack.close,
        secrets=[PASSWORD],
    )


def twilio(connections: int = 4) -> TransportCase:
    body = {"sid": "SM" + "0" * 32, "status": "active", "num_segments": "1"}
    return _over_http(
        json_answer(201, body),
        lambda server: TwilioTransport(
            "AC" + "a" * 32, PASSWORD, base_url=server.url, timeouts=QUICK_HTTP, connections=connections
        ),
    )


def kannel(connections: int = 4, doubt_max: int | None = None) -> TransportCase:
    def make(server: TinyGateway) -> object:
        server.script = lambda call: (
            answer(202, "0: Accepted for delivery") if "law-" in call.target else answer(400, "Missing receiver number")
        )
        return KannelTransport(
            f"{server.url}/cgi-bin/sendsms",
            username="flora",
            password=PASSWORD,
            timeouts=QUICK_HTTP,
            connections=connections,
            doubt_max=doubt_max,
        )

    return _over_http(b"", make)


def gateway() -> TransportCase:
    return _over_http(
        json_answer(200, {"id": "m1"}),
        lambda server: GatewayTransport(
            {
                "url": f"{server.url}/send",
                "format": "json",
                "headers": {"Authorization": "Bearer {secret.token}"},
                "fields": {"to": "{to}", "text": "{text}"},
                "id": {"path": "id"},
            },
            secrets={"token": PASSWORD},
            timeouts=QUICK_HTTP,
        ),
    )


def smpp(window: int = 4, doubt_max: int | None = None) -> TransportCase:
    server = TinySmsc()
    stack = contextlib.ExitStack()
    stack.enter_context(server)
    transport = SmppTransport(
        "127.0.0.1",
        server.port,
        system_id="flora",
        password=PASSWORD[:8],
        security="insecure_plaintext",
        timeouts=QUICK_SMPP,
        window=window,
        doubt_max=doubt_max,
    )
    return TransportCase(
        transport=transport,
        taken=lambda: [submit.short_message for submit in server.submits],
        vanish=stack.close,
        close=stack.close,
        secrets=[PASSWORD[:8]],
    )
