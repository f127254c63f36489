"""Mail on the wire: exactly our headers, one recipient, lines of mail, and the same bytes for the same arguments."""

import re
from base64 import b64decode
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import default
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaignkit.message.content import RenderedEmail
from campaignkit.message.email import build_email
from campaignkit.message.headers import wire_address

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOSTILE_SUBJECT = "A 💩 subject=?UTF-8?Q?=0A?=Bcc: x@y"
OUR_HEADERS = ["Date", "From", "To", "Subject", "Message-ID", "Auto-Submitted", "MIME-Version"]
PLAIN_HEADERS = [*OUR_HEADERS, "Content-Type", "Content-Transfer-Encoding"]


def build(*, subject: str = "Spring", text: str = "Hello\n", html: str | None = None, **changes: Any):
    arguments: dict[str, Any] = {
        "message_id": "r1.1",
        "from_name": "Flora",
        "from_address": "hello@flora.example",
        "to_name": "Ann",
        "to_address": "ann@example.com",
        "sent_at": NOON,
    }
    return build_email(RenderedEmail(subject=subject, text=text, html=html), **{**arguments, **changes})


def parsed(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def header_names(content: bytes) -> list[str]:
    """Return the names on the wire, read as a server reads them: a line that does not begin with a blank."""
    head = content.partition(b"\r\n\r\n")[0]
    return [line.partition(b":")[0].decode() for line in head.split(b"\r\n") if line[:1] not in b" \t"]


def header_lines(content: bytes, name: str) -> bytes:
    head = content.partition(b"\r\n\r\n")[0] + b"\r\n"
    found = re.search(rb"(?m)^" + name.encode() + rb":((?: .*)?\r\n(?: .*\r\n)*)", head)
    assert found is not None
    return found.group(1).removesuffix(b"\r\n")


def body_text(message: Message) -> str:
    payload = message.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode().replace("\r\n", "\n")


def assert_is_lines_of_mail(content: bytes) -> None:
    assert content.endswith(b"\r\n")
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert b"\r" not in content.replace(b"\r\n", b"")
    assert b"\0" not in content
    assert max(map(len, content.split(b"\r\n"))) <= 998


def assert_goes_to_ann_only(content: bytes, names: list[str] = PLAIN_HEADERS) -> None:
    assert header_names(content) == names
    message = parsed(content)
    assert message.keys() == names
    assert [address.addr_spec for address in message["To"].addresses] == ["ann@example.com"]
    assert [address.addr_spec for address in message["From"].addresses] == ["hello@flora.example"]
    assert_is_lines_of_mail(content)


# The whole ------------------------------------------------------------------------------------------------------------


def test_a_plain_mail_byte_for_byte():
    assert build().content == (
        b"Date: Mon, 04 May 2026 12:00:00 +0000\r\n"
        b"From: Flora <hello@flora.example>\r\n"
        b"To: Ann <ann@example.com>\r\n"
        b"Subject: Spring\r\n"
        b"Message-ID: <r1.1@flora.example>\r\n"
        b"Auto-Submitted: auto-generated\r\n"
        b"MIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: 7bit\r\n"
        b"\r\n"
        b"Hello\r\n"
    )


def test_a_marketing_mail_can_be_left():
    content = build(
        unsubscribe_mailto="bye+x@flora.example",
        list_id="spring.flora",
        campaign_id="c1",
        reply_to="shop@flora.example",
    ).content

    message = parsed(content)
    assert message["List-Unsubscribe"] == "<mailto:bye%2Bx@flora.example?subject=unsubscribe%20r1.1>"
    assert message["List-Id"] == "<spring.flora>"
    assert message["X-Campaign-ID"] == "c1"
    assert message["Reply-To"] == "shop@flora.example"
    assert message["Precedence"] == "bulk"
    assert message["X-Auto-Response-Suppress"] == "OOF, AutoReply"


def test_html_comes_as_the_last_alternative():
    message = parsed(build(text="Zażółć", html="<p>Zażółć</p>").content)

    assert message.get_content_type() == "multipart/alternative"
    text, html = message.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert (body_text(text), body_text(html)) == ("Zażółć\n", "<p>Zażółć</p>\n")
    assert not message.defects


def test_envelope_and_message_id():
    message = build(envelope_from="bounce+r1@flora.example")

    assert (message.envelope_from, message.envelope_to) == ("bounce+r1@flora.example", "ann@example.com")
    assert message.message_id == "r1.1"
    assert build().envelope_from == "hello@flora.example"


def test_the_same_arguments_give_the_same_bytes():
    first, second = (build(text="Zażółć", html="<p>🌷</p>") for _ in range(2))

    assert first == second


def test_a_date_is_an_instant_in_utc():
    elsewhere = NOON.astimezone(timezone(timedelta(hours=-7)))

    assert build(sent_at=elsewhere).content == build().content


def test_77_a_naive_date_is_refused():
    with pytest.raises(ValueError, match="naive"):
        build(sent_at=datetime(2026, 5, 4, 12))  # noqa: DTZ001


# Headers --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ending", ["\r\n", "\n", "\r", "\u2028", "\u2029", "\x85", "\v", "\f", "\x1c", "\0", "\r\n\r\n"], ids=ascii
)
@pytest.mark.parametrize("field", ["subject", "from_name", "to_name"])
def test_23_25_no_line_end_reaches_a_header(field, ending):
    content = build(**{field: f"Hi{ending}Bcc: eve@example.com{ending}"}).content

    assert_goes_to_ann_only(content)
    assert "Bcc: eve@example.com" in str(parsed(content)["Subject" if field == "subject" else field[:-5].title()])


@pytest.mark.parametrize("field", ["subject", "from_name", "to_name"])
def test_24_a_subject_with_an_emoji_and_an_encoded_word_brings_no_header_along(field):
    content = build(**{field: HOSTILE_SUBJECT}).content

    assert_goes_to_ann_only(content)
    assert parsed(build(subject=HOSTILE_SUBJECT).content)["Subject"] == HOSTILE_SUBJECT


@pytest.mark.parametrize("text", ["=?utf-8?q?=0ABcc:_x?=", "a =?utf-8?b?Cg==?= b", "=?", "=?utf-8?q?x?= =?utf-8?q?y?="])
def test_24_encoded_words_that_somebody_typed_are_shown_as_typed(text):
    assert parsed(build(subject=text).content)["Subject"] == text


@pytest.mark.parametrize("field", ["subject", "from_name", "to_name"])
def test_26_half_a_surrogate_pair_becomes_a_replacement(field):
    assert_goes_to_ann_only(build(**{field: "a\ud83c"}).content)


@pytest.mark.parametrize("character", ["a", "ż", "🌷", " ", "a "], ids=ascii)
@pytest.mark.parametrize("field", ["subject", "from_name", "to_name"])
def test_27_a_megabyte_is_cut_and_folded(field, character):
    content = build(**{field: character * (1_000_000 // len(character.encode()))}).content

    assert_goes_to_ann_only(content)
    assert len(content) < 10_000


@pytest.mark.parametrize(
    "name",
    [
        'Flora "The" Florist',
        "Flora <eve@example.com>",
        '"Flora" <eve@example.com>,',
        "Flora, Inc.",
        "eve@example.com",
        "Flora (the florist)",
        "back\\slash\\",
        'quote"',
        "a:b;c",
        "Żółw <eve@example.com>",
        "J. R. Smith",
        "two  blanks",
        "=?utf-8?q?eve?= <eve@example.com>",
    ],
)
@pytest.mark.parametrize("field", ["From", "To"])
def test_28_names_with_quotes_and_brackets_stay_names(field, name):
    content = build(**{f"{field.lower()}_name": name}).content

    assert_goes_to_ann_only(content)
    assert read_name(content, field) == name


def test_a_missing_name_leaves_the_bare_address():
    assert parsed(build(to_name="  ").content)["To"] == "ann@example.com"


def test_12_domains_become_a_labels_and_local_parts_stay():
    message = build(to_address="żółw@faß.de", from_address="hello@kwiaty-żółte.pl")

    assert message.envelope_to == "żółw@xn--fa-hia.de"
    assert message.envelope_from == "hello@xn--kwiaty-te-c7a38f3t.pl"
    assert "To: Ann <żółw@xn--fa-hia.de>\r\n".encode() in message.content
    assert b"Message-ID: <r1.1@xn--kwiaty-te-c7a38f3t.pl>\r\n" in message.content


@pytest.mark.parametrize("address", ["Ann.O'Neil+tag@Example.COM", "-oX@b.com", "a_b=c%d@x.y-z.example"])
def test_an_ascii_address_stays_byte_for_byte(address):
    message = build(to_address=address)

    assert message.envelope_to == address
    assert f"<{address}>".encode() in message.content


@pytest.mark.parametrize(
    "address",
    [
        *("", "ann", "@example.com", "ann@", "a@@b.c"),
        "ann@example.com\r\nBcc: eve@example.com",
        "ann@example.com\n",
        "ann@exa\0mple.com",
        *("a b@example.com", "ann@example.com,eve@example.com", "<ann@example.com>", '"a b"@example.com'),
        "ann@[127.0.0.1]",
        "a\u2028b@example.com",
        "a\x85b@example.com",
        "ann@exa mple.com",
        "ann@bücher\r\n.de",
        "ann@example..com",
        "a\ud83c@example.com",
        "a" * 65 + "@example.com",
        "a@" + "b" * 260,
    ],
    ids=ascii,
)
@pytest.mark.parametrize("field", ["to_address", "from_address", "reply_to", "envelope_from", "unsubscribe_mailto"])
def test_what_is_no_bare_address_is_a_bad_call(field, address):
    with pytest.raises(ValueError, match="no bare email address"):
        build(**{field: address})


@pytest.mark.parametrize("character", [*map(chr, range(128))], ids=ascii)
def test_an_ascii_character_is_judged_alike_with_and_without_others_around(character):
    def is_taken(address):
        try:
            return wire_address(address).startswith(address.partition("@")[0])
        except ValueError:
            return False

    # The first is ASCII and judged by a table; the second is not, and judged by what is forbidden.
    assert is_taken(f"a{character}b@example.com") == is_taken(f"a{character}ż@example.com")
    assert is_taken(f"a@b{character}c.example") == is_taken(f"ż@b{character}c.example")


@pytest.mark.parametrize("value", ["", "a b", "a\r\nb", "a@b", "<a>", "a..b", ".a", "ż", "a" * 321], ids=ascii)
@pytest.mark.parametrize("field", ["message_id", "campaign_id", "list_id"])
def test_what_is_no_identifier_is_a_bad_call(field, value):
    with pytest.raises(ValueError, match=field):
        build(**{field: value})


@pytest.mark.parametrize(("field", "most"), [("message_id", 200), ("campaign_id", 200), ("list_id", 320)])
def test_an_identifier_has_an_end(field, most):
    assert_is_lines_of_mail(build(**{field: "a" * most}).content)

    with pytest.raises(ValueError, match=f"{field} must be up to {most}"):
        build(**{field: "a" * (most + 1)})


@pytest.mark.parametrize("words", [12, 13, 14, 15, 40])
def test_a_long_plain_subject_is_folded_between_its_words(words):
    subject = " ".join(["spring"] * words)

    content = build(subject=subject).content

    assert b"=?" not in content
    assert all(len(line) <= 78 for line in content.split(b"\r\n"))
    assert parsed(content)["Subject"] == subject


# Bodies ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["a\r\n.\r\nb", "a\n.\nb", "a\r.\rb", "\n.\n", ".", "a\r\n.\r\nQUIT\r\n"], ids=ascii)
@pytest.mark.parametrize("more", ["", "ż", "żółć 🌷" * 20])
def test_29_all_line_ends_are_crlf_and_dots_are_left_to_the_transport(text, more):
    content = build(text=text + more, html=text + more).content

    assert_is_lines_of_mail(content)
    message = parsed(content)
    expected = (text + more).replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n") + "\n"
    assert [body_text(part) for part in message.iter_parts()] == [expected] * 2


@pytest.mark.parametrize("character", ["a", " ", "ż", "🌷", "=", "\t", "a " * 40 + "ż"], ids=ascii)
def test_30_no_line_is_over_998_octets(character):
    content = build(text=character * 5000, html=f"<p>{character * 5000}</p>").content

    assert_is_lines_of_mail(content)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Hello", "7bit"),
        ("a" * 78, "7bit"),
        ("a" * 79, "quoted-printable"),
        ("The Żółw and the hare, as told by the florist", "quoted-printable"),
        ("a\x0bb\x0cc", "quoted-printable"),
        ("Привет, это цветы", "base64"),
        ("🌷🌷🌷", "base64"),
        ("", "7bit"),
    ],
)
def test_a_body_travels_in_the_lightest_encoding(text, encoding):
    message = parsed(build(text=text).content)

    assert message["Content-Transfer-Encoding"] == encoding
    assert body_text(message) == f"{text}\n"


def test_26_half_a_surrogate_pair_in_a_body_becomes_a_replacement():
    assert body_text(parsed(build(text="a\ud83cb").content)) == "a\ufffdb\n"


def test_a_text_cannot_close_its_part():
    first = build(text="a", html="b").content
    boundary = parsed(first).get_boundary()

    message = parsed(build(text=f"a\r\n--{boundary}--\r\nBcc: x", html="b").content)

    assert len(list(message.iter_parts())) == 2
    assert message.get_boundary() != boundary


# Laws -----------------------------------------------------------------------------------------------------------------

anything = st.one_of(
    st.text(max_size=120),
    st.text(st.sampled_from('ab =?Q_\r\n"<>\\,@żó💩\u2028\x85\t'), max_size=120),
    st.text(st.characters(exclude_categories=()), max_size=40),
    st.lists(st.sampled_from(["=?UTF-8?Q?=0A?=", "Bcc: x@y", "💩", "\r\n", " ", "a" * 80, "ż" * 40]), max_size=8).map(
        "".join
    ),
)


@settings(max_examples=250, deadline=None)
@given(subject=anything, from_name=anything, to_name=anything, text=anything, html=st.none() | anything)
def test_24_whatever_is_written_the_wire_has_exactly_our_headers(subject, from_name, to_name, text, html):
    content = build(subject=subject, from_name=from_name, to_name=to_name, text=text, html=html).content

    names = PLAIN_HEADERS if html is None else PLAIN_HEADERS[:-1]
    assert_goes_to_ann_only(content, names)
    assert all(len(line) <= 100 for line in content.partition(b"\r\n\r\n")[0].split(b"\r\n"))


printable = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=150)


@settings(max_examples=250, deadline=None)
@given(subject=printable)
def test_a_subject_of_one_line_arrives_as_it_is(subject):
    lines = header_lines(build(subject=subject).content, "Subject")

    assert read_header(lines) == subject.strip(" ") or read_header(lines) == subject


@settings(max_examples=250, deadline=None)
@given(name=printable.filter(str.strip))
def test_a_name_of_one_line_arrives_as_it_is(name):
    assert read_name(build(to_name=name).content, "To") == name.strip()


@settings(max_examples=250, deadline=None)
@given(text=st.one_of(st.text(), st.text(st.sampled_from("a \t=.\r\nż🌷\x0b"), max_size=400)))
def test_a_body_arrives_as_it_is_but_for_its_line_ends(text):
    message = parsed(build(text=text).content)

    expected = re.sub(r"\r\n|\r|\n", "\n", text).removesuffix("\n") + "\n"
    assert body_text(message) == expected


def read_name(content: bytes, field: str) -> str:
    """Return the display name of a header; the library's own reader puts blanks between encoded words."""
    phrase = header_lines(content, field).replace(b"\r\n", b"").decode().rpartition(" <")[0].strip(" ")
    if phrase.startswith('"'):
        return re.sub(r"\\(.)", r"\1", phrase[1:-1])
    return read_header(phrase.encode())


def read_header(lines: bytes) -> str:
    """Return the text of a header by RFC 2047, read without the library's lenience."""
    unfolded = lines.replace(b"\r\n", b"").decode("ascii").strip(" ")
    if not unfolded.startswith("=?"):
        return unfolded
    words = unfolded.split(" ")
    assert all(re.fullmatch(r"=\?utf-8\?b\?[A-Za-z0-9+/]*=*\?=", word) and len(word) <= 75 for word in words)
    return "".join(b64decode(word[10:-2]).decode() for word in words)
