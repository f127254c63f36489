"""The parts of a text, as a phone receives them: by air with the standard read slowly, by SMPP with other decoders."""

from itertools import pairwise
from typing import Any

import gsm0338
import pytest
import smsutil
from hypothesis import given, settings
from hypothesis import strategies as st

from campaignkit.addresses.channel import Rejection, RejectionCode
from campaignkit.message.sms import (
    JOINED_PARTS_MAX,
    SmsEncoding,
    count_parts,
    decode_septets,
    encode_septets,
    pack_septets,
    part_reference,
    split_text,
)
from campaignkit.message.sms.clusters import cluster_ends
from tests.message.sms_texts import EDGES, FAMILY, TABLE, make_text, read_septets, receive, unpack

texts = st.one_of(
    st.randoms(use_true_random=False).map(make_text),
    st.text(max_size=300),
    st.text(st.sampled_from("aé€[\n😀жł\r"), max_size=500),
)
ways = st.fixed_dictionaries(
    {"reference_bits": st.sampled_from([8, 16]), "keep": st.sampled_from(["code_point", "grapheme"])}
)


def split(text, **options):
    parts = split_text(text, **options)
    assert not isinstance(parts, Rejection)
    return parts


@pytest.mark.parametrize("edge", EDGES, ids=lambda edge: f"{edge.number} {edge.name}")
def test_50_51_52_the_split_is_as_long_as_counted_by_hand(edge):
    assert len(split(edge.text)) == edge.parts
    assert len(split(edge.text, reference_bits=16)) == edge.parts_16
    assert len(split(edge.text, keep="grapheme")) == edge.parts_whole


@settings(max_examples=150, deadline=None)
@given(texts, ways)
def test_as_many_parts_as_are_counted_and_joined_they_are_the_text(text, way):
    parts = split(text, **way)

    counted = count_parts(text, **way)
    assert len(parts) == counted.parts
    assert sum(part.units for part in parts) == counted.units
    assert {part.encoding for part in parts} == {counted.encoding}
    assert "".join(part.text for part in parts) == text
    assert [(part.number, part.total) for part in parts] == [(n + 1, len(parts)) for n in range(len(parts))]


@settings(max_examples=100, deadline=None)
@given(texts, ways, st.integers(0, 255))
def test_what_a_phone_receives_joins_to_the_text(text, way, reference):
    parts = split(text, reference=reference, **way)

    received = []
    for part in parts:
        user_data, length = part.user_data, part.user_data_length
        if len(parts) == 1:  # an empty header is one octet, which counts as two septets with its blank bits
            assert part.header == b""
            received.append(part.text)
            continue
        elements, shown = receive(user_data, length, part.encoding.value)
        kind = {8: 0x00, 16: 0x08}[way["reference_bits"]]
        assert elements == {
            kind: reference.to_bytes(way["reference_bits"] // 8, "big") + bytes([len(parts), part.number])
        }
        assert length <= (160 if part.encoding is SmsEncoding.GSM7 else 140)
        received.append(shown)
    assert "".join(received) == text


@settings(max_examples=100, deadline=None)
@given(st.text(st.sampled_from(TABLE.replace("\x1b", "") + "€[]{}\\~^|\f"), max_size=160))
def test_septets_are_read_alike_by_all(text):
    septets = encode_septets(text)

    assert decode_septets(septets) == text == read_septets(list(septets))
    assert gsm0338.Codec().decode(septets)[0] == text
    assert smsutil.decode(septets) == text
    assert unpack(pack_septets(septets))[: len(septets)] == list(septets)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60).map(lambda octets: bytes(octet & 0x7F for octet in octets)))
def test_any_septets_can_be_shown(septets):
    assert len(decode_septets(septets)) == len(septets) - sum(1 for _ in _escapes(septets))


def _escapes(septets):
    """Yield the escapes that take a septet away: all but one at the end."""
    place = 0
    while (place := septets.find(b"\x1b", place)) >= 0 and place + 1 < len(septets):
        yield place
        place += 2


@settings(max_examples=100, deadline=None)
@given(texts)
def test_smsutil_cuts_at_the_same_places(text):
    if text:
        assert [part.content for part in smsutil.split(text).parts] == [part.text for part in split(text)]


@settings(max_examples=100, deadline=None)
@given(texts, ways)
def test_no_part_could_take_the_next_character(text, way):
    """Greedy, so no split has fewer parts."""
    parts = split(text, **way)
    most = {
        (SmsEncoding.GSM7, 8): 153,
        (SmsEncoding.GSM7, 16): 152,
        (SmsEncoding.UCS2, 8): 67,
        (SmsEncoding.UCS2, 16): 66,
    }[parts[0].encoding, way["reference_bits"]]

    for part, following in pairwise(parts):
        assert part.units <= most
        if way["keep"] == "code_point":
            assert part.units + count_parts(following.text[0]).units > most or part.units == most


@settings(max_examples=100, deadline=None)
@given(texts, st.sampled_from([8, 16]))
def test_a_whole_character_is_cut_only_if_it_is_longer_than_a_part(text, bits):
    parts = split(text, reference_bits=bits, keep="grapheme")

    ends = set(cluster_ends(text))
    place = 0
    for part in parts[:-1]:
        place += len(part.text)
        if place not in ends:
            begin = max((end for end in ends if end < place), default=0)
            cluster = text[begin : min(end for end in ends if end > place)]
            assert len(cluster.encode("utf-16-be", "surrogatepass")) // 2 > 66


@pytest.mark.parametrize(
    ("text", "clusters"),
    [
        ("", []),
        ("abc", ["a", "b", "c"]),
        (f"a{FAMILY}b", ["a", FAMILY, "b"]),
        ("👍🏽👍", ["👍🏽", "👍"]),
        ("🇵🇱🇺🇸🇵", ["🇵🇱", "🇺🇸", "🇵"]),
        ("e\u0301\u0302z", ["e\u0301\u0302", "z"]),
        ("\r\n\n\r", ["\r\n", "\n", "\r"]),
        ("❤\ufe0f1\ufe0f\u20e3", ["❤\ufe0f", "1\ufe0f\u20e3"]),
        ("🏴\U000e0067\U000e0062\U000e007f!", ["🏴\U000e0067\U000e0062\U000e007f", "!"]),
        ("क्षि", ["क्षि"]),
        ("한글", ["한", "글"]),
        ("\u1112\u1161\u11ab\u1100\u1173\u11af", ["\u1112\u1161\u11ab", "\u1100\u1173\u11af"]),
        ("가\u11a8각\u11a8\u1161", ["가\u11a8", "각\u11a8", "\u1161"]),
        ("นำ", ["นำ"]),
        ("\n\u0301a", ["\n", "\u0301", "a"]),
        ("a\u200b\u0301", ["a", "\u200b", "\u0301"]),
        ("\u06001", ["\u06001"]),
    ],
)
def test_what_a_reader_takes_for_one_character(text, clusters):
    ends = [0, *cluster_ends(text)]

    assert [text[start:end] for start, end in pairwise(ends)] == clusters


def test_more_parts_than_a_header_can_count_are_refused():
    assert len(split("a" * 153 * JOINED_PARTS_MAX)) == 255

    rejection = split_text("a" * (153 * JOINED_PARTS_MAX + 1))

    assert isinstance(rejection, Rejection)
    assert (rejection.code, rejection.field) == (RejectionCode.TOO_LONG, "text")
    assert rejection.message == "the text takes 256 parts, and a phone joins at most 255"


def test_a_text_of_one_part_has_no_header():
    (part,) = split("Zażółć", reference=5)

    assert (part.header, part.number, part.total, part.units) == (b"", 1, 1, 6)
    assert part.short_message == part.user_data == "Zażółć".encode("utf-16-be")
    assert part.user_data_length == 12
    assert "Za" not in repr(part)


def test_octets_by_hand():
    """The header as the standard prints it: 05 00 03, reference, total, number; then a blank bit."""
    first, second = split("a" * 153 + "@bbbbbbb", reference=0xA7)

    assert second.header.hex(" ") == "05 00 03 a7 02 02"
    assert second.octets == b"\x00bbbbbbb"
    # A blank bit behind the header's 48, then @ (0000000) and seven b (1100010), the lowest bit first.
    assert second.user_data.hex(" ") == "05 00 03 a7 02 02 00 62 b1 58 2c 16 8b 01"
    assert second.user_data_length == 7 + 8
    assert len(first.user_data) == 140
    assert split("ж" * 71, reference=0xA7B8, reference_bits=16)[0].header.hex(" ") == "06 08 04 a7 b8 02 01"


@pytest.mark.parametrize(("reference", "bits"), [(-1, 8), (256, 8), (65536, 16)])
def test_a_reference_that_does_not_fit_is_a_bad_call(reference, bits):
    with pytest.raises(ValueError, match=f"a reference of {bits} bits is 0 to"):
        split_text("a", reference=reference, reference_bits=bits)


def test_a_policy_that_there_is_not_is_a_bad_call():
    unknown: Any = "word"

    for work in (count_parts, split_text):
        with pytest.raises(ValueError, match='keep is "code_point" or "grapheme", not \'word\''):
            work("a", keep=unknown)


def test_references_are_stable_and_spread():
    references = [part_reference(f"recipient-{number}.1") for number in range(4000)]

    assert set(references) == set(range(256))
    assert references == [part_reference(f"recipient-{number}.1") for number in range(4000)]
    assert all(0 <= part_reference(f"r{number}", reference_bits=16) < 65536 for number in range(100))


def test_septets_of_another_alphabet_are_a_bad_call():
    with pytest.raises(ValueError, match="not in GSM-7"):
        encode_septets("ż")


def test_octets_that_are_no_septets_are_a_bad_call():
    with pytest.raises(ValueError, match="ordinal not in range"):
        decode_septets(b"\x80")


def test_an_unknown_escape_shows_the_main_table():
    assert decode_septets(b"\x1b\x41\x1b\x1ba\x1b") == "A a "
