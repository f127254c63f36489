"""The tables say what phonenumbers says, or nothing; they are built late, stay small and keep nobody's number."""

import re
import subprocess
import sys
from random import Random

import attrs
import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaignkit.addresses import PhoneNumber, Rejection, parse_phone
from campaignkit.addresses.phone import library, placeholders, tables, verdicts
from campaignkit.addresses.phone.dialling import Dialling
from campaignkit.addresses.phone.library import INVALID, Kind
from campaignkit.addresses.phone.number import make_number
from campaignkit.addresses.phone.parsing import parse_by_library, parse_by_tables
from campaignkit.addresses.phone.patterns import LENGTH_MAX, YES, UnknownConstruct, compile_pattern
from campaignkit.addresses.phone.plans import NumberingPlan
from tests.addresses.phone_texts import REGIONS, e164, make_text, national_number

PATTERNS = sorted(
    {
        described.national_number_pattern
        for region in REGIONS
        for described in vars(phonenumbers.PhoneMetadata.metadata_for_region(region)).values()
        if isinstance(described, phonenumbers.PhoneNumberDesc) and described.national_number_pattern
    }
)

randoms = st.randoms(use_true_random=False)


def same(text: object, country: str | None) -> bool:
    """Whether the tables say of *text* what phonenumbers says, or leave it to phonenumbers."""
    found = parse_by_tables(text, country)
    return found is None or found == parse_by_library(text, country)


@given(st.lists(randoms.map(make_text), min_size=1, max_size=20))
@settings(deadline=None, max_examples=150)
def test_the_tables_agree_on_whatever_people_write(texts):
    for text, country in texts:
        assert same(text, country), (text, country)


@given(st.text("0123456789+ ()-./", max_size=24), st.sampled_from([None, *REGIONS]))
@settings(deadline=None, max_examples=500)
def test_the_tables_agree_on_any_digits(text, country):
    assert same(text, country)


@given(st.text(max_size=300), st.sampled_from([None, "US", "PL", "AR"]))
@settings(deadline=None)
def test_the_tables_agree_on_any_text(text, country):
    assert same(text, country)


@pytest.mark.parametrize("region", REGIONS)
def test_the_tables_agree_in_every_region(region):
    random = Random(region)

    for _ in range(12):
        number = e164(random, region)
        national = national_number(random, region)
        assert parse_by_tables(number, None) == parse_by_library(number, None)  # decided, not left to the library
        assert same(national, region)
        assert same(f"0{national}", region)


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("+390612345678", None),
        ("06 1234 5678", "IT"),
        ("+39 06 698 12345", None),
        ("011 15 2345-6789", "AR"),
        ("+54 9 11 2345 6789", None),
        ("0343 15 555 1212", "AR"),
        ("+52 1 55 1234 5678", None),
        ("044 55 1234 5678", "MX"),
        ("0 31 11 98765 4321", "BR"),
        ("8 (912) 345-67-89", "RU"),
        ("+7 701 234 5678", None),
        ("+44 1534 456789", None),
        ("456789", "JE"),
        ("+1 242 365 1234", None),
        ("365 1234", "BS"),
        ("011 44 7400 123456", "US"),
        ("011 0 44 7400 123456", "US"),
        ("0011 61 412 345 678", "AU"),
        ("1 212 555 0143", "US"),
        ("48601234567", "PL"),
        ("4848601234567", "PL"),
        ("00", "PL"),
        ("000", "US"),
        ("+0 48 601 234 567", "PL"),
        ("+999 601 234 567", "PL"),
        ("999999999999999999999", "DE"),
        ("(+48) 601-234-567", None),
        ("tel.: 601 234 567", "PL"),
        ("tel. 601.0", "PL"),
        ("ann@example.com 12", "PL"),
        ("12ann@example.com", "PL"),
        ("555/x@2", "US"),
        ("1;phone-context=+48601234567", None),
        (";phone-context=+48601234567", None),
        ("601.000", "PL"),
        ("601234567/602345678", "PL"),
        ("+800 1234 5678", None),
        ("+979 123456789", None),
    ],
)
def test_the_tables_agree_on_the_odd_ones(text, country):
    assert same(text, country)


@given(st.lists(randoms.map(make_text), min_size=1, max_size=20))
@settings(deadline=None, max_examples=60)
def test_region_kind_and_digits_agree(texts):
    for text, _ in texts:
        known = verdicts.find_by_tables(text)
        assert known is None or known == verdicts.find_by_library(text)


@pytest.mark.parametrize("region", REGIONS)
def test_no_plan_is_left_to_the_library(region):
    plans = library.load_plans(phonenumbers.country_code_for_region(region))

    assert Dialling.from_plan(library.region_plan(region)).calling_code == plans[0].calling_code
    assert NumberingPlan(plans).judge("1") == INVALID


@given(st.data(), st.sampled_from(PATTERNS))
@settings(deadline=None, max_examples=200)
def test_an_automaton_accepts_what_its_pattern_accepts(data, text):
    likely = st.from_regex(text, fullmatch=True, alphabet="0123456789")
    like = data.draw(likely.filter(lambda digits: len(digits) <= LENGTH_MAX))
    changed = data.draw(st.text("0123456789", min_size=len(like), max_size=len(like)))
    place = data.draw(st.integers(0, len(like)))
    pattern = compile_pattern(text)

    for digits in (like, changed, like[:place] + changed[place:]):
        state = pattern.start
        for count, digit in enumerate(digits, 1):
            settled = pattern.settle(state, len(digits) - count + 1)
            assert settled != YES or re.fullmatch(text, digits), "sure too early"
            assert settled != 0 or not re.fullmatch(text, digits), "refused too early"
            state = pattern.step(state, int(digit))
        assert (pattern.settle(state, 0) == YES) == bool(re.fullmatch(text, digits))


@pytest.mark.parametrize(
    "text", ["a", "[^1]", "1*", "1+", ".", "(1)", "1{2,}", "1{2", "(?:1", "1)", "1$", "1??", "(?=1)"]
)
def test_what_a_plan_never_holds_is_not_understood(text):
    with pytest.raises(UnknownConstruct):
        compile_pattern(text)


def test_a_number_from_the_tables_is_like_any_other():
    made, checked = make_number("+12125550143"), PhoneNumber(e164="+12125550143")

    assert made == checked
    assert hash(made) == hash(checked)
    assert attrs.asdict(made) == attrs.asdict(checked)


def test_a_plan_forgets_when_it_has_grown_too_large():
    random = Random(1)
    numbers = [national_number(random, "DE") for _ in range(500)]
    plan = NumberingPlan(library.load_plans(49), node_count_max=20)

    judged = [plan.judge(number) for number in numbers]

    assert judged == [library.judge(49, number) for number in numbers]
    assert plan.node_count <= 20


def test_a_short_list_builds_no_tables():
    code = f"""
import sys
from campaignkit.addresses import parse_phone
from campaignkit.addresses.phone import tables
for number in range({tables.TABLES_AFTER}):
    parse_phone(f"+1212555{{number:04}}")
before = tables._load_code.cache_info().currsize
parse_phone("+12125550143")
sys.exit(not (before == 0 and tables._load_code.cache_info().currsize == 1))
"""

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("text", ["n/a", "12345", "000-000-0000", "?????????", "ab"])
def test_a_placeholder_is_refused_the_same_again(text):
    first = parse_phone(text, region="US", row_number=None)
    again = parse_phone(text, region="US", row_number=7)

    assert isinstance(first, Rejection)
    assert again == attrs.evolve(first, row_number=7)
    assert placeholders.recall(text, "US") == first
    assert parse_phone(text, region="US", allowed_regions={"US"}) == first


@pytest.mark.parametrize("text", ["ann@b.pl", "a@b", "2125550", "212555014", "Ann Lee, 212 555", "+48 601 23"])
def test_what_may_be_somebodys_is_not_kept(text):
    assert isinstance(parse_phone(text, region="US"), Rejection)

    assert placeholders.recall(text, "US") is None


def test_an_accepted_number_is_never_kept():
    number = parse_phone("601601601", region="PL")

    assert isinstance(number, PhoneNumber)
    assert placeholders.recall("601601601", "PL") is None


def test_the_placeholders_stay_few():
    for number in range(3 * placeholders.TEXT_COUNT_MAX):
        parse_phone(f"no{number}", region="US")

    assert placeholders.recall("no0", "US") is None
    assert placeholders.recall(f"no{3 * placeholders.TEXT_COUNT_MAX - 1}", "US") is not None


@pytest.mark.parametrize(("name", "kind"), library.KINDS_IN_ORDER)
def test_the_kinds_are_those_of_phonenumbers(name, kind):
    assert getattr(phonenumbers.PhoneNumberType, name.upper()) == kind


def test_a_number_exists_where_phonenumbers_holds_it_for_valid():
    random = Random(5)

    for region in REGIONS * 4:
        code = phonenumbers.country_code_for_region(region)
        value = int(national_number(random, region)) + random.choice((0, 0, 10**6))
        number = phonenumbers.PhoneNumber(country_code=code, national_number=value)
        kind = library.find_kind(code, phonenumbers.national_significant_number(number))
        assert (kind is not Kind.UNKNOWN) == phonenumbers.is_valid_number(number)
