"""An audience of any length, one by one: the same as in memory, and what it keeps is small."""

import tracemalloc
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import campaignkit as ck
from campaignkit.addresses import Rejection
from campaignkit.audience.address_table import AddressTable
from tests.audience.test_audience_selection import channels, contact_lists, contact_of, suppressions


def shown(item):
    """What a stream and a list must agree on; a list names the contact that is repeated as well."""
    match item:
        case ck.Recipient():
            return item
        case ck.Exclusion():
            return item.contact, item.reason, item.duplicate_position
        case _:
            return item


@given(contact_lists, channels, suppressions, st.booleans())
@settings(deadline=None)
def test_a_stream_says_what_a_list_says(contacts, channel, suppressed, is_filtered):
    where = ck.Equals("name", "Ann") if is_filtered else None
    audience = ck.build_audience(contacts, channel, where, suppressed)
    stream = ck.stream_audience(iter(contacts), channel, where, suppressed)
    items = list(stream)

    assert [shown(item) for item in items if isinstance(item, ck.Recipient)] == list(audience.recipients)
    assert [shown(item) for item in items if isinstance(item, ck.Exclusion)] == [shown(x) for x in audience.exclusions]
    assert tuple(item for item in items if isinstance(item, Rejection)) == audience.rejections
    assert (stream.recipient_count, stream.counts) == (len(audience.recipients), audience.counts)
    assert stream.unknown_consent_count == audience.unknown_consent_count
    assert stream.other_channel_count == audience.other_channel_count
    assert stream.targeting == audience.targeting


@given(contact_lists, channels)
@settings(deadline=None)
def test_everybody_comes_out_where_they_went_in(contacts, channel):
    items = list(ck.stream_audience(contacts, channel))
    came_out = [item if isinstance(item, Rejection) else item.contact for item in items]

    assert came_out == contacts
    for item in items:
        if isinstance(item, ck.Exclusion) and item.duplicate_position is not None:
            first = items[item.duplicate_position - 1]
            assert isinstance(first, ck.Recipient)
            assert item.duplicate_of is None
            assert f"place {item.duplicate_position} " in item.detail


def test_a_roster_of_phones_has_no_email_recipients_and_says_what_texts_would_do():
    roster = [contact_of(phone=f"(212) 555-01{number:02}", consent="yes") for number in range(5)]
    roster += [contact_of(phone="(212) 555-0150", consent="no"), contact_of(phone="+44 20 7946 0958", consent="yes")]
    audience = ck.build_audience(roster)

    assert (audience.recipients, audience.counts) == ((), {"no_address": 7})
    assert audience.other_channel_count == 5
    assert audience.exclusions[0].detail == "There is no email address; a text message would reach this contact."
    assert audience.exclusions[6].detail == "There is no email address."


def test_text_recipients_without_a_phone_may_have_an_email_address():
    audience = ck.build_audience([contact_of(email="ann@example.com"), contact_of(name="Bob")], "sms")

    assert (audience.counts, audience.other_channel_count) == ({"no_address": 2}, 1)


def test_a_stream_reads_no_further_than_it_is_asked():
    given_out = []

    def contacts():
        for number in range(10):
            given_out.append(number)
            yield contact_of(email=f"p{number}@example.com")

    stream = ck.stream_audience(contacts())
    next(iter(stream))

    assert (given_out, stream.recipient_count) == ([0], 1)


def test_what_a_stream_keeps_of_an_address_is_bounded():
    table = AddressTable()
    tracemalloc.start()
    try:
        for number in range(1, 100_001):
            table.claim(f"somebody.with.a.long.name.{number}@example.com", number)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(table) == 100_000
    assert kept < 60 * 100_000


keys = st.lists(st.one_of(st.text(max_size=4), st.integers(0, 3000).map(lambda number: f"p{number}@example.com")))


@given(keys)
def test_the_table_of_addresses_is_a_dict_that_keeps_the_first(claimed):
    table = AddressTable()
    model: dict[str, int] = {}
    for position, key in enumerate(claimed, start=1):
        assert table.claim(key, position) == model.get(key)
        model.setdefault(key, position)

    assert len(table) == len(model)
    assert all(table.find(key) == position for key, position in model.items())
    assert table.find("nobody has this") is None


def test_the_table_grows_and_forgets_nobody():
    table = AddressTable()
    for number in range(1, 5001):
        assert table.claim(f"p{number}", number) is None

    assert all(table.claim(f"p{number}", 9999) == number for number in range(1, 5001))


@pytest.mark.parametrize("position", [0, -1, 2**32])
def test_a_position_that_fits_nowhere_is_a_bad_call(position):
    with pytest.raises(ValueError, match="positions are 1 to"):
        AddressTable().claim("x", position)


TABLE = [  # by the numbers of the list of bad inputs
    (44, {"phone": "1-900-555-0143", "consent": "yes"}, {}, "not_textable"),
    (45, {"phone": "+48 601 234 567", "consent": "yes"}, {"allowed_regions": {"US"}}, "wrong_country"),
    (48, {"phone": "(212) 555-0143 x12", "consent": "yes"}, {}, "not_textable"),
    (82, {"id": "' OR 1=1", "phone": "(212) 555-0143"}, {"where": ck.Equals("contact_id", "../")}, "filtered"),
]


@pytest.mark.parametrize(("row", "options", "reason"), [line[1:] for line in TABLE], ids=[line[0] for line in TABLE])
def test_bad_inputs_are_excluded_with_their_reason(row, options, reason):
    audience = ck.build_audience([contact_of(**row)], "sms", **options)

    assert audience.counts == {reason: 1}
    assert audience.exclusions[0].detail.endswith(".")


def test_67_one_address_in_a_long_stream_is_one_recipient():
    contact = contact_of(email="ann@example.com")
    stream = ck.stream_audience(contact for _ in range(100_000))
    kinds = Counter(type(item).__name__ for item in stream)

    assert kinds == {"Recipient": 1, "Exclusion": 99_999}
