"""Random letters, nasty ones preferred, read from the wire by two readers that know nothing of each other."""

import re
from random import Random

import attrs
import pytest

from campaignkit.message.compiled import compile_content
from campaignkit.message.content import EmailContent
from campaignkit.message.email import compile_mail
from tests.message.judging import complaints
from tests.message.letters import random_letter


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
