"""The numbered bad inputs that concern phones: refused with a code and a hint, or read where they are certain."""

import pytest

from campaignkit.addresses import PhoneNumber, Rejection, RejectionCode, parse_phone
from campaignkit.addresses.phone.parsing import parse_by_library, parse_by_tables

MALFORMED, AMBIGUOUS = RejectionCode.MALFORMED, RejectionCode.AMBIGUOUS
TOO_LONG, SERVICE_NUMBER = RejectionCode.TOO_LONG, RejectionCode.SERVICE_NUMBER

REFUSED = {
    "44 premium": ("1-900-555-0143", "US", SERVICE_NUMBER, "number of their own"),
    "44 premium abroad": ("+44 909 879 0000", None, SERVICE_NUMBER, "number of their own"),
    "44 shared cost": ("801 123 456", "PL", SERVICE_NUMBER, "number of their own"),
    "44 short code": ("12345", "US", SERVICE_NUMBER, "area code"),
    "44 emergency": ("911", "US", SERVICE_NUMBER, "area code"),
    "44 short code without country": ("911", None, SERVICE_NUMBER, "area code"),
    "44 +979": ("+979 123456789", None, SERVICE_NUMBER, "number of their own"),
    "44 +882": ("+882 16 12345", None, SERVICE_NUMBER, "number of their own"),
    "44 +883": ("+883 5100 12345", None, SERVICE_NUMBER, "number of their own"),
    "46 digits of two scripts": ("٢١٢555٠١٤٣", "US", AMBIGUOUS, "digits 0 to 9"),
    "47 no country": ("212 555 0143", None, AMBIGUOUS, "country code"),
    "47 no country, and no plus": ("48601234567", None, AMBIGUOUS, "lack only the plus"),
    "47 another country, and no plus": ("48 601 234 567", "US", TOO_LONG, "lack only the plus"),
    "47 00 where 011 is dialled": ("00 44 7400 123456", "US", MALFORMED, "plus in place of the zeros"),
    "56 exponent": ("9.05E+11", "US", MALFORMED, "as text in the spreadsheet"),
    "56 exponent of eleven digits": ("1.21256E+10", "US", MALFORMED, "as text in the spreadsheet"),
    "56 exponent, decimal comma": ("4,86013E+10", "PL", MALFORMED, "as text in the spreadsheet"),
    "56 decimals": ("601234567.0", "PL", MALFORMED, "the zeros behind it"),
    "56 lost zero": ("612345678", "IT", MALFORMED, "lost the zero"),
    "56 an int": (2125550143, "US", MALFORMED, "as text"),
    "57 Mexico": ("+52 1 55 1234 5678", None, MALFORMED, "Leave out the 1"),
    "two numbers": ("601 234 567 / 602 345 678", "PL", AMBIGUOUS, "one number in each row"),
    "two numbers, each with its plus": ("+48601234567+48602345678", "PL", AMBIGUOUS, "one number in each row"),
    "two lines": ("212-555-0143\n212-555-0144", "US", AMBIGUOUS, "one number in each row"),
    "no area code": ("555-0143", "US", MALFORMED, "area code"),
    "too many digits": ("212 555 0143 99", "US", TOO_LONG, "typed twice"),
    "more digits than E.164 has": ("+49 181 23456789012", None, TOO_LONG, "typed twice"),
    "10 MB": ("1" * 10_000_000, "US", TOO_LONG, "typed twice"),
}

READ = {
    "46 Arabic digits": ("٢١٢٥٥٥٠١٤٣", "US", "+12125550143", ""),
    "46 full-width digits": ("２１２５５５０１４３", "US", "+12125550143", ""),
    "46 full-width plus": ("＋48 601 234 567", None, "+48601234567", ""),
    "47 00": ("0048 601 234 567", "PL", "+48601234567", ""),
    "47 011": ("011 44 7400 123456", "US", "+447400123456", ""),
    "47 national": ("(212) 555-0143", "US", "+12125550143", ""),
    "48 extension": ("(212) 555-0143 x12", "US", "+12125550143", "12"),
    "57 Argentina 15": ("011 15 2345-6789", "AR", "+5491123456789", ""),
}


@pytest.mark.parametrize(("value", "region", "code", "hint"), REFUSED.values(), ids=REFUSED)
def test_a_bad_number_is_refused_with_its_code_and_a_hint(value, region, code, hint):
    rejection = parse_phone(value, region=region, row_number=7)

    assert isinstance(rejection, Rejection)
    assert (rejection.code, rejection.field, rejection.row_number) == (code, "phone", 7)
    assert hint in rejection.hint
    assert rejection.message.endswith(".")
    assert len(rejection.value) <= 200
    assert rejection.value[:5] not in rejection.message + rejection.hint


@pytest.mark.parametrize(("value", "region", "e164", "extension"), READ.values(), ids=READ)
def test_a_number_that_is_certain_is_read(value, region, e164, extension):
    number = parse_phone(value, region=region)

    assert isinstance(number, PhoneNumber)
    assert (number.e164, number.extension) == (e164, extension)
    assert number.is_textable == (not extension)


@pytest.mark.parametrize(("value", "region"), [row[:2] for row in (*REFUSED.values(), *READ.values())])
def test_the_tables_say_the_same(value, region):
    assert parse_by_tables(value, region) in (None, parse_by_library(value, region))


def test_45_a_country_outside_the_list_is_wrong():
    rejection = parse_phone("+48 601 234 567", region="US", allowed_regions={"US"})

    assert isinstance(rejection, Rejection)
    assert rejection.code is RejectionCode.WRONG_COUNTRY


def test_48_an_extension_is_another_key():
    desk, hall = (parse_phone(f"(212) 555-0143 ext. {count}", region="US") for count in (12, 13))

    assert isinstance(desk, PhoneNumber)
    assert isinstance(hall, PhoneNumber)
    assert desk.e164 == hall.e164
    assert desk.key != hall.key


def test_codes_are_told_apart():
    codes = {code for _, _, code, _ in REFUSED.values()}

    assert codes == {MALFORMED, AMBIGUOUS, TOO_LONG, SERVICE_NUMBER}
