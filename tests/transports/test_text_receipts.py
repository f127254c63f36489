"""Receipts on their whole way: from a provider's own bytes to what became of each text. F21, F22."""

import base64
import hashlib
import hmac
from urllib.parse import parse_qs, urlencode

import campaignkit as ck
from tests.transports.gateways import CLOSE, Call, TinyGateway, answer
from tests.transports.smscs import Submit, TinySmsc, receipt, taken
from tests.transports.test_text_campaigns import PEOPLE, TAKEN, Shop

TOKEN, KEY = "token", b"32 random bytes or more, kept safe"


def signed(url: str, fields: dict[str, str]) -> str:
    words = url + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.new(TOKEN.encode(), words.encode(), hashlib.sha1).digest()).decode()


def call_back(call: Call, status: str) -> ck.SmsReceipt:
    """Return what Twilio would report about the text of *call*."""
    url = parse_qs(call.body.decode())["StatusCallback"][0]
    fields = {"MessageSid": "SM" + "1" * 32, "MessageStatus": status}
    read = ck.read_twilio_webhook(url, urlencode(fields).encode(), signed(url, fields), [TOKEN])
    assert isinstance(read, ck.SmsReceipt)
    return read


def test_twilio_ends_a_doubt_by_its_callback() -> None:
    with TinyGateway([*[TAKEN] * 9, CLOSE, TAKEN]) as server:
        callback = "https://shop.example/hooks/twilio?shop=flora"
        transport = ck.TwilioTransport(
            "AC" + "0" * 32, TOKEN, base_url=server.url, connections=1, status_callback=callback
        )
        shop = Shop(transport)
        shop.kit.run()
        transport.close()
    assert shop.statuses() == {"sent": PEOPLE - 1, "in_doubt": 1}

    recorded = shop.kit.record(call_back(server.calls[9], "delivered"), account="texts", merchant_id="flora")

    assert isinstance(recorded, ck.Recorded)
    assert (recorded.status, recorded.delivery) == (ck.RecipientStatus.SENT, ck.Delivery.DELIVERED)
    assert shop.statuses() == {"sent": PEOPLE}


def test_kannel_ends_a_doubt_by_its_receipt() -> None:
    with TinyGateway([CLOSE, answer(202, "0: Accepted for delivery")]) as server:
        transport = ck.KannelTransport(
            f"{server.url}/cgi-bin/sendsms",
            username="flora",
            password="s3cret",
            receipt_url="https://shop.example/hooks/kannel",
            receipt_key=KEY,
            connections=1,
        )
        shop = Shop(transport)
        shop.kit.run()
        transport.close()
    assert shop.statuses() == {"sent": PEOPLE - 1, "in_doubt": 1}
    url = parse_qs(server.calls[0].target.partition("?")[2])["dlr-url"][0]
    query = url.partition("?")[2].replace("%d", "8").replace("%T", "1777888999").replace("%A", "").replace("%i", "main")
    read = ck.read_kannel_receipt(query, KEY)
    assert isinstance(read, ck.SmsReceipt)

    shop.kit.record(read)

    assert shop.statuses() == {"sent": PEOPLE}


def test_an_smsc_that_reports_before_it_answers_loses_no_receipt() -> None:
    def hasty(turn: int, submit: Submit) -> bytes:
        provider_id = f"{turn + 1:x}"
        state = b"DELIVRD" if turn % 2 else b"UNDELIV"
        report = receipt(1000 + turn, b"id:%s stat:%s" % (provider_id.encode(), state))
        answered = taken(submit.sequence_number, provider_id)
        return report + answered if turn % 3 else answered + report

    with TinySmsc(hasty) as server:
        transport = ck.SmppTransport(
            "127.0.0.1",
            server.port,
            system_id="flora",
            password="s3cret",
            security="insecure_plaintext",
            window=5,
            on_receipt=lambda read: shop.kit.record(read, account="texts"),
        )
        shop = Shop(transport)
        shop.kit.run()
        transport.listen(0.2)
        transport.close()

    assert shop.statuses() == {"sent": PEOPLE}
    counts = shop.flora.counts(shop.campaign_id)
    assert counts.by_delivery == {"delivered": PEOPLE // 2, "undelivered": PEOPLE // 2}
    assert transport.counts.receipt_failures == 0
