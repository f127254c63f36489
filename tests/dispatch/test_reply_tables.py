"""Each row of the protocol's tables, from what a provider says to what becomes of recipient, campaign and sender."""

import threading
from datetime import timedelta

import attrs
import pytest

import campaignkit as ck
from campaignkit.ports import Transport
from campaignkit.stores import MemoryStore
from campaignkit.testing.faults import FaultyStore
from campaignkit.transports.smpp import SmppTimeouts
from tests.dispatch.mail_hosts import mail_shop
from tests.dispatch.scenes import FRIDAY, ZONE
from tests.transports.gateways import CLOSE as HANG_UP
from tests.transports.gateways import TinyGateway, answer, json_answer
from tests.transports.servers import CLOSE, HANG
from tests.transports.smscs import Submit, TinySmsc, refused, take_all

PEOPLE = ["ann@one.example", "bob@two.example", "cid@gmail.com"]
SENT = {"sent": 3}
MINUTES = timedelta(minutes=1)


@attrs.frozen(kw_only=True)
class Row:
    """What a mail host says once, at one stage, and what the campaign has come to at once and in the end."""

    stage: str
    reply: bytes
    at_once: dict[str, int]  # after the first messages
    failure: str = ""  # the campaign stopped so at once; it is then resumed
    waits: timedelta | None = None  # how long the sender is left alone
    group_waits: bool = False  # only the group of the first recipient is left alone
    finally_: dict[str, int] = attrs.field(factory=lambda: dict(SENT))
    code: str = ""  # of the attempt, or of the sender's health


def host(stage: str, reply: bytes, code: str, **more: object) -> Row:
    """The host is left alone for a minute, nobody is harmed, and everybody gets it afterwards."""
    return Row(stage=stage, reply=reply, code=code, at_once={"pending": 3}, waits=MINUTES, **more)  # type: ignore[arg-type]


def late_host(reply: bytes, code: str) -> Row:
    """As at every stage, but the envelope of the next message had left with the dot, and its own dot follows."""
    return Row(stage="DOT", reply=reply, code=code, at_once={"pending": 2, "sent": 1}, waits=MINUTES)


def sender(stage: str, reply: bytes, code: str) -> Row:
    """The campaign stops with a diagnosis, and nobody fails."""
    return Row(stage=stage, reply=reply, code=code, at_once={"pending": 3}, failure=code)


def put_off(stage: str, reply: bytes, code: str) -> Row:
    """One recipient is put off, the others go on, and it gets its mail later."""
    return Row(stage=stage, reply=reply, code=code, at_once={"pending": 1, "sent": 2})


def failed(stage: str, reply: bytes, code: str) -> Row:
    """One recipient fails, the others go on."""
    return Row(stage=stage, reply=reply, code=code, at_once={"failed": 1, "sent": 2}, finally_={"failed": 1, "sent": 2})


def group(stage: str, reply: bytes) -> Row:
    """The sender is left alone by one group of domains; the others go on."""
    return Row(stage=stage, reply=reply, code="throttled", at_once={"pending": 1, "sent": 2}, group_waits=True)


def doubt(reply: bytes) -> Row:
    """Nobody knows, so it is not sent again."""
    ends = {"in_doubt": 1, "sent": 2}
    return Row(stage="DOT", reply=reply, code="reply_lost", at_once=ends, finally_=ends)


def nothing(stage: str, reply: bytes) -> Row:
    """A single broken connection: that message goes again, the others at once."""
    return Row(stage=stage, reply=reply, code="", at_once={"pending": 1, "sent": 2}, waits=MINUTES)


ROWS = [
    # Connect, EHLO, STARTTLS, AUTH: host or sender, never the recipient.
    host("CONNECT", b"421 4.3.2 come back\r\n", "host_busy"),
    host("CONNECT", b"554 no\r\n", "host_refused"),
    host("CONNECT", HANG, "connect_failed"),
    host("CONNECT", CLOSE, "connect_failed"),
    host("EHLO", b"421 busy\r\n", "host_busy"),
    host("EHLO", b"550 no\r\n", "host_refused"),
    sender("CONNECT", b"421 4.7.1 [TS03] All messages will be permanently deferred\r\n", "sender_blocked"),
    # MAIL
    host("MAIL", b"421 4.3.2 busy\r\n", "host_busy"),
    host("MAIL", b"451 4.9.9 never heard of\r\n", "host_busy"),
    host("MAIL", b"452 4.3.1 no space\r\n", "host_busy"),
    host("MAIL", b"452 4.5.3 too many\r\n", "host_busy"),
    host("MAIL", b"454 4.7.0 Throttling failure: Maximum sending rate exceeded\r\n", "throttled"),
    sender("MAIL", b"550 5.7.1 not you\r\n", "sender_refused"),
    sender("MAIL", b"553 not yours\r\n", "sender_refused"),
    sender("MAIL", b"530 5.7.0 Authentication required\r\n", "auth_refused"),
    sender("MAIL", b"535 5.7.8 bad\r\n", "auth_refused"),
    sender("MAIL", b"550 5.7.26 unauthenticated\r\n", "sender_unauthenticated"),
    sender("MAIL", b"550 5.7.515 Access denied\r\n", "sender_unauthenticated"),
    sender("MAIL", b"421 4.7.1 [TS03] permanently deferred\r\n", "sender_blocked"),
    # RCPT
    host("RCPT", b"421 busy\r\n", "host_busy"),
    host("RCPT", b"452 4.5.3 too many recipients\r\n", "host_busy"),
    put_off("RCPT", b"450 4.2.1 busy\r\n", "mailbox_busy"),
    put_off("RCPT", b"452 4.2.2 full\r\n", "mailbox_full"),
    put_off("RCPT", b"451 4.7.1 greylisted\r\n", "greylisted"),
    put_off("RCPT", b"450 4.9.9 never heard of\r\n", "deferred"),
    put_off("RCPT", b"550 5.7.1 policy\r\n", "policy"),
    group("RCPT", b"451 4.7.650 too many from you\r\n"),
    group("RCPT", b"450 4.7.28 unusual rate\r\n"),
    group("RCPT", b"421 4.7.0 [TSS04] Messages temporarily deferred\r\n"),
    failed("RCPT", b"550 5.1.1 no such user\r\n", "mailbox_unknown"),
    failed("RCPT", b"550 5.2.1 disabled\r\n", "mailbox_disabled"),
    failed("RCPT", b"550 5.4.1 no route\r\n", "unroutable"),
    failed("RCPT", b"599 never heard of\r\n", "recipient_refused"),
    sender("RCPT", b"550 5.7.26 unauthenticated\r\n", "sender_unauthenticated"),
    sender("RCPT", b"421 4.7.1 [TS03] permanently deferred\r\n", "sender_blocked"),
    # The dot, and what comes just before it.
    nothing("BODY", CLOSE),
    host("DOT", b"421 busy\r\n", "host_busy"),
    late_host(b"454 Throttling failure: Daily message quota exceeded\r\n", "throttled"),
    late_host(b"452 4.3.1 no space\r\n", "host_busy"),
    put_off("DOT", b"451 4.9.9 never heard of\r\n", "deferred"),
    put_off("DOT", b"451 4.7.1 try later\r\n", "greylisted"),
    group("DOT", b"421 4.7.28 unusual rate\r\n"),
    failed("DOT", b"554 5.7.1 spam\r\n", "content"),
    failed("DOT", b"552 5.6.0 too odd\r\n", "content"),
    sender("DOT", b"550 5.7.26 unauthenticated\r\n", "sender_unauthenticated"),
    sender("DOT", b"421 4.7.1 [TS03] permanently deferred\r\n", "sender_blocked"),
    doubt(CLOSE),
    doubt(HANG),
    doubt(b"babble\r\n"),
    # QUIT after 250 changes nothing.
    Row(stage="QUIT", reply=CLOSE, at_once=SENT),
]


@attrs.define
class Closed:
    """Lets nobody begin before a host has hung up: else the dot may leave first, which is another row."""

    event: threading.Event = attrs.field(factory=threading.Event)

    def __call__(self, name: str, /) -> None:
        if name == "begin.before":
            assert self.event.wait(5)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.stage}-{row.reply[:24].decode().strip()}")
def test_a_mail_hosts_reply_has_the_consequence_of_its_row(row: Row) -> None:
    to = PEOPLE[::-1] if row.group_waits else PEOPLE
    closed = Closed()
    store = FaultyStore(MemoryStore(), closed) if row.stage == "BODY" else MemoryStore()
    with mail_shop({row.stage: [row.reply, b""]}, to, store=store) as shop:
        closed.event = shop.server.is_cut
        shop.run(until=FRIDAY + timedelta(seconds=1))
        at_once = shop.statuses(), shop.failure
        state = shop.scene.shop.sender("main")
        if row.failure:
            shop.resume()
        shop.run()

    assert at_once == (row.at_once, ("failed", row.failure) if row.failure else at_once[1])
    assert bool(row.failure) == (at_once[1][0] == "failed")
    assert state.blocked_until == (FRIDAY + row.waits if row.waits else None)
    assert bool(state.groups) is row.group_waits
    if (row.waits and row.code) or row.failure:
        assert state.code == row.code
    if row.group_waits:
        assert state.groups["gmail"].blocked_until == FRIDAY + MINUTES
    assert (shop.status, shop.statuses()) == ("finished", row.finally_)
    _assert_nobody_paid_for_others(shop, row)


def _assert_nobody_paid_for_others(shop, row: Row) -> None:
    """Only a recipient's own trouble uses up attempts."""
    attempts = [one.attempt_count for one in shop.scene.shop.recipients(shop.campaign_id, limit=10)]
    is_own = row.at_once in ({"pending": 1, "sent": 2},) and not row.group_waits and not row.waits
    expected = 2 if is_own else 1
    assert max(attempts) == expected
    assert len(shop.server.accepted) == 3 - (row.finally_ != SENT) + (row.stage == "DOT") * 1


# Text gateways --------------------------------------------------------------------------------------------------------

SID = "SM" + "0" * 32
TAKEN = json_answer(201, {"sid": SID, "num_segments": "1"})


@attrs.frozen(kw_only=True)
class TextRow:
    """What a gateway answers once, and what becomes of four texts."""

    reply: bytes
    at_once: dict[str, int]
    failure: str = ""
    waits: timedelta | None = None


def stops(reply: bytes, code: str) -> TextRow:
    return TextRow(reply=reply, at_once={"pending": 4}, failure=code)


def waits(reply: bytes, wait: timedelta) -> TextRow:
    return TextRow(reply=reply, at_once={"pending": 4}, waits=wait)


def doubts(reply: bytes) -> TextRow:
    return TextRow(reply=reply, at_once={"in_doubt": 1, "sent": 3})


def refuses(reply: bytes) -> TextRow:
    return TextRow(reply=reply, at_once={"failed": 1, "sent": 3})


HTTP_ROWS = [
    stops(answer(401), "auth_refused"),
    stops(answer(402), "account_unpaid"),
    stops(answer(403), "auth_refused"),
    stops(answer(404), "gateway_unknown"),
    stops(answer(422), "request_refused"),
    waits(answer(429, "", "Retry-After: 300"), 5 * MINUTES),
    waits(answer(429), MINUTES),
    waits(answer(503, "", "Retry-After: 120"), 2 * MINUTES),
    doubts(answer(503)),
    doubts(answer(409)),
    doubts(answer(425)),
    doubts(answer(408)),
    doubts(answer(500)),
    doubts(answer(302, "", "Location: /elsewhere")),
    doubts(answer(200, "<html>")),
    doubts(json_answer(200, {"status": "queued"})),
    doubts(HANG_UP),
    refuses(json_answer(400, {"code": 21211, "message": "invalid"})),
    refuses(json_answer(400, {"code": 21610, "message": "opted out"})),
    stops(json_answer(400, {"code": 21408, "message": "region"}), "region_not_enabled"),
]


@pytest.mark.parametrize("row", HTTP_ROWS, ids=lambda row: row.reply[:60].decode().split("\r\n")[0] + row.failure)
def test_a_gateways_answer_has_the_consequence_of_its_row(row: TextRow) -> None:
    with TinyGateway([row.reply, TAKEN]) as server:
        transport = ck.TwilioTransport("AC" + "0" * 32, "token", base_url=server.url, connections=1)
        shop = TextShop(transport)
        shop.assert_consequence(row)
        transport.close()


@pytest.mark.parametrize(
    ("status", "row"),
    [
        pytest.param(0x0B, refuses(b""), id="invalid destination"),
        pytest.param(0x0A, stops(b"", "sender_refused"), id="invalid source"),
        pytest.param(0x45, waits(b"", MINUTES), id="submit failed"),
        pytest.param(0x08, doubts(b""), id="system error"),
        pytest.param(0x400, doubts(b""), id="the maker's own"),
    ],
)
def test_an_smscs_status_has_the_consequence_of_its_row(status: int, row: TextRow) -> None:
    def once_so(turn: int, submit: Submit) -> bytes:
        return refused(submit.sequence_number, status) if turn == 0 else take_all(turn, submit)

    with TinySmsc(once_so) as server:
        timeouts = SmppTimeouts(connect=1, bind=1, write=1, response=1, unbind=0.2)
        transport = ck.SmppTransport(
            "127.0.0.1",
            server.port,
            system_id="flora",
            password="s3cret",
            security="insecure_plaintext",
            timeouts=timeouts,
            window=1,
        )
        TextShop(transport).assert_consequence(row)
        transport.close()


def test_an_smsc_that_refuses_the_password_stops_the_campaign() -> None:
    with TinySmsc(bind_status=0x0E) as server:
        timeouts = SmppTimeouts(connect=1, bind=1, write=1, response=1, unbind=0.2)
        transport = ck.SmppTransport(
            "127.0.0.1", server.port, system_id="a", password="b", security="insecure_plaintext", timeouts=timeouts
        )
        shop = TextShop(transport)
        shop.kit.run()
        transport.close()

    assert shop.failure == ("failed", "auth_refused")
    assert shop.statuses() == {"pending": 4}


class TextShop:
    """A merchant with one campaign of texts to four people."""

    def __init__(self, transport: Transport) -> None:
        clock = ck.FrozenClock(FRIDAY)
        self.kit = ck.CampaignKit(
            store=MemoryStore(), transports={"texts": transport}, clock=clock, randomness=lambda: 0.0
        )
        self.flora = self.kit.merchant("flora", zone=ZONE, region="US")
        self.flora.add_sender("texts", address="Flora", channel="sms", limits=[])
        self.campaign_id = self.flora.create_campaign(
            name="Tulips", channel="sms", sender="texts", content=ck.SmsContent(text="Hi"), kind="transactional"
        ).id
        rows = ({"name": f"Guest {n}", "phone": f"2125550{n}"} for n in range(100, 104))
        self.flora.add_recipients(self.campaign_id, [ck.parse_contact(row, region="US") for row in rows])
        self.flora.schedule(self.campaign_id)

    @property
    def failure(self) -> tuple[str, str]:
        campaign = self.flora.campaign(self.campaign_id)
        return campaign.status.value, campaign.failure_code

    def statuses(self) -> dict[str, int]:
        return {str(status): count for status, count in self.flora.counts(self.campaign_id).by_status.items()}

    def assert_consequence(self, row: TextRow) -> None:
        self.kit.run(until=FRIDAY + timedelta(seconds=1))
        state = self.flora.sender("texts")
        assert self.statuses() == row.at_once
        assert state.blocked_until == (FRIDAY + row.waits if row.waits else None)
        if row.failure:
            assert self.failure == ("failed", row.failure)
            self.flora.resume(self.campaign_id)
        self.kit.run()
        ends = {"sent": 4} if "pending" in row.at_once else row.at_once
        assert (self.failure[0], self.statuses()) == ("finished", ends)
