"""A campaign's compiled mail: byte for byte what each mail is when it is built by itself."""

import re
from datetime import UTC, datetime
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaignkit.addresses.channel import Rejection
from campaignkit.errors import InvalidContent
from campaignkit.message.attachments import Attachment
from campaignkit.message.compiled import compile_content
from campaignkit.message.content import EmailContent, RenderedEmail, Syntax
from campaignkit.message.email import build_email, compile_mail
from campaignkit.message.headers import date_header, text_header
from campaignkit.message.outbound import OutboundEmail
from tests.message.letters import NAMES, NASTY, Letter, random_letter
from tests.message.plain_mail import build_plainly
from tests.message.test_message_email import (
    NOON,
    OUR_HEADERS,
    assert_is_lines_of_mail,
    body_text,
    header_names,
    parsed,
    read_header,
)

SENDER: dict[str, Any] = {"from_name": "Flora", "from_address": "hello@flora.example"}
ANN: dict[str, Any] = {"message_id": "r1.1", "to_name": "Ann", "to_address": "ann@example.com", "sent_at": NOON}

nasty = st.lists(st.sampled_from(NASTY), max_size=5).map("".join)
anything = st.one_of(nasty, st.text(max_size=100), st.text(st.characters(exclude_categories=()), max_size=30))
literals = anything.map(lambda text: text.replace("{", "("))
slots = st.tuples(st.sampled_from(NAMES), st.sampled_from(("", ' | default: "friend"', " | default: 'żółw\n'")))
sources = st.lists(st.one_of(literals, slots.map(lambda slot: f"{{{{ customer.{slot[0]}{slot[1]} }}}}")), max_size=9)
people = st.dictionaries(st.sampled_from(NAMES), anything)


def mail_for(values, *, subject="Spring", text="Hello\n", html=None):
    content = compile_content(EmailContent(subject=subject, text=text, html=html))
    return compile_mail(content, **SENDER).build({"customer": values}, **ANN)


def assert_built_alike(letter):
    for ours, plain in letter.pairs():
        assert ours == plain


# Laws -----------------------------------------------------------------------------------------------------------------


@settings(max_examples=400, deadline=None)
@given(
    subject=sources,
    text=sources,
    html=st.none() | sources,
    from_name=anything,
    unsubscribe_mailto=st.sampled_from((None, "bye+x@flora.example")),
    recipients=st.lists(st.tuples(people, anything), min_size=1, max_size=3),
)
def test_each_mail_is_what_it_is_when_built_by_itself(subject, text, html, from_name, unsubscribe_mailto, recipients):
    content = EmailContent(subject="".join(subject), text="".join(text), html=None if html is None else "".join(html))
    letter = Letter(
        content=content,
        sender={**SENDER, "from_name": from_name, "unsubscribe_mailto": unsubscribe_mailto},
        recipients=tuple(({"customer": values}, {**ANN, "to_name": to_name}) for values, to_name in recipients),
    )

    assert_built_alike(letter)


@pytest.mark.parametrize("seed", range(8))
def test_random_letters_are_built_alike(seed):
    random = Random(seed)
    for _ in range(100):
        assert_built_alike(random_letter(random))


@settings(max_examples=200, deadline=None)
@given(subject=anything, text=anything, html=st.none() | anything, name=anything)
def test_one_mail_by_itself_is_what_the_oracle_builds(subject, text, html, name):
    rendered = RenderedEmail(subject=subject, text=text, html=html)
    arguments = {**SENDER, **ANN, "to_name": name}

    assert build_email(rendered, **arguments) == build_plainly(rendered, **arguments)


@settings(max_examples=250, deadline=None)
@given(subject=sources, text=sources, html=sources, values=people)
def test_a_reader_finds_our_headers_and_both_bodies(subject, text, html, values):
    content = EmailContent(subject="".join(subject), text="".join(text), html="".join(html))
    rendered = compile_content(content).render({"customer": values})

    wire = mail_for(values, subject=content.subject, text=content.text, html=content.html).content

    message = parsed(wire)
    assert_is_lines_of_mail(wire)
    assert header_names(wire) == message.keys() == [*OUR_HEADERS, "Content-Type"]
    assert [address.addr_spec for address in message["To"].addresses] == ["ann@example.com"]
    assert not message.defects
    assert [body_text(part) for part in message.iter_parts()] == [
        as_lines(rendered.text),
        as_lines(rendered.html or ""),
    ]


def as_lines(text):
    """Return the text that arrives: its line ends apart, and half characters replaced."""
    whole = re.sub("[\ud800-\udfff]", "\ufffd", text)
    return re.sub("\r\n|\r", "\n", whole).removesuffix("\n") + "\n"


@settings(max_examples=250, deadline=None)
@given(octets=st.integers(0, 120), text=st.text(st.sampled_from("aż🌷"), max_size=200))
def test_words_are_cut_between_characters(octets, text):
    lines = text_header("Subject", "a" * octets + "ż" + text)

    assert read_header(lines.partition(":")[2].encode()) == "a" * octets + "ż" + text
    assert all(len(line) <= 76 for line in lines.split("\r\n"))


# One by one -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "encoding"),
    [("Ann", "7bit"), ("René", "quoted-printable"), ("a" * 79, "quoted-printable"), ("🌷" * 40, "base64")],
)
def test_a_value_chooses_the_encoding_of_its_own_mail(name, encoding):
    message = parsed(mail_for({"name": name}, text="Dear {{ customer.name }},\nthe tulips are here.\n").content)

    assert message["Content-Transfer-Encoding"] == encoding
    assert body_text(message) == f"Dear {name},\nthe tulips are here.\n"


@pytest.mark.parametrize("length", range(45, 95))
@pytest.mark.parametrize("word", ["ab ", "spring, ", "x"])
def test_headers_about_as_long_as_a_line_are_folded_alike(word, length):
    words = (word * length)[:length]
    rendered = RenderedEmail(subject=words, text="Hello")
    arguments = {**SENDER, **ANN, "from_name": words[:-5], "to_name": words}

    assert build_email(rendered, **arguments) == build_plainly(rendered, **arguments)


@pytest.mark.parametrize(
    ("text", "name", "arrived"),
    [
        ("a\r{{ customer.name }}b", "\nc", "a\ncb\n"),
        ("a{{ customer.name }}\nb", "c\r", "ac\nb\n"),
        ("a\r{{ customer.name }}\nb", "", "a\nb\n"),
        ("a\n{{ customer.name }}", "", "a\n"),
        ("a\n{{ customer.name }}", "\n", "a\n\n"),
        ("{{ customer.name }}", "", "\n"),
        ("{{ customer.name }}\n", "", "\n"),
        ("{{ customer.name }}\n\r", "b", "b\n\n"),
        ("{{ customer.name }}{{ customer.name }}", "b\r", "b\nb\n"),
        (".{{ customer.name }}\n{{ customer.name }}.", "", ".\n.\n"),
    ],
)
def test_a_line_end_may_be_half_written_and_half_filled_in(text, name, arrived):
    message = mail_for({"name": name}, text=text)

    assert body_text(parsed(message.content)) == arrived


@pytest.mark.parametrize("text", ["{{ customer.name }}", "=_{{ customer.name }}"])
@pytest.mark.parametrize("value", ["--=_alternatives", "x\n--=_alternatives--\nBcc: x", "=_", "_alternatives"])
def test_a_value_cannot_close_its_part(text, value):
    message = parsed(mail_for({"name": value}, text=text, html=text).content)

    parts = [body_text(part) for part in message.iter_parts()]
    assert parts == [text.replace("{{ customer.name }}", value) + "\n"] * 2


def test_a_mail_with_nothing_to_fill_in_is_encoded_once():
    content = compile_content(EmailContent(subject="Spring", text="Żółw", html="<p>🌷</p>"))
    mail = compile_mail(content, **SENDER)

    first, second = (mail.build({}, **{**ANN, "message_id": name}) for name in ("r1.1", "r2.1"))

    assert content.text_body.build({})[0] is content.text_body.build({})[0]
    assert first.content.replace(b"r1.1", b"r2.1") == second.content


def test_two_instants_of_an_hour_that_comes_twice_have_two_dates():
    first = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Warsaw"))
    second = first.replace(fold=1)

    assert first == second
    assert date_header(first) == "Date: Sun, 25 Oct 2026 00:30:00 +0000\r\n"
    assert date_header(second) == "Date: Sun, 25 Oct 2026 01:30:00 +0000\r\n"


def test_a_naive_date_is_refused_although_its_neighbour_is_remembered():
    moment = datetime(2026, 5, 4, 12, tzinfo=UTC)
    date_header(moment)

    with pytest.raises(ValueError, match="naive"):
        date_header(moment.replace(tzinfo=None))


@pytest.mark.parametrize("name", ["from_address", "reply_to", "unsubscribe_mailto", "envelope_from"])
def test_a_sender_that_cannot_be_written_is_refused_before_the_first_mail(name):
    content = compile_content(EmailContent(subject="s", text="t"))

    with pytest.raises(ValueError, match="no bare email address"):
        compile_mail(content, **{**SENDER, name: "a@b\r\nBcc: x"})


# Or why there is none -------------------------------------------------------------------------------------------------

LIQUID = EmailContent(
    subject="{% if customer.name %}For {{ customer.name }}{% endif %}",
    text="{% for one in customer.items %}{{ one }}\n{% endfor %}",
    html="<p>{{ customer.name }}</p>",
    syntax=Syntax.LIQUID,
)
BILL = Attachment(filename="bill.pdf", content=b"%PDF")


def test_a_mail_that_can_be_is_built_as_always():
    mail = compile_mail(compile_content(EmailContent(subject="{{ customer.name }}", text="Hello")), **SENDER)
    arguments = {**ANN, "attachments": [BILL], "unsubscribe_url": "https://a.example/u", "envelope_from": "b@c.example"}

    assert mail.build_or_reject({}, **arguments) == mail.build({}, **arguments)


def test_full_liquid_is_filled_in_for_each_recipient():
    mail = compile_mail(compile_content(LIQUID), **SENDER)

    first, second = (
        mail.build_or_reject({"customer": {"name": name, "items": ["a", "b"]}}, **ANN) for name in ("Ann & Co", "Żoe")
    )

    assert isinstance(first, OutboundEmail)
    assert isinstance(second, OutboundEmail)
    assert [parsed(one.content)["Subject"] for one in (first, second)] == ["For Ann & Co", "For Żoe"]
    bodies = [body_text(part) for part in parsed(first.content).iter_parts()]
    assert bodies == ["a\nb\n", "<p>Ann &amp; Co</p>\n"]


def test_a_mail_that_would_be_empty_is_a_rejection():
    rejection = compile_mail(compile_content(LIQUID), **SENDER).build_or_reject({}, **ANN)

    assert isinstance(rejection, Rejection)
    assert rejection.field in {"subject", "text"}


def test_a_recipient_s_own_file_that_may_not_travel_is_a_rejection():
    mail = compile_mail(compile_content(EmailContent(subject="s", text="t")), **SENDER, attachments=[BILL])
    program = Attachment(filename="bill.exe", content=b"x")

    rejection = mail.build_or_reject({}, **ANN, attachments=[program])

    assert isinstance(rejection, Rejection)
    assert rejection.message == "bill.exe is a program; mail services refuse those"
    with pytest.raises(InvalidContent, match=r"bill.exe is a program"):
        mail.build({}, **ANN, attachments=[program])
