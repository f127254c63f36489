"""Whole campaigns of texts through real sockets: throttled, refused, cut off, and everybody gets one text."""

from collections import Counter
from datetime import UTC, datetime

import campaignkit as ck
from campaignkit.ports import Transport
from campaignkit.transports.smpp import SmppTimeouts
from tests.transports.gateways import CLOSE, Call, TinyGateway, answer, json_answer
from tests.transports.smscs import CLOSE as HANG_UP
from tests.transports.smscs import Submit, TinySmsc, refused, take_all

SID = "SM" + "0" * 32
TAKEN = json_answer(201, {"sid": SID, "num_segments": "1"})
PEOPLE = 40


class Shop:
    """A merchant with one campaign of texts to forty people."""

    def __init__(self, transport: Transport) -> None:
        self.clock = ck.FrozenClock(datetime(2026, 5, 4, 15, tzinfo=UTC))
        self.kit = ck.CampaignKit(store=ck.MemoryStore(), transports={"texts": transport}, clock=self.clock)
        # The guests' numbers follow upon each other.
        self.flora = self.kit.merchant("flora", zone="America/New_York", region="US", pumping=False)
        self.flora.add_sender("texts", address="Flora", channel="sms")
        self.campaign_id = self.flora.create_campaign(
            name="Tulips",
            channel="sms",
            sender="texts",
            content=ck.SmsContent(text="Hi {{ customer.name }}"),
            kind="transactional",
        ).id
        people = [
            ck.parse_contact({"name": f"Guest {n}", "phone": f"212555{n:04}"}, region="US", row_number=n + 1)
            for n in range(100, 100 + PEOPLE)
        ]
        self.flora.add_recipients(self.campaign_id, people)
        self.flora.schedule(self.campaign_id)

    def statuses(self) -> Counter[str]:
        rows = self.flora.recipients(self.campaign_id, limit=1000)
        return Counter(row.status.value for row in rows)

    def status(self) -> str:
        return self.flora.campaign(self.campaign_id).status.value


def twilio(server: TinyGateway) -> ck.TwilioTransport:
    return ck.TwilioTransport("AC" + "0" * 32, "token", base_url=server.url, connections=3)


def smsc(server: TinySmsc) -> ck.SmppTransport:
    timeouts = SmppTimeouts(connect=1, bind=1, write=1, response=1, unbind=0.2)
    return ck.SmppTransport(
        "127.0.0.1",
        server.port,
        system_id="flora",
        password="s3cret",
        security="insecure_plaintext",
        timeouts=timeouts,
        window=5,
    )


def numbers_of(calls: list[Call]) -> Counter[bytes]:
    return Counter(call.body.split(b"&")[0] for call in calls)


def test_a_throttled_campaign_slows_down_and_reaches_everybody_once():
    script = [TAKEN] * 7 + [answer(429, "", "Retry-After: 30")] * 3 + [TAKEN]
    with TinyGateway(script) as server:
        transport = twilio(server)
        shop = Shop(transport)
        shop.kit.run()
        transport.close()

    assert shop.status() == "finished"
    assert shop.statuses() == {"sent": PEOPLE}
    assert len(server.calls) <= PEOPLE + 3
    assert set(numbers_of(server.calls[10:]).values()) == {1}


def test_a_refused_account_stops_the_campaign_and_fails_nobody():
    with TinyGateway(answer(401)) as server:
        transport = twilio(server)
        shop = Shop(transport)
        shop.kit.run()
        transport.close()

    assert shop.status() == "failed"
    assert shop.statuses() == {"pending": PEOPLE}
    assert len(server.calls) <= 3


def test_a_gateway_that_hangs_up_once_leaves_one_text_in_doubt_and_none_twice():
    with TinyGateway([*[TAKEN] * 9, CLOSE, TAKEN]) as server:
        transport = twilio(server)
        shop = Shop(transport)
        shop.kit.run()
        transport.close()

    assert shop.statuses() == {"sent": PEOPLE - 1, "in_doubt": 1}
    assert set(numbers_of(server.calls).values()) == {1}
    assert len(server.calls) == PEOPLE


def test_an_smsc_that_throttles_and_hangs_up_is_sent_everything_once():
    def moody(turn: int, submit: Submit) -> bytes:
        if turn in {6, 13}:
            return refused(submit.sequence_number, 0x58)
        return HANG_UP if turn == 20 else take_all(turn, submit)

    with TinySmsc(moody) as server:
        transport = smsc(server)
        shop = Shop(transport)
        shop.kit.run()
        transport.close()
    found = shop.statuses()
    taken = Counter(one.destination_addr for one in server.taken)

    assert shop.status() == "finished"
    assert set(found) == {"sent", "in_doubt"}
    assert sum(found.values()) == PEOPLE
    assert set(taken.values()) == {1}
    assert found["sent"] <= len(taken) <= PEOPLE


def test_a_number_that_the_smsc_does_not_know_fails_alone():
    def knows_not(turn: int, submit: Submit) -> bytes:
        if submit.destination_addr.endswith("0105"):
            return refused(submit.sequence_number, 0x0B)
        return take_all(turn, submit)

    with TinySmsc(knows_not) as server:
        transport = smsc(server)
        shop = Shop(transport)
        shop.kit.run()
        transport.close()
    rows = shop.flora.recipients(shop.campaign_id, limit=1000)

    assert shop.statuses() == {"sent": PEOPLE - 1, "failed": 1}
    assert [row.reason for row in rows if row.status is ck.RecipientStatus.FAILED] == ["number_unknown"]
