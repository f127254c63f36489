"""The demo's half about texts: its cards, its prices, and a judge who notices what is planted in a small world."""

import attrs
import pytest

import campaignkit as ck
from examples.make_spring_texts import ROW_COUNT, TARGET, render
from examples.spring_demo.judge import Books, Check, Row
from examples.spring_demo.texts.judge import Line, Text, TextBooks, judge_texts
from examples.spring_demo.texts.scene import COUNTRIES, price_of


def test_the_file_of_cards_is_what_the_script_makes():
    assert TARGET.read_bytes() == render()


def test_every_card_is_accounted_for():
    audience = ck.build_audience(ck.read_contacts(TARGET, region="US"), "sms", allowed_regions=set(COUNTRIES))

    assert len(audience.recipients) + sum(audience.counts.values()) == ROW_COUNT
    assert {"duplicate", "not_textable", "wrong_country", "consent_denied", "consent_unknown"} <= set(audience.counts)


def test_nobody_on_a_card_can_exist():
    cards = [card for card in ck.read_contacts(TARGET, region="US") if isinstance(card, ck.Contact) and card.phone]
    numbers = [card.phone.e164 for card in cards if card.phone]

    assert numbers
    assert all(
        number[5:].startswith("55501") or number.startswith(("+49171392000", "+4917139200", "+493023125", "+61491570"))
        for number in numbers
    )


@pytest.mark.parametrize(
    ("number", "price"), [("+12125550143", 1), ("+4917139200020", 4), ("+61491570156", None), ("+4815550143", None)]
)
def test_the_printed_list_is_read_by_prefix(number, price):
    assert price_of(number) == price


# A small, just world: Ann was sent a text, Bob's answer was never heard, the gateway does not know Cid. ---------------

TEXTS = (
    Text(number=1, id="t-0001", to="+12125550101", text="Hello Ann", parts=1),
    Text(number=2, id="t-0002", to="+4917139200021", text="Hello Bob", parts=2, is_withheld=True),
)
TULIPS = Books(
    rows=4,
    rejections={},
    exclusions=(Row(row=5, address="+12125550101", status="skipped", reason="duplicate"),),
    recipients=(
        Row(row=2, address="+12125550101", status="sent"),
        Row(row=3, address="+4917139200021", status="in_doubt"),
        Row(row=4, address="+12125550103", status="failed", reason="number_unknown"),
    ),
)
LINES = (
    Line(key="invoice-7", kind="grant", granted=10, available=10),
    Line(key="ann/1", kind="hold", available=-1, held=1),
    Line(key="ann/1", kind="settle", reference="t-0001", held=-1, spent=1),
    Line(key="bob/1", kind="hold", available=-8, held=8),
    Line(key="cid/1", kind="hold", available=-1, held=1),
    Line(key="cid/1", kind="release", available=1, held=-1),
    Line(key="invoice-8", kind="grant", granted=5, available=5),
)
BALANCE = {"granted": 15, "available": 6, "held": 8, "spent": 1, "expired": 0}
BOOKS = TextBooks(campaigns={"tulips": TULIPS}, balance=BALANCE, lines=LINES)


def _judge(texts=TEXTS, books=BOOKS, row_count=4) -> tuple[Check, ...]:
    return judge_texts(row_count, texts, books)


def _with(status: str, position: int) -> TextBooks:
    rows = list(TULIPS.recipients)
    rows[position] = attrs.evolve(rows[position], status=status)
    return attrs.evolve(BOOKS, campaigns={"tulips": attrs.evolve(TULIPS, recipients=tuple(rows))})


def _charged(spent: int) -> TextBooks:
    """Return books in which Ann's text came to cost something else."""
    settled = attrs.evolve(LINES[2], spent=spent, available=1 - spent)
    return attrs.evolve(BOOKS, lines=(*LINES[:2], settled, *LINES[3:]))


def test_a_just_world_passes():
    assert all(check.is_ok for check in _judge())


@pytest.mark.parametrize(
    ("checks", "failing"),
    [
        (_judge(texts=(*TEXTS, TEXTS[0])), "twice 1 (+12125550101)"),
        (_judge(texts=TEXTS[1:]), "lost 1 (+12125550101)"),
        (_judge(texts=(*TEXTS, attrs.evolve(TEXTS[0], to="+12125550103"))), "lost 1 (+12125550103)"),
        (_judge(texts=TEXTS[:1]), "taken 1 "),
        (_judge(books=_with("pending", 2)), "every recipient has an outcome"),
        (_judge(books=_with("sent", 1)), "in doubt 0"),
        (_judge(books=_with("in_doubt", 0)), "in doubt 2"),
        (_judge(row_count=5), "tulips: 5 rows = "),
        (_judge(texts=(attrs.evolve(TEXTS[0], parts=2), TEXTS[1])), "4 parts by the gateway's count"),
        (_judge(texts=(TEXTS[0], attrs.evolve(TEXTS[1], parts=1))), "2 parts by the gateway's count"),
        (_judge(books=_charged(2)), "3 parts by the gateway's count"),
        (_judge(books=_charged(2)), "7 lines of the statement"),
        (_judge(books=attrs.evolve(BOOKS, lines=LINES[1:])), "before the second invoice texts had left for 1 credits"),
        (_judge(books=attrs.evolve(BOOKS, lines=LINES[:-1])), "6 lines of the statement"),
    ],
    ids=[
        "taken twice",
        "called sent, never taken",
        "taken, called failed",
        "a text missing in the log",
        "somebody still waits",
        "a doubt called sent",
        "a doubt too many",
        "a row that the kit does not know",
        "more parts than were charged",
        "fewer parts than are held",
        "more charged than the parts cost",
        "a charge that the balance does not know",
        "texts that nobody had paid for",
        "a grant that the statement forgot",
    ],
)
def test_the_judge_of_texts_notices(checks, failing):
    refused = [check.text for check in checks if not check.is_ok]

    assert any(text.startswith(failing) for text in refused), refused
