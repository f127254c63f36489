"""Billable parts of a text, against two other counters and by hand where random texts do not reach."""

import pytest
import smsutil
from hypothesis import given, settings
from hypothesis import strategies as st

from campaignkit.addresses.channel import Channel, RejectionCode
from campaignkit.message.content import RenderedText
from campaignkit.message.sms import (
    TEXT_PARTS_MAX,
    SmsEncoding,
    build_text,
    check_sender_id,
    check_text,
    count_parts,
    prepare_text,
)
from tests.message.sms_texts import DOUBLE, EDGES, FAMILY, TABLE, count_slowly


def counted(text):
    result = count_parts(text)
    return result.encoding.value, result.units, result.parts


def test_the_alphabet_has_128_places_and_each_character_takes_one_septet():
    assert len(TABLE) == 128
    for character in TABLE.replace("\x1b", ""):
        assert counted(character) == ("gsm7", 1, 1)


@pytest.mark.parametrize("character", sorted(DOUBLE))
def test_the_extension_takes_two_septets_and_is_named(character):
    assert counted(character) == ("gsm7", 2, 1)
    assert count_parts(f"a{character}b{character}").costly_characters == (character,)


@pytest.mark.parametrize("character", ["ç", "`", "\t", "ł", "„", "’", "–", "\u00a0", "\x1b", "…", "ş", "é\u0301"])
def test_what_looks_like_gsm7_and_is_not_forces_ucs2(character):
    assert count_parts(f"a{character}").encoding is SmsEncoding.UCS2
    assert count_parts(f"a{character}").costly_characters == (character[-1],)


@pytest.mark.parametrize("bits", [0, 7, 32])
def test_a_reference_of_other_than_8_or_16_bits_is_a_bad_call(bits):
    with pytest.raises(ValueError, match=f"a reference has 8 or 16 bits, not {bits}"):
        count_parts("a", reference_bits=bits)


def test_characters_that_force_ucs2_are_unique_in_order_and_hide_the_merely_double():
    assert count_parts("Zażółć {gęślą} jaźń za 5 €").costly_characters == ("ż", "ó", "ł", "ć", "ę", "ś", "ą", "ź", "ń")


@pytest.mark.parametrize("edge", EDGES, ids=lambda edge: f"{edge.number} {edge.name}")
def test_50_51_52_parts_at_the_edges_counted_by_hand(edge):
    assert counted(edge.text) == (edge.encoding, edge.units, edge.parts)
    assert count_parts(edge.text, reference_bits=16).parts == edge.parts_16
    assert count_parts(edge.text, keep="grapheme").parts == edge.parts_whole


letters = st.sampled_from("aZ@ \n€{ж😀ł")
near_edges = st.lists(
    st.tuples(
        st.sampled_from(["a", "€", "ж", "😀", FAMILY, "е\u0308", "\r\n", "🇵🇱"]),
        st.sampled_from([1, 2, 32, 64, 65, 66, 67, 68, 69, 70, 151, 152, 153, 160]),
    ),
    max_size=6,
).map(lambda runs: "".join(character * count for character, count in runs))


@settings(max_examples=300, deadline=None)
@given(st.one_of(near_edges, st.text(letters, max_size=400), st.text(max_size=200)))
def test_it_agrees_with_filling_part_after_part(text):
    assert counted(text) == count_slowly(text)
    assert count_parts(text, reference_bits=16).parts == count_slowly(text, reference_bits=16)[2]


@settings(max_examples=200, deadline=None)
@given(st.one_of(near_edges, st.text(letters, max_size=400)).filter(bool))  # nothing is UCS-2 to smsutil
def test_it_agrees_with_smsutil(text):
    split = smsutil.split(text)

    assert count_parts(text).parts == len(split.parts)
    assert split.encoding == {"gsm7": "gsm0338", "ucs2": "utf_16_be"}[count_parts(text).encoding.value]


@settings(max_examples=200, deadline=None)
@given(near_edges, letters)
def test_a_longer_text_never_costs_fewer_parts(text, more):
    for options in ({}, {"reference_bits": 16}, {"keep": "grapheme"}, {"reference_bits": 16, "keep": "grapheme"}):
        assert count_parts(text + more, **options).parts >= count_parts(text, **options).parts


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=()), max_size=200))
def test_any_string_can_be_counted(text):
    result = count_parts(text + "\ud83d" * 100)

    assert result.parts >= 2
    assert "\ud83d" in result.costly_characters


def test_a_text_is_built_with_its_parts_counted():
    message = build_text(RenderedText(text="ż" * 71), message_id="r1.1", sender="Flora", to="+48600700800")

    assert (message.channel, message.message_id, message.sender) == (Channel.SMS, "r1.1", "Flora")
    assert (message.to, message.text, message.parts) == ("+48600700800", "ż" * 71, 2)
    assert "ż" not in repr(message)
    assert "600700" not in repr(message)


@pytest.mark.parametrize("text", ["", "   ", "\n", "\u00a0"])
def test_54_a_text_that_is_empty_once_filled_in_is_refused(text):
    rejection = check_text(RenderedText(text=text))

    assert rejection is not None
    assert rejection.code is RejectionCode.MISSING
    assert rejection.message == "the text is empty once it is filled in"


@pytest.mark.parametrize("text", ["", "Hello", "a" * 1530, "a" * 1531, "ż" * 670, "ż" * 671])
def test_a_text_is_prepared_as_it_is_checked_and_built(text):
    rendered = RenderedText(text=text)
    prepared = prepare_text(rendered, message_id="r1.1", sender="Flora", to="+48600700800")

    built = build_text(rendered, message_id="r1.1", sender="Flora", to="+48600700800")
    assert prepared == (check_text(rendered) or built)


def test_55_more_than_ten_parts_are_refused():
    assert TEXT_PARTS_MAX == 10
    assert check_text(RenderedText(text="a" * 1530)) is None

    rejection = check_text(RenderedText(text="a" * 1531))

    assert rejection is not None
    assert rejection.code is RejectionCode.TOO_LONG
    assert rejection.message == "the text takes 11 parts once it is filled in, at most 10 are sent"


@pytest.mark.parametrize("sender", ["Flora", "Flora Shop1", "+12125550143", "12345", "4Flora"])
def test_sender_ids_that_pass(sender):
    assert check_sender_id(sender) is None


@pytest.mark.parametrize(
    ("sender", "code"),
    [
        ("Flora Florist", RejectionCode.TOO_LONG),
        ("FloraFlorist", RejectionCode.TOO_LONG),
        ("Flora\n", RejectionCode.MALFORMED),
        ("Kwiaciarka\r", RejectionCode.MALFORMED),
        ("Żółw", RejectionCode.MALFORMED),
        ("Flora!", RejectionCode.MALFORMED),
        (" Flora", RejectionCode.MALFORMED),
        ("", RejectionCode.MALFORMED),
        ("12", RejectionCode.MALFORMED),
        ("BANK", RejectionCode.MALFORMED),
        ("B ank", RejectionCode.MALFORMED),
        ("City Bank", RejectionCode.MALFORMED),
        ("Flora Flora2", RejectionCode.TOO_LONG),
        ("+1234567890123456", RejectionCode.TOO_LONG),
        ("١٢٣٤٥", RejectionCode.MALFORMED),
    ],
)
def test_53_sender_ids_that_are_refused(sender, code):
    rejection = check_sender_id(sender, protected=["Bank", "CityBank"])

    assert rejection is not None
    assert (rejection.code, rejection.field) == (code, "sender")
