"""Files of a mail: they arrive whole and under harmless names, in the right place, or are refused with a sentence."""

import unicodedata
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import PureWindowsPath
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from campaignkit.addresses.channel import RejectionCode
from campaignkit.errors import InvalidContent
from campaignkit.message.attachments import (
    BLOCKED_BEGINNINGS,
    BLOCKED_ENDINGS,
    Attachment,
    InlineImage,
    check_files,
    encode_part,
    reject_files,
    safe_filename,
)
from campaignkit.message.compiled import compile_content
from campaignkit.message.content import EmailContent
from campaignkit.message.email import compile_mail
from tests.message.readers import ReadFile, is_wire, read_by_python, read_by_rust
from tests.message.test_message_email import NOON, build, parsed

BILL = Attachment(filename="bill.pdf", content=b"%PDF-1.7\r\n" + bytes(range(256)) * 9, media_type="application/pdf")
LOGO = InlineImage(content_id="logo", content=b"\x89PNG\r\n", media_type="image/png")
HTML = '<p>Hello <img src="cid:logo"></p>'


def shape(message):
    """Return the types of a mail's parts, as they stand in each other."""
    kind = message.get_content_type()
    return {kind: [shape(part) for part in message.iter_parts()]} if message.is_multipart() else kind


# Where they stand -----------------------------------------------------------------------------------------------------

ALTERNATIVES = {"multipart/alternative": ["text/plain", "text/html"]}
RELATED = {"multipart/related": [ALTERNATIVES, "image/png"]}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"attachments": [BILL]}, {"multipart/mixed": ["text/plain", "application/pdf"]}),
        ({"html": HTML, "attachments": [BILL]}, {"multipart/mixed": [ALTERNATIVES, "application/pdf"]}),
        ({"html": HTML, "inline_images": [LOGO]}, RELATED),
        (
            {"html": HTML, "inline_images": [LOGO], "attachments": [BILL, BILL]},
            {"multipart/mixed": [RELATED, "application/pdf", "application/pdf"]},
        ),
    ],
    ids=["text", "HTML", "picture", "all"],
)
@pytest.mark.parametrize("text", ["Hello", "=_ that needs other boundaries", "Привет"])
def test_parts_stand_where_mail_programs_look(arguments, expected, text):
    content = build(text=text, **arguments).content

    assert shape(parsed(content)) == expected
    assert is_wire(content)
    assert read_by_python(content) == read_by_rust(content)


def test_a_picture_is_found_by_its_id_and_is_no_attachment():
    message = parsed(build(html=HTML, inline_images=[LOGO]).content)

    (picture,) = (part for part in message.walk() if part.get_content_maintype() == "image")
    assert picture["Content-ID"] == "<logo>"
    assert picture.get_content_disposition() == "inline"
    assert picture.get_filename() == "logo.png"
    assert message.get_param("type") == "multipart/alternative"


def test_a_picture_that_nothing_can_show_is_refused():
    with pytest.raises(InvalidContent, match="no HTML part"):
        build(inline_images=[LOGO])


def test_files_for_everybody_are_encoded_once_and_those_of_a_recipient_come_behind():
    mail = compile_mail(
        compile_content(EmailContent(subject="Your bill", text="Hello")),
        from_name="Flora",
        from_address="hello@flora.example",
        attachments=[BILL],
    )
    receipts = [Attachment(filename=f"receipt-{number}.pdf", content=b"%PDF" + bytes([number])) for number in range(2)]

    mails = [
        mail.build({}, message_id="r1.1", to_name="", to_address="a@b.example", sent_at=NOON, attachments=own)
        for own in ([], receipts[:1], receipts[1:])
    ]

    names = [[file.name for file in read_by_rust(one.content).files] for one in mails]
    assert names == [["bill.pdf"], ["bill.pdf", "receipt-0.pdf"], ["bill.pdf", "receipt-1.pdf"]]
    assert mail.files.attached_parts == (encode_part(BILL),)
    assert all(encode_part(BILL) in one.content for one in mails)


def test_the_same_file_gives_the_same_bytes():
    assert build(attachments=[BILL]) == build(attachments=[BILL])


def test_a_text_cannot_close_the_part_of_files():
    text = "--=_mixed--\r\n--=_related\r\n\r\n--=_alternatives--"
    content = build(text=text, html=HTML, attachments=[BILL], inline_images=[LOGO]).content

    assert read_by_rust(content).files == read_by_python(content).files
    assert len(read_by_rust(content).files) == 2
    assert read_by_rust(content).texts == (f"{text}\r\n",)


# Names ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("..\\..\\windows\\bill.pdf", "bill.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ann\\bill.pdf", "bill.pdf"),
        ("..\\", "attachment"),
        ("bill\r\nBcc: eve@example.com\r\n\r\n.pdf", "billBcc_ eve@example.com.pdf"),
        ("bill\n.pdf", "bill.pdf"),
        ("bill\u202egpj.pdf", "billgpj.pdf"),
        ("\u2066bill\u2069\u200f.pdf", "bill.pdf"),
        ("bill\u2028.pdf", "bill.pdf"),
        ("bi\0ll.pdf", "bill.pdf"),
        ("bill\ud83c.pdf", "bill.pdf"),
        ("bill.pdf. . .", "bill.pdf"),
        ("...", "attachment"),
        ("", "attachment"),
        ("  a   b.pdf ", "a b.pdf"),
        ("COM1.pdf", "_COM1.pdf"),
        ("con", "_con"),
        ('a"b;c%41<d>.pdf', "a_b_c_41_d_.pdf"),
        ("x" * 300 + ".pdf", "x" * 96 + ".pdf"),
        ("Żółw 🌷.pdf", "Żółw 🌷.pdf"),
        ("Ann's (1) & 2.pdf", "Ann's (1) & 2.pdf"),
        ("a\uff0fb\uff3cc.pdf", "c.pdf"),
    ],
    ids=ascii,
)
def test_32_names_lose_folders_line_ends_and_turning_characters(name, safe):
    assert safe_filename(name) == safe


@settings(max_examples=150, deadline=None)
@given(name=st.text(st.one_of(st.characters(exclude_categories=()), st.sampled_from('./\\:*"\r\n\u202e żó'))))
def test_32_whatever_a_file_is_called_it_arrives_under_one_harmless_name(name):
    file, safe = Attachment(filename=name, content=b"x"), safe_filename(name)
    assume(unicodedata.normalize("NFKC", safe).rpartition(".")[2].lower() not in BLOCKED_ENDINGS)
    content = build(attachments=[file]).content

    assert safe_filename(safe) == safe
    assert 0 < len(safe) <= 100
    assert PureWindowsPath(safe).name == safe
    assert safe.isprintable()
    assert is_wire(content)
    expected = (ReadFile(name=safe, media_type="application/octet-stream", content=b"x"),)
    assert read_by_python(content).files == read_by_rust(content).files == expected


@pytest.mark.parametrize("name", ["ż" * 100, "🌷" * 100, "a" * 61, "a" * 96 + ".pdf", "ż" * 9, "Żółw " * 20])
def test_long_names_and_such_beyond_ascii_arrive_in_pieces(name):
    content = build(attachments=[Attachment(filename=name, content=b"x")]).content

    assert read_by_python(content).files[0].name == read_by_rust(content).files[0].name == name.strip()
    assert all(len(line) <= 100 for line in content.split(b"\r\n"))


# What is refused ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "code", "message"),
    [
        ([BILL] * 21, "too_long", "there are 21 files, at most 20 can travel"),
        (
            [Attachment(filename="a.bin", content=bytes(5_000_001))] * 2,
            "too_long",
            "the files have 10000002 bytes together, at most 10000000 can travel",
        ),
        ([Attachment(filename="a.pdf", content=b"")], "malformed", "a.pdf is empty"),
        (
            [Attachment(filename="bill.pdf.EXE", content=b"x")],
            "malformed",
            "bill.pdf.EXE is a program; mail services refuse those",
        ),
        (
            [Attachment(filename="a.pdf", content=b"x", media_type="pdf")],
            "malformed",
            "a.pdf has no media type such as application/pdf",
        ),
        (
            [InlineImage(content_id="logo", content=b"<svg/>", media_type="image/svg+xml")],
            "malformed",
            "a picture in the text must be PNG, JPEG, GIF or WebP, not image/svg+xml",
        ),
        ([LOGO, LOGO], "malformed", "two pictures in the text have the same id"),
    ],
    ids=["too many", "too large", "empty", "program", "no type", "drawing", "same id"],
)
def test_a_file_that_cannot_travel_is_refused_with_a_sentence(files, code, message):
    rejection = reject_files(files)

    assert rejection is not None
    assert (rejection.code, rejection.field, rejection.message) == (RejectionCode(code), "attachments", message)
    with pytest.raises(InvalidContent) as caught:
        check_files(files)
    assert str(caught.value) == f"attachments: {message}"


@pytest.mark.parametrize("ending", sorted(BLOCKED_ENDINGS))
def test_programs_are_refused_whatever_stands_before_and_behind(ending):
    names = [
        f"bill.{ending}",
        f"bill.pdf.{ending.upper()}",
        f"bill.{ending}. .",
        f"bill\u202efdp.{ending}",
        f"x/.{ending}",
    ]

    assert all(reject_files([Attachment(filename=name, content=b"x")]) for name in names)


@pytest.mark.parametrize("content", [b"MZ\x90\0\x03", b"\x7fELF\x02", b"#!/bin/sh\n", b"\xcf\xfa\xed\xfe\x07"])
def test_a_program_is_one_under_any_name(content):
    assert reject_files([Attachment(filename="bill.pdf", content=content)])


def test_a_list_that_begins_as_programs_do_is_none():
    assert reject_files([Attachment(filename="zip.csv", content=b"MZ;code\r\n", media_type="text/csv")]) is None


@pytest.mark.parametrize(
    "content_id", ["", "a b", "a\r\nb", "<a>", "a>b", "ż", "a..b", "a" * 101, "a@", "a@b@c"], ids=ascii
)
def test_what_is_no_id_of_a_picture_is_refused(content_id):
    image = InlineImage(content_id=content_id, content=b"x", media_type="image/png")

    assert "id of a picture" in str(reject_files([image]))


@pytest.mark.parametrize(
    "media_type",
    ["", "text", "text/", "text/html; charset=x", "a/b\r\nBcc: x", "multipart/mixed", "message/rfc822", "ż/ż"],
)
def test_what_is_no_media_type_of_a_file_is_refused(media_type):
    assert "media type" in str(reject_files([Attachment(filename="a", content=b"x", media_type=media_type)]))


def test_bounds_count_what_everybody_gets_and_what_one_recipient_gets():
    mail = compile_mail(
        compile_content(EmailContent(subject="s", text="t")),
        from_name="",
        from_address="a@b.example",
        attachments=[Attachment(filename="a", content=bytes(60))],
        attachment_bytes_max=100,
    )
    arguments: dict[str, Any] = {"message_id": "r1.1", "to_name": "", "to_address": "a@b.example", "sent_at": NOON}

    mail.build({}, **arguments, attachments=[Attachment(filename="a", content=bytes(40))])
    with pytest.raises(InvalidContent, match="101 bytes together, at most 100"):
        mail.build({}, **arguments, attachments=[Attachment(filename="a", content=bytes(41))])


def test_what_is_in_a_file_stays_out_of_logs():
    mail = compile_mail(
        compile_content(EmailContent(subject="s", text="t", html=HTML)),
        from_name="",
        from_address="a@b.example",
        attachments=[Attachment(filename="a", content=b"a secret")],
        inline_images=[LOGO],
    )

    assert "secret" not in repr(mail)
    assert "<8 bytes>" in repr(mail)
    assert "YSBzZWNyZXQ" not in repr(mail)  # "a secret" in base64


# Beside EmailMessage --------------------------------------------------------------------------------------------------

contents = st.binary(min_size=1, max_size=300).filter(
    lambda content: not content.startswith((b"MZ", *BLOCKED_BEGINNINGS))
)
files = st.lists(
    st.builds(
        Attachment,
        filename=st.sampled_from(("bill.pdf", "Żółw.csv", "a b.txt", "ż" * 90, "a" * 90)),
        content=contents,
        media_type=st.sampled_from(("application/pdf", "text/csv", "image/png", "application/vnd.ms-excel")),
    ),
    max_size=3,
)
pictures = st.lists(
    st.builds(InlineImage, content_id=st.just("logo@a"), content=contents, media_type=st.just("image/gif"))
)


@settings(max_examples=80, deadline=None)
@given(
    text=st.text(min_size=1),
    html=st.text(min_size=1),
    attachments=files,
    inline_images=pictures.map(lambda one: one[:1]),
)
def test_a_mail_with_files_is_read_as_the_one_that_the_library_builds(text, html, attachments, inline_images):
    ours = build(text=text, html=html, attachments=attachments, inline_images=inline_images).content

    assert seen(parsed(ours)) == seen(parsed(library_mail(text, html, attachments, inline_images)))


def library_mail(text: str, html: str, attachments, inline_images) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = "hello@flora.example", "ann@example.com", "Spring"
    message.set_content(as_written(text))
    message.add_alternative(as_written(html), subtype="html")
    if inline_images:
        # The library would put pictures beside the HTML alone; ours stand beside both alternatives.
        inner = EmailMessage(policy=SMTP)
        inner.make_related()
        inner.attach(body_of(message))
        message = inner
    for image in inline_images:
        maintype, subtype = image.media_type.split("/")
        arguments = {"cid": f"<{image.content_id}>", "filename": image.filename, "disposition": "inline"}
        message.add_related(image.content, maintype=maintype, subtype=subtype, **arguments)
    for file in attachments:
        maintype, subtype = file.media_type.split("/")
        message.add_attachment(file.content, maintype=maintype, subtype=subtype, filename=file.filename)
    return message.as_bytes()


def body_of(message: EmailMessage) -> EmailMessage:
    for name in ("From", "To", "Subject"):
        del message[name]
    return message


def as_written(text: str) -> str:
    return "\n".join(text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")) + "\n"


def seen(message) -> list[object]:
    """Return each part as somebody sees it, without how it travelled."""
    parts: list[object] = []
    for part in message.walk():
        assert not part.defects
        if part.is_multipart():
            parts.append(part.get_content_type())
            continue
        octets = part.get_payload(decode=True)
        content = octets.replace(b"\r\n", b"\n") if part.get_content_disposition() is None else octets
        parts.append((part.get_content_type(), part.get_filename(), part["Content-ID"], content))
    return parts
