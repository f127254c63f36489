"""Billable parts of a text, against a second counter and by hand where random texts do not reach."""

import pytest
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
)

# 3GPP TS 23.038, 6.2.1, sixteen to a row; 0x1B is the escape to the extension.
TABLE = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = "\f^{}\\[~]|€"


def slow_count(text):
    """Return encoding, units and parts by filling part after part, one character at a time."""
    if all(character in TABLE + EXTENSION and character != "\x1b" for character in text):
        encoding, single, several = "gsm7", 160, 153
        widths = [2 if character in EXTENSION else 1 for character in text]
    else:
        encoding, single, several = "ucs2", 70, 67
        widths = [2 if ord(character) > 0xFFFF else 1 for character in text]
    units = sum(widths)
    if units <= single:
        return encoding, units, 1
    parts, room = 1, several
    for width in widths:
        if width > room:
            parts, room = parts + 1, several
        room -= width
    return encoding, units, parts


def counted(text):
    result = count_parts(text)
    return result.encoding.value, result.units, result.parts


def test_the_alphabet_has_128_places_and_each_character_takes_one_septet():
    assert len(TABLE) == 128
    for character in TABLE.replace("\x1b", ""):
        assert counted(character) == ("gsm7", 1, 1)


@pytest.mark.parametrize("character", EXTENSION)
def test_the_extension_takes_two_septets_and_is_named(character):
    assert counted(character) == ("gsm7", 2, 1)
    assert count_parts(f"a{character}b{character}").costly_characters == (character,)


@pytest.mark.parametrize("character", ["ç", "`", "\t", "ł", "„", "’", "–", "\u00a0", "\x1b", "…", "ş", "é\u0301"])
def test_what_looks_like_gsm7_and_is_not_forces_ucs2(character):
    assert count_parts(f"a{character}").encoding is SmsEncoding.UCS2
    assert count_parts(f"a{character}").costly_characters == (character[-1],)


def test_characters_that_force_ucs2_are_unique_in_order_and_hide_the_merely_double():
    assert count_parts("Zażółć {gęślą} jaźń za 5 €").costly_characters == ("ż", "ó", "ł", "ć", "ę", "ś", "ą", "ź", "ń")


@pytest.mark.parametrize(
    ("text", "units", "parts"),
    [
        ("", 0, 1),
        ("a" * 160, 160, 1),
        ("a" * 161, 161, 2),
        ("a" * 306, 306, 2),
        ("a" * 307, 307, 3),
        ("\r\n" * 80, 160, 1),
        ("\r\n" * 81, 162, 2),
        # 51: € at 159/160 and 152/153; an escape pair at the edge of a part moves to the next
        ("a" * 158 + "€", 160, 1),
        ("a" * 159 + "€", 161, 2),
        ("a" * 151 + "€" + "a" * 153, 306, 2),
        ("a" * 152 + "€" + "a" * 152, 306, 3),
        ("a" * 152 + "€" + "a" * 151, 305, 2),
        ("€" * 80, 160, 1),
        ("€" * 152, 304, 2),
        ("€" * 153, 306, 3),
    ],
)
def test_51_52_gsm7_at_the_edges(text, units, parts):
    assert counted(text) == ("gsm7", units, parts)


@pytest.mark.parametrize(
    ("text", "units", "parts"),
    [
        ("ж" * 70, 70, 1),
        ("ж" * 71, 71, 2),
        ("ж" * 134, 134, 2),
        ("ж" * 135, 135, 3),
        # 50: an emoji at 70/71 and 134/135
        ("ж" * 68 + "😀", 70, 1),
        ("ж" * 69 + "😀", 71, 2),
        ("ж" * 132 + "😀", 134, 2),
        ("ж" * 133 + "😀", 135, 3),
        # 52: a surrogate pair at the edge of a part moves to the next
        ("ж" * 66 + "😀" + "ж" * 66, 134, 3),
        ("ж" * 66 + "😀" + "ж" * 65, 133, 2),
        ("ж" * 65 + "😀" + "ж" * 67, 134, 2),
        ("😀" * 35, 70, 1),
        ("😀" * 66, 132, 2),
        ("😀" * 67, 134, 3),
    ],
)
def test_50_52_ucs2_at_the_edges(text, units, parts):
    assert counted(text) == ("ucs2", units, parts)


letters = st.sampled_from("aZ@ \n€{ж😀ł")
near_edges = st.lists(
    st.tuples(st.sampled_from("a€ж😀"), st.sampled_from([1, 2, 32, 64, 65, 66, 67, 68, 69, 70, 151, 152, 153, 160])),
    max_size=6,
).map(lambda runs: "".join(character * count for character, count in runs))


@settings(max_examples=400, deadline=None)
@given(st.one_of(near_edges, st.text(letters, max_size=400), st.text(max_size=200)))
def test_it_agrees_with_filling_part_after_part(text):
    assert counted(text) == slow_count(text)


@settings(max_examples=300, deadline=None)
@given(near_edges, letters)
def test_a_longer_text_never_costs_fewer_parts(text, more):
    assert count_parts(text + more).parts >= count_parts(text).parts


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
    ],
)
def test_53_sender_ids_that_are_refused(sender, code):
    rejection = check_sender_id(sender, protected=["Bank"])

    assert rejection is not None
    assert (rejection.code, rejection.field) == (code, "sender")
