"""The bad inputs 23 to 32, by number, on the final bytes of a mail that has everything: files, headers, a signature."""

from typing import Any

import dkim
import pytest

from campaignkit.errors import InvalidContent
from campaignkit.message.attachments import Attachment, InlineImage
from campaignkit.message.content import EmailContent, check_content
from campaignkit.message.dkim import DkimSigner
from tests.message.keys import ed25519_pem
from tests.message.readers import ReadMail, header_names, is_wire, read_by_python, read_by_rust
from tests.message.test_message_campaign_headers import FULL
from tests.message.test_message_email import HOSTILE_SUBJECT, build

SIGNER = DkimSigner("flora.example", "s1", ed25519_pem())
NAMES = [
    *("DKIM-Signature", "Date", "From", "To", "Reply-To", "Subject", "Message-ID", "X-Campaign-ID", "List-Id"),
    *("Feedback-ID", "List-Unsubscribe", "List-Unsubscribe-Post", "Precedence", "X-Auto-Response-Suppress", "X-Shop"),
    *("MIME-Version", "Content-Type"),
]
LOGO = InlineImage(content_id="logo", content=b"\x89PNG\r\n", media_type="image/png")
BILL = Attachment(filename="bill.pdf", content=b"%PDF", media_type="application/pdf")
BCC = "Bcc: eve@example.com"


def read(**changes: Any) -> ReadMail:
    """Return a mail as it arrives, after everything that holds for each mail was found to hold."""
    arguments = {"text": "Hello", "html": "<p>Hello</p>", "attachments": [BILL], "inline_images": [LOGO], **FULL}
    content = build(**{**arguments, "signer": SIGNER, **changes}).content
    assert header_names(content) == NAMES
    assert is_wire(content)
    by_python, by_rust = read_by_python(content), read_by_rust(content)
    assert by_python == by_rust
    assert sorted(name for name, _ in by_rust.headers) == sorted(NAMES)
    assert dict(by_rust.headers)["To"].endswith("<ann@example.com>")
    record = SIGNER.dns_record.encode()
    assert dkim.DKIM(content).verify(dnsfunc=lambda _name, timeout=5: record)
    return by_rust


ENDINGS = ["\r\n", "\n", "\r", "\n\n", "\u2028", "\u2029", "\x85", "\v", "\f"]
HEADERS = [
    *((23, f"Hi{ending}{BCC}", f"Hi {BCC}") for ending in ENDINGS[:4]),
    (24, HOSTILE_SUBJECT, HOSTILE_SUBJECT),
    (24, "=?utf-8?q?=0ABcc:_x?=", "=?utf-8?q?=0ABcc:_x?="),
    *((25, f"Hi{ending}{BCC}", f"Hi {BCC}") for ending in ENDINGS[4:]),
    (26, "a\ud83cb", "a\ufffdb"),
]


@pytest.mark.parametrize(("number", "written", "arrives"), HEADERS, ids=ascii)
def test_bad_subjects(number, written, arrives):
    assert dict(read(subject=written).headers)["Subject"] == arrives


@pytest.mark.parametrize(
    ("number", "written", "arrives"),
    [
        *HEADERS,
        (28, 'Flora "the" <eve@example.com>', r'"Flora \"the\" <eve@example.com>"'),
        (28, "Flora, Inc.", '"Flora, Inc."'),
        (28, "Żółw <eve@example.com>", "Żółw <eve@example.com>"),
    ],
    ids=ascii,
)
@pytest.mark.parametrize("field", ["From", "To"])
def test_bad_names(number, written, arrives, field):
    address = {"From": "<hello@flora.example>", "To": "<ann@example.com>"}[field]

    shown = dict(read(**{f"{field.lower()}_name": written}).headers)[field]

    assert shown.replace('"', "") == f"{arrives} {address}".replace('"', "")


@pytest.mark.parametrize("character", ["a", "ż", "🌷", "a\r\n"], ids=ascii)
@pytest.mark.parametrize("field", ["subject", "from_name", "to_name"])
def test_27_a_megabyte_in_a_header(character, field):
    mail = read(**{field: character * 1_000_000})

    assert sum(len(value) for _, value in mail.headers) < 3_000


@pytest.mark.parametrize(
    ("number", "written"),
    [
        *((29, text) for text in ("a\r\n.\r\nb", "a\n.\nb", "a\r.\rb", ".", "\r\n.\r\nQUIT\r\n")),
        *((30, character * 5_000) for character in ("a", "ż", "🌷", "\t", "a " * 99 + "\u2028")),
        *((25, f"Hi{ending}{BCC}") for ending in ENDINGS),
        (26, "a\ud83cb"),
    ],
    ids=lambda value: ascii(value)[:30],
)
@pytest.mark.parametrize("field", ["text", "html"])
def test_bad_bodies(number, written, field):
    mail = read(**{field: written})

    (arrived,) = mail.texts if field == "text" else mail.htmls
    lines = written.replace("\ud83c", "\ufffd").replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    assert arrived == f"{lines}\n".replace("\n", "\r\n")


@pytest.mark.parametrize(
    ("field", "written", "problem"),
    [
        ("subject", "a\ud83c", "half an emoji"),
        ("text", "a\ud83c", "half an emoji"),
        ("html", "a\ud83c", "half an emoji"),
        ("subject", "a\r\nb", "one line"),
        ("subject", "a\u2028b", "one line"),
        ("subject", "a" * 999, "at most 998 characters"),
    ],
    ids=ascii,
)
def test_23_25_26_27_what_an_author_saves_is_refused(field, written, problem):
    content = EmailContent(**{"subject": "Spring", "text": "Hello", "html": "<p>Hello</p>", field: written})

    with pytest.raises(InvalidContent, match=problem):
        check_content(content)


@pytest.mark.parametrize("name", ["Bcc", "bcc", "DKIM-Signature", "X-A\r\nBcc", "From", "Content-Type"], ids=ascii)
def test_31_headers_of_a_merchant_that_are_not_theirs(name):
    with pytest.raises(InvalidContent):
        read(extra_headers={name: "eve@example.com"})


@pytest.mark.parametrize("value", ["a\r\nBcc: eve@example.com", "a\n b", "a\u2028b"], ids=ascii)
def test_31_values_of_a_merchant_that_are_no_line(value):
    with pytest.raises(InvalidContent):
        read(extra_headers={"X-Shop": value})


@pytest.mark.parametrize(
    ("name", "arrives"),
    [
        ("..\\..\\bill.pdf", "bill.pdf"),
        ("../bill.pdf", "bill.pdf"),
        (f"bill\r\n{BCC}\r\n\r\n.pdf", "billBcc_ eve@example.com.pdf"),
        ("bill\u202efdp.txt", "billfdp.txt"),
        ('bill"; filename="x.exe', "bill__ filename=_x.exe"),
        ("Żółw.pdf", "Żółw.pdf"),
    ],
    ids=ascii,
)
def test_32_names_of_files(name, arrives):
    changes = {"attachments": [Attachment(filename=name, content=b"x")]}
    if arrives.endswith(".exe"):
        with pytest.raises(InvalidContent, match="is a program"):
            read(**changes)
    else:
        assert [file.name for file in read(**changes).files] == ["logo.png", arrives]
