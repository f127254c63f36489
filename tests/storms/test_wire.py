"""Charged parts are the parts that an SMSC heard, in short; ``make storm`` and ``make bench`` send 1,000 texts."""

from random import Random

import attrs
import pytest

from campaignkit.stores.sql import SqlStore
from campaignkit.transports.fake import FakeSms
from tests.message.sms_texts import count_slowly
from tests.storms.wire import Charging, Heard, Octets, WireVerdicts, read_submits, send_over_smpp, texts_for

TEXTS = 60


@pytest.fixture(scope="module")
def told() -> WireVerdicts:
    return send_over_smpp(count=TEXTS, seed=7)


def test_each_text_costs_the_parts_that_the_smsc_heard(told):
    print(f"\n{told}")

    assert told.complaints == ()
    assert (told.texts, told.different) == (TEXTS, 0)
    assert told.by_encoding.keys() == {"gsm7", "ucs2"}
    assert told.most_parts >= 8
    assert told.credits > 3 * told.parts  # some of them cost five a part


def header(number: int, total: int, reference: int = 7) -> bytes:
    return bytes((5, 0, 3, reference, total, number))


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        pytest.param([Octets(0, False, b"a" * 161)], "too long", id="too long"),
        pytest.param([Octets(8, True, header(1, 2) + bytes(136))], "too long", id="too long with a header"),
        pytest.param([Octets(0, False, b"a"), Octets(0, False, b"b")], "twice there", id="two without a header"),
        pytest.param([Octets(0, True, header(1, 2) + b"a")], "do not belong", id="one of two"),
        pytest.param(
            [Octets(0, True, header(1, 2) + b"a"), Octets(0, True, header(2, 2, 8) + b"a")],
            "do not belong",
            id="two references",
        ),
        pytest.param(
            [Octets(0, True, header(1, 2) + b"a"), Octets(8, True, header(2, 2) + b"\0a")], "alphabet", id="alphabets"
        ),
    ],
)
def test_parts_that_no_phone_would_join_are_seen(parts, words):
    complaints: list[str] = []
    read_submits("+48601000001", parts, complaints)

    assert any(words in complaint for complaint in complaints)


def test_parts_are_read_as_a_phone_reads_them():
    complaints: list[str] = []
    parts = [Octets(0, True, header(2, 2) + b"\x1b\x65"), Octets(0, True, header(1, 2) + b"a\0")]

    assert read_submits("+48601000001", parts, complaints) == Heard(2, "a@€", "gsm7")
    assert complaints == []


def test_the_judge_knows_every_crime(tmp_path):
    charging = Charging(FakeSms(), SqlStore(f"sqlite:///{tmp_path / 'wire.db'}"))
    charging.send(list(texts_for(8, Random(1))))
    heard = {to: Heard(count_slowly(text)[2], text, "gsm7") for to, text in charging.texts.items()}
    first, second, third, fourth = list(heard)[:4]
    heard[first] = attrs.evolve(heard[first], parts=heard[first].parts + 1)
    heard[second] = attrs.evolve(heard[second], parts=heard[second].parts - 1)
    heard[third] = attrs.evolve(heard[third], text="Buy tulips")
    del heard[fourth]
    found = charging.judge(heard)
    charging.kit.close()

    assert (found.charged_less, found.charged_more) == ((first,), (second, fourth))
    assert found.complaints == (f"{third} heard another text", "8 texts were to be sent, 7 were heard")
    assert "2 charged more, 1 charged less" in str(found)
