"""The SMPP transport against an SMSC that others wrote."""

import random
import time

import pytest

from campaignkit.delivery.outcomes import Verdict
from campaignkit.delivery.sms_receipts import ReceiptStatus, SmsReceipt, part_ids
from campaignkit.message.sms import count_parts
from campaignkit.transports.smpp import SmppTransport
from tests.services.smsc import Smsc
from tests.transports.gateways import text
from tests.transports.servers import Gate


def account(server: Smsc, **options) -> SmppTransport:
    return SmppTransport(
        "127.0.0.1", server.port, system_id="flora", password="s3cret", security="insecure_plaintext", **options
    )


@pytest.mark.parametrize(("count", "doubt_max"), [(50, 1), (1000, 20)])
def test_accepted_parts_are_the_parts_that_arrived_and_each_is_reported(count, doubt_max):
    letters = random.Random(7)
    alphabets = ["abc XYZ 012", "{}€[]~^", "zażółć gęślą", "😀🎈a"]
    receipts: list[SmsReceipt] = []
    batch = []
    for number in range(count):
        words = "".join(letters.choices(letters.choice(alphabets), k=letters.randint(1, 400)))
        batch.append(text(number, words=words, parts=count_parts(words).parts))
    with Smsc() as server:
        transport = account(server, doubt_max=doubt_max, on_receipt=receipts.append)
        outcomes = list(transport.send(batch, Gate()))
        deadline = time.monotonic() + 10
        while len(receipts) < len(server.submits) and time.monotonic() < deadline:
            transport.listen(0.05)
        transport.close()

    assert {outcome.verdict for outcome in outcomes} == {Verdict.ACCEPTED}
    assert sum(outcome.parts_accepted or 0 for outcome in outcomes) == sum(one.parts for one in batch)
    assert len(server.submits) == sum(one.parts for one in batch)
    submitted = [one for outcome in outcomes for one in part_ids(outcome.provider_id or "")]
    assert sorted(one.provider_id for one in receipts) == sorted(submitted)
    assert {one.status for one in receipts} == {ReceiptStatus.DELIVERED}


def test_verify_and_goodbye():
    with Smsc() as server:
        transport = account(server)
        check = transport.verify()
        transport.close()

    assert check.is_ready
