"""Random letters, nasty ones preferred, read from the wire by two readers that know nothing of each other."""

import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from random import Random

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaignkit.message.compiled import compile_content
from campaignkit.message.content import EmailContent
from campaignkit.message.email import compile_mail
from tests.message.judging import complaints
from tests.message.letters import random_letter
from tests.message.readers import read_by_rust
from tests.message.test_message_campaign_headers import FULL
from tests.message.test_message_email import NOON, build


@pytest.mark.parametrize("seed", range(6))
def test_two_readers_find_exactly_what_went_in(seed):
    random = Random(seed)
    for _ in range(60):
        letter = random_letter(random)
        content = compile_content(letter.content)
        mail = compile_mail(content, **letter.sender)
        for values, recipient in letter.recipients:
            found = list(complaints(letter, content.render(values), recipient, mail.build(values, **recipient)))

            assert found == []


DAMAGES = {
    "a header more": lambda content: b"Bcc: eve@example.com\r\n" + content,
    "a header less": lambda content: re.sub(rb"Message-ID: .*\r\n", b"", content),
    "a bare line feed": lambda content: content.replace(b"MIME-Version: 1.0\r\n", b"MIME-Version: 1.0\n"),
    "a long line": lambda content: content + b"a" * 999 + b"\r\n",
    "a second recipient": lambda content: re.sub(rb"(?m)^(To: .*?)\r\n(?! )", rb"\1, eve@example.com\r\n", content),
    "another subject": lambda content: re.sub(rb"Subject: Spring", b"Subject: Autumn", content),
    "another text": lambda content: content.replace(b"Hello", b"Hullo"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_the_judge_notices(name):
    letter = next(filter(is_simple, map(random_letter, map(Random, range(10_000)))))
    letter = attrs.evolve(letter, content=EmailContent(subject="Spring", text="Hello"))
    content = compile_content(letter.content)
    values, recipient = letter.recipients[0]
    mail = compile_mail(content, **letter.sender).build(values, **recipient)
    damaged = attrs.evolve(mail, content=DAMAGES[name](mail.content))

    assert damaged != mail
    assert not list(complaints(letter, content.render(values), recipient, mail))
    assert list(complaints(letter, content.render(values), recipient, damaged))


def is_simple(letter):
    return not letter.sender["attachments"] and not letter.sender["inline_images"]


# Beside EmailMessage, where it can be trusted: it garbles "=?", and folds long addresses into pieces ------------------

words = st.text(st.sampled_from("abc XYZ 123 .,-'żółćü漢🌷"), min_size=1, max_size=40).map(
    lambda text: " ".join(text.split())
)


@settings(max_examples=150, deadline=None)
@given(
    subject=words.filter(bool),
    name=words.filter(bool),
    text=st.text(max_size=200).filter(lambda text: "\r" not in text),
    html=st.text(max_size=200).filter(lambda text: "\r" not in text),
    token=st.text(st.sampled_from("abcXYZ019-_"), min_size=1, max_size=60),
)
def test_a_mail_is_read_as_the_one_that_the_library_builds(subject, name, text, html, token):
    url = f"https://flora.example/u/{token}"
    ours = build(subject=subject, to_name=name, text=text, html=html, **{**FULL, "unsubscribe_url": url}).content

    assert seen(ours) == seen(library_mail(subject, name, text, html, url))


def library_mail(subject, name, text, html, url):
    message = EmailMessage(policy=SMTP.clone(max_line_length=998))
    message["Date"] = format_datetime(NOON)
    message["From"] = Address("Flora", addr_spec="hello@flora.example")
    message["To"] = Address(name, addr_spec="ann@example.com")
    message["Reply-To"] = "shop@flora.example"
    message["Subject"] = subject
    message["Message-ID"] = "<r1.1@flora.example>"
    message["X-Campaign-ID"] = "c1"
    message["List-Id"] = "<spring.flora>"
    message["Feedback-ID"] = "c1:flora:news:flora-pos"
    message["List-Unsubscribe"] = f"<{url}>, <mailto:bye@flora.example?subject=unsubscribe%20r1.1>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["Precedence"] = "bulk"
    message["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    message["X-Shop"] = "Flora"
    message.set_content(text.removesuffix("\n") + "\n")
    message.add_alternative(html.removesuffix("\n") + "\n", subtype="html")
    return message.as_bytes()


def seen(content):
    """Return what a reader sees, without how it travelled; the library's own encoded words may end in blanks."""
    mail = read_by_rust(content)
    headers = {name: value.replace(" ", "") for name, value in mail.headers if not name.startswith("Content-")}
    return headers, [body.replace("\r\n", "\n") for body in (*mail.texts, *mail.htmls)]
