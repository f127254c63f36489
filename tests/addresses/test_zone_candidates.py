"""Zones of phone numbers, and the lightness of the room."""

import subprocess
import sys
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import country_code_for_region, parse
from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_number
from phonenumbers.tzdata import TIMEZONE_DATA

from campaignkit.addresses import PhoneNumber, candidate_zones, is_zone, parse_phone
from campaignkit.addresses.phone.library import ZONE_PREFIX_MAX
from tests.addresses.phone_texts import KINDS, REGIONS, e164

# On the edge of a zone; phonenumbers answers with one zone where the area code has two or more.
EDGES = [219, 250, 270, 308, 418, 423, 541, 574, 606, 620, 785, 807, 812, 850, 867, 906]


@pytest.mark.parametrize("area_code", EDGES)
def test_an_area_code_on_the_edge_has_all_its_zones(area_code):
    zones = candidate_zones(f"+1{area_code}5550143")

    assert len(zones) >= 2


def test_an_area_code_inside_a_zone_has_one():
    assert candidate_zones("+12125550143") == ("America/New_York",)


def test_florida_has_two():
    assert candidate_zones("+18505550143") == ("America/Chicago", "America/New_York")


def test_a_mobile_may_be_anywhere_in_its_country():
    assert len(candidate_zones("+61412345678")) > 1


@pytest.mark.parametrize("e164", ["", "+", "+12", "hello", "+18685550143", "+999123456"])
def test_what_is_no_number_has_no_zones(e164):
    assert candidate_zones(e164) == ()


def test_a_number_hands_on_its_zones():
    number = parse_phone("+48601234567")

    assert isinstance(number, PhoneNumber)
    assert number.zones == ("Europe/Warsaw",)


@given(st.integers(200, 999), st.integers(200, 999), st.integers(0, 9999))
@settings(deadline=None)
def test_zones_are_sorted_known_and_the_same_for_a_whole_area_code(area, exchange, line):
    zones = candidate_zones(f"+1{area}{exchange}{line:04}")

    assert list(zones) == sorted(set(zones))
    assert all(ZoneInfo(zone) for zone in zones)
    if zones and candidate_zones(f"+1{area}2345678"):
        assert zones == candidate_zones(f"+1{area}2345678")


@pytest.mark.parametrize(
    "name", ["", " ", "Etc/Unknown", "Europe", "../../etc/passwd", "/etc/localtime", "localtime", "a\0b", "x" * 5000]
)
def test_these_are_no_zones(name):
    assert not is_zone(name)


def test_importing_the_room_loads_no_library():
    code = (
        "import sys, campaignkit.addresses, campaignkit.audience as a; a.read_contacts, a.build_audience;"
        "sys.exit(bool({'phonenumbers', 'email_validator'} & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_time_zones_come_without_the_geocoder():
    code = (
        "import sys; from campaignkit.addresses import parse_phone; parse_phone('+12125550143').zones;"
        "sys.exit('phonenumbers.geocoder' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("region", [region for region in REGIONS if country_code_for_region(region) != 1])
def test_outside_north_america_zones_are_those_of_phonenumbers(region):
    random = Random(region)

    for _ in range(8):
        number = e164(random, region, KINDS)
        told = set(time_zones_for_number(parse(number))) - {UNKNOWN_TIMEZONE}
        assert candidate_zones(number) == tuple(sorted(filter(is_zone, told)))


def test_a_mobile_of_an_island_has_the_zone_of_its_area_code():
    assert candidate_zones("+12462345678") == ("America/Barbados",)


def test_a_number_of_no_place_in_north_america_may_be_anywhere_there():
    assert len(candidate_zones("+18005550143")) > 30


def test_no_prefix_of_the_table_is_longer_than_is_looked_for():
    assert max(map(len, TIMEZONE_DATA)) == ZONE_PREFIX_MAX


def test_importing_loads_neither_phonenumbers_nor_its_zones():
    code = (
        "import sys, campaignkit.addresses.zones, campaignkit.addresses.phone.parsing;"
        "sys.exit(any(name.startswith('phonenumbers') for name in sys.modules))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_parsing_loads_no_zones():
    code = (
        "import sys; from campaignkit.addresses import parse_phone; parse_phone('+12125550143').is_textable;"
        "sys.exit('phonenumbers.tzdata' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
