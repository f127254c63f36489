"""The verbs of a ledger: what they move, what they refuse, and what is said of it."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

import campaignkit as ck
from campaignkit.credits import EntryKind, Position
from campaignkit.errors import (
    CampaignKitError,
    CreditsExceeded,
    HoldNotFound,
    InsufficientCredits,
    InvalidCredits,
    KeyReused,
)

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def ledger() -> ck.CreditLedger:
    """A hundred that never expire, and ten that expire in a day."""
    ledger = ck.CreditLedger()
    ledger.grant("forever", 100, at=NOON)
    ledger.grant("tomorrow", 10, at=NOON, expires_at=NOON + DAY)
    return ledger


def parts(ledger: ck.CreditLedger, at: datetime = NOON) -> tuple[int, int, int, int]:
    balance = ledger.balance(at=at)
    assert balance.granted == balance.available + balance.held + balance.spent + balance.expired
    return balance.available, balance.held, balance.spent, balance.expired


def test_what_expires_first_pays_first(ledger):
    entry = ledger.hold("h1", 12, at=NOON)

    assert entry.shares == ((2, 10), (1, 2))
    assert parts(ledger) == (98, 12, 0, 0)


def test_of_lots_that_expire_together_the_older_pays_first():
    ledger = ck.CreditLedger()
    for key in ("a", "b", "c"):
        ledger.grant(key, 2, at=NOON, expires_at=NOON + DAY)

    assert ledger.hold("h1", 5, at=NOON).shares == ((1, 2), (2, 2), (3, 1))


def test_of_lots_that_never_expire_the_older_pays_first():
    ledger = ck.CreditLedger()
    ledger.grant("late", 2, at=NOON + HOUR)
    ledger.grant("early", 2, at=NOON)

    assert ledger.hold("h1", 3, at=NOON + HOUR).shares == ((2, 2), (1, 1))


def test_a_settlement_spends_what_expires_first_and_gives_the_rest_back(ledger):
    ledger.hold("h1", 12, at=NOON)
    entry = ledger.settle("h1", 11, at=NOON, reference="SM1")

    assert parts(ledger) == (99, 0, 11, 0)
    assert (entry.shares, entry.reference) == (((2, 10), (1, 1)), "SM1")


def test_a_settlement_of_nothing_is_a_release(ledger):
    ledger.hold("h1", 12, at=NOON)

    assert ledger.settle("h1", 0, at=NOON).kind is EntryKind.RELEASE
    assert ledger.release("h1", at=NOON) == ledger.entries()[-1]
    assert parts(ledger) == (110, 0, 0, 0)


def test_a_hold_outlives_its_lot_and_never_times_out(ledger):
    ledger.hold("h1", 12, at=NOON)
    ledger.expire(at=NOON + 1000 * DAY)

    assert parts(ledger, NOON + 1000 * DAY) == (98, 12, 0, 0)


def test_a_hold_may_be_settled_after_its_lot_expired(ledger):
    ledger.hold("h1", 12, at=NOON)
    ledger.settle("h1", 12, at=NOON + 2 * DAY)

    assert parts(ledger, NOON + 2 * DAY) == (98, 0, 12, 0)


def test_what_goes_back_to_an_expired_lot_expires(ledger):
    ledger.hold("h1", 12, at=NOON)
    entry = ledger.release("h1", at=NOON + 2 * DAY)

    assert parts(ledger, NOON + 2 * DAY) == (100, 0, 0, 10)
    assert entry.change == Position(available=2, held=-12, expired=10)


def test_a_refund_goes_to_what_expires_last(ledger):
    ledger.hold("h1", 12, at=NOON)
    ledger.settle("h1", 12, at=NOON)

    assert ledger.refund("r1", 3, of="h1", at=NOON).shares == ((1, 2), (2, 1))
    assert ledger.refund("r2", 4, of="h1", at=NOON + DAY).change == Position(spent=-4, expired=4)
    assert parts(ledger, NOON + DAY) == (100, 0, 5, 5)


def test_an_adjustment_gives_or_takes(ledger):
    ledger.adjust("more", 5, at=NOON, note="sorry")
    entry = ledger.adjust("less", -12, at=NOON)

    assert entry.change == Position(granted=-12, available=-12)
    assert ledger.balance(at=NOON).granted == parts(ledger)[0] == 103


def test_at_the_very_instant_of_its_expiry_a_lot_pays_no_more(ledger):
    just_before = NOON + DAY - timedelta(microseconds=1)

    assert ledger.hold("h1", 1, at=just_before).shares == ((2, 1),)
    assert ledger.hold("h2", 1, at=NOON + DAY).shares == ((1, 1),)
    assert [entry.kind for entry in ledger.entries()[-2:]] == [EntryKind.EXPIRE, EntryKind.HOLD]


def test_what_has_expired_stays_so_if_the_clock_goes_back(ledger):
    ledger.hold("h1", 3, at=NOON)
    ledger.expire(at=NOON + DAY)
    ledger.release("h1", at=NOON)

    assert parts(ledger) == (100, 0, 0, 10)
    assert ledger.hold("h2", 1, at=NOON).shares == ((1, 1),)


def test_a_lapse_is_dated_when_it_happened(ledger):
    (lapse,) = ledger.expire(at=NOON + 9 * DAY)

    assert (lapse.at, lapse.key, lapse.count) == (NOON + DAY, "tomorrow", 10)
    assert ledger.expire(at=NOON + 9 * DAY) == ()


def test_same_key_same_parameters_changes_nothing(ledger):
    ledger.hold("h1", 12, at=NOON)
    ledger.settle("h1", 4, at=NOON)
    ledger.refund("r1", 1, of="h1", at=NOON)
    ledger.adjust("a1", -1, at=NOON)
    entries, later = ledger.entries(), NOON + 9 * DAY

    ledger.grant("tomorrow", 10, at=later, expires_at=NOON + DAY)
    ledger.hold("h1", 12, at=later, note="told again")
    ledger.settle("h1", 4, at=later, reference="told again")
    ledger.refund("r1", 1, of="h1", at=later)
    ledger.adjust("a1", -1, at=later)

    assert ledger.entries() == entries


@pytest.mark.parametrize(
    "verb",
    [
        lambda ledger: ledger.grant("tomorrow", 11, at=NOON, expires_at=NOON + DAY),
        lambda ledger: ledger.grant("tomorrow", 10, at=NOON),
        lambda ledger: ledger.grant("h1", 5, at=NOON),
        lambda ledger: ledger.adjust("forever", 100, at=NOON),
        lambda ledger: ledger.hold("h1", 6, at=NOON),
        lambda ledger: ledger.hold("forever", 100, at=NOON),
        lambda ledger: ledger.settle("h1", 3, at=NOON),
        lambda ledger: ledger.release("h1", at=NOON),
        lambda ledger: ledger.refund("r1", 2, of="h1", at=NOON),
        lambda ledger: ledger.refund("r1", 1, of="h2", at=NOON),
        lambda ledger: ledger.hold_batch([("new", 1), ("h1", 5)], at=NOON),
    ],
)
def test_same_key_other_parameters_is_an_error(ledger, verb):
    ledger.hold("h1", 5, at=NOON)
    ledger.settle("h1", 4, at=NOON)
    ledger.hold("h2", 5, at=NOON)
    ledger.refund("r1", 1, of="h1", at=NOON)
    entries = ledger.entries()

    with pytest.raises(KeyReused, match="was used before with other values"):
        verb(ledger)
    assert ledger.entries() == entries


@pytest.mark.parametrize(
    ("verb", "error", "code", "sentence"),
    [
        (
            lambda ledger: ledger.hold("h9", 111, at=NOON),
            InsufficientCredits,
            "insufficient_credits",
            "111 credits are needed, 110 are available",
        ),
        (
            lambda ledger: ledger.adjust("a9", -111, at=NOON),
            InsufficientCredits,
            "insufficient_credits",
            "111 credits are needed, 110 are available",
        ),
        (
            lambda ledger: ledger.settle("nobody", 1, at=NOON),
            HoldNotFound,
            "hold_not_found",
            "no credits were held under the key 'nobody'",
        ),
        (
            lambda ledger: ledger.release("forever", at=NOON),
            HoldNotFound,
            "hold_not_found",
            "no credits were held under the key 'forever'",
        ),
        (
            lambda ledger: ledger.refund("r9", 1, of="forever", at=NOON),
            HoldNotFound,
            "hold_not_found",
            "no credits were held under the key 'forever'",
        ),
        (
            lambda ledger: (ledger.hold("h8", 2, at=NOON), ledger.settle("h8", 3, at=NOON)),
            CreditsExceeded,
            "credits_exceeded",
            "hold 'h8' allows 2 credits at most, 3 were asked for",
        ),
        (
            lambda ledger: (ledger.hold("h8", 2, at=NOON), ledger.refund("r9", 1, of="h8", at=NOON)),
            CreditsExceeded,
            "credits_exceeded",
            "hold 'h8' allows 0 credits at most, 1 were asked for",
        ),
        (
            lambda ledger: ledger.grant("late", 5, at=NOON, expires_at=NOON),
            InvalidCredits,
            "invalid_credits",
            "expires_at: what is granted must not have expired already",
        ),
        (
            lambda ledger: ledger.adjust("less", -5, at=NOON, expires_at=NOON + DAY),
            InvalidCredits,
            "invalid_credits",
            "expires_at: what is taken away does not expire",
        ),
        (
            lambda ledger: ledger.adjust("none", 0, at=NOON),
            InvalidCredits,
            "invalid_credits",
            "count: an adjustment by 0 credits adjusts nothing",
        ),
    ],
)
def test_every_refusal_has_its_code_and_sentence(ledger, verb, error, code, sentence):
    with pytest.raises(error) as caught:
        verb(ledger)

    assert isinstance(caught.value, CampaignKitError)
    assert (caught.value.code, str(caught.value)) == (code, sentence)
    assert parts(ledger)[2:] == (0, 0)


def test_a_batch_is_held_in_order_until_the_lots_cannot_pay(ledger):
    batch = ledger.hold_batch([("a", 60), ("b", 40), ("c", 11), ("d", 1)], at=NOON)

    assert list(batch.held) == ["a", "b"]
    assert batch.unpaid == ("c", "d")
    assert parts(ledger) == (10, 100, 0, 0)


@pytest.mark.parametrize("bad", [[("a", 1), ("a", 1)], [("a", 0)], [("a", 1.0)], [("", 1)]])
def test_a_bad_batch_holds_nothing(ledger, bad):
    with pytest.raises(ValueError, match=r"a key|whole number|printable"):
        ledger.hold_batch(bad, at=NOON)
    assert parts(ledger) == (110, 0, 0, 0)


def test_naive_moments_are_refused(ledger):
    naive = NOON.replace(tzinfo=None)
    verbs = (
        lambda: ledger.grant("g", 1, at=naive),
        lambda: ledger.grant("g", 1, at=NOON, expires_at=naive),
        lambda: ledger.hold("h", 1, at=naive),
        lambda: ledger.balance(at=naive),
        lambda: ledger.statement(until=naive),
        lambda: ledger.statement(since=naive, until=NOON),
        lambda: ledger.reconcile([], since=naive),
    )
    for verb in verbs:
        with pytest.raises(ValueError, match="naive"):
            verb()


def test_the_balance_tells_what_expires_and_what_lies_unused(ledger):
    ledger.hold("h1", 3, at=NOON + HOUR)
    balance = ledger.balance(at=NOON + 2 * HOUR)

    assert balance.next_expiry == NOON + DAY
    assert balance.expiring_soon(timedelta(hours=21)) == 0
    assert balance.expiring_soon(timedelta(hours=22)) == balance.expiring_by(NOON + DAY) == 7
    assert balance.long_unused(NOON) == 100
    assert balance.long_unused(NOON + HOUR) == 107
    assert balance.long_unused(NOON - HOUR) == 0


def test_a_balance_becomes_plain_data(ledger):
    told = json.loads(json.dumps(ck.to_dict(ledger.balance(at=NOON))))

    assert (told["available"], told["next_expiry"]) == (110, "2026-05-05T12:00:00+00:00")
    assert [lot["key"] for lot in told["lots"]] == ["tomorrow", "forever"]


def test_a_statement_adds_up_by_kind_and_period(ledger):
    ledger.hold("h1", 12, at=NOON + HOUR)
    ledger.settle("h1", 5, at=NOON + 2 * HOUR)
    ledger.refund("r1", 1, of="h1", at=NOON + 3 * HOUR)
    may, june = ledger.statement(until=NOON + DAY), ledger.statement(since=NOON + DAY, until=NOON + 30 * DAY)

    assert may.opening == Position()
    assert may.movements == {
        EntryKind.GRANT: Position(granted=110, available=110),
        EntryKind.HOLD: Position(available=-12, held=12),
        EntryKind.SETTLE: Position(available=7, held=-12, spent=5),
        EntryKind.REFUND: Position(available=1, spent=-1),
    }
    assert may.closing == june.opening == Position(granted=110, available=106, spent=4)
    assert june.movements == {EntryKind.EXPIRE: Position(available=-6, expired=6)}
    assert june.closing == Position(granted=110, available=100, spent=4, expired=6)


def test_a_statement_is_the_same_before_and_after_a_lapse_was_noticed(ledger):
    before = ledger.statement(until=NOON + 2 * DAY)
    ledger.hold("h1", 1, at=NOON + 3 * DAY)

    assert ledger.statement(until=NOON + 2 * DAY) == before


def test_a_period_does_not_end_before_it_begins(ledger):
    with pytest.raises(ValueError, match="a period ends after it begins"):
        ledger.statement(since=NOON + DAY, until=NOON)


def test_moments_of_any_zone_are_kept_as_utc(ledger):
    warsaw = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Warsaw"))  # there twice that night
    ledger.grant("fold", 1, at=NOON, expires_at=warsaw.replace(fold=1))

    assert ledger.entries()[-1].expires_at == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert ledger.balance(at=warsaw).available == 101
