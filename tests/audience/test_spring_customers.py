"""The florist's list of the examples: the committed file is what its script makes, and nobody in it is lost."""

import csv

import pytest

from campaignkit.addresses import Rejection
from campaignkit.audience import ConsentPolicy, build_audience, read_contacts
from examples.make_spring_customers import ROW_COUNT, TARGET, render


@pytest.fixture(scope="module")
def items():
    return list(read_contacts(TARGET, region="US"))


def test_the_file_is_what_the_script_makes():
    assert TARGET.read_bytes() == render()


@pytest.mark.parametrize("channel", ["email", "sms"])
def test_every_row_is_accounted_for(items, channel):
    with TARGET.open(encoding="utf-8-sig", newline="") as file:
        row_count = sum(1 for _ in csv.reader(file)) - 1
    audience = build_audience(items, channel, consent_policy=ConsentPolicy(unknown_allows_sms=True))

    assert row_count == ROW_COUNT == len(items)
    assert len(audience.recipients) + len(audience.exclusions) + len(audience.rejections) == row_count
    assert len(audience.recipients) + sum(audience.counts.values()) == row_count


def test_the_campaign_has_the_size_that_the_examples_tell(items):
    audience = build_audience(items)

    assert 1_500 <= len(audience.recipients) <= 1_700
    assert {"no_address", "malformed", "duplicate", "unreachable", "ambiguous", "blank_row"} <= set(audience.counts)


def test_nobody_in_it_can_exist(items):
    domains = {item.email.domain for item in items if not isinstance(item, Rejection) and item.email}

    assert domains
    assert {".".join(domain.split(".")[-2:]) for domain in domains} <= {"example.com", "example.org", "example.net"}
