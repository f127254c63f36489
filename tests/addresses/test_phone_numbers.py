"""Phone numbers: keys, textability, countries. Validity itself is phonenumbers' matter."""

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaignkit.addresses import PhoneNumber, Rejection, RejectionCode, parse_phone

MALFORMED = RejectionCode.MALFORMED

REFUSED = {
    "words": ("ask her husband", "US", MALFORMED),
    "bytes": (b"+12125550143", "US", MALFORMED),
    "a calling code that nobody has": ("+999 123 456 789", None, MALFORMED),
    "a plus alone": ("+", "US", MALFORMED),
}

ACCEPTED = {
    "national": ("(212) 555-0143", "US", "+12125550143"),
    "international": ("+1 212-555-0143", None, "+12125550143"),
    "small letters": ("212 555 0143", "us", "+12125550143"),
    "pasted with direction marks": ("\u202d(212) 555-0143\u202c", "US", "+12125550143"),
}


@pytest.mark.parametrize(("value", "region", "code"), REFUSED.values(), ids=REFUSED)
def test_a_bad_number_is_refused_with_its_code(value, region, code):
    rejection = parse_phone(value, region=region, row_number=7)

    assert isinstance(rejection, Rejection)
    assert (rejection.code, rejection.field, rejection.row_number) == (code, "phone", 7)
    assert rejection.message.endswith(".")
    assert len(rejection.value) <= 200


@pytest.mark.parametrize(("value", "region", "e164"), ACCEPTED.values(), ids=ACCEPTED)
def test_a_number_is_read_in_its_country(value, region, e164):
    number = parse_phone(value, region=region)

    assert isinstance(number, PhoneNumber)
    assert (number.e164, number.extension, number.key) == (e164, "", e164)


@pytest.mark.parametrize("value", [None, "", " \u00a0", float("nan")], ids=["none", "empty", "blank", "NaN"])
def test_nothing_is_missing(value):
    rejection = parse_phone(value, region="US")

    assert isinstance(rejection, Rejection)
    assert rejection.code is RejectionCode.MISSING


@pytest.mark.parametrize(
    ("value", "is_textable"),
    [
        ("+1 212 555 0143", True),
        ("+44 7400 123456", True),
        ("+48 601 234 567", True),
        ("+44 20 7946 0958", False),
        ("+1 800 555 0143", False),
        ("+1 212 555 0143 x12", False),
    ],
    ids=["either in North America", "mobile", "mobile in Poland", "landline", "toll-free", "extension"],
)
def test_what_can_be_texted_to(value, is_textable):
    number = parse_phone(value)

    assert isinstance(number, PhoneNumber)
    assert number.is_textable == is_textable


def test_an_extension_is_another_key():
    desk = parse_phone("(212) 555-0143 ext. 12", region="US")

    assert isinstance(desk, PhoneNumber)
    assert (desk.e164, desk.extension, desk.key) == ("+12125550143", "12", "+12125550143;ext=12")


def test_a_country_that_is_not_allowed_is_wrong():
    allowed = parse_phone("+48 601 234 567", allowed_regions={"US", "PL"})
    refused = parse_phone("+48 601 234 567", allowed_regions=["us"])

    assert isinstance(allowed, PhoneNumber)
    assert isinstance(refused, Rejection)
    assert refused.code is RejectionCode.WRONG_COUNTRY


def test_an_unknown_country_is_a_bad_call():
    with pytest.raises(ValueError, match="'XX' is not a country code"):
        parse_phone("212 555 0143", region="XX")
    with pytest.raises(ValueError, match="'Poland' is not a country code"):
        parse_phone("212 555 0143", allowed_regions=["Poland"])


def test_a_number_knows_its_region():
    swiss, canadian = parse_phone("+41 78 123 45 67"), parse_phone("+1 416 555 0143")

    assert isinstance(swiss, PhoneNumber)
    assert isinstance(canadian, PhoneNumber)
    assert (swiss.region, canadian.region) == ("CH", "CA")


def test_a_number_hides_itself_in_logs_and_travels():
    number = parse_phone("+12125550143")

    assert "212555" not in repr(number)
    assert pickle.loads(pickle.dumps(number)) == number


def test_only_e164_makes_a_number():
    with pytest.raises(ValueError, match="e164"):
        PhoneNumber(e164="212 555 0143")


numbers = st.one_of(
    st.text(max_size=30),
    st.text("0123456789 ()-+x.", max_size=20),
    st.builds("({}) 555-{:04}".format, st.integers(200, 999), st.integers(0, 9999)),
    st.builds("+48 {}".format, st.integers(400_000_000, 899_999_999)),
)


@given(numbers, st.sampled_from([None, "US", "PL", "GB"]))
@settings(deadline=None)
def test_parsing_is_idempotent(text, region):
    first = parse_phone(text, region=region)
    if isinstance(first, PhoneNumber):
        assert parse_phone(first.e164) == PhoneNumber(e164=first.e164)
        assert parse_phone(first.key) == first


@given(st.one_of(st.none(), st.integers(), st.floats(), st.binary(), st.text()))
@settings(deadline=None)
def test_anything_gives_an_answer(value):
    assert isinstance(parse_phone(value, region="US"), PhoneNumber | Rejection)
