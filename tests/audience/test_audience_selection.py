"""Who is written to, who is not and why; nobody is lost."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaignkit.addresses import Channel, Rejection, parse_email
from campaignkit.audience import (
    Consent,
    ConsentPolicy,
    ConsentState,
    ConsentVerdict,
    Contact,
    Exclusion,
    ExclusionReason,
    Recipient,
    build_audience,
    choose,
    judge_consent,
    parse_contact,
)
from tests.audience.test_targeting import NOW, filters


def contact_of(**row) -> Contact:
    contact = parse_contact(row, region="US")
    assert isinstance(contact, Contact)
    return contact


def reason_of(contact, channel, **options):
    chosen = choose(contact, channel, **options)
    return chosen.reason.value if isinstance(chosen, Exclusion) else "recipient"


@pytest.mark.parametrize(
    ("row", "channel", "reason"),
    [
        ({"email": "ann@example.com"}, "email", "recipient"),
        ({"phone": "(212) 555-0143"}, "email", "no_address"),
        ({"email": "ann@example.com"}, "sms", "no_address"),
        ({"email": "ann@@example.com"}, "email", "malformed"),
        ({"email": "ann@shop.test"}, "email", "unreachable"),
        ({"email": "a" * 65 + "@example.com"}, "email", "too_long"),
        ({"email": "a@example.com, b@example.com"}, "email", "ambiguous"),
        ({"phone": "hello"}, "sms", "malformed"),
        ({"phone": "+44 20 7946 0958"}, "sms", "not_textable"),
        ({"phone": "1-900-555-0143"}, "sms", "not_textable"),
        ({"phone": "(212) 555-0143 x12"}, "sms", "not_textable"),
        ({"phone": "(212) 555-0143"}, "sms", "consent_unknown"),
        ({"phone": "(212) 555-0143", "consent": "no"}, "sms", "consent_denied"),
        ({"phone": "(212) 555-0143", "consent": "yes"}, "sms", "recipient"),
        ({"email": "ann@example.com", "consent": "no"}, "email", "consent_denied"),
        ({"email": "ann@example.com", "consent": "perhaps"}, "email", "consent_denied"),
        ({"email": "nobody", "consent": "no"}, "email", "malformed"),
    ],
    ids=str,
)
def test_the_reason_is_the_first_that_applies(row, channel, reason):
    assert reason_of(contact_of(name="Ann", **row), channel) == reason


def test_a_contact_outside_the_filter_is_filtered():
    assert reason_of(contact_of(name="Ann"), "email", where=lambda _: False) == "filtered"


def test_a_country_outside_the_allowed_ones_is_wrong():
    contact = contact_of(phone="+48 601 234 567", consent="yes")

    assert reason_of(contact, "sms", allowed_regions={"US"}) == "wrong_country"
    assert reason_of(contact, "sms", allowed_regions={"US", "PL"}) == "recipient"


def test_silence_is_enough_for_texts_if_the_merchant_says_so():
    contact = contact_of(phone="(212) 555-0143")

    assert reason_of(contact, Channel.SMS, consent_policy=ConsentPolicy(unknown_allows_sms=True)) == "recipient"
    assert reason_of(contact, Channel.SMS, kind="transactional") == "recipient"


@pytest.mark.parametrize("kind", ["marketing", "standing"])
@pytest.mark.parametrize(
    ("state", "channel", "verdict"),
    [
        (ConsentState.GRANTED, Channel.EMAIL, ConsentVerdict.ALLOWED),
        (ConsentState.GRANTED, Channel.SMS, ConsentVerdict.ALLOWED),
        (ConsentState.UNKNOWN, Channel.EMAIL, ConsentVerdict.ALLOWED_UNKNOWN),
        (ConsentState.UNKNOWN, Channel.SMS, ConsentVerdict.UNKNOWN),
        (ConsentState.DENIED, Channel.EMAIL, ConsentVerdict.DENIED),
        (ConsentState.DENIED, Channel.SMS, ConsentVerdict.DENIED),
    ],
)
def test_consent_to_marketing(kind, state, channel, verdict):
    consent = Consent(email=state, sms=state)

    assert judge_consent(consent, channel, kind=kind) is verdict
    assert judge_consent(consent, channel, kind="transactional") is ConsentVerdict.ALLOWED


def test_other_kinds_and_channels_are_bad_calls():
    with pytest.raises(ValueError, match="not 'spam'"):
        choose(contact_of(email="ann@example.com"), "email", kind="spam")
    with pytest.raises(ValueError, match="pigeon"):
        build_audience([], "pigeon")


def test_zones_are_the_contacts_own_or_its_phones():
    phone = "(850) 555-0143"

    assert zones_of(email="ann@example.com", phone=phone, zone="Europe/Warsaw") == ("Europe/Warsaw",)
    assert zones_of(email="ann@example.com", phone=phone) == ("America/Chicago", "America/New_York")
    assert zones_of(email="ann@example.com") == ()


def zones_of(**row):
    recipient = choose(contact_of(**row), "email")
    assert isinstance(recipient, Recipient)
    return recipient.zones


def test_a_duplicate_says_whom_it_repeats():
    rows = [{"email": "Ann@Example.com"}, {"email": "ann@example.com "}]
    first, second = (parse_contact(row, row_number=number) for number, row in enumerate(rows, start=2))
    audience = build_audience([first, second])

    assert [recipient.address for recipient in audience.recipients] == ["Ann@example.com"]
    (exclusion,) = audience.exclusions
    assert (exclusion.contact, exclusion.reason, exclusion.duplicate_of) == (second, ExclusionReason.DUPLICATE, first)
    assert exclusion.detail == "This address already stands in row 2."


def test_67_one_address_many_times_is_one_recipient():
    contact = contact_of(email="ann@example.com")
    audience = build_audience([contact] * 10_000)

    assert (len(audience.recipients), audience.counts) == (1, {"duplicate": 9_999})


def test_a_suppressed_address_is_left_out_in_every_spelling():
    contacts = [contact_of(email="A.nn+x@gmail.com"), contact_of(email="ann@googlemail.com")]
    email = parse_email("ann@gmail.com")
    assert not isinstance(email, Rejection)

    assert build_audience(contacts, suppressed=[email.key]).counts == {"suppressed": 2}


def test_recipients_who_were_never_asked_are_counted():
    contacts = [contact_of(email="a@example.com", newsletter="yes"), contact_of(email="b@example.com")]

    assert build_audience(contacts).unknown_consent_count == 1


def test_rejections_pass_through_and_are_counted():
    blank = parse_contact({}, row_number=4)
    audience = build_audience([blank, contact_of(name="Ann"), blank])

    assert (audience.rejections, audience.counts) == ((blank, blank), {"blank_row": 2, "no_address": 1})


def test_a_recipient_hides_its_address_in_logs():
    assert "zelda" not in repr(choose(contact_of(email="zelda@example.com"), "email"))


emails = st.sampled_from(
    ["ann@example.com", "Ann@Example.com", "bob@example.com", "a.b@gmail.com", "ab@gmail.com", "x@", ""]
)
phones = st.sampled_from(["(212) 555-0143", "+1 212 555 0143", "(212) 555-0199", "+44 20 7946 0958", "hello", ""])
answers = st.sampled_from(["yes", "no", "", "perhaps"])
rows = st.fixed_dictionaries(
    {"name": st.sampled_from(["Ann", ""]), "email": emails, "phone": phones, "consent": answers}
)
contact_lists = st.lists(rows, max_size=12).map(
    lambda lines: [parse_contact(row, region="US", row_number=number) for number, row in enumerate(lines, start=2)]
)
channels = st.sampled_from([Channel.EMAIL, Channel.SMS])
suppressions = st.sets(st.sampled_from(["ann@example.com", "ab@gmail.com", "+12125550143"]))


@given(contact_lists, channels, suppressions)
@settings(deadline=None)
def test_everybody_is_a_recipient_or_is_told_why_not(contacts, channel, suppressed):
    audience = build_audience(contacts, channel, suppressed=suppressed)
    came_out = [recipient.contact for recipient in audience.recipients]
    came_out += [exclusion.contact for exclusion in audience.exclusions]

    assert len(audience.recipients) + sum(audience.counts.values()) == len(contacts)
    assert Counter(map(repr, [*came_out, *audience.rejections])) == Counter(map(repr, contacts))


@given(contact_lists, channels, suppressions)
@settings(deadline=None)
def test_nobody_is_written_to_twice_or_against_a_no(contacts, channel, suppressed):
    audience = build_audience(contacts, channel, suppressed=suppressed)
    keys = [recipient.address_key for recipient in audience.recipients]

    assert len(set(keys)) == len(keys)
    assert not set(keys) & suppressed
    assert all(recipient.contact.consent.on(channel) is not ConsentState.DENIED for recipient in audience.recipients)


@given(contact_lists, channels)
@settings(deadline=None)
def test_building_again_changes_nothing_and_keeps_the_order(contacts, channel):
    first = build_audience(contacts, channel)
    again = build_audience([recipient.contact for recipient in first.recipients], channel)
    numbers = [recipient.contact.row_number or 0 for recipient in first.recipients]

    assert (again.recipients, again.exclusions) == (first.recipients, ())
    assert numbers == sorted(numbers)


@given(contact_lists, channels, filters)
@settings(deadline=None)
def test_building_again_with_the_same_filter_changes_nothing(contacts, channel, where):
    first = build_audience(contacts, channel, where, now=NOW)
    again = build_audience([recipient.contact for recipient in first.recipients], channel, where, now=NOW)

    assert (again.recipients, again.exclusions) == (first.recipients, ())


@given(contact_lists, channels)
@settings(deadline=None)
def test_every_duplicate_points_to_a_recipient(contacts, channel):
    audience = build_audience(contacts, channel)
    recipients = {recipient.contact.key for recipient in audience.recipients}

    for exclusion in audience.exclusions:
        is_duplicate = exclusion.reason is ExclusionReason.DUPLICATE
        assert (exclusion.duplicate_of is not None) == is_duplicate
        if exclusion.duplicate_of is not None:
            assert exclusion.duplicate_of.key in recipients
        assert exclusion.detail.endswith(".")
