"""Letters drawn at random, nasty ones preferred: content, sender and recipients, for the laws and for the benchmark."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import attrs

from campaignkit.message.attachments import Attachment, InlineImage
from campaignkit.message.campaign_headers import FeedbackId
from campaignkit.message.compiled import CompiledEmail, compile_content
from campaignkit.message.content import EmailContent
from campaignkit.message.email import compile_mail
from campaignkit.message.outbound import OutboundEmail
from campaignkit.message.templates import Values
from tests.message.plain_mail import build_plainly

NASTY = (
    *(
        "\r",
        "\n",
        "\r\n",
        "\n\r",
        "\r\r",
        "\n\n",
        "\r\n\r\n",
        "\u2028",
        "\x85",
        "\v",
        "\f",
        "\0",
        "\t",
        " ",
        "  ",
        "\xa0",
    ),
    *(".", "..", "\r\n.\r\n", "=", "=_", "--=_alternatives", "--=_alternatives--", "=?", "?=", "=?utf-8?q?=0ABcc:_x?="),
    *(
        "Bcc: eve@example.com",
        "From me",
        "=20",
        "=\r\n",
        "a" * 70,
        "a" * 78,
        "a" * 79,
        "word " * 30,
        "x" * 300,
        "ż" * 40,
    ),
    *(
        "Zażółć",
        "Ann",
        "O'Neil & Sons",
        "<b>",
        '"',
        "💩",
        "🌷🌷",
        "Привет, ",
        "\ud83c",
        "\udf37",
        "e\u0301",
        "\u202e",
        "\\",
    ),
)
NAMES = ("name", "code", "place")


@attrs.frozen(kw_only=True)
class Letter:
    """One content from one sender, for some recipients."""

    content: EmailContent
    sender: Mapping[str, Any]  # keyword arguments of ``compile_mail``
    recipients: tuple[tuple[Values, Mapping[str, Any]], ...]  # arguments of ``CompiledMail.build``

    def pairs(self) -> Iterator[tuple[OutboundEmail, OutboundEmail]]:
        """Yield each mail as the campaign's compiled one gives it, and as it is when it is built by itself."""
        compiled: CompiledEmail = compile_content(self.content)
        mail = compile_mail(compiled, **self.sender)
        for values, recipient in self.recipients:
            yield mail.build(values, **recipient), build_plainly(compiled.render(values), **self.sender, **recipient)


def random_letter(random: Random) -> Letter:
    """Return a letter for up to four recipients."""
    content = EmailContent(
        subject=_source(random, 3),
        text=_source(random, random.choice((1, 3, 12))),
        html=_source(random, random.choice((1, 3, 12))) if random.random() < 0.7 else None,
    )
    return Letter(
        content=content,
        sender=_sender(random, has_html=content.html is not None),
        recipients=tuple(_recipient(random, number) for number in range(random.randint(1, 4))),
    )


def _sender(random: Random, *, has_html: bool) -> Mapping[str, Any]:
    return {
        "from_name": _text(random, 2),
        "from_address": random.choice(("hello@flora.example", "hello@kwiaty-żółte.pl", "żółw@flora.example")),
        "unsubscribe_mailto": random.choice((None, "bye+x@flora.example")),
        "reply_to": random.choice((None, "shop@flora.example")),
        "campaign_id": random.choice((None, "c1")),
        "list_id": random.choice((None, "spring.flora")),
        "feedback_id": random.choice((None, FeedbackId(sender="flora-pos", campaign="c1", mail_type="news"))),
        "is_automated": random.choice((None, True, False)),
        "extra_headers": random.choice(({}, {}, {"X-Shop": "Żółw & Co.", "Keywords": "tulips " * 30})),
        "envelope_from": random.choice((None, "bounce@flora.example")),
        "attachments": [_file(random) for _ in range(random.choice((0, 0, 0, 1, 2)))],
        "inline_images": [_picture(number) for number in range(random.choice((0, 0, 0, 1, 2)) if has_html else 0)],
    }


def _file(random: Random) -> Attachment:
    name = random.choice(("bill.pdf", "żółw.csv", "..\\..\\bill\r\nBcc: x.pdf", "a\u202efdp.txt", "Ann's (1) & 2.pdf"))
    media_type = random.choice(("application/pdf", "text/csv", "text/plain"))
    content = random.choice((b"%PDF-1.7\n", b"a;b\r\n", "żółw".encode(), b"\xff\0", b"--=_mixed--\r\n" * 9))
    return Attachment(filename=name, content=content, media_type=media_type)


def _picture(number: int) -> InlineImage:
    return InlineImage(content_id=f"logo{number}@flora", content=b"\x89PNG" + bytes(range(250)), media_type="image/png")


def _recipient(random: Random, number: int) -> tuple[Values, Mapping[str, Any]]:
    values = {"customer": {name: _text(random, 3) for name in NAMES if random.random() < 0.8}}
    sent_at = datetime(2026, 5, 4, 12, tzinfo=UTC) + timedelta(seconds=random.randrange(3))
    address = random.choice(
        ("ann@example.com", "Ann.O'Neil+tag@Example.COM", "żółw@faß.de", "a@" + "b" * 60 + ".example")
    )
    return values, {
        "message_id": f"r{number}.{random.randint(1, 9)}",
        "to_name": _text(random, 3),
        "to_address": address,
        "sent_at": sent_at,
        "unsubscribe_url": random.choice((None, f"https://flora.example/m/u/{number}abc-_?a=1&b=%20")),
    }


def _source(random: Random, most: int) -> str:
    pieces = [_text(random, 4)]
    for _ in range(random.randint(0, most)):
        default = random.choice(("", "", ' | default: "friend"', " | default: 'żółw\n'"))
        pieces += (f"{{{{ customer.{random.choice(NAMES)}{default} }}}}", _text(random, 4))
    return "".join(pieces)


def _text(random: Random, most: int) -> str:
    return "".join(random.choice(NASTY) for _ in range(random.randint(0, most)))
