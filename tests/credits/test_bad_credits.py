"""Numbers of credits and keys that are none, by their number in the list of bad inputs."""

import math
from datetime import UTC, datetime
from decimal import Decimal

import pytest

import campaignkit as ck
from campaignkit.credits import BillLine, hold_batch, settle_batch
from campaignkit.credits.counts import CREDITS_MAX, KEY_MAX
from campaignkit.errors import InvalidCredits

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)

NO_CREDITS = {
    "79 negative": -1,
    "79 NaN": math.nan,
    "79 infinity": math.inf,
    "79 float": 1.0,
    "79 half": 0.5,
    "79 2**63": 2**63,
    "79 2**63 negative": -(2**63),
    "79 more digits than Python spells": 10**5_000,
    "79 beyond the most": CREDITS_MAX + 1,
    "79 bool": True,
    "79 text": "5",
    "79 nothing": None,
    "79 decimal": Decimal(5),
    "79 zero": 0,
}
NO_KEYS = {
    "82 empty": "",
    "82 10 kB": "x" * 10_000,
    "82 one too many": "x" * (KEY_MAX + 1),
    "81 CRLF": "a\r\nb",
    "81 ANSI": "\x1b[31m",
    "82 NUL": "\x00",
    "82 surrogate": "\ud800",
    "82 number": 7,
    "82 nothing": None,
}


def paying_ledger() -> ck.CreditLedger:
    ledger = ck.CreditLedger()
    ledger.grant("g1", 100, at=NOON)
    ledger.hold("h1", 9, at=NOON)
    return ledger


@pytest.mark.parametrize("count", NO_CREDITS.values(), ids=NO_CREDITS)
@pytest.mark.parametrize("verb", ["grant", "hold", "settle", "refund", "adjust", "batch", "price", "bill"])
def test_what_is_no_number_of_credits_is_refused_with_a_code(count, verb):
    ledger = paying_ledger()
    entries = ledger.entries()
    calls = {
        "grant": lambda: ledger.grant("k", count, at=NOON),
        "hold": lambda: ledger.hold("k", count, at=NOON),
        "settle": lambda: ledger.settle("h1", count, at=NOON),
        "refund": lambda: ledger.refund("k", count, of="h1", at=NOON),
        "adjust": lambda: ledger.adjust("k", count, at=NOON),
        "batch": lambda: ledger.hold_batch([("k", count)], at=NOON),
        "price": lambda: ck.Price("48", count),
        "bill": lambda: BillLine("k", count),
    }
    if (verb, count) in {("settle", 0), ("bill", 0), ("adjust", -1)}:
        calls[verb]()  # these mean something: nothing was spent, nothing billed, one taken away
        return
    with pytest.raises(InvalidCredits) as caught:
        calls[verb]()
    assert caught.value.code == "invalid_credits"
    assert isinstance(caught.value, ValueError)
    assert len(str(caught.value)) < 120
    assert ledger.entries() == entries


@pytest.mark.parametrize("key", NO_KEYS.values(), ids=NO_KEYS)
def test_what_is_no_key_is_refused_with_a_code(key):
    ledger = paying_ledger()
    for call in (
        lambda: ledger.grant(key, 1, at=NOON),
        lambda: ledger.hold(key, 1, at=NOON),
        lambda: ledger.settle(key, 1, at=NOON),
        lambda: ledger.release(key, at=NOON),
        lambda: ledger.refund("k", 1, of=key, at=NOON),
        lambda: ledger.adjust(key, 1, at=NOON),
        lambda: ledger.hold_batch([(key, 1)], at=NOON),
        lambda: BillLine(key, 1),
    ):
        with pytest.raises(InvalidCredits, match="must be a text of 1 to 200 printable characters"):
            call()


@pytest.mark.parametrize("key", ["../", "' OR 1=1", "%s", "faktura 7/2026", "x" * KEY_MAX], ids=lambda key: key[:12])
def test_odd_keys_are_keys_all_the_same(key):
    ledger = paying_ledger()

    assert ledger.grant(key, 1, at=NOON).key == key


def test_the_most_is_a_number_of_credits():
    ledger = ck.CreditLedger()
    ledger.grant("g", CREDITS_MAX, at=NOON)
    ledger.hold("h", CREDITS_MAX, at=NOON)

    assert ledger.balance(at=NOON).held == CREDITS_MAX


@pytest.mark.parametrize("price", [0, -1, 1.5, True, 2**63])
def test_a_purse_knows_no_other_prices(price):
    with pytest.raises(InvalidCredits):
        hold_batch([], [("k", price)], NOON)


@pytest.mark.parametrize("spent", [-1, 1.0, False, 2**63])
def test_nothing_else_can_be_spent_either(spent):
    with pytest.raises(InvalidCredits):
        settle_batch([], [((), spent)], NOON)
