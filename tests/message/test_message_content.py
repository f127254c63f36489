"""What content is refused before anybody could get it, and that its digest is its identity."""

import time

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaignkit.errors import InvalidContent
from campaignkit.message.content import (
    BODY_BYTES_MAX,
    SUBJECT_CHARACTERS_MAX,
    EmailContent,
    SmsContent,
    check_content,
    content_digest,
    one_line,
    whole_characters,
)

GOOD = EmailContent(subject="Spring is here 🌷", text="Dear {{ customer.name }},\n", html="<p>Zażółć</p>")


def refusal(content):
    with pytest.raises(InvalidContent) as caught:
        check_content(content)
    return caught.value


def test_good_content_passes():
    check_content(GOOD)
    check_content(attrs.evolve(GOOD, html=None))
    check_content(SmsContent(text="Spring is here"))


@pytest.mark.parametrize("part", ["subject", "text", "html"])
@pytest.mark.parametrize("blank", ["", "   ", "\u00a0"])
def test_an_empty_part_is_refused(part, blank):
    error = refusal(attrs.evolve(GOOD, **{part: blank}))

    assert (error.code, error.field, str(error)) == ("invalid_content", part, f"{part}: it is empty")


def test_an_empty_text_message_is_refused():
    assert str(refusal(SmsContent(text="\n"))) == "text: it is empty"


@pytest.mark.parametrize(
    "ending",
    ["\r", "\n", "\r\nBcc: eve@example.com", "\u2028", "\u2029", "\x85", "\v", "\f", "\t", "\x1b[31m", "\x7f"],
    ids=ascii,
)
def test_23_25_a_subject_of_two_lines_or_with_controls_is_refused(ending):
    error = refusal(attrs.evolve(GOOD, subject=f"Spring{ending}"))

    assert error.field == "subject"
    assert error.problem.endswith(f"and holds U+{ord(ending[0]):04X} at position 7")


@pytest.mark.parametrize("part", ["subject", "text", "html"])
@pytest.mark.parametrize("half", ["\ud83c", "\udf37\ud83c"], ids=ascii)
def test_26_half_a_surrogate_pair_is_refused(part, half):
    error = refusal(attrs.evolve(GOOD, **{part: f"ab{half}"}))

    assert str(error) == f"{part}: the character at position 3 is half an emoji; type it again"


@pytest.mark.parametrize("part", ["subject", "text", "html"])
def test_a_nul_is_refused(part):
    assert refusal(attrs.evolve(GOOD, **{part: "a\0b"})).field == part


def test_27_a_subject_of_a_megabyte_is_refused_at_once():
    content = attrs.evolve(GOOD, subject="\n" * 1_000_000)
    before = time.perf_counter()
    error = refusal(content)

    assert error.problem == f"it may have at most {SUBJECT_CHARACTERS_MAX} characters"
    assert time.perf_counter() - before < 0.1


def test_a_body_is_bounded_in_bytes():
    check_content(SmsContent(text="a" * BODY_BYTES_MAX))

    assert refusal(SmsContent(text="a" * (BODY_BYTES_MAX + 1))).field == "text"
    assert refusal(SmsContent(text="ż" * (BODY_BYTES_MAX // 2 + 1))).field == "text"


@pytest.mark.parametrize(
    "html",
    [
        '<a href="javascript:alert(1)">',
        "<a href='JavaScript:alert(1)'>",
        "<a href=javascript:alert(1)>",
        '<a href = " java\nscript:alert(1)">',
        '<a href="java&#115;cript&colon;alert(1)">',
        '<a href="data:text/html,x">',
        '<form action="vbscript:x">',
    ],
)
def test_42_links_that_run_or_smuggle_something_are_refused(html):
    error = refusal(attrs.evolve(GOOD, html=html))

    assert error.field == "html"
    assert error.problem.startswith("a link may not begin with ")


@pytest.mark.parametrize(
    "html",
    [
        '<a href="https://flora.example/javascript:x">',
        "<p>javascript: is a word</p>",
        '<img src="data:image/gif;base64,R0lGOD">',
        '<a href="{{ links.shop }}">',
    ],
)
def test_42_other_links_pass(html):
    check_content(attrs.evolve(GOOD, html=html))


def test_the_search_for_links_takes_no_longer_than_its_text():
    before = time.perf_counter()
    check_content(attrs.evolve(GOOD, html="<a href=" + " " * 300_000 + 'href="' + " " * 300_000 + "j" * 300_000))

    assert time.perf_counter() - before < 2


contents = st.one_of(
    st.builds(EmailContent, subject=st.text(), text=st.text(), html=st.none() | st.text()),
    st.builds(SmsContent, text=st.text()),
)


@settings(deadline=None)
@given(contents, contents)
def test_digests_are_equal_exactly_where_contents_are(one, other):
    assert (content_digest(one) == content_digest(other)) is (one == other)
    assert len(content_digest(one)) == 64


def test_no_html_and_empty_html_and_an_sms_of_that_text_are_three_things():
    plain = EmailContent(subject="", text="a")

    assert len({content_digest(c) for c in (plain, attrs.evolve(plain, html=""), SmsContent(text="a"))}) == 3


def test_a_digest_outlives_releases():
    digest = content_digest(EmailContent(subject="Żółw", text="🌷", html=None))

    assert digest.startswith("810939d40116b676ad770804e2c98888")


@settings(deadline=None)
@given(st.text())
def test_one_line_is_one_line_and_idempotent(text):
    line = one_line(text)

    assert len(line.splitlines()) <= 1
    assert one_line(line) == line


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=())))
def test_whole_characters_can_be_encoded(text):
    whole_characters(text + "\ud800").encode()


def test_whole_characters_stay_as_they_are():
    assert whole_characters("Zażółć 🌷") == "Zażółć 🌷"
