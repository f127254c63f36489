"""What a campaign needs by country; who cannot be texted is counted with the reason, by their numbers of bad inputs."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import campaignkit as ck
from campaignkit.credits import estimate, quote
from campaignkit.errors import InvalidCredits

MAY = datetime(2026, 5, 1, tzinfo=UTC)
TABLE = ck.PriceTable(
    version="may",
    effective_from=MAY,
    prices=(
        ck.Price("1", 1, "US"),
        ck.Price("1416", 2, "CA"),
        ck.Price("48", 2, "PL"),
        ck.Price("49", 3, "DE"),
        ck.Price("44", 3),
        ck.Price("882", 90),
        ck.Price("979", 90),
    ),
)
HOME = frozenset({"US", "PL"})

REFUSED = {
    "44 premium, Poland": ("+48701234567", "service_number"),
    "44 premium, North America": ("+19002345678", "service_number"),
    "44 premium, Britain": ("+449012345678", "service_number"),
    "44 shared cost, Poland": ("+48801234567", "service_number"),
    "44 premium abroad": ("+499001234567", "service_number"),
    "44 +979": ("+979123456789", "service_number"),
    "44 +882": ("+88213300655", "service_number"),
    "44 +883": ("+883510012345678", "service_number"),
    "44 short code": ("+4871234", "malformed"),
    "45 another country": ("+4915112345678", "wrong_country"),
    "45 another country with the same code": ("+14165550143", "wrong_country"),
    "landline": ("+48221234567", "not_textable"),
}


@pytest.mark.parametrize(("e164", "code"), REFUSED.values(), ids=REFUSED)
def test_numbers_that_are_not_texted_to_have_no_price(e164, code):
    refused = quote(e164, 1, TABLE, allowed_regions=HOME)

    assert isinstance(refused, ck.Rejection)
    assert (refused.code, refused.field) == (code, "phone")
    assert refused.message


@pytest.mark.parametrize(("given", "code"), [("71234", "service_number"), ("112", "service_number")])
def test_a_short_code_never_becomes_a_number(given, code):
    refused = ck.parse_phone(given, region="PL")

    assert isinstance(refused, ck.Rejection)
    assert refused.code == code


def test_a_number_of_the_shops_own_countries_has_its_price():
    assert quote("+48601234567", 3, TABLE, allowed_regions=HOME) == 6
    assert quote("+4915112345678", 3, TABLE, allowed_regions={"DE"}) == 9
    assert quote("+4915112345678", 3, TABLE) == 9


def test_an_allowed_country_without_a_price_is_refused_too():
    refused = quote("+33612345678", 1, TABLE, allowed_regions={"FR"})

    assert isinstance(refused, ck.Rejection)
    assert refused.code == "unknown_prefix"


@pytest.mark.parametrize("parts", [0, -1, 1.0, True, 2**63])
def test_parts_are_whole_and_some(parts):
    with pytest.raises(InvalidCredits):
        quote("+48601234567", parts, TABLE)
    with pytest.raises(InvalidCredits):
        estimate([("+48601234567", parts)], TABLE)


def test_an_allowed_country_is_a_country():
    with pytest.raises(ValueError, match="is not a country code"):
        quote("+48601234567", 1, TABLE, allowed_regions={"Poland"})


def test_the_need_is_added_up_by_country_the_dearest_first():
    texts = [
        ("+48601234567", 2),
        ("+48601234568", 1),
        ("+12125550143", 3),
        ("+447400123456", 1),
        ("+33612345678", 1),
        ("+33612345679", 4),
    ]
    need = estimate(iter(texts), TABLE)

    assert [(one.country, one.recipients, one.parts, one.credits) for one in need.by_country] == [
        ("PL", 2, 3, 6),
        ("+44", 1, 1, 3),
        ("US", 1, 3, 3),
    ]
    assert (need.recipients, need.parts, need.credits, need.price_version) == (6, 7, 12, "may")
    (refused,) = need.refused
    assert (refused.code, refused.count, refused.samples) == ("unknown_prefix", 2, ("…78", "…79"))
    assert (need.missing(12), need.missing(10)) == (0, 2)


def test_refusals_are_counted_by_reason_the_most_frequent_first():
    texts = [(e164, 1) for e164, _ in REFUSED.values()] + [("+48601234567", 1)] * 7
    need = estimate(texts, TABLE, allowed_regions=HOME)

    assert [(one.code.value, one.count) for one in need.refused] == [
        ("service_number", 8),
        ("wrong_country", 2),
        ("malformed", 1),
        ("not_textable", 1),
    ]
    assert all(len(one.samples) <= 5 for one in need.refused)
    assert need.recipients == 7 + sum(one.count for one in need.refused)


known = st.sampled_from(("+48601234567", "+12125550143", "+14165550143", "+4915112345678", "+33612345678"))


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(known, st.integers(1, 10))))
def test_nobody_is_left_out_and_every_credit_is_a_text(texts):
    need = estimate(texts, TABLE)
    quotes = [quote(e164, parts, TABLE) for e164, parts in texts]

    assert need.credits == sum(one for one in quotes if isinstance(one, int))
    assert sum(one.count for one in need.refused) == sum(isinstance(one, ck.Rejection) for one in quotes)
    assert (
        need.recipients
        == len(texts)
        == sum(one.recipients for one in need.by_country) + sum(one.count for one in need.refused)
    )
